/** S3's workspaces and their members, through the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commit } from '../../src/control/change.ts';
import { thisRevision } from '../../src/storage/changes.ts';
import { openHouse, origin, type House, type Reply, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let mia: Resident;
const people: Record<string, Resident> = {};
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  mia = await house.createResident('Mia', 'manager');
  for (const name of ['Rea', 'Wes', 'Adm', 'Out']) people[name] = await house.createResident(name);
});
afterAll(() => house.close());

const person = (name: string): Resident => people[name]!;
let count = 0;
/** A workspace with one member of each role; `Out` has none. */
const makeWorkspace = (): Promise<string> =>
  house.createWorkspace(`Workspace ${(count += 1)}`, [
    [person('Adm'), 'ADMIN'],
    [person('Wes'), 'WRITE'],
    [person('Rea'), 'READ'],
  ]);
const ask = (method: string, path: string, who: Resident, body?: unknown): Promise<Reply> =>
  house.request(method, path, { token: who.token, ...(body === undefined ? {} : { body }) });
const codeOf = (reply: Reply): unknown[] => [reply.status, reply.body.error_code];

/** Puts a connection into a workspace, as its face would. */
async function connect(workspaceId: string): Promise<string> {
  const { db, compile } = house.database;
  const id = house.deps.ids.uuid();
  const row = db.insertInto('ai_configurations').values({
    id,
    user_id: ada.id,
    scope: 'workspace',
    owner_id: workspaceId,
    name: 'c',
    name_key: 'c',
    provider: 'openai',
    origin: 'https://api.openai.com',
    revision: thisRevision,
  });
  await commit(house.deps, { actor: ada.actor, origin }, [compile(row)], {
    action: 'connection.create',
    subjectType: 'connection',
    subjectId: id,
    subjectName: 'c',
    owner: null,
  });
  return id;
}

describe('POST /workspace', () => {
  test('200 as S3 has it: the caller is its ADMIN', async () => {
    const reply = await ask('POST', '/workspace', mia, { name: ' Marketing ' });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      success: true,
      workspace: {
        id: expect.any(String) as unknown,
        name: 'Marketing',
        orgId: ada.actor.organizationId,
        users: [{ userId: mia.id, role: 'ADMIN', user: { id: mia.id, name: 'Mia', lastName: '', email: mia.email, orgRole: 2 } }],
        default: false,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) as unknown,
        deletedAt: null,
        revision: expect.any(Number) as unknown,
      },
    });
    const audit = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('subject_id', '=', reply.at('workspace.id'))
      .execute();
    expect(audit).toMatchObject([{ action: 'workspace.create', actor_id: mia.id, scope: 'workspace', outcome: 'success' }]);
  });

  test('400 for a name that is taken, whatever its case and composition, and for fields that do not belong there', async () => {
    await ask('POST', '/workspace', mia, { name: 'Café' });
    for (const name of ['café', 'CAFÉ', 'Cafe\u0301'])
      expect(codeOf(await ask('POST', '/workspace', ada, { name })), name).toEqual([400, 'NAME_EXISTS']);
    for (const body of [{}, { name: '' }, { name: 'x'.repeat(256) }, { name: 'x', orgId: ada.id }, { name: 'x', default: true }])
      expect(codeOf(await ask('POST', '/workspace', mia, body)), JSON.stringify(body)).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', '/workspace', { body: { name: 'x' } })).status).toBe(401);
  });

  test('403 for somebody who may not manage', async () => {
    expect(codeOf(await ask('POST', '/workspace', person('Wes'), { name: 'Mine' }))).toEqual([403, 'FORBIDDEN']);
  });

  test('of two with one name at once, one is made', async () => {
    const both = await Promise.all([ada, mia].map((who) => ask('POST', '/workspace', who, { name: 'Race' })));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]);
  });
});

describe('GET /workspace', () => {
  test('200 with the own workspaces; administrators see all, the first one is the default', async () => {
    const id = await makeWorkspace();
    const ids = async (who: Resident): Promise<unknown[]> =>
      [...(await ask('GET', '/workspace', who)).body.workspaces!].map((workspace) => workspace['id']);
    expect(await ids(person('Rea'))).toContain(id);
    expect(await ids(person('Out'))).toEqual([]);
    const all = await ask('GET', '/workspace', ada);
    expect([...all.body.workspaces!].filter((workspace) => workspace['default'] as unknown as boolean)).toMatchObject([
      { name: 'Default', users: [{ user: { orgRole: 0xfe } }] },
    ]);
    expect(await ids(ada)).toContain(id);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', '/workspace')).status).toBe(401);
  });
});

describe('GET /workspace/:id', () => {
  test('200 for every member, with all members', async () => {
    const id = await makeWorkspace();
    for (const name of ['Rea', 'Wes', 'Adm']) {
      const reply = await ask('GET', `/workspace/${id}`, person(name));
      expect(reply.status).toBe(200);
      expect([...reply.body.workspace!.users!].map((member) => member['role'])).toEqual(['ADMIN', 'READ', 'WRITE']);
    }
    expect((await ask('GET', `/workspace/${id}`, ada)).status).toBe(200);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', `/workspace/${await makeWorkspace()}`)).status).toBe(401);
  });

  test('403 for who has no role there', async () => {
    expect(codeOf(await ask('GET', `/workspace/${await makeWorkspace()}`, person('Out')))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 for one that is unknown or deleted', async () => {
    const id = await makeWorkspace();
    for (const unknown of [house.deps.ids.uuid(), 'nonsense', `${id}'--`])
      expect(codeOf(await ask('GET', `/workspace/${unknown}`, person('Out')))).toEqual([404, 'NOT_FOUND']);
    await ask('DELETE', `/workspace/${id}`, person('Adm'));
    expect((await ask('GET', `/workspace/${id}`, person('Adm'))).status).toBe(404);
  });
});

describe('PUT /workspace/:id', () => {
  test('200 renames, also into another spelling of the same name', async () => {
    const id = await makeWorkspace();
    const reply = await ask('PUT', `/workspace/${id}`, person('Adm'), { name: `WORKSPACE ${count}` });
    expect(reply.status).toBe(200);
    expect(reply.body.workspace).toMatchObject({ id, name: `WORKSPACE ${count}` });
  });

  test('400 for a taken name or a bad one', async () => {
    const [first, second] = [await makeWorkspace(), await makeWorkspace()];
    const taken = (await ask('GET', `/workspace/${first}`, ada)).at('workspace.name');
    expect(codeOf(await ask('PUT', `/workspace/${second}`, person('Adm'), { name: taken }))).toEqual([400, 'NAME_EXISTS']);
    expect((await ask('PUT', `/workspace/${second}`, person('Adm'), { name: '' })).status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('PUT', `/workspace/${await makeWorkspace()}`, { body: { name: 'x' } })).status).toBe(401);
  });

  test('403 for all but ADMIN', async () => {
    const id = await makeWorkspace();
    for (const name of ['Rea', 'Wes', 'Out'])
      expect((await ask('PUT', `/workspace/${id}`, person(name), { name: 'x' })).status, name).toBe(403);
  });

  test('404 for one that is unknown', async () => {
    expect((await ask('PUT', `/workspace/${house.deps.ids.uuid()}`, person('Adm'), { name: 'x' })).status).toBe(404);
  });
});

describe('DELETE /workspace/:id', () => {
  test('200 and members lose it, its access keys are dead, its name is free again, the row stays', async () => {
    const id = await makeWorkspace();
    const name = (await ask('GET', `/workspace/${id}`, ada)).at('workspace.name');
    const key = await ask('POST', '/api/access-keys', person('Wes'), { name: 'k', workspaceId: id });
    const reply = await ask('DELETE', `/workspace/${id}`, person('Adm'));
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ success: true });
    expect(house.deps.keeper.snapshot.actorOf(person('Wes').id, 'token')!.workspaces.has(id)).toBe(false);
    expect(house.deps.keeper.snapshot.knowsAccessKey(key.at('data.id'))).toBe(false);
    expect((await ask('POST', '/workspace', mia, { name })).status).toBe(200);
    const row = await house.database.db.selectFrom('workspaces').select('deleted_at').where('id', '=', id).executeTakeFirst();
    expect(row!.deleted_at).toBeGreaterThan(0);
  });

  test('400 while connections belong to it', async () => {
    const id = await makeWorkspace();
    const connectionId = await connect(id);
    expect(codeOf(await ask('DELETE', `/workspace/${id}`, person('Adm')))).toEqual([400, 'WORKSPACE_NOT_EMPTY']);
    expect((await ask('GET', `/workspace/${id}`, person('Adm'))).status).toBe(200);
    const { db, compile, driver } = house.database;
    await driver.write([compile(db.updateTable('ai_configurations').set({ deleted_at: 1 }).where('id', '=', connectionId))]);
    expect((await ask('DELETE', `/workspace/${id}`, person('Adm'))).status).toBe(200);
  });

  test('401 for nobody', async () => {
    expect((await house.request('DELETE', `/workspace/${await makeWorkspace()}`)).status).toBe(401);
  });

  test('403 for all but ADMIN', async () => {
    const id = await makeWorkspace();
    for (const name of ['Rea', 'Wes', 'Out']) expect((await ask('DELETE', `/workspace/${id}`, person(name))).status, name).toBe(403);
  });

  test('404 for one that is unknown', async () => {
    expect((await ask('DELETE', `/workspace/${house.deps.ids.uuid()}`, ada)).status).toBe(404);
  });
});

describe('POST /workspace/:id/users', () => {
  test('409 for the last ADMIN, who would be given another role', async () => {
    const id = await makeWorkspace();
    const reply = await ask('POST', `/workspace/${id}/users`, ada, { userId: person('Adm').id, role: 'READ' });
    expect(codeOf(reply)).toEqual([409, 'LAST_WORKSPACE_ADMIN']);
    expect(house.deps.keeper.snapshot.actorOf(person('Adm').id, 'token')!.workspaces.get(id)).toBe('ADMIN');
  });

  test('200 adds a member, whose rights count with the next request', async () => {
    const id = await makeWorkspace();
    const reply = await ask('POST', `/workspace/${id}/users`, person('Adm'), { userId: person('Out').id, role: 'WRITE' });
    expect(reply.status).toBe(200);
    expect([...reply.body.workspace!.users!].map((member) => member['userId'])).toContain(person('Out').id);
    expect((await ask('POST', '/api/access-keys', person('Out'), { name: 'k', workspaceId: id })).status).toBe(201);
  });

  test('400 for a role that does not exist', async () => {
    const id = await makeWorkspace();
    const body = { userId: person('Out').id, role: 'ADMIN' };
    for (const bad of [{ ...body, role: 'OWNER' }, { ...body, role: 'NONE' }, { ...body, userId: 'x' }, { role: 'READ' }])
      expect((await ask('POST', `/workspace/${id}/users`, person('Adm'), bad)).status, JSON.stringify(bad)).toBe(400);
  });

  test('401 for nobody', async () => {
    const body = { userId: person('Out').id, role: 'READ' };
    expect((await house.request('POST', `/workspace/${await makeWorkspace()}/users`, { body })).status).toBe(401);
  });

  test('403 for all but ADMIN, and nobody was added', async () => {
    const id = await makeWorkspace();
    const body = { userId: person('Out').id, role: 'ADMIN' };
    for (const name of ['Rea', 'Wes', 'Out'])
      expect((await ask('POST', `/workspace/${id}/users`, person(name), body)).status, name).toBe(403);
    expect((await ask('GET', `/workspace/${id}`, person('Out'))).status).toBe(403);
  });

  test('404 for a workspace or a person who does not exist', async () => {
    const id = await makeWorkspace();
    const body = { userId: house.deps.ids.uuid(), role: 'READ' };
    expect((await ask('POST', `/workspace/${id}/users`, person('Adm'), body)).status).toBe(404);
    expect((await ask('POST', `/workspace/${house.deps.ids.uuid()}/users`, ada, { ...body, userId: person('Out').id })).status).toBe(404);
  });
});

describe('PUT /workspace/:id/users/:userId', () => {
  test('409 for the last ADMIN; with a second one the first may go down', async () => {
    const id = await makeWorkspace();
    const lower = () => ask('PUT', `/workspace/${id}/users/${person('Adm').id}`, person('Adm'), { role: 'WRITE' });
    expect(codeOf(await lower())).toEqual([409, 'LAST_WORKSPACE_ADMIN']);
    await ask('PUT', `/workspace/${id}/users/${person('Wes').id}`, person('Adm'), { role: 'ADMIN' });
    expect((await lower()).status).toBe(200);
  });

  test('200 changes what a member may do at once', async () => {
    const id = await makeWorkspace();
    expect((await ask('PUT', `/workspace/${id}/users/${person('Wes').id}`, person('Adm'), { role: 'READ' })).status).toBe(200);
    expect((await ask('POST', '/api/access-keys', person('Wes'), { name: 'k', workspaceId: id })).status).toBe(403);
  });

  const memberPath = async (): Promise<string> => `/workspace/${await makeWorkspace()}/users/${person('Wes').id}`;

  test('400 for a role that cannot be given', async () => {
    expect((await ask('PUT', await memberPath(), person('Adm'), { role: 'NONE' })).status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('PUT', await memberPath(), { body: { role: 'ADMIN' } })).status).toBe(401);
  });

  test('403 for a member who would raise themselves', async () => {
    expect((await ask('PUT', await memberPath(), person('Wes'), { role: 'ADMIN' })).status).toBe(403);
  });

  test('404 for somebody who is no member', async () => {
    const id = await makeWorkspace();
    for (const userId of [person('Out').id, house.deps.ids.uuid(), 'nonsense'])
      expect((await ask('PUT', `/workspace/${id}/users/${userId}`, person('Adm'), { role: 'READ' })).status).toBe(404);
  });
});

describe('DELETE /workspace/:id/users/:userId', () => {
  test('409 for the last ADMIN, also for an administrator; of two ADMINs who remove each other at once one stays', async () => {
    const id = await makeWorkspace();
    expect(codeOf(await ask('DELETE', `/workspace/${id}/users/${person('Adm').id}`, ada))).toEqual([409, 'LAST_WORKSPACE_ADMIN']);
    await ask('PUT', `/workspace/${id}/users/${person('Wes').id}`, ada, { role: 'ADMIN' });
    const both = await Promise.all(['Adm', 'Wes'].map((name) => ask('DELETE', `/workspace/${id}/users/${person(name).id}`, ada)));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  test('200 and the workspace is closed to them at once; they may come back', async () => {
    const id = await makeWorkspace();
    const reply = await ask('DELETE', `/workspace/${id}/users/${person('Rea').id}`, person('Adm'));
    expect(reply.status).toBe(200);
    expect([...reply.body.workspace!.users!].map((member) => member['userId'])).not.toContain(person('Rea').id);
    expect((await ask('GET', `/workspace/${id}`, person('Rea'))).status).toBe(403);
    expect([...(await ask('GET', '/workspace', person('Rea'))).body.workspaces!].map((workspace) => workspace['id'])).not.toContain(id);
    expect((await ask('POST', `/workspace/${id}/users`, person('Adm'), { userId: person('Rea').id, role: 'READ' })).status).toBe(200);
    expect((await ask('GET', `/workspace/${id}`, person('Rea'))).status).toBe(200);
  });

  test('401 for nobody', async () => {
    expect((await house.request('DELETE', `/workspace/${await makeWorkspace()}/users/${person('Rea').id}`)).status).toBe(401);
  });

  test('403 for all but ADMIN', async () => {
    const path = `/workspace/${await makeWorkspace()}/users/${person('Rea').id}`;
    for (const name of ['Rea', 'Wes', 'Out']) expect((await ask('DELETE', path, person(name))).status, name).toBe(403);
  });

  test('404 for somebody who is no member', async () => {
    const id = await makeWorkspace();
    expect((await ask('DELETE', `/workspace/${id}/users/${person('Out').id}`, person('Adm'))).status).toBe(404);
  });
});
