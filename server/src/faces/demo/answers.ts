/** What the demo provider says: text, calls and counts that follow from the request alone, so that anybody can check them. */
import type { ChatChunk, ChatResponse, ChatUsage, ToolCall } from '../../domain/chat.ts';

/** Every answer is labelled with it: nobody shall take a demo for a model. */
export const demoFingerprint = 'patchbay-demo';

export const demoModels = [
  'demo-small',
  'demo-large',
  'demo-fail-401',
  'demo-fail-429',
  'demo-fail-500',
  'demo-fail-timeout',
  'demo-fail-midstream',
] as const;
export type DemoModel = (typeof demoModels)[number];

/** Longest part of the question that an answer repeats. */
const echoCharsMax = 400;

/** Longest answer in words, by model. */
const wordsMaxOf = (model: DemoModel): number => (model === 'demo-large' ? 400 : 120);

export interface DemoOrder {
  model: DemoModel;
  question: string;
  /** Characters of all messages, for the count of prompt tokens. */
  promptChars: number;
  /** The first tool's name and parameters where the question asks for one; null elsewhere. */
  tool: { name: string; parameters: unknown } | null;
  outputTokensMax: number | null;
}

export interface DemoAnswer {
  words: string[];
  call: ToolCall | null;
  finish: 'stop' | 'length' | 'tool_calls';
  usage: ChatUsage;
}

/** Four characters are one token here, rounded up: close to the truth for English, and checkable with a pencil. */
export const demoTokens = (chars: number): number => Math.ceil(chars / 4);

/** FNV-1a, 32 bits: a number that follows from the text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

const openings = ['Here is the demo answer.', 'The demo provider read your message.', 'This answer comes from the demo provider.'] as const;
const closing = 'Connect a real provider to get real answers.';

function wordsOf(order: DemoOrder): string[] {
  const opening = openings[hashOf(order.question) % openings.length] ?? openings[0];
  const echo = order.question.slice(0, echoCharsMax).trim();
  const middle = echo === '' ? 'You sent no text.' : `You wrote: ${echo}`;
  const detail =
    order.model === 'demo-large' ? ` It has ${order.question.length} characters and the number ${hashOf(order.question)}.` : '';
  return `${opening} ${middle}${detail} ${closing}`.split(/(?<=\s)/).slice(0, wordsMaxOf(order.model));
}

const typeOf = (schema: unknown): unknown => (typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : 'string');

/** Arguments that fit a tool's parameters as far as a demo can: the question for texts, 1 for numbers. */
function argumentsOf(parameters: unknown, question: string): string {
  const given: Record<string, unknown> = {};
  const properties = typeof parameters === 'object' && parameters !== null && 'properties' in parameters ? parameters.properties : null;
  const named: [string, unknown][] = Object.entries(typeof properties === 'object' && properties !== null ? properties : {});
  for (const [name, schema] of named) {
    const type = typeOf(schema);
    if (type === 'string') given[name] = question.slice(0, echoCharsMax);
    else if (type === 'number' || type === 'integer') given[name] = 1;
    else if (type === 'boolean') given[name] = true;
    else if (type === 'array') given[name] = [];
    else given[name] = {};
  }
  return JSON.stringify(given);
}

function usageOf(order: DemoOrder, outputChars: number): ChatUsage {
  const prompt = demoTokens(order.promptChars);
  const completion = demoTokens(outputChars);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** The answer to an order. The same order gets the same answer for ever. */
export function demoAnswer(order: DemoOrder): DemoAnswer {
  if (order.tool) {
    const args = argumentsOf(order.tool.parameters, order.question);
    const call: ToolCall = {
      id: `call_demo_${hashOf(args).toString(16)}`,
      type: 'function',
      function: { name: order.tool.name, arguments: args },
    };
    return { words: [], call, finish: 'tool_calls', usage: usageOf(order, order.tool.name.length + args.length) };
  }
  const all = wordsOf(order);
  const words: string[] = [];
  let chars = 0;
  for (const word of all) {
    if (order.outputTokensMax !== null && demoTokens(chars + word.length) > order.outputTokensMax)
      return { words, call: null, finish: 'length', usage: usageOf(order, chars) };
    words.push(word);
    chars += word.length;
  }
  return { words, call: null, finish: 'stop', usage: usageOf(order, chars) };
}

export interface DemoHead {
  id: string;
  created: number;
  model: string;
}

export function wholeOf(head: DemoHead, answer: DemoAnswer): ChatResponse {
  const message = {
    role: 'assistant' as const,
    content: answer.call ? null : answer.words.join(''),
    ...(answer.call && { tool_calls: [answer.call] }),
  };
  return {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: answer.finish, logprobs: null }],
    usage: answer.usage,
    system_fingerprint: demoFingerprint,
  };
}

/** A few words a chunk, then the end, then the usage where it was asked for. */
export function chunksOf(head: DemoHead, answer: DemoAnswer, wantsUsage: boolean): ChatChunk[] {
  const wordsPerChunk = 3;
  const base = { ...head, object: 'chat.completion.chunk' as const, system_fingerprint: demoFingerprint };
  const chunk = (delta: ChatChunk['choices'][number]['delta'], finish: DemoAnswer['finish'] | null = null): ChatChunk => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(wantsUsage && { usage: null }),
  });
  const chunks = [chunk({ role: 'assistant', content: answer.call ? null : '' })];
  for (let at = 0; at < answer.words.length; at += wordsPerChunk)
    chunks.push(chunk({ content: answer.words.slice(at, at + wordsPerChunk).join('') }));
  if (answer.call) {
    const { name, arguments: args } = answer.call.function;
    const half = Math.ceil(args.length / 2);
    chunks.push(chunk({ tool_calls: [{ index: 0, id: answer.call.id, type: 'function', function: { name, arguments: '' } }] }));
    for (const piece of [args.slice(0, half), args.slice(half)])
      if (piece !== '') chunks.push(chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
  }
  chunks.push(chunk({}, answer.finish));
  if (wantsUsage) chunks.push({ ...base, choices: [], usage: answer.usage });
  return chunks;
}
