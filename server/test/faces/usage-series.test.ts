/** Usage over time, through the front door: bars, splits, percentiles and the range before, of what one may see and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageSeries } from '@patchbay/contract/usage-report';
import { noTokens } from '../../src/domain/ledger.ts';
import { intentOf, refusedOf, settlementOf, hitOf } from '../storage/ledger-records.ts';
import { openBooksHouse, rowsOf, said, type BooksHouse } from '../support/books-house.ts';
import type { Resident } from '../support/house.ts';

let books: BooksHouse;
beforeAll(async () => {
  books = await openBooksHouse();
});
afterAll(() => books.house.close());

const series = async (query: string, person?: Resident): Promise<UsageSeries> => {
  const answer = await books.get(`/api/usage/series?${query}`, person);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body.data as unknown as UsageSeries;
};
const at = (iso: string): number => Date.parse(iso);

describe('GET /api/usage/series', () => {
  test('200 every bar of the range is there, used or not, and their sums are the totals', async () => {
    const { ben, answered } = books;
    for (const [day, costNanoUsd] of [[2, 5], [2, 7], [4, 100_000_000_001]] as const)
      answered({ userId: ben.id, model: 'bars', atMs: Date.UTC(2026, 5, day, 12) }, { costNanoUsd }); // prettier-ignore
    const found = await series('model=bars&from=2026-06-01&to=2026-06-05');
    expect(found.spans.map(({ label, requests, costUsd }) => [label, requests, costUsd])).toEqual([
      ['2026-06-01', 0, '0'],
      ['2026-06-02', 2, '0.000000012'],
      ['2026-06-03', 0, '0'],
      ['2026-06-04', 1, '100.000000001'],
      ['2026-06-05', 0, '0'],
    ]);
    expect(found.totals).toMatchObject({ requests: 3, costUsd: '100.000000013', tokensIn: 300, tokensOut: 60 });
    expect(found).toMatchObject({
      from: '2026-06-01T00:00:00.000Z',
      to: '2026-06-06T00:00:00.000Z',
      timeZone: 'UTC',
      bucket: 'day',
      keys: [],
    });
    expect(found.spans.every(({ isRunning }) => !isRunning)).toBe(true);
  });

  test.each([
    ['hour', '2026-06-08', 24],
    ['day', '2026-06-14', 7],
    ['week', '2026-07-05', 4],
    ['month', '2026-08-31', 3],
  ])('200 by the %s of a zone', async (bucket, to, count) => {
    const { spans } = await series(`bucket=${bucket}&from=2026-06-08&to=${to}&tz=Asia/Jakarta`);
    expect(spans).toHaveLength(count);
    expect(spans[0]!.from).toBe('2026-06-07T17:00:00.000Z');
  });

  test('200 a day of 23 hours and a day of 25 hold exactly what happened in them', async () => {
    const { ben, answered } = books;
    const model = 'clocks';
    for (const iso of [
      '2026-03-08T05:00:00Z',
      '2026-03-09T03:59:59Z',
      '2026-03-09T04:00:00Z',
      '2025-11-02T04:00:00Z',
      '2025-11-03T04:59:59Z',
    ])
      answered({ userId: ben.id, model, atMs: at(iso) }, { costNanoUsd: 1 });
    const spring = await series(`model=${model}&from=2026-03-07&to=2026-03-09&tz=America/New_York`);
    expect(spring.spans.map(({ label, requests }) => [label, requests])).toEqual([['2026-03-07', 0], ['2026-03-08', 2], ['2026-03-09', 1]]); // prettier-ignore
    const autumn = await series(`model=${model}&from=2025-11-02&to=2025-11-02&tz=America/New_York&bucket=hour`);
    expect([autumn.spans.length, autumn.spans[0]!.requests, autumn.spans.at(-1)!.requests]).toEqual([25, 1, 1]);
  });

  test('200 the dearest five groups have a series each, all others one, and together they are the cost', async () => {
    const { ben, answered } = books;
    for (let group = 1; group <= 8; group++)
      for (const day of [20, 21])
        answered(
          { userId: ben.id, provider: 'split', model: `split-${group}`, atMs: Date.UTC(2026, 5, day, 9) },
          { costNanoUsd: group * 1_000 + day },
        );
    const { keys, spans, totals } = await series('provider=split&split=model&from=2026-06-20&to=2026-06-22');
    expect(keys).toEqual([8, 7, 6, 5, 4].map((group) => ({ key: `split-${group}`, name: `split-${group}` })));
    expect(spans[0]!.split).toEqual(['0.00000802', '0.00000702', '0.00000602', '0.00000502', '0.00000402', '0.00000606']);
    expect(spans[2]!.split).toEqual(['0', '0', '0', '0', '0', '0']);
    const nano = (usd: string): number => Math.round(Number(usd) * 1e9);
    expect(spans.flatMap(({ split }) => split).reduce((sum, cost) => sum + nano(cost), 0)).toBe(nano(totals.costUsd));
  });

  test('200 what belongs to none is a group of its own, and a name is given where there is one', async () => {
    const { ben, answered, keyId } = books;
    const day = { userId: ben.id, model: 'named', atMs: Date.UTC(2026, 5, 25, 9) };
    answered({ ...day, accessKeyId: keyId }, { costNanoUsd: 1 });
    answered(day, { costNanoUsd: 2 });
    const { keys } = await series('model=named&split=key&from=2026-06-25&to=2026-06-25');
    expect(keys).toEqual([
      { key: null, name: null },
      { key: keyId, name: "Ben's app" },
    ]);
    expect((await series('model=named&keyId=none&from=2026-06-25&to=2026-06-25')).totals.costUsd).toBe('0.000000002');
    expect((await series(`model=named&keyId=none&keyId=${keyId}&from=2026-06-25&to=2026-06-25`)).totals.requests).toBe(2);
  });

  test('200 percentiles of the range and of each bar, speed, failures by class, and what is estimated, unknown and unpriced', async () => {
    const { ben, answered, book } = books;
    const begun = { userId: ben.id, model: 'timed', isStream: true };
    for (let count = 1; count <= 100; count++)
      answered(
        { ...begun, atMs: Date.UTC(2026, 5, 28, 9) },
        { latencyMs: count * 10, firstByteMs: count, usage: { ...noTokens, tokensOut: 90 } },
      );
    const failed = intentOf({ ...begun, atMs: Date.UTC(2026, 5, 29, 9) });
    book(
      failed,
      settlementOf(failed, { reason: 'rate_limited', status: 429, latencyMs: 5, firstByteMs: null, usage: noTokens, costNanoUsd: null }),
    );
    book(
      refusedOf({ userId: ben.id, model: 'timed', atMs: Date.UTC(2026, 5, 29, 9) }),
      hitOf({ userId: ben.id, model: 'timed', atMs: Date.UTC(2026, 5, 29, 9), savedNanoUsd: 40 }),
    );
    const { totals, spans } = await series('model=timed&from=2026-06-28&to=2026-06-29&times=true');
    expect(totals).toMatchObject({ attempts: 102, failures: 1, refusals: 1, unpriced: 1, cacheHits: 1, savedUsd: '0.00000004' });
    const near = (value: number | undefined, exact: number): void =>
      expect(Math.abs(value! - exact)).toBeLessThanOrEqual(exact * 0.02 + 0.5);
    near(totals.times!.latencyMs!.p50, 500);
    near(totals.times!.latencyMs!.p95, 950);
    near(totals.times!.latencyMs!.p99, 990);
    near(totals.times!.firstByteMs!.p95, 95);
    // Ninety tokens after the first byte: the fiftieth slowest took 459 ms for them.
    near(totals.times!.tokensPerSecond!.p50, 90 / 0.459);
    expect(totals.times!.failures).toEqual([{ name: 'rate_limited', count: 1 }]);
    expect(totals.times!.untimed).toBe(0);
    near(spans[0]!.times!.latencyMs!.p95, 950);
    expect(spans[1]!.times!.latencyMs).toMatchObject({ count: 1, p50: 5 });
    expect(spans[1]!.times!.firstByteMs).toBeNull();
    expect((await series('model=timed&from=2026-06-28&to=2026-06-29')).spans[0]!.times).toBeNull();
  });

  test('200 the range before is as long as this one; of a running one, as long as what has passed', async () => {
    const { ben, answered, house } = books;
    answered({ userId: ben.id, model: 'before', atMs: Date.UTC(2026, 4, 3, 9) }, { costNanoUsd: 3 });
    answered({ userId: ben.id, model: 'before', atMs: Date.UTC(2026, 4, 5, 9) }, { costNanoUsd: 4 });
    const { before, totals } = await series('model=before&from=2026-05-05&to=2026-05-06');
    expect([before!.costUsd, totals.costUsd]).toEqual(['0.000000003', '0.000000004']);
    expect((await series('model=before&period=all')).before).toBeNull();
    const nowMs = house.deps.clock.nowMs();
    const today = new Date(nowMs).toISOString().slice(0, 10);
    // Just before as much time as has passed of today.
    answered({ userId: ben.id, model: 'running', atMs: at(today) - (nowMs - at(today)) - 1_800_000 });
    expect((await series(`model=running&from=${today}&to=${today}`)).before!.requests).toBe(0);
  });

  test('200 of all time only what was used is drawn', async () => {
    const { ben, answered } = books;
    answered({ userId: ben.id, model: 'ever', atMs: Date.UTC(2026, 6, 1) });
    const { spans, from } = await series('model=ever&period=all&bucket=month');
    expect(spans.length).toBeLessThan(60);
    expect(at(from)).toBeGreaterThan(Date.UTC(2020, 0, 1));
    expect(spans.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
  });

  test("200 one's own rows, those of workspaces that one administers, and all for administrators", async () => {
    const { ada, ben, cat, dan, lab, answered } = books;
    const day = { atMs: Date.UTC(2026, 6, 3, 9), model: 'seen-series' };
    answered({ ...day, userId: ben.id, workspaceId: lab });
    answered({ ...day, userId: ada.id });
    const seen = async (person: Resident): Promise<number> =>
      (await series('model=seen-series&from=2026-07-03&to=2026-07-03&split=user', person)).totals.requests;
    expect([await seen(ada), await seen(ben), await seen(cat), await seen(dan)]).toEqual([2, 1, 1, 0]);
    expect(
      (await series(`model=seen-series&userId=${ada.id}&from=2026-07-03&to=2026-07-03`, ben)).totals.requests,
      'a filter widens nothing',
    ).toBe(0);
  });

  test('200 the same question is one question while nothing happens, and is asked anew as soon as something did', async () => {
    const { ben, answered } = books;
    const query = 'model=cached&from=2026-07-05&to=2026-07-05';
    const first = await series(query);
    expect((await series(query)).asOf).toBe(first.asOf);
    answered({ userId: ben.id, model: 'cached', atMs: Date.UTC(2026, 6, 5, 9) });
    expect((await series(query)).totals.requests).toBe(1);
    expect((await series(query, ben)).totals.requests, 'nobody is answered with what another may see').toBe(1);
    expect((await series(query, books.dan)).totals.requests).toBe(0);
  });

  test.each([
    ['bucket=minute', 'bucket'],
    ['bucket=hour&period=all', 'bucket'],
    ['split=everything', 'split'],
    ['tz=Mars/Olympus', 'tz'],
    ['from=2026-02-30', 'from'],
    ['keyId=x', 'keyId'],
    ['times=perhaps', 'times'],
    ['nonsense=1', 'nonsense'],
  ])('400 for %s, with the field', async (query, field) => {
    const { ben, answered } = books;
    answered({ userId: ben.id, model: 'old', atMs: Date.UTC(2024, 0, 1) });
    expect(said(await books.get(`/api/usage/series?${query}`))).toEqual([400, 'VALIDATION_ERROR', field]);
  });

  test('401 for strangers', async () => {
    expect((await books.house.request('GET', '/api/usage/series')).status).toBe(401);
  });
});

describe('GET /api/usage with several values and times', () => {
  test('any value of a list fits, several lists must all fit', async () => {
    const { ben, answered, connectionId } = books;
    const day = { userId: ben.id, atMs: Date.UTC(2026, 6, 8, 9) };
    answered({ ...day, model: 'list-a', connectionId });
    answered({ ...day, model: 'list-b' });
    answered({ ...day, model: 'list-c' });
    const count = async (filter: string): Promise<number> =>
      rowsOf(await books.get(`/api/usage?groupBy=model&from=2026-07-08&to=2026-07-08&${filter}`)).length;
    expect(await count('model=list-a&model=list-b')).toBe(2);
    expect(await count(`model=list-a&model=list-b&connectionId=${connectionId}`)).toBe(1);
    expect(await count('model=list-a&model=list-b&connectionId=none')).toBe(1);
    expect(await count('model=list-a&model=list-b&connectionId=none&purpose=probe')).toBe(0);
  });

  test('groups have their percentiles where they are asked for', async () => {
    const { ben, answered } = books;
    for (const latencyMs of [100, 200, 300])
      answered({ userId: ben.id, model: 'group-times', atMs: Date.UTC(2026, 6, 9, 9) }, { latencyMs });
    const query = '/api/usage?groupBy=model&model=group-times&from=2026-07-09&to=2026-07-09';
    const [row] = rowsOf(await books.get(`${query}&times=true`));
    expect(row).toMatchObject({ times: { latencyMs: { count: 3, p95: expect.any(Number) as number }, untimed: 0 } });
    expect(rowsOf(await books.get(query))[0]!.times).toBeUndefined();
  });
});
