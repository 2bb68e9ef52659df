/** Limits through the front door: every status of every route, who may what, and what is shown of their use. */
import type { LimitView } from '@patchbay/contract/limits';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeptEvent } from '../../src/control/events.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { secondsOfMinute } from '../support/wait.ts';

let house: House;
let admin: Resident;
let ada: Resident;
let ben: Resident;
let cat: Resident;
let lab: string;
let keyOfBen: string;
let keyOfLab: string;
let ofBen: string;
const events: KeptEvent[] = [];
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';

beforeAll(async () => {
  house = await openHouse({ isDemoOffered: true });
  admin = await house.createResident('Root', 'administrator');
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  cat = await house.createResident('Cat');
  lab = await house.createWorkspace('Lab', [
    [ada, 'ADMIN'],
    [ben, 'WRITE'],
  ]);
  const key = async (body: object): Promise<string> =>
    (await house.request('POST', '/api/access-keys', { token: ben.token, body })).at('data.id');
  keyOfBen = await key({ name: 'mine', rpm: 60, tpm: 5_000, budgetUsd: '2.5' });
  keyOfLab = await key({ name: "the lab's", workspaceId: lab });
  const made = await house.request('POST', '/api/configurations', {
    token: ben.token,
    body: { name: 'Demo', provider: 'demo', model: 'demo-small' },
  });
  ofBen = made.at('data.id');
  house.deps.events.subscribe(
    (event) => void events.push(event),
    () => undefined,
  );
});
afterAll(() => house.close());

const call = (person: Resident, method: string, path: string, body?: unknown): Promise<Reply> =>
  house.request(method, path, { token: person.token, ...(body === undefined ? {} : { body }) });
const set = (person: Resident, body: Record<string, unknown>): Promise<Reply> =>
  call(person, 'POST', '/api/limits', { kind: 'requests', value: 10, ...body });
const of = async (
  person: Resident,
  subjectKind: string,
  subjectId: string,
): Promise<{ status: number; limits: LimitView[]; canCreate: unknown }> => {
  const reply = await call(person, 'GET', `/api/limits?subjectKind=${subjectKind}&subjectId=${subjectId}`);
  return { status: reply.status, limits: reply.body.data as unknown as LimitView[], canCreate: reply.body['canCreate'] };
};
const codeOf = (reply: Reply): [number, unknown] => [reply.status, reply.body['error_code']];

describe('POST /api/limits', () => {
  test('201 sets a limit, says so to those who may see it, and the gateway obeys it at once', async () => {
    const reply = await set(ben, {
      subjectKind: 'access-key',
      subjectId: keyOfBen,
      kind: 'money',
      period: 'day',
      value: '0.10',
      softPercent: 80,
    });
    expect(reply.status).toBe(201);
    expect(reply.body.data).toMatchObject({
      subjectKind: 'access-key',
      subjectId: keyOfBen,
      kind: 'money',
      period: 'day',
      value: '0.1',
      softPercent: 80,
      isShadow: false,
      level: 'owner',
      canManage: true,
      used: '0',
    });
    expect(Date.parse(reply.at('data.resetsAt')) % 86_400_000).toBe(0);
    expect(house.deps.keeper.snapshot.limits.of('access-key', keyOfBen)?.money).toMatchObject([
      { period: 'day', hard: { value: 100_000_000 } },
    ]);
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', reply.at('data.id')).execute();
    expect(audit).toMatchObject([{ action: 'limit.create', subject_type: 'limit', subject_name: 'mine', actor_id: ben.id, scope: 'user' }]);
    expect(events.filter(({ name, data }) => name === 'config.changed' && 'topic' in data && data.topic === 'limits')).toMatchObject([
      { audience: { administrators: true, userIds: [ben.id] } },
    ]);
  });

  test('201 the period of a kind that has one alone need not be said', async () => {
    expect((await set(admin, { subjectKind: 'user', subjectId: cat.id })).body.data).toMatchObject({
      period: 'minute',
      level: 'administrator',
    });
    const flight = await set(admin, { subjectKind: 'user', subjectId: cat.id, kind: 'concurrent', value: '5' });
    expect(flight.body.data).toMatchObject({ period: 'none', value: 5 });
  });

  test.each([
    [{ kind: 'money', value: '1' }, 'period'],
    [{ kind: 'money', period: 'minute', value: '1' }, 'period'],
    [{ kind: 'requests', period: 'day' }, 'period'],
    [{ kind: 'requests', value: 0 }, 'value'],
    [{ kind: 'requests', value: '1.5' }, 'value'],
    [{ kind: 'tokens', value: 1_000_000_001 }, 'value'],
    [{ kind: 'money', period: 'total', value: '-1' }, 'value'],
    [{ kind: 'money', period: 'total', value: '0.0000000001' }, 'value'],
    [{ kind: 'hours' }, 'kind'],
    [{ softPercent: 100 }, 'softPercent'],
    [{ subjectKind: 'organization' }, 'subjectKind'],
    [{ subjectId: 'x' }, 'subjectId'],
    [{ other: 1 }, 'other'],
  ])('400 %j is refused at %s', async (wrong, path) => {
    const reply = await set(admin, { subjectKind: 'user', subjectId: ada.id, ...wrong });
    expect(codeOf(reply)).toEqual([400, 'VALIDATION_ERROR']);
    expect((reply.body['details'] as unknown as { path: string }[]).map((fault) => fault.path)).toContain(path);
  });

  test('401 without a token', async () => {
    expect((await house.request('POST', '/api/limits', { body: {} })).status).toBe(401);
  });

  test('403 for whoever sees a thing and does not govern it', async () => {
    for (const [person, subjectKind, subjectId] of [
      [ben, 'workspace', lab],
      [ben, 'user', ben.id],
      // C-50: that there is such a workspace is no secret.
      [cat, 'workspace', lab],
    ] as const)
      expect(codeOf(await set(person, { subjectKind, subjectId }))).toEqual([403, 'FORBIDDEN']);
  });

  test('403 for whoever holds a key of a workspace and may not write there any more: its limits are seen, not widened', async () => {
    const dan = await house.createResident('Dan');
    const yard = await house.createWorkspace('Yard', [[ada, 'ADMIN'], [dan, 'WRITE']]); // prettier-ignore
    const body = { name: 'of the yard', workspaceId: yard };
    const subject = { subjectKind: 'access-key', subjectId: (await call(dan, 'POST', '/api/access-keys', body)).at('data.id') };
    const limitId = (await set(ada, { ...subject, kind: 'money', period: 'month', value: '5' })).at('data.id');
    expect((await set(dan, subject)).status).toBe(201);
    expect((await call(ada, 'PUT', `/workspace/${yard}/users/${dan.id}`, { role: 'READ' })).status).toBe(200);
    await expect.poll(async () => (await of(dan, 'access-key', subject.subjectId)).canCreate).toBe(false);
    expect((await of(dan, 'access-key', subject.subjectId)).limits).toHaveLength(2);
    for (const [method, sent] of [['PATCH', { value: '100000' }], ['DELETE']] as const)
      expect(codeOf(await call(dan, method, `/api/limits/${limitId}`, sent))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await set(dan, { ...subject, kind: 'tokens' }))).toEqual([403, 'FORBIDDEN']);
    expect((await call(ada, 'PATCH', `/api/limits/${limitId}`, { value: '6' })).status).toBe(200);
  });

  test('404 what is not there, or not theirs to know of, looks the same', async () => {
    const replies = await Promise.all(
      [
        { subjectKind: 'access-key', subjectId: keyOfBen },
        { subjectKind: 'user', subjectId: ada.id },
        { subjectKind: 'workspace', subjectId: nobody },
        { subjectKind: 'connection', subjectId: ofBen },
        { subjectKind: 'group', subjectId: nobody },
        { subjectKind: 'access-key', subjectId: nobody },
      ].map((subject) => set(cat, subject)),
    );
    for (const reply of replies) {
      expect(codeOf(reply)).toEqual([404, 'NOT_FOUND']);
      expect(reply.bodyWithoutId).toEqual(replies[0]!.bodyWithoutId);
    }
  });

  test('409 a second one of the same kind and period; beside an administrator’s the owner has one of their own', async () => {
    const subject = { subjectKind: 'connection', subjectId: ofBen, kind: 'tokens', value: 1_000_000 };
    expect((await set(ben, subject)).status).toBe(201);
    expect(codeOf(await set(ben, { ...subject, value: 99 }))).toEqual([409, 'LIMIT_EXISTS']);
    const workspace = { subjectKind: 'workspace', subjectId: lab, kind: 'tokens' };
    expect((await set(admin, workspace)).status).toBe(201);
    expect((await set(ada, { ...workspace, value: 20 })).status).toBe(201);
    expect((await of(ada, 'workspace', lab)).limits.map(({ level, canManage }) => [level, canManage])).toEqual([
      ['administrator', false],
      ['owner', true],
    ]);
  });
});

describe('who may what', () => {
  test('administrators set limits on everything, workspace administrators on the workspace, its keys and its connections, owners on their own', async () => {
    const allowed: [Resident, string, string][] = [
      [admin, 'access-key', keyOfLab],
      [admin, 'user', ben.id],
      [admin, 'workspace', lab],
      [ada, 'workspace', lab],
      [ada, 'access-key', keyOfLab],
      [ben, 'access-key', keyOfLab],
      [ben, 'connection', ofBen],
    ];
    for (const [person, kind, id] of allowed) expect(await of(person, kind, id)).toMatchObject({ status: 200, canCreate: true });
    for (const [person, kind, id] of [
      [ben, 'workspace', lab],
      [ben, 'user', ben.id],
    ] as const)
      expect(await of(person, kind, id)).toMatchObject({ status: 200, canCreate: false });
    // A person's own connection is nobody else's business, not even an administrator's.
    for (const person of [admin, ada, cat]) expect((await of(person, 'connection', ofBen)).status).toBe(404);
  });
});

describe('GET /api/limits', () => {
  test('200 the limits on a key itself come first, with what is used of them, and are changed at the key', async () => {
    const { limits } = await of(ben, 'access-key', keyOfBen);
    expect(limits.slice(0, 3)).toMatchObject([
      { id: null, kind: 'requests', period: 'minute', value: 60, used: 0, canManage: false, level: null, revision: null },
      { id: null, kind: 'tokens', value: 5_000 },
      { id: null, kind: 'money', period: 'total', value: '2.5', used: '0', resetsAt: null },
    ]);
  });

  test('200 administrators see those of everybody, page by page', async () => {
    const first = await call(admin, 'GET', '/api/limits?limit=2');
    expect([first.status, (first.body.data as unknown as LimitView[]).length]).toEqual([200, 2]);
    const second = await call(admin, 'GET', `/api/limits?limit=500&cursor=${first.at('nextCursor')}`);
    const all = [...(first.body.data as unknown as LimitView[]), ...(second.body.data as unknown as LimitView[])];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(second.body['nextCursor']).toBeNull();
    const users = await call(admin, 'GET', '/api/limits?subjectKind=user');
    expect((users.body.data as unknown as LimitView[]).every(({ subjectKind }) => subjectKind === 'user')).toBe(true);
  });

  test('400 an id without its kind', async () => {
    expect((await call(admin, 'GET', `/api/limits?subjectId=${lab}`)).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.request('GET', '/api/limits')).status).toBe(401);
  });

  test('403 the list of all for everybody else', async () => {
    expect((await call(ada, 'GET', '/api/limits')).status).toBe(403);
  });

  test('404 a subject that is not there', async () => {
    expect((await of(admin, 'workspace', nobody)).status).toBe(404);
  });
});

/** A limit that an administrator set on a key of the workspace. */
const make = async (): Promise<{ id: string; revision: number }> => {
  const made = await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: "the lab's", workspaceId: lab } });
  const subject = { subjectKind: 'access-key', subjectId: made.at('data.id') };
  const reply = await set(admin, { ...subject, kind: 'money', period: 'month', value: '5' });
  return { id: reply.at('data.id'), revision: (reply.body.data as unknown as LimitView).revision! };
};
const limitOfLab = async (): Promise<string> => {
  const { limits } = await of(ada, 'workspace', lab);
  return limits[0]?.id ?? (await set(ada, { subjectKind: 'workspace', subjectId: lab })).at('data.id');
};

describe('GET /api/limits/:id', () => {
  test('200 shows it to whoever may see its subject, with what they may do', async () => {
    const { id } = await make();
    expect((await call(ben, 'GET', `/api/limits/${id}`)).body.data).toMatchObject({ id, value: '5', canManage: false });
    expect((await call(admin, 'GET', `/api/limits/${id}`)).body.data).toMatchObject({ canManage: true, level: 'administrator' });
  });

  test('401 without a token', async () => {
    expect((await house.request('GET', `/api/limits/${nobody}`)).status).toBe(401);
  });

  test('403 that of a workspace which is closed to the caller', async () => {
    expect((await call(cat, 'GET', `/api/limits/${await limitOfLab()}`)).status).toBe(403);
  });

  test('404 one that is not there, or not theirs to know of', async () => {
    for (const id of [nobody, 'x']) expect((await call(admin, 'GET', `/api/limits/${id}`)).status).toBe(404);
    expect((await call(cat, 'GET', `/api/limits/${(await make()).id}`)).status).toBe(404);
  });
});

describe('PATCH /api/limits/:id', () => {
  test('200 changes what is named and nothing else, at once', async () => {
    const { id, revision } = await make();
    const reply = await call(admin, 'PATCH', `/api/limits/${id}`, { revision, value: '7', isShadow: true });
    expect(reply.status).toBe(200);
    expect(reply.body.data).toMatchObject({ value: '7', isShadow: true, softPercent: null });
    expect((await call(admin, 'PATCH', `/api/limits/${id}`, { softPercent: 90 })).body.data).toMatchObject({ value: '7', softPercent: 90 });
    expect((await call(admin, 'PATCH', `/api/limits/${id}`, { softPercent: null })).body.data).toMatchObject({ softPercent: null });
    const keyId = reply.at('data.subjectId');
    expect(house.deps.keeper.snapshot.limits.of('access-key', keyId)?.money[0]).toMatchObject({
      hard: null,
      all: [{ value: 7_000_000_000 }],
    });
  });

  test('400 nothing to change, or a value that is none', async () => {
    const { id, revision } = await make();
    for (const body of [{}, { revision }, { value: 'much' }])
      expect((await call(admin, 'PATCH', `/api/limits/${id}`, body)).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.request('PATCH', `/api/limits/${nobody}`, { body: { value: 1 } })).status).toBe(401);
  });

  test('403 what an administrator set is not for the owner of the key to raise', async () => {
    const { id } = await make();
    for (const person of [ben, ada]) expect((await call(person, 'PATCH', `/api/limits/${id}`, { value: '1000' })).status).toBe(403);
  });

  test('404 for everybody who does not know the key', async () => {
    const { id } = await make();
    expect((await call(cat, 'PATCH', `/api/limits/${id}`, { value: '1000' })).status).toBe(404);
  });

  test('409 from an older state, with what it has become', async () => {
    const { id, revision } = await make();
    await call(admin, 'PATCH', `/api/limits/${id}`, { value: '7' });
    const reply = await call(admin, 'PATCH', `/api/limits/${id}`, { revision, value: '9' });
    expect(codeOf(reply)).toEqual([409, 'CONFLICT']);
    expect(reply.body['details']).toMatchObject({ current: { id, value: '7' }, changedBy: { name: 'Root' } });
  });
});

describe('DELETE /api/limits/:id', () => {
  test('200 once, and the place is free for another one', async () => {
    const { id } = await make();
    const keyId = (await call(admin, 'GET', `/api/limits/${id}`)).at('data.subjectId');
    expect((await call(admin, 'DELETE', `/api/limits/${id}`)).status).toBe(200);
    expect((await call(admin, 'DELETE', `/api/limits/${id}`)).status).toBe(404);
    expect(house.deps.keeper.snapshot.limits.of('access-key', keyId)).toBeUndefined();
    expect((await set(admin, { subjectKind: 'access-key', subjectId: keyId, kind: 'money', period: 'month', value: '1' })).status).toBe(
      201,
    );
  });

  test('401 without a token', async () => {
    expect((await house.request('DELETE', `/api/limits/${nobody}`)).status).toBe(401);
  });

  test('403 what an administrator set stays', async () => {
    expect((await call(ben, 'DELETE', `/api/limits/${(await make()).id}`)).status).toBe(403);
  });

  test('404 for everybody who does not know the key', async () => {
    expect((await call(cat, 'DELETE', `/api/limits/${(await make()).id}`)).status).toBe(404);
  });
});

describe('GET /api/limit-events', () => {
  test('200 what a limit refused, neared and would have refused is told and kept', async () => {
    const made = await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: 'busy' } });
    const [id, key] = [made.at('data.id'), made.at('data.key')];
    await set(ben, { subjectKind: 'access-key', subjectId: id, value: 3, softPercent: 50 });
    await set(ben, { subjectKind: 'access-key', subjectId: id, kind: 'tokens', value: 1, isShadow: true });
    await set(ben, { subjectKind: 'access-key', subjectId: id, kind: 'money', period: 'total', value: '1' });
    const ask = (): Promise<Reply> =>
      house.request('POST', '/v1/chat/completions', {
        token: key,
        body: { model: 'demo-small', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] },
      });
    const leftS = secondsOfMinute();
    const replies = [await ask(), await ask(), await ask(), await ask()];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(replies[0]!.headers.get('x-ratelimit-limit-requests')).toBe('3');
    expect(replies[0]!.headers.get('x-ratelimit-remaining-requests')).toBe('2');
    expect(replies[0]!.headers.get('x-ratelimit-limit-tokens')).toBeNull();
    const refused = replies[3]!.headers;
    expect([refused.get('x-patchbay-limit'), refused.get('x-ratelimit-remaining-requests')]).toEqual(['access-key.requests.minute', '0']);
    expect(Number(refused.get('retry-after'))).toBeGreaterThanOrEqual(leftS());
    const { limits } = await of(ben, 'access-key', id);
    expect(limits.find(({ kind }) => kind === 'requests')).toMatchObject({ used: 3, value: 3 });
    expect(limits.find(({ kind }) => kind === 'tokens')?.used).toBeGreaterThan(3);
    await house.deps.limitEvents.flush();
    const kept = await call(ben, 'GET', `/api/limit-events?subjectKind=access-key&subjectId=${id}`);
    const rows = kept.body.data as unknown as { event: string; kind: string; times: number }[];
    // They are kept by the minute, and one may end in between.
    const times = Map.groupBy(rows, ({ event, kind }) => `${event} ${kind}`);
    const sums = [...times].map(([what, some]) => `${what} ${some.reduce((sum, one) => sum + one.times, 0)}`);
    expect(sums.toSorted()).toEqual(['refused requests 1', 'shadow tokens 3', 'soft requests 1']);
    expect(
      events
        .filter(({ name }) => name === 'limit.met')
        .map(({ data }) => (data as { event: string }).event)
        .toSorted(),
    ).toEqual(['refused', 'shadow', 'soft']);
  });

  test('400 without a subject', async () => {
    expect((await call(ben, 'GET', '/api/limit-events')).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.request('GET', `/api/limit-events?subjectKind=user&subjectId=${ben.id}`)).status).toBe(401);
  });

  test('403 those of a workspace which is closed to the caller', async () => {
    expect((await call(cat, 'GET', `/api/limit-events?subjectKind=workspace&subjectId=${lab}`)).status).toBe(403);
  });

  test('404 those of somebody else', async () => {
    expect((await call(ben, 'GET', `/api/limit-events?subjectKind=user&subjectId=${ada.id}`)).status).toBe(404);
  });
});
