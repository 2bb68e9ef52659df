/** What each kind of rule sees, from real rows on both engines, and how often it would have fired in the last week. */
import { beforeAll, describe, expect, test } from 'vitest';
import { previewOf } from '../../src/control/alert-preview.ts';
import { readingsOf, spikeOf, type AlertReading, type LocalState } from '../../src/control/alert-readings.ts';
import type { AlertKind, AlertRule, AlertThreshold } from '../../src/domain/alert.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { spanOf, type Limit, type MoneyPeriod } from '../../src/domain/limit.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { Snapshot } from '../../src/domain/snapshot.ts';
import { createPriceBook } from '../../src/providers/prices.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import { writeLimitEvents } from '../../src/storage/limit-events.ts';
import { spentByInstance } from '../../src/storage/limit-spent.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { insertViolations } from '../../src/storage/violations.ts';
import { onBothEngines } from '../storage/engines.ts';
import { intentOf, settlementOf } from '../storage/ledger-records.ts';
import { connectionAt, ids, newConnection, newKey, newPerson, newWorkspace, theOrganization } from '../storage/rows.ts';

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

  describe('budgets', () => {
    const used = async (period: MoneyPeriod): Promise<number> => {
      const spent = await spentByInstance(database, { kind: 'user', id: userId }, spanOf(period, 'UTC', nowMs).fromMs);
      return spent.reduce((sum, one) => sum + one.settledNanoUsd + one.unknownNanoUsd + one.openNanoUsd, 0);
    };
    const limit = (value: number, period: MoneyPeriod = 'day', id = userId): Limit => ({
      id: ids.uuid(), subject: { kind: 'user', id }, kind: 'money', period, value, softPercent: null, isShadow: false,
    }); // prettier-ignore
    /** The rules' view while these are the limits. */
    async function under<Seen>(limits: Limit[], look: () => Promise<Seen>): Promise<Seen> {
      const rows = limits.map((one) => ({ id: one.id!, limit: one, isGone: false }));
      snapshot.limits.put(rows);
      try {
        return await look();
      } finally {
        snapshot.limits.put(rows.map((row) => ({ ...row, isGone: true })));
      }
    }
    const event = (subjectId: string, atMs: number, part: { used: number; value: number; event: 'soft' | 'refused' }) => ({
      id: ids.uuid(), atMs, limitId: null, subject: { kind: 'user' as const, id: subjectId }, kind: 'money' as const, period: 'day' as const, times: 1, ...part,
    }); // prettier-ignore

    test('that nobody was told of are near their limit by what is spent, for those who may know of them', async () => {
      const value = Math.round((await used('day')) / 0.85);
      await under([limit(value), limit(value * 4), limit(value, 'day', ids.uuid())], async () => {
        const readings = await met(rule('budget', { value: 80 }));
        expect(readings).toMatchObject([{ details: { subject: 'Sari', limit: 80, period: 'day' } }]);
        expect(readings[0]!.details.value).toBeCloseTo(85, 3);
        expect(await met(rule('budget', { value: 90 }))).toEqual([]);
        expect(await met(rule('budget', { value: 80 }, { owner: { scope: 'user', id: userId } }))).toHaveLength(1);
        expect(await see(rule('budget', { value: 80 }, { owner: { scope: 'workspace', id: workspaceId } }))).toEqual([]);
      });
    });

    test('end as causes when they are raised, and when they are taken away; one of all times is met in any month', async () => {
      const value = await used('day');
      const one = limit(value);
      expect(await under([one], () => met(rule('budget', { value: 100 })))).toHaveLength(1);
      expect(await under([{ ...one, value: value * 10 }], () => met(rule('budget', { value: 80 })))).toEqual([]);
      expect(await see(rule('budget', { value: 80 }))).toEqual([]);
      expect(await under([limit(Math.ceil((await used('total')) / 0.9), 'total')], () => met(rule('budget', { value: 85 })))).toHaveLength(
        1,
      );
    });

    test('of keys count like any other, while the key serves', async () => {
      const key = await newKey(database, userId, { budgetNanoUsd: 1_000_000, name: 'web' });
      const dead = await newKey(database, userId, { budgetNanoUsd: 1_000_000, expiresAtMs: nowMs - 1 });
      const seen = new Snapshot();
      seen.apply(await loadDelta(database, -1));
      const { books } = await openBooks(database, ids.uuid(), nowMs);
      const records = [key, dead].flatMap(({ id }) => traffic(line, nowMs - 2000, 0, '', { accessKeyId: id, userId: null, workspaceId: null }).slice(0, 2));
      await applyRecords(database, books, records.map((record, at) => ({ seq: at + 1, record })), nowMs); // prettier-ignore
      const readings = await readingsOf({ database, snapshot: seen, nowMs, local: here, prices }, rule('budget', { value: 80 }));
      expect(readings).toMatchObject([{ isMet: true, details: { subject: 'web', value: 100, period: 'total' } }]);
    }); // prettier-ignore

    test('of which there are many are met all the same', async () => {
      const many = Array.from({ length: 250 }, () => limit(1_000, 'day', ids.uuid()));
      const day = await used('day');
      const near = await under([...many, limit(Math.round(day / 0.85))], () => see(rule('budget', { value: 80 })));
      expect(near).toMatchObject([{ isMet: true, details: { subject: 'Sari' } }]);
    });

    test('that refused somebody for want of the rest are used up, as long as they are the same; a large request alone is no such sign', async () => {
      const value = Math.round((await used('day')) / 0.5);
      await writeLimitEvents(database, [
        event(userId, nowMs - 1000, { used: value * 0.95, value, event: 'refused' }),
        event(userId, nowMs - 1500, { used: value * 0.1, value: value * 3, event: 'refused' }),
        event(userId, nowMs - 2 * dayMs, { used: value * 2, value: value * 2, event: 'refused' }),
      ]);
      const percentOf = (of: number) => under([limit(of)], async () => (await see(rule('budget', { value: 80 })))[0]!.details.value);
      expect(await percentOf(value)).toBe(100);
      expect(await percentOf(value * 2)).toBeCloseTo(25, 3);
      expect(await percentOf(value * 3)).toBeCloseTo(50 / 3, 3);
      await writeLimitEvents(database, [event(userId, nowMs - 2000, { used: 81, value: 100, event: 'soft' })]);
      expect(await times(rule('budget', { value: 80 }))).toBe(2);
    });

    test('of which there are many count what is set aside, and what they refused, as few do', async () => {
      const [busy, unpriced, refused] = [ids.uuid(), ids.uuid(), ids.uuid()] as const;
      const { books } = await openBooks(database, ids.uuid(), nowMs);
      const underWay = intentOf({ connectionId: line, atMs: nowMs - 1000, userId: busy, workspaceId: null, reservedNanoUsd: 900 });
      const settled = intentOf({ connectionId: line, atMs: nowMs - 1000, userId: unpriced, workspaceId: null, reservedNanoUsd: 850 });
      const records = [underWay, settled, settlementOf(settled, { costNanoUsd: null, isLast: true })];
      await applyRecords(database, books, records.map((record, at) => ({ seq: at + 1, record })), nowMs); // prettier-ignore
      await writeLimitEvents(database, [event(refused, nowMs - 1000, { used: 950, value: 1_000, event: 'refused' })]);
      const own = [busy, unpriced, refused].map((id) => limit(1_000, 'day', id));
      const percents = async (limits: Limit[]) =>
        (await under(limits, () => met(rule('budget', { value: 80 })))).map(({ details }) => details.value ?? 0).toSorted((a, b) => a - b);
      expect(await percents(own)).toEqual([85, 90, 100]);
      expect(await percents([...Array.from({ length: 250 }, () => limit(1_000, 'day', ids.uuid())), ...own])).toEqual([85, 90, 100]);
    });
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
