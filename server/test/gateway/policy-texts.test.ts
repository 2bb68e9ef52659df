/** Where texts stand in the bodies of every wire: all that was said is read, and nothing that only names, proves or carries bytes. */
import { describe, expect, test } from 'vitest';
import { detectorNames } from '../../src/domain/policy.ts';
import { findPersonalData } from '../../src/domain/policy-detectors.ts';
import {
  attachmentsOf,
  isTokens,
  put,
  textsOfAnswer,
  textsOfRequest,
  toolsOf,
  unitsOf,
  withoutIds,
} from '../../src/gateway/policy-texts.ts';
import { parseExactly } from '../../src/providers/shape.ts';
import { seeded } from '../vault/parts.ts';

const asked = (body: Record<string, unknown>): string[] => Array.from(textsOfRequest(body), ({ text }) => text);
const answered = (body: unknown): string[] => Array.from(textsOfAnswer(body), ({ text }) => text);
const user = (content: unknown): Record<string, unknown> => ({ model: 'gpt-4o', messages: [{ role: 'user', content }] });

describe('a request', () => {
  test.each([
    ['a turn', user('one'), ['one']],
    [
      'parts of a turn',
      user([
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ]),
      ['one', 'two'],
    ],
    [
      'several turns',
      {
        messages: [
          { role: 'system', content: 'one' },
          { role: 'user', content: 'two' },
        ],
      },
      ['one', 'two'],
    ],
    ['the name of who speaks', { messages: [{ role: 'user', name: 'ann', content: 'one' }] }, ['ann', 'one']],
    ['instructions', { instructions: 'one', input: 'two' }, ['one', 'two']],
    ['items of a response', { input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'one' }] }] }, ['one']],
    ['a system prompt beside the turns', { system: 'one', messages: [] }, ['one']],
    ['a system prompt in blocks', { system: [{ type: 'text', text: 'one', cache_control: { type: 'ephemeral' } }] }, ['one']],
    ['a prompt', { prompt: 'one' }, ['one']],
    ['several prompts', { prompt: ['one', 'two'] }, ['one', 'two']],
    ['texts to embed', { input: ['one', 'two'] }, ['one', 'two']],
    ['what a tool answered', { messages: [{ role: 'tool', tool_call_id: 'c', content: 'one' }] }, ['one']],
    ['what a tool is for', { tools: [{ type: 'function', function: { name: 'f', description: 'one' } }] }, ['f', 'one']],
    ['what follows a gap', { prompt: 'one', suffix: 'two' }, ['one', 'two']],
    ['the text beside pictures', { messages: [{ role: 'user', content: 'one', images: ['iVBORw0KGgo='] }] }, ['one']],
    ['words that stand where pictures should', { images: ['one two'] }, ['one two']],
    ['documents to rank', { query: 'one', documents: ['two', { text: 'three' }] }, ['one', 'two', 'three']],
    ['thoughts that are sent back', { messages: [{ role: 'assistant', reasoning_content: 'one', content: 'two' }] }, ['one', 'two']],
    [
      'who asks and what is noted of it, behind what is said',
      { user: 'two', safety_identifier: 'three', metadata: { note: 'four', role: 'five', 'a b': 6 }, prompt: 'one' },
      ['one', 'two', 'three', 'four', 'five', '6', 'a b'],
    ],
    [
      'where an answer ends, and under what it is found again',
      { prompt_cache_key: 'two', stop: ['three', 'four'], stop_sequences: ['five'], prompt: 'one' },
      ['one', 'two', 'three', 'four', 'five'],
    ],
    ['the one text at which an answer ends', { stop: 'two', prompt: 'one' }, ['one', 'two']],
    ['the same among options', { options: { stop: ['two'] }, prompt: 'one' }, ['two', 'one']],
  ])('%s', (_, body, expected) => {
    expect(asked(body)).toEqual(expected);
  });

  test('parts of one message belong together, and nothing else does', () => {
    const parts = [
      { type: 'text', text: 'one' },
      { type: 'text', text: '' },
      { type: 'text', text: 'two', annotations: [{ title: 'apart' }] },
      { type: 'image_url', image_url: { url: 'https://example.com/a' } },
      { type: 'text', text: 'three' },
    ];
    const body = { input: ['four', 'five'], documents: [{ text: 'six' }, { text: 'seven' }], ...user(parts), user: 'eight' };
    const units = unitsOf(textsOfRequest(body)).map((unit) => unit.map(({ text }) => text));
    expect(units).toEqual([
      ['four'],
      ['five'],
      ['six'],
      ['seven'],
      ['one', 'two'],
      ['apart'],
      ['https://example.com/a'],
      ['three'],
      ['eight'],
    ]);
  });

  test.each([
    ['model and ids', { model: 'm', previous_response_id: 'r' }],
    ['how it is served', { service_tier: 'flex', tool_choice: { type: 'function' } }],
    ['bytes of pictures', user([{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(9)}`, detail: 'low' } }])],
    ['bytes of sounds', user([{ type: 'input_audio', input_audio: { data: 'UklGR', format: 'wav' } }])],
    ['bytes of files', user([{ type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } }])],
    ['bytes in blocks', user([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } }])],
    ['proofs of thoughts', { messages: [{ role: 'assistant', content: [{ type: 'redacted_thinking', data: 'EuYB' }] }] }],
    ['empty texts', user('')],
  ])('reads no words in %s', (_, body) => {
    expect(asked(body)).toEqual([]);
  });

  test('an address of a picture is read: it may say who somebody is', () => {
    expect(asked(user([{ type: 'image_url', image_url: { url: 'https://example.com/ann' } }]))).toEqual(['https://example.com/ann']);
  });

  test('what a tool was given is read under every name, also one that means nothing elsewhere', () => {
    const input = { id: 'one', type: 'two', user: 'three', data: 'four', nested: { status: 'five' } };
    expect(asked({ messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input }] }] })).toEqual([
      'f', 'one', 'two', 'three', 'four', 'five',
    ]); // prettier-ignore
  });

  test('arguments of a call are a document of their own', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":"one"}' } };
    const spots = Array.from(textsOfRequest({ messages: [{ role: 'assistant', content: null, tool_calls: [call] }] }));
    expect(spots.map(({ text, isJson }) => [text, isJson])).toEqual([
      ['f', false],
      ['{"a":"one"}', true],
    ]);
  });

  test('a text is replaced where it stands, in a list as in an object', () => {
    const body = { prompt: ['one', 'two'], suffix: 'three' };
    for (const spot of Array.from(textsOfRequest(body))) put(spot, spot.text.toUpperCase());
    expect(body).toEqual({ prompt: ['ONE', 'TWO'], suffix: 'THREE' });
  });

  test('a body that is nested without end is read to a bound', () => {
    let body: unknown = 'deep';
    for (let level = 0; level < 5_000; level++) body = [body];
    expect(asked({ input: body })).toEqual([]);
  });
});

describe('an answer', () => {
  test.each([
    ['a message', { choices: [{ index: 0, message: { role: 'assistant', content: 'one' }, finish_reason: 'stop' }] }, ['one']],
    ['a refusal', { choices: [{ message: { content: null, refusal: 'one' } }] }, ['one']],
    ['reasoning', { choices: [{ message: { reasoning_content: 'one', content: 'two' } }] }, ['one', 'two']],
    [
      'blocks',
      {
        content: [
          { type: 'thinking', thinking: 'one', signature: 's' },
          { type: 'text', text: 'two' },
        ],
      },
      ['one', 'two'],
    ],
    ['items', { output: [{ type: 'message', content: [{ type: 'output_text', text: 'one', annotations: [] }] }] }, ['one']],
    ['a title of a source', { output: [{ content: [{ annotations: [{ type: 'url_citation', title: 'one' }] }] }] }, ['one']],
    ['a transcript', { text: 'one', usage: { type: 'tokens' } }, ['one']],
    ['a text of completions', { choices: [{ text: 'one', index: 0 }] }, ['one']],
  ])('%s', (_, body, expected) => {
    expect(answered(body)).toEqual(expected);
  });

  test('what it repeats of its question is not judged as an answer', () => {
    expect(
      answered({
        type: 'response.created',
        response: { instructions: 'x', tools: [{ description: 'x' }], metadata: { a: 'x' }, output: [] },
      }),
    ).toEqual([]);
  });

  test('a picture that was made has no words', () => {
    expect(answered({ data: [{ b64_json: 'iVBOR' }], output_format: 'png', quality: 'low', size: '1x1' })).toEqual(['png']);
  });
});

describe('attachments', () => {
  const kilobyte = 'A'.repeat(1_024);

  test.each([
    ['a picture by its bytes', { type: 'image_url', image_url: { url: `data:image/png;base64,${kilobyte}` } }, 'image', 784],
    ['a picture by its address', { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }, 'image', 0],
    ['a picture of another wire', { type: 'image', source: { type: 'base64', media_type: 'image/png', data: kilobyte } }, 'image', 768],
    ['a sound', { type: 'input_audio', input_audio: { data: kilobyte, format: 'wav' } }, 'audio', 768],
    ['a file', { type: 'input_file', filename: 'a.pdf', file_data: kilobyte }, 'file', 768],
    ['a document', { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: kilobyte } }, 'file', 768],
    ['a film', { type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } }, 'video', 0],
  ])('%s', (_, part, kind, bytes) => {
    expect(attachmentsOf(user([{ type: 'text', text: 'see' }, part]))).toEqual([{ kind, bytes }]);
  });

  test('are counted over all turns, and texts are none', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    const turns = [user([image, image]), user('text'), user([image])].flatMap(({ messages }) => messages as unknown[]);
    expect(attachmentsOf({ messages: turns })).toHaveLength(3);
    expect(attachmentsOf(user('image_url'))).toEqual([]);
    const beside = { role: 'user', content: 'see', images: [kilobyte, kilobyte] };
    expect(attachmentsOf({ messages: [beside] })).toEqual([
      { kind: 'image', bytes: 768 },
      { kind: 'image', bytes: 768 },
    ]);
  });
});

describe('tools', () => {
  const schema = { type: 'object' };

  test.each([
    [
      'of a conversation',
      { tools: [{ type: 'function', function: { name: 'f', parameters: schema } }] },
      [{ name: 'f', parameters: schema }],
    ],
    ['of responses', { tools: [{ type: 'function', name: 'f', parameters: schema }] }, [{ name: 'f', parameters: schema }]],
    ['of messages', { tools: [{ name: 'f', input_schema: schema }] }, [{ name: 'f', parameters: schema }]],
    ['of old', { functions: [{ name: 'f', parameters: schema }] }, [{ name: 'f', parameters: schema }]],
    ['without a schema', { tools: [{ name: 'f' }] }, [{ name: 'f', parameters: undefined }]],
    ['none', {}, []],
    ['that are none', { tools: 'x', functions: [null, 3, {}] }, []],
  ])('%s', (_, body, expected) => {
    expect(toolsOf(body)).toEqual(expected);
  });

  test('what the provider itself brings is named by its kind and needs no schema', () => {
    expect(toolsOf({ tools: [{ type: 'web_search' }] })).toMatchObject([
      { name: 'web_search', parameters: { additionalProperties: false } },
    ]);
  });
});

test.each([
  [[1, 2], true],
  [[[1], [2, 3]], true],
  [['a'], false],
  [[], false],
  ['a', false],
  [[1, 'a'], false],
  [undefined, false],
])('%o is a prompt of numbers: %s', (value, isOne) => {
  expect(isTokens(value)).toBe(isOne);
});

test('numbers that were kept exactly are read where tools were given them, and stand as they are elsewhere', () => {
  const id = '1234567890123456789';
  const body = parseExactly(`{"count":${id},"list":[${id}],"content":[{"type":"tool_use","input":{"a":${id},"b":[${id},1]}}]}`);
  const spots = Array.from(textsOfAnswer(body));
  expect(spots.map(({ text }) => text)).toEqual([id, id, '1']);
  for (const spot of spots) put(spot, 'x');
  expect(JSON.stringify(body)).toBe(`{"count":${id},"list":[${id}],"content":[{"type":"tool_use","input":{"a":"x","b":["x","x"]}}]}`);
});

describe('ids beside a request', () => {
  const digits = '0123456789abcdef';

  test('no random id is taken for the number of a card, a person or an account', () => {
    const draw = seeded(11);
    const hex = (length: number): string => Array.from({ length }, () => digits[Math.floor(draw() * 16)]).join('');
    const uuid = (): string => [8, 4, 4, 4, 12].map(hex).join('-');
    let asTheyCome = 0;
    for (let count = 0; count < 10_000; count++) {
      const id = `user_${hex(64)}_account_${uuid()}_session_${uuid()}`;
      asTheyCome += findPersonalData(new Set(detectorNames), id, 0, id.length).length;
      expect(withoutIds(id)).toBe(`user_${'_'.repeat(64)}_account_${'_'.repeat(36)}_session_${'_'.repeat(36)}`);
    }
    // What they are hidden for does happen.
    expect(asTheyCome).toBeGreaterThan(0);
  });

  test.each([
    ['a mail address', 'ann@example.com'],
    ['a card', 'card 4111111111111111'],
    ['a card in groups', '4111-1111-1111-1111'],
    ['a NIK', '3171011708900001'],
    ['words', 'the nightjar plan'],
    ['a short id', 'a1b2c3d4'],
  ])('%s is read as it stands', (_name, text) => {
    expect(withoutIds(text)).toBe(text);
  });
});
