/** Whether a workspace keeps contents, and how long the installation keeps rows: said by those who may, told to those whom it concerns. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { said } from '../support/books-house.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let eve: Resident;
let lab: string;
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';

beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  ben = await house.createResident('Ben');
  eve = await house.createResident('Eve');
  const cat = await house.createResident('Cat');
  lab = await house.createWorkspace('Lab', [
    [ada, 'ADMIN'],
    [ben, 'READ'],
    [cat, 'ADMIN'],
  ]);
});
afterAll(() => house.close());

const send = (method: string, path: string, person: Resident | null, body?: unknown): Promise<Reply> =>
  house.request(method, path, { ...(person && { token: person.token }), body });
const capture = (): string => `/api/workspaces/${lab}/capture`;
const retention = '/api/admin/settings/retention';

describe('GET /api/workspaces/:id/capture', () => {
  test('200 off until somebody turns it on, and told to every member', async () => {
    expect((await send('GET', capture(), ben)).body.data).toEqual({ isOn: false, keptDays: 7, revision: 0 });
  });
  test('401 for strangers', async () => {
    expect((await send('GET', capture(), null)).status).toBe(401);
  });
  test('403 for those who are no members', async () => {
    expect((await send('GET', capture(), eve)).status).toBe(403);
  });
  test('404 for a workspace that there is not', async () => {
    expect((await send('GET', `/api/workspaces/${nobody}/capture`, ada)).status).toBe(404);
  });
});

describe('PUT /api/workspaces/:id/capture', () => {
  const put = (body: unknown, person: Resident | null = ada, id = lab): Promise<Reply> =>
    send('PUT', `/api/workspaces/${id}/capture`, person, body);

  test('200 on, with an entry in the audit log, and the workspace has a key for it', async () => {
    const { data } = (await put({ isOn: true, keptDays: 30 })).body;
    expect(data).toMatchObject({ isOn: true, keptDays: 30 });
    expect(house.deps.keeper.snapshot.capture.get(lab)).toBe(30);
    expect(house.deps.keeper.snapshot.ownerKeys.get(`workspace:${lab}`)?.length).toBe(1);
    const [entry] = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('action', '=', 'workspace-capture.update')
      .execute();
    expect(JSON.parse(entry!.changes!)).toEqual({ isOn: { before: false, after: true }, keptDays: { before: 7, after: 30 } });
    await put({ isOn: false, keptDays: 30 });
    expect(house.deps.keeper.snapshot.capture.has(lab)).toBe(false);
  });
  test.each([[{ isOn: true, keptDays: 0 }, 'keptDays'], [{ isOn: true, keptDays: 91 }, 'keptDays'], [{ isOn: 'yes', keptDays: 7 }, 'isOn'], [{ isOn: true, keptDays: 7, more: 1 }, 'more']])(
    '400 for %j',
    async (body, field) => {
      expect(said(await put(body))).toEqual([400, 'VALIDATION_ERROR', field]);
    },
  ); // prettier-ignore
  test('401 for strangers', async () => {
    expect((await put({ isOn: true, keptDays: 7 }, null)).status).toBe(401);
  });
  test('403 for members who are no ADMIN', async () => {
    expect((await put({ isOn: true, keptDays: 7 }, ben)).status).toBe(403);
  });
  test('404 for a workspace that there is not', async () => {
    expect((await put({ isOn: true, keptDays: 7 }, ada, nobody)).status).toBe(404);
  });
  test('409 where somebody else said something since', async () => {
    const revision = (await send('GET', capture(), ada)).body.data!.revision as unknown as number;
    expect((await put({ isOn: true, keptDays: 8, revision })).status).toBe(200);
    const late = await put({ isOn: false, keptDays: 9, revision });
    expect(said(late).slice(0, 2)).toEqual([409, 'CONFLICT']);
    expect(late.body.details!.current).toMatchObject({ isOn: true, keptDays: 8 });
  });
});

describe('DELETE /api/workspaces/:id/capture/contents', () => {
  const forget = (person: Resident | null, id = lab): Promise<Reply> => send('DELETE', `/api/workspaces/${id}/capture/contents`, person);
  test('204 for its ADMIN, with an entry in the audit log', async () => {
    expect((await forget(ada)).status).toBe(204);
    const sql = "SELECT count(*) AS count FROM audit_entries WHERE action = 'workspace-capture.forget'";
    expect(await house.database.driver.rows({ sql, params: [] })).toEqual([{ count: 1 }]);
  });
  test('401 for strangers', async () => {
    expect((await forget(null)).status).toBe(401);
  });
  test('403 for members who are no ADMIN', async () => {
    expect((await forget(ben)).status).toBe(403);
  });
  test('404 for a workspace that there is not', async () => {
    expect((await forget(ada, nobody)).status).toBe(404);
  });
});

describe('GET /api/admin/settings/retention', () => {
  test('200 every kind of rows with its days, who says so, and no look yet', async () => {
    const { data } = (await send('GET', retention, ada)).body;
    const rows = data!.rows as unknown as { noun: string }[];
    expect(rows.map(({ noun }) => noun)).toEqual(['requests', 'policy-findings', 'limit-events', 'connection-tests', 'health-checks', 'alerts', 'responses', 'tasks', 'audit']); // prettier-ignore
    expect(rows[0]).toEqual({ noun: 'requests', days: 90, daysDefault: 90, daysMin: 35, daysMax: 3_650, origin: 'default', settingName: 'PATCHBAY_RETENTION_REQUESTS_DAYS', mayBeForever: false, lastRun: null }); // prettier-ignore
  });
  test('401 for strangers', async () => {
    expect((await send('GET', retention, null)).status).toBe(401);
  });
  test('403 for everybody but administrators', async () => {
    expect((await send('GET', retention, ben)).status).toBe(403);
  });
});

describe('PATCH /api/admin/settings/retention', () => {
  const patch = (body: unknown, person: Resident | null = ada): Promise<Reply> => send('PATCH', retention, person, body);
  const rowOf = (reply: Reply, noun: string) => (reply.body.data!.rows as unknown as { noun: string; days: number; origin: string }[]).find((row) => row.noun === noun); // prettier-ignore

  test('200 what is named changes, and null goes back to the default', async () => {
    expect(rowOf(await patch({ days: { requests: 120, tasks: 5 } }), 'requests')).toMatchObject({ days: 120, origin: 'saved' });
    const back = await patch({ days: { requests: null } });
    expect([rowOf(back, 'requests'), rowOf(back, 'tasks')]).toMatchObject([
      { days: 90, origin: 'default' },
      { days: 5, origin: 'saved' },
    ]);
  });
  test.each([[{ days: { requests: 34 } }, 'days.requests'], [{ days: { responses: 31 } }, 'days.responses'], [{ days: { tasks: 0 } }, 'days.tasks'], [{ days: { tasks: 1.5 } }, 'days.tasks']])(
    '400 for %j',
    async (body, field) => {
      expect(said(await patch(body))).toEqual([400, 'VALIDATION_ERROR', field]);
    },
  ); // prettier-ignore
  test('401 for strangers', async () => {
    expect((await patch({ days: {} }, null)).status).toBe(401);
  });
  test('403 for everybody but administrators', async () => {
    expect((await patch({ days: {} }, ben)).status).toBe(403);
  });
  test('409 where somebody else saved them since', async () => {
    const revision = (await send('GET', retention, ada)).body.data!.revision as unknown as number;
    await patch({ days: { alerts: 10 }, revision });
    expect(said(await patch({ days: { alerts: 11 }, revision })).slice(0, 2)).toEqual([409, 'CONFLICT']);
  });
});
