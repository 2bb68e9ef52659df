/** What a vendor's own bytes say, read in the plainest way and without a line of the product: what the laws compare with. */

export interface Said {
  text: string;
  reasoning: string;
  refusal: boolean;
  calls: { id: string; name: string; input: unknown }[];
  finish: string;
  tokensIn: number;
  tokensOut: number;
  tokensCached: number;
}

type Node = Record<string, unknown>;
type Items = Node[];

const parse = (source: string): Node => JSON.parse(source) as Node;
const items = (value: unknown): Items => (Array.isArray(value) ? (value as Items) : []);
/** A member that is an object; an empty one where there is none, so that the reading stays plain. */
const node = (value: unknown, key?: string): Node => {
  const inner = key === undefined ? value : (value as Node | undefined)?.[key];
  return typeof inner === 'object' && inner !== null ? (inner as Node) : {};
};
const str = (value: unknown): string => (typeof value === 'string' ? value : '');
const num = (value: unknown): number => (typeof value === 'number' ? value : 0);
const input = (source: string): unknown => (source === '' ? {} : (JSON.parse(source) as unknown));
const parts = (content: unknown): string =>
  Array.isArray(content)
    ? items(content)
        .map((part) => str(part['text']))
        .join('')
    : str(content);

function openaiUsage(said: Said, usage: Node): void {
  const out = num(usage['completion_tokens']);
  said.tokensIn = num(usage['prompt_tokens']);
  // Where a total holds more than prompt and completion, the rest was thought, and is paid for.
  said.tokensOut = Math.max(out, num(usage['total_tokens']) - said.tokensIn);
  said.tokensCached = num(node(usage, 'prompt_tokens_details')['cached_tokens']) || num(usage['prompt_cache_hit_tokens']);
}

const nothing = (): Said => ({
  text: '',
  reasoning: '',
  refusal: false,
  calls: [],
  finish: '',
  tokensIn: 0,
  tokensOut: 0,
  tokensCached: 0,
});

/** The first choice of a whole answer of OpenAI's wire. */
export function openaiWhole(source: string): Said {
  const body = parse(source);
  const said = nothing();
  const choice = items(body['choices'])[0];
  const message = node(choice, 'message');
  said.text = parts(message['content']);
  said.reasoning = str(message['reasoning_content']);
  said.refusal = str(message['refusal']) !== '';
  said.calls = items(message['tool_calls']).map((call) => ({
    id: str(call['id']),
    name: str(node(call, 'function')['name']),
    input: input(str(node(call, 'function')['arguments'])),
  }));
  said.finish = str(choice?.['finish_reason']);
  openaiUsage(said, node(body, 'usage'));
  return said;
}

export function openaiStream(lines: readonly string[]): Said {
  const said = nothing();
  const calls = new Map<number, { id: string; name: string; args: string }>();
  for (const line of lines) {
    const chunk = parse(line);
    const choice = items(chunk['choices'])[0];
    const delta = node(choice, 'delta');
    said.text += parts(delta['content']);
    said.reasoning += str(delta['reasoning_content']);
    said.refusal ||= str(delta['refusal']) !== '';
    for (const piece of items(delta['tool_calls'])) {
      const at = typeof piece['index'] === 'number' ? num(piece['index']) : calls.size;
      const call = calls.get(at) ?? { id: '', name: '', args: '' };
      calls.set(at, {
        id: call.id || str(piece['id']),
        name: call.name + str(node(piece, 'function')['name']),
        args: call.args + str(node(piece, 'function')['arguments']),
      });
    }
    if (choice?.['finish_reason']) said.finish = str(choice['finish_reason']);
    if (chunk['usage']) openaiUsage(said, node(chunk, 'usage'));
  }
  said.calls = [...calls.values()].map((call) => ({ id: call.id, name: call.name, input: input(call.args) }));
  return said;
}

const finishWords: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

function anthropicUsage(said: Said, usage: Node): void {
  said.tokensCached = num(usage['cache_read_input_tokens']);
  said.tokensIn = num(usage['input_tokens']) + said.tokensCached + num(usage['cache_creation_input_tokens']);
  said.tokensOut = num(usage['output_tokens']);
}

function takeBlocks(said: Said, blocks: Items): void {
  for (const block of blocks) {
    if (str(block['type']) === 'text') said.text += str(block['text']);
    if (str(block['type']) === 'thinking') said.reasoning += str(block['thinking']);
    if (str(block['type']) === 'tool_use') said.calls.push({ id: str(block['id']), name: str(block['name']), input: block['input'] });
  }
}

export function anthropicWhole(source: string): Said {
  const body = parse(source);
  const said = nothing();
  takeBlocks(said, items(body['content']));
  said.refusal = str(body['stop_reason']) === 'refusal';
  said.finish = finishWords[str(body['stop_reason'])] ?? '';
  anthropicUsage(said, node(body, 'usage'));
  return said;
}

export function anthropicStream(lines: readonly string[]): Said {
  const said = nothing();
  const blocks = new Map<number, Record<string, unknown>>();
  const usage: Record<string, unknown> = {};
  for (const line of lines) {
    const event = parse(line);
    const index = num(event['index']);
    const delta = node(event, 'delta');
    if (str(event['type']) === 'content_block_start') blocks.set(index, { ...node(event, 'content_block'), json: '' });
    const block = blocks.get(index);
    if (str(event['type']) === 'content_block_delta' && block) {
      for (const key of ['text', 'thinking']) if (delta[key] !== undefined) block[key] = str(block[key]) + str(delta[key]);
      block['json'] = str(block['json']) + str(delta['partial_json']);
    }
    const stop = str(delta['stop_reason']);
    if (stop !== '') {
      said.finish = finishWords[stop] ?? '';
      said.refusal = stop === 'refusal';
    }
    for (const [key, value] of Object.entries(event['usage'] === undefined ? node(node(event, 'message'), 'usage') : node(event, 'usage')))
      if (value !== null) usage[key] = value;
  }
  const whole: Items = [...blocks.values()].map((block): Node => ({
    ...block,
    input: block['json'] === '' ? (block['input'] ?? {}) : input(str(block['json'])),
  }));
  takeBlocks(said, whole);
  anthropicUsage(said, usage);
  return said;
}

const googleFinishes: Readonly<Record<string, string>> = {
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  LANGUAGE: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
};

/** The answers of this wire have one shape, whole or in pieces: a stream is many of them, one after the other. */
export function geminiStream(lines: readonly string[]): Said {
  const said = nothing();
  let answer = '';
  for (const line of lines) {
    const body = parse(line);
    answer ||= str(body['responseId']);
    const candidate = items(body['candidates']).find((one) => num(one['index']) === 0);
    for (const part of items(node(candidate, 'content')['parts'])) {
      if (part['thought'] === true) said.reasoning += str(part['text']);
      else said.text += str(part['text']);
      const call = part['functionCall'] === undefined ? null : node(part, 'functionCall');
      const id = str(call?.['id']) || `call_${answer.slice(-24)}_0_${said.calls.length}`;
      if (call) said.calls.push({ id, name: str(call['name']), input: call['args'] ?? {} });
    }
    const reason = str(candidate?.['finishReason']);
    if (reason !== '') said.finish = googleFinishes[reason] ?? (said.calls.length > 0 ? 'tool_calls' : 'stop');
    if (str(node(body, 'promptFeedback')['blockReason']) !== '') said.finish = 'content_filter';
    const usage = node(body, 'usageMetadata');
    if (body['usageMetadata'] !== undefined) {
      said.tokensIn = num(usage['promptTokenCount']) + num(usage['toolUsePromptTokenCount']);
      said.tokensOut = num(usage['candidatesTokenCount']) + num(usage['thoughtsTokenCount']);
      said.tokensCached = num(usage['cachedContentTokenCount']);
    }
  }
  said.refusal = said.finish === 'content_filter';
  return said;
}

export const geminiWhole = (source: string): Said => geminiStream([source]);
