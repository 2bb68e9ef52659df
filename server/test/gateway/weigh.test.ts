/** How a routing group's targets are brought into order for one request: what is read from it, and what is looked up of each target. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/domain/connection.ts';
import { groupDefaults, type GroupOptions, type RoutingGroup, type Strategy } from '../../src/domain/routing-group.ts';
import type { Order, RoutingHints } from '../../src/gateway/order.ts';
import { readRequest } from '../../src/gateway/request.ts';
import { weigh } from '../../src/gateway/weigh.ts';
import { mustProviderRow } from '../../src/providers/catalog.ts';
import { openRoutingRig, type RoutingRig } from './routing-rig.ts';

let home: RoutingRig;
beforeAll(async () => {
  home = await openRoutingRig();
});
afterAll(() => home?.close());
beforeEach(() => home.calm());

const row = mustProviderRow('openai');
const message = { role: 'user', content: 'Hello' };

interface Asked {
  strategy?: Strategy;
  options?: Partial<GroupOptions>;
  body?: object;
  hints?: RoutingHints;
  models?: readonly (string | [model: string, weight: number, region: string | null])[];
}

/** Models in the order in which they would be asked, and what is lacking of the others. */
function order({ strategy = 'ordered', options = {}, body = {}, hints, models = ['gpt-4o', 'gpt-3.5-turbo', 'gpt-4'] }: Asked) {
  const request = readRequest(Buffer.from(JSON.stringify({ model: 'g', messages: [message], ...body })));
  const group: RoutingGroup = {
    id: 'g',
    owner: { scope: 'organization', id: 'o' },
    name: 'g',
    strategy,
    options: { ...groupDefaults, exploration: 0, ...options },
    targets: [],
    isActive: true,
    createdBy: 'u',
    createdAtMs: 0,
    updatedAtMs: 0,
    revision: 1,
  };
  const members = models.map((one, at) => {
    const [model, weight, region] = typeof one === 'string' ? [one, 1, null] : one;
    const connection: Connection = home.connections[at % home.connections.length]!;
    const of = { connectionId: connection.id, model, weight, isEnabled: true, region };
    return { target: { connection, row, model }, of };
  });
  const { placed, unfit } = weigh(home.rig.deps, { request, hints } as unknown as Order, group, members);
  return { order: placed.map(({ target }) => target.model), unfit: unfit.map(({ target, why }) => `${target.model} ${why}`), placed };
}

describe('what is read from a request', () => {
  test('a plain question leaves everybody in, in the order of the group', () => {
    expect(order({})).toMatchObject({ order: ['gpt-4o', 'gpt-3.5-turbo', 'gpt-4'], unfit: [] });
  });

  test.each([
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }, ['o1-mini no_tools']],
    ['a schema', { response_format: { type: 'json_schema', json_schema: {} } }, ['gpt-4 no_json_schema', 'o1-mini no_json_schema']],
    [
      'a picture',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] },
      ['gpt-4 no_such_input', 'o1-mini no_such_input'],
    ],
    [
      'sound',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
      ['gpt-4o no_such_input', 'gpt-4 no_such_input', 'o1-mini no_such_input'],
    ],
  ])('%s leaves out who is known not to take it, and keeps who is not known', (_name, body, unfit) => {
    const found = order({ body, models: ['gpt-4o', 'gpt-4', 'o1-mini', 'unheard-of'] });
    expect(found.unfit).toEqual(unfit);
    expect(found.order).toContain('unheard-of');
  });

  test('a long prompt leaves out the small ones as long as a larger one is there', () => {
    const body = { messages: [{ role: 'user', content: 'word '.repeat(20_000) }] };
    expect(order({ body })).toMatchObject({ order: ['gpt-4o'], unfit: ['gpt-3.5-turbo too_long', 'gpt-4 too_long'] });
    expect(order({ body, models: ['gpt-4', 'gpt-3.5-turbo'] })).toMatchObject({ order: ['gpt-4', 'gpt-3.5-turbo'], unfit: [] });
  });

  test('a region that is asked for is kept whatever else is true', () => {
    const models = [
      ['gpt-4o', 1, 'us'],
      ['gpt-4', 1, 'eu'],
      ['gpt-4o-mini', 1, null],
    ] as const;
    const hints = { session: null, region: 'EU' };
    expect(order({ hints, models: models.map(([...one]) => one) })).toMatchObject({
      order: ['gpt-4'],
      unfit: ['gpt-4o other_region', 'gpt-4o-mini other_region'],
    });
    expect(order({ hints: { session: null, region: 'mars' } }).order).toEqual([]);
  });
});

describe('what is looked up of a target', () => {
  test('its price for this request decides under cheapest; a model without a price goes last', () => {
    expect(order({ strategy: 'cheapest', models: ['unheard-of', 'gpt-4', 'gpt-4o-mini', 'gpt-4o'] }).order).toEqual([
      'gpt-4o-mini',
      'gpt-4o',
      'gpt-4',
      'unheard-of',
    ]);
  });

  test('a bound of the answer makes the difference where one is dear to read and the other to write', () => {
    const { placed } = order({ strategy: 'cheapest', body: { max_tokens: 1 }, models: ['gpt-4o'] });
    const long = order({ strategy: 'cheapest', models: ['gpt-4o'] }).placed[0]!.facing.costNanoUsd!;
    expect(placed[0]!.facing.costNanoUsd!).toBeLessThan(long / 10);
  });

  test('nobody pays for prices that no strategy asks for', () => {
    for (const { facing } of order({ strategy: 'fastest' }).placed) expect(facing.costNanoUsd).toBe(null);
  });

  test('what recent traffic said of connection and model decides under fastest, and rests go last under each', () => {
    const [first, second, third] = home.connections as [Connection, Connection, Connection];
    const { health } = home.rig.deps;
    health.succeeded(first.id, 'gpt-4o', { firstByteMs: 900, totalMs: 1_000, tokensOut: 10 });
    health.succeeded(second.id, 'gpt-3.5-turbo', { firstByteMs: 100, totalMs: 200, tokensOut: 10 });
    health.succeeded(third.id, 'gpt-4', { firstByteMs: 400, totalMs: 500, tokensOut: 10 });
    expect(order({ strategy: 'fastest' }).order).toEqual(['gpt-3.5-turbo', 'gpt-4', 'gpt-4o']);
    for (let count = 0; count < 5; count++) health.failed(second.id, 'server_error', null, 'gpt-3.5-turbo');
    for (const strategy of ['ordered', 'fastest', 'cheapest', 'least_busy'] as const)
      expect(order({ strategy }).order.at(-1)).toBe('gpt-3.5-turbo');
  });
});

describe('what keeps requests together', () => {
  const homeOf = (asked: Asked): string => order({ strategy: 'sticky', ...asked }).order[0]!;

  test('the header goes before what the body says, and the body’s words in their order', () => {
    for (let count = 0; count < 20; count++) {
      const [one, other] = [`one ${count}`, `other ${count}`];
      const byHeader = homeOf({ hints: { session: one, region: null } });
      expect(homeOf({ hints: { session: one, region: null }, body: { user: other } })).toBe(byHeader);
      expect(homeOf({ body: { prompt_cache_key: one, user: other } })).toBe(byHeader);
      expect(homeOf({ body: { safety_identifier: one, user: other } })).toBe(byHeader);
      expect(homeOf({ body: { user: one } })).toBe(byHeader);
    }
  });

  test('sessions are spread by weight, and a weight of none is nobody’s home', () => {
    const models: Asked['models'] = [
      ['gpt-4o', 3, null],
      ['gpt-4', 1, null],
      ['gpt-4o-mini', 0, null],
    ];
    // The ids of the connections are new in each run, and with them who is at home where: of so many, a share is seven deviations from what is refused.
    const people = 4_000;
    const homes = Array.from({ length: people }, (_, at) => homeOf({ models, body: { user: `person ${at}` } }));
    const share = (model: string): number => homes.filter((one) => one === model).length / people;
    expect(share('gpt-4o')).toBeCloseTo(0.75, 1);
    expect(share('gpt-4')).toBeCloseTo(0.25, 1);
    expect(share('gpt-4o-mini')).toBe(0);
  });

  test('by the prefix, what the caller says of a session is nothing', () => {
    const options = { stickyBy: 'prefix' as const };
    for (let count = 0; count < 20; count++)
      expect(homeOf({ options, hints: { session: `s${count}`, region: null } })).toBe(homeOf({ options }));
    const homes = new Set(
      Array.from({ length: 90 }, (_, at) => homeOf({ options, body: { messages: [{ role: 'user', content: `Question ${at}` }] } })),
    );
    expect(homes.size).toBe(3);
  });
});
