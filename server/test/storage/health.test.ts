/** Health at rest: states that are never overwritten unseen, incidents, checks and their sums, and what is forgotten when, on both engines. */
import { beforeAll, describe, expect, test } from 'vitest';
import { newHealth, type Health } from '../../src/domain/health.ts';
import { tookClasses } from '../../src/domain/latency-classes.ts';
import { writeAudit } from '../../src/storage/changes.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import {
  checkSteps,
  halfHourMs,
  incidentsIn,
  keptMs,
  newestChecks,
  stripBuckets,
  sweepHealth,
  tookOf,
  type HealthCheckRow,
} from '../../src/storage/health-history.ts';
import { healthSettingsAbove, healthSettingsOf, putHealthSettings, staleHealthSettings } from '../../src/storage/health-settings.ts';
import { allHealth, healthOfMany, healthSteps, healthWrittenAfter, staleHealth, type HealthWrite } from '../../src/storage/health.ts';
import { pausesOf } from '../../src/storage/pauses.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { findShare, goneShare, insertShare, listShares, revokeShare, shareByHash } from '../../src/storage/status-shares.ts';
import { deleteWorkspace } from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, changeConnection, entryOf, ids, newConnection, newHash, newPerson, newWorkspace } from './rows.ts';
import { checkRow } from '../support/check-row.ts';

const dayMs = 86_400_000;

onBothEngines('health', (bench) => {
  let database: Database;
  let userId: string;
  const write = (...writes: HealthWrite[]) => database.driver.write(healthSteps(database, writes, atMs));
  const connection = (): Promise<string> => newConnection(database, userId);
  const failing: Health = {
    ...newHealth(atMs),
    state: 'failing',
    sinceMs: atMs - 1000,
    consecutiveFailures: 5,
    lastFault: 'server_error',
    lastStatus: 500,
  };

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database, { name: 'Budi' });
  });

  describe('states', () => {
    test('come back as they were written, with what the rules remember', async () => {
      const id = await connection();
      const after: Health = {
        ...failing,
        memory: { ...failing.memory, history: [1, 2, 3], kind: 'failing', window: { fromMs: 5, good: 1, bad: 2 } },
      };
      await write({ key: { connectionId: id, model: '' }, before: null, after, incident: null });
      await write({ key: { connectionId: id, model: 'gpt-4o' }, before: null, after: newHealth(atMs), incident: null });
      const rows = await healthOfMany(database, [id]);
      expect(rows.toSorted((a, b) => a.model.length - b.model.length)).toMatchObject([
        { ...after, connectionId: id, model: '', version: 1, updatedAtMs: atMs },
        { connectionId: id, model: 'gpt-4o', state: 'unknown' },
      ]);
      expect((await allHealth(database, { withModels: false })).filter(({ connectionId }) => connectionId === id)).toHaveLength(1);
      expect((await allHealth(database, { withModels: true })).filter(({ connectionId }) => connectionId === id)).toHaveLength(2);
    });

    test('of two that decide on the same state the second is told, and nothing of its batch is kept', async () => {
      const [id, other] = [await connection(), await connection()];
      const key = { connectionId: id, model: '' };
      await write({ key, before: null, after: newHealth(atMs), incident: null });
      const [seen] = await healthOfMany(database, [id]);
      await write({ key, before: seen!, after: { ...newHealth(atMs), state: 'healthy' }, incident: null });
      const late: HealthWrite[] = [
        { key: { connectionId: other, model: '' }, before: null, after: failing, incident: null },
        { key, before: seen!, after: failing, incident: null },
      ];
      const refused = await write(...late).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StaleWrite);
      expect((refused as StaleWrite).label).toBe(staleHealth);
      expect(await healthOfMany(database, [id, other])).toMatchObject([{ connectionId: id, state: 'healthy', version: 2 }]);
      await expect(write({ key, before: null, after: failing, incident: null })).rejects.toBeInstanceOf(StaleWrite);
    });

    test('that were written since a moment are found by other instances', async () => {
      const id = await connection();
      await database.driver.write(
        healthSteps(database, [{ key: { connectionId: id, model: '' }, before: null, after: failing, incident: null }], atMs + 500_000),
      );
      expect(await healthWrittenAfter(database, atMs + 499_999, 10)).toMatchObject([
        { connectionId: id, state: 'failing', sinceMs: failing.sinceMs },
      ]);
      expect(await healthWrittenAfter(database, atMs + 500_000, 10)).toEqual([]);
    });

    test('do not raise the revision of the configuration', async () => {
      const before = (await loadDelta(database, 0)).revision;
      const id = await connection();
      const made = (await loadDelta(database, 0)).revision;
      await write({ key: { connectionId: id, model: '' }, before: null, after: failing, incident: null });
      expect([made > before, (await loadDelta(database, 0)).revision]).toEqual([true, made]);
    });
  });

  test('an illness begins one incident, ends it, and begins the next', async () => {
    const id = await connection();
    const key = { connectionId: id, model: '' };
    const begins = (state: 'failing' | 'auth', fromMs: number) => ({ id: ids.uuid(), state, fault: 'auth' as const, status: 401, fromMs });
    await write({ key, before: null, after: failing, incident: { endsAtMs: null, begins: begins('failing', atMs) } });
    const [open] = await healthOfMany(database, [id]);
    await write({ key, before: open!, after: failing, incident: { endsAtMs: atMs + 60_000, begins: begins('auth', atMs + 60_000) } });
    const question = { connectionId: id, fromMs: atMs - dayMs, toMs: atMs + dayMs, limit: 10 };
    expect(await incidentsIn(database, question)).toMatchObject([
      { state: 'auth', fromMs: atMs + 60_000, untilMs: null, status: 401, fault: 'auth' },
      { state: 'failing', fromMs: atMs, untilMs: atMs + 60_000 },
    ]);
    expect(await incidentsIn(database, { ...question, limit: 1 })).toHaveLength(1);
    expect(await incidentsIn(database, { ...question, fromMs: atMs + 60_000 })).toHaveLength(1);
    expect(await incidentsIn(database, { ...question, toMs: atMs })).toEqual([]);
  });

  describe('checks', () => {
    const check = (part: Partial<HealthCheckRow>): HealthCheckRow =>
      checkRow({
        id: ids.uuid(),
        atMs,
        connectionId: '',
        ...part,
      });

    test('are summed by half hour and by day, and what was skipped is in no sum', async () => {
      const id = await connection();
      const bucket = Math.floor(atMs / halfHourMs) * halfHourMs;
      const rows = [
        check({ connectionId: id, latencyMs: 90 }),
        check({ connectionId: id, latencyMs: 400, isSlow: true }),
        check({ connectionId: id, outcome: 'failed', fault: 'dns', latencyMs: 9_000 }),
        check({ connectionId: id, outcome: 'skipped', fault: 'rate_limited' }),
        check({ connectionId: id, atMs: bucket + halfHourMs }),
      ];
      await database.driver.write(checkSteps(rows.slice(0, 3)));
      await database.driver.write(checkSteps(rows.slice(3)));
      const question = { connectionId: id, fromMs: bucket - dayMs, toMs: bucket + dayMs };
      expect(await stripBuckets(database, { ...question, spanMs: halfHourMs })).toEqual([
        { connectionId: id, atMs: bucket, checks: 3, failures: 1, slow: 1, latencyMsSum: 490 },
        { connectionId: id, atMs: bucket + halfHourMs, checks: 1, failures: 0, slow: 0, latencyMsSum: 120 },
      ]);
      expect(await stripBuckets(database, { ...question, spanMs: dayMs })).toMatchObject([{ checks: 4, failures: 1, latencyMsSum: 610 }]);
      const counts = (await tookOf(database, { ...question, spanMs: dayMs })).get(id)!;
      expect(counts).toHaveLength(tookClasses.length);
      expect(counts.reduce((all, count) => all + count, 0)).toBe(3);
      expect((await stripBuckets(database, { ...question, connectionId: null, spanMs: dayMs })).length).toBeGreaterThan(0);
      expect(await newestChecks(database, { connectionId: id, limit: 2 })).toMatchObject([{ atMs: bucket + halfHourMs }, { atMs }]);
    });

    test('that were written before change nothing in the list of checks', async () => {
      const id = await connection();
      const row = check({ connectionId: id, requestId: ids.uuid(), kind: 'completion', costNanoUsd: 12, model: 'm\u0000odel' });
      await database.driver.write(checkSteps([row]).slice(0, 1));
      await database.driver.write(checkSteps([row]).slice(0, 1));
      expect(await newestChecks(database, { connectionId: id, limit: 5 })).toMatchObject([
        { id: row.id, model: 'model', costNanoUsd: 12, requestId: row.requestId },
      ]);
    });

    test('are forgotten: those that passed after two days, those that failed when retention says so, their sums and incidents much later', async () => {
      const id = await connection();
      const nowMs = atMs + 1000 * dayMs;
      const ages = [keptMs.passedChecks + 1, 30 * dayMs, keptMs.halfHours + dayMs, keptMs.days + dayMs, 1000];
      for (const ageMs of ages) {
        await database.driver.write(
          checkSteps([
            check({ connectionId: id, atMs: nowMs - ageMs }),
            check({ connectionId: id, atMs: nowMs - ageMs, outcome: 'failed' }),
          ]),
        );
      }
      const key = { connectionId: id, model: '' };
      const begins = { id: ids.uuid(), state: 'failing' as const, fault: null, status: null, fromMs: nowMs - keptMs.incidents - 2 };
      await write({ key, before: null, after: failing, incident: { endsAtMs: null, begins } });
      const [row] = await healthOfMany(database, [id]);
      await write({ key, before: row!, after: failing, incident: { endsAtMs: nowMs - keptMs.incidents - 1, begins: null } });
      for (let batch = 0; batch < 20; batch++) await sweepHealth(database, nowMs);
      const left = await newestChecks(database, { connectionId: id, limit: 50 });
      const kept = (outcome: string): number[] => left.filter((one) => one.outcome === outcome).map((one) => nowMs - one.atMs);
      expect(kept('ok')).toEqual([1000]);
      expect(kept('failed')).toEqual(ages.toSorted((a, b) => a - b));
      const question = { connectionId: id, fromMs: 0, toMs: nowMs + dayMs };
      expect(
        (await stripBuckets(database, { ...question, spanMs: halfHourMs })).every((one) => one.atMs > nowMs - keptMs.halfHours - dayMs),
      ).toBe(true);
      expect((await stripBuckets(database, { ...question, spanMs: dayMs })).length).toBe(4);
      expect(await incidentsIn(database, { ...question, limit: 10 })).toEqual([]);
    });

    test('of a connection that was deleted: its state goes, and its open incident ends', async () => {
      const [id, left] = [await connection(), await connection()];
      const begins = { id: ids.uuid(), state: 'failing' as const, fault: null, status: null, fromMs: atMs };
      await write({ key: { connectionId: id, model: '' }, before: null, after: failing, incident: { endsAtMs: null, begins } });
      await write({ key: { connectionId: left, model: '' }, before: null, after: failing, incident: null });
      await database.driver.run({ sql: 'UPDATE ai_configurations SET deleted_at = $1 WHERE id = $2', params: [atMs, id] }, 'write');
      await sweepHealth(database, atMs + 1000);
      expect((await healthOfMany(database, [id, left])).map(({ connectionId }) => connectionId)).toEqual([left]);
      expect(await incidentsIn(database, { connectionId: id, fromMs: 0, toMs: atMs + dayMs, limit: 5 })).toMatchObject([
        { untilMs: atMs + 1000 },
      ]);
    });
  });

  test('the installation says how often, with a revision that two writers cannot both use', async () => {
    expect(await healthSettingsOf(database)).toEqual({ everyS: 60, way: 'models', revision: 0 });
    const revision = await change(database, putHealthSettings(database, { everyS: 120, way: 'completion', revision: 0 }, atMs));
    expect(await healthSettingsOf(database)).toEqual({ everyS: 120, way: 'completion', revision });
    expect((await loadDelta(database, revision - 1)).healthSettings).toMatchObject({ everyS: 120 });
    expect(await healthSettingsAbove(database, revision)).toBeUndefined();
    const stale = change(database, putHealthSettings(database, { everyS: 30, way: 'models', revision: 0 }, atMs));
    await expect(stale).rejects.toMatchObject({ label: staleHealthSettings });
  });

  test('who switched a connection off is read from the audit log', async () => {
    const id = await connection();
    const noted = (at: number, changes: Record<string, { before?: unknown; after?: unknown }>) =>
      writeAudit(database, entryOf({ id: ids.uuid(), atMs: at, subjectType: 'connection', subjectId: id, outcome: 'success', changes }));
    await noted(atMs, { isActive: { before: true, after: false } });
    await noted(atMs + 1, { isActive: { before: false, after: true } });
    await noted(atMs + 2, { isActive: { before: true, after: false } });
    await noted(atMs + 3, { name: { before: 'a', after: 'b' } });
    expect((await pausesOf(database, [id])).get(id)?.atMs).toBe(atMs + 2);
    expect((await pausesOf(database, [])).size).toBe(0);
    await changeConnection(database, id, { isActive: false });
    expect((await pausesOf(database, [ids.uuid()])).size).toBe(0);
  });

  describe('links to status pages', () => {
    const share = (part: Partial<Parameters<typeof insertShare>[1]> = {}) => ({
      id: ids.uuid(),
      name: 'Wall',
      workspaceId: null,
      last4: 'abcd',
      createdBy: userId,
      createdAtMs: atMs,
      expiresAtMs: null,
      ...part,
    });

    test('are found by the hash of their token until they end or are revoked', async () => {
      const hash = newHash();
      const made = share({ expiresAtMs: atMs + 1000 });
      await database.driver.write([insertShare(database, made, hash)]);
      expect(await shareByHash(database, hash, atMs)).toMatchObject({
        id: made.id,
        name: 'Wall',
        creatorName: 'Budi',
        workspaceName: null,
      });
      expect(await shareByHash(database, hash, atMs + 1000)).toBeUndefined();
      expect(await shareByHash(database, newHash(), atMs)).toBeUndefined();
      await database.driver.write([revokeShare(database, made.id, atMs)]);
      expect(await shareByHash(database, hash, atMs)).toBeUndefined();
      await expect(database.driver.write([revokeShare(database, made.id, atMs)])).rejects.toMatchObject({ label: goneShare });
    });

    test('are listed for the workspaces that one may see, and end with their workspace', async () => {
      const workspaceId = await newWorkspace(database, 'Marketing');
      const [own, foreign] = [share({ workspaceId }), share()];
      await database.driver.write([insertShare(database, own, newHash()), insertShare(database, foreign, newHash())]);
      expect((await listShares(database, [workspaceId], atMs)).map(({ id }) => id)).toEqual([own.id]);
      expect((await listShares(database, 'all', atMs)).map(({ id }) => id)).toEqual(expect.arrayContaining([own.id, foreign.id]));
      expect(await listShares(database, [], atMs)).toEqual([]);
      expect(await findShare(database, own.id, atMs)).toMatchObject({ workspaceName: 'Marketing' });
      await change(database, deleteWorkspace(database, workspaceId, atMs));
      expect(await findShare(database, own.id, atMs)).toBeUndefined();
    });
  });
});
