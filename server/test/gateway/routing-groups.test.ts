/** Routing groups and backups on the real way of a completion: named by `model`, ordered, filtered, booked. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/domain/connection.ts';
import { holding, plain, refusing, type FakeProvider } from '../support/fake-provider.ts';
import { errorOf, message, type Rig } from './rig.ts';
import { until } from '../support/wait.ts';
import { models, openRoutingRig, requestId, type RoutingRig } from './routing-rig.ts';

let home: RoutingRig;
let rig: Rig;
let fakes: FakeProvider[];
let connections: RoutingRig['connections'];
let key = '';
const target: RoutingRig['target'] = (...args) => home.target(...args);
const group: RoutingRig['group'] = (...args) => home.group(...args);
const ask: RoutingRig['ask'] = (...args) => home.ask(...args);
const counts = (): number[] => home.counts();

beforeAll(async () => {
  home = await openRoutingRig();
  ({ rig, fakes, connections, key } = home);
});
afterAll(() => home?.close());
beforeEach(() => home.calm());

describe('a group is named by `model`', () => {
  test('in any case, before a model of that name; the provider hears its own model, and the books both', async () => {
    const name = await group([target(1), target(0)]);
    const said = await ask(name.toUpperCase());
    expect(said.status).toBe(200);
    expect(said.headers['x-patchbay-connection']).toBe(connections[1]!.id);
    expect(fakes[1]!.received[0]!.json['model']).toBe('gpt-3.5-turbo');
    const [row] = await rig.rowsOf(requestId(said));
    expect(row).toMatchObject({ model: 'gpt-3.5-turbo', modelAsked: name.toUpperCase(), connectionId: connections[1]!.id, isLast: true });
  });

  test('a target may name another model than its connection', async () => {
    await ask(await group([target(0, { model: 'gpt-4o-mini' })]));
    expect(fakes[0]!.received[0]!.json['model']).toBe('gpt-4o-mini');
  });

  test('403 for a key whose list does not name it; one that names it alone reaches its targets', async () => {
    const name = await group([target(0)]);
    const closed = await rig.issueKey({ models: ['gpt-4o'] });
    expect(errorOf(await rig.ask(closed.text, { model: name, messages: message() })).code).toBe('model_not_allowed');
    const open = await rig.issueKey({ models: [name] });
    expect((await rig.ask(open.text, { model: name, messages: message() })).status).toBe(200);
  });

  test('409 where it is switched off, or none of its targets is on', async () => {
    expect(errorOf(await ask(await group([target(0)], { isActive: false }))).code).toBe('connection_inactive');
    expect(errorOf(await ask(await group([target(0, { isEnabled: false })]))).code).toBe('connection_inactive');
    expect(counts()).toEqual([0, 0, 0]);
  });

  test('embeddings go through a group as well', async () => {
    const name = await group([target(0, { model: 'text-embedding-3-small' })]);
    fakes[0]!.answer(({ response }) => {
      const body = {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [0.1] }],
        model: 'm',
        usage: { prompt_tokens: 1, total_tokens: 1 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const answered = await fetch(`${rig.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: name, input: 'hello' }),
    });
    expect(answered.status).toBe(200);
    expect(fakes[0]!.received[0]!.json['model']).toBe('text-embedding-3-small');
  });
});

describe('its targets in order', () => {
  test('the next one answers when the first fails, and both attempts are in the books', async () => {
    fakes[0]!.answer(refusing(500), refusing(500));
    const said = await ask(await group([target(0), target(1)]));
    expect(said.headers).toMatchObject({ 'x-patchbay-connection': connections[1]!.id, 'x-patchbay-attempts': '3' });
    const rows = await rig.rowsOf(requestId(said));
    expect(rows.map(({ connectionId, isLast }) => [connectionId, isLast])).toEqual([
      [connections[0]!.id, false],
      [connections[0]!.id, false],
      [connections[1]!.id, true],
    ]);
  });

  test('one that failed five times goes behind the others, and is still asked when nobody else answers', async () => {
    const name = await group([target(0), target(1)]);
    for (let count = 0; count < 5; count++) rig.deps.health.failed(connections[0]!.id, 'server_error', null);
    expect((await ask(name)).headers['x-patchbay-connection']).toBe(connections[1]!.id);
    fakes[1]!.answer(refusing(503));
    const said = await ask(name);
    expect([said.status, said.headers['x-patchbay-connection']]).toEqual([200, connections[0]!.id]);
  });

  test('cheapest goes by what this request costs, least busy by what is under way', async () => {
    const priced: Connection[] = [];
    for (const [at, fake] of fakes.entries())
      priced.push(await rig.connect({ name: `Priced ${at}`, providerId: 'openai', baseUrl: fake.baseUrl, model: models[at]! }));
    const targets = priced.map(({ id }) => ({ ...target(0), connectionId: id }));
    expect((await ask(await group(targets, { strategy: 'cheapest' }))).headers['x-patchbay-connection']).toBe(priced[1]!.id);
    const busy = await group([target(0), target(1)], { strategy: 'least_busy' });
    fakes[0]!.answer(holding(plain), plain);
    const first = ask(busy);
    await until(() => fakes[0]!.received.length === 1, 'the first request is under way');
    expect((await ask(busy)).headers['x-patchbay-connection']).toBe(connections[1]!.id);
    fakes[0]!.release();
    expect((await first).status).toBe(200);
    expect((await ask(busy)).headers['x-patchbay-connection']).toBe(connections[0]!.id);
  });

  test('sticky keeps a session at one target, named by a header or by the request, and moves on only when that one is ill', async () => {
    const name = await group([target(0), target(1), target(2)], { strategy: 'sticky' });
    const places = new Set<string>();
    // So many that they lie at one place alone, which their ids decide, once in thousands of millions of runs.
    for (let session = 0; session < 20; session++) {
      const at = [];
      for (const [headers, body] of [
        [{ 'x-patchbay-session': `s${session}` }, {}],
        [{}, { user: `s${session}` }],
        [{}, { prompt_cache_key: `s${session}` }],
      ] as const)
        at.push(String((await ask(name, body, headers)).headers['x-patchbay-connection']));
      expect(new Set(at).size).toBe(1);
      places.add(at[0]!);
    }
    expect(places.size).toBeGreaterThan(1);
    const home = String((await ask(name, { user: 's1' })).headers['x-patchbay-connection']);
    for (let count = 0; count < 5; count++) rig.deps.health.failed(home, 'server_error', null);
    expect((await ask(name, { user: 's1' })).headers['x-patchbay-connection']).not.toBe(home);
    rig.deps.health.forget(home);
    expect((await ask(name, { user: 's1' })).headers['x-patchbay-connection']).toBe(home);
  });

  test('by the prefix, conversations with the same beginning meet', async () => {
    const name = await group([target(0), target(1), target(2)], { strategy: 'sticky', options: { stickyBy: 'prefix' } });
    const talk = (system: string, more: string) => ({
      messages: [{ role: 'system', content: system }, ...message('Hello'), { role: 'assistant', content: more }, ...message('And?')],
    });
    for (let round = 0; round < 8; round++) {
      const one = await ask(name, talk(`You are ${round}.`, 'Hi'));
      const other = await ask(name, talk(`You are ${round}.`, 'Good day'));
      expect(other.headers['x-patchbay-connection']).toBe(one.headers['x-patchbay-connection']);
    }
  });
});

describe('what a target cannot do', () => {
  const image = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is it?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
      ],
    },
  ];

  test('an image passes over a model that sees none, and a schema one that answers in none', async () => {
    const name = await group([target(1), target(0)]);
    expect((await ask(name, { messages: image })).headers['x-patchbay-connection']).toBe(connections[0]!.id);
    const format = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } } };
    expect((await ask(name, format)).headers['x-patchbay-connection']).toBe(connections[0]!.id);
    expect((await ask(name)).headers['x-patchbay-connection']).toBe(connections[1]!.id);
  });

  test('400 no_capable_target says what they lack, and nobody is asked', async () => {
    const error = errorOf(await ask(await group([target(1), target(2)]), { messages: image }));
    expect(error).toMatchObject({ code: 'no_capable_target', param: 'model' });
    expect(error.message).toContain('does not take this kind of input');
    expect(counts()).toEqual([0, 0, 0]);
  });

  test('a long prompt goes to a model that holds it; one that was thought to fit is tried at a larger one after its refusal', async () => {
    const name = await group([target(2), target(0)]);
    const long = { messages: message('word '.repeat(12_000)) };
    expect((await ask(name, long)).headers['x-patchbay-connection']).toBe(connections[0]!.id);
    fakes[2]!.answer(refusing(400, { error: { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' } }));
    const said = await ask(name);
    expect(said.headers).toMatchObject({ 'x-patchbay-connection': connections[0]!.id, 'x-patchbay-attempts': '2' });
  });

  test('too long for the larger one is too long for the smaller: it is not asked', async () => {
    fakes[0]!.answer(refusing(400, { error: { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' } }));
    const said = await ask(await group([target(0), target(2)]));
    expect(errorOf(said).code).toBe('context_length_exceeded');
    expect(counts()).toEqual([1, 0, 0]);
  });

  test('a region that a header asks for is never left', async () => {
    const name = await group([target(0, { region: 'us' }), target(1, { region: 'eu' })]);
    expect((await ask(name, {}, { 'x-patchbay-region': 'EU' })).headers['x-patchbay-connection']).toBe(connections[1]!.id);
    fakes[1]!.answer(refusing(500));
    expect((await ask(name, {}, { 'x-patchbay-region': 'eu' })).status).toBe(502);
    expect(counts()[0]).toBe(0);
    expect(errorOf(await ask(name, {}, { 'x-patchbay-region': 'mars' })).code).toBe('no_capable_target');
  });
});

describe('the backups of a connection (R-054)', () => {
  test('are asked in their order when it fails: for the same model at the same provider, else for their own', async () => {
    await rig.change(connections[0]!.id, {
      settings: { backups: [{ connectionId: connections[1]!.id }, { connectionId: connections[2]!.id, model: 'gpt-4-turbo' }] },
    });
    fakes[0]!.answer(refusing(401));
    fakes[1]!.answer(refusing(401));
    const said = await ask('Place 0/gpt-4o');
    expect(said.status).toBe(200);
    expect(fakes.map(({ received }) => received[0]?.json['model'])).toEqual(['gpt-4o', 'gpt-4o', 'gpt-4-turbo']);
    expect(said.headers['x-patchbay-connection']).toBe(connections[2]!.id);
  });

  test('stand aside for a connection that a header pins, and for a key that may not use their models', async () => {
    fakes[0]!.answer(refusing(401));
    expect((await ask('gpt-4o', {}, { 'x-patchbay-connection': connections[0]!.id })).status).toBe(502);
    expect(counts()).toEqual([1, 0, 0]);
    const narrow = await rig.issueKey({ models: ['Place 0/*'] });
    expect((await rig.ask(narrow.text, { model: 'Place 0/gpt-4o', messages: message() })).status).toBe(502);
    expect(counts()).toEqual([2, 0, 0]);
  });

  test('one that is switched off is passed over', async () => {
    await rig.change(connections[1]!.id, { isActive: false });
    fakes[0]!.answer(refusing(401));
    expect((await ask('Place 0/gpt-4o')).headers['x-patchbay-connection']).toBe(connections[2]!.id);
    expect(counts()[1]).toBe(0);
    await rig.change(connections[1]!.id, { isActive: true });
    await rig.change(connections[0]!.id, { settings: {} });
  });
});
