/** Answers in several blocks, drawn at random: a stream is covered as the whole answer is, in every event that says a block or repeats it. */
import { expect, test } from 'vitest';
import { AnswerGuard } from '../../src/gateway/policy-answer.ts';
import { createSseReader } from '../../src/lib/sse.ts';
import { policyWith } from '../support/policy.ts';
import { seeded } from '../vault/parts.ts';

const policies = [
  policyWith({ personalData: ['email', 'card', 'nik', 'phone', 'account'], keywords: ['secret kestrel', 'plan'] }),
  policyWith({ patterns: ['ACME-\\d{4}', '[a-z]+@x'] }),
];
const newGuard = (): AnswerGuard => new AnswerGuard(policies, () => Promise.reject(new Error('no judge is asked here')));

const words = [
  'ann@example.com', 'secret', 'kestrel', 'plan', 'ACME-1234', '4111 1111 1111 1111', '3171011708900001', 'no rek', '1234567890',
  '+62 812 3456 7890', 'The weather is fine.', 'b@x.', '\n', 'zoë', 'k\u200bestrel', 'ＡＣＭＥ', '山', '. ', 'word', 'and so it goes on for a while',
]; // prettier-ignore

const draw = seeded(7);
const upTo = (count: number): number => Math.floor(draw() * count);

function drawBlocks(): string[] {
  const length = 1 + upTo(upTo(10) === 0 ? 60 : 8);
  const text = Array.from({ length }, () => words[upTo(words.length)]!).join(upTo(2) === 0 ? ' ' : '');
  const cuts = Array.from({ length: upTo(4) }, () => upTo(text.length + 1)).toSorted((a, b) => a - b);
  return [...cuts, text.length].map((cut, at) => text.slice(cuts[at - 1] ?? 0, cut)).filter((block) => block !== '');
}

const piecesOf = (block: string, chars: number): string[] => block.match(new RegExp(`[^]{1,${chars}}`, 'g')) ?? [];

interface Said {
  type: string;
  index?: number;
  output_index?: number;
  content_index?: number;
  delta?: { text: string } | string;
  text?: string;
  part?: { text: string };
  item?: { content?: { text: string }[] };
  response?: { output: { content: { text: string }[] }[] };
}

const part = (text: string): { type: string; text: string } => ({ type: 'output_text', text });

function messagesEvents(blocks: readonly string[], chars: number): object[] {
  return blocks.flatMap((block, index) => [
    { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
    ...piecesOf(block, chars).map((text) => ({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index },
  ]);
}

function responsesEvents(blocks: readonly string[], chars: number, isOneMessage: boolean): object[] {
  const item = (own: readonly string[]): object => ({ type: 'message', content: own.map(part) });
  const events = blocks.flatMap((text, at): object[] => {
    const place = { output_index: isOneMessage ? 0 : at, content_index: isOneMessage ? at : 0 };
    return [
      ...(isOneMessage ? [] : [{ type: 'response.output_item.added', ...place, item: { type: 'message' } }]),
      ...piecesOf(text, chars).map((delta) => ({ type: 'response.output_text.delta', ...place, delta })),
      { type: 'response.output_text.done', ...place, text },
      { type: 'response.content_part.done', ...place, part: part(text) },
      ...(isOneMessage ? [] : [{ type: 'response.output_item.done', output_index: at, content_index: 0, item: item([text]) }]),
    ];
  });
  if (isOneMessage) events.push({ type: 'response.output_item.done', output_index: 0, item: item(blocks) });
  const output = isOneMessage ? [item(blocks)] : blocks.map((block) => item([block]));
  return [...events, { type: 'response.completed', response: { output } }];
}

/** The blocks as their pieces say them, and as everything that repeats them does. */
function readBlocks(said: readonly Said[], count: number): { blocks: string[]; repeats: [from: number, text: string][] } {
  const blocks = Array.from({ length: count }, () => '');
  const repeats: [number, string][] = [];
  for (const { index, output_index: output = 0, content_index: content = 0, delta, text, part: one, item, response } of said) {
    const at = index ?? output + content;
    if (delta !== undefined) blocks[at] += typeof delta === 'string' ? delta : delta.text;
    const repeated = text ?? one?.text;
    if (repeated !== undefined) repeats.push([at, repeated]);
    const all = item?.content ?? response?.output.flatMap((message) => message.content) ?? [];
    for (const [next, { text: own }] of all.entries()) repeats.push([at + next, own]);
  }
  return { blocks, repeats };
}

test('a stream in blocks is covered as the whole answer is', () => {
  let covered = 0;
  for (let round = 0; round < 600; round++) {
    const blocks = drawBlocks();
    const whole = newGuard().whole(JSON.stringify({ content: blocks.map((text) => ({ type: 'text', text })) }), false);
    const expected = (JSON.parse(whole.toString()) as { content: { text: string }[] }).content.map(({ text }) => text);
    if (expected.join('') !== blocks.join('')) covered++;
    const chars = 1 + upTo(20);
    for (const events of [messagesEvents(blocks, chars), responsesEvents(blocks, chars, true), responsesEvents(blocks, chars, false)]) {
      const guard = newGuard();
      const written = events.map((event) => guard.push(`data: ${JSON.stringify(event)}\n\n`)).join('') + guard.endNow();
      const said = createSseReader()
        .push(Buffer.from(written))
        .map(({ data }) => JSON.parse(data) as Said);
      expect(said).toHaveLength(events.length);
      const read = readBlocks(said, blocks.length);
      expect(read.blocks, JSON.stringify(blocks)).toEqual(expected);
      for (const [at, text] of read.repeats) expect(text, JSON.stringify(blocks)).toBe(expected[at]);
    }
  }
  expect(covered).toBeGreaterThan(200);
});

/** A text, a call, a text: nobody waits for the second one, so that what the first has shown stays shown. */
function eventsWithCalls(wire: 'messages' | 'responses', blocks: readonly string[], calls: readonly string[], chars: number): object[] {
  return blocks.flatMap((block, at): object[] => {
    const [index, call] = [2 * at, { type: 'tool_use', id: 't', name: 'f', input: {} }];
    const item = { type: 'message', content: [part(block)] };
    const said =
      wire === 'messages'
        ? messagesEvents([block], chars).map((event) => ({ ...event, index }))
        : [
            { type: 'response.output_item.added', output_index: index, item: { type: 'message' } },
            ...piecesOf(block, chars).map((delta) => ({
              type: 'response.output_text.delta',
              output_index: index,
              content_index: 0,
              delta,
            })),
            { type: 'response.output_text.done', output_index: index, content_index: 0, text: block },
            { type: 'response.output_item.done', output_index: index, item },
          ];
    const place = { output_index: index + 1 };
    const called =
      wire === 'messages'
        ? [
            { type: 'content_block_start', index: index + 1, content_block: call },
            { type: 'content_block_delta', index: index + 1, delta: { type: 'input_json_delta', partial_json: calls[at] } },
            { type: 'content_block_stop', index: index + 1 },
          ]
        : [
            { type: 'response.output_item.added', ...place, item: { type: 'function_call', name: 'f' } },
            { type: 'response.function_call_arguments.delta', ...place, delta: calls[at] },
            { type: 'response.output_item.done', ...place, item: { type: 'function_call', name: 'f', arguments: calls[at] } },
          ];
    return [...said, ...called];
  });
}

/** Finds that lie one in another may be covered by either's name. */
const unnamed = (text: string): string => text.replace(/(\[[A-Z]+\])+/g, '#');

/** What was found, whoever found it, as texts. */
const foundBy = ({ facts }: AnswerGuard): Set<string> =>
  new Set(policies.flatMap((policy, at) => (facts.byPolicy.get(policy) ?? []).map(({ rule, name }) => `${at} ${rule} ${name}`)));

test('a call between two texts hides nothing: all is found, and of what lies in both at least the second part is covered', () => {
  let across = 0;
  for (let round = 0; round < 600; round++) {
    const blocks = drawBlocks();
    const content = blocks.flatMap((text) => [
      { type: 'text', text },
      { type: 'tool_use', id: 't', name: 'f', input: {} },
    ]);
    const whole = newGuard();
    const covered = JSON.parse(whole.whole(JSON.stringify({ content }), false).toString()) as { content: { text?: string }[] };
    const expected = covered.content.flatMap(({ text }) => text ?? []);
    const calls = blocks.map(() => `{"a":"${'x'.repeat(upTo(2) === 0 ? 3 : 400)}"}`);
    for (const wire of ['messages', 'responses'] as const) {
      const guard = newGuard();
      const events = eventsWithCalls(wire, blocks, calls, 1 + upTo(20));
      const written = events.map((event) => guard.push(`data: ${JSON.stringify(event)}\n\n`)).join('') + guard.endNow();
      const said = createSseReader()
        .push(Buffer.from(written))
        .map(({ data }) => JSON.parse(data) as Said);
      expect(said).toHaveLength(events.length);
      const shown = blocks.map((_, at) => {
        const place = (one: Said): boolean => (one.index ?? one.output_index) === 2 * at;
        const pieces = said.filter(place).map(({ delta }) => (typeof delta === 'string' ? delta : (delta?.text ?? '')));
        const text = pieces.join('');
        for (const one of said.filter(place)) {
          const repeated = one.text ?? one.item?.content?.[0]?.text;
          if (repeated !== undefined) expect(repeated, JSON.stringify(blocks)).toBe(text);
        }
        return text;
      });
      expect(foundBy(guard), JSON.stringify(blocks)).toEqual(foundBy(whole));
      for (const [at, text] of shown.entries()) {
        const [open, meant] = [unnamed(text), unnamed(expected[at]!)];
        if (open === meant) continue;
        across++;
        // What differs is where a find begins that goes on in the next text: it was shown before anybody could know.
        expect(meant, JSON.stringify({ blocks, shown })).toMatch(/#$/);
        expect(open.startsWith(meant.slice(0, -1)), JSON.stringify({ blocks, shown, expected })).toBe(true);
      }
    }
  }
  expect(across).toBeGreaterThan(100);
});

const chunkOf = (index: number, delta: object): string => `data: ${JSON.stringify({ choices: [{ index, delta }] })}\n\n`;
/** So much is said elsewhere that nobody waits any more for what a text may go on with. */
const elsewhere = chunkOf(1, { content: 'So it goes. '.repeat(30) });

test('what goes on after much else was said is found all the same', () => {
  for (let round = 0; round < 600; round++) {
    const pieces = drawBlocks();
    const whole = newGuard();
    whole.whole(JSON.stringify({ choices: [{ index: 0, message: { content: pieces.join('') } }] }), false);
    const guard = newGuard();
    for (const content of pieces) guard.push(chunkOf(0, { content }) + elsewhere);
    guard.endNow();
    expect(foundBy(whole).isSubsetOf(foundBy(guard)), JSON.stringify(pieces)).toBe(true);
  }
});

test.each([
  ['a text', (content: string) => ({ content }), ['My card: 4111 11', '11 1111 ', '1111, and no more.'], '[CARD], and no more.'],
  ['a document', (said: string) => ({ tool_calls: [{ index: 0, function: { arguments: said } }] }), ['{"a":"ann@exam', 'ple.com","b":"\\u00e9"}'], '[EMAIL]","b":"\\u00e9"}'],
])('of %s what was not shown yet is covered', (_name, delta, pieces, last) => {
  const guard = newGuard();
  const shown = pieces.map((piece) => guard.push(chunkOf(0, delta(piece)) + elsewhere)).join('') + guard.endNow();
  expect(shown).toContain(JSON.stringify(last).slice(1, -1));
  expect(shown).not.toContain(JSON.stringify(pieces.at(-1)).slice(1, -1));
}); // prettier-ignore
