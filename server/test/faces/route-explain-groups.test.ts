/** POST /v1/route/explain and GET /v1/models where a routing group is named: its order, what it went by, and who is left out and why. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRoutingRig, type RoutingRig } from '../gateway/routing-rig.ts';

let home: RoutingRig;
beforeAll(async () => {
  home = await openRoutingRig();
});
afterAll(() => home?.close());
beforeEach(() => home.calm());

interface Explained {
  model: string;
  routing_group?: { id: string; name: string; strategy: string };
  candidates: {
    connection_id: string;
    model: string;
    is_resting: boolean;
    routing?: {
      score: number | null;
      weight: number;
      in_flight: number;
      expected_ms: number | null;
      error_rate: number;
      cost_usd: string | null;
    };
    estimate: { cost_usd: string | null };
  }[];
  excluded: { connection_id: string; code: string; message: string }[];
  refusal: { status: number; code: string } | null;
}

async function explain(model: string, body: object = {}, headers: Record<string, string> = {}): Promise<Explained> {
  const answer = await fetch(`${home.rig.url}/v1/route/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${home.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...body }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Explained;
}

describe('POST /v1/route/explain of a routing group', () => {
  test('200 names the group, every target in the order it would be asked, and what it went by; nobody is asked', async () => {
    const { rig, connections, target, group } = home;
    const name = await group([target(0, { weight: 2 }), target(1), target(2)], { strategy: 'fastest', options: { exploration: 0 } });
    rig.deps.health.succeeded(connections[0]!.id, 'gpt-4o', { firstByteMs: 900, totalMs: 1_900, tokensOut: 100 });
    rig.deps.health.succeeded(connections[2]!.id, 'gpt-4', { firstByteMs: 100, totalMs: 1_100, tokensOut: 100 });
    for (let count = 0; count < 5; count++) rig.deps.health.failed(connections[1]!.id, 'server_error', null, 'gpt-3.5-turbo');
    const said = await explain(name);
    expect(said.routing_group).toMatchObject({ name, strategy: 'fastest' });
    expect(said.candidates.map((one) => one.connection_id)).toEqual([2, 0, 1].map((at) => connections[at]!.id));
    expect(said.candidates[0]!.routing).toMatchObject({ score: 2_100, weight: 1, in_flight: 0, expected_ms: 2_100, error_rate: 0 });
    expect(said.candidates[2]).toMatchObject({ is_resting: true });
    expect(said.candidates[2]!.routing!.error_rate).toBeGreaterThan(0.4);
    expect(said.refusal).toBe(null);
    expect(home.counts()).toEqual([0, 0, 0]);
  });

  test('200 says of everybody else what they lack, and of nobody left what the request would be answered', async () => {
    const { connections, target, group } = home;
    const image = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] };
    const some = await explain(await group([target(1), target(0)]), image);
    expect(some.candidates.map((one) => one.connection_id)).toEqual([connections[0]!.id]);
    expect(some.excluded).toMatchObject([{ connection_id: connections[1]!.id, code: 'no_such_input' }]);
    expect(some.excluded[0]!.message).toContain('does not take this kind of input');
    const none = await explain(await group([target(1), target(2)]), image);
    expect([none.candidates, none.excluded.length, none.refusal]).toMatchObject([[], 2, { status: 400, code: 'no_capable_target' }]);
  });

  test('200 a region of the header, and what would be one too many', async () => {
    const { connections, target, group } = home;
    const name = await group([target(0, { region: 'us' }), target(1, { region: 'eu' })]);
    const said = await explain(name, {}, { 'x-patchbay-region': 'eu' });
    expect(said.candidates.map((one) => one.connection_id)).toEqual([connections[1]!.id]);
    expect(said.excluded).toMatchObject([{ code: 'other_region' }]);
    const four = await group([target(0), target(0, { model: 'gpt-4o-mini' }), target(1), target(2)]);
    expect((await explain(four)).excluded).toMatchObject([{ connection_id: connections[2]!.id, code: 'over_the_limit' }]);
  });

  test('200 a plain model has no group and no word of one', async () => {
    const said = await explain('gpt-4o');
    expect(said.routing_group).toBe(undefined);
    expect(said.candidates[0]!.routing).toBe(undefined);
  });
});

describe('GET /v1/models', () => {
  const list = async (key: string) => {
    const answer = await fetch(`${home.rig.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    return (
      (await answer.json()) as {
        data: { id: string; owned_by: string; context_window: number | null; patchbay: { connections: string[] } }[];
      }
    ).data;
  };

  test('200 lists the groups that the caller may name, with who may answer and the limits of the first', async () => {
    const { rig, target, group } = home;
    const name = await group([target(0), target(1), target(0, { model: 'gpt-4o-mini' })]);
    const off = await group([target(0)], { isActive: false });
    const empty = await group([target(0, { isEnabled: false })]);
    const data = await list(home.key);
    expect(data.find(({ id }) => id === name)).toMatchObject({
      owned_by: 'routing-group',
      context_window: 128_000,
      patchbay: { connections: ['Place 0', 'Place 1'] },
    });
    expect(data.map(({ id }) => id)).not.toContain(off);
    expect(data.map(({ id }) => id)).not.toContain(empty);
    const narrow = await rig.issueKey({ models: [name] });
    expect((await list(narrow.text)).map(({ id }) => id)).toEqual([name]);
  });
});
