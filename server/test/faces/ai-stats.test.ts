/** S3's statistics by day and minute, through the front door: the documents' shape, its filters, and nobody else's rows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AiStatsRow } from '@patchbay/contract/ai-stats';
import { PatchbayClient } from '@patchbay/client';
import type { Violation } from '../../src/domain/policy.ts';
import { noTokens } from '../../src/domain/ledger.ts';
import { insertViolations } from '../../src/storage/violations.ts';
import { ids, intentOf, settlementOf } from '../storage/ledger-records.ts';
import { openBooksHouse, said, type BooksHouse } from '../support/books-house.ts';
import type { Resident } from '../support/house.ts';

let books: BooksHouse;
let repositoryId: string;
const at = Date.UTC(2026, 2, 10, 8, 30, 15);

beforeAll(async () => {
  books = await openBooksHouse();
  const { house, cat, lab } = books;
  const repository = await house.request('POST', '/api/repositories', { token: cat.token, body: { workspaceId: lab, name: 'Shop' } });
  repositoryId = repository.at('data.id');
});
afterAll(() => books.house.close());

const rows = async (path: string, person?: Resident): Promise<AiStatsRow[]> => {
  const answer = await books.get(path, person);
  if (answer.status !== 200) throw new Error(answer.text);
  expect(answer.body.success).toBe(true);
  return answer.body.data as unknown as AiStatsRow[];
};

const found = (part: Partial<Violation>): Violation => ({
  atMs: at,
  id: ids.uuid(),
  policyId: ids.uuid(),
  policyName: 'No keys',
  action: 'block',
  isBlocked: true,
  severity: 'HIGH',
  stage: 'prompt',
  facts: [],
  requestId: ids.uuid(),
  workspaceId: null,
  repositoryId: null,
  accessKeyId: null,
  userId: null,
  connectionId: null,
  provider: 'openai',
  model: 'gpt-4o',
  host: null,
  ...part,
});

const modelOf = (path: string): string => `row-${path}`;
const dayOf = (path: string): string => `${path}?startDate=2026-03-10&endDate=2026-03-10`;

async function expectEveryField(path: string, timestamp: string): Promise<void> {
  const { ben, cat, lab, connectionId, keyId, answered, house } = books;
  const who = { userId: ben.id, workspaceId: lab, connectionId, accessKeyId: keyId, repositoryId, model: modelOf(path), atMs: at };
  answered(who, { latencyMs: 100, usage: { ...noTokens, tokensIn: 30, tokensOut: 7 } });
  answered(who, { latencyMs: 200, usage: { ...noTokens, tokensIn: 10, tokensOut: 3 } });
  answered({ ...who, purpose: 'judge' }, { latencyMs: 300, usage: { ...noTokens, tokensIn: 500, tokensOut: 1 } });
  const of = { connectionId, accessKeyId: keyId, userId: ben.id, repositoryId, workspaceId: lab, model: modelOf(path) };
  await insertViolations(house.database, [found(of), found({ ...of, action: 'alert', isBlocked: false, severity: 'LOW' })]);
  const answer = await rows(`${dayOf(path)}&llmModel=${encodeURIComponent(modelOf(path))}`);
  expect(answer).toEqual([
    {
      timestamp,
      repoId: repositoryId,
      aiLlmId: connectionId,
      repoAiApiKeyId: keyId,
      userUuid: ben.id,
      conversationUuid: null,
      llmType: 'OPENAI',
      llmModel: modelOf(path),
      host: 'api.openai.com',
      apiCalls: 2,
      tokensIn: 40,
      tokensOut: 10,
      llmTokensIn: 540,
      llmTokensOut: 11,
      activeConversations: 0,
      policyViolations: 2,
      numAlerts: 1,
      numBlocks: 1,
      numSeverityLow: 1,
      numSeverityMedium: 0,
      numSeverityHigh: 1,
      latency_ms: 200,
    },
  ]);
  expect(await rows(`${dayOf(path)}&llmModel=${encodeURIComponent(modelOf(path))}`, cat), 'whoever administers the workspace').toHaveLength(
    1,
  );
  expect(await rows(`${dayOf(path)}&llmModel=${encodeURIComponent(modelOf(path))}`, books.dan)).toEqual([]);
}

async function expectJoinedFilters(path: string): Promise<void> {
  const { ben, connectionId, keyId, answered } = books;
  const base = { userId: ben.id, atMs: at, provider: 'openai' };
  answered({ ...base, model: `a-${path}`, connectionId });
  answered({ ...base, model: `b-${path}`, accessKeyId: keyId });
  answered({ ...base, model: `c-${path}`, repositoryId });
  answered({ ...base, model: `d-${path}`, provider: 'anthropic' });
  const mine = ['a', 'b', 'c', 'd'].map((letter) => `${letter}-${path}`);
  const models = `llmModel=${mine.map(encodeURIComponent).join(',')}`;
  const seen = async (query: string): Promise<string[]> =>
    (await rows(`${dayOf(path)}&${models}&${query}`, ben)).map(({ llmModel }) => llmModel[0]!).toSorted();
  expect(await seen('')).toEqual(['a', 'b', 'c', 'd']);
  expect(await seen(`aiLlmId=${connectionId}`)).toEqual(['a']);
  expect(await seen(`aiLlmId=${connectionId}&repoAiApiKeyId=${keyId}`)).toEqual(['a', 'b']);
  expect(await seen(`aiLlmId=${connectionId}&repoAiApiKeyId=${keyId}&repoId=${repositoryId.toUpperCase()}`)).toEqual(['a', 'b', 'c']);
  expect(await seen(`aiLlmId=${connectionId}&repoId=${repositoryId}&hosts=api.openai.com`)).toEqual(['a']);
  expect(await seen('hosts=api.example.org')).toEqual([]);
  expect(await seen('llmType=ANTHROPIC')).toEqual(['d']);
  expect(await seen('llmType=OPENAI,ANTHROPIC')).toEqual(['a', 'b', 'c', 'd']);
  expect(await seen(`userUuid=${books.ada.id}`)).toEqual([]);
}

async function expectLately(path: string): Promise<void> {
  const { ben, answered, house } = books;
  const lately = `late-${path}`;
  answered({ userId: ben.id, model: lately, atMs: house.deps.clock.nowMs() });
  expect(await rows(`${path}?llmModel=${encodeURIComponent(lately)}`)).toMatchObject([{ apiCalls: 1 }]);
}

async function expectClientAnswered(path: string): Promise<void> {
  const client = new PatchbayClient({ baseUrl: books.house.url, accessToken: books.ben.token });
  const filter = {
    startDate: new Date(at - 60_000),
    endDate: new Date(at + 60_000),
    llmModel: [modelOf(path)],
    aiLlmId: [books.connectionId],
  };
  const answer = path.endsWith('daily') ? await client.getAiStatsDaily(filter) : await client.getAiStatsMinute(filter);
  expect(answer.data).toMatchObject([{ llmModel: modelOf(path), apiCalls: 2 }]);
}

async function expectMissing(path: string): Promise<void> {
  for (const query of [`aiLlmId=${ids.uuid()}`, `repoId=${ids.uuid()}`, 'aiLlmId=1'])
    expect((await books.get(`${path}?${query}`)).status).toBe(404);
  const stranger = await books.house.createResident(`Stranger ${path}`);
  expect((await books.get(`${path}?aiLlmId=${books.connectionId}`, stranger)).status).toBe(404);
}

const unreadable: [string, string][] = [
  ['startDate=yesterday', 'startDate'],
  ['startDate=2026-03-11&endDate=2026-03-10', 'startDate'],
  ['startDate=1990-01-01&endDate=2026-03-10', 'startDate'],
  [`repoId=${'x,'.repeat(101)}x`, 'repoId'],
  ['conversations=1', 'conversations'],
];

describe('GET /aistats/daily', () => {
  const path = '/aistats/daily';

  test('200 a row has every field of the document, with judges and findings told apart', async () => {
    await expect(expectEveryField(path, '2026-03-10T00:00:00.000Z')).resolves.toBeUndefined();
  });
  test('200 repositories, AI LLMs and keys are joined by "or", hosts, types, models and people by "and"', async () => {
    await expect(expectJoinedFilters(path)).resolves.toBeUndefined();
  });
  test('200 without dates what happened lately is there', async () => {
    await expect(expectLately(path)).resolves.toBeUndefined();
  });
  test("200 the documents' client calls it by its name, with dates and lists", async () => {
    await expect(expectClientAnswered(path)).resolves.toBeUndefined();
  });
  test.each(unreadable)('400 for %s, with the field', async (query, field) => {
    expect(said(await books.get(`${path}?${query}`))).toEqual([400, 'VALIDATION_ERROR', field]);
  });
  test('401 for strangers', async () => {
    expect((await books.house.request('GET', path)).status).toBe(401);
  });
  test("403 for a repository of a workspace that is not the caller's", async () => {
    const stranger = await books.house.createResident(`Outside ${path}`);
    expect((await books.get(`${path}?repoId=${repositoryId}`, stranger)).status).toBe(403);
  });
  test('404 for an AI LLM or a repository that is not there for the caller', async () => {
    await expect(expectMissing(path)).resolves.toBeUndefined();
  });
});

describe('GET /aistats/minute', () => {
  const path = '/aistats/minute';

  test('200 a row has every field of the document, with judges and findings told apart', async () => {
    await expect(expectEveryField(path, '2026-03-10T08:30:00.000Z')).resolves.toBeUndefined();
  });
  test('200 repositories, AI LLMs and keys are joined by "or", hosts, types, models and people by "and"', async () => {
    await expect(expectJoinedFilters(path)).resolves.toBeUndefined();
  });
  test('200 without dates what happened lately is there', async () => {
    await expect(expectLately(path)).resolves.toBeUndefined();
  });
  test("200 the documents' client calls it by its name, with dates and lists", async () => {
    await expect(expectClientAnswered(path)).resolves.toBeUndefined();
  });
  test.each(unreadable)('400 for %s, with the field', async (query, field) => {
    expect(said(await books.get(`${path}?${query}`))).toEqual([400, 'VALIDATION_ERROR', field]);
  });
  test('401 for strangers', async () => {
    expect((await books.house.request('GET', path)).status).toBe(401);
  });
  test("403 for a repository of a workspace that is not the caller's", async () => {
    const stranger = await books.house.createResident(`Outside ${path}`);
    expect((await books.get(`${path}?repoId=${repositoryId}`, stranger)).status).toBe(403);
  });
  test('404 for an AI LLM or a repository that is not there for the caller', async () => {
    await expect(expectMissing(path)).resolves.toBeUndefined();
  });
});

test('a failed attempt and its repetition are one call, and both have their tokens', async () => {
  const { ben, book } = books;
  const first = intentOf({ userId: ben.id, model: 'retried', atMs: at });
  const second = intentOf({ ...first, id: ids.uuid(), attemptNo: 2 });
  book(first, settlementOf(first, { isLast: false, reason: 'overloaded', status: 503 }), second, settlementOf(second));
  expect(await rows('/aistats/daily?startDate=2026-03-10&endDate=2026-03-10&llmModel=retried')).toMatchObject([
    { apiCalls: 1, tokensIn: 200 },
  ]);
});
