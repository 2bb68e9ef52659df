/** Conversations in Google's words: instructions, media, calls that keep their signatures, and results that find their function. */
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../src/domain/chat.ts';
import { gemini } from '../../src/providers/gemini/protocol.ts';
import { lostSignature } from '../../src/providers/gemini/wire.ts';
import { assemble } from '../../src/providers/assemble.ts';
import { budgeted, current, old, told } from './gemini-kit.ts';
import { destination, event, moment } from './kit.ts';

const user = (...content: unknown[]): unknown => ({ role: 'user', content });
const parts = (...said: unknown[]): unknown => [{ role: 'user', parts: said }];
const png = 'data:image/png;base64,iVBORw0KGgo=';

describe('instructions', () => {
  test('they stand apart, all of them, and one between turns moves to the front and is reported', () => {
    const { contents, system, changed } = told([
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
      { role: 'user', content: 'hi' },
      { role: 'system', content: 'Be late.' },
    ]);
    expect(system).toEqual({ parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }, { text: 'Be late.' }] });
    expect(contents).toEqual(parts({ text: 'hi' }));
    expect(changed).toEqual(['messages.system approximated systemInstruction']);
  });

  test.each(['gemma-3-27b-it', 'gemini-pro'])('%s takes none, so they open the conversation', (model) => {
    const { contents, system, changed } = told(
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
      model,
    );
    expect(system).toBeUndefined();
    expect(contents).toEqual([
      { role: 'user', parts: [{ text: 'Be brief.' }] },
      { role: 'user', parts: [{ text: 'hi' }] },
    ]);
    expect(changed).toEqual(['messages.system approximated contents']);
  });

  test('instructions alone are the conversation; nothing is nothing', () => {
    expect(told([{ role: 'system', content: 'Say hi.' }])).toEqual({
      contents: parts({ text: 'Say hi.' }),
      system: undefined,
      changed: ['messages.system approximated contents'],
    });
    for (const nothing of [[], null, 'x', [null, 7], [{ role: 'user', content: '' }], [user({ type: 'text', text: '' })]])
      expect(told(nothing)).toEqual({ contents: [], system: undefined, changed: [] });
  });
});

describe('pictures, sound and documents', () => {
  test.each([
    [{ type: 'image_url', image_url: { url: png } }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }],
    [{ type: 'image_url', image_url: png }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }],
    [
      { type: 'image_url', image_url: { url: 'data:image/svg+xml;charset=utf-8,%3Csvg%2F%3E', detail: 'auto' } },
      { inlineData: { mimeType: 'image/svg+xml', data: 'PHN2Zy8+' } },
    ],
    [
      { type: 'image_url', image_url: { url: 'https://x.example/a/b.JPG?x=1' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://x.example/a/b.JPG?x=1' } },
    ],
    [{ type: 'image_url', image_url: { url: 'https://x.example/picture' } }, { fileData: { fileUri: 'https://x.example/picture' } }],
    [
      { type: 'video_url', video_url: { url: 'https://x.example/a.mp4' } },
      { fileData: { mimeType: 'video/mp4', fileUri: 'https://x.example/a.mp4' } },
    ],
    [
      { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
      { inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } },
    ],
    [
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'constructor' } },
      { inlineData: { mimeType: 'audio/constructor', data: 'AAAA' } },
    ],
    [{ type: 'input_audio', input_audio: { data: 'AAAA' } }, { inlineData: { mimeType: 'audio/wav', data: 'AAAA' } }],
    [{ type: 'image_url', image_url: 'https://x.example/a.constructor' }, { fileData: { fileUri: 'https://x.example/a.constructor' } }],
    [{ type: 'image_url', image_url: 'no address' }, { fileData: { fileUri: 'no address' } }],
    [{ type: 'video_url', video_url: 'gs://bucket/a.webm' }, { fileData: { mimeType: 'video/webm', fileUri: 'gs://bucket/a.webm' } }],
    [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'opus' } }, { inlineData: { mimeType: 'audio/opus', data: 'AAAA' } }],
    [{ type: 'input_audio', input_audio: { data: 'data:audio/mp3;base64,AAAA' } }, { inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } }],
    [
      { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERg==' } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBERg==' } },
    ],
    [{ type: 'file', file: { file_data: 'data:,a%20b' } }, { inlineData: { mimeType: 'text/plain', data: 'YSBi' } }],
    [{ type: 'file', file: { file_data: 'JVBERg==' } }, { inlineData: { mimeType: 'application/pdf', data: 'JVBERg==' } }],
    [
      { type: 'file', file: { file_id: 'files/abc-1' } },
      { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc-1' } },
    ],
    [
      { type: 'file', file: { file_id: 'https://x.example/y.pdf' } },
      { fileData: { mimeType: 'application/pdf', fileUri: 'https://x.example/y.pdf' } },
    ],
  ])('%j', (part, expected) => {
    expect(told([user(part)])).toMatchObject({ contents: parts(expected), changed: [] });
  });

  test('the order of text and pictures stays', () => {
    const { contents } = told([
      user('a', { type: 'image_url', image_url: { url: png } }, { type: 'text', text: 'b' }, { type: 'refusal', refusal: 'c' }),
    ]);
    expect(contents).toEqual(
      parts({ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }, { text: 'b' }, { text: 'c' }),
    );
  });

  test.each([
    [{ type: 'image_url', image_url: {} }, 'messages.image_url dropped'],
    [{ type: 'image_url', image_url: { url: 'data:nonsense' } }, 'messages.image_url dropped'],
    [{ type: 'image_url', image_url: { url: 'data:image/png,%E0%A4%A' } }, 'messages.image_url dropped'],
    // A film where a picture was reserved for would overrun a budget.
    [{ type: 'image_url', image_url: { url: 'https://x.example/film.mp4' } }, 'messages.image_url dropped'],
    [{ type: 'image_url', image_url: { url: 'data:application/pdf;base64,JVBERg==' } }, 'messages.image_url dropped'],
    [{ type: 'input_audio', input_audio: {} }, 'messages.input_audio dropped'],
    [{ type: 'video_url' }, 'messages.video_url dropped'],
    [{ type: 'file', file: { file_id: 'file-of-another-vendor' } }, 'messages.file dropped'],
    [{ type: 'file', file: { file_id: 'files/../models' } }, 'messages.file dropped'],
    [{ type: 'thinking', thinking: 'x' }, 'messages.thinking dropped'],
    [{ no: 'type' }, 'messages.content dropped'],
    [7, 'messages.content dropped'],
  ])('%j has no counterpart, and that is said once', (part, change) => {
    expect(told([user('x', part, part)])).toMatchObject({ contents: parts({ text: 'x' }), changed: [change] });
  });

  test('the detail of a picture, the name of a file and marks for a cache are lost aloud', () => {
    const { contents, changed } = told([
      user(
        { type: 'image_url', image_url: { url: png, detail: 'high' } },
        { type: 'file', file: { filename: 'notes.md', file_data: 'IyBI' } },
        { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } },
      ),
      { role: 'user', content: 'y', cache_control: { type: 'ephemeral' } },
    ]);
    expect(contents).toMatchObject([{ parts: [{}, { inlineData: { mimeType: 'text/markdown', data: 'IyBI' } }, { text: 'x' }] }, {}]);
    expect(changed).toEqual(['messages.image_url.detail dropped', 'messages.file.filename dropped', 'messages.cache_control dropped']);
  });
});

const call = (id: string, name: string, args: unknown = '{}', more = {}): unknown => ({
  id,
  type: 'function',
  function: { name, arguments: args },
  ...more,
});
const asking = (...calls: unknown[]): unknown => ({ role: 'assistant', content: null, tool_calls: calls });
const result = (id: string, content: unknown, more = {}): unknown => ({ role: 'tool', tool_call_id: id, content, ...more });

describe('calls and results', () => {
  test('results are one content, under the names of their calls and in their order', () => {
    const { contents, changed } = told(
      [
        { role: 'user', content: 'go' },
        asking(call('a', 'weather', '{"city":"Bandung"}'), call('b', 'time'), call('c', 'weather', '{"city":"Medan"}')),
        result('c', '{"celsius":31}'),
        result('a', 'sunny'),
        result('b', [{ type: 'text', text: '[10,30]' }]),
        { role: 'user', content: 'and?' },
      ],
      budgeted,
    );
    expect(contents).toEqual([
      { role: 'user', parts: [{ text: 'go' }] },
      {
        role: 'model',
        parts: [
          { functionCall: { name: 'weather', args: { city: 'Bandung' } } },
          { functionCall: { name: 'time', args: {} } },
          { functionCall: { name: 'weather', args: { city: 'Medan' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'weather', response: { output: 'sunny' } } },
          { functionResponse: { name: 'time', response: { output: [10, 30] } } },
          { functionResponse: { name: 'weather', response: { celsius: 31 } } },
        ],
      },
      { role: 'user', parts: [{ text: 'and?' }] },
    ]);
    expect(changed).toEqual([]);
  });

  test('an id that is used again names the newer call', () => {
    const { contents } = told([asking(call('x', 'first')), result('x', '1'), asking(call('x', 'second')), result('x', '2')], budgeted);
    expect(JSON.stringify(contents)).toMatch(/functionResponse":\{"name":"first".*functionResponse":\{"name":"second"/);
  });

  test('an error says that it is one, a long number keeps its digits, and silence is an empty result', () => {
    const { contents } = told(
      [
        asking(call('a', 'f'), call('b', 'g'), call('c', 'h')),
        result('a', '{"x":1}', { is_error: true }),
        result('b', '{"id":12345678901234567890}'),
        result('c', null),
      ],
      budgeted,
    );
    expect((contents as { parts: unknown }[])[1]?.parts).toEqual([
      { functionResponse: { name: 'f', response: { error: '{"x":1}' } } },
      { functionResponse: { name: 'g', response: { output: '{"id":12345678901234567890}' } } },
      { functionResponse: { name: 'h', response: { output: '' } } },
    ]);
  });

  test('a picture in a result goes inside it, or beside it at models that do not know that', () => {
    const messages = [asking(call('a', 'shoot')), result('a', ['done', { type: 'image_url', image_url: { url: png } }])];
    const image = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
    const last = (model: string): unknown => (told(messages, model).contents as unknown[]).at(-1);
    expect(last(current)).toEqual({
      role: 'user',
      parts: [{ functionResponse: { name: 'shoot', response: { output: 'done' }, parts: [image] } }],
    });
    expect(last(old)).toEqual({ role: 'user', parts: [{ functionResponse: { name: 'shoot', response: { output: 'done' } } }, image] });
    expect(told(messages, old).changed).toEqual(['messages.tool.content approximated parts']);
  });

  test('a result without its call is told as text, unless it names its function itself', () => {
    expect(told([result('gone', 'x')], budgeted)).toMatchObject({
      contents: parts({ text: 'x' }),
      changed: ['messages.tool_call_id approximated text'],
    });
    expect(told([result('gone', 'x', { name: 'f' })], budgeted)).toMatchObject({
      contents: parts({ functionResponse: { name: 'f', response: { output: 'x' } } }),
      changed: [],
    });
  });

  test('the older form of a call and its result is understood', () => {
    const { contents } = told(
      [
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
        { role: 'function', name: 'f', content: 'x' },
      ],
      budgeted,
    );
    expect(contents).toEqual([
      { role: 'model', parts: [{ functionCall: { name: 'f', args: { a: 1 } } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'x' } } }] },
    ]);
  });

  test('arguments that are no object are kept in one, and a call of another kind is reported', () => {
    const { contents, changed } = told(
      [asking(call('a', 'f', 'nonsense'), call('b', 'g', { x: 1 }), call('c', 'h', ' '), { id: 'd', type: 'custom', custom: {} })],
      budgeted,
    );
    expect(contents).toEqual([
      {
        role: 'model',
        parts: [
          { functionCall: { name: 'f', args: { arguments: 'nonsense' } } },
          { functionCall: { name: 'g', args: { x: 1 } } },
          { functionCall: { name: 'h', args: {} } },
        ],
      },
    ]);
    expect(changed).toEqual(['messages.tool_calls.arguments approximated args.arguments', 'messages.tool_calls dropped']);
  });
});

describe('a round trip', () => {
  const to = destination('gemini', current);
  const thought = { text: 'Two cities.', thought: true };
  const first = { functionCall: { id: 'fc_1', name: 'weather', args: { city: 'Bandung' } }, thoughtSignature: 'sig-1' };
  const second = { functionCall: { name: 'weather', args: { city: 'Medan' } } };
  const answer = {
    candidates: [{ content: { role: 'model', parts: [thought, { text: 'Looking.' }, first, second] }, finishReason: 'STOP' }],
    responseId: 'resp-1',
  };
  const messageOf = (): ChatMessage => gemini.fromVendor(answer, to, moment).choices[0]!.message;
  const streamed = (): ChatMessage => {
    const reader = gemini.streamReader(to, moment);
    const pieces = [
      [{ text: 'Two ', thought: true }],
      [{ text: 'cities.', thought: true }, { text: 'Look' }],
      [{ text: 'ing.' }],
      [first, second],
    ];
    const events = pieces.map((said, at) => ({
      candidates: [{ content: { parts: said }, ...(at === pieces.length - 1 && { finishReason: 'STOP' }) }],
      responseId: 'resp-1',
    }));
    return assemble(events.flatMap((one) => reader.push(event(one)))).choices[0]!.message;
  };
  /** What a client keeps of a message when it stores JSON. */
  const kept = (message: ChatMessage): ChatMessage => JSON.parse(JSON.stringify(message)) as ChatMessage;
  const replies = [result('call_resp-1_0_1', '31'), result('fc_1', '24')];

  test.each([
    ['whole', messageOf],
    ['streamed', streamed],
  ])('%s: thoughts, signatures and ids come back as they were given', (_name, said) => {
    const { contents, changed } = told([{ role: 'user', content: 'go' }, kept(said()), ...replies]);
    expect(contents).toEqual([
      { role: 'user', parts: [{ text: 'go' }] },
      { role: 'model', parts: [thought, { text: 'Looking.' }, first, second] },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'fc_1', name: 'weather', response: { output: '24' } } },
          { functionResponse: { name: 'weather', response: { output: '31' } } },
        ],
      },
    ]);
    expect(changed).toEqual([]);
  });

  test('an edited message is told anew, without thoughts and with the stand-in for its signature', () => {
    const edited = { ...kept(messageOf()), content: 'Something else.' };
    const { contents, changed } = told([edited, ...replies]);
    expect((contents as unknown[])[0]).toEqual({
      role: 'model',
      parts: [
        { text: 'Something else.' },
        { functionCall: { name: 'weather', args: { city: 'Bandung' } }, thoughtSignature: lostSignature },
        { functionCall: { name: 'weather', args: { city: 'Medan' } } },
      ],
    });
    expect(changed).toEqual(['messages.patchbay.blocks dropped']);
  });

  test('calls that lost their signatures get the stand-in where it is needed, and that is said', () => {
    const bare = asking(call('a', 'f'), call('b', 'g'));
    expect(told([bare]).contents).toEqual([
      {
        role: 'model',
        parts: [{ functionCall: { name: 'f', args: {} }, thoughtSignature: lostSignature }, { functionCall: { name: 'g', args: {} } }],
      },
    ]);
    expect(told([bare]).changed).toEqual(['messages.patchbay.blocks approximated thoughtSignature']);
    expect(told([bare], budgeted)).toMatchObject({ contents: [{ parts: [{ functionCall: { name: 'f' } }, {}] }], changed: [] });
    expect(JSON.stringify(told([bare], budgeted))).not.toContain(lostSignature);
  });

  test("a signature that Google's other wire put on the call is taken along", () => {
    const signed = asking(call('a', 'f', '{}', { extra_content: { google: { thought_signature: 'sig' } } }));
    expect(told([signed])).toMatchObject({
      contents: [{ role: 'model', parts: [{ functionCall: { name: 'f', args: {} }, thoughtSignature: 'sig' }] }],
      changed: [],
    });
  });

  test('a signature on a later part is enough', () => {
    const blocks = [second, { text: '', thoughtSignature: 'late' }];
    const message = { role: 'assistant', content: null, tool_calls: [call('x', 'weather', '{"city":"Medan"}')], patchbay: { blocks } };
    expect(told([message])).toMatchObject({ contents: [{ role: 'model', parts: blocks }], changed: [] });
  });

  test("another vendor's blocks and thoughts without a signature stay here, and that is said", () => {
    const foreign = {
      role: 'assistant',
      content: 'x',
      reasoning_content: 'hm',
      patchbay: { blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }, null] },
    };
    expect(told([foreign])).toMatchObject({
      contents: [{ role: 'model', parts: [{ text: 'x' }] }],
      changed: ['messages.patchbay.blocks dropped'],
    });
    expect(told([{ role: 'assistant', content: 'x', reasoning_content: 'hm' }]).changed).toEqual(['messages.reasoning_content dropped']);
  });

  test('what was refused is remembered as what was said', () => {
    expect(told([{ role: 'assistant', content: null, refusal: 'No.' }]).contents).toEqual([{ role: 'model', parts: [{ text: 'No.' }] }]);
  });
});
