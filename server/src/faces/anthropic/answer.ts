/** An answer of the house as a message of the Messages wire: blocks, the reason why it ended, and what it used. */
import type { ChatMessage, ChatResponse, ChatUsage, Extension } from '../../domain/chat.ts';
import { isRecord, list, member, parseExactly, text, type Json } from '../../providers/shape.ts';
import { usageOf as tokensOf } from '../../providers/usage.ts';
import { carry, carriedLead } from '../openai/carry.ts';

const stopReasons: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

/** Reasons of this wire that the house's five words do not tell apart; they come along in the extension where it was spoken. */
const ownReasons: ReadonlySet<unknown> = new Set(['stop_sequence', 'pause_turn', 'refusal', 'model_context_window_exceeded']);

export interface Ending {
  stop_reason: string;
  stop_sequence: string | null;
  stop_details: Json | null;
}

/**
 * Why the answer ended. Clients of this wire run a tool where that is the reason; others say a plain stop beside their calls, as OpenAI
 * does of a function that was forced.
 */
export function endingOf(finish: string | null, extension: Extension | undefined, hasCalls: boolean): Ending {
  const own = ownReasons.has(extension?.['stop_reason']) ? text(extension?.['stop_reason']) : undefined;
  const said = stopReasons[finish ?? 'stop'] ?? 'end_turn';
  const reason = own ?? (hasCalls && said === 'end_turn' ? 'tool_use' : said);
  const details = own !== undefined && isRecord(extension?.['stop_details']) ? extension['stop_details'] : null;
  return {
    stop_reason: reason,
    stop_sequence: own === undefined ? null : (text(extension?.['stop_sequence']) ?? null),
    stop_details: details ?? (reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null),
  };
}

/** Tokens as this wire counts them: those read from a cache, or written to one, are not among the input. */
export function usageOf(usage: ChatUsage | null | undefined, estimate: { in: number; out: number }): Json {
  // Vendors count differently under the same names; the books' own reading holds for the caller too.
  const read = tokensOf(usage);
  if (read === null) {
    return { input_tokens: estimate.in, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: estimate.out };
  }
  const forAnHour = read.tokensCacheWriteHour ?? 0;
  return {
    input_tokens: Math.max(0, read.tokensIn - read.tokensCached - read.tokensCacheWrite),
    cache_creation_input_tokens: read.tokensCacheWrite,
    cache_read_input_tokens: read.tokensCached,
    ...(forAnHour > 0 && {
      cache_creation: { ephemeral_5m_input_tokens: read.tokensCacheWrite - forAnHour, ephemeral_1h_input_tokens: forAnHour },
    }),
    output_tokens: read.tokensOut,
    ...(read.tokensReasoning > 0 && { output_tokens_details: { thinking_tokens: read.tokensReasoning } }),
  };
}

/** Characters per token where a provider gives no usage. */
export const charsPerToken = 4;

/** Blocks of this wire itself, as a provider of the same family gave them; null for another's. */
export function ownBlocks(extension: Extension | undefined): Json[] | null {
  const blocks = extension?.blocks;
  if (!Array.isArray(blocks) || blocks.length === 0) return null;
  return blocks.every((block) => isRecord(block) && ownTypes.test(text(block['type']) ?? '')) ? (blocks as Json[]) : null;
}

/** Blocks of an answer in this wire; the items of other wires are called otherwise. */
const ownTypes = /^(?:text|thinking|redacted_thinking|tool_use|(?:server|mcp)_tool_use|[a-z_]+_tool_result|container_upload|compaction)$/;

const inputOf = (args: string): Json => {
  const parsed = args.trim() === '' ? {} : parseExactly(args);
  return isRecord(parsed) ? parsed : { arguments: args };
};

/**
 * A source as this wire has it; null for one that it has no words for. The mark is one that a provider of this wire would refuse, so that a
 * body which brings it back is not passed on as it is.
 */
export function citationOf(annotation: unknown): Json | null {
  const cited = member(annotation, 'url_citation');
  const url = text(member(cited, 'url')) ?? '';
  if (member(annotation, 'type') !== 'url_citation' || url === '') return null;
  const title = text(member(cited, 'title')) || null;
  return { type: 'web_search_result_location', url, title, cited_text: '', encrypted_index: carriedLead };
}

/** The sources that a message, or a piece of one, names. */
export const citationsOf = (said: unknown): Json[] =>
  list(member(said, 'annotations'))
    .map(citationOf)
    .filter((citation) => citation !== null);

function blocksOf(message: ChatMessage): Json[] {
  const own = ownBlocks(message.patchbay);
  if (own) return own;
  const kept = carry(message.patchbay);
  const thought = message.reasoning_content ?? '';
  const blocks: Json[] = [];
  if (thought !== '') blocks.push({ type: 'thinking', thinking: thought, signature: kept ?? carriedLead });
  const citations = citationsOf(message);
  if (message.content || citations.length > 0)
    blocks.push({ type: 'text', text: message.content ?? '', citations: citations.length > 0 ? citations : null });
  // A refusal is a text of its own in this wire.
  if (message.refusal) blocks.push({ type: 'text', text: message.refusal, citations: null });
  for (const call of message.tool_calls ?? [])
    blocks.push({ type: 'tool_use', id: call.id, name: call.function.name, input: inputOf(call.function.arguments) });
  if (kept !== null && thought === '') blocks.push({ type: 'redacted_thinking', data: kept });
  return blocks;
}

/** The message. This wire has one answer: of several choices the first is told. */
export function messageOf(response: ChatResponse, tokensIn: number): Json {
  const choice = response.choices[0];
  const message: ChatMessage = choice?.message ?? { role: 'assistant', content: '' };
  const content = blocksOf(message);
  const chars = JSON.stringify(content).length;
  return {
    id: response.id,
    type: 'message',
    role: 'assistant',
    model: response.model,
    content,
    ...endingOf(choice?.finish_reason ?? null, message.patchbay, (message.tool_calls ?? []).length > 0),
    usage: usageOf(response.usage, { in: tokensIn, out: Math.ceil(chars / charsPerToken) }),
  };
}
