/** What limits leave behind and begin with, on both engines: events of a month, the attempts of the last minute, sums of any size. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StorageFault, UniqueViolation, UnfitParameter } from '../../src/storage/errors.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import type { Intent, LedgerRecord } from '../../src/domain/ledger.ts';
import { eventsOn, writeLimitEvents, type LimitEventRow } from '../../src/storage/limit-events.ts';
import { forgetChunk, sweptRowsMax } from '../../src/storage/retention.ts';
import { askLeases, leasedUseOf } from '../../src/storage/limit-leases.ts';
import { recentAttempts } from '../../src/storage/limit-recent.ts';
import { spentByInstance } from '../../src/storage/limit-spent.ts';
import { onBothEngines } from './engines.ts';
import { hitOf, intentOf, refusedOf, seedConnections, settlementOf, startMs } from './ledger-records.ts';
import { atMs, ids } from './rows.ts';

onBothEngines('events of limits', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const eventOf = (part: Partial<LimitEventRow> = {}): LimitEventRow => ({
    id: ids.uuid(),
    atMs,
    limitId: null,
    subject: { kind: 'user', id: ids.uuid() },
    kind: 'requests',
    period: 'minute',
    event: 'refused',
    times: 1,
    used: 60,
    value: 60,
    ...part,
  });
  const idsOn = async (subject: LimitEventRow['subject'], limit = 100, sinceMs = 0): Promise<string[]> =>
    (await eventsOn(database, subject, { sinceMs, limit })).map(({ id }) => id);

  test('come back with numbers as large as budgets are, and belong to one subject of one kind', async () => {
    const id = ids.uuid();
    const largest = Number.MAX_SAFE_INTEGER;
    const money = eventOf({ subject: { kind: 'user', id }, kind: 'money', period: 'total', times: largest, used: largest, value: largest });
    const other = eventOf({ subject: { kind: 'workspace', id }, limitId: ids.uuid() });
    await writeLimitEvents(database, [money, other]);
    expect(await eventsOn(database, money.subject, { sinceMs: 0, limit: 9 })).toEqual([money]);
    expect(await eventsOn(database, other.subject, { sinceMs: 0, limit: 9 })).toEqual([other]);
    expect(await idsOn({ kind: 'connection', id })).toEqual([]);
  });

  test('of one moment have one order, the newest first, and no more of them come than were asked for', async () => {
    const subject = { kind: 'group' as const, id: ids.uuid() };
    const rows = Array.from({ length: 9 }, (_, at) => eventOf({ subject, atMs: atMs + Math.floor(at / 3) }));
    await writeLimitEvents(database, rows);
    const expected = rows.map(({ id }) => id).toReversed();
    expect(await idsOn(subject)).toEqual(expected);
    for (const limit of [1, 4, 9]) expect(await idsOn(subject, limit)).toEqual(expected.slice(0, limit));
    expect(await idsOn(subject, 9, atMs + 1)).toEqual(expected.slice(0, 6));
  });

  test('are written together or not at all', async () => {
    const subject = { kind: 'user' as const, id: ids.uuid() };
    const good = eventOf({ subject });
    await writeLimitEvents(database, [good]);
    const write = (...more: LimitEventRow[]): Promise<void> => writeLimitEvents(database, [eventOf({ subject }), ...more]);
    await expect(write(good)).rejects.toBeInstanceOf(UniqueViolation);
    await expect(write(eventOf({ event: 'warned' as 'soft' }))).rejects.toBeInstanceOf(StorageFault);
    await expect(write(eventOf({ used: Number.POSITIVE_INFINITY }))).rejects.toBeInstanceOf(UnfitParameter);
    expect(await idsOn(subject)).toEqual([good.id]);
  });

  test('are forgotten to the millisecond, in bounded numbers, the oldest first', async () => {
    const subject = { kind: 'access-key' as const, id: ids.uuid() };
    const beforeMs = atMs - 400 * 86_400_000;
    const old = Array.from({ length: sweptRowsMax + 3 }, (_, at) => eventOf({ subject, atMs: beforeMs - 6_000 + at }));
    const edge = eventOf({ subject, atMs: beforeMs });
    await writeLimitEvents(database, [...old.toReversed(), edge]);
    const first = await forgetChunk(database, 'limit-events', beforeMs, null);
    expect(first).toMatchObject({ removed: sweptRowsMax });
    expect(await idsOn(subject, 9)).toEqual([edge.id, ...old.slice(sweptRowsMax).map(({ id }) => id).toReversed()]); // prettier-ignore
    expect(await forgetChunk(database, 'limit-events', beforeMs, first.next)).toEqual({ removed: 3, next: null });
    expect(await idsOn(subject, 9)).toEqual([edge.id]);
    await forgetChunk(database, 'limit-events', beforeMs + 1, null);
    expect(await idsOn(subject)).toEqual([]);
  });
});

onBothEngines('the books of limits', (bench) => {
  let database: Database;
  let books: Books;
  let connectionId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    ({ books } = await openBooks(database, ids.uuid(), 1_000));
    [connectionId] = (await seedConnections(database.driver, 1)) as [string];
  });
  const apply = async (records: readonly LedgerRecord[]): Promise<void> => {
    for (let from = 0; from < records.length; from += 400) {
      const part = records.slice(from, from + 400).map((record, at) => ({ seq: books.appliedSeq + at + 1, record }));
      await applyRecords(database, books, part, 1_001 + books.appliedSeq);
    }
  };
  const settled = (part: Partial<Intent>, costNanoUsd: number | null): LedgerRecord[] => {
    const intent = intentOf({ connectionId, ...part });
    return [intent, settlementOf(intent, { costNanoUsd })];
  };

  test('the last minute begins after its first moment, in the order of time, and holds attempts of people alone', async () => {
    const sinceMs = startMs + 20 * 86_400_000;
    const [requestId, accessKeyId, userId, workspaceId, routingGroupId] = Array.from({ length: 5 }, () => ids.uuid());
    const who = { requestId, accessKeyId, userId, workspaceId, routingGroupId };
    const at = (ms: number, part: Partial<Intent> = {}): Intent & { kind: 'intent' } =>
      intentOf({ connectionId, ...who, atMs: sinceMs + ms, ...part });
    const [second, first] = [at(9, { attemptNo: 2 }), at(9)];
    const open = at(30, { purpose: 'chat', requestId: ids.uuid(), routingGroupId: null });
    const ofHouse = [at(12, { purpose: 'probe' }), at(13, { purpose: 'health' })];
    await apply([second, first, settlementOf(first, { isLast: false }), settlementOf(second), open, ...ofHouse, at(0)]);
    await apply([refusedOf({ atMs: sinceMs + 20 }), hitOf({ connectionId, atMs: sinceMs + 21 })]);
    const attempt = { atMs: sinceMs + 9, requestId, accessKeyId, userId, workspaceId, connectionId, routingGroupId, tokens: 120 };
    const expected = [attempt, attempt, { ...attempt, atMs: sinceMs + 30, requestId: open.requestId, routingGroupId: null, tokens: 0 }];
    expect(await recentAttempts(database, sinceMs)).toEqual(expected);
    expect(await recentAttempts(database, sinceMs + 9)).toEqual(expected.slice(2));
    expect(await recentAttempts(database, sinceMs + 30)).toEqual([]);
  });

  describe('money that no number holds', () => {
    const largest = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
    test.each(['user', 'group'] as const)(
      'spent by a %s is the most that a budget can be, so that the largest is used up and the books can be read',
      async (kind) => {
        const id = ids.uuid();
        const part = kind === 'user' ? { userId: id } : { routingGroupId: id };
        await apply(Array.from({ length: 1_001 }, () => settled({ ...part, reservedNanoUsd: 5 }, largest)).flat());
        const [spent] = await spentByInstance(database, { kind, id }, 0);
        expect(spent).toMatchObject({ settledNanoUsd: Number.MAX_SAFE_INTEGER, unknownNanoUsd: 0, openNanoUsd: 0 });
      },
    );

    test('used by several instances leaves nothing for the next one, and is no failure', async () => {
      const [runId, subject] = [ids.uuid(), { kind: 'workspace' as const, id: ids.uuid() }];
      const meter = { subject, kind: 'money' as const, period: 'total' as const, fromMs: 0 };
      const ask = (instanceId: string, part: { limit: number | null; used: number; wanted: number }) =>
        askLeases(database, { instanceId, runId }, [{ ...meter, ...part }]);
      const most = Number.MAX_SAFE_INTEGER;
      for (let instance = 0; instance < 3; instance++) await ask(ids.uuid(), { limit: null, used: most, wanted: most });
      const late = ids.uuid();
      expect(await leasedUseOf(database, meter, { instanceId: late, runId })).toBe(most);
      expect(await ask(late, { limit: most, used: 7, wanted: 100 })).toEqual([{ share: 7, othersShare: most, othersUsed: most }]);
    });

    test('counts to the last nano-dollar below that', async () => {
      const id = ids.uuid();
      const parts = Array.from({ length: 999 }, () => settled({ userId: id }, largest));
      await apply([...parts, settled({ userId: id }, 1)].flat());
      const [spent] = await spentByInstance(database, { kind: 'user', id }, 0);
      expect(BigInt(spent!.settledNanoUsd)).toBe(BigInt(largest) * 999n + 1n);
    });
  });
});
