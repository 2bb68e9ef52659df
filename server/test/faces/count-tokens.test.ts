/** POST /v1/messages/count_tokens: a provider's own count where it has one, and an estimate that says so elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plain, refusing, whole } from '../support/fake-provider.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const post = (body: string, headers: Record<string, string> = {}, path = '/v1/messages'): Promise<Response> =>
  fetch(`${house.rig.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...(headers['authorization'] === undefined && { 'x-api-key': house.key }), ...headers },
  });

describe('POST /v1/messages/count_tokens', () => {
  const counting = (body: unknown): Promise<Response> => post(JSON.stringify(body), {}, '/v1/messages/count_tokens');

  test('200 a provider that counts is asked, and the books have it at no cost', async () => {
    house.answer('anthropic', whole('{"input_tokens":42}'));
    const { data, response } = await house.messages.messages
      .countTokens({ model: 'Claude/claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] })
      .withResponse();
    expect(data.input_tokens).toBe(42);
    expect(response.headers.get('x-patchbay-estimated')).toBeNull();
    expect(house.families.anthropic.fake.received[0]).toMatchObject({
      path: '/v1/messages/count_tokens',
      json: { model: 'claude-sonnet-4-5' },
    });
    const [row] = await house.rig.rowsOf(response.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 0, cost: 0 });
  });

  test('200 elsewhere it is estimated, and says so', async () => {
    house.answer('openai', plain);
    const answer = await counting({
      model: 'Chat/gpt-4o',
      system: 'x'.repeat(400),
      messages: [{ role: 'user', content: 'y'.repeat(400) }],
    });
    expect(answer.headers.get('x-patchbay-estimated')).toBe('input_tokens');
    const { input_tokens: tokens } = (await answer.json()) as { input_tokens: number };
    expect(tokens).toBeGreaterThan(190);
    expect(tokens).toBeLessThan(260);
    expect(house.families.openai.fake.received).toHaveLength(0);
  });

  test('200 a provider that fails to count leaves an estimate', async () => {
    for (const answerOf of [refusing(500), refusing(429), whole('{"nothing":1}'), whole('no json')]) {
      house.answer('anthropic', answerOf);
      const answer = await counting({ model: 'Claude/claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] });
      expect([answer.status, answer.headers.get('x-patchbay-estimated')]).toEqual([200, 'input_tokens']);
    }
  });

  test('400 what the provider finds wrong with the request itself', async () => {
    house.answer('anthropic', refusing(400, { type: 'error', error: { type: 'invalid_request_error', message: 'no' } }));
    expect((await counting({ model: 'Claude/claude-sonnet-4-5', messages: 5 })).status).toBe(400);
  });

  test('403 where no model is named and the connection that would be asked is not on the key’s list: nobody is asked', async () => {
    const { text } = await house.rig.issueKey({ models: ['gpt-4o'] });
    const claude = [...house.rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Claude')!;
    house.answer('anthropic', whole('{"input_tokens":42}'));
    const headers = { 'x-api-key': text, 'x-patchbay-connection': claude.id };
    const answer = await post(JSON.stringify({ messages: [{ role: 'user', content: 'hi' }] }), headers, '/v1/messages/count_tokens');
    expect(answer.status).toBe(403);
    expect(house.families.anthropic.fake.received).toEqual([]);
  });

  test('401 and 404 as for a completion', async () => {
    expect((await post('{}', { 'x-api-key': 'sk-pb-no' }, '/v1/messages/count_tokens')).status).toBe(401);
    expect((await counting({ model: 'no-such-model', messages: [] })).status).toBe(404);
  });
});
