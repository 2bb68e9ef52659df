/** Sources that a provider names in the words of its own wire, told in the words of the caller's: whole and streamed, at the same places. */
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { list, member, text } from '../../src/providers/shape.ts';
import { sse, streaming, whole, type Answer } from '../support/fake-provider.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

type Family = 'anthropic' | 'gemini' | 'responses';
const models: Record<Family, string> = { anthropic: 'Claude/claude-sonnet-4-5', gemini: 'Gem/gemini-2.5-pro', responses: 'Resp/gpt-5' };

/** Two texts, one after the other; each is about a page. The letters are none of one byte. */
const [first, second] = ['Être à Paris. ', 'Größe: 2 m.'];
const pages = [
  { url: 'https://example.com/a', title: 'A page' },
  { url: 'https://example.com/b', title: 'B' },
] as const;
const places = [
  { start_index: 0, end_index: first.length },
  { start_index: first.length, end_index: first.length + second.length },
] as const;
const expected = pages.map((page, at) => ({ type: 'url_citation', url_citation: { ...places[at], ...page } }));

const named = (name: string, body: object): string => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...body })}\n\n`;

function claude(isStream: boolean, more: unknown[] = []): Answer {
  const cites = pages.map((page) => ({ type: 'web_search_result_location', cited_text: 'x', encrypted_index: 'e', ...page }));
  const found = { type: 'search_result_location', source: pages[1].url, title: pages[1].title, cited_text: 'x', search_result_index: 0 };
  const citations = [[cites[0]!, ...more], [found]];
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', stop_sequence: null };
  const usage = { input_tokens: 3, output_tokens: 2 };
  if (!isStream) {
    const content = [first, second].map((text, at) => ({ type: 'text', text, citations: citations[at] }));
    return whole(JSON.stringify({ ...message, content, stop_reason: 'end_turn', usage }));
  }
  return streaming([
    named('message_start', { message: { ...message, content: [], stop_reason: null, usage } }),
    ...[first, second].flatMap((text, index) => [
      named('content_block_start', { index, content_block: { type: 'text', text: '', citations: [] } }),
      ...citations[index]!.map((citation) => named('content_block_delta', { index, delta: { type: 'citations_delta', citation } })),
      named('content_block_delta', { index, delta: { type: 'text_delta', text: text.slice(0, 4) } }),
      named('content_block_delta', { index, delta: { type: 'text_delta', text: text.slice(4) } }),
      // Some servers leave the last end out.
      ...(index === 0 ? [named('content_block_stop', { index })] : []),
    ]),
    named('message_delta', { delta: { stop_reason: 'end_turn' }, usage }),
    named('message_stop', {}),
  ]);
}

function google(isStream: boolean, more: unknown[] = []): Answer {
  const bytes = Buffer.byteLength(first);
  const groundingMetadata = {
    webSearchQueries: ['q'],
    groundingChunks: [...pages.map(({ url, title }) => ({ web: { uri: url, title } })), ...more],
    groundingSupports: [
      { segment: { endIndex: bytes, text: first }, groundingChunkIndices: [0, 7] },
      { segment: { startIndex: bytes, endIndex: bytes + Buffer.byteLength(second), text: second }, groundingChunkIndices: [1] },
    ],
  };
  const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 2 };
  const part = (text: string): object => ({ content: { role: 'model', parts: [{ text }] } });
  const end = { finishReason: 'STOP', groundingMetadata };
  if (!isStream) return whole(JSON.stringify({ candidates: [{ ...part(first + second), ...end }], usageMetadata }));
  return streaming([sse({ candidates: [part(first)] }), sse({ candidates: [{ ...part(second), ...end }], usageMetadata })]);
}

function responses(isStream: boolean, more: unknown[] = []): Answer {
  const item = (at: number): Record<string, unknown> => {
    const text = [first, second][at]!;
    const annotations = [{ type: 'url_citation', start_index: 0, end_index: text.length, ...pages[at] }, ...(at === 0 ? more : [])];
    return { id: `m${at}`, type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations }] };
  };
  const output = [item(0), item(1)];
  const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 };
  const response = { id: 'resp_1', object: 'response', model: 'gpt-5', created_at: 1, status: 'completed', output, usage };
  if (!isStream) return whole(JSON.stringify(response));
  return streaming([
    named('response.created', { response: { ...response, status: 'in_progress', output: [] } }),
    // Of the first all is told in pieces; of the second nothing but its end.
    named('response.output_item.added', { output_index: 0, item: { id: 'm0', type: 'message', content: [] } }),
    named('response.output_text.delta', { output_index: 0, content_index: 0, delta: first }),
    ...(output[0]!['content'] as { annotations: unknown[] }[])[0]!.annotations.map((annotation, annotation_index) =>
      named('response.output_text.annotation.added', { output_index: 0, content_index: 0, annotation_index, annotation }),
    ),
    ...output.map((one, output_index) => named('response.output_item.done', { output_index, item: one })),
    named('response.completed', { response }),
  ]);
}

const answers: Record<Family, typeof claude> = { anthropic: claude, gemini: google, responses };
const both = (Object.keys(answers) as Family[]).flatMap((family) => [false, true].map((isStream) => [family, isStream] as const));

async function ask(path: string, body: object): Promise<{ said: string; named: string; booked: string }> {
  const answer = await fetch(`${house.rig.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${house.key}` },
  });
  const said = await answer.text();
  expect(answer.status, said).toBe(200);
  return { said, named: answer.headers.get('x-patchbay-changed') ?? '', booked: (await house.rig.rows()).at(-1)!.changed ?? '' };
}
const messages = [{ role: 'user', content: 'Where?' }];
const listAt = (value: unknown, key: string): readonly unknown[] => list(member(value, key));
const eventsIn = (said: string): unknown[] => [...said.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data!) as unknown);
/** What each event of an answer says, or the whole of one. */
const toldIn = (said: string): unknown[] =>
  (said.startsWith('{') ? [JSON.parse(said) as unknown] : eventsIn(said))
    .flatMap((event) => listAt(event, 'choices'))
    .map((choice) => member(choice, 'delta') ?? member(choice, 'message'));

describe('asked by chat completions', () => {
  test.each(both)('of %s, streamed: %s', async (family, isStream) => {
    house.answer(family, answers[family](isStream));
    const { said } = await ask('/v1/chat/completions', { model: models[family], messages, stream: isStream });
    const told = toldIn(said);
    expect(told.map((piece) => text(member(piece, 'content')) ?? '').join('')).toBe(first + second);
    expect(told.flatMap((piece) => listAt(piece, 'annotations'))).toEqual(expected);
  });
});

const cited = pages.map((page) => ({ type: 'web_search_result_location', cited_text: '', ...page }));

describe('asked by messages', () => {
  test.each(both.filter(([family]) => family !== 'anthropic'))('of %s, streamed: %s, and brought back', async (family, isStream) => {
    house.answer(family, answers[family](isStream));
    const asked = { model: models[family], max_tokens: 100, messages: [{ role: 'user' as const, content: 'Where?' }] };
    const message: Anthropic.Message = isStream
      ? await house.messages.messages.stream(asked).finalMessage()
      : await house.messages.messages.create(asked);
    const texts = message.content.filter((block) => block.type === 'text');
    expect(texts.map(({ text }) => text).join('')).toBe(first + second);
    expect(texts.flatMap(({ citations }) => citations ?? [])).toMatchObject(cited);
    expect((await house.rig.rows()).at(-1)!.changed ?? '').not.toContain('annotations');
    // A provider of that wire would refuse the mark that only it can give.
    house.answer('anthropic', claude(false));
    await house.messages.messages.create({
      ...asked,
      model: models.anthropic,
      messages: [...asked.messages, { role: 'assistant', content: message.content }, { role: 'user', content: 'And?' }],
    });
    const sent = JSON.stringify(house.lastBody('anthropic'));
    expect(sent).toContain(second);
    expect(sent).not.toMatch(/citations|patchbay/);
  });

  test('sources without a text have one that is empty', async () => {
    const call = { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    const piece = (delta: object, finish: string | null = null): string =>
      sse({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });
    house.answer(
      'openai',
      streaming([piece({ tool_calls: [call] }), piece({ annotations: expected }), piece({}, 'tool_calls'), 'data: [DONE]\n\n']),
    );
    const message = await house.messages.messages.stream({ model: 'Chat/gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'x' }] }).finalMessage(); // prettier-ignore
    expect(message.content).toMatchObject([{ type: 'tool_use' }, { type: 'text', text: '', citations: cited }]);
  });
});

describe('asked by responses', () => {
  test.each(both.filter(([family]) => family !== 'responses'))('of %s, streamed: %s', async (family, isStream) => {
    house.answer(family, answers[family](isStream));
    const { said, booked } = await ask('/v1/responses', { model: models[family], input: 'Where?', stream: isStream });
    const response = isStream ? member(eventsIn(said).at(-1), 'response') : (JSON.parse(said) as unknown);
    const parts = listAt(response, 'output')
      .filter((item) => member(item, 'type') === 'message')
      .flatMap((item) => listAt(item, 'content'));
    expect(parts.map((part) => member(part, 'text')).join('')).toBe(first + second);
    const told = parts.flatMap((part) => listAt(part, 'annotations'));
    expect(told).toEqual(expected.map(({ type, url_citation: page }) => ({ type, ...page })));
    expect(booked).not.toContain('annotations');
  });
});

describe('what is no page', () => {
  const passage = {
    type: 'char_location',
    document_index: 0,
    document_title: 'Mine',
    cited_text: 'x',
    start_char_index: 0,
    end_char_index: 1,
  };
  const file = { type: 'file_citation', file_id: 'f', filename: 'a.txt', index: 2 };
  const chunk = { retrievedContext: { uri: 'gs://x/y', title: 'Mine' } };
  const cases = { anthropic: passage, responses: file, gemini: chunk };

  test.each(both)(
    'of %s, streamed: %s, is named as left out, and stays beside the answer by chat completions',
    async (family, isStream) => {
      const path = family === 'responses' ? '/v1/messages' : '/v1/responses';
      const asked = {
        model: models[family],
        stream: isStream,
        ...(family === 'responses' ? { max_tokens: 9, messages } : { input: 'Where?' }),
      };
      house.answer(family, answers[family](isStream, [cases[family]]));
      const { booked, named: head } = await ask(path, asked);
      expect(booked).toContain('annotations');
      if (!isStream) expect(head).toContain('annotations;dropped');
      house.answer(family, answers[family](isStream, [cases[family]]));
      const { said } = await ask('/v1/chat/completions', { model: models[family], messages, stream: isStream });
      expect(said).toContain(JSON.stringify(cases[family]));
      const types = toldIn(said).flatMap((piece) => listAt(piece, 'annotations').map((one) => member(one, 'type')));
      expect(types).toEqual(['url_citation', 'url_citation']);
    },
  );
});
