/**
 * Writes the description of the API as this version serves it: `node tools/openapi.ts` into `docs/openapi.json`, `--check` only says
 * whether that file is right. It starts a whole server on a free port with a folder of its own, and asks it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from '../server/src/app/settings.ts';
import { startHouse } from '../server/src/app/start.ts';
import { systemClock } from '../server/src/lib/clock.ts';
import { createIds } from '../server/src/lib/ids.ts';
import { createLog } from '../server/src/lib/log.ts';

const file = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));

interface Description {
  paths: Record<string, Record<string, unknown>>;
  [member: string]: unknown;
}

/** One operation is one line, so that a change of it is a change of one line. */
function written({ paths, ...rest }: Description): string {
  const lines = Object.entries(paths).map(([path, operations]) => {
    const each = Object.entries(operations).map(([method, operation]) => `  ${JSON.stringify(method)}: ${JSON.stringify(operation)}`);
    return ` ${JSON.stringify(path)}: {\n${each.join(',\n')}\n }`;
  });
  const others = Object.entries(rest).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${[...others, `"paths": {\n${lines.join(',\n')}\n}`].join(',\n')}\n}\n`;
}

/** What a server of this version answers, as it is written to the file. */
export async function servedDescription(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'patchbay-openapi-'));
  const settings = readSettings({ PATCHBAY_DATA_DIR: folder, PATCHBAY_PORT: '0' }, null);
  const house = await startHouse(settings, { clock: systemClock, ids: createIds(systemClock), log: createLog('silent') });
  try {
    const answer = await fetch(`${house.url}/openapi.json`);
    return written((await answer.json()) as Description);
  } finally {
    await house.close({ isHurried: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await servedDescription();
  if (process.argv.includes('--check')) {
    const isRight = readFileSync(file, 'utf8') === text;
    console.log(isRight ? 'docs/openapi.json is what is served' : 'docs/openapi.json is old: run node tools/openapi.ts');
    process.exitCode = isRight ? 0 : 1;
  } else {
    writeFileSync(file, text);
    console.log(file);
  }
}
