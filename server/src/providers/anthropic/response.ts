/** Anthropic's whole answer in the house's language. */
import type { ChatMessage, ChatResponse, ChatUsage, FinishReason, ToolCall } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { Moment } from '../protocol.ts';
import { isRecord, member, text, type Json } from '../shape.ts';
import { annotationsOfBlock } from '../sources.ts';
import { serviceTierOf, usageOfCountsApart } from '../usage.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import { isPlain, jsonToolName, type Block } from './wire.ts';

const finishOf: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** The house's word for a stop reason; one that nobody knows still means that the answer ended. */
export function finishReasonOf(stopReason: unknown): FinishReason | null {
  if (typeof stopReason !== 'string' || stopReason === '') return null;
  return Object.hasOwn(finishOf, stopReason) ? (finishOf[stopReason] ?? 'stop') : 'stop';
}

/** Stop reasons that the house's five words do not tell apart; they travel in the extension. */
const toldApart: ReadonlySet<string> = new Set(['end_turn', 'max_tokens', 'tool_use']);

/** What the refusal says; the sentence is ours where the provider gives none. */
export const refusalText = (details: unknown): string =>
  text(member(details, 'explanation')) ?? 'The provider declined to answer this request.';

/** Prompt tokens are the total, cached ones included, as everywhere in the house. Null where the counts are no counts. */
export function chatUsageOf(usage: unknown): ChatUsage | null {
  if (!isRecord(usage)) return null;
  const number = (key: string): number | null => {
    const value = usage[key];
    if (value === undefined || value === null) return 0;
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
  };
  const fresh = number('input_tokens');
  const read = number('cache_read_input_tokens');
  const written = number('cache_creation_input_tokens');
  const out = number('output_tokens');
  if (fresh === null || read === null || written === null || out === null) return null;
  // Writes that stay for an hour are billed at another price; the parts stand beside the sum (platform.claude.com, prompt caching).
  const forAnHour = member(usage['cache_creation'], 'ephemeral_1h_input_tokens');
  // Fast answers are billed at a price of their own, whatever the tier (platform.claude.com, fast mode).
  const tier = serviceTierOf(usage['speed'] === 'fast' ? 'fast' : usage['service_tier']);
  const thinking = member(usage['output_tokens_details'], 'thinking_tokens');
  return {
    ...usageOfCountsApart({ fresh, read, written, forAnHour, out }),
    ...(tier !== undefined && { service_tier: tier }),
    ...(typeof thinking === 'number' && { completion_tokens_details: { reasoning_tokens: thinking } }),
  };
}

/** What stands beside an answer: the container that its tools ran in and that the next turn may name, and what was found or changed for it. */
const companions = ['container', 'diagnostics', 'context_management'] as const;

/** Those that a body, or a piece of one, names. */
export function companionsOf(said: unknown): Json {
  const found: Json = {};
  for (const name of companions) if (isRecord(member(said, name))) found[name] = member(said, name);
  return found;
}

/** What the house's language cannot say of an answer; undefined where it says everything. */
export function extensionOf(
  blocks: readonly Block[],
  end: { stopReason: unknown; stopSequence: unknown; details: unknown; beside: Json },
): Json | undefined {
  const hasMore = blocks.some((block) => !isPlain(block));
  const isUnclear = typeof end.stopReason === 'string' && !toldApart.has(end.stopReason);
  if (!hasMore && !isUnclear && Object.keys(end.beside).length === 0) return undefined;
  return {
    ...end.beside,
    ...(hasMore && { blocks }),
    ...(isUnclear && { stop_reason: end.stopReason }),
    ...(isUnclear && typeof end.stopSequence === 'string' && { stop_sequence: end.stopSequence }),
    ...(isUnclear && isRecord(end.details) && { stop_details: end.details }),
  };
}

function callsOf(blocks: readonly Block[]): ToolCall[] {
  return blocks
    .filter((block) => block.type === 'tool_use' && block['name'] !== jsonToolName)
    .map((block) => ({
      id: text(block['id']) ?? '',
      type: 'function',
      function: { name: text(block['name']) ?? '', arguments: JSON.stringify(block['input'] ?? {}) },
    }));
}

/** The text of an answer; the input of the JSON tool is text again. Null where nothing was said beside a call or a refusal. */
function contentOf(blocks: readonly Block[]): string | null {
  let said: string | null = null;
  for (const block of blocks) {
    if (block.type === 'text') said = (said ?? '') + (text(block['text']) ?? '');
    else if (block.type === 'tool_use' && block['name'] === jsonToolName) said = (said ?? '') + JSON.stringify(block['input'] ?? {});
  }
  return said;
}

/** The pages that its texts name, at their places in all that is said. */
function sourcesOf(blocks: readonly Block[]): Json[] {
  let said = 0;
  return blocks.flatMap((block) => {
    const start = said;
    said += contentOf([block])?.length ?? 0;
    return block.type === 'text' ? annotationsOfBlock(block, start) : [];
  });
}

const thoughtOf = (blocks: readonly Block[]): string =>
  blocks
    .filter((block) => block.type === 'thinking')
    .map((block) => text(block['thinking']) ?? '')
    .join('');

/** An answer through the JSON tool ends as a text does. */
export const finishOfAnswer = (stopReason: unknown, calls: number): FinishReason | null => {
  const finish = finishReasonOf(stopReason);
  return finish === 'tool_calls' && calls === 0 ? 'stop' : finish;
};

/**
 * The house's answer. Throws UpstreamFailure: the error's own fault for an error in a 200, `invalid_response` for a body
 * that is no message. An answer without a block is a legal one here and says the empty text.
 */
export function fromMessagesResponse(body: unknown, model: string, moment: Moment): ChatResponse {
  if (!isRecord(body)) throw new UpstreamFailure('invalid_response', 'the answer is no JSON object');
  if (isErrorBody(body)) throw failureOf(body);
  if (!Array.isArray(body['content'])) throw new UpstreamFailure('invalid_response', 'the answer has no content');
  const blocks = (body['content'] as unknown[]).filter((block): block is Block => isRecord(block) && typeof block['type'] === 'string');
  const calls = callsOf(blocks);
  const isRefusal = body['stop_reason'] === 'refusal';
  const content = contentOf(blocks);
  const thought = thoughtOf(blocks);
  const annotations = sourcesOf(blocks);
  const patchbay = extensionOf(blocks, {
    stopReason: body['stop_reason'],
    stopSequence: body['stop_sequence'],
    details: body['stop_details'],
    beside: companionsOf(body),
  });
  const message: ChatMessage = {
    role: 'assistant',
    content: content ?? (calls.length > 0 || isRefusal ? null : ''),
    ...(isRefusal && { refusal: refusalText(body['stop_details']) }),
    ...(thought !== '' && { reasoning_content: thought }),
    ...(annotations.length > 0 && { annotations }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(patchbay && { patchbay }),
  };
  return {
    id: text(body['id']) || moment.id,
    object: 'chat.completion',
    created: moment.createdS,
    model: text(body['model']) || model,
    choices: [{ index: 0, message, finish_reason: finishOfAnswer(body['stop_reason'], calls.length) }],
    usage: chatUsageOf(body['usage']),
  };
}
