/** Answers held against policies event by event: on every wire and for every cut, nothing blocked leaves, and everything else does in its order. */
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/domain/policy.ts';
import { AnswerGuard } from '../../src/gateway/policy-answer.ts';
import { createSseReader, type SseEvent } from '../../src/lib/sse.ts';
import { policyWith } from '../support/policy.ts';

const unasked = (): Promise<never> => Promise.reject(new Error('no judge is asked here'));
const guardOf = (...policies: Policy[]): AnswerGuard => new AnswerGuard(policies, unasked);
const blocking = policyWith({ keywords: ['secret kestrel'] }, { action: 'block' });
const covering = policyWith({ personalData: ['email'], keywords: ['kestrel'] });

const eventsOf = (written: string): SseEvent[] => createSseReader().push(Buffer.from(written));
const event = (data: unknown, name = ''): string => `${name === '' ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

interface Wire {
  name: string;
  /** The events of an answer whose text comes in these pieces. */
  events: (pieces: readonly string[]) => string[];
  /** The text that a reader of these events has seen. */
  textOf: (written: string) => string;
}

const json = (written: string): Record<string, unknown>[] =>
  eventsOf(written).map(({ data }) => JSON.parse(data) as Record<string, unknown>);
const base = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm' };
const chat = (delta: object, finish: string | null = null, index = 0): string =>
  event({ ...base, choices: [{ index, delta, finish_reason: finish }] });

const wires: readonly Wire[] = [
  {
    name: 'chat',
    events: (pieces) => [chat({ role: 'assistant', content: '' }), ...pieces.map((content) => chat({ content })), chat({}, 'stop')],
    textOf: (written) => json(written).map((body) => (body as { choices: { delta: { content?: string } }[] }).choices[0]!.delta.content ?? '').join(''), // prettier-ignore
  },
  {
    name: 'completions',
    events: (pieces) => pieces.map((text) => event({ ...base, choices: [{ index: 0, text, logprobs: null, finish_reason: null }] })),
    textOf: (written) =>
      json(written)
        .map((body) => (body as { choices: { text: string }[] }).choices[0]!.text)
        .join(''),
  },
  {
    name: 'messages',
    events: (pieces) => [
      event(
        { type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant', content: [], model: 'm', usage: {} } },
        'message_start',
      ),
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start'),
      ...pieces.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, 'content_block_delta')),
      event({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
      event({ type: 'message_stop' }, 'message_stop'),
    ],
    textOf: (written) =>
      json(written)
        .map((body) => (body as { delta?: { text?: string } }).delta?.text ?? '')
        .join(''),
  },
  {
    name: 'responses',
    events: (pieces) => [
      ...pieces.map((delta) => event({ type: 'response.output_text.delta', item_id: 'i', output_index: 0, content_index: 0, delta, logprobs: [] }, 'response.output_text.delta')), // prettier-ignore
      event(
        { type: 'response.output_text.done', item_id: 'i', output_index: 0, content_index: 0, text: pieces.join('') },
        'response.output_text.done',
      ),
    ],
    textOf: (written) =>
      json(written)
        .map((body) => (body as { delta?: string }).delta ?? '')
        .join(''),
  },
];

/** What a guard lets go of, event by event. */
function through(guard: AnswerGuard, events: readonly string[]): string[] {
  const written = events.map((one) => guard.push(one));
  return [...written, guard.endNow()];
}

const clean = 'The weather is fine. Nothing happens in this sentence either, and so it goes on for a while. ';
const text = `${clean}Here the secret kestrel is named. ${clean}`;
const blockedFrom = text.indexOf('secret kestrel');

describe.each(wires)('$name', ({ events, textOf }) => {
  test('for every cut of the text no blocked byte is shown, and what is shown is its beginning', () => {
    for (let at = 0; at <= text.length; at++) {
      const guard = guardOf(blocking);
      const shown = textOf(through(guard, events([text.slice(0, at), text.slice(at)])).join(''));
      expect(guard.blocked()?.fault, String(at)).toBe('policy_blocked');
      expect(text.startsWith(shown), String(at)).toBe(true);
      expect(shown.length, String(at)).toBeLessThanOrEqual(blockedFrom);
    }
  });

  test('character by character: sentences are shown while the answer still comes, and none from the blocked one on', () => {
    const guard = guardOf(blocking);
    const written = through(guard, events(text.split('')));
    const shown = textOf(written.join(''));
    expect(clean.startsWith(shown)).toBe(true);
    expect(shown).toContain('The weather is fine. ');
    expect(guard.facts.byPolicy.get(blocking)).toEqual([{ rule: 'keyword', name: 'secret kestrel', count: 1, excerpt: null }]);
  });

  test('for every cut of the bytes the answer is the same, also within a character', () => {
    const said = 'Grüße an zoë@example.com, und 山 kestrel. ';
    const bytes = Buffer.from(events([said, 'Ende.']).join(''));
    const expected = 'Grüße an zoë@example.com, und 山 [REDACTED]. Ende.';
    for (let at = 0; at <= bytes.length; at++) {
      const guard = guardOf(policyWith({ keywords: ['kestrel'] }));
      const shown = guard.push(bytes.subarray(0, at)) + guard.push(bytes.subarray(at)) + guard.endNow();
      expect(textOf(shown), String(at)).toBe(expected);
    }
  });

  test('a clean answer passes in its own bytes, every event in its place', () => {
    const all = events([clean, clean]);
    expect(eventsOf(through(guardOf(blocking, covering), all).join(''))).toEqual(eventsOf(all.join('')));
  });

  test('covers over pieces leave every event in its place', () => {
    const all = events(['Mail ann@', 'exam', 'ple.com or kes', 'trel. ', 'Done.']);
    const written = through(guardOf(covering), all).join('');
    expect(eventsOf(written)).toHaveLength(all.length);
    expect(textOf(written)).toBe('Mail [EMAIL] or [REDACTED]. Done.');
    expect(written).not.toMatch(/ann@|example\.com|kestrel/);
  });
});

describe('several texts of one answer', () => {
  test('choices side by side are texts of their own', () => {
    const guard = guardOf(covering);
    const pieces = ['kes', 'trel. '].flatMap((content) => [chat({ content }, null, 0), chat({ content: content.toUpperCase() }, null, 1)]);
    const written = through(guard, pieces).join('');
    const said = [0, 1].map((index) => json(written).filter((body) => (body as { choices: { index: number }[] }).choices[0]!.index === index).map((body) => (body as { choices: { delta: { content: string } }[] }).choices[0]!.delta.content).join('')); // prettier-ignore
    expect(said).toEqual(['[REDACTED]. ', '[REDACTED]. ']);
  });

  test('reasoning that has ended does not hold back the answer after it', () => {
    const guard = guardOf(covering);
    guard.push(chat({ reasoning_content: 'I think about it' }));
    let shown = '';
    for (let count = 0; count < 60; count++) shown += guard.push(chat({ content: 'One more sentence. ' }));
    expect(shown).toContain('I think about it');
    expect(shown).toContain('One more sentence.');
  });

  test('likelihoods of words go where the words are covered', () => {
    const guard = guardOf(covering);
    const logprobs = { content: [{ token: 'kestrel', logprob: -0.1 }] };
    const one = event({ ...base, choices: [{ index: 0, delta: { content: 'A kestrel.' }, logprobs, finish_reason: null }] });
    expect(through(guard, [one]).join('')).not.toContain('kestrel');
  });

  test('a tool that is not on the list is not called', () => {
    const guard = guardOf(policyWith({ tools: ['search'] }, { action: 'block' }));
    const call = chat({ tool_calls: [{ index: 0, id: 'c', function: { name: 'erase', arguments: '' } }] });
    expect(through(guard, [call]).join('')).toBe('');
    expect(guard.blocked()).not.toBeNull();
  });
});

describe('whole answers', () => {
  test('every text of every wire is read', () => {
    for (const body of [
      { choices: [{ message: { content: 'kestrel' } }] },
      { choices: [{ message: { content: null, tool_calls: [{ function: { name: 'x', arguments: '{"a":"kestrel"}' } }] } }] },
      { content: [{ type: 'tool_use', id: 't', name: 'x', input: { id: 'kestrel' } }] },
      { output: [{ type: 'reasoning', summary: [{ text: 'kestrel' }] }] },
      { choices: [{ text: 'kestrel' }] },
    ])
      expect(guardOf(covering).whole(JSON.stringify(body), false).toString()).not.toContain('kestrel');
  });

  test('ids and proofs are no words', () => {
    const body = JSON.stringify({ id: 'kestrel', choices: [{ message: { role: 'kestrel', signature: 'kestrel' } }] });
    expect(guardOf(covering).whole(body, false)).toBe(body);
  });

  test('a plain text is read as one', () => {
    expect(guardOf(covering).whole('A kestrel.', true)).toBe('A [REDACTED].');
  });

  test('the same texts are covered in what a face keeps, and are not counted twice', () => {
    const guard = guardOf(covering);
    guard.whole('{"a":"kestrel"}', false);
    expect(guard.coverKept({ a: 'kestrel' })).toEqual({ a: '[REDACTED]' });
    expect(guard.facts.byPolicy.get(covering)).toMatchObject([{ count: 1 }]);
  });
});
