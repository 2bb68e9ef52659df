/** Names of what usage is grouped by: of what is there, of what is gone but in the books, and none where nobody knows one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccessKey, revokeAccessKey } from '../../src/control/access-keys.ts';
import { createRepository, deleteRepository } from '../../src/control/repositories.ts';
import { namesFor } from '../../src/control/usage-names.ts';
import type { GroupBy } from '../../src/storage/usage.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let lab: string;
beforeAll(async () => {
  house = await openHouse();
  await house.createResident('Root', 'administrator');
  ada = await house.createResident('Ada');
  lab = await house.createWorkspace('Lab', [[ada, 'ADMIN']]);
});
afterAll(() => house.close());

const by = () => ({ actor: house.deps.keeper.snapshot.actorOf(ada.id, 'token')!, origin });
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const namesOf = async (groupBy: GroupBy, keys: readonly (string | null)[]): Promise<(string | null)[]> => {
  const nameOf = await namesFor(house.deps, groupBy, keys);
  return keys.map(nameOf);
};
async function connect(name: string): Promise<string> {
  const body = { name, provider: 'openai', model: 'gpt-4o', apiKey: 'sk-0123456789abcdef' };
  return (await house.request('POST', '/api/configurations', { token: ada.token, body })).at('data.id');
}
const repository = async (name: string): Promise<string> =>
  (await createRepository(house.deps, by(), { workspaceId: lab, name, connectionIds: [] }, { connectionAt: String })).id;

test('a connection has the name that it has now, and a deleted one the name that it had last', async () => {
  const [there, gone] = [await connect('Stays'), await connect('Goes')];
  const change = (id: string, name: string) => house.request('PATCH', `/api/configurations/${id}`, { token: ada.token, body: { name } });
  expect((await change(there, 'Stays, renamed')).status).toBe(200);
  expect((await change(gone, 'Goes, renamed')).status).toBe(200);
  expect((await house.request('DELETE', `/api/configurations/${gone}`, { token: ada.token })).status).toBe(200);
  expect(house.deps.keeper.snapshot.connections.has(gone)).toBe(false);
  expect(await namesOf('connection', [there, gone, nobody, null])).toEqual(['Stays, renamed', 'Goes, renamed', null, null]);
});

test('more deleted connections than one question names all have their names', async () => {
  const gone = Array.from({ length: 600 }, () => house.deps.ids.uuid());
  const known = await connect('Among many');
  await house.request('DELETE', `/api/configurations/${known}`, { token: ada.token });
  const names = await namesOf('connection', [...gone, known]);
  expect([names.at(-1), names.filter((name) => name !== null).length]).toEqual(['Among many', 1]);
});

test('a key keeps its name when it is revoked', async () => {
  const { key } = await createAccessKey(house.deps, by(), { name: 'Build', workspaceId: lab, repositoryId: null });
  expect(await namesOf('key', [key.id, nobody, null])).toEqual(['Build', null, null]);
  await revokeAccessKey(house.deps, by(), key.id);
  expect(await namesOf('key', [key.id])).toEqual(['Build']);
});

test('workspaces and people have their names, and what belongs to none has none', async () => {
  expect(await namesOf('workspace', [lab, nobody, null])).toEqual(['Lab', null, null]);
  expect(await namesOf('user', [ada.id, nobody, null])).toEqual(['Ada', null, null]);
});

test('a repository has its name as long as it is there', async () => {
  const id = await repository('Files');
  expect(await namesOf('repository', [id, null])).toEqual(['Files', null]);
  await deleteRepository(house.deps, by(), id, { isForced: false });
  expect(await namesOf('repository', [id])).toEqual([null]);
});

test.each<GroupBy>(['model', 'provider', 'day'])('a %s is its own name', async (groupBy) => {
  expect(await namesOf(groupBy, ['gpt-4o', '2026-11-21', null])).toEqual(['gpt-4o', '2026-11-21', null]);
});

test('an id is no name of another kind', async () => {
  const connectionId = await connect('Only a connection');
  for (const groupBy of ['key', 'workspace', 'repository', 'use-case', 'user', 'purpose'] as const)
    expect(await namesOf(groupBy, [connectionId]), groupBy).toEqual([null]);
});

test('nothing to name asks for nothing and answers none', async () => {
  for (const groupBy of ['connection', 'key', 'workspace'] as const) {
    const nameOf = await namesFor(house.deps, groupBy, []);
    expect([nameOf(null), nameOf(nobody)], groupBy).toEqual([null, null]);
  }
});
