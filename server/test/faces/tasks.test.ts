/** Tasks and the test of many connections, through the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bulkTestsAtOnce } from '../../src/control/bulk-test.ts';
import { tasksPerPersonMax } from '../../src/control/task-runner.ts';
import type { TaskRun } from '../../src/control/tasks.ts';
import { startFakeProvider, type FakeProvider, whole } from '../support/fake-provider.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { deedsOf } from '../support/entries.ts';
import { listen } from './event-stream.ts';

let house: House;
let provider: FakeProvider;
let ada: Resident;
let ben: Resident;
let eve: Resident;
const unknownId = '01890a5d-ac96-774b-bcce-b302099a8057';

beforeAll(async () => {
  provider = await startFakeProvider();
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  eve = await house.createResident('Eve');
});
afterAll(async () => {
  await house.close();
  await provider.close();
});

const get = (person: Resident, path = ''): Promise<Reply> => house.request('GET', `/api/tasks${path}`, { token: person.token });
const cancel = (person: Resident, id: string): Promise<Reply> =>
  house.request('POST', `/api/tasks/${id}/cancel`, { token: person.token, body: {} });
const stateOf = async (person: Resident, id: string): Promise<string> => (await get(person, `/${id}`)).at('data.state');

interface Row {
  id: string;
  scope: string;
  isActive: boolean;
}

const rowsOf = (reply: Reply): Row[] => (JSON.parse(reply.text) as { data: Row[] }).data;
const idsOf = (reply: Reply): string[] => rowsOf(reply).map(({ id }) => id);

async function connect(person: Resident, name: string, extra: Record<string, unknown> = {}): Promise<string> {
  const body = { name, baseUrl: provider.baseUrl, apiKey: 'sk-test-abcdefghijkl', defaultModel: 'gpt-4o', ...extra };
  return (await house.request('POST', '/api/ai-connections', { token: person.token, body })).at('id');
}

/** A task that does nothing until it is let go. */
async function hold(person: Resident, title = 'held'): Promise<{ id: string; letGo: () => void }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run: TaskRun = async ({ signal, progress }) => {
    progress(1, 4, 'step one');
    signal.addEventListener('abort', () => resolve());
    await promise;
  };
  const { id } = await house.deps.tasks.start({ kind: 'test', title, ownerUserId: person.id, ownerName: 'somebody', run });
  return { id, letGo: resolve };
}

describe('GET /api/tasks', () => {
  test("200 lists one's own, newest first, page by page; everybody's for administrators who ask", async () => {
    const [first, second] = [await hold(ben, 'first'), await hold(ben, 'second')];
    const list = await get(ben);
    expect(idsOf(list)).toEqual([second.id, first.id]);
    const page = await get(ben, '?limit=1');
    expect([idsOf(page), page.body.nextCursor]).toEqual([[second.id], second.id]);
    const rest = await get(ben, `?limit=1&cursor=${second.id}`);
    expect(idsOf(rest)).toEqual([first.id]);
    expect(rowsOf(await get(eve))).toEqual([]);
    expect(rowsOf(await get(ada))).toEqual([]);
    expect(idsOf(await get(ada, '?scope=all'))).toEqual([second.id, first.id]);
    first.letGo();
    second.letGo();
    await expect.poll(() => stateOf(ben, first.id)).toBe('done');
    await expect.poll(() => stateOf(ben, second.id)).toBe('done');
    expect(rowsOf(await get(ben, '?state=running'))).toEqual([]);
  });

  test('400 for a state that there is none of, and for fields that nobody knows', async () => {
    for (const query of ['?state=asleep', '?limit=0', '?limit=101', '?cursor=x', '?createdBy=x'])
      expect((await get(ben, query)).status, query).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', '/api/tasks')).status).toBe(401);
  });

  test("403 for everybody's tasks without being an administrator", async () => {
    expect((await get(ben, '?scope=all')).status).toBe(403);
  });
});

describe('GET /api/tasks/:id', () => {
  test('200 shows progress while it runs, and the end', async () => {
    const { id, letGo } = await hold(ben, 'shown');
    const running = await get(ben, `/${id}`);
    expect(running.body.data).toMatchObject({
      id,
      kind: 'test',
      title: 'shown',
      state: 'running',
      progress: { done: 1, total: 4, note: 'step one' },
      startedBy: { id: ben.id, name: 'somebody' },
      finishedAt: null,
      isCancelAsked: false,
    });
    letGo();
    await expect.poll(() => stateOf(ben, id)).toBe('done');
    expect((await get(ben, `/${id}`)).at('data.finishedAt')).toMatch(/^\d{4}-.*Z$/);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', `/api/tasks/${unknownId}`)).status).toBe(401);
  });

  test("404 for a stranger's task exactly as for one that never was; an administrator sees it", async () => {
    const { id, letGo } = await hold(ben);
    const [foreign, none, odd] = [await get(eve, `/${id}`), await get(eve, `/${unknownId}`), await get(eve, '/x')];
    expect([foreign.status, none.status, odd.status]).toEqual([404, 404, 404]);
    expect(foreign.bodyWithoutId).toEqual(none.bodyWithoutId);
    expect((await get(ada, `/${id}`)).status).toBe(200);
    letGo();
  });
});

describe('the way of a task', () => {
  test('200 one task tells what happened to it; lists do not', async () => {
    const { id, letGo } = await hold(ben, 'told');
    letGo();
    await expect.poll(() => stateOf(ben, id)).toBe('done');
    const log = (JSON.parse((await get(ben, `/${id}`)).text) as { data: { log: { step: string; text: string | null }[] } }).data.log;
    expect(log.map(({ step, text }) => [step, text])).toEqual([
      ['begun', null],
      ['note', 'step one'],
      ['done', null],
    ]);
    expect((await get(ben)).text).not.toContain('"log"');
    expect(idsOf(await get(ben, '?kind=test'))).toContain(id);
    expect(idsOf(await get(ben, '?kind=model-pull'))).toEqual([]);
  });
});

/** A task whose kind waits when it is told to, and then goes on to its end. */
async function patient(person: Resident): Promise<string> {
  const run: TaskRun = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  house.deps.tasks.onRestart('patient', () => async () => ({ isOver: true }));
  const work = { kind: 'patient', title: 'patient', ownerUserId: person.id, ownerName: 'somebody', run };
  return (await house.deps.tasks.start(work)).id;
}

const wish = (person: Resident, id: string, what: 'pause' | 'resume', body: unknown = {}): Promise<Reply> =>
  house.request('POST', `/api/tasks/${id}/${what}`, { token: person.token, body });

describe('POST /api/tasks/:id/pause', () => {
  test('200 it waits, and says that it may go on', async () => {
    const id = await patient(ben);
    expect((await get(ben, `/${id}`)).body.data?.canPause).toBe(true);
    const reply = await wish(ben, id, 'pause');
    expect([reply.status, reply.body.error_code]).toEqual([200, undefined]);
    expect(await deedsOf(house, reply)).toEqual(['task.pause']);
    await expect.poll(() => stateOf(ben, id)).toBe('paused');
    await cancel(ben, id);
  });

  test('400 for a body with fields', async () => {
    expect((await wish(ben, unknownId, 'pause', { force: true })).status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', `/api/tasks/${unknownId}/pause`, { body: {} })).status).toBe(401);
  });

  test("404 for a stranger's task, which goes on; an administrator may", async () => {
    const id = await patient(ben);
    expect((await wish(eve, id, 'pause')).status).toBe(404);
    expect(await stateOf(ben, id)).toBe('running');
    expect((await wish(ada, id, 'pause')).status).toBe(200);
    await expect.poll(() => stateOf(ben, id)).toBe('paused');
    await cancel(ben, id);
  });

  test('409 for work that cannot go on later', async () => {
    const { id, letGo } = await hold(ben);
    expect((await get(ben, `/${id}`)).body.data?.canPause).toBe(false);
    const reply = await wish(ben, id, 'pause');
    expect([reply.status, reply.body.error_code]).toEqual([409, 'TASK_NOT_PAUSABLE']);
    letGo();
    await expect.poll(() => stateOf(ben, id)).toBe('done');
  });
});

describe('POST /api/tasks/:id/resume', () => {
  const paused = async (person: Resident): Promise<string> => {
    const id = await patient(person);
    await wish(person, id, 'pause');
    await expect.poll(() => stateOf(person, id)).toBe('paused');
    return id;
  };

  test('200 it goes on to its end', async () => {
    const id = await paused(ben);
    const reply = await wish(ben, id, 'resume');
    expect(reply.status).toBe(200);
    expect(await deedsOf(house, reply)).toEqual(['task.resume']);
    await expect.poll(() => stateOf(ben, id)).toBe('done');
    expect((await get(ben, `/${id}`)).body.data?.result).toEqual({ isOver: true });
  });

  test('400 for a body with fields', async () => {
    expect((await wish(ben, unknownId, 'resume', { force: true })).status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', `/api/tasks/${unknownId}/resume`, { body: {} })).status).toBe(401);
  });

  test('403 for work whose person may not do it any more', async () => {
    const id = await paused(ben);
    house.deps.tasks.onRestart('patient', () => null);
    expect((await wish(ben, id, 'resume')).status).toBe(403);
    expect(await stateOf(ben, id)).toBe('paused');
    await cancel(ben, id);
  });

  test("404 for a stranger's task, which goes on waiting", async () => {
    const id = await paused(ben);
    expect((await wish(eve, id, 'resume')).status).toBe(404);
    expect(await stateOf(ben, id)).toBe('paused');
    await cancel(ben, id);
  });

  test('409 for a task that does not wait', async () => {
    const { id, letGo } = await hold(ben);
    const reply = await wish(ben, id, 'resume');
    expect([reply.status, reply.body.error_code]).toEqual([409, 'TASK_NOT_PAUSED']);
    letGo();
    await expect.poll(() => stateOf(ben, id)).toBe('done');
  });

  test('429 while the person has as much under way as one may', async () => {
    const id = await paused(ben);
    const held = await Promise.all(Array.from({ length: tasksPerPersonMax }, () => hold(ben)));
    expect((await wish(ben, id, 'resume')).status).toBe(429);
    for (const { letGo } of held) letGo();
    for (const one of held) await expect.poll(() => stateOf(ben, one.id)).toBe('done');
    await cancel(ben, id);
  });
});

describe('POST /api/tasks/:id/cancel', () => {
  test('200 ends it, says that it was asked to, and a task that is over stays as it is', async () => {
    const { id } = await hold(ben);
    const reply = await cancel(ben, id);
    expect([reply.status, reply.body.data?.isCancelAsked]).toEqual([200, true]);
    await expect.poll(() => stateOf(ben, id)).toBe('cancelled');
    const again = await cancel(ben, id);
    expect([again.status, again.at('data.state')]).toEqual([200, 'cancelled']);
  });

  test('400 for a body with fields', async () => {
    const reply = await house.request('POST', `/api/tasks/${unknownId}/cancel`, { token: ben.token, body: { force: true } });
    expect(reply.status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', `/api/tasks/${unknownId}/cancel`, { body: {} })).status).toBe(401);
  });

  test("404 for a stranger's task, which goes on", async () => {
    const { id, letGo } = await hold(ben);
    expect((await cancel(eve, id)).status).toBe(404);
    expect(await stateOf(ben, id)).toBe('running');
    letGo();
    await expect.poll(() => stateOf(ben, id)).toBe('done');
  });
});

const begin = (person: Resident, body: unknown): Promise<Reply> => house.request('POST', '/api/tasks', { token: person.token, body });
const itemsOf = async (person: Resident, id: string): Promise<Row[]> =>
  (JSON.parse((await get(person, `/${id}`)).text) as { data: { result: { items: Row[] } } }).data.result.items;

describe('POST /api/tasks', () => {
  test('202 tests the named connections, and tells each result as it comes', async () => {
    const [one, other] = [await connect(ben, 'One'), await connect(ben, 'Other', { baseUrl: 'http://127.0.0.1:9/v1', provider: 'custom' })];
    const stream = await listen(house.url, { authorization: `Bearer ${ben.token}` });
    await stream.until(({ event }) => event === 'hello');
    const reply = await begin(ben, { kind: 'connection-tests', connectionIds: [one, other] });
    expect(reply.status).toBe(202);
    const id = reply.at('data.taskId');
    await stream.until(({ event, data }) => event === 'task.changed' && data['id'] === id && data['state'] === 'done');
    for (const connectionId of [one, other])
      await stream.until(({ event, data }) => event === 'connection.status' && data['id'] === connectionId);
    stream.leave();
    await stream.ended;
    const items = await itemsOf(ben, id);
    expect(items.find((item) => item.id === one)).toMatchObject({ name: 'One', status: 'success', errorCode: null });
    expect(items.find((item) => item.id === other)).toMatchObject({ name: 'Other', status: 'failed', errorCode: 'NETWORK' });
    expect(JSON.stringify(items)).not.toContain('sk-test');
  });

  test('400 for a kind that nobody begins by hand, for no connections, and for ids that are none', async () => {
    for (const body of [
      {},
      { kind: 'test' },
      { kind: 'connection-tests', connectionIds: [] },
      { kind: 'connection-tests', connectionIds: ['x'] },
    ])
      expect((await begin(ben, body)).status, JSON.stringify(body)).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', '/api/tasks', { body: { kind: 'connection-tests' } })).status).toBe(401);
  });

  test("404 where every named connection is somebody else's", async () => {
    const foreign = await connect(eve, 'Foreign');
    expect((await begin(ben, { kind: 'connection-tests', connectionIds: [foreign] })).status).toBe(404);
  });

  test('429 for more tasks at once than one person may have', async () => {
    const held = await Promise.all(Array.from({ length: tasksPerPersonMax }, () => hold(ben)));
    const refused = await begin(ben, { kind: 'connection-tests' });
    expect([refused.status, refused.body.error_code]).toEqual([429, 'RATE_LIMITED']);
    for (const { letGo } of held) letGo();
    for (const { id } of held) await expect.poll(() => stateOf(ben, id)).toBe('done');
  });
});

describe('POST /api/configurations/test-all', () => {
  const testAll = (person: Resident): Promise<Reply> =>
    house.request('POST', '/api/configurations/test-all', { token: person.token, body: {} });

  test('202 tests every one that is on, a few at a time, and switches none of them off', async () => {
    const tester = await house.createResident('Tester');
    for (let number = 0; number < 10; number++) await connect(tester, `Number ${number}`);
    const off = await connect(tester, 'Off', { isActive: false });
    let running = 0;
    let most = 0;
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    provider.answer(async (turn) => {
      running++;
      most = Math.max(most, running);
      await held;
      running--;
      await whole()(turn);
    });
    const reply = await testAll(tester);
    expect(reply.status).toBe(202);
    const id = reply.at('data.taskId');
    await expect.poll(() => running).toBe(bulkTestsAtOnce);
    // A second press while it runs is the same task.
    expect((await testAll(tester)).at('data.taskId')).toBe(id);
    letGo();
    await expect.poll(() => stateOf(tester, id)).toBe('done');
    expect(most).toBe(bulkTestsAtOnce);
    const items = await itemsOf(tester, id);
    expect(items).toHaveLength(10);
    expect(items.some((item) => item.id === off)).toBe(false);
    const list = await house.request('GET', '/api/ai-connections', { token: tester.token });
    const isActive = (JSON.parse(list.text) as Row[]).filter(({ scope }) => scope === 'user').map((row) => row.isActive);
    expect(isActive.filter(Boolean)).toHaveLength(10);
  });

  test('202 also where there is nothing to test', async () => {
    const empty = await house.createResident('Empty');
    const id = (await testAll(empty)).at('data.taskId');
    await expect.poll(() => stateOf(empty, id)).toBe('done');
    expect(await itemsOf(empty, id)).toEqual([]);
  });

  test('400 for a body with fields', async () => {
    const reply = await house.request('POST', '/api/configurations/test-all', { token: ben.token, body: { force: true } });
    expect(reply.status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', '/api/configurations/test-all', { body: {} })).status).toBe(401);
  });

  test('429 for somebody who tests all the time', async () => {
    const eager = await house.createResident('Eager');
    const statuses: number[] = [];
    for (let press = 0; press < 12; press++) {
      const reply = await testAll(eager);
      statuses.push(reply.status);
      if (reply.status === 202) await expect.poll(() => stateOf(eager, reply.at('data.taskId'))).toBe('done');
    }
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 202));
    expect(statuses.at(-1)).toBe(429);
  });
});
