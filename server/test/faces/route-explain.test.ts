/** POST /v1/route/explain: who would be asked and why not, what would be changed, what it would cost; and nobody is asked. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { password, type Said } from '../gateway/rig.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';
import { plain, whole } from '../support/fake-provider.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());
const claudeSaid = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'Hello.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 },
};
beforeEach(() => {
  for (const name of Object.keys(house.families) as (keyof WireHouse['families'])[]) house.answer(name, plain);
  house.answer('anthropic', whole(JSON.stringify(claudeSaid)));
});

interface Change {
  parameter: string;
  what: string;
}
interface Explained {
  object: string;
  wire: string;
  model: string | null;
  unknown_parameters: string[];
  candidates: {
    connection_id: string | null;
    connection_name: string | null;
    provider: string;
    model: string;
    parameter_mode: string;
    is_resting: boolean;
    changed: Change[];
    estimate: { input_tokens: number; output_tokens_max: number | null; cost_usd: string | null; reserved_usd: string | null };
    payload: Record<string, unknown>;
  }[];
  excluded: { connection_name: string | null; model: string | null; code: string; param: string | null; message: string }[];
  refusal: { status: number; code: string; param: string | null } | null;
}

async function explain(
  body: unknown,
  options: { query?: string; headers?: Record<string, string>; method?: string } = {},
): Promise<Response> {
  return fetch(`${house.rig.url}/v1/route/explain${options.query ?? ''}`, {
    method: options.method ?? 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${house.key}`, ...options.headers },
    ...(options.method !== 'GET' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

async function told(body: unknown, options: Parameters<typeof explain>[1] = {}): Promise<Explained> {
  const response = await explain(body, options);
  expect(response.status).toBe(200);
  return (await response.json()) as Explained;
}

const asked = (model: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  model,
  messages: [{ role: 'user', content: 'My secret is out' }],
  ...more,
});
const whatOf = (changed: readonly Change[]): string[] => changed.map(({ parameter, what }) => `${parameter} ${what}`);
const receivedByAnybody = (): number => Object.values(house.families).reduce((sum, { fake }) => sum + fake.received.length, 0);

describe('200', () => {
  test('names the candidate, what would be changed for it, and calls nobody', async () => {
    const before = (await house.rig.rows()).length;
    const answer = await told(
      asked('Claude/claude-sonnet-4-5', { temperature: 1.7, logit_bias: { '5': 1 }, max_tokens: 100, frobnicate: true }),
    );
    expect(answer).toMatchObject({
      object: 'route.explanation',
      wire: 'chat',
      model: 'Claude/claude-sonnet-4-5',
      excluded: [],
      refusal: null,
    });
    expect(answer.unknown_parameters).toEqual(['frobnicate']);
    expect(answer.candidates).toHaveLength(1);
    const [candidate] = answer.candidates;
    expect(candidate).toMatchObject({
      connection_name: 'Claude',
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      parameter_mode: 'warn',
      is_resting: false,
    });
    expect(whatOf(candidate!.changed)).toEqual(expect.arrayContaining(['temperature clamped', 'logit_bias dropped', 'frobnicate dropped']));
    expect(receivedByAnybody()).toBe(0);
    expect((await house.rig.rows()).length).toBe(before);
  });

  test('what is told is what then happens', async () => {
    const body = asked('Claude/claude-sonnet-4-5', { temperature: 1.7, seed: 4, max_tokens: 100 });
    const [candidate] = (await told(body)).candidates;
    await house.rig.ask(house.key, body);
    const { messages: _said, ...sent } = house.lastBody('anthropic');
    const { messages: _hidden, ...shown } = candidate!.payload;
    expect(shown).toEqual(sent);
  });

  test('texts of the conversation and names of people are lengths, parameters are shown', async () => {
    const [candidate] = (await told(asked('Claude/claude-sonnet-4-5', { user: 'siti@example.org', max_tokens: 7, stop: ['END'] })))
      .candidates;
    expect(candidate!.payload).toMatchObject({ max_tokens: 7, stop_sequences: ['END'], metadata: { user_id: '[16 characters]' } });
    expect(candidate!.payload['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: '[16 characters]' }] }]);
    expect(JSON.stringify(candidate)).not.toContain('secret');
  });

  test('the cost is estimated from the prompt and the longest answer, to the nano-dollar, and null where no price is known', async () => {
    const known = (await told(asked('Chat/gpt-4o', { max_tokens: 1_000 }))).candidates[0]!.estimate;
    expect(known.output_tokens_max).toBe(1_000);
    // gpt-4o: 2.50 dollars in, 10 dollars out, for a million tokens.
    expect(Number(known.cost_usd)).toBeCloseTo((known.input_tokens * 2.5 + 1_000 * 10) / 1e6, 9);
    expect(Number(known.reserved_usd)).toBeGreaterThanOrEqual(Number(known.cost_usd));
    const unknown = (await told(asked('Chat/some-model-of-nobody'))).candidates[0]!.estimate;
    expect(unknown).toMatchObject({ cost_usd: null, reserved_usd: null });
  });

  test('a body of another wire is read as that wire reads it', async () => {
    const messages = await told(
      {
        model: 'Chat/gpt-4o',
        max_tokens: 9_000,
        thinking: { type: 'enabled', budget_tokens: 3_000 },
        stop_sequences: ['X'],
        messages: [{ role: 'user', content: 'hi' }],
      },
      { query: '?wire=messages' },
    );
    expect(messages.candidates[0]!.payload).toMatchObject({ max_tokens: 9_000, reasoning_effort: 'low', stop: ['X'] });
    expect(whatOf(messages.candidates[0]!.changed)).toContain('thinking.budget_tokens approximated');
    const responses = await told(
      { model: 'Claude/claude-sonnet-4-5', input: 'hi', truncation: 'auto', max_output_tokens: 50 },
      { query: '?wire=responses' },
    );
    expect(responses.wire).toBe('responses');
    expect(responses.candidates[0]!.payload).toMatchObject({ max_tokens: 50 });
    expect(whatOf(responses.candidates[0]!.changed)).toContain('truncation dropped');
    const lines = await told(
      { model: 'Chat/gpt-5', messages: [{ role: 'user', content: 'hi' }], options: { num_predict: 50, num_ctx: 512 } },
      { query: '?wire=ollama' },
    );
    expect(lines.candidates[0]!.payload).toMatchObject({ max_completion_tokens: 50, stream: true });
    expect(whatOf(lines.candidates[0]!.changed)).toContain('options.num_ctx dropped');
  });

  test('the same wire passes everything, also what nobody knows', async () => {
    const answer = await told(asked('Chat/gpt-4o', { frobnicate: { deep: 1 } }));
    expect(answer.unknown_parameters).toEqual(['frobnicate']);
    expect(answer.candidates[0]).toMatchObject({ changed: [], payload: { frobnicate: { deep: 1 } } });
  });

  test('who is left out is named with the reason: strict, switched off, beyond the limit', async () => {
    const { fake } = house.families.gemini;
    const connect = (name: string, settings: Record<string, unknown>, isActive = true): Promise<unknown> =>
      house.rig.connect({ name, providerId: 'gemini', baseUrl: fake.baseUrl, model: 'gemini-2.0-flash', settings, isActive });
    await connect('Strict', { parameterMode: 'strict' });
    await connect('Asleep', {}, false);
    for (const name of ['One', 'Two', 'Three', 'Four']) await connect(name, {});
    const answer = await told(asked('gemini-2.0-flash', { logit_bias: { '5': 1 } }));
    expect(answer.candidates).toHaveLength(3);
    expect(answer.candidates.map(({ connection_name }) => connection_name)).not.toContain('Strict');
    const codes = new Map(answer.excluded.map(({ connection_name, code }) => [connection_name, code]));
    expect(codes.get('Strict')).toBe('unsupported_parameter');
    expect(codes.get('Asleep')).toBe('connection_inactive');
    expect([...codes.values()]).toContain('over_the_limit');
    expect(answer.excluded.find(({ connection_name }) => connection_name === 'Strict')).toMatchObject({ param: 'logit_bias' });
  });

  test('where nobody is left, the refusal that a request would get stands beside the reasons', async () => {
    const { fake } = house.families.anthropic;
    await house.rig.connect({
      name: 'Alone',
      providerId: 'anthropic',
      baseUrl: fake.baseUrl,
      model: 'm',
      settings: { parameterMode: 'strict' },
    });
    const answer = await told(asked('Alone/m', { seed: 4 }));
    expect(answer.candidates).toEqual([]);
    expect(answer.refusal).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'seed' });
  });

  test('a page of ours explains with its session', async () => {
    const signIn = await fetch(`${house.rig.url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: house.rig.url },
      body: JSON.stringify({ email: 'admin@example.org', password }),
    });
    const cookie = signIn.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ');
    const response = await fetch(`${house.rig.url}/v1/route/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie, 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify(asked('Chat/gpt-4o')),
    });
    expect(response.status).toBe(200);
  });
});

const codeOf = async (response: Response): Promise<unknown> => ((await response.json()) as { error: { code: string } }).error.code;

describe('refusals', () => {
  test('400 a wire that nobody speaks, and a body that is none', async () => {
    const wire = await explain(asked('Chat/gpt-4o'), { query: '?wire=telegraph' });
    expect([wire.status, await codeOf(wire)]).toEqual([400, 'invalid_type']);
    const body = await explain('{"model":');
    expect([body.status, await codeOf(body)]).toEqual([400, 'invalid_json']);
    const responses = await explain('[]', { query: '?wire=responses' });
    expect([responses.status, await codeOf(responses)]).toEqual([400, 'invalid_json']);
  });

  test('401 without a key, and with a personal token', async () => {
    const none = await fetch(`${house.rig.url}/v1/route/explain`, { method: 'POST', body: '{}' });
    expect([none.status, await codeOf(none)]).toEqual([401, 'invalid_api_key']);
    const token = await explain(asked('Chat/gpt-4o'), { headers: { authorization: 'Bearer pat-pb-0123456789' } });
    expect(token.status).toBe(401);
  });

  test('403 a model that the key may not use', async () => {
    const { text } = await house.rig.issueKey({ models: ['other'] });
    const response = await explain(asked('Chat/gpt-4o'), { headers: { authorization: `Bearer ${text}` } });
    expect([response.status, await codeOf(response)]).toEqual([403, 'model_not_allowed']);
  });

  test('404 a model that nobody serves', async () => {
    const response = await explain(asked('nobody-has-this'));
    expect([response.status, await codeOf(response)]).toEqual([404, 'model_not_found']);
  });

  test('405 another method', async () => {
    const response = await explain(null, { method: 'GET' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('415 a body that is no JSON', async () => {
    const response = await explain('x', { headers: { 'content-type': 'text/plain' } });
    expect(response.status).toBe(415);
  });
});

describe('what a connection does with parameters that its provider does not take', () => {
  const ask = (model: string, more: Record<string, unknown>): Promise<Said> => house.rig.ask(house.key, asked(model, more));
  const errorOf = (said: Said): { code: string; param: string; message: string } => (JSON.parse(said.text) as { error: never }).error;

  test('400 strict refuses before anything leaves, names the parameter, and is booked as refused', async () => {
    await house.rig.connect({
      name: 'Severe',
      providerId: 'anthropic',
      baseUrl: house.families.anthropic.fake.baseUrl,
      settings: { parameterMode: 'strict' },
    });
    const said = await ask('Severe/claude-sonnet-4-5', { logit_bias: { '5': 1 } });
    expect(said.status).toBe(400);
    expect(errorOf(said)).toMatchObject({
      code: 'unsupported_parameter',
      param: 'logit_bias',
      message: expect.stringContaining('"logit_bias"') as string,
    });
    expect(house.families.anthropic.fake.received).toHaveLength(0);
    const [row] = await house.rig.rowsOf(String(said.headers['x-request-id']));
    expect(row).toMatchObject({ state: 'refused', reason: 'unsupported_parameter', attemptNo: 0 });
    expect((await ask('Severe/claude-sonnet-4-5', { temperature: 0.5 })).status).toBe(200);
  });

  test('400 strict names it in the words of the wire that it came on', async () => {
    const client = house.messages;
    await house.rig.connect({
      name: 'Stern',
      providerId: 'gemini',
      baseUrl: house.families.gemini.fake.baseUrl,
      settings: { parameterMode: 'strict' },
    });
    const refused: unknown = await client.messages
      .create({
        model: 'Stern/gemini-1.5-flash',
        max_tokens: 9_000,
        messages: [{ role: 'user', content: 'hi' }],
        output_config: { effort: 'high' },
      })
      .catch((error: unknown) => error);
    expect((refused as { status: number }).status).toBe(400);
    expect(JSON.stringify((refused as { error: unknown }).error)).toContain('output_config.effort');
  });

  test('400 strict clamps nothing either', async () => {
    await house.rig.connect({
      name: 'Hard',
      providerId: 'anthropic',
      baseUrl: house.families.anthropic.fake.baseUrl,
      settings: { parameterMode: 'strict' },
    });
    expect(errorOf(await ask('Hard/claude-sonnet-4-5', { temperature: 1.5 }))).toMatchObject({
      code: 'unsupported_parameter',
      param: 'temperature',
    });
  });

  test('200 a strict connection is not refused for what its own settings say', async () => {
    await house.rig.connect({
      name: 'Own',
      baseUrl: house.families.openai.fake.baseUrl,
      settings: { parameterMode: 'strict', wire: 'chat', temperature: 0.3 },
    });
    expect((await ask('Own/gpt-5', {})).status).toBe(200);
  });

  test('200 who can say it is asked in place of who cannot', async () => {
    const serve = (name: string, providerId: string, baseUrl: string, mode: string): Promise<unknown> =>
      house.rig.connect({
        name,
        providerId,
        baseUrl,
        model: 'shared-model',
        settings: { parameterMode: mode, ...(providerId === 'openai' && { wire: 'chat' }) },
      });
    await serve('A strict one', 'anthropic', house.families.anthropic.fake.baseUrl, 'strict');
    await serve('B able one', 'openai', house.families.openai.fake.baseUrl, 'strict');
    const said = await ask('shared-model', { logit_bias: { '5': 1 } });
    expect(said.status).toBe(200);
    expect(house.families.anthropic.fake.received).toHaveLength(0);
    expect(house.lastBody('openai')['logit_bias']).toEqual({ '5': 1 });
  });

  test('200 warn says it in the header and in the books, drop in the books alone', async () => {
    const connect = (name: string, mode: string): Promise<unknown> =>
      house.rig.connect({
        name,
        providerId: 'anthropic',
        baseUrl: house.families.anthropic.fake.baseUrl,
        settings: { parameterMode: mode },
      });
    await connect('Loud', 'warn');
    await connect('Quiet', 'drop');
    const loud = await ask('Loud/claude-sonnet-4-5', { logit_bias: { '5': 1 }, frobnicate: false });
    expect(loud.headers['x-patchbay-changed']).toContain('logit_bias;dropped');
    expect(loud.headers['x-patchbay-changed']).toContain('frobnicate;dropped');
    const quiet = await ask('Quiet/claude-sonnet-4-5', { logit_bias: { '5': 1 } });
    expect(quiet.status).toBe(200);
    expect(quiet.headers['x-patchbay-changed']).toBeUndefined();
    for (const said of [loud, quiet]) {
      const [row] = await house.rig.rowsOf(String(said.headers['x-request-id']));
      expect(row!.changed).toContain('logit_bias');
    }
  });
});
