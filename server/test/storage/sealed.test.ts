/** Sealed values and the keys behind them, as rows: found, exchanged without losing a change, and gone when they are erased. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sealedTables } from '../../src/control/sealed-values.ts';
import {
  auditKeyPlace,
  capturedKeyColumn,
  channelSecretColumn,
  mailPasswordColumn,
  sealedColumns,
  type SecretColumn,
} from '../../src/domain/sealing.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { deleteSteps, findConnection, resealStep, sealedRows, updateStep, type SealedRow } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { countSealed, masterKeys, retireMasterKeyStep, storeMasterKeys, type MasterKeyRow } from '../../src/storage/master-keys.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { activateOwnerKeySteps, listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { freshPlace, onBothEngines, openAt, quiet, type Place } from './engines.ts';
import { atMs, change, changeConnection, columnsOf, connectionAt, footprint, ids, newConnection, newPerson, userOwner } from './rows.ts';

const box = (secret: string | null, accessKeyId: string | null = null, headers: string | null = null) => ({ secret, accessKeyId, headers });

onBothEngines('sealed values', (bench) => {
  let database: Database;
  let userId: string;
  beforeEach(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });
  const all = async (limit: number, owner: SealedRow['owner'] | null = null): Promise<SealedRow[]> => {
    const rows: SealedRow[] = [];
    let afterId = '00000000-0000-0000-0000-000000000000';
    for (let pages = 0; pages < 100; pages++) {
      const page = await sealedRows(database, { owner, afterId, limit });
      rows.push(...page);
      if (page.length < limit) return rows;
      afterId = page.at(-1)!.id;
    }
    throw new Error('the pages do not end');
  };

  test('are met once each, page by page, with all that their place is made of', async () => {
    const [first, second, third] = [
      await newConnection(database, userId, { sealed: box('s1') }),
      await newConnection(database, userId, {
        sealed: box(null, 'k2', 'h2'),
        providerId: 'bedrock',
        origin: 'https://b.example',
        isActive: false,
      }),
      await newConnection(database, userId, { sealed: box('s3', 'k3', 'h3') }),
    ];
    await newConnection(database, userId);
    const gone = await newConnection(database, userId, { sealed: box('s4') });
    await change(database, deleteSteps(database, gone, atMs));
    const owner = userOwner(userId);
    const openai = { owner, providerId: 'openai', origin: 'https://api.openai.com' };
    const expected = [
      { id: first, ...openai, boxes: { api_key_encrypted: 's1' } },
      {
        id: second,
        owner,
        providerId: 'bedrock',
        origin: 'https://b.example',
        boxes: { access_key_encrypted: 'k2', headers_encrypted: 'h2' },
      },
      { id: third, ...openai, boxes: { api_key_encrypted: 's3', access_key_encrypted: 'k3', headers_encrypted: 'h3' } },
    ];
    for (const limit of [1, 2, 3, 100]) expect(await all(limit)).toEqual(expected);
    expect(await all(100, owner)).toEqual(expected);
    expect(await all(100, { scope: 'workspace', id: userId })).toEqual([]);
  });

  test('are counted in every row, a switched-off connection’s too, and not where they were erased', async () => {
    expect(await countSealed(database, sealedColumns)).toBe(0);
    const id = await newConnection(database, userId, { sealed: box('a', 'b', 'c'), isActive: false });
    await newConnection(database, userId, { sealed: box(null, null, 'c') });
    expect(await countSealed(database, sealedColumns)).toBe(4);
    await change(database, deleteSteps(database, id, atMs));
    expect(await countSealed(database, sealedColumns)).toBe(1);
  });

  test('are in exactly the columns that rotation walks', async () => {
    const sql =
      database.driver.engine === 'sqlite'
        ? "SELECT m.name AS tbl, c.name AS col FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        : "SELECT c.table_name AS tbl, c.column_name AS col FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) WHERE t.table_type = 'BASE TABLE' AND t.table_schema = 'public'";
    const columns = await database.driver.rows<{ tbl: string; col: string }>({ sql, params: [] });
    const sealed = columns.filter(({ col }) => /encrypted|sealed/.test(col)).map(({ tbl, col }) => `${tbl}.${col}`);
    const walked = [...sealedColumns, capturedKeyColumn, channelSecretColumn, mailPasswordColumn, auditKeyPlace];
    expect(sealed.toSorted()).toEqual(walked.map(({ table, column }) => `${table}.${column}`).toSorted());
    expect(sealedTables.map(({ table }) => table).toSorted()).toEqual([...new Set(walked.map(({ table }) => table))].toSorted());
  });

  test.each<SecretColumn>(['api_key_encrypted', 'access_key_encrypted', 'headers_encrypted'])(
    'in %s are exchanged alone, for exactly the old one',
    async (column) => {
      const id = await newConnection(database, userId, { sealed: box('old', 'old', 'old') });
      const before = (await findConnection(database, id))!;
      const revision = await change(database, resealStep(database, id, column, 'old', 'new'));
      const after = (await findConnection(database, id))!;
      const field = ({ api_key_encrypted: 'secret', access_key_encrypted: 'accessKeyId', headers_encrypted: 'headers' } as const)[column];
      expect(after.sealed).toEqual({ ...before.sealed, [field]: 'new' });
      expect(after.connection).toEqual({ ...before.connection, revision });
    },
  );

  test('are not exchanged where a person entered a new secret meanwhile', async () => {
    const id = await newConnection(database, userId, { sealed: box('old') });
    await changeConnection(database, id, { sealed: box('entered by a person') });
    const before = await connectionAt(database, id);
    await change(database, resealStep(database, id, 'api_key_encrypted', 'old', 'resealed'));
    expect((await findConnection(database, id))!.sealed.secret).toBe('entered by a person');
    expect(await connectionAt(database, id)).toEqual(before);
  });

  test('are not brought back by an exchange that comes after the deletion', async () => {
    const id = await newConnection(database, userId, { sealed: box('old') });
    await change(database, deleteSteps(database, id, atMs));
    await change(database, resealStep(database, id, 'api_key_encrypted', 'old', 'resealed'));
    expect((await findConnection(database, id))!.sealed.secret).toBeNull();
  });

  test('are exchanged by one of twenty who try at once', async () => {
    const id = await newConnection(database, userId, { sealed: box('old') });
    const revisions = await Promise.all(
      Array.from({ length: 20 }, (_, n) => change(database, resealStep(database, id, 'api_key_encrypted', 'old', `new ${n}`))),
    );
    const { connection, sealed } = (await findConnection(database, id))!;
    expect(sealed.secret).toBe(`new ${revisions.indexOf(connection.revision)}`);
  });

  test('a change that was read before an exchange fails, instead of writing the old value back', async () => {
    const id = await newConnection(database, userId, { sealed: box('old') });
    const { connection } = (await findConnection(database, id))!;
    const late = updateStep(database, id, connection.revision, { ...columnsOf({ sealed: box('old') }), nowMs: atMs, resetTest: false });
    await change(database, resealStep(database, id, 'api_key_encrypted', 'old', 'new'));
    await expect(change(database, late)).rejects.toMatchObject({ label: 'connection' });
    await changeConnection(database, id, { name: ids.uuid() });
    expect((await findConnection(database, id))!.sealed.secret).toBe('new');
  });
});

describe('an erased secret (sqlite)', () => {
  let place: Place;
  let driver: Driver;
  let database: Database;
  beforeAll(async () => {
    place = await freshPlace('sqlite');
    driver = await openAt(place);
    await migrate(driver, { clock: systemClock, log: quiet });
    database = createDatabase(driver);
  });
  afterAll(() => driver.close());
  /** The files of the data directory that hold the text. */
  const filesWith = (text: string): string[] =>
    readdirSync(place.dataDir).filter((file) => readFileSync(join(place.dataDir, file)).includes(text));
  const canary = (): string => `v1.${ids.uuid()}${'q'.repeat(2_000)}${ids.uuid()}`;

  test('is on the disk while it is in use, so that the search would find it', async () => {
    const sealed = canary();
    await newConnection(database, await newPerson(database), { sealed: box(sealed) });
    expect(filesWith(sealed)).not.toEqual([]);
  });

  test('is in no file after the deletion and a scrub: neither the database nor its log', async () => {
    const userId = await newPerson(database);
    const canaries = [canary(), canary(), canary()] as const;
    const id = await newConnection(database, userId, { sealed: box(...canaries), baseUrl: null });
    for (let n = 0; n < 30; n++) await newConnection(database, userId, { sealed: box(canary()) });
    await change(database, deleteSteps(database, id, atMs));
    await driver.scrub();
    for (const text of canaries) {
      expect(filesWith(text.slice(0, 39))).toEqual([]);
      expect(filesWith(text.slice(-36))).toEqual([]);
    }
  });

  test('is in no file once another took its place and the log was emptied', async () => {
    const old = canary();
    const id = await newConnection(database, await newPerson(database), { sealed: box(old) });
    await driver.scrub();
    expect(filesWith(old.slice(0, 39))).toEqual(['patchbay.db']);
    await change(database, resealStep(database, id, 'api_key_encrypted', old, canary()));
    await driver.scrub();
    expect(filesWith(old.slice(0, 39))).toEqual([]);
    expect(filesWith(old.slice(-36))).toEqual([]);
  });
});

onBothEngines('the keys of an owner', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const salt = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

  test('come oldest first with their salts unchanged, and one of them seals', async () => {
    const owner = userOwner(ids.uuid());
    expect(await listOwnerKeys(database, owner)).toEqual([]);
    const salts = [Uint8Array.from({ length: 32 }, (_, n) => n * 8), salt(255), salt(0)];
    for (const [index, bytes] of salts.entries())
      await change(database, activateOwnerKeySteps(database, owner, { version: index + 1, salt: bytes }, atMs));
    const keys = await listOwnerKeys(database, owner);
    expect(keys.map(({ version, isActive }) => [version, isActive])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(keys.map((key) => [...key.salt])).toEqual(salts.map((bytes) => [...bytes]));
  });

  test('belong to the scope and the id together', async () => {
    const id = ids.uuid();
    for (const [index, scope] of (['user', 'workspace', 'organization'] as const).entries())
      await change(database, activateOwnerKeySteps(database, { scope, id }, { version: 1, salt: salt(index) }, atMs));
    expect([...(await listOwnerKeys(database, { scope: 'workspace', id }))[0]!.salt]).toEqual([...salt(1)]);
  });

  test('a version that two make at once is made by one; the other is told and leaves nothing', async () => {
    const owner = userOwner(ids.uuid());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => change(database, activateOwnerKeySteps(database, owner, { version: 1, salt: salt(n) }, atMs))),
    );
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ constraint: 'owner_keys_pkey' });
    expect((await listOwnerKeys(database, owner)).map((key) => ({ ...key, salt: key.salt[0] }))).toEqual([
      { version: 1, salt: winner, isActive: true },
    ]);
  });
});

onBothEngines('the list of master keys', (bench) => {
  let database: Database;
  beforeEach(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const row = (version: number, status: MasterKeyRow['status']): MasterKeyRow => ({ version, kcv: `${version}`.repeat(16), status });

  test('is empty at first, and comes in the order of versions', async () => {
    expect(await masterKeys(database)).toEqual([]);
    await storeMasterKeys(database, [], [row(2, 'pending'), row(1, 'active')], atMs);
    expect(await masterKeys(database)).toEqual([row(1, 'active'), row(2, 'pending')]);
  });

  test('changes as decided, or not at all where somebody else changed it meanwhile', async () => {
    await storeMasterKeys(database, [], [row(1, 'active')], atMs);
    const known = await masterKeys(database);
    await storeMasterKeys(database, known, [row(1, 'decrypt_only'), row(2, 'active')], atMs);
    const before = await footprint(database);
    await expect(storeMasterKeys(database, known, [row(3, 'pending'), row(1, 'retired')], atMs)).rejects.toMatchObject({
      label: 'master_keys',
    });
    await expect(storeMasterKeys(database, known, [row(1, 'decrypt_only'), row(2, 'active')], atMs)).rejects.toBeInstanceOf(Error);
    expect(await footprint(database)).toEqual(before);
    expect(await masterKeys(database)).toEqual([row(1, 'decrypt_only'), row(2, 'active')]);
  });

  test('is not touched by a decision to change nothing', async () => {
    await storeMasterKeys(database, [], [], atMs);
    expect(await masterKeys(database)).toEqual([]);
  });

  test('holds a key once: the same check value under another version is refused', async () => {
    await storeMasterKeys(database, [], [row(1, 'active')], atMs);
    const twin = { ...row(2, 'pending'), kcv: row(1, 'active').kcv };
    await expect(storeMasterKeys(database, [], [twin], atMs)).rejects.toMatchObject({ constraint: 'master_keys_kcv_key' });
  });

  test('of ten first starts at once keeps one decision', async () => {
    const decide = (n: number): Promise<void> =>
      storeMasterKeys(database, [], [{ version: 1, kcv: `${n}`.repeat(16), status: 'active' }], atMs);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => decide(n)));
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    expect(await masterKeys(database)).toEqual([{ version: 1, kcv: `${winner}`.repeat(16), status: 'active' }]);
  });

  test('retires what only opens, never what seals', async () => {
    await storeMasterKeys(database, [], [row(1, 'decrypt_only'), row(2, 'active')], atMs);
    await change(database, [retireMasterKeyStep(database, 1), retireMasterKeyStep(database, 2)]);
    expect(await masterKeys(database)).toEqual([row(1, 'retired'), row(2, 'active')]);
  });
});
