/** The report of a period, through the front door: the same sums as everywhere, safe as a table and as a page, and readable in two languages and any zone. */
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageReport } from '@patchbay/contract/usage-report';
import { parse } from 'csv-parse/sync';
import { UsageTracker } from '../../src/control/usage-tracker.ts';
import { noTokens } from '../../src/domain/ledger.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { reportHtml, reportPolicy } from '../../src/faces/usage/report-html.ts';
import { hitOf, ids, intentOf, settlementOf } from '../storage/ledger-records.ts';
import { openBooksHouse, said, type BooksHouse } from '../support/books-house.ts';
import { origin, type Resident } from '../support/house.ts';

let books: BooksHouse;
beforeAll(async () => {
  books = await openBooksHouse();
  const { ben, lab, connectionId, answered, book } = books;
  // A week in March in which clocks change in New York, and days end at another hour in each zone.
  for (const [index, iso] of [
    '2026-03-06T20:00:00Z',
    '2026-03-07T18:20:00Z',
    '2026-03-08T04:30:00Z',
    '2026-03-08T17:10:00Z',
    '2026-03-09T03:45:00Z',
  ].entries())
    answered(
      {
        userId: ben.id,
        connectionId,
        workspaceId: index % 2 === 0 ? lab : null,
        model: index === 3 ? 'gpt-4o-mini' : 'gpt-4o',
        atMs: Date.parse(iso),
      },
      {
        costNanoUsd: 1_234_567_890 * (index + 1),
        latencyMs: 400 * (index + 1),
        firstByteMs: 100,
        usage: { ...noTokens, tokensIn: 12_345 * (index + 1), tokensOut: 678 },
      },
    );
  const failed = intentOf({ userId: ben.id, connectionId, model: 'gpt-4o', atMs: Date.parse('2026-03-08T10:00:00Z') });
  book(
    failed,
    settlementOf(failed, { reason: 'overloaded', status: 503, usage: noTokens, costNanoUsd: 0, latencyMs: 90, firstByteMs: null }),
  );
  answered(
    { userId: ben.id, provider: 'ollama', model: 'llama3:8b', atMs: Date.parse('2026-03-08T11:00:00Z') },
    { costNanoUsd: null, prices: null },
  );
  book(hitOf({ userId: ben.id, connectionId, model: 'gpt-4o', atMs: Date.parse('2026-03-08T12:00:00Z'), savedNanoUsd: 4_200_000 }));
});
afterAll(() => books.house.close());

const march = 'from=2026-03-06&to=2026-03-09';
const report = async (query: string, person?: Resident): Promise<UsageReport> => {
  const answer = await books.get(`/api/usage/report?${query}`, person);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body.data as unknown as UsageReport;
};

describe('GET /api/usage/report', () => {
  test('200 totals are those of every list, to the nano-dollar', async () => {
    const found = await report(march);
    const nano = (usd: string): bigint => {
      const [whole, part = ''] = usd.split('.');
      return BigInt(whole!) * 1_000_000_000n + BigInt(part.padEnd(9, '0'));
    };
    for (const rows of [found.byConfiguration, found.byProvider, found.byModel, found.byDay]) {
      expect(rows.reduce((sum, { cost }) => sum + nano(cost), 0n)).toBe(nano(found.totals.cost));
      expect(rows.reduce((sum, { requestCount }) => sum + requestCount, 0)).toBe(found.totals.requestCount);
      expect(rows.reduce((sum, { tokenCount }) => sum + tokenCount, 0)).toBe(found.totals.tokenCount);
    }
    expect(found.totals).toMatchObject({
      cost: '18.51851835',
      requestCount: 8,
      attemptCount: 7,
      failureCount: 1,
      unpricedCount: 1,
      cacheHitCount: 1,
      saved: '0.0042',
    });
    expect(found.byConfiguration.map(({ name }) => name)).toEqual(["Ben's OpenAI", null]);
    expect(found.times.failures).toEqual([{ name: 'overloaded', count: 1 }]);
    expect(found.period).toEqual({ from: '2026-03-06T00:00:00.000Z', to: '2026-03-10T00:00:00.000Z', timeZone: 'UTC' });
  });

  test.each([
    ['Asia/Jakarta', [['2026-03-07', 1], ['2026-03-08', 5], ['2026-03-09', 2]]],
    ['America/New_York', [['2026-03-06', 1], ['2026-03-07', 2], ['2026-03-08', 5]]],
    ['Asia/Kathmandu', [['2026-03-07', 1], ['2026-03-08', 6], ['2026-03-09', 1]]],
  ] as const)('200 days are those of %s', async (zone, days) => {
    const { byDay } = await report(`${march}&tz=${zone}`);
    expect(byDay.map(({ key, requestCount }) => [key, requestCount])).toEqual(days);
  }); // prettier-ignore

  test('200 a configuration that was deleted is in it under its name', async () => {
    const made = await books.house.request('POST', '/api/configurations', {
      token: books.ben.token,
      body: { name: 'Soon gone', provider: 'openai', model: 'gpt-4o', apiKey: 'sk-0123456789abcdef' },
    });
    books.answered({ userId: books.ben.id, connectionId: made.at('data.id'), atMs: Date.UTC(2026, 3, 2) });
    await books.house.request('DELETE', `/api/configurations/${made.at('data.id')}`, { token: books.ben.token });
    const { byConfiguration } = await report('from=2026-04-02&to=2026-04-02');
    expect(byConfiguration).toMatchObject([{ key: made.at('data.id'), name: 'Soon gone', requestCount: 1 }]);
  });

  test('200 nobody reads what is not theirs, and filters narrow it', async () => {
    expect((await report(march, books.dan)).totals.requestCount).toBe(0);
    expect((await report(march, books.cat)).totals.requestCount, "her workspace's").toBe(3);
    expect((await report(`${march}&model=gpt-4o-mini`)).byModel.map(({ key }) => key)).toEqual(['gpt-4o-mini']);
  });

  test('400 for what cannot be read, with the field', async () => {
    expect(said(await books.get('/api/usage/report?tz=Nowhere'))).toEqual([400, 'VALIDATION_ERROR', 'tz']);
    expect(said(await books.get('/api/usage/report?format=pdf'))).toEqual([400, 'VALIDATION_ERROR', 'format']);
  });

  test('401 for strangers', async () => {
    expect((await books.house.request('GET', '/api/usage/report')).status).toBe(401);
  });
});

describe('GET /api/usage/report/file', () => {
  test('200 as CSV every line has as many cells as the head, and sums are exact decimals with a point', async () => {
    const answer = await books.get(`/api/usage/report/file?${march}&format=csv&tz=Asia/Jakarta`);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="usage-2026-03-05-2026-03-09.csv"');
    expect(answer.text.split('\r\n').every((line) => !line.includes('\n'))).toBe(true);
    const [head, totals, ...rows] = parse(answer.text);
    expect(head!.slice(0, 4)).toEqual(['part', 'key', 'name', 'requestCount']);
    const cost = head!.indexOf('cost');
    expect([totals![0], totals![cost], totals!.at(-1)]).toEqual(['total', '18.51851835', 'Asia/Jakarta']);
    expect(new Set(rows.map(([part]) => part))).toEqual(new Set(['configuration', 'provider', 'model', 'day']));
    expect(rows.filter(([part]) => part === 'day').map(([, key]) => key)).toEqual(['2026-03-07', '2026-03-08', '2026-03-09']);
  });

  const formulas = ['=cmd|/c calc!A0', '+1+1', '-2+3', '@SUM(1)', '=HYPERLINK("http://x","y")'];
  test.each(formulas)('200 as CSV the model %j is a text to every spreadsheet', async (model) => {
    books.answered({ userId: books.ben.id, model, atMs: Date.UTC(2026, 3, 5) });
    const query = `from=2026-04-05&to=2026-04-05&format=csv&model=${encodeURIComponent(model)}`;
    const rows = parse((await books.get(`/api/usage/report/file?${query}`)).text);
    expect(rows.filter(([part]) => part === 'model').map(([, key]) => key)).toEqual([`'${model}`]);
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+@\t\r]|^-(?!\d+(\.\d+)?$)/);
  });

  test('200 as a page no name is markup, nothing is loaded and nothing runs', async () => {
    const model = '<script>alert(1)</script>"\'&';
    books.answered({ userId: books.ben.id, model, atMs: Date.UTC(2026, 3, 6) });
    const answer = await books.get('/api/usage/report/file?from=2026-04-06&to=2026-04-06&format=html');
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toBe(reportPolicy);
    expect(reportPolicy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='/);
    expect(answer.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
    expect(answer.text).not.toMatch(/<script|<link|<img|style="|onload|src=/);
  });

  test('200 the page is in the language that the reader asks for', async () => {
    const page = async (language: string): Promise<string> =>
      (
        await books.house.request('GET', `/api/usage/report/file?${march}&format=html`, {
          token: books.ada.token,
          headers: { 'accept-language': language },
        })
      ).text;
    expect(await page('id')).toMatch(/<html lang="id">[^]*Penggunaan dan biaya/);
    expect(await page('en')).toMatch(/<html lang="en">[^]*Usage and cost/);
  });

  // Read by eye when they change: words, numbers, money and days of each language and zone.
  test.each(
    ['Asia/Jakarta', 'America/New_York', 'Asia/Kathmandu'].flatMap((zone) =>
      (['en', 'id'] as const).map((language) => [zone, language] as const),
    ),
  )('200 the page for %s in %s is the one that was read', async (zone, language) => {
    const found = await report(`${march}&tz=${zone}`);
    const html = reportHtml({ ...found, generatedAt: '2026-03-31T23:30:00.000Z' }, language);
    await expect(html).toMatchFileSnapshot(`snapshots/usage-report-${zone.split('/')[1]!.toLowerCase()}-${language}.html`);
  });

  test('400 for a format that there is not, and for none', async () => {
    expect(said(await books.get('/api/usage/report/file?format=pdf'))).toEqual([400, 'VALIDATION_ERROR', 'format']);
    expect(said(await books.get('/api/usage/report/file'))).toEqual([400, 'VALIDATION_ERROR', 'format']);
  });

  test('401 for strangers', async () => {
    expect((await books.house.request('GET', '/api/usage/report/file?format=csv')).status).toBe(401);
  });

  const page = '/api/usage/report/file?period=30d&model=a%26b%2F%C3%A9&format=html';
  /** As browsers say it, on a name that they trust; elsewhere they do not say where a request comes from. */
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const opening = { accept, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'same-origin' };

  /** Without whatever a client of ours adds to it. */
  const asked = async (path: string, headers: OutgoingHttpHeaders, method = 'GET'): Promise<IncomingMessage & { text: string }> => {
    const [answer] = (await once(request(books.house.url + path, { method, headers }).end(), 'response')) as [IncomingMessage];
    return Object.assign(answer, { text: await text(answer) });
  };

  test.each([
    ['a browser without a session', opening],
    ['one that says nothing of where it comes from', { accept }],
    ['one whose session is over', { ...opening, cookie: 'patchbay.session_token=gone.gone' }],
  ])('303 leads %s to the door, and from there back', async (_who, headers) => {
    for (const method of ['GET', 'HEAD']) {
      const { statusCode, headers: said, text: body } = await asked(page, headers, method);
      expect({ statusCode, body }).toEqual({ statusCode: 303, body: '' });
      expect(said).toMatchObject({ 'cache-control': 'no-store', 'x-request-id': expect.any(String) as string });
      expect(said['content-type']).toBeUndefined();
      // Beside where it was asked, so that a prefix before it stays, and no name of a host has a say.
      expect(said.location).toMatch(/^(?:\.\.\/){3}login\?to=/);
      const door = new URL(said.location!, `https://patch.example/gw${page}`);
      expect([door.origin, door.pathname, door.searchParams.get('to')]).toEqual(['https://patch.example', '/gw/login', page]);
      expect([...door.searchParams.keys()]).toEqual(['to']);
    }
  });

  test.each([
    ['a page that fetches it', page, { ...opening, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a program', page, {}],
    ['a program that takes anything', page, { accept: '*/*' }],
    ['a program that takes no page', page, { accept: 'application/json, text/html;q=0' }],
    ['a program with a token that opens nothing', page, { ...opening, authorization: 'Bearer pat-pb-nothing' }],
    ['a file that is kept', page.replace('html', 'csv'), opening],
    ['no format at all', page.replace('html', 'pdf'), opening],
    ['what is no page', '/api/usage/report?period=30d&format=html', opening],
  ])('401 stays for %s', async (_what, path, headers) => {
    const { statusCode, headers: said, text: body } = await asked(path, headers);
    expect([statusCode, said.location, said['content-type']]).toEqual([401, undefined, 'application/json; charset=utf-8']);
    expect(JSON.parse(body)).toMatchObject({ error_code: 'UNAUTHENTICATED' });
  });
});

describe('UsageTracker', () => {
  const trackerOf = (person: Resident): UsageTracker => {
    const { deps } = books.house;
    return new UsageTracker(deps, { actor: deps.keeper.snapshot.actorOf(person.id, 'token')!, origin });
  };
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof Refusal)) throw new Error(`not refused: ${String(error)}`);
    return error.code;
  };

  test('recordUsage adds one request, exact to the nano-dollar, and getUsageStats tells of it', async () => {
    const { house, ben } = books;
    const made = await house.request('POST', '/api/configurations', {
      token: ben.token,
      body: { name: 'Tracked', provider: 'openai', model: 'gpt-4o', apiKey: 'sk-0123456789abcdef' },
    });
    const id = made.at('data.id');
    const tracker = trackerOf(ben);
    await tracker.recordUsage(id, { tokensIn: 100, tokensOut: 20, costUSD: '0.000000001', latencyMs: 900 });
    await tracker.recordUsage(id, { tokensIn: 10, tokensOut: 0, costUSD: 0.25, latencyMs: 100, isError: true });
    await tracker.recordUsage(id, { tokensIn: 1, tokensOut: 1, latencyMs: 50, model: 'other' });
    expect(await tracker.getUsageStats(id, '24h')).toMatchObject({
      requestCount: 3,
      tokenCount: 132,
      costUSD: 0.250000001,
      unpricedCount: 1,
      averageLatency: 350,
      errorRate: 1 / 3,
    });
    expect((await tracker.generateUsageReport(ben.id, '24h')).byModel.map(({ key, requestCount }) => [key, requestCount])).toEqual([
      ['gpt-4o', 2],
      ['other', 1],
    ]);
  });

  test('generateUsageReport is of all configurations of the person, and of nobody else for others', async () => {
    const found = await trackerOf(books.ben).generateUsageReport(books.ben.id, 'all');
    expect(new Set(found.byConfiguration.map(({ name }) => name))).toEqual(new Set(["Ben's OpenAI", 'Soon gone', 'Tracked']));
    expect((await trackerOf(books.ada).generateUsageReport(books.ben.id, 'all')).totals).toEqual(found.totals);
    expect((await trackerOf(books.dan).generateUsageReport(books.dan.id, '30d')).totals).toMatchObject({
      requestCount: 0,
      cost: '0',
      lastUsed: null,
    });
    expect(await codeOf(trackerOf(books.dan).generateUsageReport(books.ben.id, '30d'))).toBe('NOT_FOUND');
    expect(await codeOf(trackerOf(books.ada).generateUsageReport(ids.uuid(), '30d'))).toBe('NOT_FOUND');
  });

  test('what is no measure, or of nobody, adds nothing', async () => {
    const { connectionId, ben, dan } = books;
    const metrics = { tokensIn: 1, tokensOut: 1, latencyMs: 1 };
    const before = (await trackerOf(ben).getUsageStats(connectionId, 'all')).requestCount;
    for (const part of [
      { tokensIn: -1 },
      { tokensOut: 1.5 },
      { latencyMs: Number.NaN },
      { costUSD: 'much' },
      { costUSD: -1 },
      { tokensIn: 1e12 },
    ])
      expect(await codeOf(trackerOf(ben).recordUsage(connectionId, { ...metrics, ...part }))).toBe('VALIDATION_ERROR');
    expect(await codeOf(trackerOf(dan).recordUsage(connectionId, metrics))).toBe('NOT_FOUND');
    expect((await trackerOf(ben).getUsageStats(connectionId, 'all')).requestCount).toBe(before);
  });
});
