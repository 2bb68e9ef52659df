/** What each kind of rule sees, from real rows on both engines, and how often it would have fired in the last week. */
import { beforeAll, describe, expect, test } from 'vitest';
import { previewOf } from '../../src/control/alert-preview.ts';
import { readingsOf, spikeOf, type AlertReading, type LocalState } from '../../src/control/alert-readings.ts';
import type { AlertKind, AlertRule, AlertThreshold } from '../../src/domain/alert.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { Snapshot } from '../../src/domain/snapshot.ts';
import { createPriceBook } from '../../src/providers/prices.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import { writeLimitEvents } from '../../src/storage/limit-events.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { insertViolations } from '../../src/storage/violations.ts';
import { onBothEngines } from '../storage/engines.ts';
import { intentOf, settlementOf } from '../storage/ledger-records.ts';
import { connectionAt, ids, newConnection, newPerson, newWorkspace, theOrganization } from '../storage/rows.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.UTC(2026, 10, 20, 12, 5);
const prices = createPriceBook({ clock: systemClock });
const here: LocalState = { diskFreePercent: 40, databaseMs: 3, instance: 'i', instanceName: 'gateway-1' };

onBothEngines('rules see', (bench) => {
  let database: Database;
  let snapshot: Snapshot;
  let [line, other, userId, workspaceId] = ['', '', '', ''];
  let organization: Owner;

  const rule = (kind: AlertKind, threshold: AlertThreshold = {}, part: Partial<AlertRule> = {}): AlertRule => ({
    id: ids.uuid(), owner: organization, name: null, kind, threshold, connectionId: null, severity: 'warning', channelIds: null, repeatS: null, cooldownS: 0,
    isAutoResolved: true, mutedUntilMs: null, isActive: true, createdBy: null, createdAtMs: 0, updatedAtMs: 0, revision: 1, ...part,
  }); // prettier-ignore
  const see = (of: AlertRule, local = here) => readingsOf({ database, snapshot, nowMs, local, prices }, of);
  const met = async (of: AlertRule, local = here): Promise<AlertReading[]> => (await see(of, local)).filter(({ isMet }) => isMet);
  const times = (of: AlertRule) => previewOf({ database, keeper: { snapshot }, clock: { nowMs: () => nowMs } }, of);

  /** Ten attempts through a connection, some of which failed. */
  const traffic = (connectionId: string, atMs: number, failures: number, reason = 'server_error', part = {}): LedgerRecord[] =>
    Array.from({ length: 10 }, (_, at): LedgerRecord[] => {
      const intent = intentOf({ connectionId, atMs: atMs + at, userId, workspaceId, ...part });
      return [
        intent,
        settlementOf(intent, {
          reason: at < failures ? reason : null,
          status: at < failures ? 500 : 200,
          latencyMs: 100 * (at + 1),
          costNanoUsd: 1_000_000,
        }),
      ];
    }).flat();

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    organization = { scope: 'organization', id: await theOrganization(database) };
    userId = await newPerson(database, { name: 'Sari' });
    workspaceId = await newWorkspace(database);
    line = await newConnection(database, userId, { name: 'Line', secretSetAtMs: nowMs - 200 * dayMs });
    other = await newConnection(database, userId, { name: 'Other', secretSetAtMs: nowMs - dayMs });
    snapshot = new Snapshot();
    snapshot.apply(await loadDelta(database, -1));
    const { books } = await openBooks(database, ids.uuid(), nowMs);
    const lost = intentOf({ connectionId: line, atMs: nowMs - hourMs, userId, workspaceId });
    const records = [
      ...traffic(line, nowMs - 60_000, 4),
      ...traffic(other, nowMs - 60_000, 4, 'bad_request', { userId: null, workspaceId: null }),
      ...traffic(line, nowMs - 3 * dayMs, 8),
      ...traffic(line, nowMs - 5 * dayMs, 9),
      lost,
    ];
    await applyRecords(database, books, records.map((record, at) => ({ seq: at + 1, record })), nowMs); // prettier-ignore
    await markUnknown(database, books, records.length, nowMs, nowMs);
  });

  describe('the error rate', () => {
    test('of each connection, without what is the caller’s own doing', async () => {
      expect(await see(rule('error-rate', { value: 20, windowS: 300 }))).toEqual(
        expect.arrayContaining([
          { subject: line, isMet: true, connectionId: line, details: { subject: 'Line', value: 40, limit: 20, windowS: 300 } },
          { subject: other, isMet: false, connectionId: other, details: { subject: 'Other', value: 0, limit: 20, windowS: 300 } },
        ]),
      );
    });
    test('of one’s own traffic, of one connection, and of the window alone', async () => {
      const own = await see(rule('error-rate', { value: 20, windowS: 300 }, { owner: { scope: 'workspace', id: workspaceId } }));
      expect(own.map(({ subject }) => subject)).toEqual([line]);
      expect((await see(rule('error-rate', {}, { connectionId: other }))).map(({ subject }) => subject)).toEqual([other]);
      expect(await see(rule('error-rate', { windowS: 60 }, { owner: { scope: 'user', id: ids.uuid() } }))).toEqual([]);
      expect(await times(rule('error-rate', { value: 50, windowS: 3600 }))).toBe(2);
      expect(await times(rule('error-rate', { value: 20, windowS: 3600 }))).toBe(3);
    });
  });

  test('the slowest answers: what one good answer in twenty exceeds', async () => {
    const [reading] = await see(rule('latency', { value: 900, windowS: 300 }, { connectionId: line }));
    // Four of ten failed, so six times are left: 500 to 1000.
    expect(reading).toMatchObject({ subject: line, isMet: true, details: { value: 1000, limit: 900 } });
    expect(await times(rule('latency', { value: 900, windowS: 3600 }))).toBeGreaterThan(0);
  });

  test('spending of the day and of the month, of a connection or of everything, and a cause for each of them', async () => {
    const [day] = await see(rule('spend', { value: 20_000_000, period: 'day' }));
    expect(day).toMatchObject({ isMet: true, details: { value: 20_000_000, period: 'day' } });
    const [month] = await see(rule('spend', { value: 41_000_000, period: 'month' }, { connectionId: line }));
    expect(month).toMatchObject({ isMet: false, details: { subject: 'Line', value: 30_000_000, period: 'month' } });
    expect(day!.subject).not.toBe(month!.subject);
    expect(await times(rule('spend', { value: 5_000_000, period: 'day' }))).toBe(3);
  });

  test('unknown outcomes, by their number', async () => {
    expect(await met(rule('ledger-unknown', { value: 1, windowS: 86_400 }))).toMatchObject([{ details: { value: 1 } }]);
    expect(await met(rule('ledger-unknown', { value: 2, windowS: 86_400 }))).toEqual([]);
    expect(await times(rule('ledger-unknown', { value: 1, windowS: 3600 }))).toBe(1);
  });

  test('a connection that is ill, by what health says, and how often it was', async () => {
    const { driver } = database;
    const row = [line, 'auth', nowMs - 500, nowMs];
    await driver.run({ sql: "INSERT INTO connection_health (connection_id, state, since, updated_at) VALUES ($1, $2, $3, $4)", params: row }, 'write'); // prettier-ignore
    for (const [from, until] of [[nowMs - dayMs, nowMs - dayMs + 120_000], [nowMs - 2 * dayMs, nowMs - 2 * dayMs + 5_000], [nowMs - 9 * dayMs, nowMs - 9 * dayMs + hourMs]]) // prettier-ignore
      await driver.run({ sql: "INSERT INTO health_incidents (id, connection_id, state, from_at, until_at) VALUES ($1, $2, 'failing', $3, $4)", params: [ids.uuid(), line, from, until] }, 'write'); // prettier-ignore
    expect(await met(rule('connection-failing'))).toMatchObject([{ subject: line, details: { subject: 'Line', reason: 'auth' } }]);
    expect(await met(rule('connection-failing', {}, { owner: { scope: 'user', id: ids.uuid() } }))).toEqual([]);
    // Five seconds are too short for a rule that waits a minute, and nine days are too long ago.
    expect([await times(rule('connection-failing', { windowS: 60 })), await times(rule('connection-failing', { windowS: 0 }))]).toEqual([
      1, 2,
    ]);
  });

  test('the age of keys: a new key is another cause', async () => {
    const [reading] = await met(rule('key-age', { value: 180 }));
    expect(reading).toMatchObject({ connectionId: line, details: { subject: 'Line', value: 200, limit: 180 } });
    expect(reading!.subject).toContain(String((await connectionAt(database, line)).secretSetAtMs));
    expect([await times(rule('key-age', { value: 198 })), await times(rule('key-age', { value: 180 }))]).toEqual([1, 0]);
  });

  test('budgets that are neared, in the running period alone', async () => {
    const event = (subjectId: string, atMs: number, used: number, event_: 'soft' | 'refused') => ({
      id: ids.uuid(), atMs, limitId: null, subject: { kind: 'user' as const, id: subjectId }, kind: 'money' as const, period: 'day' as const, event: event_, times: 1, used, value: 100,
    }); // prettier-ignore
    await writeLimitEvents(database, [event(userId, nowMs - 1000, 85, 'soft'), event(userId, nowMs - 2000, 81, 'soft'), event(ids.uuid(), nowMs - 2 * dayMs, 99, 'refused')]); // prettier-ignore
    expect(await see(rule('budget', { value: 80 }))).toMatchObject([{ isMet: true, details: { subject: 'Sari', value: 85, limit: 80 } }]);
    expect(await see(rule('budget', { value: 80 }, { owner: { scope: 'workspace', id: workspaceId } }))).toEqual([]);
    expect(await met(rule('budget', { value: 90 }, { owner: { scope: 'user', id: userId } }))).toEqual([]);
    expect(await times(rule('budget', { value: 80 }))).toBe(2);
  });

  test('what policies found beyond what they only log', async () => {
    const found = (action: 'log' | 'block', atMs: number) => ({
      id: ids.uuid(), atMs, policyId: line, policyName: 'No keys', action, isBlocked: false, severity: 'LOW' as const, stage: 'prompt' as const, facts: [], requestId: ids.uuid(),
      workspaceId, repositoryId: null, accessKeyId: null, userId, connectionId: null, provider: null, model: null, host: null,
    }); // prettier-ignore
    await insertViolations(database, [found('log', nowMs - 1), found('block', nowMs - 2), found('block', nowMs - 3), found('block', nowMs - dayMs)]); // prettier-ignore
    expect(await met(rule('policy', { value: 2, windowS: 900 }))).toMatchObject([{ details: { subject: 'No keys', value: 2, limit: 2 } }]);
    expect([await times(rule('policy', { value: 2, windowS: 900 })), await times(rule('policy', { value: 1, windowS: 900 }))]).toEqual([
      1, 2,
    ]);
  });

  test('prices that are far from the known ones', async () => {
    const entry = (model: string, input: number) => ({ id: ids.uuid(), provider: 'openai', model, connectionId: null, validFromMs: 0, validUntilMs: null, tiers: [{ fromTokensIn: 0, prices: { input, output: input } }] }); // prettier-ignore
    snapshot.prices.put(entry('gpt-4o', 2_500_000_000_000));
    snapshot.prices.put(entry('gpt-4o-mini', 150_000_000));
    snapshot.prices.put(entry('nobody-knows', 1));
    expect((await met(rule('price-band'))).map(({ details }) => details.subject)).toEqual(['openai/gpt-4o']);
    expect(await times(rule('price-band'))).toBe(null);
  });

  test('the disk and the database of their own machine', async () => {
    expect(await met(rule('disk', { value: 10 }))).toEqual([]);
    expect(await met(rule('disk', { value: 10 }), { ...here, diskFreePercent: 4 })).toMatchObject([
      { subject: 'i', details: { subject: 'gateway-1', value: 4 } },
    ]);
    expect(await see(rule('disk'), { ...here, diskFreePercent: null })).toEqual([]);
    expect(await met(rule('database', { value: 100 }), { ...here, databaseMs: 250 })).toMatchObject([
      { details: { reason: 'slow', value: 250 } },
    ]);
    expect(await met(rule('database', { value: 100 }), { ...here, databaseMs: null })).toMatchObject([{ details: { reason: 'away' } }]);
  });
});

describe('a jump in spending', () => {
  const hours = (count: number, cost: number) =>
    Array.from({ length: count }, (_, at) => ({ bucket: nowMs - (at + 3) * hourMs, costNanoUsd: cost }));
  test('is how many times the usual hour the last one is', () => {
    const last = { bucket: nowMs - 300_000, costNanoUsd: 70 };
    expect(spikeOf([...hours(10, 10), last], nowMs)).toEqual({ times: 7, lastNanoUsd: 70 });
  });
  test('is not known where too few hours were spent in', () => expect(spikeOf(hours(5, 10), nowMs)).toBe(null));
  test('is none where nothing was spent lately', () => expect(spikeOf(hours(10, 10), nowMs)).toEqual({ times: 0, lastNanoUsd: 0 }));
});
