/** The commands of operation, beside a running server and without one: what they do, what they print, and how they end. */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBench, type Bench, type Running } from './run.ts';

const administrator = {
  PATCHBAY_ADMIN_EMAIL: 'ann@example.com',
  PATCHBAY_ADMIN_PASSWORD: 'correct horse',
  PATCHBAY_ADMIN_TOKEN: 'T'.repeat(40),
};
const canary = 'sk-canary-0123456789abcdef';
const configuration = `patchbay: 1
connections:
  - { name: OpenAI, provider: openai, model: gpt-4o, secret: env:CANARY, isDefault: true }
  - { name: Demo, provider: demo, model: demo-small }
`;

let bench: Bench;
let house: Running;
let url = '';

/** Everything that any command printed: none of it may hold a secret. */
const printed: string[] = [];
async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const ended = await bench.run(args, { ...administrator, ...environment });
  printed.push(ended.out, ended.err);
  return ended;
}

async function start(): Promise<void> {
  house = bench.launch(['start'], administrator);
  url = (await house.shows(/Patchbay serves (http:\S+)/))[1] ?? '';
}

beforeAll(async () => {
  bench = createBench();
  await start();
});
afterAll(() => bench.clear());

describe('beside a running server', () => {
  test('only its owner may open the socket', () => {
    expect(statSync(join(bench.dir, 'data', 'operator.sock')).mode & 0o777).toBe(0o600);
  });

  test('apply: a trial changes nothing, then the file is the configuration, and the next request sees it', async () => {
    writeFileSync(join(bench.dir, 'house.yaml'), configuration);
    const trial = await run(['apply', 'house.yaml', '--dry-run'], { CANARY: canary });
    expect(trial).toMatchObject({ code: 0, err: '' });
    expect(trial.out).toContain('+ connections OpenAI');
    expect((await run(['connections', 'list'])).out).toBe('There are no connections.\n');
    expect(await run(['apply', 'house.yaml'], { CANARY: canary })).toMatchObject({ code: 0, err: '' });
    const list = await run(['connections', 'list', '--json']);
    expect(JSON.parse(list.out) as unknown[]).toMatchObject([
      { name: 'Demo', key: null },
      { name: 'OpenAI', key: '***cdef', isDefault: true, owner: 'organization' },
    ]);
  });

  test('apply: a file that does not fit ends with 1, its name and its line', async () => {
    writeFileSync(join(bench.dir, 'bad.yaml'), 'patchbay: 1\nconnections:\n  - name: A\n    provder: openai\n');
    const { code, out, err } = await run(['apply', 'bad.yaml']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^bad\.yaml:\d+: connections\[0\]\.provider: /m);
    expect(err).toMatch(/^bad\.yaml:4: connections\[0\]\.provder: is not known here$/m);
    expect((await run(['apply', 'nowhere.yaml'])).code).toBe(64);
  });

  test('export: writes the file, and twice the same bytes', async () => {
    expect((await run(['export', '--output', 'out.yaml'])).code).toBe(0);
    const text = readFileSync(join(bench.dir, 'out.yaml'), 'utf8');
    expect((await run(['export'])).out).toBe(text);
    expect(text).toContain('env:CONNECTION_OPENAI_KEY');
  });

  test('connections test: exit code 0 for one that works, 1 for one that fails', async () => {
    const good = await run(['connections', 'test', 'demo']);
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toMatch(/^works {2}Demo {2}\d+ ms$/m);
    const bad = await run(['connections', 'test', '--json']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out) as unknown[]).toMatchObject([
      { name: 'Demo', isSuccess: true },
      { name: 'OpenAI', isSuccess: false },
    ]);
    expect(await run(['connections', 'test', 'nobody'])).toMatchObject({ code: 1, out: '' });
  });

  test('user create: with a link that works once, or with a password from standard input', async () => {
    const told = await run(['user', 'create', 'Budi@Example.com', '--role', 'manager', '--json']);
    const invited = JSON.parse(told.out) as { link: string; role: string };
    expect(invited.role).toBe('manager');
    const token = invited.link.split('/invite/')[1];
    expect(invited.link.startsWith(url)).toBe(true);
    const looked = await fetch(`${url}/api/invitations/look`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) }); // prettier-ignore
    expect(((await looked.json()) as { data: { email: string } }).data.email).toBe('budi@example.com');
    const citra = bench.launch(['user', 'create', 'citra@example.com', '--password-stdin'], administrator, undefined, 'a long password\n');
    expect((await citra.ended).code).toBe(0);
    const signedIn = await fetch(`${url}/api/auth/sign-in/email`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'citra@example.com', password: 'a long password' }) }); // prettier-ignore
    expect(signedIn.status).toBe(200);
    expect(await run(['user', 'create', 'not-an-address'])).toMatchObject({ code: 64, out: '' });
    const again = await run(['user', 'create', 'citra@example.com']);
    expect(again.code).toBe(1);
    expect(again.err).toContain('EMAIL_EXISTS');
  });

  test('token create: the token is the only line on standard output, and it opens', async () => {
    const made = await bench.run(['token', 'create', 'ci', '--user', 'citra@example.com', '--days', '30'], administrator);
    expect(made.out).toMatch(/^pat-pb-\S+\n$/);
    expect(made.err).toContain('citra@example.com');
    const me = await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${made.out.trim()}` } });
    expect(((await me.json()) as { data: { email: string } }).data.email).toBe('citra@example.com');
    expect((await run(['token', 'create', 'ci', '--user', 'nobody@example.com'])).err).toContain('NOT_FOUND');
    expect((await run(['token', 'create', 'ci', '--days', '0'])).code).toBe(64);
  });

  test('audit verify: a log that does not reach to an anchor that left the house was cut off', async () => {
    const { code, err } = await run(['audit', 'verify', '--anchor', `999999:${'a'.repeat(64)}`]);
    expect(code).toBe(1);
    expect(err).toContain('"kind":"cut"');
    expect((await run(['audit', 'verify', '--anchor', 'yesterday'])).code).not.toBe(0);
  });

  test('audit verify: a sound log is said to be sound', async () => {
    const { code, out } = await run(['audit', 'verify']);
    expect(code).toBe(0);
    expect(out).toMatch(/^The audit log is sound: \d+ entries verified/);
  });

  test('doctor: knows the server, and tells of files that others can read', async () => {
    const good = await run(['doctor']);
    expect(good.code).toBe(0);
    expect(good.out).toMatch(/^ok +port +the server of this data directory is running$/m);
    const key = join(bench.dir, 'data', 'master.key');
    chmodSync(key, 0o644);
    const bad = await run(['doctor', '--json']);
    chmodSync(key, 0o600);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out) as { about: string; verdict: string }[]).toContainEqual(
      expect.objectContaining({ about: 'files', verdict: 'wrong' }),
    );
  });

  test('backup, rotation, restore elsewhere: every secret opens with the key of its time, and with no other', async () => {
    const dataDir = join(bench.dir, 'data');
    mkdirSync(join(bench.dir, 'backups'));
    const made = await run(['backup', 'backups/']);
    expect(made).toMatchObject({ code: 0, err: '' });
    const [name = ''] = readdirSync(join(bench.dir, 'backups'));
    const file = join('backups', name);
    expect(statSync(join(bench.dir, file)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(bench.dir, file)).includes(canary)).toBe(false);
    expect((await run(['backup', file])).code).toBe(1);

    const told = await run(['rotate-master-key', '--json']);
    const rotated = JSON.parse(told.out) as { state: string; fromKcv: string; toKcv: string; unreadable: unknown[] };
    expect(rotated).toMatchObject({ state: 'done', unreadable: [] });
    expect(rotated.toKcv).not.toBe(rotated.fromKcv);
    const old = join(dataDir, `master-${rotated.fromKcv}.key`);

    const without = await run(['restore', file, '--data', 'other']);
    expect(without.code).toBe(78);
    expect(without.err).toContain(`kcv=${rotated.fromKcv}`);
    const wrong = await run(['restore', file, '--data', 'other', '--key-file', join(dataDir, 'master.key')]);
    expect(wrong.code).toBe(78);
    expect(wrong.err).toMatch(/^patchbay: wrong master key: kcv=\w+ was given, kcv=\w+ is needed; nothing was written\n$/);
    expect(existsSync(join(bench.dir, 'other'))).toBe(false);
    const right = await run(['restore', file, '--data', 'other', '--key-file', old]);
    expect(right).toMatchObject({ code: 0, err: '' });
    expect(right.out).toMatch(/All \d+ stored secrets open/);
    expect((await run(['restore', file, '--data', 'other', '--key-file', old])).err).toContain('is not empty');
    const forced = await run(['restore', file, '--data', 'other', '--force']);
    expect(forced.code).toBe(0);
    expect(forced.out).toMatch(/What was there before is in other\/replaced-\d+\./);
    const list = await run(['connections', 'list', '--json'], { PATCHBAY_DATA_DIR: 'other' });
    expect((JSON.parse(list.out) as { name: string }[]).map((one) => one.name)).toEqual(['Demo', 'OpenAI']);

    const bytes = readFileSync(join(bench.dir, file));
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(join(bench.dir, 'altered.backup'), bytes);
    const altered = await run(['restore', 'altered.backup', '--data', 'third', '--key-file', old]);
    expect(altered.code).toBe(78);
    expect(altered.err).toContain('was altered');
    expect(existsSync(join(bench.dir, 'third', 'patchbay.db'))).toBe(false);
    writeFileSync(join(bench.dir, 'cut.backup'), bytes.subarray(0, bytes.length - 4_096));
    expect((await run(['restore', 'cut.backup', '--data', 'third', '--key-file', old])).err).toContain('is not whole');
    expect((await run(['restore', 'house.yaml', '--data', 'third'])).err).toContain('is no backup');
  });
});

describe('without a server', () => {
  test('the same commands work on what is stored, and the new key is the one of the next start', async () => {
    house.child.kill('SIGTERM');
    expect((await house.ended).code).toBe(0);
    expect(existsSync(join(bench.dir, 'data', 'operator.sock'))).toBe(false);
    expect(await run(['apply', 'house.yaml'], { CANARY: canary })).toMatchObject({ code: 0, err: '' });
    expect((await run(['apply', 'house.yaml'])).out).toContain('Nothing to do');
    expect((await run(['rotate-master-key', '--json'])).code).toBe(0);
    expect((await run(['backup', 'cold.backup'])).code).toBe(0);
    expect((await run(['audit', 'verify'])).code).toBe(0);
    expect((await run(['doctor'])).out).toMatch(/^ok +master key +version/m);
    await start();
    expect((await run(['rotate-master-key', '--dry-run'])).out).toContain('and all of them open');
  });

  test('no command printed a secret', () => {
    expect(printed.length).toBeGreaterThan(30);
    for (const text of printed) expect(text).not.toContain(canary);
  });
});
