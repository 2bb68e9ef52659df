/** What a connection is used by, kind by kind: who is named, who is not, and how each lets go of a connection that is deleted. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dependantFinders, type DependantFinder } from '../../src/control/connection-dependants.ts';
import { createRepository } from '../../src/control/repositories.ts';
import { repositoryFinder } from '../../src/control/repository-dependants.ts';
import { backedUpBy, routingGroupFinder } from '../../src/control/routing-dependants.ts';
import { createGroup } from '../../src/control/routing-groups.ts';
import { useCaseFinder } from '../../src/control/use-case-dependants.ts';
import { changeUseCase, createUseCase } from '../../src/control/use-cases.ts';
import { commit } from '../../src/control/change.ts';
import type { UseCase } from '../../src/domain/use-case.ts';
import { inUseLabel } from '../../src/storage/connections.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let root: Resident;
let ada: Resident;
let lab: string;
let number = 0;
beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  root = await house.createResident('Root', 'administrator');
  ada = await house.createResident('Ada');
  lab = await house.createWorkspace('Lab', [[ada, 'ADMIN']]);
});
afterAll(() => house.close());

const by = (who: Resident) => ({ actor: house.deps.keeper.snapshot.actorOf(who.id, 'token')!, origin });
const secret = 'sk-0123456789abcdef';
const ownBody = (more: object = {}) => ({ name: `Own ${++number}`, provider: 'openai', model: 'gpt-4o', apiKey: secret, ...more });
const ofAda = async (more: object = {}): Promise<string> =>
  (await house.request('POST', '/api/configurations', { token: ada.token, body: ownBody(more) })).at('data.id');
async function ofEverybody(): Promise<string> {
  const body = { name: `Model ${++number}`, provider: 'openai', modelVariant: 'gpt-4o', apiKey: secret };
  return (await house.request('POST', '/api/admin/models', { token: root.token, body })).at('data.id');
}
async function ofLab(): Promise<string> {
  const body = { name: `Shared ${++number}`, aiType: 'OPENAI', defaultModel: 'gpt-4o', secret, workspaceId: lab };
  return (await house.request('POST', '/ai/llm', { token: ada.token, body })).at('aiLlmId');
}
const useCase = (part: Partial<Parameters<typeof createUseCase>[2]>): Promise<UseCase> =>
  createUseCase(house.deps, by(root), { name: `Case ${++number}`, allRoles: true, ...part } as Parameters<typeof createUseCase>[2]);
const write = (steps: WriteStep[]): Promise<unknown> =>
  commit(house.deps, by(root), steps, {
    action: 'connection.delete',
    subjectType: 'connection',
    subjectId: null,
    subjectName: null,
    owner: null,
  });
const words = { connectionAt: String };
/** How often two at once are tried: without the second look a few of them end badly. */
const roundsOfRace = 12;
const useCaseNow = ({ id }: UseCase) => house.deps.keeper.snapshot.useCases.byId.get(id)!;

test('a use case is named for its model and for each that stands in; one that is switched off is missed by nobody', async () => {
  const [model, spare, unused] = [await ofEverybody(), await ofEverybody(), await ofEverybody()];
  const made = await useCase({ connectionId: model, fallbackConnectionIds: [spare] });
  const named = [{ kind: 'use_case', id: made.id, name: made.name }];
  const found = () => Promise.all([model, spare, unused].map((id) => useCaseFinder.find(house.deps, id)));
  expect(await found()).toEqual([named, named, []]);
  await changeUseCase(house.deps, by(root), made.id, { isActive: false });
  expect(await found()).toEqual([[], [], []]);
});

test('use cases let go of it, switched off or not, and keep everybody else who answers for them', async () => {
  const [model, first, second] = [await ofEverybody(), await ofEverybody(), await ofEverybody()];
  const asModel = await useCase({ connectionId: model, fallbackConnectionIds: [first, second] });
  const asSpare = await useCase({ connectionId: first, fallbackConnectionIds: [model, second] });
  const off = await changeUseCase(house.deps, by(root), (await useCase({ connectionId: model })).id, { isActive: false });
  const untouched = await useCase({ connectionId: first });
  const steps = useCaseFinder.detach(house.deps, model);
  expect(steps).toHaveLength(3);
  await write(steps);
  expect([asModel, asSpare, off, untouched].map(useCaseNow).map(({ connectionId, fallbackIds }) => [connectionId, fallbackIds])).toEqual([
    [null, [first, second]],
    [first, [second]],
    [null, []],
    [first, []],
  ]);
  expect(useCaseNow(untouched).revision).toBe(untouched.revision);
});

test('one that was changed in this very moment refuses the whole, and nothing has let go', async () => {
  const model = await ofEverybody();
  const [one, other] = [await useCase({ connectionId: model }), await useCase({ connectionId: model })];
  const steps = useCaseFinder.detach(house.deps, model);
  await changeUseCase(house.deps, by(root), other.id, { description: 'changed meanwhile' });
  await expect(write(steps)).rejects.toBeInstanceOf(StaleWrite);
  expect([one, other].map(useCaseNow).map(({ connectionId }) => connectionId)).toEqual([model, model]);
  await write(useCaseFinder.detach(house.deps, model));
  expect(useCaseNow(other)).toMatchObject({ connectionId: null, description: 'changed meanwhile' });
});

test("a person's private group keeps nobody else's connection and is not told of; it does keep the person's own", async () => {
  const [shared, own] = [await ofLab(), await ofAda()];
  const target = (connectionId: string) => ({ connectionId, weight: 1, isEnabled: true });
  const group = async (owner: Parameters<typeof createGroup>[2], targets: string[]) => {
    const input = { name: `group ${++number}`, targets: targets.map(target) };
    return (await createGroup(house.deps, by(ada), owner, input)).group;
  };
  const privately = await group({ scope: 'user', id: ada.id }, [shared, own]);
  expect(await routingGroupFinder.find(house.deps, shared)).toEqual([]);
  expect(await routingGroupFinder.find(house.deps, own)).toEqual([{ kind: 'routing_group', id: privately.id, name: privately.name }]);
  const labs = await group({ scope: 'workspace', id: lab }, [shared]);
  const found = await routingGroupFinder.find(house.deps, shared);
  expect(found).toEqual([{ kind: 'routing_group', id: labs.id, name: labs.name, workspaceId: lab }]);
});

test('backups are counted, by each connection that names it and by none that does not', async () => {
  const backup = await ofAda();
  const of = () => backedUpBy(house.deps, house.deps.keeper.snapshot.connections.get(backup)!);
  expect(of()).toBe(0);
  await ofAda();
  await ofAda({ configuration: { backups: [{ connectionId: backup }] } });
  await ofAda({ configuration: { backups: [{ connectionId: backup }] } });
  expect(of()).toBe(2);
});

test('repositories that use it are named with their workspace, and lose it and nothing else', async () => {
  const [one, other] = [await ofLab(), await ofLab()];
  const make = (connectionIds: string[]) =>
    createRepository(house.deps, by(ada), { workspaceId: lab, name: `repository ${++number}`, connectionIds }, words);
  const [both, alone] = [await make([one, other]), await make([other])];
  expect(await repositoryFinder.find(house.deps, one)).toEqual([{ kind: 'repository', id: both.id, name: both.name, workspaceId: lab }]);
  expect((await repositoryFinder.find(house.deps, other)).map(({ id }) => id).toSorted()).toEqual([both.id, alone.id].toSorted());
  await write(repositoryFinder.detach(house.deps, one));
  expect(await repositoryFinder.find(house.deps, one)).toEqual([]);
  expect(house.deps.keeper.snapshot.attachedTo(both.id).map(({ id }) => id)).toEqual([other]);
  expect(await repositoryFinder.find(house.deps, other)).toHaveLength(2);
});

test('what is found in use the deletion refuses once more at the write, and nothing else', async () => {
  const { connections } = house.deps.keeper.snapshot;
  const isFree = async (finder: DependantFinder, id: string): Promise<boolean> => {
    const written = write([finder.guard(house.deps, connections.get(id)!)]).then(() => true);
    return written.catch((error: unknown) => (error as StaleWrite).label !== inUseLabel);
  };
  const [model, spare, attached, free] = [await ofEverybody(), await ofEverybody(), await ofLab(), await ofEverybody()];
  const made = await useCase({ connectionId: model, fallbackConnectionIds: [spare] });
  await createRepository(house.deps, by(ada), { workspaceId: lab, name: `repository ${++number}`, connectionIds: [attached] }, words);
  const targets = [model, attached].map((connectionId) => ({ connectionId, weight: 1, isEnabled: true }));
  await createGroup(house.deps, by(ada), { scope: 'user', id: ada.id }, { name: `group ${++number}`, targets });
  for (const finder of dependantFinders)
    for (const id of [model, spare, attached, free])
      expect(await isFree(finder, id), finder.kind).toBe((await finder.find(house.deps, id)).length === 0);
  await changeUseCase(house.deps, by(root), made.id, { isActive: false });
  expect(await Promise.all([model, spare].map((id) => isFree(useCaseFinder, id)))).toEqual([true, true]);
});

test('of a deletion and whatever comes to use the connection at the same moment one is refused, forced or not', async () => {
  const ask = (method: string, path: string, body?: object) => house.request(method, path, { token: root.token, ...(body && { body }) });
  const makers: ((id: string) => ReturnType<typeof ask>)[] = [
    (connectionId) => ask('POST', '/api/use-cases', { name: `Case ${++number}`, connectionId, systemPrompt: 'x', allRoles: true }),
    (connectionId) =>
      ask('POST', '/api/routing-groups', {
        name: `group ${++number}`,
        scope: 'organization',
        strategy: 'ordered',
        targets: [{ connectionId, model: 'm' }],
      }),
    (id) => ask('POST', '/api/repositories', { workspaceId: lab, name: `repository ${++number}`, connectionIds: [id] }),
  ];
  for (const maker of makers)
    for (let round = 0; round < roundsOfRace; round++) {
      const id = await ofEverybody();
      const [gone, made] = await Promise.all([ask('DELETE', `/api/admin/models/${id}`), maker(id)]);
      expect([gone.status, made.status]).toEqual(
        gone.status === 200 ? [200, expect.toSatisfy((status: number) => status >= 400)] : [409, 201],
      );
    }
  const id = await ofEverybody();
  const forced = await Promise.all([ask('DELETE', `/api/admin/models/${id}?force=true`), makers[1]!(id)]);
  expect(forced[0].status).toBe(200);
  expect(
    [...house.deps.keeper.snapshot.routing.values()].some(({ targets }) => targets.some(({ connectionId }) => connectionId === id)),
  ).toBe(false);
});
