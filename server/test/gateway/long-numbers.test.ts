/** Ids longer than a double is exact, in what tools were given before: every digit reaches the provider, and policies read every digit. */
import { beforeAll, describe, expect, test } from 'vitest';
import { anthropic, plain, whole } from '../support/fake-provider.ts';
import { fake, key, policy, policyScene, rig } from './policy-kit.ts';
import { post, type Said } from './rig.ts';

policyScene();
beforeAll(async () => {
  await rig.connect({ name: 'Own', providerId: 'anthropic', baseUrl: new URL(fake.baseUrl).origin, model: 'claude-sonnet-4-5' });
});

const id = '1234567890123456789';
const card = '6304000000000000000';
const input = (number = id): string => `{"user":${number},"near":[-${number},7,{"ids":[${number}0]}],"name":"${number}"}`;
const sent = (): string => fake.received.map(({ text }) => text.replaceAll('\\"', '"')).join('\n');

const askMessages = (given: string, model = 'Line/gpt-4o', more = ''): Promise<Said> =>
  post(
    `${rig.url}/v1/messages`,
    `{"model":"${model}","max_tokens":10,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[${more}{"type":"tool_use","id":"t","name":"f","input":${given}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"ok"}]}]}`,
    { 'x-api-key': key },
  );
const askLines = (given: string): Promise<Said> =>
  post(
    `${rig.url}/ollama/api/chat`,
    `{"model":"Line/gpt-4o","stream":false,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":${given}}}]},{"role":"tool","content":"ok","tool_name":"f"}]}`,
    { authorization: `Bearer ${key}` },
  );

describe('told to a provider of another wire', () => {
  test.each([
    ['from blocks', askMessages],
    ['from lines', askLines],
  ])('%s', async (_, ask) => {
    expect((await ask(input())).status).toBe(200);
    expect(sent()).toContain(`"arguments":"${input()}"`);
  });

  test('from large requests too, whatever else stands in them', async () => {
    const long = `{"a":"${'x'.repeat(20_000)}","user":${id}}`;
    expect((await askMessages(long)).status).toBe(200);
    expect(sent()).toContain(`"user":${id}`);
  });

  test('numbers in places where none belongs break nothing', async () => {
    for (const given of [id, `[${id}]`, `{"input":${id}}`, `{"arguments":{"input":${id}}}`]) {
      expect((await askMessages(given)).status, given).toBe(200);
      expect((await askLines(given)).status, given).toBe(200);
    }
  });
});

/** Bounds and lists of a schema, of the kinds that a double has no room for; the last one is the longest that it has. */
const schema = `{"type":"object","properties":{"a":{"type":"integer","minimum":-${id},"maximum":18446744073709551615,"enum":[${id},{"deep":[${id}]}],"const":${id},"default":${id}},"b":{"multipleOf":0.10000000000000000000001,"maximum":1.7976931348623157e309},"c":{"maximum":9007199254740991,"minimum":0.30000000000000004}}}`;
const chatTools = `[{"type":"function","function":{"name":"f","parameters":${schema}}}]`;
const asking = {
  chat: `"tools":${chatTools},"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":${schema}}}`,
  messages: `"max_tokens":10,"tools":[{"name":"f","input_schema":${schema}}],"output_config":{"format":{"type":"json_schema","schema":${schema}}}`,
  responses: `"tools":[{"type":"function","name":"f","parameters":${schema}}],"text":{"format":{"type":"json_schema","name":"n","schema":${schema}}}`,
  ollama: `"stream":false,"tools":${chatTools},"format":${schema}`,
};
const paths = { chat: '/v1/chat/completions', messages: '/v1/messages', responses: '/v1/responses', ollama: '/ollama/api/chat' };

function askWith(wire: keyof typeof asking, model: string, more = ''): Promise<Said> {
  const said = wire === 'responses' ? '"input":"hi"' : '"messages":[{"role":"user","content":"hi"}]';
  const body = `{"model":"${model}",${said},${asking[wire]}${more}}`;
  return post(`${rig.url}${paths[wire]}`, body, { authorization: `Bearer ${key}`, 'x-api-key': key });
}

describe('in what a request asks for', () => {
  const elsewhere = [
    ['chat', 'Own/claude-sonnet-4-5', anthropic],
    ['messages', 'Line/gpt-4o', plain],
    ['responses', 'Own/claude-sonnet-4-5', anthropic],
    ['responses', 'Line/gpt-4o', plain],
    ['ollama', 'Line/gpt-4o', plain],
    ['ollama', 'Own/claude-sonnet-4-5', anthropic],
  ] as const;

  test.each(elsewhere)('of the wire %s, told to %s', async (wire, model, answer) => {
    fake.answer(answer);
    expect((await askWith(wire, model)).status).toBe(200);
    expect(sent().split(schema.slice('{"type":"object",'.length)).length - 1).toBe(2);
  });

  test.each(elsewhere)('of the wire %s, told to %s under a policy that covers', async (wire, model, answer) => {
    await policy({ action: 'redact', rules: { keywords: ['hi'] } });
    fake.answer(answer);
    expect((await askWith(wire, model)).status).toBe(200);
    expect(sent().split(schema.slice('{"type":"object",'.length)).length - 1).toBe(2);
    expect(sent()).toContain('[REDACTED]');
  });

  test('also where the wire is the same and the row has the request written anew', async () => {
    const parts = '[{"role":"assistant","content":"x","patchbay":{"blocks":[]}},{"role":"user","content":"hi"}]';
    const body = `{"model":"Line/gpt-4o","messages":${parts},"seed":-${id},"tools":${chatTools}}`;
    expect((await post(`${rig.url}/v1/chat/completions`, body, { authorization: `Bearer ${key}` })).status).toBe(200);
    expect(sent()).not.toContain('patchbay');
    expect(sent()).toContain(`"seed":-${id},"tools":${chatTools}`);
  });

  test('a seed of 64 bits and numbers of the run, from lines and to them', async () => {
    const options = `,"options":{"seed":${id},"temperature":0.69999998807907104492,"num_predict":7}`;
    expect((await askWith('ollama', 'Line/gpt-4o', options)).status).toBe(200);
    expect(sent()).toContain(`"seed":${id}`);
    expect(fake.received[0]?.json).toMatchObject({ temperature: 0.699999988079071, max_tokens: 7 });
  });
});

describe('under policies', () => {
  test('what is written anew keeps its digits', async () => {
    await policy({ action: 'redact', rules: { keywords: ['hi'] } });
    expect((await askMessages(input())).status).toBe(200);
    expect(sent()).toContain(`"arguments":"${input()}"`);
    fake.answer(anthropic);
    expect((await askMessages(input(), 'Own/claude-sonnet-4-5')).status).toBe(200);
    expect(sent()).toContain(`"input":${input()}`);
    expect(sent()).toContain('"content":"[REDACTED]"');
  });

  test('what nothing is covered in keeps the numbers of its schemas', async () => {
    await policy({ action: 'redact', rules: { keywords: ['nightjar'] } });
    const tools =
      '[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"maximum":18446744073709551615}}}}}]';
    const body = `{"model":"Line/gpt-4o","messages":[{"role":"user","content":"the nightjar"}],"tools":${tools}}`;
    expect((await post(`${rig.url}/v1/chat/completions`, body, { authorization: `Bearer ${key}` })).status).toBe(200);
    expect(sent()).toContain(`"tools":${tools}`);
    expect(sent()).toContain('the [REDACTED]');
  });

  test.each([
    ['blocks', askMessages],
    ['lines', askLines],
  ])('a card of nineteen digits is read as it is, and covered, in %s', async (_, ask) => {
    await policy({ action: 'redact', rules: { personalData: ['card'] } });
    const sound = soundCard(card);
    expect((await ask(`{"card":${sound},"id":${id}}`)).status).toBe(200);
    expect(sent()).toContain(`{"card":"[CARD]","id":${id}}`);
  });

  test('and so it is in an answer', async () => {
    await policy({ action: 'redact', rules: { personalData: ['card'], keywords: ['kestrel'] } });
    const sound = soundCard(card);
    const args = `{\\"card\\":${sound},\\"id\\":${id}}`;
    const call = `{"id":"t","type":"function","function":{"name":"f","arguments":"${args}"}}`;
    fake.answer(
      whole(
        `{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"The kestrel.","tool_calls":[${call}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`,
      ),
    );
    const said = [await askMessages('{}'), await askLines('{}')].map(({ text }) => text);
    expect(said[0]).toContain(`"input":{"card":"[CARD]","id":${id}}`);
    expect(said[1]).toContain(`"arguments":{"card":"[CARD]","id":${id}}`);
    for (const text of said) expect(text).toContain('The [REDACTED].');
  });
});

/** The same number with the check digit that makes it a card's. */
function soundCard(number: string): string {
  const digits = Array.from(number.slice(0, -1), Number).toReversed();
  const sum = digits.reduce((total, digit, at) => total + (at % 2 === 1 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0);
  return `${number.slice(0, -1)}${(10 - (sum % 10)) % 10}`;
}
