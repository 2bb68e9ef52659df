/** Every kind of rows that retention knows: what is over goes by its own time, what is not, or not yet ended, stays. */
import { beforeAll, expect, test } from 'vitest';
import { sweptNouns } from '../../src/domain/retention.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import {
  dropMonth,
  forgetChunk,
  noteRetentionRun,
  putRetentionSettings,
  retentionRuns,
  retentionSettingsOf,
  staleRetention,
} from '../../src/storage/retention.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, ids, newConnection, newPerson } from './rows.ts';

const beforeMs = atMs - 1_000_000;

onBothEngines('retention of each noun', (bench) => {
  let database: Database;
  let connectionId: string;
  let userId: string;
  const write = (sql: string, params: unknown[]): Promise<unknown> => database.driver.run({ sql, params }, 'write');
  const idsIn = async (table: string): Promise<string[]> =>
    (await database.driver.rows<{ id: string }>({ sql: `SELECT CAST(id AS TEXT) AS id FROM ${table} ORDER BY id`, params: [] })).map(
      ({ id }) => id,
    );
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    connectionId = await newConnection(database, userId);
  });

  test('tests of connections go by their time', async () => {
    const [old, edge, fresh] = [ids.uuid(), ids.uuid(), ids.uuid()];
    for (const [id, at] of [[old, beforeMs - 1], [edge, beforeMs], [fresh, atMs]] as const)
      await write('INSERT INTO connection_tests (id, connection_id, at, user_id, result) VALUES ($1, $2, $3, $4, $5)', [id, connectionId, at, userId, '{}']); // prettier-ignore
    expect(await forgetChunk(database, 'connection-tests', beforeMs, null)).toEqual({ removed: 1, next: null });
    expect(await idsIn('connection_tests')).toEqual([edge, fresh].toSorted());
  });

  test('health checks go by their time', async () => {
    const [old, fresh] = [ids.uuid(), ids.uuid()];
    for (const [id, at] of [[old, beforeMs - 1], [fresh, atMs]] as const)
      await write("INSERT INTO health_checks (at, id, connection_id, kind, outcome, latency_ms) VALUES ($1, $2, $3, 'models', 'ok', 5)", [at, id, connectionId]); // prettier-ignore
    expect((await forgetChunk(database, 'health-checks', beforeMs, null)).removed).toBe(1);
    expect(await idsIn('health_checks')).toEqual([fresh]);
  });

  test('alerts go by when they ended, and one that lasts stays however old it is', async () => {
    const [ended, lasting, late] = [ids.uuid(), ids.uuid(), ids.uuid()];
    const insert = 'INSERT INTO alerts (id, at, rule_id, kind, severity, dedup_key, details, scope, owner_id, resolved_at, updated_at) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 1)'; // prettier-ignore
    for (const [id, resolvedAt] of [[ended, beforeMs - 1], [lasting, null], [late, atMs]] as const)
      await write(insert, [id, ids.uuid(), 'disk', 'info', id, '{}', 'organization', ids.uuid(), resolvedAt]); // prettier-ignore
    expect((await forgetChunk(database, 'alerts', beforeMs, null)).removed).toBe(1);
    expect(await idsIn('alerts')).toEqual([lasting, late].toSorted());
  });

  test('tasks go by when they ended, and one that runs stays', async () => {
    const [ended, running] = [ids.uuid(), ids.uuid()];
    for (const [id, state, finishedAt] of [[ended, 'done', beforeMs - 1], [running, 'running', null]] as const)
      await database.db.insertInto('tasks').values({ id, kind: 'k', title: 't', state, input: '{}', progress_done: 0, progress_total: null, progress_note: null, result: null, error_code: null, created_by: userId, created_by_name: 'Ada', locked_by: ids.uuid(), seen_at: 1, cancel_asked_at: null, created_at: 1, updated_at: 1, finished_at: finishedAt }).execute(); // prettier-ignore
    expect((await forgetChunk(database, 'tasks', beforeMs, null)).removed).toBe(1);
    expect(await idsIn('tasks')).toEqual([running]);
  });

  test.each(sweptNouns)('an empty table of %s has nothing to forget, and no month', async (noun) => {
    expect(await forgetChunk(database, noun, 1, null)).toEqual({ removed: 0, next: null });
    expect(await dropMonth(database, noun, 1)).toBeNull();
  });

  test('what was saved is read back, and fails for whoever had read an older one', async () => {
    expect(await retentionSettingsOf(database)).toEqual({ days: {}, revision: 0 });
    const revision = await change(database, putRetentionSettings(database, { days: { tasks: 4 }, revision: 0 }, atMs));
    expect(await retentionSettingsOf(database)).toEqual({ days: { tasks: 4 }, revision });
    const late = putRetentionSettings(database, { days: {}, revision: 0 }, atMs);
    await expect(change(database, late)).rejects.toMatchObject({ label: staleRetention });
  });

  test('each look is noted in the place of the one before, and what went is added up', async () => {
    await noteRetentionRun(database, { noun: 'tasks', ranAtMs: 1, keptDays: 30, removed: 5, isBehind: true });
    await noteRetentionRun(database, { noun: 'tasks', ranAtMs: 2, keptDays: 20, removed: 3, isBehind: false });
    await noteRetentionRun(database, { noun: 'alerts', ranAtMs: 3, keptDays: 90, removed: 0, isBehind: false });
    expect(await retentionRuns(database)).toEqual([
      { noun: 'alerts', ranAtMs: 3, keptDays: 90, removed: 0, removedTotal: 0, isBehind: false },
      { noun: 'tasks', ranAtMs: 2, keptDays: 20, removed: 3, removedTotal: 8, isBehind: false },
    ]);
  });
});
