/** Repositories when several people change them at the same moment, and what open pages are told. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccessKey } from '../../src/control/access-keys.ts';
import type { KeptEvent } from '../../src/control/events.ts';
import { changeRepository, createRepository, deleteRepository, repositoryFor } from '../../src/control/repositories.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let wes: Resident;
let workspaceId: string;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  wes = await house.createResident('Wes');
  workspaceId = await house.createWorkspace('Lab', [
    [ada, 'ADMIN'],
    [wes, 'WRITE'],
  ]);
});
afterAll(() => house.close());

const words = { connectionAt: String };
const as = (who: Resident) => ({ actor: house.deps.keeper.snapshot.actorOf(who.id, 'token')!, origin });
let count = 0;
const make = (who = ada) => createRepository(house.deps, as(who), { workspaceId, name: `repository ${++count}`, connectionIds: [] }, words);
const connect = async (): Promise<string> => {
  const body = { name: `connection ${++count}`, aiType: 'OPENAI', workspaceId, secret: 'sk-0123456789abcdef' };
  return (await house.request('POST', '/ai/llm', { token: ada.token, body })).at('aiLlmId');
};
const codeOf = (error: unknown): string => (error instanceof Refusal ? error.code : String(error));

test('two changes at once are both kept where neither says what it was made from', async () => {
  const { id } = await make();
  const connectionIds = [await connect()];
  await Promise.all([
    changeRepository(house.deps, as(ada), id, { name: 'both' }, words),
    changeRepository(house.deps, as(wes), id, { connectionIds }, words),
  ]);
  expect(await repositoryFor(house.deps, as(wes).actor, id, 'READ')).toMatchObject({ name: 'both', connectionIds });
});

test('of two people who make the same name at once exactly one has it', async () => {
  const input = { workspaceId, name: 'Only one', connectionIds: [] };
  const settled = await Promise.allSettled([ada, wes].map((who) => createRepository(house.deps, as(who), input, words)));
  expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(settled.flatMap((one) => (one.status === 'rejected' ? [codeOf(one.reason)] : []))).toEqual(['NAME_EXISTS']);
});

test('a key that is made while its repository is deleted is refused, or keeps the repository from being deleted', async () => {
  for (let round = 0; round < 10; round++) {
    const { id } = await make();
    const key = { name: 'late', workspaceId: null, repositoryId: id };
    const [made, deleted] = await Promise.allSettled([
      createAccessKey(house.deps, as(wes), key),
      deleteRepository(house.deps, as(ada), id, { isForced: false }),
    ]);
    const said = [made, deleted].map((one) => (one.status === 'fulfilled' ? 'ok' : codeOf(one.reason)));
    expect([
      ['ok', 'REPOSITORY_IN_USE'],
      ['NOT_FOUND', 'ok'],
    ]).toContainEqual(said);
  }
});

test('a connection that is deleted while it is attached is refused to the one or to the other, and never hangs in the list', async () => {
  for (let round = 0; round < 10; round++) {
    const { id } = await make();
    const connectionId = await connect();
    await Promise.allSettled([
      changeRepository(house.deps, as(wes), id, { connectionIds: [connectionId] }, words),
      house.request('DELETE', `/ai/llm/${connectionId}`, { token: ada.token }),
    ]);
    const isThere = house.deps.keeper.snapshot.connections.has(connectionId);
    const { connectionIds } = await repositoryFor(house.deps, as(ada).actor, id, 'READ');
    if (!isThere) expect(connectionIds).toEqual([]);
    expect(house.deps.keeper.snapshot.attachedTo(id).map((one) => one.id)).toEqual(isThere ? connectionIds : []);
  }
});

test('pages of the workspace are told of every change, and those of strangers of none', async () => {
  const told: KeptEvent[] = [];
  const stop = house.deps.events.subscribe(
    (event) => told.push(event),
    () => undefined,
  );
  const { id } = await make();
  await changeRepository(house.deps, as(wes), id, { name: 'told' }, words);
  await deleteRepository(house.deps, as(ada), id, { isForced: false });
  stop();
  const changes = told.filter(({ name, data }) => name === 'config.changed' && (data as { topic: string }).topic === 'repositories');
  expect(changes).toHaveLength(3);
  for (const { audience } of changes) expect(audience).toEqual({ owners: [{ scope: 'workspace', id: workspaceId }], administrators: true });
});
