/** Routing groups through the front door: every status of every route, who may what, and what others are told. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createConnection } from '../../src/control/connections.ts';
import type { KeptEvent } from '../../src/control/events.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { openConnectionsHouse, type ConnectionsHouse, type Seen } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

let house: ConnectionsHouse;
let admin: Resident;
let ada: Resident;
let ben: Resident;
let lab: string;
let shared: string;
let ofLab: string;
let ofAda: string;
let number = 0;
const words = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'apiKey',
  accessKeyId: 'accessKeyId',
  model: 'model',
  settings: 'configuration',
  needsModel: false,
};
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const events: KeptEvent[] = [];

async function connect(person: Resident, body: Record<string, unknown>): Promise<string> {
  const input = {
    name: `Line ${++number}`,
    provider: 'custom',
    baseUrl: 'http://127.0.0.1:9/v1',
    model: 'small',
    apiKey: 'sk-of-the-tests-1234',
    ...body,
  };
  const answer = await house.ask(person, 'POST', '/api/configurations', input);
  expect(answer.status).toBe(201);
  return answer.body.data.id;
}

beforeAll(async () => {
  house = await openConnectionsHouse();
  admin = await house.createResident('Root', 'administrator');
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  lab = await house.createWorkspace('Lab', [
    [ada, 'WRITE'],
    [ben, 'READ'],
  ]);
  const model = {
    name: 'Shared',
    modelVariant: 'gpt-4o',
    apiUrl: 'http://127.0.0.1:9/v1',
    apiKey: 'sk-of-the-tests-1234',
    provider: 'custom',
  };
  shared = (await house.ask(admin, 'POST', '/api/admin/models', model)).body.data.id;
  ofAda = await connect(ada, {});
  ofLab = await connectFor({ scope: 'workspace', id: lab }, 'small');
  house.deps.events?.subscribe(
    (event) => void events.push(event),
    () => undefined,
  );
});
afterAll(() => house?.close());

/** By its room: the faces that make one for a workspace, or one without a model, have tests of their own. */
async function connectFor(owner: Owner, model: string | null): Promise<string> {
  const actor = house.deps.keeper.snapshot.actorOf(ada.id, 'token')!;
  const caller = { actor, origin: { requestId: nobody, address: '127.0.0.1', agent: 'test' } };
  const input = { name: `Line ${++number}`, providerId: 'custom', baseUrl: 'http://127.0.0.1:9/v1', model, secret: 'sk-of-the-tests-1234' };
  return (await createConnection(house.deps, caller, owner, input, words)).connection.id;
}

const body = (part: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: `group ${++number}`,
  targets: [{ connectionId: ofAda }, { connectionId: shared, model: 'gpt-4o-mini', weight: 3, region: 'eu' }],
  ...part,
});
const make = (part: Record<string, unknown> = {}, person: Resident | null = ada): Promise<Seen> =>
  house.ask(person, 'POST', '/api/routing-groups', body(part));
const viewOf = (answer: Seen): RoutingGroupView => answer.body.data as unknown as RoutingGroupView;
const codesOf = (answer: Seen): unknown[] =>
  (answer.body.details as unknown as { path: string; code: string }[]).map(({ path, code }) => [path, code]);
const audited = (id: string) =>
  house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', id).orderBy('id').execute();

describe('POST /api/routing-groups', () => {
  test('201 what is not said has its default, and the gateway knows the name at once', async () => {
    const answer = await make({ name: 'Fast and Cheap' });
    expect(answer.status).toBe(201);
    const view = viewOf(answer);
    expect(view).toEqual({
      id: expect.any(String) as string,
      name: 'Fast and Cheap',
      scope: 'user',
      ownerId: ada.id,
      strategy: 'ordered',
      options: expect.objectContaining({
        stickyBy: 'session',
        hedgeMaxUsd: null,
        priceWeight: 1,
        latencyWeight: 1,
        exploration: 0.02,
      }) as object,
      targets: [
        {
          connectionId: ofAda,
          connectionName: expect.any(String) as string,
          provider: 'custom',
          model: null,
          effectiveModel: 'small',
          weight: 1,
          isEnabled: true,
          region: null,
          state: 'ready',
        },
        {
          connectionId: shared,
          connectionName: 'Shared',
          provider: 'custom',
          model: 'gpt-4o-mini',
          effectiveModel: 'gpt-4o-mini',
          weight: 3,
          isEnabled: true,
          region: 'eu',
          state: 'ready',
        },
      ],
      isActive: true,
      canManage: true,
      createdAt: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
      revision: expect.any(Number) as number,
    });
    expect(answer.headers.get('etag')).toBe(`"${view.revision}"`);
    expect(house.deps.keeper.snapshot.routing.named([{ scope: 'user', id: ada.id }], 'FAST AND CHEAP')?.id).toBe(view.id);
    expect(await audited(view.id)).toMatchObject([
      { action: 'routing-group.create', outcome: 'success', actor_id: ada.id, scope: 'user', owner_id: ada.id },
    ]);
    expect(
      events.some(
        ({ name, data, audience }) =>
          name === 'config.changed' && 'topic' in data && data.topic === 'routing-groups' && audience.owners?.[0]?.id === ada.id,
      ),
    ).toBe(true);
  });

  test('201 for a workspace by who may write there, for the organization by who manages its models', async () => {
    expect(
      (await make({ scope: 'workspace', workspaceId: lab, targets: [{ connectionId: ofLab }, { connectionId: shared }] })).status,
    ).toBe(201);
    expect((await make({ scope: 'organization', targets: [{ connectionId: shared }] }, admin)).status).toBe(201);
  });

  test('201 money is kept exactly', async () => {
    const view = viewOf(await make({ options: { hedgeMaxUsd: '0.000000001', exploration: 0 } }));
    expect(view.options).toMatchObject({ hedgeMaxUsd: '0.000000001', exploration: 0 });
  });

  test.each([
    [{ name: 'a/b' }, 'name'],
    [{ name: 'all*' }, 'name'],
    [{ name: ' ' }, 'name'],
    [{ targets: [] }, 'targets'],
    [{ strategy: 'random' }, 'strategy'],
    [{ options: { exploration: 0.9 } }, 'options.exploration'],
    [{ options: { hedgeMaxUsd: '-1' } }, 'options.hedgeMaxUsd'],
    [{ unheard: 1 }, 'unheard'],
    [{ scope: 'workspace' }, 'workspaceId'],
  ])('400 for %j, at its field', async (part, path) => {
    const answer = await make(part);
    expect([answer.status, codesOf(answer).map((one) => (one as string[])[0])]).toEqual([400, [path]]);
  });

  test('400 for a target that not everybody who may use the group may use, that is named twice, or that has no model', async () => {
    const leaking = await make({ scope: 'workspace', workspaceId: lab, targets: [{ connectionId: shared }, { connectionId: ofAda }] });
    expect([leaking.status, codesOf(leaking)]).toEqual([400, [['targets.1.connectionId', 'unknown_connection']]]);
    const bens = await make({ targets: [{ connectionId: ofAda }] }, ben);
    const none = await make({ targets: [{ connectionId: nobody }] }, ben);
    expect(bens.body.details).toEqual(none.body.details);
    expect(codesOf(await make({ targets: [{ connectionId: shared }, { connectionId: shared }] }))).toEqual([
      ['targets.1.connectionId', 'duplicate'],
    ]);
    const bare = await connectFor({ scope: 'user', id: ada.id }, null);
    expect(codesOf(await make({ targets: [{ connectionId: bare }] }))).toEqual([['targets.0.model', 'required']]);
    const named = await make({ targets: [{ connectionId: bare, model: 'any' }] });
    expect([named.status, named.body.details]).toEqual([201, undefined]);
  });

  test('401 without a session or token', async () => expect((await make({}, null)).status).toBe(401));

  test('403 where the caller may only use what the owner has', async () => {
    expect((await make({ scope: 'organization', targets: [{ connectionId: shared }] })).status).toBe(403);
    expect((await make({ scope: 'workspace', workspaceId: lab, targets: [{ connectionId: shared }] }, ben)).status).toBe(403);
  });

  test('404 for a workspace that is none', async () => {
    expect((await make({ scope: 'workspace', workspaceId: nobody })).status).toBe(404);
  });

  test('409 NAME_EXISTS in any case and spelling, per owner', async () => {
    await make({ name: 'Straße' });
    const answer = await make({ name: 'STRASSE'.replace('SS', 'ß') });
    expect([answer.status, answer.body['error_code']]).toEqual([409, 'NAME_EXISTS']);
    expect((await make({ name: 'Straße', targets: [{ connectionId: shared }] }, ben)).status).toBe(201);
  });
});

describe('GET /api/routing-groups', () => {
  test("200 the caller's own, the workspaces' and the organization's, and nobody else's", async () => {
    const own = viewOf(await make());
    const labs = viewOf(await make({ scope: 'workspace', workspaceId: lab, targets: [{ connectionId: ofLab }] }));
    const bens = (await house.ask(ben, 'GET', '/api/routing-groups')).body.data as unknown as RoutingGroupView[];
    expect(bens.map(({ id }) => id)).not.toContain(own.id);
    expect(bens.find(({ id }) => id === labs.id)).toMatchObject({ canManage: false });
    expect(bens.some(({ scope }) => scope === 'organization')).toBe(true);
    const adas = (await house.ask(ada, 'GET', '/api/routing-groups')).body.data as unknown as RoutingGroupView[];
    expect(adas.find(({ id }) => id === labs.id)).toMatchObject({ canManage: true });
  });

  test('401 without a session or token', async () => expect((await house.ask(null, 'GET', '/api/routing-groups')).status).toBe(401));
});

describe('GET /api/routing-groups/:id', () => {
  test('200 with the state of each target', async () => {
    const away = await connect(ada, {});
    const { id } = viewOf(await make({ targets: [{ connectionId: away }, { connectionId: shared }] }));
    await house.ask(ada, 'PATCH', `/api/configurations/${away}`, { isActive: false });
    for (let count = 0; count < 5; count++) house.deps.health.failed(shared, 'server_error', null);
    const view = viewOf(await house.ask(ada, 'GET', `/api/routing-groups/${id}`));
    expect(view.targets.map(({ state }) => state)).toEqual(['inactive', 'resting']);
    house.deps.health.forget(shared);
  });

  test('401 without a session or token', async () =>
    expect((await house.ask(null, 'GET', `/api/routing-groups/${nobody}`)).status).toBe(401));

  test("403 for a workspace's that is closed to the caller", async () => {
    const { id } = viewOf(await make({ scope: 'workspace', workspaceId: lab, targets: [{ connectionId: ofLab }] }));
    const cat = await house.createResident('Cat');
    expect((await house.ask(cat, 'GET', `/api/routing-groups/${id}`)).status).toBe(403);
  });

  test("404 for somebody's private one exactly as for one that never was, and for no id at all", async () => {
    const { id } = viewOf(await make());
    const foreign = await house.ask(ben, 'GET', `/api/routing-groups/${id}`);
    const missing = await house.ask(ben, 'GET', `/api/routing-groups/${nobody}`);
    const plain = ({ body: { ...rest } }: Seen): unknown => ({ ...rest, request_id: null });
    expect(foreign.status).toBe(404);
    expect(plain(foreign)).toEqual(plain(missing));
    expect((await house.ask(ben, 'GET', '/api/routing-groups/nonsense')).status).toBe(404);
    // Both are noted alike, so that neither is answered sooner than the other.
    expect((await audited(nobody)).map(({ outcome, error_code: code }) => [outcome, code])).toContainEqual(['refused', 'NOT_FOUND']);
  });
});

describe('PATCH /api/routing-groups/:id', () => {
  test('200 changes what is named and nothing else; targets as a whole; the next request goes by it', async () => {
    const { id, revision } = viewOf(await make());
    const answer = await house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, {
      revision,
      strategy: 'weighted',
      targets: [{ connectionId: shared }],
      options: { hedgeMaxUsd: 0.5 },
    });
    expect(answer.status).toBe(200);
    expect(viewOf(answer)).toMatchObject({ strategy: 'weighted', isActive: true, options: { hedgeMaxUsd: '0.5', exploration: 0.02 } });
    expect(viewOf(answer).targets).toHaveLength(1);
    expect(house.deps.keeper.snapshot.routing.byId(id)?.strategy).toBe('weighted');
    expect((await audited(id)).at(-1)).toMatchObject({ action: 'routing-group.update' });
    const cleared = await house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, { options: { hedgeMaxUsd: null } });
    expect(viewOf(cleared).options.hedgeMaxUsd).toBe(null);
  });

  test('400 for nothing, and for a foreign target', async () => {
    const { id } = viewOf(await make());
    expect((await house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, {})).status).toBe(400);
    const foreign = await house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, { targets: [{ connectionId: nobody }] });
    expect([foreign.status, codesOf(foreign)]).toEqual([400, [['targets.0.connectionId', 'unknown_connection']]]);
  });

  test('401 without a session or token', async () => {
    expect((await house.ask(null, 'PATCH', `/api/routing-groups/${nobody}`, { isActive: false })).status).toBe(401);
  });

  test('403 for who may only use it', async () => {
    const { id } = viewOf(await make({ scope: 'workspace', workspaceId: lab, targets: [{ connectionId: ofLab }] }));
    expect((await house.ask(ben, 'PATCH', `/api/routing-groups/${id}`, { isActive: false })).status).toBe(403);
    expect((await audited(id)).at(-1)).toMatchObject({ outcome: 'refused', error_code: 'FORBIDDEN' });
  });

  test("404 for somebody else's private one", async () => {
    const { id } = viewOf(await make());
    expect((await house.ask(ben, 'PATCH', `/api/routing-groups/${id}`, { isActive: false })).status).toBe(404);
  });

  test('409 CONFLICT for a change that was made from an older state: it is told what it is now, and nothing is overwritten', async () => {
    const { id, revision } = viewOf(await make());
    await house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, { strategy: 'cheapest' });
    const late = await house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, { isActive: false }, { 'if-match': `"${revision}"` });
    expect([late.status, late.body['error_code']]).toEqual([409, 'CONFLICT']);
    expect(late.body.details).toMatchObject({ current: { id, strategy: 'cheapest', isActive: true }, changedBy: { id: ada.id } });
    expect(house.deps.keeper.snapshot.routing.byId(id)?.isActive).toBe(true);
  });

  test('200 two that say nothing of what they were made from are both kept', async () => {
    const { id } = viewOf(await make());
    const both = await Promise.all([
      house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, { strategy: 'sticky' }),
      house.ask(ada, 'PATCH', `/api/routing-groups/${id}`, { isActive: false }),
    ]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(house.deps.keeper.snapshot.routing.byId(id)).toMatchObject({ strategy: 'sticky', isActive: false });
  });
});

describe('DELETE /api/routing-groups/:id', () => {
  test('200 and its name is free and unknown again', async () => {
    const { id, name } = viewOf(await make());
    expect((await house.ask(ada, 'DELETE', `/api/routing-groups/${id}`)).status).toBe(200);
    expect(house.deps.keeper.snapshot.routing.byId(id)).toBe(undefined);
    expect((await make({ name })).status).toBe(201);
    expect((await house.ask(ada, 'GET', `/api/routing-groups/${id}`)).status).toBe(404);
  });

  test('401 without a session or token', async () =>
    expect((await house.ask(null, 'DELETE', `/api/routing-groups/${nobody}`)).status).toBe(401));

  test('403 for who may only use it', async () => {
    const { id } = viewOf(await make({ scope: 'workspace', workspaceId: lab, targets: [{ connectionId: ofLab }] }));
    expect((await house.ask(ben, 'DELETE', `/api/routing-groups/${id}`)).status).toBe(403);
  });

  test('404 for one that is gone', async () => {
    const { id } = viewOf(await make());
    await house.ask(ada, 'DELETE', `/api/routing-groups/${id}`);
    expect((await house.ask(ada, 'DELETE', `/api/routing-groups/${id}`)).status).toBe(404);
  });
});
