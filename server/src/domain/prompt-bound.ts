/** How many tokens a prompt can come to at most, known before anybody has counted them. */
import type { ChatRequest } from './chat.ts';

/** OpenAI's dearest way to count one picture is 48,169 tokens: eight tiles for gpt-4o-mini at high detail (its vision guide). */
const tokensPerImageMax = 50_000;
/** Files, audio and video may fill what the model holds; this is the largest window in use where the model's own is not known. */
const windowMax = 1_050_000;

/** Parts whose tokens are in the bytes of the request, by the names that the wires have for them. */
const textParts: ReadonlySet<unknown> = new Set([
  'text',
  'refusal',
  'thinking',
  'redacted_thinking',
  'input_text',
  'output_text',
  'summary_text',
  'reasoning_text',
  'tool_use',
  'server_tool_use',
  'mcp_tool_use',
]);
const imageParts: ReadonlySet<unknown> = new Set(['image_url', 'image', 'input_image']);
/** Parts that hold parts. */
const holdingParts: ReadonlySet<unknown> = new Set(['tool_result', 'mcp_tool_result', 'search_result']);
/** Nobody's tools answer with results of results; what is deeper is not looked into, and counts as what cannot be seen. */
const partsDepthMax = 4;

/** Items of a conversation that are text, or hold parts in one of these members. Every other kind points at something, or packs it. */
const textItems: ReadonlySet<unknown> = new Set([
  'function_call',
  'custom_tool_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
]);
const resultItems = /^(function|custom_tool|local_shell|shell|apply_patch)_call_output$/;
/** Members by which a part without a type of its own says what it is, where that is not text. */
const mediaMembers = ['fileData', 'inlineData', 'document', 'video', 'audio', 'pdf', 'file'];
const imageMembers = ['image', 'image_url'];

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const sumOf = (values: readonly unknown[], weigh: (value: unknown) => number): number =>
  values.reduce<number>((sum, value) => sum + weigh(value), 0);

function unseenInPart(part: unknown, window: number, depth = 0): number {
  if (typeof part === 'string') return 0;
  if (!isFields(part) || depth > partsDepthMax) return window;
  const { type } = part;
  if (textParts.has(type)) return 0;
  if (imageParts.has(type)) return tokensPerImageMax;
  if (holdingParts.has(type)) return unseenInParts(part['content'], window, depth + 1);
  const { source } = part;
  if (type !== 'document' || !isFields(source)) return window;
  if (source['type'] === 'text') return 0;
  return source['type'] === 'content' ? unseenInParts(source['content'], window, depth + 1) : window;
}

const unseenInParts = (content: unknown, window: number, depth = 0): number =>
  sumOf(listOf(content), (part) => unseenInPart(part, window, depth));

/** What a provider gave with an earlier answer, and gets back as it was. Not every vendor gives its parts a type. */
function unseenInBlock(block: unknown, window: number): number {
  if (!isFields(block) || block['type'] !== undefined) return unseenInPart(block, window);
  const has = (name: string): boolean => block[name] !== undefined;
  return mediaMembers.some(has) ? window : imageMembers.some(has) ? tokensPerImageMax : 0;
}

/** A message, or an item of a conversation that is kept as items. */
function unseenInMessage(message: unknown, window: number): number {
  if (!isFields(message)) return 0;
  const { type, patchbay } = message;
  if (textItems.has(type)) return 0;
  if (typeof type === 'string' && resultItems.test(type)) return unseenInParts(message['output'], window);
  // A thought that is only named lies with its provider.
  if (type === 'reasoning') return message['encrypted_content'] ? 0 : window;
  if (type !== undefined && type !== null && type !== 'message') return window;
  const kept = isFields(patchbay) ? patchbay : {};
  return (
    unseenInParts(message['content'], window) +
    sumOf(listOf(kept['blocks']), (block) => unseenInBlock(block, window)) +
    sumOf(listOf(kept['items']), (item) => unseenInMessage(item, window)) +
    // What the model said aloud in an earlier turn is named by an id.
    (isFields(message['audio']) ? window : 0)
  );
}

export interface Unseen {
  /** Another list of messages or items, where the body has them in words of its own. */
  items?: unknown;
  /** Tokens that the vendor adds on its own, as far as they are known. */
  addedTokens?: number;
  /** Something is asked for that may fill the window: what a vendor looks up, or keeps under a name. */
  fillsWindow?: boolean;
}

/**
 * An upper bound: a token is at least one byte of the body, but what a part only points at, or packs, may be many more.
 * Those are bounded by the model's window, because a provider refuses what does not fit into it. `bodyBytes` are those that are sent.
 */
export function promptTokensMax(
  bodyBytes: number,
  { messages }: Pick<ChatRequest, 'messages'>,
  contextWindow: number | null,
  { items, addedTokens = 0, fillsWindow = false }: Unseen = {},
): number {
  const window = contextWindow ?? windowMax;
  const weigh = (message: unknown): number => unseenInMessage(message, window);
  // Both tell the same conversation, so that the larger of the two counts.
  const unseen = Math.max(sumOf(listOf(messages), weigh), sumOf(listOf(items), weigh));
  return bodyBytes + addedTokens + (fillsWindow ? window : Math.min(unseen, window));
}

/** The same for inputs that are no conversation: texts and numbers are in the bytes, a picture behind an address is not. */
export const inputTokensMax = (bodyBytes: number, inputs: readonly unknown[], contextWindow: number | null): number => {
  const window = contextWindow ?? windowMax;
  const weigh = (input: unknown): number =>
    isFields(input) ? unseenInParts(input['content'], window) + (input['content'] === undefined ? unseenInBlock(input, window) : 0) : 0;
  // Each input has a window of its own.
  return bodyBytes + sumOf(inputs, weigh);
};
