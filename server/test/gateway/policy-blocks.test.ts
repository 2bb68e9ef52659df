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
