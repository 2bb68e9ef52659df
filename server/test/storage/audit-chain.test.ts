/** The audit log's chain: every entry a link, however many write at once, and nothing changed or taken away behind its back. */
import { beforeAll, describe, expect, test } from 'vitest';
import { lineOf, canonical } from '../../src/domain/audit-chain.ts';
import { verifyAudit } from '../../src/control/audit-verify.ts';
import { readHead } from '../../src/storage/audit-chain.ts';
import { linkedLines, linkedRows } from '../../src/storage/audit-anchors.ts';
import { writeAudit, writeChange } from '../../src/storage/changes.ts';
import { currentRevision } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Statement } from '../../src/storage/driver.ts';
import { StaleWrite, StorageFault, StorageUnavailable, UniqueViolation } from '../../src/storage/errors.ts';
import { listRevisions } from '../../src/storage/object-revisions.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { putSetting, takeSetting } from '../../src/storage/settings.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { needs } from '../support/postgres.ts';
import { openAudited, testVault, withoutTriggers, type Audited } from '../support/audited.ts';
import { freshPlace, onBothEngines, openAt, quiet } from './engines.ts';
import { entryOf, footprint, ids, newConnection, newPerson } from './rows.ts';

const rowsMax = 100_000;
const rowsOf = (database: Database) => linkedRows(database, 0, Number.MAX_SAFE_INTEGER, rowsMax);
const sound = async ({ database, vault }: Audited): Promise<void> => {
  expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: true, fault: null });
};

onBothEngines('the chain of the audit log', (bench) => {
  let audited: Audited;
  let database: Database;
  beforeAll(async () => {
    audited = await openAudited(await bench.open({ isMigrated: true }));
    ({ database } = audited);
  });

  test('links each entry to the one before it, whatever texts are in it', async () => {
    const start = (await readHead(database.driver)).seq;
    const odd = entryOf({
      id: ids.uuid().toUpperCase(),
      actor: { userId: ids.uuid().toUpperCase(), name: 'Ad\ud800a "\u2028', role: 'user', via: 'token' },
      subjectId: 'x'.repeat(255),
      subjectName: Array.from({ length: 159 }, (_, at) => String.fromCharCode(at + 1)).join(''),
      owner: { scope: 'workspace', id: ids.uuid().toUpperCase() },
      changes: { name: { before: '\ud800', after: { deep: [1, null, 'é'] } } },
      origin: { requestId: ids.uuid(), address: '2001:db8::1', agent: `${'a'.repeat(499)}👩🏽‍🚀` },
      durationMs: 12,
    });
    await writeChange(database, [], odd);
    await writeAudit(database, entryOf({ outcome: 'refused', errorCode: 'FORBIDDEN' }));
    await writeChange(database, [], entryOf());
    const rows = await rowsOf(database);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, at) => start + 1 + at));
    expect(new Set(rows.map(({ hash }) => hash)).size).toBe(rows.length);
    expect(await readHead(database.driver)).toMatchObject({ seq: rows.at(-1)!.seq, hash: rows.at(-1)!.hash });
    // As a database writes them itself, byte for byte as they were linked.
    expect(await linkedLines(database, 0, Number.MAX_SAFE_INTEGER, rowsMax)).toEqual(rows.map(lineOf));
    expect(await linkedLines(database, rows.at(-1)!.seq, Number.MAX_SAFE_INTEGER, rowsMax)).toEqual([]);
    await sound(audited);
  });

  test('a change and its entry carry the same revision, and by itself an entry raises none', async () => {
    const before = await currentRevision(database);
    const [first, second, third] = [entryOf(), entryOf(), entryOf()];
    expect((await writeChange(database, [], first)).revision).toBe(before + 1);
    await writeAudit(database, second);
    await writeChange(database, [], third);
    const sql = 'SELECT revision FROM audit_entries WHERE id IN ($1, $2, $3) ORDER BY seq';
    const found = await database.driver.rows<{ revision: number }>({ sql, params: [first.id, second.id, third.id] });
    expect(found.map(({ revision }) => revision)).toEqual([before + 1, before + 1, before + 2]);
  });

  test('a step that fails fails as before, and leaves neither an entry nor a gap', async () => {
    const before = await footprint(database);
    const stale = takeSetting(database, 'setup_token_hash', 'never set');
    await expect(writeChange(database, [stale], entryOf())).rejects.toMatchObject({ name: 'StaleWrite', label: 'setup_token_hash' });
    await expect(writeAudit(database, entryOf(), [stale])).rejects.toMatchObject({ label: 'setup_token_hash', step: 0 });
    const entry = entryOf();
    await writeAudit(database, entry);
    await expect(writeChange(database, [], entry)).rejects.toBeInstanceOf(UniqueViolation);
    await expect(writeChange(database, [], entryOf({ action: 'a'.repeat(61) }))).rejects.toBeInstanceOf(StorageFault);
    const after = await footprint(database);
    expect(after).toEqual({ ...before, audit_entries: (before['audit_entries'] as number) + 1 });
    await sound(audited);
  });

  test('eighty writers at once make one line of entries, and each gets what its own steps returned', async () => {
    const before = await readHead(database.driver);
    const returning = (): Statement => ({
      sql: 'UPDATE settings SET updated_at = updated_at WHERE key = $1 RETURNING key',
      params: ['default_workspace_id'],
    });
    await database.driver.write([putSetting(database, 'default_workspace_id', 'x', 1)]);
    const written = await Promise.all(
      Array.from({ length: 80 }, async (_, n) => {
        if (n % 3 === 0) return writeAudit(database, entryOf()).then(() => null);
        if (n % 7 === 0)
          return writeChange(database, [takeSetting(database, 'setup_token_hash', 'no')], entryOf()).then(
            () => 'kept',
            (error: unknown) => (error instanceof StaleWrite ? null : error),
          );
        return (await writeChange(database, [returning()], entryOf())).returned[0];
      }),
    );
    expect(new Set(written.filter((one) => one !== null).map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify([{ key: 'default_workspace_id' }])]),
    );
    const failed = written.filter((_, n) => n % 3 !== 0 && n % 7 === 0).length;
    expect((await readHead(database.driver)).seq).toBe(before.seq + 80 - failed);
    await sound(audited);
  });

  test('an answer to a commit that was lost leaves the chain whole', async () => {
    let isLost = true;
    const { driver } = database;
    const deaf: Database = {
      ...database,
      driver: {
        ...driver,
        write: async (steps) => {
          const result = await driver.write(steps);
          if (!isLost) return result;
          isLost = false;
          throw new StorageUnavailable('the line broke after the commit');
        },
      },
    };
    const before = await readHead(driver);
    await expect(writeChange(deaf, [], entryOf())).rejects.toBeInstanceOf(StorageUnavailable);
    expect((await readHead(driver)).seq).toBe(before.seq + 1);
    await writeChange(deaf, [], entryOf());
    expect((await readHead(driver)).seq).toBe(before.seq + 2);
    await sound(audited);
  });

  test('what the books note of a gap is a link like any other, and none where there was nothing to apply', async () => {
    const { books } = await openBooks(database, ids.uuid(), 1);
    const before = await readHead(database.driver);
    await applyRecords(database, books, [], 1, [entryOf()]);
    expect((await readHead(database.driver)).seq).toBe(before.seq);
    await writeAudit(database, entryOf());
    await sound(audited);
  });

  test('entries are never changed, and go only behind an anchor of retention', async () => {
    // SQLite tells a refusing trigger and a missing reference by one code.
    const reason = database.driver.engine === 'postgres' ? /audit|never changed/ : /point nowhere/;
    const denied = (sql: string) => expect(database.driver.script(sql), sql).rejects.toThrow(reason);
    await writeAudit(database, entryOf());
    await denied("UPDATE audit_entries SET actor_name = 'Eve'");
    await denied('DELETE FROM audit_entries');
    await denied('UPDATE audit_anchors SET seq = 0');
    await denied(
      "INSERT INTO audit_entries (at, actor_name, actor_role, via, action, subject_type, outcome) VALUES (1, '', '', 'x', 'y', 'z', 'success')",
    );
    if (database.driver.engine === 'postgres') await denied('TRUNCATE audit_entries');
    await sound(audited);
  });

  test('a program that does not know of the chain cannot write beside it', async () => {
    const plain = createDatabase(database.driver);
    const before = await footprint(database);
    await expect(writeChange(plain, [], entryOf())).rejects.toThrow(/audit|point nowhere/);
    expect(await footprint(database)).toEqual(before);
    await sound(audited);
  });

  test('keeps the states of an object with the change that made them, also the one before its history', async () => {
    const subject = { subjectType: 'thing', subjectId: ids.uuid(), subjectName: 'Thing' };
    const first = await writeChange(database, [], entryOf({ ...subject, action: 'thing.update' }), {
      before: { revision: 0, atMs: 5, state: { size: 1 } },
      after: { size: 2 },
    });
    const second = await writeChange(database, [], entryOf({ ...subject, action: 'thing.update' }), {
      before: { revision: first.revision, atMs: 6, state: { size: 2 } },
      after: { size: 3 },
    });
    const third = await writeChange(database, [], entryOf({ ...subject, action: 'thing.delete' }), { after: null });
    const history = await listRevisions(database, 'thing', subject.subjectId);
    expect(history.map(({ revision, state, action }) => [revision, state, action])).toEqual([
      [third.revision, null, 'thing.delete'],
      [second.revision, { size: 3 }, 'thing.update'],
      [first.revision, { size: 2 }, 'thing.update'],
      [0, { size: 1 }, null],
    ]);
    const failing = writeChange(database, [takeSetting(database, 'setup_token_hash', 'no')], entryOf(subject), { after: { size: 4 } });
    await expect(failing).rejects.toBeInstanceOf(StaleWrite);
    expect((await listRevisions(database, 'thing', subject.subjectId)).length).toBe(4);
  });
});

onBothEngines('a log that is older than its chain', (bench) => {
  test('is sealed as it is by the first anchor, and what changes in it afterwards is found', async () => {
    const driver = await bench.open({ isMigrated: true });
    const plain = createDatabase(driver);
    for (let n = 0; n < 7; n++) await writeAudit(plain, entryOf({ atMs: 1_000 - n }));
    const userId = await newPerson(plain);
    await newConnection(plain, userId);
    const audited = await openAudited(driver);
    await writeAudit(audited.database, entryOf());
    expect(await verifyAudit(audited)).toMatchObject({ isSound: true, prefix: 9, checked: 1 });
    await withoutTriggers(plain);
    await driver.script("UPDATE audit_entries SET actor_name = 'Eve' WHERE at = 997");
    expect(await verifyAudit(audited)).toMatchObject({ isSound: false, fault: { kind: 'prefix' } });
  });

  test('begins once, whoever comes first', async () => {
    const driver = await bench.open({ isMigrated: true });
    const vault = testVault();
    const [one, other] = await Promise.all([openAudited(driver, { vault }), openAudited(driver, { vault })]);
    await writeAudit(one.database, entryOf());
    await writeAudit(other.database, entryOf());
    await writeAudit(one.database, entryOf());
    const anchors = await driver.rows({ sql: "SELECT kind FROM audit_anchors WHERE kind = 'opened'", params: [] });
    expect(anchors.length).toBe(1);
    await sound(one);
  });
});

needs('postgres')('two instances on one database', () => {
  test('continue one chain together, and no change is lost or made twice', async () => {
    const place = await freshPlace('postgres');
    const drivers = [await openAt(place), await openAt(place)];
    try {
      await migrate(drivers[0]!, { clock: systemClock, log: quiet });
      const vault = testVault();
      const instances = [await openAudited(drivers[0]!, { vault }), await openAudited(drivers[1]!, { vault })];
      const each = 120;
      const first = await currentRevision(instances[0]!.database);
      const writes = instances.flatMap(({ database }) =>
        Array.from({ length: each }, (_, n) =>
          n % 4 === 0
            ? writeAudit(database, entryOf()).then(() => null)
            : writeChange(database, [], entryOf()).then(({ revision }) => revision),
        ),
      );
      const revisions = (await Promise.all(writes)).filter((revision) => revision !== null);
      expect(revisions.toSorted((a, b) => a - b)).toEqual(revisions.map((_, n) => first + 1 + n));
      const rows = await rowsOf(instances[0]!.database);
      expect(rows.length).toBe(2 * each);
      expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, at) => at + 1));
      for (const { database } of instances)
        expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: true, checked: 2 * each });
    } finally {
      await Promise.all(drivers.map((driver) => driver.close()));
    }
  });
});

describe('an entry as a text', () => {
  test('can be read in one way only: a value that moves to its neighbour is another text', () => {
    expect(canonical(['a', 'b', null])).not.toBe(canonical(['a', null, 'b']));
    expect(canonical(['a,"b"', ''])).not.toBe(canonical(['a', 'b']));
    expect(canonical(['1', 1])).not.toBe(canonical([1, '1']));
  });
});
