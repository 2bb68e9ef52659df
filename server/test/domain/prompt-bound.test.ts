/** A bound of a prompt's tokens must never be too low: a budget stands on it. */
import { describe, expect, test } from 'vitest';
import { inputTokensMax, promptTokensMax } from '../../src/domain/prompt-bound.ts';

const image = { type: 'image_url', image_url: { url: 'https://example.org/cat.png' } };
const user = (...content: unknown[]): { messages: unknown } => ({ messages: [{ role: 'user', content }] });

describe('the most tokens that a prompt can come to', () => {
  test('is one per byte where everything is text', () => {
    expect(promptTokensMax(1_000, { messages: [{ role: 'user', content: 'hello' }] }, 8_000)).toBe(1_000);
    expect(promptTokensMax(1_000, user({ type: 'text', text: 'a' }, { type: 'refusal', refusal: 'b' }), 8_000)).toBe(1_000);
  });

  test('grows with each picture, which weighs far more than its address', () => {
    const [none, one, two] = [user(), user(image), user(image, image)].map((body) => promptTokensMax(200, body, 1_000_000));
    expect(none).toBe(200);
    expect(one).toBeGreaterThan(48_169);
    expect(two! - one!).toBe(one! - none!);
  });

  test.each(['input_audio', 'file', 'document', 'video_url', 'something new', undefined])(
    'takes the whole window for a part of type %s',
    (type) => {
      expect(promptTokensMax(300, user({ type }), 128_000)).toBe(128_300);
    },
  );

  test('never exceeds the window for what it cannot see, because a provider refuses more', () => {
    expect(promptTokensMax(10, user(...Array.from({ length: 100 }, () => image)), 128_000)).toBe(128_010);
  });

  test('counts the pictures of every message', () => {
    const twice = {
      messages: [
        { role: 'user', content: [image] },
        { role: 'assistant', content: 'a cat' },
        { role: 'user', content: [image] },
      ],
    };
    expect(promptTokensMax(200, twice, 1_000_000)).toBe(promptTokensMax(200, user(image, image), 1_000_000));
  });

  test('assumes the largest window where the model is not known', () => {
    expect(promptTokensMax(10, user({ type: 'file' }), null)).toBeGreaterThan(1_000_000);
  });

  test.each([[undefined], [null], ['text'], [[null, 1, 'x', {}, { content: null }, { content: {} }]]])(
    'falls back on the bytes for messages like %j',
    (messages) => {
      expect(promptTokensMax(77, { messages }, 8_000)).toBe(77);
    },
  );

  const window = 128_000;
  const document = (source: unknown) => ({ type: 'document', source });
  const result = (...content: unknown[]) => ({ type: 'tool_result', tool_use_id: 'a', content });

  test.each<[string, unknown, number]>([
    ['a text of its own', 'plain words', 0],
    ['a call, a thought and a thought that is hidden', { type: 'thinking', thinking: 'x' }, 0],
    ['a call of a tool', { type: 'tool_use', input: { type: 'file', url: 'https://example.org' } }, 0],
    ['a picture of another wire', { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } }, 50_000],
    ['a picture of a third wire', { type: 'input_image', file_id: 'file_1' }, 50_000],
    ['a document of text', document({ type: 'text', data: 'words' }), 0],
    ['a document that lies elsewhere', document({ type: 'url', url: 'https://example.org/a.pdf' }), window],
    ['a document that is packed', document({ type: 'base64', data: 'AAAA' }), window],
    ['a document of parts with a picture', document({ type: 'content', content: [{ type: 'text' }, { type: 'image' }] }), 50_000],
    ['a document without a source', { type: 'document' }, window],
    ['a result in words', result({ type: 'text', text: 'x' }), 0],
    ['a result that is a text', { type: 'tool_result', content: 'x' }, 0],
    ['a result with two pictures', result({ type: 'image' }, { type: 'image' }), 100_000],
    ['a result of results of results without end', result(result(result(result(result(result('x')))))), window],
    ['what the vendor found in an earlier turn', { type: 'web_search_tool_result', content: [] }, window],
    ['a file behind an address', { type: 'input_file', file_url: 'https://example.org/a.pdf' }, window],
  ])('weighs %s in whatever wire it is told', (_name, part, unseen) => {
    expect(promptTokensMax(10, user(part), window)).toBe(10 + unseen);
    expect(promptTokensMax(10, { messages: [] }, window, { items: user(part).messages })).toBe(10 + unseen);
  });

  test.each<[string, Record<string, unknown>, number]>([
    ['a message', { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] }, 0],
    ['a call', { type: 'function_call', arguments: '{}' }, 0],
    ['a result in words', { type: 'function_call_output', output: 'x' }, 0],
    ['a result with a picture', { type: 'function_call_output', output: [{ type: 'input_image' }] }, 50_000],
    ['a thought that is there', { type: 'reasoning', id: 'rs_1', encrypted_content: 'x' }, 0],
    ['a thought that is only named', { type: 'reasoning', id: 'rs_1', summary: [] }, window],
    ['what is only named', { type: 'item_reference', id: 'msg_1' }, window],
    ['a screen', { type: 'computer_call_output', output: { type: 'computer_screenshot', file_id: 'file_1' } }, window],
    ['what the vendor ran in an earlier turn', { type: 'code_interpreter_call' }, window],
    ['what the model said aloud', { role: 'assistant', content: null, audio: { id: 'audio_1' } }, window],
    ['what a vendor gave and gets back', { role: 'assistant', content: 'x', patchbay: { blocks: [{ text: 'x' }, { type: 'text' }] } }, 0],
    ['a file that it gets back', { role: 'assistant', content: 'x', patchbay: { blocks: [{ fileData: { fileUri: 'x' } }] } }, window],
    ['items that it gets back', { role: 'assistant', patchbay: { items: [{ type: 'function_call' }] } }, 0],
    ['names that it gets back', { role: 'assistant', patchbay: { items: [{ type: 'item_reference' }] } }, window],
  ])('weighs the item of a conversation: %s', (_name, item, unseen) => {
    expect(promptTokensMax(10, { messages: [item] }, window)).toBe(10 + unseen);
    expect(promptTokensMax(10, {}, window, { items: [item] })).toBe(10 + unseen);
  });

  test('one conversation that is told twice weighs once, in the heavier words', () => {
    const light = [{ role: 'user', content: 'x' }];
    const heavy = user(image, image).messages;
    for (const [messages, items] of [
      [light, heavy],
      [heavy, light],
      [heavy, heavy],
    ])
      expect(promptTokensMax(10, { messages }, 1_000_000, { items })).toBe(100_010);
  });

  test('is the whole window where the vendor looks things up, and what is known of its additions comes on top', () => {
    expect(promptTokensMax(10, user(), window, { fillsWindow: true })).toBe(128_010);
    expect(promptTokensMax(10, user({ type: 'file' }, image), window, { fillsWindow: true, addedTokens: 7 })).toBe(128_017);
    expect(promptTokensMax(10, user(), window, { addedTokens: 7 })).toBe(17);
    expect(promptTokensMax(10, user(), null, { fillsWindow: true })).toBeGreaterThan(1_000_000);
  });
});

describe('the most tokens that inputs without a conversation come to', () => {
  test.each<[string, unknown[], number]>([
    ['texts and numbers', ['a', 1, [1, 2], null], 10],
    ['texts by name', [{ text: 'a' }, { title: 'a', body: 'b' }], 10],
    ['pictures, each with a weight of its own', [{ image: 'https://example.org/a.png' }, { image: 'x' }], 100_010],
    ['parts', [{ content: [{ type: 'text', text: 'a' }, { type: 'image_url' }] }], 50_010],
    ['a film', [{ video: 'https://example.org/a.mp4' }], 8_010],
  ])('of %s', (_name, inputs, expected) => {
    expect(inputTokensMax(10, inputs, 8_000)).toBe(expected);
  });
});
