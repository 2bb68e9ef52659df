/** Rich request bodies of each wire, to be broken: conversations with tools, media, thoughts and answers in a form. */
import type { SourceWire } from '../../src/providers/parameters.ts';

export const bodies: Readonly<Record<SourceWire, readonly string[]>> = {
  chat: [
    JSON.stringify({
      model: 'asked',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'x' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
          patchbay: { blocks: [{ type: 'thinking', thinking: 't', signature: 's' }] },
        },
        { role: 'tool', tool_call_id: 'c1', content: 'done' },
        { role: 'user', content: [{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } }] },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'f', parameters: { type: 'object', properties: { a: { anyOf: [{ type: 'number' }, { type: 'null' }] } } } },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'n',
          schema: { type: 'object', $defs: { x: { $ref: '#/$defs/x' } }, properties: { x: { $ref: '#/$defs/x' } } },
        },
      },
      reasoning_effort: 'high',
      temperature: 0.5,
      stop: ['a', 'b'],
      max_tokens: 5_000,
      metadata: { a: 'b' },
      extra_body: { google: { thinking_config: { thinking_budget: 5 } } },
    }),
  ],
  messages: [
    JSON.stringify({
      model: 'asked',
      max_tokens: 9_000,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'x' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'd' }, title: 't', citations: { enabled: true } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 't', signature: 'patchbay.1.e30' },
            { type: 'redacted_thinking', data: 'd' },
            { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't1',
              is_error: true,
              content: [
                { type: 'text', text: 'no' },
                { type: 'search_result', title: 't', source: 's', content: [{ type: 'text', text: 'r' }] },
              ],
            },
          ],
        },
      ],
      tools: [{ name: 'f', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } }],
      tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
      metadata: { user_id: 'u' },
      stop_sequences: ['x'],
    }),
  ],
  responses: [
    JSON.stringify({
      model: 'asked',
      instructions: 'Be brief.',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'x' },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
            { type: 'input_file', filename: 'f', file_data: 'data:application/pdf;base64,AAAA' },
          ],
        },
        { type: 'reasoning', id: 'r', summary: [{ type: 'summary_text', text: 's' }], encrypted_content: 'patchbay.1.e30' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'done' }] },
        { type: 'custom_tool_call', call_id: 'c2', name: 'g', input: 'x' },
        { type: 'custom_tool_call_output', call_id: 'c2', output: 'y' },
        {
          type: 'message',
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'ok', annotations: [] },
            { type: 'refusal', refusal: 'no' },
          ],
        },
      ],
      tools: [
        { type: 'function', name: 'f', parameters: { type: 'object' }, strict: true },
        { type: 'custom', name: 'g', format: { type: 'grammar', syntax: 'lark', definition: 'd' } },
      ],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] },
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_object' }, verbosity: 'low' },
      include: ['message.output_text.logprobs'],
      top_logprobs: 3,
      max_output_tokens: 100,
    }),
  ],
  ollama: [
    JSON.stringify({
      model: 'asked',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'x', images: ['iVBORw0KGgo='] },
        {
          role: 'assistant',
          content: '',
          thinking: 't',
          signature: 'patchbay.1.e30',
          tool_calls: [{ function: { index: 0, name: 'f', arguments: { a: 1 } } }],
        },
        { role: 'tool', tool_name: 'f', content: 'done', odd: true },
      ],
      tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object', properties: {} } } }],
      format: { type: 'object', properties: { x: { anyOf: [{ type: 'number' }, { type: 'null' }] } }, required: ['x'] },
      think: 'low',
      keep_alive: '5m',
      logprobs: true,
      top_logprobs: 2,
      options: { temperature: 0.5, num_predict: 100, num_ctx: 4_096, stop: ['a', 'b'], seed: 7 },
    }),
    JSON.stringify({
      model: 'asked',
      prompt: 'Go on.',
      system: 'Be brief.',
      suffix: 'end',
      images: ['/9j/4AAQ'],
      raw: true,
      context: [1, 2],
      format: 'json',
      think: false,
      stream: false,
      options: { num_predict: -1, top_k: 5 },
    }),
  ],
};
