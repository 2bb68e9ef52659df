/** The boot check of master keys on a real database: what is used, what is written, and what is refused without a trace. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decide, keyFileOf, loadVault, type MasterKeyDeps } from '../../src/app/master-key.ts';
import { StartRefused } from '../../src/app/start-refused.ts';
import { placeOf, sealedColumns } from '../../src/domain/sealing.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { countSealed, masterKeys, storeMasterKeys } from '../../src/storage/master-keys.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { insertPerson } from '../../src/storage/people.ts';
import { keyCheckValue } from '../../src/vault/keys.ts';
import { freshPlace, keptLog, onBothEngines, openAt, quiet, type Bench } from '../storage/engines.ts';
import { freshDir } from '../support/throwaway.ts';

const dirs: string[] = [];
const ownDir = (): string => {
  dirs.push(freshDir('master-key'));
  return dirs.at(-1)!;
};
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

const ids = createIds(systemClock);
const newKey = (): { text: string; kcv: string } => {
  const bytes = ids.bytes(32);
  return { text: Buffer.from(bytes).toString('base64'), kcv: keyCheckValue(bytes) };
};

interface Start {
  dataDir: string;
  key?: string;
  previous?: string[];
  isProduction?: boolean;
}

/** One start on the given database. */
function depsOf(
  database: Database,
  { dataDir, key, previous = [], isProduction = false }: Start,
): MasterKeyDeps & { lines: Record<string, unknown>[] } {
  const { log, lines } = keptLog();
  const settings = { dataDir, masterKey: key === undefined ? null : new Secret(key), masterKeysPrevious: previous, isProduction };
  return { database, settings, ids, clock: systemClock, log, lines };
}

const userId = '01980000-0000-7000-8000-00000000000a';
const rowId = '01980000-0000-7000-8000-000000000001';
const owner = { scope: 'user' as const, id: userId };
const place = placeOf({ id: rowId, owner, providerId: 'openai', origin: 'https://api.openai.com' }, 'api_key_encrypted');

/** A row with one sealed value, as far as the boot check can tell. */
async function storeSealed(database: Database, box: string): Promise<void> {
  const person = {
    userId,
    accountId: ids.uuid(),
    email: 'ann@example.com',
    name: 'Ann',
    passwordHash: 'x',
    role: 'user' as const,
    language: 'en' as const,
  };
  await database.driver.write(insertPerson(database, person, 0));
  await database.db
    .insertInto('ai_configurations')
    .values({
      id: rowId,
      user_id: userId,
      scope: 'user',
      owner_id: userId,
      name: 'OpenAI',
      name_key: 'openai',
      provider: 'openai',
      origin: 'https://api.openai.com',
      api_key_encrypted: box,
      trust: 'member',
      created_at: 0,
      updated_at: 0,
    } as never)
    .execute();
}

async function opened(bench: Bench): Promise<{ database: Database; dataDir: string }> {
  return { database: createDatabase(await bench.open({ isMigrated: true })), dataDir: ownDir() };
}

onBothEngines('the boot check of master keys', (bench, engine) => {
  test('a first start without a key generates one, readable to its owner alone, and records it', async () => {
    const { database, dataDir } = await opened(bench);
    const deps = depsOf(database, { dataDir });
    const { vault, masters } = await loadVault(deps);
    const text = readFileSync(keyFileOf(dataDir), 'utf8').trim();
    expect(statSync(keyFileOf(dataDir)).mode & 0o777).toBe(0o600);
    expect(masters).toEqual([{ version: 1, bytes: new Uint8Array(Buffer.from(text, 'base64')) }]);
    expect(vault.current).toBe(1);
    expect(await masterKeys(database)).toEqual([{ version: 1, kcv: keyCheckValue(masters[0]!.bytes), status: 'active' }]);
    const said = JSON.stringify(deps.lines);
    expect(said).toContain('back it up');
    expect(said).not.toContain(text);
  });

  test('the next start uses the same key and opens what the first one sealed', async () => {
    const { database, dataDir } = await opened(bench);
    const first = await loadVault(depsOf(database, { dataDir }));
    const ownerKey = first.vault.newOwnerKey(1);
    const box = first.vault.seal('sk-first', place, ownerKey);
    await storeSealed(database, box);
    const before = await masterKeys(database);
    const second = await loadVault(depsOf(database, { dataDir }));
    expect(second.vault.open(box, place, () => ownerKey).reveal()).toBe('sk-first');
    expect(await masterKeys(database)).toEqual(before);
  });

  test('a given key is recorded as the first version and no file is written', async () => {
    const { database, dataDir } = await opened(bench);
    const key = newKey();
    const { masters } = await loadVault(depsOf(database, { dataDir, key: key.text, isProduction: true }));
    expect(masters).toHaveLength(1);
    expect(await masterKeys(database)).toEqual([{ version: 1, kcv: key.kcv, status: 'active' }]);
    expect(existsSync(keyFileOf(dataDir))).toBe(false);
  });

  test('in production no key is made up, and nothing is written', async () => {
    const { database, dataDir } = await opened(bench);
    await expect(loadVault(depsOf(database, { dataDir, isProduction: true }))).rejects.toThrow(
      /^PATCHBAY_MASTER_KEY is not set.*openssl rand/,
    );
    expect(existsSync(keyFileOf(dataDir))).toBe(false);
    expect(await masterKeys(database)).toEqual([]);
  });

  test('a wrong key is refused by the check values of both, and nothing is written', async () => {
    const { database, dataDir } = await opened(bench);
    const [right, wrong] = [newKey(), newKey()];
    await loadVault(depsOf(database, { dataDir, key: right.text }));
    const refused = loadVault(depsOf(database, { dataDir, key: wrong.text }));
    await expect(refused).rejects.toThrow(StartRefused);
    const message = await refused.then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toContain(right.kcv);
    expect(message).toContain(wrong.kcv);
    expect(message).not.toContain(wrong.text);
    expect(message).not.toMatch(/\n/);
    expect(await masterKeys(database)).toEqual([{ version: 1, kcv: right.kcv, status: 'active' }]);
  });

  test('a lost key file is refused while anything is sealed, and no new key hides the loss', async () => {
    const { database, dataDir } = await opened(bench);
    const { vault } = await loadVault(depsOf(database, { dataDir }));
    await storeSealed(database, vault.seal('sk-lost', place, vault.newOwnerKey(1)));
    const elsewhere = ownDir();
    await expect(loadVault(depsOf(database, { dataDir: elsewhere }))).rejects.toThrow(/^1 sealed secret needs the master key with kcv=/);
    expect(existsSync(keyFileOf(elsewhere))).toBe(false);
  });

  test('a half restored backup is refused: sealed values, but no key on record', async () => {
    const { database, dataDir } = await opened(bench);
    await storeSealed(database, 'v1.AAAA');
    await expect(loadVault(depsOf(database, { dataDir, key: newKey().text }))).rejects.toThrow(/restore the whole database/);
    expect(await masterKeys(database)).toEqual([]);
  });

  test('a new key beside the old one rotates: at once on one instance, as pending where there may be others', async () => {
    const { database, dataDir } = await opened(bench);
    const [old, next] = [newKey(), newKey()];
    const first = await loadVault(depsOf(database, { dataDir, key: old.text }));
    const ownerKey = first.vault.newOwnerKey(1);
    const box = first.vault.seal('sk-kept', place, ownerKey);
    const { vault } = await loadVault(depsOf(database, { dataDir, key: next.text, previous: [old.text] }));
    expect(vault.open(box, place, () => ownerKey).reveal()).toBe('sk-kept');
    expect(new Set(vault.masterVersions())).toEqual(new Set([1, 2]));
    expect(vault.current).toBe(engine === 'sqlite' ? 2 : 1);
    expect((await masterKeys(database)).map(({ status }) => status)).toEqual(
      engine === 'sqlite' ? ['decrypt_only', 'active'] : ['active', 'pending'],
    );
  });

  test('of two starts at once on an empty database one records its key, and the other never seals under a second one', async () => {
    const { database } = await opened(bench);
    const keys = [newKey(), newKey()];
    const starts = keys.map((key) => loadVault(depsOf(database, { dataDir: ownDir(), key: key.text })));
    const outcomes = await Promise.allSettled(starts);
    const rows = await masterKeys(database);
    expect(rows).toHaveLength(1);
    const winner = keys.findIndex(({ kcv }) => kcv === rows[0]!.kcv);
    expect(outcomes.map(({ status }) => status)).toEqual(winner === 0 ? ['fulfilled', 'rejected'] : ['rejected', 'fulfilled']);
    const lost = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(lost?.reason).toBeInstanceOf(StartRefused);
  });

  test('of two starts that generate at once the loser takes its own key file away again', async () => {
    const { database } = await opened(bench);
    const dirs = [ownDir(), ownDir()];
    const outcomes = await Promise.allSettled(dirs.map((dataDir) => loadVault(depsOf(database, { dataDir }))));
    const rows = (await masterKeys(database)).filter(({ status }) => status === 'active');
    expect(rows).toHaveLength(1);
    const files = dirs.filter((dir) => existsSync(keyFileOf(dir)));
    const kcvs = files.map((dir) => keyCheckValue(Buffer.from(readFileSync(keyFileOf(dir), 'utf8').trim(), 'base64')));
    expect(kcvs).toContain(rows[0]!.kcv);
    // Where there may be other instances the second one must not start; alone, a second start in one process cannot happen.
    if (engine === 'postgres') {
      expect(files).toHaveLength(1);
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    }
  });

  test('a decision about rows that changed meanwhile is not stored', async () => {
    const { database, dataDir } = await opened(bench);
    const key = newKey();
    await loadVault(depsOf(database, { dataDir, key: key.text }));
    const [row] = await masterKeys(database);
    const stale = [{ ...row!, status: 'pending' as const }];
    await expect(storeMasterKeys(database, stale, [{ ...row!, status: 'retired' }], 1)).rejects.toThrow(/did not touch the rows/);
    await expect(storeMasterKeys(database, [], [{ ...row!, kcv: 'ffffffffffffffff' }], 1)).rejects.toThrow(/same/);
    expect(await masterKeys(database)).toEqual([row]);
  });

  test('sealed values are counted in every column that can hold one', async () => {
    const { database } = await opened(bench);
    expect(await countSealed(database, sealedColumns)).toBe(0);
    await storeSealed(database, 'v1.AAAA');
    expect(await countSealed(database, sealedColumns)).toBe(1);
    await database.db.updateTable('ai_configurations').set({ access_key_encrypted: 'v1.BBBB', headers_encrypted: 'v1.CCCC' }).execute();
    expect(await countSealed(database, sealedColumns)).toBe(3);
  });

  test('asking for the decision alone writes nothing', async () => {
    const { database, dataDir } = await opened(bench);
    expect((await decide(depsOf(database, { dataDir }))).decision.kind).toBe('generate');
    expect(existsSync(keyFileOf(dataDir))).toBe(false);
    expect(await masterKeys(database)).toEqual([]);
  });
});

describe('the key file', () => {
  // What is on the disk does not depend on the engine; one of them is enough.
  const drivers: Driver[] = [];
  afterAll(() => Promise.all(drivers.map((driver) => driver.close())));
  const opened = async (): Promise<{ database: Database; dataDir: string }> => {
    const driver = await openAt(await freshPlace('sqlite'));
    drivers.push(driver);
    await migrate(driver, { clock: systemClock, log: quiet });
    return { database: createDatabase(driver), dataDir: ownDir() };
  };

  test.each([
    ['empty', ''],
    ['cut', 'q2Xk0m8zqk1c9Jm3V7wP5tR4uY'],
    ['another text', 'not a key at all'],
  ])('that is damaged (%s) is refused and left as it is', async (_, text) => {
    const { database, dataDir } = await opened();
    writeFileSync(keyFileOf(dataDir), text);
    await expect(loadVault(depsOf(database, { dataDir }))).rejects.toThrow(/damaged; restore it from its backup/);
    expect(readFileSync(keyFileOf(dataDir), 'utf8')).toBe(text);
  });

  test('that cannot be read is refused', async () => {
    const { database, dataDir } = await opened();
    mkdirSync(keyFileOf(dataDir));
    await expect(loadVault(depsOf(database, { dataDir }))).rejects.toThrow(/cannot be read \(EISDIR\)/);
  });

  test('that cannot be written is refused, and no key is recorded', async () => {
    const { database, dataDir } = await opened();
    const blocked = join(dataDir, 'file');
    writeFileSync(blocked, '');
    await expect(loadVault(depsOf(database, { dataDir: join(blocked, 'data') }))).rejects.toThrow(/cannot be written \(ENOTDIR\)/);
    expect(await masterKeys(database)).toEqual([]);
  });

  test('left unfinished by a crash is replaced, and a finished one without its row is taken up', async () => {
    const { database, dataDir } = await opened();
    writeFileSync(`${keyFileOf(dataDir)}.new`, 'half');
    await loadVault(depsOf(database, { dataDir }));
    expect(existsSync(`${keyFileOf(dataDir)}.new`)).toBe(false);

    const fresh = await opened();
    const key = newKey();
    writeFileSync(keyFileOf(fresh.dataDir), `${key.text}\n`, { mode: 0o600 });
    await loadVault(depsOf(fresh.database, { dataDir: fresh.dataDir }));
    expect(await masterKeys(fresh.database)).toEqual([{ version: 1, kcv: key.kcv, status: 'active' }]);
  });

  test('that others may read is warned of', async () => {
    const { database, dataDir } = await opened();
    await loadVault(depsOf(database, { dataDir }));
    chmodSync(keyFileOf(dataDir), 0o644);
    const deps = depsOf(database, { dataDir });
    await loadVault(deps);
    expect(deps.lines.filter(({ level }) => level === 40)).toHaveLength(1);
    expect(JSON.stringify(deps.lines)).toContain('chmod 600');
  });

  test('beside a given key that matches nothing is said to be unused', async () => {
    const { database, dataDir } = await opened();
    const [given, unused] = [newKey(), newKey()];
    const deps = depsOf(database, { dataDir, key: given.text, previous: [unused.text] });
    await loadVault(deps);
    expect(deps.lines.find(({ kcv }) => kcv === unused.kcv)?.['msg']).toBe('a master key was given that nothing needs');
  });
});
