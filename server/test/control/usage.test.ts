/** Usage and requests as the control plane answers them: who sees what, which range is meant, and names where there are any. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requestById, requestsOf, type RequestsAsked } from '../../src/control/requests.ts';
import { usageOf, visibilityOf, type UsageAsked } from '../../src/control/usage.ts';
import { Refusal } from '../../src/domain/errors.ts';
import type { Actor, WorkspaceRole } from '../../src/domain/owner.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { ids, intentOf, refusedOf, settlementOf } from '../storage/ledger-records.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let lab: string;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  ben = await house.createResident('Ben');
  lab = await house.createWorkspace('Lab', [[ben, 'ADMIN']]);
});
afterAll(() => house.close());

const actorOf = (person: Resident): Actor => house.deps.keeper.snapshot.actorOf(person.id, 'token')!;
const usage = (asked: Partial<UsageAsked>, person = ada) => usageOf(house.deps, actorOf(person), { groupBy: 'day', ...asked });
const requests = (asked: Partial<RequestsAsked>, person = ada) => requestsOf(house.deps, actorOf(person), { limit: 50, ...asked });
function book(...records: LedgerRecord[]): void {
  for (const record of records) house.deps.journal.append(record);
}
const answered = (part: Parameters<typeof intentOf>[0]): string => {
  const begun = intentOf(part);
  book(begun, settlementOf(begun));
  return begun.requestId;
};
async function refusalOf(work: Promise<unknown>): Promise<[string, unknown]> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refusal)) throw new Error(`not refused: ${String(error)}`);
  return [error.code, error.details];
}

describe('what a person may see', () => {
  const actor = (role: Actor['role'], workspaces: [string, WorkspaceRole][] = []): Actor => ({
    userId: 'me',
    email: '',
    name: '',
    role,
    organizationId: 'o',
    workspaces: new Map(workspaces),
    language: 'en',
    via: 'token',
  });

  test.each<[string, Actor, unknown]>([
    ['an administrator', actor('administrator'), 'all'],
    ['a user', actor('user'), { userId: 'me', workspaceIds: [] }],
    [
      'a member with READ and WRITE',
      actor('user', [
        ['a', 'READ'],
        ['b', 'WRITE'],
      ]),
      { userId: 'me', workspaceIds: [] },
    ],
    [
      'who administers two of three workspaces',
      actor('user', [
        ['a', 'ADMIN'],
        ['b', 'WRITE'],
        ['c', 'ADMIN'],
      ]),
      { userId: 'me', workspaceIds: ['a', 'c'] },
    ],
  ])('%s', (_, who, expected) => {
    expect(visibilityOf(who)).toEqual(expected);
  });

  test('ends with the membership', async () => {
    const requestId = answered({ userId: ada.id, workspaceId: lab, model: 'membership' });
    expect(await requestById(house.deps, actorOf(ben), requestId)).toHaveLength(1);
    const outside: Actor = { ...actorOf(ben), workspaces: new Map() };
    expect(await refusalOf(requestById(house.deps, outside, requestId))).toEqual(['NOT_FOUND', undefined]);
  });
});

describe('usage', () => {
  test('of the last thirty days where nothing is said, and of ever where all is asked for', async () => {
    const nowMs = house.deps.clock.nowMs();
    answered({ userId: ben.id, model: 'ages', atMs: nowMs - 29 * 86_400_000 });
    answered({ userId: ben.id, model: 'ages', atMs: nowMs - 31 * 86_400_000 });
    answered({ userId: ben.id, model: 'ages', atMs: Date.UTC(2024, 0, 1) });
    const count = async (asked: Partial<UsageAsked>): Promise<number> =>
      (await usage({ ...asked, groupBy: 'model', model: ['ages'] })).reduce((sum, row) => sum + row.requests, 0);
    expect([await count({}), await count({ period: '24h' }), await count({ period: '90d' }), await count({ period: 'all' })]).toEqual([
      1, 0, 2, 3,
    ]);
  });

  test('includes what the journal alone knows', async () => {
    const atMs = house.deps.clock.nowMs();
    for (let count = 1; count <= 3; count++) {
      answered({ userId: ben.id, model: 'fresh', atMs });
      expect(await usage({ groupBy: 'model', model: ['fresh'], period: '24h' })).toMatchObject([{ requests: count }]);
    }
  });

  test('has no name for what is gone, and its id all the same', async () => {
    const connectionId = ids.uuid();
    answered({ userId: ben.id, connectionId, model: 'gone', atMs: Date.UTC(2026, 0, 5, 9) });
    const range = { from: '2026-01-05', to: '2026-01-05', model: ['gone'] };
    expect(await usage({ ...range, groupBy: 'connection' })).toMatchObject([{ key: connectionId, name: null }]);
    expect(await usage({ ...range, groupBy: 'key' })).toMatchObject([{ key: null, name: null }]);
  });

  test('the dearest group comes first, days in their order', async () => {
    const at = { userId: ben.id, provider: 'order' };
    for (const [model, costNanoUsd, day] of [
      ['cheap', 1, 7],
      ['dear', 500, 6],
      ['middle', 30, 8],
    ] as const) {
      const begun = intentOf({ ...at, model, atMs: Date.UTC(2026, 0, day, 9) });
      book(begun, settlementOf(begun, { costNanoUsd }));
    }
    const range = { from: '2026-01-06', to: '2026-01-08' };
    expect((await usage({ ...range, groupBy: 'model' })).map(({ key }) => key)).toEqual(['dear', 'middle', 'cheap']);
    expect((await usage({ ...range, groupBy: 'day' })).map(({ key }) => key)).toEqual(['2026-01-06', '2026-01-07', '2026-01-08']);
  });

  test.each([
    [{ tz: 'Mars/Olympus' }, 'tz'],
    [{ from: 'x' }, 'from'],
    [{ to: '2026-02-30' }, 'to'],
    [{ from: '2026-02-02', to: '2026-02-01' }, 'from'],
    [{ period: 'century' }, 'period'],
  ])('of %j is refused by the field', async (asked, path) => {
    expect(await refusalOf(usage(asked))).toEqual([
      'VALIDATION_ERROR',
      [{ path, code: 'invalid_range', message: expect.any(String) as string }],
    ]);
  });
});

describe('requests', () => {
  test('without a range go back to the first', async () => {
    const oldest = answered({ userId: ben.id, model: 'oldest', atMs: Date.UTC(2021, 0, 1) });
    expect((await requests({ model: 'oldest' })).rows.map(({ last }) => last.requestId)).toEqual([oldest]);
    expect((await requests({ model: 'oldest', period: '90d' })).rows).toEqual([]);
    expect((await requests({ model: 'oldest', from: '2021-01-01', to: '2021-01-01', tz: 'Asia/Jakarta' })).rows).toHaveLength(1);
    expect((await requests({ model: 'oldest', from: '2021-01-01', to: '2021-01-01', tz: 'America/St_Johns' })).rows).toHaveLength(0);
  });

  test('that were refused have no attempt, no cost and their reason', async () => {
    book(refusedOf({ userId: ben.id, model: 'refused-here', reason: 'budget_exceeded', status: 402 }));
    expect((await requests({ model: 'refused-here' })).rows).toMatchObject([
      { attempts: 0, costNanoUsd: null, last: { state: 'refused', reason: 'budget_exceeded', status: 402 } },
    ]);
  });

  test('a cursor goes on where its page ended, for whoever holds it and never beyond what they may see', async () => {
    for (let count = 0; count < 6; count++)
      answered({ userId: count % 2 === 0 ? ben.id : ada.id, model: 'paged', atMs: Date.UTC(2026, 0, 9, 9, count) });
    const first = await requests({ model: 'paged', limit: 2 });
    expect(first.nextCursor).toMatch(/^\d+\.[0-9a-f-]{36}$/);
    const rest = await requests({ model: 'paged', cursor: first.nextCursor! });
    expect([rest.rows.length, rest.nextCursor]).toEqual([4, null]);
    const bens = await requests({ model: 'paged', cursor: first.nextCursor! }, ben);
    expect(bens.rows.map(({ last }) => last.userId)).toEqual([ben.id, ben.id]);
  });

  test.each(['', 'x', '1.', '-1.01890a5d-ac96-774b-bcce-b302099a8057', "1.01890a5d-ac96-774b-bcce-b302099a8057' OR 1=1"])(
    'the cursor %j is refused',
    async (cursor) => {
      const [code, details] = await refusalOf(requests({ cursor }));
      expect([code, details]).toMatchObject(['VALIDATION_ERROR', [{ path: 'cursor', code: 'invalid_cursor' }]]);
    },
  );

  test('one by one are found by their id, with every attempt and the names of their connections', async () => {
    const made = await house.request('POST', '/api/configurations', {
      token: ben.token,
      body: { name: 'Named', provider: 'openai', model: 'gpt-4o', apiKey: 'sk-0123456789abcdef' },
    });
    const first = intentOf({ userId: ben.id, connectionId: made.at('data.id') });
    const second = intentOf({ ...first, id: ids.uuid(), attemptNo: 2, connectionId: null });
    book(first, settlementOf(first, { isLast: false, reason: 'overloaded', status: 503 }), second, settlementOf(second));
    const attempts = await requestById(house.deps, actorOf(ben), first.requestId);
    expect(attempts.map(({ attemptNo, connectionName, isLast }) => [attemptNo, connectionName, isLast])).toEqual([
      [1, 'Named', false],
      [2, null, true],
    ]);
    expect(await refusalOf(requestById(house.deps, actorOf(ben), ids.uuid()))).toEqual(['NOT_FOUND', undefined]);
  });
});
