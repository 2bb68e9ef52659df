/** The migration as the document writes it, `npx tsx scripts/migrate-env-to-connection.ts`, typed at the root of the repository. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, type Bench } from './run.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const key = 'sk-canary-npx-0123456789abcdef';
const limitMs = 180_000;

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

interface Typed {
  code: number;
  out: string;
  err: string;
}

/** Offline, so that a missing tsx is a failure and not a download. */
function type(environment: Record<string, string>): Promise<Typed> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: bench.dir,
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    ...environment,
  };
  return new Promise((resolve) => {
    execFile('npx', ['tsx', 'scripts/migrate-env-to-connection.ts'], { cwd: root, env, timeout: limitMs }, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    );
  });
}

test(
  'makes the default connection of an installation that lies elsewhere, once, and never shows the key',
  { timeout: 2 * limitMs },
  async () => {
    const house = bench.launch(['start'], { PATCHBAY_ADMIN_EMAIL: 'ann@example.com', PATCHBAY_ADMIN_PASSWORD: 'correct horse' });
    await house.shows(/Patchbay serves http/);
    house.child.kill('SIGTERM');
    expect((await house.ended).code).toBe(0);

    const environment = {
      PATCHBAY_DATA_DIR: join(bench.dir, 'data'),
      LLM_BASE_URL: 'https://api.openai.com/v1',
      LLM_API_KEY: key,
      LLM_MODEL: 'gpt-4o',
    };
    const first = await type(environment);
    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out).toContain('OpenAI');
    const second = await type(environment);
    expect(second.code).toBe(0);
    expect(second.out).toMatch(/^Nothing to do/);
    const list = await bench.run(['connections', 'list']);
    expect(list.out).toMatch(/OpenAI\s+openai\s+gpt-4o\s+https:\/\/api\.openai\.com\/v1\s+\*\*\*cdef\s+organization\s+active, default/);
    expect(JSON.stringify([first, second, list])).not.toContain(key);
  },
);
