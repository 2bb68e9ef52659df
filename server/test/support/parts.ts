/** Says which parts of the machine (PostgreSQL, Redis, a browser) the tests may use, and makes a required one that is missing a failure. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

export type Part = 'postgres' | 'redis' | 'browser';

/** The programs that a part may come as, the best first. */
const programs: Record<Part, readonly string[]> = {
  postgres: ['initdb'],
  redis: ['valkey-server', 'redis-server'],
  browser: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
};

const answered = new Map<Part, boolean>();

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian keeps the server programs of PostgreSQL out of PATH, one folder per major version; the newest comes first. */
function debianPostgresFolders(): string[] {
  const base = '/usr/lib/postgresql';
  try {
    const majors = readdirSync(base).filter((name) => /^\d+$/.test(name));
    return majors.toSorted((a, b) => Number(b) - Number(a)).map((major) => join(base, major, 'bin'));
  } catch {
    return [];
  }
}

/** The full path of the first of these programs that can be run, or undefined. */
export function findProgram(names: readonly string[]): string | undefined {
  const folders = [...debianPostgresFolders(), ...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  for (const name of names) {
    const folder = folders.find((candidate) => candidate !== '' && isExecutable(join(candidate, name)));
    if (folder !== undefined) return join(folder, name);
  }
  return undefined;
}

/** The program that a part runs as. Throws where it is missing: ask `available` or use `needs` first. */
export function programOf(part: Part): string {
  const found = findProgram(programs[part]);
  if (found === undefined) throw new Error(`${part}: none of ${programs[part].join(', ')} is installed`);
  return found;
}

/**
 * The rule of TEST_REQUIRE (a list like `browser,postgres,redis`): a part that is named there and missing throws, any other
 * missing part is a skip.
 */
export function mayUse(part: Part, isFound: boolean, required: string): boolean {
  const isRequired = required.split(',').some((name) => name.trim() === part);
  if (!isFound && isRequired) throw new Error(`TEST_REQUIRE names ${part}, but none of ${programs[part].join(', ')} is installed`);
  return isFound;
}

/** May tests use this part? Says a skip once, on one line; throws as `mayUse` does. */
export function available(part: Part): boolean {
  const known = answered.get(part);
  if (known !== undefined) return known;
  const usable = mayUse(part, findProgram(programs[part]) !== undefined, process.env['TEST_REQUIRE'] ?? '');
  if (!usable) process.stderr.write(`skipped: the tests that need ${part}; none of ${programs[part].join(', ')} is installed\n`);
  answered.set(part, usable);
  return usable;
}

/** `describe` for tests that need a part: `needs('postgres')('the feeder', () => { ... })`. Skips, or fails, as `available` says. */
export function needs(part: Part): typeof describe | typeof describe.skip {
  return available(part) ? describe : describe.skip;
}
