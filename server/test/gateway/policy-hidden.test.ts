/** Where a prompt or an answer could say something past its policies: odd spellings, documents, names that are the caller's own, numbers. */
import { expect, test } from 'vitest';
import { whole, wholeBody } from '../support/fake-provider.ts';
import { fake, found, key, policy, policyScene, rig } from './policy-kit.ts';
import { textsOfAnswer } from '../../src/gateway/policy-texts.ts';
import { message, post, type Said } from './rig.ts';

policyScene();

const ask = (more: object): Promise<Said> => rig.ask(key, { model: 'Line/gpt-4o', messages: message('hi'), ...more });
const askMessages = (content: unknown, more: object = {}): Promise<Said> =>
  post(`${rig.url}/v1/messages`, JSON.stringify({ model: 'Line/gpt-4o', max_tokens: 10, messages: [{ role: 'user', content }], ...more }), {
    'x-api-key': key,
  });
const sent = (): string => fake.received.map(({ text }) => text).join('\n');

test.each([
  ['accents that stand apart', 'nightjar cafe\u0301'],
  ['wide letters', 'ｎｉｇｈｔｊａｒ café'],
  ['blanks without width', 'night\u200bjar café'],
  ['hyphens that do not show', 'night\u00adjar café'],
])('403 a phrase in %s', async (_, text) => {
  await policy({ action: 'block', rules: { keywords: ['nightjar café'] } });
  expect((await ask({ messages: message(text) })).status).toBe(403);
  expect(fake.received).toHaveLength(0);
});

test('numbers are covered in wide digits and between blanks that do not break', async () => {
  await policy({ action: 'redact', rules: { personalData: ['card', 'nik'] } });
  await ask({ messages: message('Card ４１１１ １１１１ １１１１ １１１１, NIK 3174\u00a00512\u00a00990\u00a00001.') });
  expect(JSON.parse(sent())).toMatchObject({ messages: [{ content: 'Card [CARD], NIK [NIK].' }] });
});

test('a document that comes as plain words is read, and covered', async () => {
  await policy({ action: 'redact', rules: { keywords: ['nightjar'] } });
  const source = { type: 'text', media_type: 'text/plain', data: 'The nightjar plan.' };
  expect((await askMessages([{ type: 'document', source }])).status).toBe(200);
  expect(sent()).toContain('The [REDACTED] plan.');
  expect(sent()).not.toContain('nightjar');
});

test.each([
  ['a part', [{ type: 'text', media_type: 'x', text: 'data: the nightjar' }]],
  ['bytes that are none', [{ type: 'file', file: { file_data: 'the nightjar, in words.' } }]],
])('403 words that pass themselves off as bytes in %s', async (_, content) => {
  await policy({ action: 'block', rules: { keywords: ['nightjar'] } });
  expect((await ask({ messages: [{ role: 'user', content }] })).status).toBe(403);
  expect((await ask({ messages: [{ role: 'user', media_type: 'x', content: 'data: the nightjar' }] })).status).toBe(403);
});

test.each(['status', 'type', 'format', 'id', 'data'])('403 the description of a parameter that is called %s', async (name) => {
  await policy({ action: 'block', rules: { keywords: ['nightjar'] } });
  const properties = { [name]: { type: 'string', description: 'as in the nightjar plan' } };
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties } } }];
  expect((await ask({ tools })).status).toBe(403);
});

const calling = (input: object): object => ({
  messages: [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'f', input }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] },
  ],
});

test('what a tool was given is covered in numbers and in names, and nothing of it is lost', async () => {
  await policy({ action: 'redact', rules: { personalData: ['nik', 'email'] } });
  const input = { nik: 3174051209900001, roles: { 'ann@example.com': 'owner', 'bob@example.com': ['ann@example.com'] }, count: 3 };
  expect((await askMessages('hi', calling(input))).status).toBe(200);
  const { messages } = JSON.parse(sent()) as { messages: { tool_calls?: { function: { arguments: string } }[] }[] };
  const given: unknown = JSON.parse(messages.find(({ tool_calls }) => tool_calls)!.tool_calls![0]!.function.arguments);
  expect(given).toEqual({ nik: '[NIK]', roles: { '[EMAIL]': 'owner', '[EMAIL] 2': ['[EMAIL]'] }, count: 3 });
});

test('a number that an answer gives a tool is covered, as it is in a stream', async () => {
  await policy({ action: 'redact', side: 'answer', rules: { personalData: ['nik'] } });
  const body = JSON.parse(wholeBody('x')) as { choices: { message: object }[] };
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"nik":3174051209900001}' } };
  Object.assign(body.choices[0]!.message, { tool_calls: [call] });
  fake.answer(whole(JSON.stringify(body)));
  const said = await askMessages('hi', { tools: [{ name: 'f', input_schema: { type: 'object' } }] });
  expect(JSON.parse(said.text)).toMatchObject({ content: [{}, { type: 'tool_use', input: { nik: '[NIK]' } }] });
});

const schema = { type: 'object', properties: { plan: { type: 'string', description: 'as in the nightjar plan' } } };
test('403 a form of the answer that says it, in every wire that has one', async () => {
  await policy({ action: 'block', rules: { keywords: ['nightjar'] } });
  const format = { type: 'json_schema', name: 'plan', schema };
  const asResponses = { model: 'Line/gpt-4o', input: 'hi', text: { format } };
  const asOllama = { model: 'Line/gpt-4o', messages: message('hi'), stream: false, format: schema };
  const authorization = { authorization: `Bearer ${key}` };
  const answers = [
    await ask({ response_format: { type: 'json_schema', json_schema: { name: 'plan', schema } } }),
    await askMessages('hi', { output_config: { format: { type: 'json_schema', schema } } }),
    await post(`${rig.url}/v1/responses`, JSON.stringify(asResponses), authorization),
    await post(`${rig.url}/ollama/api/chat`, JSON.stringify(asOllama), authorization),
  ];
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect(fake.received).toHaveLength(0);
});

test('the form of an answer that its provider repeats is not judged as an answer', () => {
  const body = { object: 'response', text: { format: { type: 'json_schema', schema } }, output: [{ content: [{ text: 'one' }] }] };
  expect(Array.from(textsOfAnswer(body), ({ text }) => text)).toEqual(['one']);
});

const part = (text: string, type = 'text'): object => ({ type, text });
test('403 a phrase that lies in several parts of one message, on every wire', async () => {
  const id = await policy({ action: 'block', rules: { keywords: ['nightjar plan'] } });
  const input = [{ role: 'user', content: [part('the nightjar ', 'input_text'), part('plan', 'input_text')] }];
  const answers = [
    await ask({ messages: [{ role: 'user', content: [part('the nightjar '), part('plan')] }] }),
    await askMessages([part('the night'), part('jar plan')]),
    await askMessages('hi', { system: [part('the nightjar'), part('plan')] }),
    await post(`${rig.url}/v1/responses`, JSON.stringify({ model: 'Line/gpt-4o', input }), { authorization: `Bearer ${key}` }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect(fake.received).toHaveLength(0);
  const facts = (await found(id)).map((row) => row.facts.map(({ name, count }) => `${name.replace(/\s+/, ' ')} ${count}`));
  expect(facts).toEqual(Array.from({ length: 4 }, () => ['nightjar plan 1']));
});

test('what lies in several parts is covered in each of them, and every part stays', async () => {
  await policy({ action: 'redact', rules: { personalData: ['email', 'nik'] } });
  const content = [part('Mail ann@exam'), part('ple.com, NIK 31740512'), part('09900001'), part('. Thanks.')];
  await ask({ messages: [{ role: 'user', content }] });
  expect(JSON.parse(sent())).toMatchObject({
    messages: [{ content: [part('Mail [EMAIL]'), part(', NIK [NIK]'), part('[NIK]'), part('. Thanks.')] }],
  });
});

test('who asks, and what is noted of it, is covered before it leaves, and refused where a policy blocks', async () => {
  const id = await policy({ action: 'redact', rules: { personalData: ['email'] } });
  await ask({ user: 'ann@example.com', safety_identifier: 'ann@example.com', metadata: { by: 'ann@example.com', team: 'a' } });
  const covered = { user: '[EMAIL]', safety_identifier: '[EMAIL]', metadata: { by: '[EMAIL]', team: 'a' } };
  expect(JSON.parse(sent())).toMatchObject(covered);
  expect(await found(id)).toMatchObject([{ stage: 'prompt', facts: [{ name: 'email', count: 3 }] }]);
  await policy({ action: 'block', rules: { keywords: ['nightjar'] } });
  const said = [await ask({ user: 'nightjar' }), await ask({ metadata: { plan: 'the nightjar' } })];
  said.push(await askMessages('hi', { metadata: { user_id: 'nightjar' } }));
  expect(said.map(({ status }) => status)).toEqual([403, 403, 403]);
});

test('texts at which an answer ends, and keys of kept prompts, are covered before they leave, and refused where a policy blocks', async () => {
  await policy({ action: 'redact', rules: { personalData: ['email', 'card'] } });
  const id = '4111111111111111';
  await ask({ prompt_cache_key: 'ann@example.com', stop: ['ann@example.com', 'End'] });
  expect(JSON.parse(sent())).toMatchObject({ prompt_cache_key: '[EMAIL]', stop: ['[EMAIL]', 'End'] });
  await ask({ prompt_cache_key: `${id}a-b`, stop: id });
  expect(JSON.parse(sent().split('\n').at(-1)!)).toMatchObject({ prompt_cache_key: `${id}a-b`, stop: '[CARD]' });
  await policy({ action: 'block', rules: { keywords: ['nightjar'] } });
  const said = [await ask({ stop: 'nightjar' }), await ask({ stop: ['a', 'the nightjar'] }), await ask({ prompt_cache_key: 'nightjar' })];
  said.push(await askMessages('hi', { stop_sequences: ['nightjar'] }));
  expect(said.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
});

test('who asks is no part of the prompt: neither its length nor what a judge reads', async () => {
  await policy({ action: 'block', rules: { promptTokensMax: 10 } });
  expect((await ask({ metadata: { note: 'word '.repeat(100) } })).status).toBe(200);
});
