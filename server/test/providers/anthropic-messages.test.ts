/** The house's messages as Anthropic's turns: nothing is lost without being named. */
import { describe, expect, test } from 'vitest';
import { hi, send, text } from './anthropic-kit.ts';

const turns = (messages: unknown[], settings = {}): unknown => send({ messages }, settings).body['messages'];

describe('messages', () => {
  test('instructions go to the front as one text; neighbours of one side become one turn', () => {
    const { body, changed } = send({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        { role: 'user', content: 'a' },
        { role: 'user', content: 'b' },
        { role: 'assistant', content: 'c' },
        { role: 'user', content: 'd' },
      ],
    });
    expect(body).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      system: 'Be brief.\n\nBe kind.',
      messages: [
        { role: 'user', content: [text('a'), text('b')] },
        { role: 'assistant', content: [text('c')] },
        { role: 'user', content: [text('d')] },
      ],
    });
    expect(changed).toEqual([]);
  });

  test('an instruction in the middle moves to the front, and that is told once', () => {
    const { body, changed } = send({ messages: [...hi, { role: 'system', content: 'x' }, { role: 'system', content: 'y' }] });
    expect(body['system']).toBe('x\n\ny');
    expect(changed).toEqual(['messages.system approximated system']);
  });

  test('markers for the cache stay on their blocks, messages, results and tools', () => {
    const marker = { type: 'ephemeral' };
    const { body } = send({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'long', cache_control: marker }] },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'https://example.com/a.png' }, cache_control: marker },
            { type: 'text', text: 'x' },
          ],
          cache_control: marker,
        },
        { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'a', content: 'r', cache_control: marker },
      ],
      tools: [
        { type: 'function', function: { name: 'f' }, cache_control: marker },
        { type: 'function', function: { name: 'g', cache_control: marker } },
      ],
      cache_control: marker,
    });
    expect(body['system']).toEqual([{ type: 'text', text: 'long', cache_control: marker }]);
    expect(JSON.stringify(body).split('"cache_control":{"type":"ephemeral"}')).toHaveLength(8);
  });

  test('images: data addresses become base64, others are fetched by the provider', () => {
    expect(
      turns([
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD', detail: 'high' } },
            { type: 'image_url', image_url: { url: 'data:image/webp;name=x;base64,QUJD' } },
            { type: 'image_url', image_url: 'https://example.com/a.jpg' },
          ],
        },
      ]),
    ).toEqual([
      {
        role: 'user',
        content: [
          text('what?'),
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QUJD' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'QUJD' } },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.jpg' } },
        ],
      },
    ]);
  });

  test("documents: by content, by id, and in Anthropic's own words", () => {
    const own = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } };
    expect(
      turns([
        {
          role: 'user',
          content: [
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,QUJD' } },
            { type: 'file', file: { file_id: 'file_1' } },
            own,
            { type: 'search_result', source: 's', title: 't', content: [] },
          ],
        },
      ]),
    ).toEqual([
      {
        role: 'user',
        content: [
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'QUJD' }, title: 'a.pdf' },
          { type: 'document', source: { type: 'file', file_id: 'file_1' } },
          own,
          { type: 'search_result', source: 's', title: 't', content: [] },
        ],
      },
    ]);
  });

  test('parts without a counterpart are dropped, and each kind is told once', () => {
    const { body, changed } = send({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'input_audio', input_audio: {} },
            { type: 'input_audio', input_audio: {} },
            { type: 'file', file: {} },
            { type: 'image_url', image_url: {} },
            { type: 'video_url' },
            { no: 'type' },
            7,
            null,
            'x',
            '',
            { type: 'text' },
          ],
        },
      ],
    });
    expect(body['messages']).toEqual([{ role: 'user', content: [text('x')] }]);
    expect(changed.toSorted()).toEqual([
      'messages.content dropped',
      'messages.file dropped',
      'messages.image_url dropped',
      'messages.input_audio dropped',
      'messages.video_url dropped',
    ]);
  });

  test('calls and results pair up, also several at once, with images and errors in them', () => {
    const messages = [
      ...hi,
      {
        role: 'assistant',
        content: 'Looking.',
        tool_calls: [
          { id: 'call:1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
          { id: 'call:2', type: 'function', function: { name: 'g', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call:1', content: 'one' },
      {
        role: 'tool',
        tool_call_id: 'call:2',
        content: [
          { type: 'text', text: 'two' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } },
        ],
        is_error: true,
      },
      { role: 'user', content: 'and?' },
    ];
    expect(turns(messages)).toEqual([
      { role: 'user', content: [text('hi')] },
      {
        role: 'assistant',
        content: [
          text('Looking.'),
          { type: 'tool_use', id: 'call_1', name: 'f', input: { a: 1 } },
          { type: 'tool_use', id: 'call_2', name: 'g', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: 'one' },
          {
            type: 'tool_result',
            tool_use_id: 'call_2',
            content: [text('two'), { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QUJD' } }],
            is_error: true,
          },
          text('and?'),
        ],
      },
    ]);
  });

  test('arguments that are no JSON object travel in one member, and that is told', () => {
    const { body, changed } = send({
      messages: [
        {
          role: 'assistant',
          tool_calls: [
            { id: 'a', function: { name: 'f', arguments: 'oops' } },
            { id: 'b', type: 'custom', custom: {} },
            { id: '', function: { arguments: { x: 1 } } },
          ],
        },
      ],
    });
    expect(body['messages']).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'f', input: { arguments: 'oops' } },
          { type: 'tool_use', id: 'call', name: '', input: { x: 1 } },
        ],
      },
    ]);
    expect(changed).toEqual(['messages.tool_calls.arguments approximated arguments', 'messages.tool_calls dropped']);
  });

  test('the older function words pair up too', () => {
    expect(
      turns([
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'r' },
      ]),
    ).toEqual([
      { role: 'assistant', content: [{ type: 'tool_use', id: 'f', name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'f', content: 'r' }] },
    ]);
  });

  test('a refusal is said again as text, a thought without signature is dropped and told', () => {
    const { body, changed } = send({
      messages: [
        { role: 'assistant', content: null, refusal: 'no' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'never' }], reasoning_content: 'hm' },
      ],
    });
    expect(body['messages']).toEqual([{ role: 'assistant', content: [text('no'), text('never')] }]);
    expect(changed).toEqual(['messages.reasoning_content dropped']);
  });

  test('the newer version refuses documents of the assistant and citations of the user', () => {
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'a', citations: [{ x: 1 }] }] },
      {
        role: 'assistant',
        content: [
          { type: 'document', source: {} },
          { type: 'text', text: 'b', citations: [{ y: 1 }] },
        ],
      },
    ];
    const older = send({ messages });
    expect(older.body['messages']).toEqual([
      { role: 'user', content: [messages[0]?.content[0]] },
      { role: 'assistant', content: messages[1]?.content },
    ]);
    const newer = send({ messages }, { anthropicVersion: '2026-10-21' });
    expect(newer.body['messages']).toEqual([
      { role: 'user', content: [text('a')] },
      { role: 'assistant', content: [{ type: 'text', text: 'b', citations: [{ y: 1 }] }] },
    ]);
    expect(newer.changed).toEqual(['messages.citations dropped', 'messages.document dropped']);
  });

  test('messages that are none break nothing', () => {
    expect(turns([null, 7, {}, { role: 'user' }, { role: 'assistant', content: '' }])).toEqual([]);
    expect(send({ messages: 'x' }).body['messages']).toEqual([]);
  });
});
