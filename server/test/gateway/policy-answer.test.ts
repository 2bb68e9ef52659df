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

/** A wire on which a text comes in several blocks: its events, each block in these pieces, and what its reader saw of each block. */
interface Parted {
  name: string;
  events: (blocks: readonly (readonly string[])[]) => string[];
  blocksOf: (written: string) => string[];
  apart: string[];
}

const blocksIn = (written: string, of: (body: never) => [place: number, text: string] | null): string[] => {
  const blocks: string[] = [];
  for (const body of json(written)) {
    const said = of(body as never);
    if (said !== null) blocks[said[0]] = (blocks[said[0]] ?? '') + said[1];
  }
  return blocks;
};

const named = (data: { type: string }): string => event(data, data.type);
const part = (text: string): object => ({ type: 'output_text', text, annotations: [] });
const messagesOf = (blocks: readonly (readonly string[])[]): string[] =>
  blocks.flatMap((pieces, index) => [
    named({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } } as { type: string }),
    ...pieces.map((text) => named({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } } as { type: string })),
    named({ type: 'content_block_stop', index } as { type: string }),
  ]);
const textOfBlock = (body: { index: number; delta?: { text?: string } }): [number, string] | null =>
  typeof body.delta?.text === 'string' ? [body.index, body.delta.text] : null;

/** Each block a part of one message, or a message of its own. */
const responsesOf =
  (isOneMessage: boolean) =>
  (blocks: readonly (readonly string[])[]): string[] => {
    const texts = blocks.map((pieces) => pieces.join(''));
    const place = (at: number): object => ({ output_index: isOneMessage ? 0 : at, content_index: isOneMessage ? at : 0 });
    const item = (from: number, to: number): object => ({ type: 'message', id: 'm', content: texts.slice(from, to).map(part) });
    const events: { type: string }[] = blocks.flatMap((pieces, at) => [
      ...(isOneMessage && at > 0 ? [] : [{ type: 'response.output_item.added', ...place(at), item: { type: 'message', content: [] } }]),
      { type: 'response.content_part.added', ...place(at), part: part('') },
      ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...place(at), delta })),
      { type: 'response.output_text.done', ...place(at), text: texts[at] },
      { type: 'response.content_part.done', ...place(at), part: part(texts[at]!) },
      ...(isOneMessage ? [] : [{ type: 'response.output_item.done', output_index: at, item: item(at, at + 1) }]),
    ]);
    if (isOneMessage) events.push({ type: 'response.output_item.done', output_index: 0, item: item(0, texts.length) } as { type: string });
    const output = isOneMessage ? [item(0, texts.length)] : texts.map((_, at) => item(at, at + 1));
    return [...events, { type: 'response.completed', response: { output } } as { type: string }].map(named);
  };
const textOfPart = (body: { output_index: number; content_index: number; delta?: string }): [number, string] | null =>
  typeof body.delta === 'string' ? [body.output_index + body.content_index, body.delta] : null;

const apartInMessages = [
  named({ type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } } as { type: string }),
  named({ type: 'content_block_stop', index: 1 } as { type: string }),
];
const apartInResponses = [
  named({ type: 'response.output_item.added', output_index: 1, item: { type: 'function_call' } } as { type: string }),
];
const parted: readonly Parted[] = [
  { name: 'blocks of messages', events: messagesOf, blocksOf: (written) => blocksIn(written, textOfBlock), apart: apartInMessages },
  { name: 'parts of responses', events: responsesOf(true), blocksOf: (written) => blocksIn(written, textOfPart), apart: apartInResponses },
  {
    name: 'messages of responses',
    events: responsesOf(false),
    blocksOf: (written) => blocksIn(written, textOfPart),
    apart: apartInResponses,
  },
];

describe.each(parted)('$name that follow one another', ({ name, events, blocksOf, apart }) => {
  const seen = (blocks: readonly (readonly string[])[], guard = guardOf(covering)): string => through(guard, events(blocks)).join('');

  test('a phrase that lies in two of them blocks both', () => {
    for (const blocks of [
      ['the secret ', 'kestrel'],
      ['the secret', 'kestrel flies'],
      ['the sec', 'ret kes', 'trel'],
    ]) {
      const guard = guardOf(blocking);
      const shown = seen(blocks.map((text) => text.split('')), guard); // prettier-ignore
      expect(guard.blocked()?.fault, blocks.join('|')).toBe('policy_blocked');
      expect(blocksOf(shown).join('')).not.toMatch(/sec|kes/);
    }
  });

  test('for every cut into two blocks what must be covered is covered in each, wherever it is said', () => {
    const said = 'Mail ann@example.com or kestrel. Done.';
    for (let at = 1; at < said.length; at++) {
      const shown = seen([[said.slice(0, at)], [said.slice(at)]]);
      expect(shown, String(at)).not.toMatch(/example|nn@|kestrel/);
      const [first, second] = blocksOf(shown);
      expect(`${first}${second}`.replace(/(\[\w+\])\1/, '$1'), String(at)).toBe('Mail [EMAIL] or [REDACTED]. Done.');
      expect(eventsOf(shown), String(at)).toHaveLength(events([['a'], ['b']]).length);
    }
  });

  test('what repeats a block says what its pieces said', () => {
    const blocks = [
      ['Fine. Mail ann@', 'exam'],
      ['ple', '.com, kes'],
      ['trel. ', 'Bye kestrel.'],
    ];
    const shown = seen(blocks);
    const expected = ['Fine. Mail [EMAIL]', '[EMAIL], [REDACTED]', '[REDACTED]. Bye [REDACTED].'];
    expect(blocksOf(shown)).toEqual(expected);
    const repeated = json(shown).flatMap((body) => JSON.stringify(body).match(/(?<="text":")[^"]+/g) ?? []);
    if (!name.includes('responses')) return;
    expect(repeated).toHaveLength(4 * blocks.length);
    expect([...new Set(repeated)]).toEqual(expected);
  });

  test('clean ones pass in their own bytes', () => {
    const all = events([[clean], [clean, clean], [clean]]);
    expect(eventsOf(through(guardOf(blocking, covering), all).join(''))).toEqual(eventsOf(all.join('')));
  });

  test('a block does not wait once something else has begun', () => {
    const guard = guardOf(covering);
    const begun = events([['It ends here']]).filter((one) => !one.includes('response.completed'));
    const shown = begun.map((one) => guard.push(one)).join('');
    expect(blocksOf(shown).join('')).toBe('');
    expect(blocksOf(shown + apart.map((one) => guard.push(one)).join('')).join('')).toBe('It ends here');
  });
});

test('parts that come one into another are read each by itself', () => {
  const guard = guardOf(blocking);
  const piece = (index: number, text: string): string => named({ type: 'content_block_delta', index, delta: { text } } as { type: string });
  const written = through(guard, [piece(0, 'the sec'), piece(1, 'what else '), piece(0, 'ret kestrel'), piece(1, 'there is')]).join('');
  expect(guard.blocked()).not.toBeNull();
  expect(written).toBe('');
});

test('very many short blocks are read in a moment', () => {
  const startedMs = performance.now();
  through(guardOf(covering), messagesOf(Array.from({ length: 20_000 }, () => ['a b '])));
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});

describe('whole answers', () => {
  const split = ['Mail ann@exam', 'ple.com, kes', 'trel.'];
  const covered = ['Mail [EMAIL]', '[EMAIL], [REDACTED]', '[REDACTED].'];
  test.each<[string, (texts: readonly string[]) => object]>([
    ['parts of a choice', (texts) => ({ choices: [{ message: { content: texts.map((said) => ({ type: 'text', text: said })) } }] })],
    ['blocks', (texts) => ({ type: 'message', content: texts.map((said) => ({ type: 'text', text: said, citations: null })) })],
    [
      'parts of an item',
      (texts) => ({
        output: [
          { type: 'reasoning', summary: [] },
          { type: 'message', content: texts.map(part) },
        ],
      }),
    ],
    ['items', (texts) => ({ output: texts.map((said) => ({ type: 'message', role: 'assistant', content: [part(said)] })) })],
    [
      'parts of items',
      ([one, ...more]) => ({
        output: [
          { type: 'message', content: [part(one!)] },
          { type: 'message', content: more.map(part) },
        ],
      }),
    ],
  ])('%s are read as one text, and covered in each', (_, body) => {
    const guard = guardOf(covering);
    expect(JSON.parse(guard.whole(JSON.stringify(body(split)), false).toString())).toEqual(body(covered));
    expect(guard.facts.byPolicy.get(covering)?.map(({ count }) => count)).toEqual([1, 1]);
    const blocked = guardOf(blocking);
    blocked.whole(JSON.stringify(body(['a secret', 'kestrel'])), false);
    expect(blocked.blocked()).not.toBeNull();
  });

  test.each<[string, (texts: readonly string[]) => object]>([
    [
      'blocks with a call between them',
      ([one, two]) => ({
        content: [
          { type: 'text', text: one },
          { type: 'tool_use', id: 't', name: 'f', input: {} },
          { type: 'text', text: two },
        ],
      }),
    ],
    [
      'items with a call and a thought between them',
      ([one, two]) => ({
        output: [
          { type: 'message', content: [part(one!)] },
          { type: 'function_call', name: 'f', arguments: '{}' },
          { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
          { type: 'message', content: [part(two!)] },
        ],
      }),
    ],
  ])('%s are read as one text too', (_, body) => {
    const guard = guardOf(covering);
    expect(JSON.parse(guard.whole(JSON.stringify(body(['Mail ann@exam', 'ple.com.'])), false).toString())).toEqual(
      body(['Mail [EMAIL]', '[EMAIL].']),
    );
    const blocked = guardOf(blocking);
    blocked.whole(JSON.stringify(body(['a secret ', 'kestrel'])), false);
    expect(blocked.blocked()).not.toBeNull();
  });

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
