/** What the bytes of Ollama, AWS's Converse and OpenAI's Responses say, read in the plainest way and without a line of the product. */
import type { Said } from './oracle.ts';

type Node = Record<string, unknown>;

const parse = (source: string): Node => JSON.parse(source) as Node;
const items = (value: unknown): Node[] => (Array.isArray(value) ? (value as Node[]) : []);
const node = (value: unknown, key?: string): Node => {
  const inner = key === undefined ? value : (value as Node | undefined)?.[key];
  return typeof inner === 'object' && inner !== null ? (inner as Node) : {};
};
const str = (value: unknown): string => (typeof value === 'string' ? value : '');
const num = (value: unknown): number => (typeof value === 'number' ? value : 0);
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

/** The suite's answers have this id where their vendor gives none. */
const madeId = 'chatcmpl-test';

/** A whole answer of Ollama's is what its last line would be; a stream is many of them. */
export function ollamaStream(lines: readonly string[]): Said {
  const said = nothing();
  for (const line of lines) {
    const body = parse(line);
    const message = node(body, 'message');
    said.text += str(message['content']);
    said.reasoning += str(message['thinking']);
    for (const call of items(message['tool_calls'])) {
      const fn = node(call, 'function');
      said.calls.push({ id: str(call['id']) || `call_${madeId}_${said.calls.length}`, name: str(fn['name']), input: fn['arguments'] });
    }
    if (body['done'] !== true) continue;
    said.finish = body['done_reason'] === 'length' ? 'length' : said.calls.length > 0 ? 'tool_calls' : 'stop';
    said.tokensIn = num(body['prompt_eval_count']);
    said.tokensOut = num(body['eval_count']);
  }
  return said;
}

export const ollamaWhole = (source: string): Said => ollamaStream([source]);

const converseFinishes: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
};

function converseEnd(said: Said, reason: string): void {
  said.finish = converseFinishes[reason] ?? 'stop';
  said.refusal = said.finish === 'content_filter';
}

function converseUsage(said: Said, usage: Node): void {
  said.tokensCached = num(usage['cacheReadInputTokens']);
  said.tokensIn = num(usage['inputTokens']) + said.tokensCached + num(usage['cacheWriteInputTokens']);
  said.tokensOut = num(usage['outputTokens']);
}

export function bedrockWhole(source: string): Said {
  const body = parse(source);
  const said = nothing();
  for (const part of items(node(node(body, 'output'), 'message')['content'])) {
    said.text += str(part['text']);
    for (const piece of items(node(part, 'citationsContent')['content'])) said.text += str(piece['text']);
    said.reasoning += str(node(node(part, 'reasoningContent'), 'reasoningText')['text']);
    const use = node(part, 'toolUse');
    if (part['toolUse'] !== undefined) said.calls.push({ id: str(use['toolUseId']), name: str(use['name']), input: use['input'] });
  }
  converseEnd(said, str(body['stopReason']));
  converseUsage(said, node(body, 'usage'));
  return said;
}

export function bedrockStream(lines: readonly string[]): Said {
  const said = nothing();
  const calls = new Map<number, { id: string; name: string; args: string }>();
  for (const line of lines) {
    const body = parse(line);
    const delta = node(node(body, 'contentBlockDelta'), 'delta');
    said.text += str(delta['text']);
    said.reasoning += str(node(delta, 'reasoningContent')['text']);
    const opened = node(node(node(body, 'contentBlockStart'), 'start'), 'toolUse');
    if (str(opened['toolUseId']) !== '')
      calls.set(num(node(body, 'contentBlockStart')['contentBlockIndex']), {
        id: str(opened['toolUseId']),
        name: str(opened['name']),
        args: '',
      });
    const growing = calls.get(num(node(body, 'contentBlockDelta')['contentBlockIndex']));
    if (growing) growing.args += str(node(delta, 'toolUse')['input']);
    if (body['messageStop'] !== undefined) converseEnd(said, str(node(body, 'messageStop')['stopReason']));
    if (body['metadata'] !== undefined) converseUsage(said, node(node(body, 'metadata'), 'usage'));
  }
  said.calls = [...calls.values()].map(({ id, name, args }) => ({ id, name, input: args === '' ? {} : (JSON.parse(args) as unknown) }));
  return said;
}

export function responsesWhole(source: string): Said {
  const body = parse(source);
  const said = nothing();
  const thoughts: string[] = [];
  for (const item of items(body['output'])) {
    for (const part of items(item['content'])) {
      if (part['type'] === 'output_text') said.text += str(part['text']);
      said.refusal ||= part['type'] === 'refusal';
    }
    for (const part of items(item['summary'])) thoughts.push(str(part['text']));
    if (item['type'] === 'function_call')
      said.calls.push({ id: str(item['call_id']), name: str(item['name']), input: JSON.parse(str(item['arguments'])) as unknown });
    if (item['type'] === 'custom_tool_call')
      said.calls.push({ id: str(item['call_id']), name: str(item['name']), input: { input: str(item['input']) } });
  }
  said.reasoning = thoughts.filter((thought) => thought !== '').join('\n\n');
  const reason = str(node(body, 'incomplete_details')['reason']);
  said.finish = reason === 'content_filter' ? 'content_filter' : reason !== '' ? 'length' : said.calls.length > 0 ? 'tool_calls' : 'stop';
  const usage = node(body, 'usage');
  said.tokensIn = num(usage['input_tokens']);
  said.tokensOut = num(usage['output_tokens']);
  said.tokensCached = num(node(usage, 'input_tokens_details')['cached_tokens']);
  return said;
}

/** The end of a stream holds the whole answer. Its text is what the pieces say: some recordings leave pieces out and keep the end. */
export function responsesStream(lines: readonly string[]): Said {
  const events = lines.map(parse);
  const end = events.findIndex((event) => ['response.completed', 'response.incomplete'].includes(str(event['type'])));
  const said = responsesWhole(JSON.stringify(node(events[end], 'response')));
  const pieces = events.slice(0, end).filter((event) => event['type'] === 'response.output_text.delta');
  return pieces.length === 0 ? said : { ...said, text: pieces.map((event) => str(event['delta'])).join('') };
}
