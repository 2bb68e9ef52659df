/** Limits on something that goes: they go with it, and one that was left behind can be taken away. */
import type { LimitView } from '@patchbay/contract/limits';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LimitSubjectKind } from '../../src/domain/limit.ts';
import { insertLimit } from '../../src/storage/limits.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let house: House;
let admin: Resident;
let ben: Resident;
let lab: string;

beforeAll(async () => {
  house = await openHouse({ isDemoOffered: true });
  admin = await house.createResident('Root', 'administrator');
  ben = await house.createResident('Ben');
  lab = await house.createWorkspace('Lab', [[ben, 'ADMIN']]);
});
afterAll(() => house.close());

const call = (person: Resident, method: string, path: string, body?: unknown): Promise<Reply> =>
  house.request(method, path, { token: person.token, ...(body === undefined ? {} : { body }) });
const made = async (path: string, body: object): Promise<string> => (await call(ben, 'POST', path, body)).at('data.id');
const all = async (): Promise<LimitView[]> => (await call(admin, 'GET', '/api/limits?limit=500')).body.data as unknown as LimitView[];

/** Sets a limit on it, lets it go, and says whether the limit was there before and after. */
async function goingWith(subjectKind: LimitSubjectKind, subjectId: string, path: string, person = ben): Promise<unknown[]> {
  const { id } = (await call(ben, 'POST', '/api/limits', { subjectKind, subjectId, kind: 'requests', value: 10 })).body
    .data as unknown as LimitView;
  const isThere = async (): Promise<boolean> => (await all()).some((limit) => limit.id === id);
  const before = await isThere();
  const { status } = await call(person, 'DELETE', path);
  return [before, status, await isThere(), house.deps.keeper.snapshot.limits.of(subjectKind, subjectId)];
}
const gone = [true, 200, false, undefined];

test('a key takes its limits along, alone, with its repository, and with its workspace', async () => {
  const key = await made('/api/access-keys', { name: 'short' });
  expect(await goingWith('access-key', key, `/api/access-keys/${key}`)).toEqual(gone);
  const repositoryId = await made('/api/repositories', { name: 'Papers', workspaceId: lab });
  const bound = await made('/api/access-keys', { name: 'bound', repositoryId });
  expect(await goingWith('access-key', bound, `/api/repositories/${repositoryId}?force=true`, admin)).toEqual(gone);
  const other = await house.createWorkspace('Other', [[ben, 'ADMIN']]);
  const shared = await made('/api/access-keys', { name: 'shared', workspaceId: other });
  expect(await goingWith('access-key', shared, `/workspace/${other}`)).toEqual(gone);
});

test('a connection and a routing group take theirs along', async () => {
  const [connection, other] = [
    await made('/api/configurations', { name: 'Short', provider: 'demo', model: 'demo-small' }),
    await made('/api/configurations', { name: 'Long', provider: 'demo', model: 'demo-small' }),
  ];
  expect(await goingWith('connection', connection, `/api/configurations/${connection}`)).toEqual(gone);
  const group = await made('/api/routing-groups', { name: 'short', targets: [{ connectionId: other }] });
  expect(await goingWith('group', group, `/api/routing-groups/${group}`)).toEqual(gone);
});

test('whoever is deleted leaves no limits behind', async () => {
  const dan = await house.createResident('Dan');
  const own = async (path: string, body: object): Promise<string> => (await call(dan, 'POST', path, body)).at('data.id');
  const connection = await own('/api/configurations', { name: 'Own', provider: 'demo', model: 'demo-small' });
  const subjects: [LimitSubjectKind, string][] = [
    ['connection', connection],
    ['group', await own('/api/routing-groups', { name: 'own', targets: [{ connectionId: connection }] })],
    ['access-key', await own('/api/access-keys', { name: 'own' })],
  ];
  for (const [subjectKind, subjectId] of subjects)
    expect((await call(dan, 'POST', '/api/limits', { subjectKind, subjectId, kind: 'requests', value: 1 })).status).toBe(201);
  // What is somebody's own is theirs to limit: the list does not offer what would be refused.
  const shown = (await all()).filter(({ subjectId }) => subjects.some(([, id]) => id === subjectId));
  expect(shown.map(({ subjectKind, canManage }) => [subjectKind, canManage])).toEqual([
    ['access-key', true],
    ['group', false],
    ['connection', false],
  ]);
  expect((await call(admin, 'DELETE', `/api/admin/users/${dan.id}`)).status).toBe(200);
  const left = (await all()).filter(({ subjectId }) => subjects.some(([, id]) => id === subjectId));
  expect(left).toEqual([]);
});

test('one that was left behind by something that is gone is taken away by administrators alone', async () => {
  const id = house.deps.ids.uuid();
  const subject = { kind: 'group' as const, id: house.deps.ids.uuid() };
  const times = { createdBy: ben.id, createdAtMs: 1, updatedAtMs: 1 };
  const limit = { id, subject, kind: 'requests' as const, period: 'minute' as const, value: 1, softPercent: null, isShadow: false };
  await house.deps.database.driver.write([insertLimit(house.deps.database, { ...limit, ...times, level: 'owner' })]);
  expect((await call(ben, 'DELETE', `/api/limits/${id}`)).status).toBe(404);
  expect((await call(admin, 'DELETE', `/api/limits/${id}`)).status).toBe(200);
  expect((await call(admin, 'DELETE', `/api/limits/${id}`)).status).toBe(404);
});
