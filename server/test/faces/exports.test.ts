/** Long exports through the front door: the same lines as the stream, no row twice or lost across a pause and a restart, and for nobody else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resumeExports, startExport, type ExportDeps } from '../../src/control/exports.ts';
import { createTasks, tasksPerPersonMax } from '../../src/control/task-runner.ts';
import type { Tasks } from '../../src/control/tasks.ts';
import { findExport, sweepExports } from '../../src/storage/exports.ts';
import { findTask } from '../../src/storage/tasks.ts';
import { putMember } from '../../src/storage/workspaces.ts';
import { commit } from '../../src/control/change.ts';
import { deedsOf } from '../support/entries.ts';
import { openBooksHouse, said, type BooksHouse } from '../support/books-house.ts';
import { origin, type House, type Reply, type Resident } from '../support/house.ts';
import { until } from '../support/wait.ts';

let scene: BooksHouse;
let house: House;
let ada: Resident;
let ben: Resident;
let cat: Resident;
let dan: Resident;
const manyRows = 1_150;
const many = { model: 'many' };

beforeAll(async () => {
  scene = await openBooksHouse();
  ({ house, ada, ben, cat, dan } = scene);
  const at = Date.UTC(2026, 4, 9, 9);
  for (let index = 0; index < manyRows; index++)
    scene.answered({ userId: dan.id, workspaceId: scene.lab, model: 'many', modelAsked: '=1+1', atMs: at + Math.floor(index / 3) });
  // The books take what was written a moment later; a file is of what is in them.
  const inBooks = house.database.db.selectFrom('usage_events').select('id').where('model', '=', 'many').where('is_last', '=', true);
  await until(async () => (await inBooks.execute()).length === manyRows, 'all rows are in the books');
});
afterAll(() => house.close());

const start = (body: unknown, person = ada): Promise<Reply> => house.request('POST', '/api/exports', { token: person.token, body });
const fileOf = (id: string, person = ada): Promise<Reply> => house.request('GET', `/api/exports/${id}/file`, { token: person.token });
const remove = (id: string, person = ada): Promise<Reply> => house.request('DELETE', `/api/exports/${id}/file`, { token: person.token });
const stateOf = async (id: string): Promise<string | undefined> => (await findTask(house.database, id))?.state;

/** An export that has come to its end; its task. */
async function written(body: unknown, person = ada): Promise<string> {
  const reply = await start(body, person);
  expect(reply.status, reply.text).toBe(202);
  const id = reply.at('data.taskId');
  await expect.poll(() => stateOf(id)).toBe('done');
  return id;
}

type Run = ExportDeps & { tasks: Tasks };

/** Deps with tasks of their own, as another run of the server has them; `beforeLook` goes before each look at rows of requests. */
function serve(beforeLook: (run: Run, looks: number) => unknown = () => undefined): Run {
  const { driver } = house.database;
  let looks = 0;
  const rows: typeof driver.rows = async (statement, lane) => {
    if (statement.sql.startsWith('WITH page')) await beforeLook(run, (looks += 1));
    return driver.rows(statement, lane);
  };
  const heard = new Proxy(driver, {
    get(target, name) {
      const found: unknown = name === 'rows' ? rows : Reflect.get(target, name, target);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });
  const deps = { ...house.deps, database: { ...house.database, driver: heard } };
  const run: Run = { ...deps, tasks: createTasks(deps) };
  resumeExports(run);
  return run;
}
const underWay = ({ tasks }: Run): string => tasks.running(({ kind }) => kind === 'export')!.id;
/** Stops at the third look: what that finds is kept. */
const stoppedRows = 750;
const pausing = (): Run => serve((run, looks) => looks === 3 && run.tasks.pause(underWay(run)));
const callerOf = (person: Resident) => ({ actor: house.deps.keeper.snapshot.actorOf(person.id, 'session')!, origin });
const asked = { of: 'requests', format: 'csv', filter: many } as const;

/** Whoever is ADMIN of the lab, and who is not any more. */
async function putInLab(person: Resident, role: 'ADMIN' | 'READ'): Promise<void> {
  const step = putMember(house.database, { workspaceId: scene.lab, userId: person.id, role }, house.deps.clock.nowMs());
  const deed = { action: 'workspace.member', subjectType: 'workspace', subjectId: scene.lab, subjectName: 'Lab', owner: null };
  await commit(house.deps, callerOf(ada), [step], deed);
}

describe('POST /api/exports', () => {
  test('202 requests as the stream has them, line for line, with texts that no spreadsheet takes for a formula', async () => {
    for (const format of ['csv', 'jsonl']) {
      const id = await written({ format, requests: many });
      const file = await fileOf(id);
      const streamed = await scene.get(`/api/requests/export?model=many&format=${format}`);
      expect(file.text).toBe(streamed.text);
      expect(file.headers.get('content-type')).toBe(streamed.headers.get('content-type'));
      expect(file.headers.get('content-disposition')).toMatch(
        new RegExp(`^attachment; filename="requests-\\d{4}-\\d\\d-\\d\\d\\.${format}"$`),
      );
      const task = (await house.request('GET', `/api/tasks/${id}`, { token: ada.token })).body.data!;
      expect(task).toMatchObject({ kind: 'export', state: 'done', canPause: false, result: { rows: manyRows, isCut: false } });
      expect(task.progress!.done).toBe(task.progress!.total);
      expect(task.result!.expiresAt).toMatch(/^\d{4}-/);
    }
    expect((await fileOf(await written({ requests: many }))).text).toContain(",'=1+1,");
  });

  test('202 the audit log as the stream has it, of the installation or of a workspace, and that it was taken is an entry', async () => {
    const reply = await start({ format: 'jsonl', audit: { action: 'workspace' } });
    expect(await deedsOf(house, reply)).toEqual(['task.start', 'audit.export']);
    await expect.poll(() => stateOf(reply.at('data.taskId'))).toBe('done');
    const { text } = await fileOf(reply.at('data.taskId'));
    expect(text).toBe((await scene.get('/api/admin/audit/export?format=jsonl&action=workspace')).text);
    expect(text.length).toBeGreaterThan(100);
    const ofLab = await written({ audit: { action: 'workspace.member' }, workspaceId: scene.lab }, cat);
    const streamed = await scene.get(`/api/workspaces/${scene.lab}/audit/export?action=workspace.member`, cat);
    expect((await fileOf(ofLab, cat)).text).toBe(streamed.text);
  });

  test('202 what one may not see is not in the file, and a filter that finds nothing makes a file of its head', async () => {
    expect((await fileOf(await written({ requests: many }, ben), ben)).text.split('\r\n')).toHaveLength(2);
    const own = await fileOf(await written({ format: 'jsonl', requests: many }, dan), dan);
    expect(own.text.trimEnd().split('\n')).toHaveLength(manyRows);
    expect((await fileOf(await written({ format: 'jsonl', requests: { model: 'none such' } }))).text).toBe('');
  });

  test('400 for both, for neither, for a workspace of requests, and for a filter that there is not', async () => {
    const refused: [unknown, string][] = [
      [{ requests: {}, audit: {} }, 'requests'],
      [{}, 'requests'],
      [{ requests: {}, workspaceId: scene.lab }, 'workspaceId'],
      [{ requests: { from: 'x' } }, 'from'],
      [{ requests: { outcome: 'lost' } }, 'requests.outcome'],
      [{ audit: { action: 'DROP TABLE' } }, 'audit.action'],
      [{ format: 'xlsx', requests: {} }, 'format'],
    ];
    for (const [body, field] of refused) expect(said(await start(body)), field).toEqual([400, 'VALIDATION_ERROR', field]);
  });

  test('401 for strangers', async () => {
    expect((await house.request('POST', '/api/exports', { body: { requests: {} } })).status).toBe(401);
  });

  test('403 for the audit log of the installation, and of a workspace that one does not administer', async () => {
    expect((await start({ audit: {} }, cat)).status).toBe(403);
    expect((await start({ audit: {}, workspaceId: scene.lab }, dan)).status).toBe(403);
  });

  test('404 for the audit log of a workspace that is none', async () => {
    expect((await start({ audit: {}, workspaceId: house.deps.ids.uuid() })).status).toBe(404);
  });

  test('409 while kept files take as much as they may, and one that is being written ends', async () => {
    const id = await written({ requests: { model: 'none such' } }, dan);
    const size = (packed: number) =>
      house.database.db.updateTable('exports').set({ packed_bytes: packed }).where('task_id', '=', id).execute();
    await size(512 * 1024 * 1024);
    expect(said(await start({ requests: many }, dan)).slice(0, 2)).toEqual([409, 'EXPORTS_FULL']);
    // Somebody else may still write, until all files together are too much.
    await written({ requests: { model: 'none such' } }, ben);
    await size(2 * 1024 * 1024 * 1024);
    expect((await start({ requests: many }, ben)).status).toBe(409);
    await size(1);
    const run = pausing();
    const late = await startExport(run, callerOf(dan), asked);
    await expect.poll(() => stateOf(late)).toBe('paused');
    await size(512 * 1024 * 1024);
    await run.tasks.resume(late);
    await expect.poll(() => stateOf(late)).toBe('failed');
    expect((await findTask(house.database, late))?.errorCode).toBe('EXPORTS_FULL');
    expect(await findExport(house.database, late)).toBeUndefined();
    expect((await remove(id, dan)).status).toBe(204);
    await run.tasks.close();
  });

  test('429 while the person has as much under way as one may', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = { kind: 'test', title: '', ownerUserId: ben.id, run: () => promise };
    const held = await Promise.all(Array.from({ length: tasksPerPersonMax }, () => house.deps.tasks.start(work)));
    expect((await start({ requests: many }, ben)).status).toBe(429);
    resolve();
    for (const { id } of held) await expect.poll(() => stateOf(id)).toBe('done');
  });
});

describe('the way of an export', () => {
  test('across a pause and a restart no row is doubled or lost, and what came since it began is not in it', async () => {
    const run = pausing();
    const id = await startExport(run, callerOf(ada), asked);
    await expect.poll(() => stateOf(id)).toBe('paused');
    const half = await findExport(house.database, id);
    expect(half).toMatchObject({ isWhole: false, rows: stoppedRows, pieces: 1 });
    expect((await fileOf(id)).status).toBe(404);
    scene.answered({ userId: dan.id, model: 'many', atMs: house.deps.clock.nowMs() + 60_000 });
    // The server that goes on ends in the middle, as by a restart, and the next one takes the task up.
    const second = serve(({ tasks }) => void tasks.close());
    expect(await second.tasks.resume(id)).toBe(true);
    await expect.poll(async () => (await findExport(house.database, id))?.pieces).toBe(2);
    await second.tasks.close();
    expect(await findExport(house.database, id)).toMatchObject({ isWhole: false, rows: stoppedRows + 250 });
    const third = serve();
    await third.tasks.recover({ isAlone: true });
    await expect.poll(() => stateOf(id)).toBe('done');
    const lines = (await fileOf(id)).text.trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + manyRows);
    expect(new Set(lines).size).toBe(1 + manyRows);
    expect(lines).toEqual((await scene.get('/api/requests/export?model=many&to=2026-06-01')).text.trimEnd().split('\r\n'));
    await Promise.all([run, third].map(({ tasks }) => tasks.close()));
  });

  test('a cancelled one leaves nothing behind', async () => {
    const run = serve((at, looks) => looks === 3 && at.tasks.cancel(underWay(at)));
    const id = await startExport(run, callerOf(ada), asked);
    await expect.poll(() => stateOf(id)).toBe('cancelled');
    expect(await findExport(house.database, id)).toBeUndefined();
    expect((await fileOf(id)).status).toBe(404);
    await run.tasks.close();
  });

  test('who loses the right to what is in it while it waits does not get the rest, nor the beginning', async () => {
    const run = pausing();
    const id = await startExport(run, callerOf(cat), asked);
    await expect.poll(() => stateOf(id)).toBe('paused');
    await putInLab(cat, 'READ');
    await run.tasks.resume(id);
    await expect.poll(() => stateOf(id)).toBe('failed');
    expect((await findTask(house.database, id))?.errorCode).toBe('FORBIDDEN');
    expect(await findExport(house.database, id)).toBeUndefined();
    await putInLab(cat, 'ADMIN');
    await run.tasks.close();
  });
});

describe('GET /api/exports/:id/file', () => {
  test('200 again and again, and each time is an entry', async () => {
    const id = await written({ requests: many }, dan);
    const [once, twice, byAdministrator] = [await fileOf(id, dan), await fileOf(id, dan), await fileOf(id, ada)];
    expect([twice.text, byAdministrator.text]).toEqual([once.text, once.text]);
    expect(await deedsOf(house, once)).toEqual(['export.download']);
  });

  test('200 for its head alone, of which nothing is noted, since nothing is taken away', async () => {
    const id = await written({ requests: many }, dan);
    const head = await house.request('HEAD', `/api/exports/${id}/file`, { token: dan.token });
    expect([head.status, head.text, head.headers.get('content-type')]).toEqual([200, '', 'text/csv; charset=utf-8']);
    expect(await deedsOf(house, head)).toEqual([]);
  });

  test('401 for strangers', async () => {
    expect((await house.request('GET', `/api/exports/${house.deps.ids.uuid()}/file`)).status).toBe(401);
  });

  test('403 for who wrote it and may not read what is in it any more', async () => {
    const [requests, audit] = [await written({ requests: many }, cat), await written({ audit: {}, workspaceId: scene.lab }, cat)];
    await putInLab(cat, 'READ');
    expect([(await fileOf(requests, cat)).status, (await fileOf(audit, cat)).status]).toEqual([403, 403]);
    await putInLab(cat, 'ADMIN');
    expect([(await fileOf(requests, cat)).status, (await fileOf(audit, cat)).status]).toEqual([200, 200]);
  });

  test("404 for somebody else's exactly as for none, for a task of another kind, and for one whose days are over", async () => {
    const id = await written({ requests: many }, dan);
    const [foreign, none, odd] = [await fileOf(id, ben), await fileOf(house.deps.ids.uuid(), ben), await fileOf('x', ben)];
    expect([foreign.status, none.status, odd.status]).toEqual([404, 404, 404]);
    expect(foreign.bodyWithoutId).toEqual(none.bodyWithoutId);
    const other = await house.deps.tasks.start({ kind: 'test', title: '', ownerUserId: dan.id, run: () => Promise.resolve() });
    expect((await fileOf(other.id, dan)).status).toBe(404);
    await house.database.db.updateTable('exports').set({ expires_at: 1 }).where('task_id', '=', id).execute();
    expect((await fileOf(id, dan)).status).toBe(404);
    expect(await sweepExports(house.database, house.deps.clock.nowMs(), () => false)).toBeGreaterThan(0);
    expect(await findExport(house.database, id)).toBeUndefined();
  });
});

describe('DELETE /api/exports/:id/file', () => {
  test('204 the file is gone, the task stays and says so', async () => {
    const id = await written({ requests: many }, dan);
    const reply = await remove(id, dan);
    expect([reply.status, await deedsOf(house, reply)]).toEqual([204, ['export.delete']]);
    expect(await findExport(house.database, id)).toBeUndefined();
    expect((await fileOf(id, dan)).status).toBe(404);
    const task = (await house.request('GET', `/api/tasks/${id}`, { token: dan.token })).body.data!;
    expect(task).toMatchObject({ state: 'done', result: { rows: manyRows, expiresAt: null } });
  });

  test('401 for strangers', async () => {
    expect((await house.request('DELETE', `/api/exports/${house.deps.ids.uuid()}/file`)).status).toBe(401);
  });

  test("404 for somebody else's, which stays, and for one that is gone already", async () => {
    const id = await written({ requests: many }, dan);
    expect((await remove(id, ben)).status).toBe(404);
    expect((await fileOf(id, dan)).status).toBe(200);
    expect([(await remove(id, dan)).status, (await remove(id, dan)).status]).toEqual([204, 404]);
  });
});
