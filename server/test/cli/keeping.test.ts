/** Backup, restore and rotation as commands: where they write, what they refuse, and that a refusal leaves everything as it was. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../src/cli/backup.ts';
import { copyDatabase } from '../../src/cli/copy-to-postgres.ts';
import { restore, type RestoreWish } from '../../src/cli/restore.ts';
import { rotateMasterKey, type RotationOptions } from '../../src/cli/rotate-master-key.ts';
import { applyConfiguration } from '../../src/cli/configuration.ts';
import { inputOf, install, type Installation, type Told } from './installation.ts';

let place: Installation;
let file = '';

const inDir = (...names: string[]): string => join(place.dir, ...names);
const backUp = (to: string): Promise<Told> => place.told((terminal) => backup(place.settings(), terminal, { to, isJson: false }));
const bringBack = (wish: Partial<RestoreWish>, more: Record<string, string> = {}): Promise<Told> =>
  place.told((terminal) =>
    restore(place.settings(more), terminal, { file, dataDir: null, keyFile: null, isForced: false, isJson: false, ...wish }),
  );
const rotate = (options: Partial<RotationOptions> = {}, more: Record<string, string> = {}): Promise<Told> =>
  place.told((terminal) =>
    rotateMasterKey(place.settings(more), terminal, { newKeyFile: null, isDryRun: false, isFinishing: false, isJson: false, ...options }),
  );

const text = `patchbay: 1
connections:
  - { name: OpenAI, provider: openai, model: gpt-4o, secret: "file:/dev/null" }
`;

beforeAll(async () => {
  place = await install();
  const secret = inDir('secret');
  writeFileSync(secret, 'sk-canary-0123456789\n');
  const yaml = text.replace('/dev/null', secret);
  const options = { file: '-', isDryRun: false, isPruning: false, isJson: false };
  const applied = await place.told((terminal) => applyConfiguration(place.settings(), terminal, options, inputOf(yaml)));
  file = inDir('a.backup');
  const made = await backUp(file);
  if (applied.code !== 0 || made.code !== 0) throw new Error([...applied.err, ...made.err].join('\n'));
});
afterAll(() => place.close());

describe('backup', () => {
  test('a folder gets a file with the moment in its name, for its owner alone, and nothing beside it', async () => {
    mkdirSync(inDir('kept'));
    const { code, out } = await backUp(inDir('kept'));
    expect(code).toBe(0);
    const names = readdirSync(inDir('kept'));
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/^patchbay-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.backup$/);
    expect(statSync(inDir('kept', names[0]!)).mode & 0o777).toBe(0o600);
    expect(out[0]).toContain(names[0]);
  });

  test('a name that ends like a folder makes one', async () => {
    expect((await backUp(`${inDir('new', 'folder')}/`)).code).toBe(0);
    expect(readdirSync(inDir('new', 'folder'))).toHaveLength(1);
  });

  test('a file that is there already stays, whatever it is', async () => {
    writeFileSync(inDir('mine.txt'), 'mine');
    const { code, err } = await backUp(inDir('mine.txt'));
    expect(code).toBe(1);
    expect(err[0]).toMatch(/is there already; a backup never takes another one's place$/);
    expect(readFileSync(inDir('mine.txt'), 'utf8')).toBe('mine');
  });

  test('neither the secret nor the master key is in it', () => {
    const bytes = readFileSync(file);
    expect(bytes.includes('sk-canary')).toBe(false);
    expect(bytes.includes(readFileSync(join(place.dataDir, 'master.key'), 'utf8').trim())).toBe(false);
  });

  test('where there is no installation it says so, and leaves none behind', async () => {
    const elsewhere = place.settings({ PATCHBAY_DATA_DIR: inDir('nothing') });
    const { code, err } = await place.told((terminal) => backup(elsewhere, terminal, { to: inDir('b.backup'), isJson: false }));
    expect(code).toBe(78);
    expect(err[0]).toContain('there is no database in');
    expect([existsSync(inDir('nothing')), existsSync(inDir('b.backup'))]).toEqual([false, false]);
  });
});

describe('restore', () => {
  const key = (): string => join(place.dataDir, 'master.key');

  test('into an empty place, with the key that belongs to it', async () => {
    const { code, out, err } = await bringBack({ dataDir: inDir('there'), keyFile: key() });
    expect([code, err]).toEqual([0, []]);
    expect(out[1]).toMatch(/^All \d+ stored secrets open with the master key given\.$/);
    expect(statSync(inDir('there', 'master.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(inDir('there')).filter((name) => name.startsWith('restoring'))).toEqual([]);
  });

  test('with the key in the settings no key file is made', async () => {
    const given = { PATCHBAY_MASTER_KEY: readFileSync(key(), 'utf8').trim() };
    const { code } = await bringBack({ dataDir: inDir('by-setting') }, given);
    expect(code).toBe(0);
    expect(existsSync(inDir('by-setting', 'master.key'))).toBe(false);
  });

  test('a place with a journal alone is not empty either', async () => {
    mkdirSync(inDir('half', 'journal'), { recursive: true });
    writeFileSync(inDir('half', 'journal', 'x'), 'unfed');
    const { code, err } = await bringBack({ dataDir: inDir('half'), keyFile: key() });
    expect(code).toBe(78);
    expect(err[0]).toContain('is not empty (journal)');
    expect(readFileSync(inDir('half', 'journal', 'x'), 'utf8')).toBe('unfed');
  });

  test('with force everything that was there lies in a folder beside', async () => {
    const { code } = await bringBack({ dataDir: inDir('half'), keyFile: key(), isForced: true });
    expect(code).toBe(0);
    const aside = readdirSync(inDir('half')).find((name) => name.startsWith('replaced-')) ?? '';
    expect(readFileSync(inDir('half', aside, 'journal', 'x'), 'utf8')).toBe('unfed');
  });

  test('over a running server it is refused, with force too', async () => {
    const house = await place.serve();
    const { code, err } = await bringBack({ isForced: true });
    await house.close({ isHurried: true });
    expect(code).toBe(78);
    expect(err[0]).toContain('another Patchbay process uses it');
  });

  test.each([
    ['no key at all', {}, /no master key was given: .+kcv=[0-9a-f]{16}/],
    ['a key file that is not there', { keyFile: '/nowhere/key' }, /cannot be read \(ENOENT\)/],
  ])('%s is told before anything is written', async (_, wish, line) => {
    const { code, err } = await bringBack({ dataDir: inDir('never'), ...wish });
    expect(code).toBe(78);
    expect(err[0]).toMatch(line);
    expect(existsSync(inDir('never'))).toBe(false);
  });

  test('a key file that would take the place of another key is refused', async () => {
    mkdirSync(inDir('other-key'));
    writeFileSync(
      inDir('other-key', 'master.key'),
      `${Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 91 + 7) % 251)).toString('base64')}\n`,
    );
    const { err } = await bringBack({ dataDir: inDir('other-key'), keyFile: key() });
    expect(err[0]).toContain('holds another master key');
  });

  test('over another installation: refused for its key it leaves every file as it was; forced, its database and its key lie beside', async () => {
    const there = (...names: string[]): string => inDir('another', ...names);
    mkdirSync(there());
    const otherKey = `${Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 53 + 11) % 251)).toString('base64')}\n`;
    writeFileSync(there('master.key'), otherKey);
    writeFileSync(there('patchbay.db'), 'of another');
    const refused = await bringBack({ dataDir: there(), keyFile: key() });
    expect([refused.code, readdirSync(there()).toSorted()]).toEqual([78, ['master.key', 'patchbay.db']]);
    const forced = await bringBack({ dataDir: there(), keyFile: key(), isForced: true });
    expect([forced.code, forced.err]).toEqual([0, []]);
    const aside = readdirSync(there()).find((name) => name.startsWith('replaced-')) ?? '';
    expect(['master.key', 'patchbay.db'].map((name) => readFileSync(there(aside, name), 'utf8'))).toEqual([otherKey, 'of another']);
    expect(readFileSync(there('master.key'), 'utf8')).toBe(readFileSync(key(), 'utf8'));
  });

  test('a backup of a newer version is refused by both numbers', async () => {
    const bytes = readFileSync(file).toString('latin1');
    writeFileSync(inDir('newer.backup'), Buffer.from(bytes.replace(/"schema":\d+/, '"schema":9999'), 'latin1'));
    const { code, err } = await bringBack({ file: inDir('newer.backup'), dataDir: inDir('never') });
    expect(code).toBe(78);
    expect(err[0]).toMatch(/has schema 9999, this version knows \d+/);
  });
});

describe('rotate-master-key', () => {
  test('a trial says how much there is to do, and makes no key', async () => {
    const { code, out } = await rotate({ isDryRun: true, newKeyFile: inDir('trial.key') });
    expect(code).toBe(0);
    expect(out[0]).toMatch(/^(\d+) sealed values; \1 would be sealed anew, and all of them open\.$/);
    expect(existsSync(inDir('trial.key'))).toBe(false);
  });

  test('a weak key is refused, and nothing is rotated', async () => {
    writeFileSync(inDir('weak.key'), Buffer.alloc(32, 1).toString('base64'));
    const { code, err } = await rotate({ newKeyFile: inDir('weak.key') });
    expect(code).not.toBe(0);
    expect(err[0]).toContain('the master key is refused');
  });

  test('in the data directory the new key takes the place of the old one, which stays beside it', async () => {
    const before = readFileSync(join(place.dataDir, 'master.key'), 'utf8');
    const { code, out } = await rotate();
    expect(code).toBe(0);
    const after = readFileSync(join(place.dataDir, 'master.key'), 'utf8');
    expect(after).not.toBe(before);
    const old = readdirSync(place.dataDir).find((name) => /^master-[0-9a-f]{16}\.key$/.test(name)) ?? '';
    expect(readFileSync(join(place.dataDir, old), 'utf8')).toBe(before);
    expect(statSync(join(place.dataDir, old)).mode & 0o777).toBe(0o600);
    expect(out.join('\n')).toContain(old);
    expect(out.join('\n')).not.toContain(after.trim());
  });

  test('with the key in the settings the new one must be given; it is made where its file is not there', async () => {
    const given = { PATCHBAY_MASTER_KEY: readFileSync(join(place.dataDir, 'master.key'), 'utf8').trim() };
    rmSync(join(place.dataDir, 'master.key'));
    const without = await rotate({}, given);
    expect(without.code).toBe(78);
    expect(without.err[0]).toContain('--new-key-file');
    const made = await rotate({ newKeyFile: inDir('new.key') }, given);
    expect(made.code).toBe(0);
    expect(statSync(inDir('new.key')).mode & 0o777).toBe(0o600);
    expect(made.out.join('\n')).toContain('--finish');
    // Until it is finished a start with either key works, and the command may be repeated.
    expect((await rotate({}, given)).code).toBe(0);
    const early = await rotate({ isFinishing: true }, given);
    expect(early.code).toBe(1);
    expect(early.err[0]).toContain('PATCHBAY_MASTER_KEY is still the old key');
    const taken = { PATCHBAY_MASTER_KEY: readFileSync(inDir('new.key'), 'utf8').trim() };
    expect((await rotate({ isFinishing: true }, taken)).out[0]).toContain('does not open anything any more');
    expect((await rotate({ isFinishing: true }, taken)).out[0]).toBe('There was nothing to finish.');
    expect((await rotate({ isDryRun: true }, given)).err[0]).toContain('wrong master key');
  });
});

describe('copy-to-postgres', () => {
  const copy = (url: string, more: Record<string, string> = {}): Promise<Told> =>
    place.told((terminal) => copyDatabase(place.settings(more), terminal, { url, isJson: false }));

  test('another kind of address is wrong usage', async () => {
    expect((await copy('mysql://host/x')).code).toBe(64);
  });

  test('without an embedded database there is nothing to copy', async () => {
    const { code, err } = await copy('postgres://u:p@127.0.0.1:1/x', { PATCHBAY_DATA_DIR: inDir('nothing') });
    expect(code).toBe(78);
    expect(err[0]).toContain('there is no embedded database');
  });

  test('a target that does not answer is told without its password, and leaves nothing behind', async () => {
    const given = { PATCHBAY_MASTER_KEY: readFileSync(inDir('new.key'), 'utf8').trim() };
    const { code, err } = await copy('postgres://u:canary-password@127.0.0.1:1/x', given);
    expect(code).toBe(1);
    expect(err[0]).toContain('the database does not answer');
    expect(err.join('\n')).not.toContain('canary-password');
    expect(readdirSync(place.dataDir).filter((name) => name.startsWith('copying'))).toEqual([]);
  });
});
