/** How many tokens a prompt can come to at most, known before anybody has counted them. */
import type { ChatRequest } from './chat.ts';

/** OpenAI's dearest way to count one picture is 48,169 tokens: eight tiles for gpt-4o-mini at high detail (its vision guide). */
const tokensPerImageMax = 50_000;
/** Files, audio and video may fill what the model holds; this is the largest window in use where the model's own is not known. */
const windowMax = 1_050_000;

/** Parts whose tokens are in the bytes of the request. */
const textParts: ReadonlySet<unknown> = new Set(['text', 'refusal', 'thinking']);

/**
 * An upper bound: a token is at least one byte of the body, but what a part only points at, or packs, may be many more.
 * Those are bounded by the model's window, because a provider refuses what does not fit into it.
 */
export function promptTokensMax(bodyBytes: number, { messages }: Pick<ChatRequest, 'messages'>, contextWindow: number | null): number {
  const window = contextWindow ?? windowMax;
  let unseen = 0;
  for (const message of Array.isArray(messages) ? (messages as unknown[]) : []) {
    const content = (message as { content?: unknown } | null)?.content;
    if (!Array.isArray(content)) continue;
    for (const part of content as unknown[]) {
      const type = (part as { type?: unknown } | null)?.type;
      if (!textParts.has(type)) unseen += type === 'image_url' ? tokensPerImageMax : window;
    }
  }
  return bodyBytes + Math.min(unseen, window);
}
