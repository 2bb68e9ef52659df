/** What the tests of parameters share: bodies of every wire in, bodies of every provider out, and values for every parameter. */
import type { IncomingMessage } from 'node:http';
import type { ConnectionSettings } from '../../src/domain/connection.ts';
import type { Change } from '../../src/domain/ledger.ts';
import { readMessages } from '../../src/faces/anthropic/read.ts';
import { readOllama } from '../../src/faces/ollama/read.ts';
import { toHouse } from '../../src/faces/responses/request.ts';
import { callerWireOf, newExchange } from '../../src/faces/responses/wire.ts';
import { readForeign, readRequest } from '../../src/gateway/request.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { bodyOf } from '../../src/providers/call.ts';
import type { CallRequest } from '../../src/providers/calling.ts';
import type { Fate, SourceWire, TargetWire } from '../../src/providers/parameters.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { isRecord, parseJson } from '../../src/providers/shape.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { destination } from './kit.ts';
import { ollamaCases } from './parameter-cases-ollama.ts';
import { chatTools, just, oneOf, pick, schema, tenth, whole, word, type Body, type Case } from './parameter-draw.ts';

/** A request as its face reads it. */
export const asked = (wire: SourceWire, body: Body): CallRequest => askedBytes(wire, Buffer.from(JSON.stringify(body)));

/** The same for bytes, whatever they hold. Throws GatewayRefusal. */
export function askedBytes(wire: SourceWire, bytes: Buffer): CallRequest {
  if (wire === 'chat') return readRequest(bytes);
  if (wire === 'messages') return readMessages(bytes, { headers: {} } as IncomingMessage);
  const body = parseJson(bytes.toString('utf8'));
  if (wire === 'ollama') return readOllama(bytes, { kind: isRecord(body) && 'prompt' in body ? 'generate' : 'chat', clock: systemClock });
  return readForeign(bytes, callerWireOf(newExchange('r', 1), bytes, isRecord(body) ? body : {}, null), toHouse);
}

export interface Sent {
  body: Body;
  changed: Change[];
  /** Where it goes: some wires name the model and the stream there. */
  path: string;
}

/** What would leave for a destination, and what was said of it. */
export function sent(wire: SourceWire, body: Body, to: Destination): Sent {
  const request = asked(wire, body);
  const { body: bytes, changed, row } = bodyOf({ to, request });
  const path = protocolOf(row).chatPath({ ...to, row }, request.isStream);
  return { body: JSON.parse(bytes.toString()) as Body, changed, path };
}

const at = (provider: string, model: string, settings: ConnectionSettings = {}, address: string | null = null): Destination =>
  destination(provider, model, { parameterMode: 'warn', ...settings }, address);

/** Models of each provider's wire that differ in what they take. */
export const destinations: Readonly<Record<TargetWire, readonly Destination[]>> = {
  chat: [
    at('openai', 'gpt-4o', { wire: 'chat' }),
    at('openai', 'gpt-5', { wire: 'chat' }),
    at('deepseek', 'deepseek-chat'),
    at('mistral', 'mistral-small-latest'),
    at('groq', 'llama-3.3-70b-versatile'),
    at('perplexity', 'sonar'),
    at('deepseek', 'deepseek-flash'),
    at('moonshot', 'kimi-k3'),
    at('zai', 'glm-5.3'),
    at('together', 'openai/gpt-oss-120b'),
    at('cohere', 'command-a-03-2025'),
    at('minimax', 'MiniMax-M2'),
  ],
  messages: [
    at('anthropic', 'claude-sonnet-4-5'),
    at('anthropic', 'claude-3-5-haiku-latest'),
    at('anthropic', 'claude-opus-4-7'),
    at('anthropic', 'claude-opus-4-7', { anthropicVersion: '2026-10-21' }),
  ],
  responses: [at('openai', 'gpt-4o', { wire: 'responses' }), at('openai', 'gpt-5', { wire: 'responses' })],
  gemini: [at('gemini', 'gemini-2.5-flash'), at('gemini', 'gemini-3-pro-preview'), at('gemini', 'gemini-1.5-flash')],
  ollama: [at('ollama', 'llama3.1'), at('ollama', 'qwen3'), at('ollama', 'gpt-oss:20b')],
  bedrock: [
    at('bedrock', 'anthropic.claude-sonnet-4-5-v1:0'),
    at('bedrock', 'amazon.nova-2-lite-v1:0'),
    at('bedrock', 'openai.gpt-oss-120b-1:0'),
    at('bedrock', 'meta.llama3-1-70b-instruct-v1:0'),
  ],
};

export const sourceWires: readonly SourceWire[] = ['chat', 'messages', 'responses', 'ollama'];

const messagesTools = [
  { name: 'weather', description: 'The weather', input_schema: schema },
  { name: 'time', input_schema: schema },
];
const responsesTools = [
  { type: 'function', name: 'weather', description: 'The weather', parameters: schema, strict: false },
  { type: 'function', name: 'time', parameters: schema, strict: false },
];

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const;
const tiers = ['auto', 'default', 'flex', 'priority'] as const;

/** Every parameter of a chat completion, and those that the house takes besides. */
const chatCases: Readonly<Record<string, Case>> = {
  messages: just((draw) => [{ role: 'user', content: word(draw) }]),
  model: oneOf('asked'),
  audio: just(() => ({ voice: 'alloy', format: 'mp3' }), { modalities: ['text', 'audio'] }),
  frequency_penalty: just((draw) => tenth(draw, 2)),
  presence_penalty: just((draw) => tenth(draw, 2)),
  function_call: just((draw) => pick(draw, ['none', 'auto', { name: 'weather' }]), {
    functions: [{ name: 'weather', parameters: schema }],
  }),
  functions: just((draw) => [{ name: word(draw), parameters: schema }]),
  logit_bias: just((draw) => ({ [String(whole(draw, 1, 9_999))]: whole(draw, -100, 100) })),
  logprobs: oneOf(true, false),
  top_logprobs: just((draw) => whole(draw, 0, 20), { logprobs: true }),
  max_completion_tokens: just((draw) => whole(draw, 1, 30_000)),
  max_tokens: just((draw) => whole(draw, 1, 30_000)),
  metadata: just((draw) => ({ [word(draw)]: word(draw) })),
  modalities: oneOf(['text'], ['text', 'audio']),
  moderation: just((draw) => ({ model: word(draw) })),
  n: just((draw) => whole(draw, 1, 12)),
  parallel_tool_calls: just((draw) => pick(draw, [true, false]), { tools: chatTools }),
  prediction: just((draw) => ({ type: 'content', content: word(draw) })),
  prompt_cache_key: just(word),
  prompt_cache_options: just((draw) => ({ key: word(draw) })),
  prompt_cache_retention: oneOf('24h', 'in_memory'),
  reasoning_effort: just((draw) => pick(draw, efforts)),
  response_format: just((draw) =>
    pick(draw, [
      { type: 'text' },
      { type: 'json_object' },
      { type: 'json_schema', json_schema: { name: word(draw), schema, strict: true } },
    ]),
  ),
  safety_identifier: just(word),
  seed: just((draw) => whole(draw, -3, 4_000_000_000)),
  service_tier: oneOf(...tiers),
  stop: just((draw) => pick(draw, [word(draw), [word(draw), word(draw)], [word(draw), '\n', 'c', 'd', 'e', 'f', 'g']])),
  store: oneOf(true, false),
  stream: oneOf(true, false),
  stream_options: just(() => ({ include_usage: true }), { stream: true }),
  temperature: just((draw) => tenth(draw, 2)),
  tool_choice: just(
    (draw) =>
      pick(draw, [
        'none',
        'auto',
        'required',
        { type: 'function', function: { name: 'weather' } },
        { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'time' } }] } },
      ]),
    { tools: chatTools },
  ),
  tools: just((draw) =>
    pick<unknown[]>(draw, [
      [{ type: 'function', function: { name: word(draw), parameters: schema, strict: true } }],
      [{ type: 'custom', custom: { name: word(draw) } }, ...chatTools],
    ]),
  ),
  top_p: just((draw) => tenth(draw, 1)),
  user: just(word),
  verbosity: oneOf('low', 'medium', 'high'),
  web_search_options: just(() => ({ search_context_size: 'low' })),
  top_k: just((draw) => whole(draw, 1, 100)),
  repeat_penalty: just((draw) => 1 + tenth(draw, 1)),
  num_ctx: just((draw) => whole(draw, 1_024, 32_768)),
  keep_alive: oneOf('5m', '1h'),
  min_p: just((draw) => tenth(draw, 1)),
  safety_settings: just(() => [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }]),
  thinking_config: just((draw) => ({ thinkingBudget: whole(draw, 512, 2_048) })),
  extra_body: just((draw) => ({ google: { thinking_config: { thinking_budget: whole(draw, 512, 2_048) } }, [word(draw)]: true })),
  thinking: just(() => ({ type: 'enabled', budget_tokens: 2_000 }), { max_tokens: 8_000 }),
  patchwork_unknown: just((draw) => pick<unknown>(draw, [word(draw), false, 0, [], {}])),
};

const messagesCases: Readonly<Record<string, Case>> = {
  messages: just((draw) => [{ role: 'user', content: word(draw) }]),
  model: oneOf('asked'),
  max_tokens: just((draw) => whole(draw, 1, 30_000)),
  cache_control: just(() => ({ type: 'ephemeral' })),
  container: just(word),
  context_management: just(() => ({ edits: [{ type: 'clear_tool_uses_20250919' }] })),
  mcp_servers: just((draw) => [{ type: 'url', url: 'https://mcp.example.org', name: word(draw) }]),
  compaction: just((draw) => ({ type: word(draw) })),
  diagnostics: just((draw) => ({ previous_message_id: word(draw) })),
  fallbacks: just((draw) => [{ model: word(draw) }]),
  fallback_credit_token: just(word),
  billing_policy: just(word),
  thread: just((draw) => ({ id: word(draw) })),
  betas: just((draw) => [word(draw)]),
  inference_geo: oneOf('us', 'eu'),
  metadata: just((draw) => pick<unknown>(draw, [{ user_id: word(draw) }, { user_id: word(draw), [word(draw)]: word(draw) }])),
  output_config: just((draw) =>
    pick<unknown>(draw, [
      { effort: pick(draw, ['low', 'medium', 'high', 'xhigh', 'max']) },
      { format: { type: 'json_schema', schema } },
      { [word(draw)]: word(draw) },
    ]),
  ),
  output_format: just(() => ({ type: 'json_schema', schema })),
  service_tier: oneOf('auto', 'standard_only'),
  speed: oneOf('standard', 'fast'),
  stop_sequences: just((draw) => pick<unknown>(draw, [[word(draw)], [word(draw), word(draw), 'a', 'b', 'c', 'd']])),
  stream: oneOf(true, false),
  system: just((draw) => pick<unknown>(draw, [word(draw), [{ type: 'text', text: word(draw), cache_control: { type: 'ephemeral' } }]])),
  temperature: just((draw) => tenth(draw, 1)),
  thinking: just(
    (draw) =>
      pick<unknown>(draw, [
        { type: 'enabled', budget_tokens: whole(draw, 1_024, 20_000) },
        { type: 'disabled' },
        { type: 'adaptive' },
        { type: 'adaptive', display: 'summarized' },
        { type: 'between_tools' },
      ]),
    { max_tokens: 32_000 },
  ),
  tool_choice: just(
    (draw) =>
      pick<unknown>(draw, [
        { type: 'auto' },
        { type: 'any' },
        { type: 'none' },
        { type: 'tool', name: 'weather' },
        { type: 'auto', disable_parallel_tool_use: true },
      ]),
    { tools: messagesTools },
  ),
  tools: just((draw) =>
    pick<unknown>(draw, [
      messagesTools,
      [{ ...messagesTools[0], name: word(draw), cache_control: { type: 'ephemeral' } }],
      [{ type: 'web_search_20250305', name: 'web_search' }, ...messagesTools],
    ]),
  ),
  top_k: just((draw) => whole(draw, 1, 100)),
  top_p: just((draw) => tenth(draw, 1)),
  user_profile_id: just(word),
  workspace_id: just(word),
  patchwork_unknown: just((draw) => pick<unknown>(draw, [word(draw), false, 0, [], {}])),
};

const responsesCases: Readonly<Record<string, Case>> = {
  input: just((draw) => word(draw)),
  model: oneOf('asked'),
  access_programs: just((draw) => [word(draw)]),
  context_management: just((draw) => [{ type: 'compaction', compact_threshold: whole(draw, 1_000, 9_000) }]),
  image: just((draw) => ({ id: word(draw) })),
  include: just((draw) => pick(draw, [['reasoning.encrypted_content'], ['message.output_text.logprobs'], ['web_search_call.results']])),
  instructions: just(word),
  max_output_tokens: just((draw) => whole(draw, 16, 30_000)),
  max_tool_calls: just((draw) => whole(draw, 1, 9)),
  metadata: just((draw) => ({ [word(draw)]: word(draw) })),
  moderation: just((draw) => ({ model: word(draw) })),
  parallel_tool_calls: just((draw) => pick(draw, [true, false]), { tools: responsesTools }),
  prompt_cache_key: just(word),
  prompt_cache_options: just((draw) => ({ key: word(draw) })),
  prompt_cache_retention: oneOf('24h', 'in_memory'),
  reasoning: just((draw) =>
    pick<unknown>(draw, [
      { effort: pick(draw, efforts) },
      { effort: 'low', summary: 'auto' },
      { summary: 'detailed' },
      { [word(draw)]: word(draw) },
    ]),
  ),
  safety_identifier: just(word),
  service_tier: oneOf(...tiers),
  store: oneOf(true, false),
  stream: oneOf(true, false),
  stream_options: just(() => ({ include_obfuscation: false }), { stream: true }),
  temperature: just((draw) => tenth(draw, 2)),
  text: just((draw) =>
    pick<unknown>(draw, [
      { format: { type: 'json_schema', name: word(draw), schema, strict: true } },
      { format: { type: 'json_object' } },
      { format: { type: 'text' } },
      { format: { type: word(draw) } },
      { verbosity: pick(draw, ['low', 'high']) },
      { [word(draw)]: word(draw) },
    ]),
  ),
  tool_choice: just(
    (draw) =>
      pick<unknown>(draw, [
        'none',
        'auto',
        'required',
        { type: 'function', name: 'weather' },
        { type: 'web_search' },
        { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'time' }] },
      ]),
    { tools: responsesTools },
  ),
  tools: just((draw) =>
    pick<unknown>(draw, [
      responsesTools,
      [{ ...responsesTools[0], name: word(draw), strict: true }],
      [{ type: 'custom', name: word(draw) }],
      [{ type: 'web_search' }, ...responsesTools],
    ]),
  ),
  top_logprobs: just((draw) => whole(draw, 1, 20), { include: ['message.output_text.logprobs'] }),
  top_p: just((draw) => tenth(draw, 1)),
  truncation: oneOf('auto', 'disabled'),
  user: just(word),
  patchwork_unknown: just((draw) => pick<unknown>(draw, [word(draw), false, 0, [], {}])),
};

export const cases: Readonly<Record<SourceWire, Readonly<Record<string, Case>>>> = {
  chat: chatCases,
  messages: messagesCases,
  responses: responsesCases,
  ollama: ollamaCases,
};

/** The least that each wire takes. */
export const plainBody: Readonly<Record<SourceWire, Body>> = {
  chat: { model: 'asked', messages: [{ role: 'user', content: 'hi' }] },
  messages: { model: 'asked', max_tokens: 1_000, messages: [{ role: 'user', content: 'hi' }] },
  responses: { model: 'asked', input: 'hi' },
  ollama: { model: 'asked', messages: [{ role: 'user', content: 'hi' }] },
};

export interface Became {
  fates: Fate[];
  /** What was reported because of it. */
  reported: Change[];
  /** Pieces of the value that went nowhere, although nothing was said; all of it where nothing else became of it. */
  lost: unknown[];
}

const textsOf = (value: unknown, found: unknown[] = []): unknown[] => {
  if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) textsOf(inner, (found.push(name), found));
  else found.push(value);
  return found;
};

const isMarked = (piece: unknown): boolean => typeof piece === 'number' || (typeof piece === 'string' && /^w\d{6}$/.test(piece));

/** What becomes of one parameter: the same body with it and without it, and what is reported for the one and not for the other. */
export function become(wire: SourceWire, name: string, value: unknown, rest: Body, to: Destination): Became {
  const { [name]: _left, ...without } = rest;
  const plain = sent(wire, without, to);
  const full = sent(wire, { ...without, [name]: value }, to);
  const said = new Set(plain.changed.map((change) => JSON.stringify(change)));
  const reported = full.changed.filter((change) => change.what !== 'added' && !said.has(JSON.stringify(change)));
  if (reported.length > 0) return { fates: [...new Set(reported.map(({ what }) => what as Fate))], reported, lost: [] };
  if (full.path === plain.path && JSON.stringify(full.body) === JSON.stringify(plain.body)) return { fates: [], reported, lost: [value] };
  const pieces = new Set(textsOf(full.body));
  const text = JSON.stringify(full.body);
  const lost = textsOf(value).filter(
    (piece) => isMarked(piece) && !pieces.has(piece) && !(typeof piece === 'string' && text.includes(piece)),
  );
  return { fates: lost.length > 0 ? [] : ['passed'], reported, lost };
}
