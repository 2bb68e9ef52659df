/** The list of master keys during a rotation: each step is written whole, refused where it does not fit any more, and told by its revision. */
import { beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { writeChange } from '../../src/storage/changes.ts';
import { databaseNowMs } from '../../src/storage/database-clock.ts';
import type { Statement } from '../../src/storage/driver.ts';
import { StaleWrite, UniqueViolation } from '../../src/storage/errors.ts';
import { listInstanceIds, openBooks } from '../../src/storage/instances.ts';
import {
  addMasterKeySteps,
  promoteMasterKeySteps,
  retireMasterKeyStep,
  unwrapMasterKeyStep,
  wrappedKeys,
} from '../../src/storage/master-keys.ts';
import { sealedChannelsAfter, sealedMail } from '../../src/storage/sealed-alerts.ts';
import { onBothEngines } from './engines.ts';

onBothEngines('master keys as rows', (bench, engine) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    const sql = "INSERT INTO master_keys (version, kcv, status, created_at) VALUES (1, 'aaaa', 'active', 1)";
    await database.driver.write([{ sql, params: [] }]);
  });

  let entries = 0;
  /** As one change of configuration, with its revision. */
  const write = async (steps: readonly Statement[]): Promise<number> => {
    const id = `01980000-0000-7000-8000-${String(++entries).padStart(12, '0')}`;
    const entry = { id, atMs: 1, outcome: 'success' as const, errorCode: null, changes: null, action: 'x', subjectType: 'master_key', subjectId: null, subjectName: null, owner: null, actor: null, origin: null }; // prettier-ignore
    return (await writeChange(database, steps, entry)).revision;
  };
  const added = (version: number, kcv: string, wrappedBy: number) =>
    addMasterKeySteps(database, { version, kcv, wrapped: `w1.${kcv}`, wrappedBy }, 'w1.back', 2);

  test('a new key and the one under it are written together, and told by the revision alone', async () => {
    const before = await wrappedKeys(database);
    expect(before).toEqual([{ version: 1, kcv: 'aaaa', status: 'active', wrapped: null, wrappedBy: null }]);
    const revision = await write(added(2, 'bbbb', 1));
    expect(await wrappedKeys(database)).toEqual([
      { version: 1, kcv: 'aaaa', status: 'active', wrapped: 'w1.back', wrappedBy: 2 },
      { version: 2, kcv: 'bbbb', status: 'pending', wrapped: 'w1.bbbb', wrappedBy: 1 },
    ]);
    expect(await wrappedKeys(database, revision - 1)).toHaveLength(2);
    expect(await wrappedKeys(database, revision)).toEqual([]);
  });

  test('a version or a check value that is taken keeps nothing of the write', async () => {
    const before = await wrappedKeys(database);
    await expect(write(added(2, 'cccc', 1))).rejects.toBeInstanceOf(UniqueViolation);
    await expect(write(added(3, 'bbbb', 1))).rejects.toBeInstanceOf(UniqueViolation);
    // The key that it lies under is not the active one any more.
    await expect(write(added(3, 'cccc', 2))).rejects.toBeInstanceOf(StaleWrite);
    expect(await wrappedKeys(database)).toEqual(before);
  });

  test('one key is active before and after, and a second promotion is refused', async () => {
    await write(promoteMasterKeySteps(database, { from: 1, to: 2 }));
    expect((await wrappedKeys(database)).map(({ status }) => status)).toEqual(['decrypt_only', 'active']);
    await expect(write(promoteMasterKeySteps(database, { from: 1, to: 2 }))).rejects.toBeInstanceOf(StaleWrite);
  });

  test('the active key is never retired, and an older one stays under the new one', async () => {
    await write([retireMasterKeyStep(database, 2), retireMasterKeyStep(database, 1)]);
    expect((await wrappedKeys(database)).map(({ status, wrapped }) => [status, wrapped])).toEqual([
      ['retired', 'w1.back'],
      ['active', 'w1.bbbb'],
    ]);
    await write([unwrapMasterKeyStep(database, 2)]);
    expect((await wrappedKeys(database)).map(({ wrapped, wrappedBy }) => [wrapped, wrappedBy])).toEqual([
      ['w1.back', 2],
      [null, null],
    ]);
  });

  test('an installation without channels and mail has no sealed values of theirs', async () => {
    expect(await sealedChannelsAfter(database, '00000000-0000-0000-0000-000000000000', 10)).toEqual([]);
    expect(await sealedMail(database)).toBeNull();
  });

  test('every instance that wrote into the books is known by its id, in the order of their coming', async () => {
    expect(await listInstanceIds(database)).toEqual([]);
    const ids = ['01980000-0000-7000-8000-0000000000f2', '01980000-0000-7000-8000-0000000000f1'];
    for (const id of ids) await openBooks(database, id, 1);
    expect(await listInstanceIds(database)).toEqual(ids);
  });

  test('a database elsewhere says what time it is, the embedded one has this machine’s', async () => {
    const nowMs = await databaseNowMs(database.driver);
    if (engine === 'sqlite') expect(nowMs).toBeNull();
    else expect(nowMs).toBeGreaterThan(Date.UTC(2020, 0, 1));
  });
});
