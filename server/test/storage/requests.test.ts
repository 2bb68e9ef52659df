/** The list of requests: every request once, newest first, page by page, and only what one may see. */
import { beforeAll, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import {
  attemptsOf,
  listRequests,
  readCursor,
  requestSummary,
  writeCursor,
  type ListedRequest,
  type RequestsQuestion,
} from '../../src/storage/requests.ts';
import { onBothEngines } from './engines.ts';
import { castOf, ids, intentOf, randomRecords, refusedOf, seedConnections, settlementOf, startMs, type Cast } from './ledger-records.ts';

onBothEngines('requests', (bench) => {
  let database: Database;
  let books: Books;
  let cast: Cast;
  let records: LedgerRecord[];
  let nowMs = 1_000;
  const apply = async (more: readonly LedgerRecord[]): Promise<void> => {
    await applyRecords(
      database,
      books,
      more.map((record, index) => ({ seq: books.appliedSeq + index + 1, record })),
      (nowMs += 1),
    );
  };
  const page = (part: Partial<RequestsQuestion> = {}): ReturnType<typeof listRequests> =>
    listRequests(database, { visibility: 'all', cursor: null, limit: 100, ...part });
  const all = async (part: Partial<RequestsQuestion> = {}): Promise<ListedRequest[]> => {
    const rows: ListedRequest[] = [];
    let cursor: RequestsQuestion['cursor'] = null;
    for (let pages = 0; pages < 500; pages++) {
      const found: Awaited<ReturnType<typeof listRequests>> = await page({ ...part, cursor });
      rows.push(...found.rows);
      cursor = found.nextCursor;
      if (!cursor) return rows;
    }
    throw new Error('the pages do not end');
  };
  const requestIds = (rows: readonly ListedRequest[]): string[] => rows.map(({ last }) => last.requestId);

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    ({ books } = await openBooks(database, ids.uuid(), nowMs));
    cast = castOf(await seedConnections(database.driver, 2));
    records = randomRecords(31, 260, cast);
    for (let from = 0; from < records.length; from += 400) await apply(records.slice(from, from + 400));
  });

  const finished = (): string[] => {
    const intents = new Map(records.filter((record) => record.kind === 'intent').map((record) => [record.id, record]));
    return records.flatMap((record) =>
      record.kind === 'refused' || record.kind === 'hit'
        ? [record.requestId]
        : record.kind === 'settle' && record.isLast
          ? [intents.get(record.id)!.requestId]
          : [],
    );
  };

  test.each([1, 7, 100, 500])('pages of %i have every finished request once, newest first', async (limit) => {
    const rows = await all({ limit });
    expect(requestIds(rows).toSorted()).toEqual(finished().toSorted());
    const keys = rows.map(({ last }) => `${String(last.atMs).padStart(15, '0')}${last.id}`);
    expect(keys).toEqual(keys.toSorted().toReversed());
  });

  test('a row sums its attempts and shows its last one', async () => {
    const first = intentOf({ atMs: startMs + 50 * 86_400_000 });
    const second = intentOf({ requestId: first.requestId, attemptNo: 2, atMs: first.atMs + 900, connectionId: cast.connections[1]! });
    await apply([
      first,
      settlementOf(first, { isLast: false, reason: 'overloaded', status: 503, costNanoUsd: 10 }),
      second,
      settlementOf(second, { costNanoUsd: 32, status: 200 }),
    ]);
    const { rows } = await page({ fromMs: first.atMs, toMs: first.atMs + 1_000 });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ attempts: 2, tokensIn: 200, tokensOut: 40, costNanoUsd: 42, startedAtMs: first.atMs });
    expect(rows[0]!.last).toMatchObject({
      id: second.id,
      requestId: first.requestId,
      connectionId: cast.connections[1],
      status: 200,
      state: 'settled',
      isLast: true,
    });
    const attempts = await attemptsOf(database, first.requestId, 'all');
    expect(attempts.map(({ id, status, reason }) => [id, status, reason])).toEqual([[first.id, 503, 'overloaded'], [second.id, 200, null]]); // prettier-ignore
  });

  test.each([
    ['a failed attempt that cost nothing does not make an answer without a price free', [{ reason: 'overloaded', status: 503, costNanoUsd: 0 }, { costNanoUsd: null, prices: null }], null],
    ['what an attempt without a price cost is not left out of a sum', [{ reason: 'stalled', status: 504, costNanoUsd: null, prices: null }, { costNanoUsd: 32 }], null],
    ['attempts that cost nothing cost nothing together', [{ reason: 'dns', status: 502, costNanoUsd: 0 }, { costNanoUsd: 0 }], 0],
  ] as const)('%s', async (_name, endings, costNanoUsd) => {
    const first = intentOf({ atMs: startMs + 52 * 86_400_000 });
    const second = intentOf({ requestId: first.requestId, attemptNo: 2, atMs: first.atMs + 1 });
    await apply([first, settlementOf(first, { isLast: false, ...endings[0] }), second, settlementOf(second, endings[1])]);
    const { rows } = await page({ fromMs: first.atMs, toMs: first.atMs + 2 });
    const row = rows.find(({ last }) => last.requestId === first.requestId);
    expect(row).toMatchObject({ attempts: 2, costNanoUsd });
    expect(await requestSummary(database, first.requestId)).toMatchObject({ costNanoUsd });
  }); // prettier-ignore

  test('an attempt that is still open when another has answered takes no cost away', async () => {
    const late = intentOf({ atMs: startMs + 53 * 86_400_000 });
    const answering = intentOf({ requestId: late.requestId, attemptNo: 2, atMs: late.atMs + 1 });
    await apply([late, answering, settlementOf(answering, { costNanoUsd: 32 })]);
    expect(await requestSummary(database, late.requestId)).toMatchObject({ costNanoUsd: 32 });
  });

  test('a refused request has no attempt, and a request without a price no cost', async () => {
    const refused = refusedOf({ atMs: startMs + 51 * 86_400_000 });
    const unpriced = intentOf({ atMs: startMs + 51 * 86_400_000 + 1 });
    await apply([refused, unpriced, settlementOf(unpriced, { costNanoUsd: null, prices: null })]);
    const { rows } = await page({ fromMs: refused.atMs, toMs: refused.atMs + 2 });
    expect(rows.map(({ attempts, costNanoUsd, last }) => [last.requestId, attempts, costNanoUsd, last.state])).toEqual([
      [unpriced.requestId, 1, null, 'settled'],
      [refused.requestId, 0, null, 'refused'],
    ]);
  });

  test('rows that come while one turns pages neither repeat nor hide older ones', async () => {
    const range = { fromMs: startMs, toMs: startMs + 10 * 86_400_000 };
    const before = requestIds(await all({ ...range, limit: 500 }));
    const first = await page({ ...range, limit: 20 });
    const newcomer = refusedOf({ atMs: range.toMs - 1 });
    await apply([newcomer]);
    const rest: string[] = [];
    for (let { nextCursor } = first; nextCursor;) {
      const next = await page({ ...range, limit: 20, cursor: readCursor(writeCursor(nextCursor)) });
      rest.push(...requestIds(next.rows));
      nextCursor = next.nextCursor;
    }
    expect([...requestIds(first.rows), ...rest]).toEqual(before);
    expect(requestIds((await page({ ...range, limit: 1 })).rows)).toEqual([newcomer.requestId]);
  });

  test('each filter takes what it names', async () => {
    const every = await all({ limit: 500 });
    const same = async (part: Partial<RequestsQuestion>, keep: (row: ListedRequest) => boolean): Promise<void> => {
      const kept = requestIds(every.filter(keep));
      expect(kept.length).toBeGreaterThan(0);
      expect(requestIds(await all({ ...part, limit: 500 }))).toEqual(kept);
    };
    // Asked before other tests add rows: everything that is listed now.
    await same({ connectionId: cast.connections[0]! }, ({ last }) => last.connectionId === cast.connections[0]);
    await same({ accessKeyId: cast.keys[1]! }, ({ last }) => last.accessKeyId === cast.keys[1]);
    await same({ userId: cast.users[1]! }, ({ last }) => last.userId === cast.users[1]);
    await same({ workspaceId: cast.workspaces[0]! }, ({ last }) => last.workspaceId === cast.workspaces[0]);
    await same({ model: 'gpt-4o-mini' }, ({ last }) => last.model === 'gpt-4o-mini');
    await same({ status: 502 }, ({ last }) => last.status === 502);
    await same({ state: 'refused' }, ({ last }) => last.state === 'refused');
    await same({ state: 'partial', model: 'o3' }, ({ last }) => last.state === 'partial' && last.model === 'o3');
    await same(
      { fromMs: startMs + 86_400_000, toMs: startMs + 2 * 86_400_000 },
      ({ last }) => last.atMs >= startMs + 86_400_000 && last.atMs < startMs + 2 * 86_400_000,
    );
  });

  test.each([150, 260])('a filter that takes %i dimensions lists all of its requests in order, page by page', async (count) => {
    const userId = ids.uuid();
    const records = Array.from({ length: count }, (_, index) => refusedOf({ userId, accessKeyId: ids.uuid(), atMs: startMs - 90 * 86_400_000 + (index % 40) })); // prettier-ignore
    await apply(records);
    const expected = records.toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1)).map(({ requestId }) => requestId);
    expect(requestIds(await all({ userId, limit: 37 }))).toEqual(expected);
    expect(requestIds(await all({ visibility: { userId, workspaceIds: [] }, limit: 500 }))).toEqual(expected);
    expect(requestIds(await all({ visibility: { userId, workspaceIds: [] }, model: 'none-of-them' }))).toEqual([]);
  });

  test("one sees one's own and one's workspaces' requests; a stranger's request looks like none", async () => {
    const every = await all({ limit: 500 });
    const userId = cast.users[0]!;
    const workspaceId = cast.workspaces[0]!;
    expect(requestIds(await all({ visibility: { userId, workspaceIds: [] } }))).toEqual(
      requestIds(every.filter(({ last }) => last.userId === userId)),
    );
    const both = await all({ visibility: { userId, workspaceIds: [workspaceId] } });
    expect(requestIds(both)).toEqual(requestIds(every.filter(({ last }) => last.userId === userId || last.workspaceId === workspaceId)));
    const other = every.find(({ last }) => last.userId === cast.users[1] && last.workspaceId === null && last.attemptNo > 0)!;
    expect(await attemptsOf(database, other.last.requestId, { userId, workspaceIds: [workspaceId] })).toEqual([]);
    expect((await attemptsOf(database, other.last.requestId, 'all')).length).toBeGreaterThan(0);
    expect(await attemptsOf(database, ids.uuid(), 'all')).toEqual([]);
  });

  test('a page is never longer than 500 rows nor shorter than one', async () => {
    await apply(Array.from({ length: 520 }, () => refusedOf({ atMs: startMs + 60 * 86_400_000 })));
    const many = await page({ limit: 9_999, fromMs: startMs + 60 * 86_400_000 });
    expect(many.rows).toHaveLength(500);
    expect(many.nextCursor).not.toBeNull();
    expect((await page({ limit: 0 })).rows).toHaveLength(1);
    const rest = await page({ limit: 500, fromMs: startMs + 60 * 86_400_000, cursor: many.nextCursor });
    expect(rest.rows).toHaveLength(20);
    expect(rest.nextCursor).toBeNull();
  });
});

test.each([
  '',
  'x',
  '12',
  '12.abc',
  "1.'; DROP",
  '-1.0190a5b0-0000-7000-8000-000000000000',
  '9999999999999999.0190a5b0-0000-7000-8000-000000000000',
])('%j is no cursor', (text) => {
  expect(readCursor(text)).toBeNull();
});
