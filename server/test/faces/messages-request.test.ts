/** The Messages wire read into the house's language and told again: nothing is lost on the way back, and what others miss is named. */
import { describe, expect, test } from 'vitest';
import { carriedLead, carry } from '../../src/faces/openai/carry.ts';
import { toHouse } from '../../src/faces/anthropic/request.ts';
import { settleNative } from '../../src/providers/native.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import type { Json } from '../../src/providers/shape.ts';
import { destination } from '../providers/kit.ts';

const claude = destination('anthropic', 'claude-sonnet-4-5');
const gpt = destination('openai', 'gpt-4o');
const gemini = destination('gemini', 'gemini-2.5-pro');

const base = { model: 'claude-sonnet-4-5', max_tokens: 4_096 };

/** What goes out to a provider of the same wire where the bytes could not pass. */
function again(body: Json): Json {
  const settled = settleNative(toHouse(body), 'messages', claude);
  return protocolOf(claude.row).toVendor(settled.request, claude).body;
}

function elsewhere(body: Json, to = gpt): { body: Json; dropped: string[] } {
  const settled = settleNative(toHouse(body), null, to);
  const { body: sent, changed } = protocolOf(to.row).toVendor({ ...settled.request, model: to.model }, to);
  const lost = [...settled.changed, ...changed].filter(({ what }) => what === 'dropped').map(({ parameter }) => parameter);
  return { body: sent, dropped: lost.toSorted() };
}

const png = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' };
const cache = { type: 'ephemeral', ttl: '1h' };

const bodies: readonly (readonly [string, Json])[] = [
  ['a plain question', { ...base, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] }],
  [
    'instructions with a cache marker',
    {
      ...base,
      system: [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: 'Long rules.', cache_control: cache },
      ],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }] }],
    },
  ],
  [
    'pictures and documents',
    {
      ...base,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: png, cache_control: cache },
            { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } },
            { type: 'image', source: { type: 'file', file_id: 'file_1' } },
            {
              type: 'document',
              source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
              title: 'Report',
              context: 'of last year',
              citations: { enabled: true },
            },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'All of it.' } },
            { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
            { type: 'document', source: { type: 'url', url: 'https://example.org/a.pdf' } },
            { type: 'search_result', source: 'https://example.org', title: 'Found', content: [{ type: 'text', text: 'x' }] },
            { type: 'container_upload', file_id: 'file_2' },
            { type: 'a_block_of_next_year', anything: { deep: [1] } },
          ],
        },
      ],
    },
  ],
  [
    'calls, results with pictures, and an error',
    {
      ...base,
      tools: [
        {
          name: 'weather',
          description: 'of a city',
          input_schema: { type: 'object', properties: { city: { type: 'string' } } },
          cache_control: cache,
        },
        { type: 'web_search_20250305', name: 'web_search', max_uses: 3 },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'hi' }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Let me see.' },
            { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Jakarta' } },
            { type: 'tool_use', id: 'toolu_2', name: 'weather', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              content: [
                { type: 'text', text: 'hot' },
                { type: 'image', source: png },
              ],
            },
            { type: 'tool_result', tool_use_id: 'toolu_2', content: 'no such city', is_error: true, cache_control: cache },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
    },
  ],
  [
    'thoughts with signatures, citations, and tools that ran at the provider',
    {
      ...base,
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'hi' }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'c2lnbmVk' },
            { type: 'redacted_thinking', data: 'b3BhcXVl' },
            { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
            { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [{ type: 'web_search_result', url: 'u' }] },
            { type: 'text', text: 'So it is.', citations: [{ type: 'web_search_result_location', url: 'u' }] },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'Go on.' }] },
      ],
    },
  ],
  [
    'settings of every kind',
    {
      ...base,
      temperature: 0.5,
      top_k: 3,
      stop_sequences: ['END'],
      metadata: { user_id: 'u-1' },
      service_tier: 'standard_only',
      output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object', properties: {} } } },
      container: 'c-1',
      mcp_servers: [{ type: 'url', url: 'https://example.org/mcp', name: 'm' }],
      context_management: { edits: [] },
      inference_geo: 'eu',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    },
  ],
  [
    'a forced tool',
    {
      ...base,
      tools: [{ name: 'f', input_schema: { type: 'object', properties: {} }, strict: true, defer_loading: true }],
      tool_choice: { type: 'tool', name: 'f' },
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    },
  ],
];

describe('a request of the Messages wire', () => {
  test.each(bodies)('%s is the same again for a provider of the same wire', (_name, body) => {
    expect(again(body)).toEqual(body);
  });

  test.each(bodies)('%s reaches the chat wire and Google without anything that only this wire knows', (_name, body) => {
    const { tools: _tools, ...plain } = body;
    for (const to of [gpt, gemini]) {
      const { body: sent } = elsewhere({ ...plain, tools: [{ name: 'weather', input_schema: { type: 'object', properties: {} } }] }, to);
      expect(JSON.stringify(sent)).not.toMatch(/patchbay|cache_control|tool_use_id|budget_tokens|is_error|mcp_servers|isOnly/);
    }
  });
});

describe('what others miss is named', () => {
  test.each([
    ['cache markers', { system: [{ type: 'text', text: 'x', cache_control: cache }], messages: [] }, ['messages.cache_control']],
    [
      'blocks without a counterpart',
      { messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'f' }] }] },
      ['messages.container_upload'],
    ],
    [
      'settings without one',
      { messages: [], container: 'c', mcp_servers: [], inference_geo: 'eu' },
      ['container', 'inference_geo', 'mcp_servers'],
    ],
    ['members of a tool', { messages: [], tools: [{ name: 'f', input_schema: {}, input_examples: [{}] }] }, ['tools.input_examples']],
    [
      'citations of a document',
      { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'text', data: 'x' }, citations: { enabled: true } }] }] },
      ['messages.citations'],
    ],
    [
      'pictures in a document of parts',
      {
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'document',
                source: {
                  type: 'content',
                  content: [
                    { type: 'text', text: 'a' },
                    { type: 'image', source: png },
                  ],
                },
              },
            ],
          },
        ],
      },
      ['messages.document.image'],
    ],
  ] as [string, Json, string[]][])('%s', (_name, body, lost) => {
    expect(elsewhere({ ...base, ...body }).dropped).toEqual(expect.arrayContaining(lost));
  });

  test('and nothing is named where all of it was said', () => {
    const body = {
      ...base,
      system: 'Be brief.',
      metadata: { user_id: 'u' },
      stop_sequences: ['END'],
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', source: png },
          ],
        },
        // As Claude's own SDK gives it back: every call names its caller, and a text its sources, of which there are none.
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Look.', citations: null },
            { type: 'tool_use', id: 't', name: 'f', input: { a: 1 }, caller: { type: 'direct' }, toolset_name: null },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'b' }] },
      ],
    };
    expect(elsewhere(body).dropped).toEqual([]);
    expect(elsewhere({ ...body, metadata: {} }, gemini).dropped).toEqual([]);
  });
});

describe('thoughts of others', () => {
  const google = { blocks: [{ functionCall: { name: 'f', args: {} }, thoughtSignature: 'c2ln' }] };
  const asked = (content: Json[]): Json[] => toHouse({ ...base, messages: [{ role: 'assistant', content }] }).messages as Json[];

  test('are given back whole, from a thought or from an opaque block', () => {
    const call = { type: 'tool_use', id: 't', name: 'f', input: {} };
    for (const block of [
      { type: 'redacted_thinking', data: carry(google) },
      { type: 'thinking', thinking: 'Hm.', signature: carry(google) },
    ])
      expect(asked([call, block])[0]?.['patchbay']).toEqual(google);
  });

  test('are never shown to a provider of this wire, whatever became of them', () => {
    const body = {
      ...base,
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Of another.', signature: carriedLead },
            { type: 'redacted_thinking', data: `${carriedLead}broken` },
            { type: 'text', text: 'x' },
          ],
        },
      ],
    };
    expect(again(body)['messages']).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'x' }] }]);
  });
});
