/** Connections that are targets of routing groups, or backups of others: what uses them is told, and what is deleted leaves nothing behind. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConnectionsHouse, type ConnectionsHouse, type Seen } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

let house: ConnectionsHouse;
let admin: Resident;
let ada: Resident;
let shared: string;
let ofAda: string;
let number = 0;
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';

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
  const model = {
    name: 'Shared',
    modelVariant: 'gpt-4o',
    apiUrl: 'http://127.0.0.1:9/v1',
    apiKey: 'sk-of-the-tests-1234',
    provider: 'custom',
  };
  shared = (await house.ask(admin, 'POST', '/api/admin/models', model)).body.data.id;
  ofAda = await connect(ada, {});
});
afterAll(() => house?.close());

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

describe('a connection that is a target, or a backup', () => {
  test('is named among what uses it, is not deleted by who may not force it, and leaves its groups when it is forced', async () => {
    const id = (
      await house.ask(admin, 'POST', '/api/admin/models', {
        name: 'In use',
        modelVariant: 'gpt-4o',
        apiUrl: 'http://127.0.0.1:9/v1',
        apiKey: 'sk-of-the-tests-1234',
        provider: 'custom',
      })
    ).body.data.id;
    const everybodys = viewOf(await make({ scope: 'organization', targets: [{ connectionId: id }, { connectionId: shared }] }, admin));
    const privates = viewOf(await make({ targets: [{ connectionId: id }] }));
    const uses = (await house.ask(admin, 'GET', `/api/configurations/${id}/dependants`)).body.data as unknown as {
      kind: string;
      id: string;
    }[];
    expect(uses.filter(({ kind }) => kind === 'routing_group').map((use) => use.id)).toEqual([everybodys.id]);
    expect((await house.ask(admin, 'DELETE', `/api/admin/models/${id}`)).status).toBe(409);
    expect((await house.ask(admin, 'DELETE', `/api/admin/models/${id}?force=true`)).status).toBe(200);
    expect(house.deps.keeper.snapshot.routing.byId(everybodys.id)?.targets.map(({ connectionId }) => connectionId)).toEqual([shared]);
    expect(house.deps.keeper.snapshot.routing.byId(privates.id)?.targets).toEqual([]);
  });

  test('backups are kept in their order, shown, and refused where they are foreign, doubled, or the connection itself', async () => {
    const id = await connect(ada, {});
    const configuration = { backups: [{ connectionId: shared }, { connectionId: ofAda, model: 'other' }] };
    const kept = await house.ask(ada, 'PATCH', `/api/configurations/${id}`, { configuration });
    expect([kept.status, kept.body.data['configuration']]).toEqual([200, configuration]);
    const uses = (await house.ask(admin, 'GET', `/api/configurations/${shared}/dependants`)).body.data as unknown as {
      kind: string;
      count: number;
      isBlocking: boolean;
    }[];
    expect(uses.find(({ kind }) => kind === 'backup')).toMatchObject({ count: 1, isBlocking: false });
    const set = async (backups: unknown): Promise<unknown> => {
      const answer = await house.ask(ada, 'PATCH', `/api/configurations/${id}`, { configuration: { backups } });
      return [answer.status, ...codesOf(answer)];
    };
    expect(await set([{ connectionId: id }])).toEqual([400, ['configuration.backups.0.connectionId', 'itself']]);
    expect(await set([{ connectionId: nobody }])).toEqual([400, ['configuration.backups.0.connectionId', 'unknown_connection']]);
    expect(await set([{ connectionId: shared }, { connectionId: shared }])).toEqual([
      400,
      ['configuration.backups.1.connectionId', 'duplicate'],
    ]);
    const many = await house.ask(ada, 'PATCH', `/api/configurations/${id}`, {
      configuration: { backups: Array.from({ length: 6 }, () => ({ connectionId: shared })) },
    });
    expect(many.status).toBe(400);
    // A connection of everybody cannot lean on somebody's own.
    const leaning = await house.ask(admin, 'PATCH', `/api/configurations/${shared}`, {
      configuration: { backups: [{ connectionId: ofAda }] },
    });
    expect([leaning.status, codesOf(leaning)]).toEqual([400, [['configuration.backups.0.connectionId', 'unknown_connection']]]);
  });

  test("is named no more to who has left its workspace, though the place in the person's own group stays", async () => {
    const [ben, mate] = [await house.createResident('Ben'), await house.createResident('Mate')];
    const yard = await house.createWorkspace('Yard', [
      [ben, 'WRITE'],
      [mate, 'ADMIN'],
    ]);
    const sent = {
      name: 'Of the yard',
      aiType: 'OTHER',
      workspaceId: yard,
      endpoint: 'http://127.0.0.1:9/v1',
      defaultModel: 'small',
      secret: 'sk-of-the-tests-1234',
    };
    const { aiLlmId } = (await house.ask(mate, 'POST', '/ai/llm', sent)).body as unknown as { aiLlmId: string };
    const { id, targets } = viewOf(await make({ targets: [{ connectionId: aiLlmId }, { connectionId: shared }] }, ben));
    expect(targets[0]).toMatchObject({ connectionName: 'Of the yard', effectiveModel: 'small', state: 'ready' });
    expect((await house.ask(mate, 'DELETE', `/workspace/${yard}/users/${ben.id}`)).status).toBe(200);
    const hidden = { connectionId: aiLlmId, connectionName: null, provider: null, effectiveModel: null, state: 'gone' };
    for (const seen of [
      viewOf(await house.ask(ben, 'GET', `/api/routing-groups/${id}`)),
      (viewOf(await house.ask(ben, 'GET', '/api/routing-groups')) as unknown as RoutingGroupView[]).find((group) => group.id === id)!,
    ])
      expect(seen.targets).toMatchObject([hidden, { connectionName: 'Shared' }]);
  });

  test('the groups of a workspace go with it', async () => {
    const den = await house.createWorkspace('Den', [[ada, 'ADMIN']]);
    const { id } = viewOf(await make({ scope: 'workspace', workspaceId: den, targets: [{ connectionId: shared }] }));
    expect((await house.ask(ada, 'DELETE', `/workspace/${den}`)).status).toBe(200);
    expect(house.deps.keeper.snapshot.routing.byId(id)).toBe(undefined);
  });
});
