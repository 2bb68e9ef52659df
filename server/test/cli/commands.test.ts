/** The command line as its users meet it: real processes, real exit codes, one line for each mistake. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBench, type Bench } from './run.ts';

const serves = /Patchbay serves (http:\S+)/;
const administrator = {
  PATCHBAY_ADMIN_EMAIL: 'ann@example.com',
  PATCHBAY_ADMIN_PASSWORD: 'correct horse',
  PATCHBAY_ADMIN_TOKEN: 'T'.repeat(40),
};

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

/** One start and one clean stop, which leaves an installation with an administrator behind. */
async function setUp(): Promise<void> {
  const house = bench.launch(['start'], administrator);
  await house.shows(serves);
  house.child.kill('SIGTERM');
  expect((await house.ended).code).toBe(0);
}

describe('patchbay start', () => {
  test('serves, shows the set-up link as a plain line, and ends with exit code 0 after SIGTERM sent twice', async () => {
    const house = bench.launch(['start']);
    const [, url] = await house.shows(serves);
    const [, token] = await house.shows(/Set it up once, with this link: \S+\/setup\?token=(\S+)/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    house.child.kill('SIGTERM');
    house.child.kill('SIGTERM');
    const { code, out } = await house.ended;
    expect(code).toBe(0);
    expect(token).toMatch(/^[\w-]{43}$/);
    // The log goes to places where people keep logs; the token must be on the one plain line alone.
    expect(out.split(token!)).toHaveLength(2);
    expect(existsSync(join(bench.dir, 'data', 'master.key'))).toBe(true);
  });

  test('SIGINT drains too', async () => {
    const house = bench.launch(['start']);
    await house.shows(serves);
    house.child.kill('SIGINT');
    expect((await house.ended).code).toBe(0);
  });

  test('a named administrator needs no set-up link', async () => {
    const house = bench.launch(['start'], administrator);
    const [, url] = await house.shows(serves);
    const me = await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${administrator.PATCHBAY_ADMIN_TOKEN}` } });
    expect(me.status).toBe(200);
    house.child.kill('SIGTERM');
    expect((await house.ended).out).not.toContain('setup?token');
  });

  test('a Valkey that is not there ends no start: one line says so, without its password', async () => {
    const house = bench.launch(['start'], { PATCHBAY_REDIS_URL: 'redis://user:canary@127.0.0.1:1' });
    await house.shows(serves);
    await house.shows(/Valkey does not answer/);
    house.child.kill('SIGTERM');
    const { code, out } = await house.ended;
    expect(code).toBe(0);
    expect(out.split('Valkey does not answer')).toHaveLength(2);
    expect(out).not.toContain('canary');
  });

  test.each([
    [
      'an unknown name',
      { PATCHBAY_DATBASE_URL: 'x' },
      /^patchbay: PATCHBAY_DATBASE_URL is not a setting; did you mean PATCHBAY_DATABASE_URL\?\n$/,
    ],
    ['a bad value', { PATCHBAY_PORT: 'http' }, /^patchbay: PATCHBAY_PORT must be .+\n$/],
    ['no key in production', { NODE_ENV: 'production' }, /^patchbay: PATCHBAY_MASTER_KEY is not set.+\n$/],
  ])('%s stops the start with exit code 78 and one line', async (_, environment, line) => {
    const { code, err } = await bench.run(['start'], environment);
    expect(code).toBe(78);
    expect(err).toMatch(line);
    expect(existsSync(join(bench.dir, 'data', 'master.key'))).toBe(false);
  });

  test('.env in the working directory is read', async () => {
    writeFileSync(join(bench.dir, '.env'), 'PATCHBAY_LOG_LEVEL=deafening\n');
    const { code, err } = await bench.run(['start']);
    expect(code).toBe(78);
    expect(err).toContain('PATCHBAY_LOG_LEVEL');
  });

  test('a second process on the same data directory is refused with exit code 78', async () => {
    const house = bench.launch(['start']);
    await house.shows(serves);
    const second = await bench.run(['start']);
    expect(second.code).toBe(78);
    expect(second.err).toMatch(/^patchbay: the data directory is locked .+ another Patchbay process uses it\n$/);
  });

  test('a port that is taken is said in one line, and nothing stays open', async () => {
    const other: Server = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, err } = await bench.run(['start'], { PATCHBAY_PORT: String(port) });
    other.close();
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`^patchbay: cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there; .+\\n$`));
  });
});

describe('patchbay migrate-env', () => {
  const model = { LLM_BASE_URL: 'https://api.openai.com/v1', LLM_API_KEY: 'sk-canary-0123456789abcdef', LLM_MODEL: 'gpt-4o' };
  const script = 'scripts/migrate-env-to-connection.ts';

  test.each([
    ['the command', ['migrate-env'], undefined],
    ['the script', [], script],
  ])('%s makes a default connection once, and never shows the key', async (_, args, file) => {
    await setUp();
    const first = await bench.run(args, model, file);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain('OpenAI');
    const second = await bench.run(args, model, file);
    expect(second.code).toBe(0);
    expect(second.out).toMatch(/^Nothing to do/);
    const list = await bench.run(['connections', 'list']);
    expect(list).toMatchObject({ code: 0, err: '' });
    expect(list.out.split('\n')).toHaveLength(3);
    expect(list.out).toMatch(/OpenAI\s+openai\s+gpt-4o\s+https:\/\/api\.openai\.com\/v1\s+\*\*\*cdef\s+organization\s+active, default/);
    expect(JSON.stringify([first, second, list])).not.toContain(model.LLM_API_KEY);
    expect(readFileSync(join(bench.dir, 'data', 'patchbay.db')).includes(model.LLM_API_KEY)).toBe(false);
  });

  test('ends with 1 where the variables are missing', async () => {
    const { code, err } = await bench.run(['migrate-env']);
    expect(code).toBe(1);
    expect(err).toContain('LLM_BASE_URL');
  });

  test('ends with 1 where nobody is set up yet, and leaves no empty database behind', async () => {
    const { code, err } = await bench.run(['migrate-env'], model);
    expect(code).toBe(1);
    expect(err).toMatch(/^Nothing was migrated: there is no database .+\n$/);
    expect(existsSync(join(bench.dir, 'data'))).toBe(false);
  });

  test('does not touch the file of a running server, and points to its API', async () => {
    const house = bench.launch(['start'], administrator);
    await house.shows(serves);
    const { code, err } = await bench.run([], model, script);
    expect(code).toBe(1);
    expect(err).toMatch(/^Nothing was migrated: a running Patchbay holds .+\/api\/ai-connections.+\n$/);
  });
});

describe('patchbay connections list', () => {
  test('warns where there is no default', async () => {
    await setUp();
    const { code, out, err } = await bench.run([], {}, 'scripts/check-connections.ts');
    expect(code).toBe(0);
    expect(out).toBe('There are no connections.\n');
    expect(err).toMatch(/^Warning: .+no default connection/);
  });
});

describe('patchbay doctor', () => {
  test('changes nothing before the first start, and finds nothing wrong', async () => {
    const { code, out } = await bench.run(['doctor']);
    expect(code).toBe(0);
    expect(out).toMatch(/^ok +settings/m);
    expect(out).toMatch(/^note +database +none yet/m);
    expect(existsSync(join(bench.dir, 'data'))).toBe(false);
  });

  test('tells a good master key from a wrong one', async () => {
    await setUp();
    const good = await bench.run(['doctor']);
    expect(good.code).toBe(0);
    expect(good.out).toMatch(/^ok +master key +version 1 from the data directory/m);
    const wrong = await bench.run(['doctor'], { PATCHBAY_MASTER_KEY: 'b7Qx1Lr0fZ8yK3nW5vT2mJ9cH6gD4sApEoUiYtRewQk=' });
    expect(wrong.code).toBe(1);
    expect(wrong.out).toMatch(/^wrong +master key +wrong master key: kcv=/m);
  });

  test('says which setting cannot be read', async () => {
    const { code, out } = await bench.run(['doctor'], { PATCHBAY_PROT: '1' });
    expect(code).toBe(78);
    expect(out).toMatch(/^wrong +settings +PATCHBAY_PROT is not a setting/);
  });
});

describe('the command line', () => {
  test('lists its commands and its version', async () => {
    const help = await bench.run(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['start', 'migrate-env', 'connections', 'doctor']) expect(help.out).toContain(command);
    expect((await bench.run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('refuses a command that does not exist', async () => {
    const { code, err } = await bench.run(['strat']);
    expect(code).toBe(1);
    expect(err).toContain('start');
  });
});
