/** Google's event stream in the house's chunks, every way that it can go and every way that it can end. */
import { describe, expect, test } from 'vitest';
import type { ChatChunk, ChatDelta } from '../../src/domain/chat.ts';
import { gemini } from '../../src/providers/gemini/protocol.ts';
import { assemble } from '../../src/providers/assemble.ts';
import { destination, event, faultOf, moment } from './kit.ts';

const to = destination('gemini', 'gemini-3.5-flash');
const head = { modelVersion: 'gemini-x', responseId: 'resp-1' };
const candidate = (parts: unknown, finishReason?: string, index = 0, more = {}): object => ({
  content: { parts, role: 'model' },
  ...(finishReason && { finishReason }),
  index,
  ...more,
});
const said = (...candidates: object[]): object => ({ candidates, ...head });
const usage = (candidatesTokenCount: number): object => ({ usageMetadata: { promptTokenCount: 3, candidatesTokenCount } });
const text = (words: string, more = {}): object => ({ text: words, ...more });
const fn = (name: string, args: unknown = {}, more = {}): object => ({ functionCall: { name, args }, ...more });

const stream = (...events: unknown[]): { chunks: ChatChunk[]; isComplete: boolean } => streamOf(1, ...events);

function streamOf(asked: number, ...events: unknown[]): { chunks: ChatChunk[]; isComplete: boolean } {
  const reader = gemini.streamReader(to, moment, asked);
  const chunks = events.flatMap((one) => reader.push(event(one)));
  const end = reader.end();
  return { chunks: [...chunks, ...end.chunks], isComplete: end.isComplete };
}
const deltas = (chunks: readonly ChatChunk[]): ChatDelta[] => chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta));
const finishes = (chunks: readonly ChatChunk[]): unknown[] =>
  chunks
    .flatMap((chunk) => chunk.choices)
    .flatMap((choice) => (choice.finish_reason === null ? [] : [[choice.index, choice.finish_reason]]));

describe('pieces', () => {
  test('text and thoughts come as they came, then one finish, then usage', () => {
    const { chunks, isComplete } = stream(
      { ...said(candidate([text('Hm.', { thought: true })])), ...usage(0) },
      { ...said(candidate([text('One, ')])), ...usage(2) },
      { ...said(candidate([text('two.')], 'STOP')), ...usage(4) },
    );
    expect(isComplete).toBe(true);
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'Hm.' },
      { content: 'One, ' },
      { content: 'two.' },
      { patchbay: { blocks: [text('Hm.', { thought: true }), text('One, two.')] } },
    ]);
    expect(finishes(chunks)).toEqual([[0, 'stop']]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } });
    for (const chunk of chunks) expect([chunk.id, chunk.model, chunk.created]).toEqual(['resp-1', 'gemini-x', moment.createdS]);
  });

  test('a plain answer carries nothing beside its text, and neighbours of one kind are one part', () => {
    const plain = stream(said(candidate([text('a'), text('b')])), said(candidate([text('c')], 'STOP')));
    expect(deltas(plain.chunks).at(-1)).toEqual({});
    const signed = stream(
      said(candidate([text('a')])),
      said(candidate([text('b')])),
      said(candidate([text('', { thoughtSignature: 's' })])),
      said(candidate([text('c')])),
      said(candidate([text('d', { thoughtSignature: 't' })], 'STOP')),
    );
    expect(deltas(signed.chunks).at(-1)).toEqual({
      patchbay: { blocks: [text('ab'), text('', { thoughtSignature: 's' }), text('c'), text('d', { thoughtSignature: 't' })] },
    });
    expect(assemble(signed.chunks).choices[0]?.message.content).toBe('abcd');
  });

  test('calls are numbered through the whole answer, each complete at once', () => {
    const { chunks } = stream(
      said(candidate([fn('f', { a: 1 }, { thoughtSignature: 's' }), { functionCall: { id: 'own', name: 'g' } }])),
      said(candidate([fn('f')], 'STOP')),
    );
    expect(deltas(chunks).flatMap((delta) => delta.tool_calls ?? [])).toEqual([
      { index: 0, id: 'call_resp-1_0_0', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
      { index: 1, id: 'own', type: 'function', function: { name: 'g', arguments: '{}' } },
      { index: 2, id: 'call_resp-1_0_2', type: 'function', function: { name: 'f', arguments: '{}' } },
    ]);
    expect(finishes(chunks)).toEqual([[0, 'tool_calls']]);
    expect(assemble(chunks).choices[0]?.message.content).toBeNull();
  });

  test('parts that say nothing to a reader are kept for the provider', () => {
    const odd = [{ executableCode: { code: '1' } }, { hologram: 1 }];
    const { chunks } = stream(said(candidate([...odd, null, 7])), said(candidate([text('')], 'STOP')));
    expect(deltas(chunks)).toEqual([{ role: 'assistant', content: '' }, { patchbay: { blocks: [...odd, text('')] } }]);
  });

  test('what arrives with any event is told at the end; the later one counts', () => {
    const { chunks } = stream(
      said(candidate([text('x')], undefined, 0, { groundingMetadata: { a: 1 }, citationMetadata: { b: 1 } })),
      said(candidate([], 'STOP', 0, { groundingMetadata: { a: 2 } })),
    );
    expect(deltas(chunks).at(-1)).toEqual({ patchbay: { groundingMetadata: { a: 2 }, citationMetadata: { b: 1 } } });
  });

  test('probabilities travel with their choice', () => {
    const logprobsResult = { chosenCandidates: [{ token: 'x', logProbability: -1 }] };
    const { chunks } = stream(said(candidate([text('x')], 'STOP', 0, { logprobsResult })));
    expect(chunks.flatMap((chunk) => chunk.choices).find((choice) => choice['logprobs'] !== undefined)?.['logprobs']).toEqual({
      content: [{ token: 'x', logprob: -1, bytes: [120], top_logprobs: [] }],
      refusal: null,
    });
  });

  test('an answer without a name has ours, and a later name changes nothing', () => {
    const { chunks } = stream({ candidates: [candidate([text('x')])] }, said(candidate([text('y')], 'STOP')));
    expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.model}`))).toEqual(new Set([`${moment.id} gemini-3.5-flash`]));
  });

  test('a name that comes before the first word counts', () => {
    expect(stream(head, { candidates: [candidate([text('x')], 'STOP')] }).chunks[0]).toMatchObject({ id: 'resp-1', model: 'gemini-x' });
  });
});

describe('several candidates', () => {
  test('each has its own role, text and finish, and no finish comes before the last word of all', () => {
    const { chunks, isComplete } = stream(
      said(candidate([text('a')]), candidate([fn('f')], undefined, 1)),
      said(candidate([text('b')], 'STOP')),
      said(candidate([text('c')], 'MAX_TOKENS', 1)),
    );
    expect(isComplete).toBe(true);
    expect(finishes(chunks)).toEqual([
      [0, 'stop'],
      [1, 'length'],
    ]);
    const first = chunks.findIndex((chunk) => chunk.choices.some((choice) => choice.finish_reason !== null));
    expect(deltas(chunks.slice(first)).every((delta) => delta.content === undefined)).toBe(true);
    const whole = assemble(chunks);
    expect(whole.choices.map((choice) => choice.message.content)).toEqual(['ab', 'c']);
    expect(whole.choices[1]?.message.tool_calls?.[0]?.id).toBe('call_resp-1_1_0');
  });

  test('one that has ended before the next has begun does not end the answer', () => {
    const { chunks, isComplete } = streamOf(2, said(candidate([text('a')], 'STOP')), said(candidate([text('b')], undefined, 1)), {
      ...said(candidate([text('c')], 'MAX_TOKENS', 1)),
      ...usage(3),
    });
    expect(isComplete).toBe(true);
    expect(finishes(chunks)).toEqual([
      [0, 'stop'],
      [1, 'length'],
    ]);
    expect(assemble(chunks).choices.map((choice) => choice.message.content)).toEqual(['a', 'bc']);
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 3 });
  });

  test('fewer than were asked for end with the line, and one of them that was left open does not', () => {
    const one = streamOf(2, { ...said(candidate([text('a')], 'STOP')), ...usage(1) });
    expect([one.isComplete, finishes(one.chunks)]).toEqual([true, [[0, 'stop']]]);
    expect(one.chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 1 });
    const open = streamOf(3, said(candidate([text('a')], 'STOP')), said(candidate([text('b')], undefined, 1)));
    expect([open.isComplete, finishes(open.chunks)]).toEqual([false, []]);
  });

  test('one that has not ended leaves the answer open', () => {
    const { chunks, isComplete } = stream(said(candidate([text('a')], 'STOP'), candidate([text('b')], undefined, 1)));
    expect([isComplete, finishes(chunks)]).toEqual([false, []]);
  });

  test('a candidate without a number takes its place in the list, and no more are read than can be asked for', () => {
    const crowd = Array.from({ length: 12 }, () => ({ content: { parts: [text('x')] }, finishReason: 'STOP' }));
    const { chunks, isComplete } = stream(said(...crowd));
    expect(isComplete).toBe(true);
    expect(finishes(chunks)).toHaveLength(8);
  });

  test('a candidate that has ended says nothing more', () => {
    const { chunks } = stream(
      said(candidate([text('a')], 'STOP'), candidate([], undefined, 1)),
      said(candidate([text('b')], 'STOP'), candidate([text('c')], 'STOP', 1)),
    );
    expect(assemble(chunks).choices.map((choice) => choice.message.content)).toEqual(['a', 'c']);
  });
});

describe('the end', () => {
  test.each([
    ['STOP', 'stop', {}],
    ['MAX_TOKENS', 'length', {}],
    ['CONTINUATION', 'length', { patchbay: { stop_reason: 'CONTINUATION' } }],
    ['OTHER', 'stop', { patchbay: { stop_reason: 'OTHER' } }],
    ['MALFORMED_FUNCTION_CALL', 'stop', { patchbay: { stop_reason: 'MALFORMED_FUNCTION_CALL' } }],
    ['SAFETY', 'content_filter', { refusal: 'The provider withheld this answer: SAFETY.', patchbay: { stop_reason: 'SAFETY' } }],
  ])('%s is %s', (reason, finish, delta) => {
    const { chunks, isComplete } = stream(said(candidate([text('x')])), said({ finishReason: reason, index: 0 }));
    expect([isComplete, finishes(chunks)]).toEqual([true, [[0, finish]]]);
    expect(deltas(chunks).at(-1)).toEqual(delta);
  });

  test('a stream without a reason to end is incomplete, whatever it said', () => {
    for (const events of [
      [],
      [said(candidate([text('x')]))],
      [said(candidate([text('x')], 'FINISH_REASON_UNSPECIFIED'))],
      [{ ...head, ...usage(2) }],
      [{ promptFeedback: { safetyRatings: [] }, ...head }],
    ]) {
      const { chunks, isComplete } = stream(...events);
      expect([isComplete, finishes(chunks)]).toEqual([false, []]);
    }
  });

  test('a broken stream still tells what it cost', () => {
    const { chunks, isComplete } = stream({ ...said(candidate([text('x')])), ...usage(2) });
    expect(isComplete).toBe(false);
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 2 });
  });

  test('usage that comes alone after the end counts; everything else after the end does not', () => {
    const { chunks } = stream(
      { ...said(candidate([text('x')], 'STOP')), ...usage(1) },
      usage(9),
      { ...said(candidate([text('y')], 'SAFETY')), ...usage(4) },
      { promptFeedback: { blockReason: 'SAFETY' } },
    );
    expect(finishes(chunks)).toEqual([[0, 'stop']]);
    expect(assemble(chunks)).toMatchObject({ choices: [{ message: { content: 'x' } }], usage: { completion_tokens: 9 } });
  });

  test('an answer without counts has none, and nonsense is none (D10)', () => {
    expect(stream(said(candidate([text('x')], 'STOP'))).chunks.some((chunk) => chunk.usage)).toBe(false);
    const nonsense = { ...said(candidate([text('x')], 'STOP')), usageMetadata: { promptTokenCount: -3 } };
    expect(stream(nonsense).chunks.some((chunk) => chunk.usage)).toBe(false);
  });

  test('a blocked prompt is an answer that was withheld', () => {
    const { chunks, isComplete } = stream({
      promptFeedback: { blockReason: 'BLOCKLIST', blockReasonMessage: 'Not here.' },
      ...head,
      ...usage(0),
    });
    expect(isComplete).toBe(true);
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: '' },
      { refusal: 'Not here.', patchbay: { stop_reason: 'BLOCKLIST' } },
    ]);
    expect(finishes(chunks)).toEqual([[0, 'content_filter']]);
    expect(assemble(chunks)).toMatchObject({
      choices: [{ message: { content: null, refusal: 'Not here.' } }],
      usage: { prompt_tokens: 3 },
    });
  });

  test('an answer that is blocked midway ends for every candidate that had not, and keeps its parts', () => {
    const { chunks, isComplete } = stream(said(candidate([text('a', { thoughtSignature: 's' })]), candidate([text('b')], 'STOP', 1)), {
      promptFeedback: { blockReason: 'SAFETY' },
      ...head,
    });
    expect(isComplete).toBe(true);
    expect(finishes(chunks)).toEqual([
      [0, 'content_filter'],
      [1, 'stop'],
    ]);
    expect(deltas(chunks).find((delta) => delta.refusal)).toEqual({
      refusal: 'The provider withheld this answer: SAFETY.',
      patchbay: { blocks: [text('a', { thoughtSignature: 's' })], stop_reason: 'SAFETY' },
    });
  });
});

describe('what goes wrong', () => {
  test.each([
    [{ error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } }, 'overloaded'],
    [[{ error: { code: 429, message: 'quota', status: 'RESOURCE_EXHAUSTED' } }], 'rate_limited'],
    [{ error: { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT' } }, 'auth'],
    [{ error: { code: 500, message: 'x', status: 'INTERNAL' } }, 'server_error'],
  ])('%j in a stream ends it with its own fault', (error, fault) => {
    expect(faultOf(() => stream(said(candidate([text('x')])), error))).toBe(fault);
  });

  test('one broken event is passed over, the second one ends the stream (E8)', () => {
    const { chunks, isComplete } = stream('{"candidates":[{', said(candidate([text('x')], 'STOP')));
    expect([isComplete, assemble(chunks).choices[0]?.message.content]).toEqual([true, 'x']);
    expect(faultOf(() => stream('{', '7'))).toBe('invalid_response');
  });

  test('empty events, an end mark and events of another shape are passed over', () => {
    const { chunks, isComplete } = stream(
      '',
      '[DONE]',
      {},
      { candidates: 'x' },
      { candidates: [null, 7] },
      said(candidate([text('x')], 'STOP')),
      '[DONE]',
      '',
    );
    expect(isComplete).toBe(true);
    expect(assemble(chunks).choices[0]?.message).toEqual({ role: 'assistant', content: 'x' });
  });
});
