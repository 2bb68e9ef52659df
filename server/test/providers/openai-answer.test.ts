/** Whole answers of OpenAI's wire: what is believed, what is mended, and what is refused (group D). */
import { describe, expect, test } from 'vitest';
import { seenAnswer } from '../../src/providers/openai/answer.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { destination, faultOf, moment } from './kit.ts';

const to = destination('openai', 'asked');
const whole = (body: unknown): ReturnType<typeof openai.fromVendor> => openai.fromVendor(body, to, moment);
const answer = (message: unknown, finish: unknown = 'stop', more = {}): unknown => ({
  id: 'a',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message, finish_reason: finish }],
  ...more,
});

describe('a whole answer', () => {
  test.each([
    [null],
    [''],
    ['<html>'],
    [[]],
    [7],
    [{}],
    [{ choices: [] }],
    [{ choices: 'x' }],
    [{ choices: [null] }],
    [{ choices: [{ index: 0 }] }],
    [answer(null)],
    [answer({ role: 'assistant', content: null })],
    [answer({ content: null, tool_calls: [] })],
    [answer({})],
    [answer({ content: 7 })],
  ])('%j is no answer (D1 to D4)', (body) => {
    expect(faultOf(() => whole(body))).toBe('invalid_response');
  });

  test.each([
    [{ error: { message: 'x', code: 'rate_limit_exceeded' } }, 'rate_limited'],
    [{ error: { message: 'x', code: 429 } }, 'rate_limited'],
    [{ error: 'broken' }, 'invalid_response'],
    [answer({ content: '' }, 'error'), 'invalid_response'],
    [{ choices: [{ message: { content: '' }, error: { code: 502, message: 'x' }, finish_reason: 'error' }] }, 'server_error'],
  ])('%j is an error in a success (D3)', (body, fault) => {
    expect(faultOf(() => whole(body))).toBe(fault);
  });

  test.each([
    ['an empty text', { content: '' }, 'stop'],
    ['a text', { content: 'x' }, 'stop'],
    ['a call', { content: null, tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] }, 'tool_calls'],
    ['a refusal', { content: null, refusal: 'no' }, 'stop'],
    ['a thought that used up the limit', { content: null }, 'length'],
    ['a filtered answer', { content: null }, 'content_filter'],
    ['sound', { content: null, audio: { id: 'x' } }, 'stop'],
    ['an old call', { content: null, function_call: { name: 'f', arguments: '' } }, 'function_call'],
    ['a thought alone', { content: null, reasoning_content: 'hm' }, 'stop'],
  ])('%s is an answer', (_name, message, finish) => {
    expect(whole(answer(message, finish)).choices[0]?.finish_reason).toBe(finish);
  });

  test('what is missing is filled in, and what is unknown stays', () => {
    const mended = whole({ choices: [{ message: { content: 'x', annotations: [1] }, finish_reason: 'stop', extra: 1 }], cost: 2 });
    expect(mended).toMatchObject({
      id: moment.id,
      object: 'chat.completion',
      created: moment.createdS,
      model: 'asked',
      usage: null,
      cost: 2,
    });
    expect(mended.choices[0]).toMatchObject({ index: 0, extra: 1, message: { role: 'assistant', annotations: [1] } });
  });

  test('calls without id or type, and with arguments that are no text, are mended', () => {
    const message = {
      content: null,
      tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }, { id: '', function: { name: 'g' } }, 'odd'],
    };
    expect(whole(answer(message, 'tool_calls')).choices[0]?.message.tool_calls).toEqual([
      { id: `call_${moment.id}_0`, type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
      { id: `call_${moment.id}_1`, type: 'function', function: { name: 'g', arguments: '' } },
    ]);
  });

  test('content in parts becomes text, and thought among them becomes reasoning', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'a' },
      'b',
      { type: 'thinking', thinking: '!' },
      { type: 'reference' },
    ];
    expect(whole(answer({ content })).choices[0]?.message).toMatchObject({ content: 'ab', reasoning_content: 'hm!' });
    expect(whole(answer({ content: 'x', reasoning: 'hm' })).choices[0]?.message.reasoning_content).toBe('hm');
  });

  test.each([
    ['stop', 'stop'],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['model_length', 'length'],
    ['MAX_TOKENS', 'length'],
    ['tool_use', 'tool_calls'],
    ['SAFETY', 'content_filter'],
    ['brand_new', 'stop'],
    ['constructor', 'stop'],
    ['', null],
    [null, null],
    [5, null],
  ])('finish %j is %j', (given, finish) => {
    expect(whole(answer({ content: 'x' }, given)).choices[0]?.finish_reason).toBe(finish);
  });

  test('a model that echoes another name is reported as it says (D12), and pollution has no way in (D11)', () => {
    expect(whole(answer({ content: 'x' })).model).toBe('m');
    whole(
      JSON.parse(
        '{"__proto__":{"polluted":1},"choices":[{"message":{"content":"x","__proto__":{"polluted":1}},"constructor":{"polluted":1}}]}',
      ),
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('an answer that is only looked at', () => {
  const said = { content: 'x' };
  const bodies: unknown[] = [
    null,
    '<html>',
    [],
    7,
    {},
    { choices: [] },
    { choices: 'x' },
    { choices: [null] },
    { choices: [{ index: 0 }] },
    ...[null, {}, { content: null }, { content: 7 }, { content: '' }, said, { content: [{ type: 'text', text: 'x' }] }].map((message) =>
      answer(message),
    ),
    ...['length', 'error', 'STOP', 'unheard of', '', 7, null].flatMap((finish) => [
      answer(said, finish),
      answer({ content: null }, finish),
    ]),
    ...[
      { error: { message: 'x', code: 429 } },
      { error: 'broken' },
      { error: '' },
      { error: null },
      { object: 'error' },
      { type: 'error' },
    ].flatMap((more) => [
      answer(said, 'stop', more),
      { choices: [{ message: said, finish_reason: 'stop', ...more }] },
      {
        choices: [
          { message: said, finish_reason: 'stop' },
          { message: said, ...more },
        ],
      },
    ]),
    ...[{ model: 7 }, { model: '' }, { model: 'other' }, { usage: { prompt_tokens: 1, completion_tokens: 2 } }, { usage: 'x' }].map(
      (more) => answer(said, 'stop', more),
    ),
    { choices: [{ message: said, finish_reason: 'length' }, { message: { content: null } }] },
    answer({ content: null, tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] }, 'tool_calls'),
  ];

  test.each(bodies.map((body) => [JSON.stringify(body), body]))('is believed or refused like one that is built: %s', (_text, body) => {
    const fault = faultOf(() => whole(body));
    expect(faultOf(() => seenAnswer(body, moment))).toBe(fault);
    if (fault !== 'none') return;
    const built = whole(body);
    const seen = seenAnswer(body, moment);
    expect(seen.model ?? to.model).toBe(built.model);
    expect(seen.finishReason).toBe(built.choices[0]!.finish_reason);
    expect(openai.usageOf(seen.usage)).toEqual(openai.usageOf(built.usage));
    expect(seen.choices).toHaveLength(built.choices.length);
  });
});
