/** AWS's Converse answer in the house's language, and the blocks that whole answers and streams have in common. */
import type { ChatMessage, ChatResponse, ChatUsage, FinishReason, ToolCall } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import { callIdOf } from '../content.ts';
import type { Moment } from '../protocol.ts';
import { isRecord, list, member, text, type Json } from '../shape.ts';
import { usageOfCountsApart } from '../usage.ts';
import { annotationOf, pageOfConverse, sourcesMax } from '../sources.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import type { Part } from './wire.ts';

/** A block in Claude's own words: its signatures hold there too, so that a conversation may go on at either. */
export interface Block extends Json {
  type: string;
}

const finishWords: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  content_filtered: 'content_filter',
  guardrail_intervened: 'content_filter',
  refusal: 'content_filter',
};

/** Reasons that the house's words tell completely; every other one travels in the extension. */
const toldApart: ReadonlySet<string> = new Set(['end_turn', 'max_tokens', 'tool_use']);

/** The house's word for a stop reason; one that nobody knows still means that the answer ended. */
export function finishOf(reason: string, calls: number): FinishReason {
  const finish = Object.hasOwn(finishWords, reason) ? (finishWords[reason] ?? 'stop') : 'stop';
  return finish === 'stop' && calls > 0 && reason === 'end_turn' ? 'tool_calls' : finish;
}

export const refusalOf = (reason: string): string => `The provider withheld this answer: ${reason}.`;

/** Prompt tokens are the total: this wire counts cached ones apart. Null where the counts are no counts. */
export function chatUsageOf(usage: unknown): ChatUsage | null {
  if (!isRecord(usage) || usage['inputTokens'] === undefined || usage['outputTokens'] === undefined) return null;
  const count = (key: string): number => {
    const value = usage[key] ?? 0;
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : Number.NaN;
  };
  const read = count('cacheReadInputTokens');
  const written = count('cacheWriteInputTokens');
  const fresh = count('inputTokens');
  const out = count('outputTokens');
  if (Number.isNaN(fresh + read + written + out)) return null;
  // Writes by how long they stay, where there were any (docs.aws.amazon.com, API_runtime_CacheDetail).
  const hourly = list(usage['cacheDetails']).find((detail) => member(detail, 'ttl') === '1h');
  return usageOfCountsApart({ fresh, read, written, forAnHour: member(hourly, 'inputTokens'), out });
}

/** One part as a block; null for one that the house has no word for, which is kept as it came. */
export function blockOf(part: Part): Block | null {
  const reasoning = part['reasoningContent'];
  if (isRecord(reasoning)) {
    if (reasoning['redactedContent'] !== undefined) return { type: 'redacted_thinking', data: reasoning['redactedContent'] };
    const said = reasoning['reasoningText'];
    const signature = text(member(said, 'signature'));
    return { type: 'thinking', thinking: text(member(said, 'text')) ?? '', ...(signature !== undefined && { signature }) };
  }
  const use = part['toolUse'];
  if (isRecord(use))
    return { type: 'tool_use', id: text(use['toolUseId']) ?? '', name: text(use['name']) ?? '', input: use['input'] ?? {} };
  const cited = part['citationsContent'];
  if (isRecord(cited))
    return {
      type: 'text',
      text: list(cited['content'])
        .map((piece) => text(member(piece, 'text')) ?? '')
        .join(''),
    };
  return typeof part['text'] === 'string' ? { type: 'text', text: part['text'] } : null;
}

const textsOf = (blocks: readonly Block[], type: string, key: string): string =>
  blocks
    .filter((block) => block.type === type)
    .map((block) => text(block[key]) ?? '')
    .join('');

/** What the house's language cannot say of an answer; undefined where it says everything. `kept` are parts that became no block, or lost something. */
export function extensionOf(blocks: readonly Block[], kept: readonly Part[], reason: string, details: unknown): Json | undefined {
  const hasThoughts = blocks.some((block) => block.type === 'thinking' || block.type === 'redacted_thinking');
  const extension: Json = {
    ...(hasThoughts && { blocks: [...blocks] }),
    ...(kept.length > 0 && { parts: [...kept] }),
    ...(reason !== '' && !toldApart.has(reason) && { stop_reason: reason }),
    ...(details !== undefined && details !== null && !toldApart.has(reason) && { stop_details: details }),
  };
  return Object.keys(extension).length > 0 ? extension : undefined;
}

function callsOf(blocks: readonly Block[], answerId: string): ToolCall[] {
  return blocks
    .filter((block) => block.type === 'tool_use')
    .map((block, at) => ({
      id: callIdOf(block['id'], answerId, at),
      type: 'function',
      function: { name: text(block['name']) ?? '', arguments: JSON.stringify(block['input'] ?? {}) },
    }));
}

/** The pages that its parts name, at their places in all that is said. */
function sourcesOf(parts: readonly Part[]): Json[] {
  let said = 0;
  return parts.flatMap((part) => {
    const block = blockOf(part);
    const place = { start: said, end: said + (block?.type === 'text' ? (text(block['text']) ?? '').length : 0) };
    said = place.end;
    const pages = list(member(part['citationsContent'], 'citations')).slice(0, sourcesMax).map(pageOfConverse);
    return pages.filter((page) => page !== null).map((page) => annotationOf(page, place));
  });
}

export const isKeptApart = (part: Part): boolean => blockOf(part) === null || part['citationsContent'] !== undefined;

/**
 * The house's answer. Throws UpstreamFailure: the error's own fault for an error in a 200, `invalid_response` for a body that is
 * no answer of this wire. It names neither the answer nor its model, so both are what was asked.
 */
export function fromConverseResponse(body: unknown, model: string, moment: Moment): ChatResponse {
  if (!isRecord(body)) throw new UpstreamFailure('invalid_response', 'the answer is no JSON object');
  if (isErrorBody(body)) throw failureOf(body);
  const content = member(member(body['output'], 'message'), 'content');
  const reason = text(body['stopReason']) ?? '';
  if (!Array.isArray(content) || reason === '') throw new UpstreamFailure('invalid_response', 'the answer has no message, or no end');
  const parts = list(content).filter(isRecord);
  const blocks = parts.flatMap((part) => blockOf(part) ?? []);
  const calls = callsOf(blocks, moment.id);
  const finish = finishOf(reason, calls.length);
  const said = textsOf(blocks, 'text', 'text');
  const thought = textsOf(blocks, 'thinking', 'thinking');
  const annotations = sourcesOf(parts);
  const patchbay = extensionOf(blocks, parts.filter(isKeptApart), reason, body['additionalModelResponseFields']);
  const isBlocked = finish === 'content_filter';
  const message: ChatMessage = {
    role: 'assistant',
    content: said === '' && (calls.length > 0 || isBlocked) ? null : said,
    ...(isBlocked && { refusal: refusalOf(reason) }),
    ...(thought !== '' && { reasoning_content: thought }),
    ...(annotations.length > 0 && { annotations }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(patchbay && { patchbay }),
  };
  return {
    id: moment.id,
    object: 'chat.completion',
    created: moment.createdS,
    model,
    choices: [{ index: 0, message, finish_reason: finish }],
    usage: chatUsageOf(body['usage']),
  };
}
