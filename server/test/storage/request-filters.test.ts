/** Filters of the explorer: each takes exactly what a look at every row takes, alone and together, page by page, and counted in bars. */
import { beforeAll, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { histogramOf, type HistogramQuestion } from '../../src/storage/request-histogram.ts';
import type { RequestFilter } from '../../src/storage/request-filters.ts';
import { listRequests, requestSummary, type ListedRequest, type RequestsQuestion } from '../../src/storage/requests.ts';
import { insertViolations } from '../../src/storage/violations.ts';
import { onBothEngines } from './engines.ts';
import { castOf, ids, intentOf, randomRecords, refusedOf, seedConnections, settlementOf, startMs, type Cast } from './ledger-records.ts';

const dayMs = 86_400_000;

onBothEngines('filters of requests', (bench) => {
  let database: Database;
  let books: Books;
  let cast: Cast;
  let every: ListedRequest[];
  let nowMs = 1_000;
  const groupId = ids.uuid();
  const useCaseId = ids.uuid();
  const found = new Set<string>();
  const apply = (more: readonly LedgerRecord[]): Promise<unknown> =>
    applyRecords(
      database,
      books,
      more.map((record, index) => ({ seq: books.appliedSeq + index + 1, record })),
      (nowMs += 1),
    );
  const all = async (part: Partial<RequestsQuestion> = {}): Promise<ListedRequest[]> => {
    const rows: ListedRequest[] = [];
    let cursor: RequestsQuestion['cursor'] = null;
    for (let pages = 0; pages < 2_000; pages++) {
      const page: Awaited<ReturnType<typeof listRequests>> = await listRequests(database, {
        visibility: 'all',
        cursor,
        limit: 40,
        ...part,
      });
      rows.push(...page.rows);
      cursor = page.nextCursor;
      if (!cursor) return rows;
    }
    throw new Error('the pages do not end');
  };
  const idsOf = (rows: readonly ListedRequest[]): string[] => rows.map(({ last }) => last.requestId);

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    ({ books } = await openBooks(database, ids.uuid(), nowMs));
    cast = castOf(await seedConnections(database.driver, 2));
    const records = randomRecords(47, 300, cast);
    for (let from = 0; from < records.length; from += 400) await apply(records.slice(from, from + 400));
    const more: LedgerRecord[] = [];
    for (let count = 0; count < 60; count++) {
      const intent = intentOf({
        atMs: startMs + count * 7_000_000,
        userId: cast.users[count % 2]!,
        routingGroupId: count % 3 === 0 ? groupId : null,
        useCaseId: count % 4 === 0 ? useCaseId : null,
        purpose: count % 5 === 0 ? 'chat' : 'completion',
        clientRequestId: `order-${count % 6}`,
      });
      const changed = count % 6 === 0 ? [{ parameter: 'logit_bias', what: 'dropped' as const }] : null;
      const end = { latencyMs: count * 100, costNanoUsd: count * 1_000, changed, status: count % 7 === 0 ? 429 : 200, reason: null };
      more.push(intent, settlementOf(intent, end));
      if (count % 8 === 0) found.add(intent.requestId);
    }
    await apply(more);
    await insertViolations(
      database,
      [...found].map((requestId) => ({
        id: ids.uuid(), atMs: startMs, policyId: ids.uuid(), policyName: 'Rule', action: 'log', isBlocked: false, severity: 'LOW', stage: 'prompt',
        facts: [], requestId, workspaceId: null, repositoryId: null, accessKeyId: null, userId: null, connectionId: null, provider: null, model: null, host: null,
      })),
    ); // prettier-ignore
    every = await all();
  });

  type Keep = (row: ListedRequest) => boolean;
  const isFailed: Keep = ({ last }) => last.status === null || last.status >= 400 || last.state !== 'settled';
  const isRefused: Keep = ({ last }) => last.state === 'refused';
  const filters: [Partial<RequestFilter>, Keep][] = [
    [{ outcome: 'failed' }, isFailed],
    [{ outcome: 'ok' }, (row) => !isFailed(row)],
    [{ outcome: '4xx' }, ({ last }) => last.status !== null && last.status >= 400 && last.status < 500],
    [{ outcome: '5xx' }, ({ last }) => last.status !== null && last.status >= 500],
    [{ status: 429 }, ({ last }) => last.status === 429],
    [{ status: 200 }, ({ last }) => last.status === 200],
    [{ state: 'partial' }, ({ last }) => last.state === 'partial'],
    [{ isChanged: true }, ({ last }) => last.changed !== null],
    [{ hasViolations: true }, ({ last }) => found.has(last.requestId)],
    [{ minLatencyMs: 4_000 }, ({ last }) => (last.latencyMs ?? 0) >= 4_000],
    [{ minCostNanoUsd: 30_000 }, ({ last }) => (last.costNanoUsd ?? 0) >= 30_000],
    [{ routingGroupId: groupId }, ({ last }) => last.routingGroupId === groupId],
    [{ routingGroupId: groupId, outcome: 'failed' }, (row) => row.last.routingGroupId === groupId && isFailed(row)],
    [{ useCaseId }, ({ last }) => last.useCaseId === useCaseId],
    [{ purpose: 'chat' }, ({ last }) => last.purpose === 'chat'],
    [{ useCaseId, isChanged: true, minLatencyMs: 1_000 }, ({ last }) => last.useCaseId === useCaseId && last.changed !== null && (last.latencyMs ?? 0) >= 1_000],
    [{ useCaseId, outcome: 'failed' }, (row) => row.last.useCaseId === useCaseId && isFailed(row)],
    [{ hasViolations: true, isChanged: true }, ({ last }) => found.has(last.requestId) && last.changed !== null],
  ]; // prettier-ignore

  test.each(filters.map(([filter, keep]) => [JSON.stringify(Object.keys(filter)), filter, keep] as const))(
    '%s takes what a look at every row takes, and its bars count the same',
    async (_names, filter, keep) => {
      const kept = every.filter(keep);
      expect(kept.length).toBeGreaterThan(0);
      expect(idsOf(await all(filter))).toEqual(idsOf(kept));
      const question: HistogramQuestion = {
        visibility: 'all',
        ...filter,
        fromMs: startMs - dayMs,
        toMs: startMs + 40 * dayMs,
        barMs: 3_600_000,
      };
      const { bars, countedFromMs } = await histogramOf(database, question);
      expect(countedFromMs).toBe(question.fromMs);
      const within = kept.filter(({ last }) => last.atMs >= question.fromMs && last.atMs < question.toMs);
      expect(bars.reduce((sum, { requests }) => sum + requests, 0)).toBe(within.length);
      expect(bars.reduce((sum, { failed }) => sum + failed, 0)).toBe(within.filter(isFailed).length);
      expect(bars.reduce((sum, { refused }) => sum + refused, 0)).toBe(within.filter(isRefused).length);
    },
  );

  test('whoever sees some rows only finds and counts those by every filter', async () => {
    const visibility = { userId: cast.users[0]!, workspaceIds: [cast.workspaces[0]!] };
    const isSeen: Keep = ({ last }) => last.userId === visibility.userId || last.workspaceId === visibility.workspaceIds[0];
    for (const [filter, keep] of filters) {
      const kept = every.filter((row) => keep(row) && isSeen(row));
      expect(idsOf(await all({ ...filter, visibility })), JSON.stringify(filter)).toEqual(idsOf(kept));
      const { bars } = await histogramOf(database, { ...filter, visibility, fromMs: 0, toMs: startMs + 400 * dayMs, barMs: 7 * dayMs });
      expect(
        bars.reduce((sum, { requests }) => sum + requests, 0),
        JSON.stringify(filter),
      ).toBe(kept.length);
    }
  });

  test.each([60_000, 900_000, dayMs])('bars of %i ms have every request in its own bar, from sums or from rows', async (barMs) => {
    const [fromMs, toMs] = [Math.floor(startMs / dayMs) * dayMs, Math.floor(startMs / dayMs) * dayMs + 5 * dayMs];
    const { bars } = await histogramOf(database, { visibility: 'all', fromMs, toMs, barMs });
    const expected = new Map<number, [number, number, number]>();
    for (const row of every) {
      if (row.last.atMs < fromMs || row.last.atMs >= toMs) continue;
      const at = fromMs + Math.floor((row.last.atMs - fromMs) / barMs) * barMs;
      const [requests, failed, refused] = expected.get(at) ?? [0, 0, 0];
      expected.set(at, [requests + 1, failed + (isFailed(row) ? 1 : 0), refused + (isRefused(row) ? 1 : 0)]);
    }
    expect(bars.map(({ atMs, requests, failed, refused }) => [atMs, requests, failed, refused])).toEqual(
      [...expected].toSorted(([a], [b]) => a - b).map(([atMs, counts]) => [atMs, ...counts]),
    );
    expect(bars.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(0);
  });

  test('a search finds a request by the beginning of its id, and by all of what its client called it', async () => {
    const { last } = every.find((row) => row.last.clientRequestId === 'order-3')!;
    expect(idsOf(await all({ search: last.requestId }))).toEqual([last.requestId]);
    expect(idsOf(await all({ search: ` ${last.requestId.slice(0, 23).toUpperCase()} ` }))).toContain(last.requestId);
    expect(idsOf(await all({ search: 'order-3' }))).toEqual(idsOf(every.filter((row) => row.last.clientRequestId === 'order-3')));
    expect(await all({ search: 'order-' })).toEqual([]);
    expect(await all({ search: "' OR 1=1 --" })).toEqual([]);
    expect(await all({ search: last.requestId, visibility: { userId: ids.uuid(), workspaceIds: [] } })).toEqual([]);
    expect(idsOf(await all({ search: 'order-3', minLatencyMs: 3_000 })).length).toBeLessThan(10);
  });

  test('one request by itself is as the list shows it', async () => {
    expect(await requestSummary(database, every[3]!.last.requestId)).toEqual(every[3]);
    expect(await requestSummary(database, ids.uuid())).toBeUndefined();
  });

  test('a filter that no index knows looks a bounded way, says how far, and goes on from there', async () => {
    const userId = ids.uuid();
    const longAgoMs = startMs - 900 * dayMs;
    const rare = refusedOf({ userId, atMs: longAgoMs, reason: 'rare', status: 418 });
    await apply([rare]);
    await apply(Array.from({ length: 1_500 }, (_, at) => refusedOf({ userId, atMs: longAgoMs + 1 + at * 10, status: 429, latencyMs: 1 })));
    const question = { visibility: 'all' as const, userId, status: 418, limit: 10 };
    const looks = [200, 600];
    const first = await listRequests(database, { ...question, cursor: null }, looks);
    expect(first).toMatchObject({ rows: [], searchedToMs: expect.any(Number) as number });
    expect(first.searchedToMs).toBe(first.nextCursor!.atMs);
    const second = await listRequests(database, { ...question, cursor: first.nextCursor }, looks);
    expect(idsOf((await listRequests(database, { ...question, cursor: null })).rows)).toEqual([rare.requestId]);
    expect([idsOf(second.rows), second.nextCursor, second.searchedToMs]).toEqual([[rare.requestId], null, null]);
    // Bars of a range that is too busy are counted from its newer end, and say from where.
    const range = { visibility: 'all' as const, userId, fromMs: longAgoMs, toMs: longAgoMs + 120_000, barMs: 60_000 };
    const { bars, countedFromMs } = await histogramOf(database, range, 500);
    expect(countedFromMs).toBeGreaterThan(longAgoMs);
    expect(bars.reduce((sum, { requests }) => sum + requests, 0)).toBe(501);
    const whole = await histogramOf(database, range);
    expect([whole.countedFromMs, whole.bars.reduce((sum, { requests }) => sum + requests, 0)]).toEqual([longAgoMs, 1_501]);
  });
});
