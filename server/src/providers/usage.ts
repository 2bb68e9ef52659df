/** Tokens as providers report them, read with distrust: whatever is no count is null, and the house then estimates (D10). */
import type { ChatUsage } from '../domain/chat.ts';
import type { TokenUsage } from '../domain/ledger.ts';
import { isRecord, member, type Json } from './shape.ts';

/** No answer has more tokens than this; a larger number is a fault of the provider. */
export const tokensMax = 100_000_000;

const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= tokensMax ? value : null;

const firstCount = (...values: readonly unknown[]): number => {
  for (const value of values) {
    const tokens = count(value);
    if (tokens !== null) return tokens;
  }
  return 0;
};

/** What the completion count leaves out: some vendors report thinking apart and add it to the total alone (xAI, Google). */
function uncountedOf(usage: Json, tokensIn: number, completion: number): number {
  const total = count(usage['total_tokens']);
  return total === null ? 0 : Math.max(0, total - tokensIn - completion);
}

/** Words for the tier that everybody is served by; `auto` is what was asked for and not what was given. */
const standardTiers: ReadonlySet<unknown> = new Set(['', 'auto', 'default', 'standard', 'on_demand']);
const tierCharsMax = 40;

/** The tier that served an answer where it is another than the standard one: its tokens have another price. */
export const serviceTierOf = (tier: unknown): string | undefined =>
  typeof tier === 'string' && !standardTiers.has(tier) ? tier.slice(0, tierCharsMax) : undefined;

/** How much of the web was searched decides Perplexity's price of a request (docs.perplexity.ai/getting-started/pricing): a tier of its own. */
function searchTierOf(usage: Json): string | undefined {
  const size = usage['search_context_size'];
  return typeof size === 'string' && size !== '' ? `search_${size}` : undefined;
}

/** Of the tokens written to a cache, those that stay for an hour: the house's word, and the one of gateways in front of Claude. */
const writtenForAnHour = (details: unknown): number =>
  firstCount(
    member(details, 'cache_write_1h_tokens'),
    member(member(details, 'cache_creation_token_details'), 'ephemeral_1h_input_tokens'),
  );

/**
 * Usage from an answer or a chunk in the house's language. Null where the prompt or the completion count is missing,
 * negative, fractional, not a number or absurd. Details that contradict the totals are cut to them. `tier` is what the answer says
 * beside its usage of the tier that served it.
 */
export function usageOf(usage: unknown, tier?: unknown): TokenUsage | null {
  if (!isRecord(usage)) return null;
  const tokensIn = count(usage['prompt_tokens'] ?? usage['input_tokens']);
  if (tokensIn === null) return null;
  const said = usage['completion_tokens'] ?? usage['output_tokens'];
  // Embeddings have no completion: prompt and total alone, and equal.
  const completion = said === undefined && usage['total_tokens'] === tokensIn ? 0 : count(said);
  if (completion === null) return null;
  const uncounted = uncountedOf(usage, tokensIn, completion);
  const tokensOut = completion + uncounted;
  const promptDetails = usage['prompt_tokens_details'] ?? usage['input_tokens_details'] ?? usage['input_token_details'];
  const completionDetails = usage['completion_tokens_details'] ?? usage['output_tokens_details'];
  const tokensCached = Math.min(
    tokensIn,
    firstCount(member(promptDetails, 'cached_tokens'), usage['prompt_cache_hit_tokens'], usage['cached_tokens']),
  );
  const written = firstCount(
    member(promptDetails, 'cache_write_tokens'),
    member(promptDetails, 'cache_creation_tokens'),
    // www.alibabacloud.com/help/en/model-studio/context-cache, explicit cache: part of the prompt's tokens, as the cached ones are.
    member(promptDetails, 'cache_creation_input_tokens'),
  );
  const tokensCacheWrite = Math.min(tokensIn - tokensCached, written);
  const forAnHour = tokensCacheWrite === 0 ? 0 : Math.min(tokensCacheWrite, writtenForAnHour(promptDetails));
  const heard = Math.min(tokensIn, firstCount(member(promptDetails, 'audio_tokens')));
  // Cached sound is told apart in the words of the Realtime API alone, and by us, for whom Google tells it.
  const heardAgain = Math.min(heard, tokensCached, firstCount(member(member(promptDetails, 'cached_tokens_details'), 'audio_tokens')));
  const spoken = Math.min(tokensOut, firstCount(member(completionDetails, 'audio_tokens')));
  const serviceTier = serviceTierOf(tier ?? usage['service_tier'] ?? searchTierOf(usage));
  const reasoning = Math.max(uncounted, firstCount(member(completionDetails, 'reasoning_tokens')));
  return {
    tokensIn,
    tokensOut,
    tokensCached,
    tokensCacheWrite,
    tokensReasoning: Math.min(tokensOut, reasoning),
    isEstimated: false,
    ...(forAnHour > 0 && { tokensCacheWriteHour: forAnHour }),
    ...(heard > 0 && { tokensAudioIn: heard }),
    ...(spoken > 0 && { tokensAudioOut: spoken }),
    ...(heardAgain > 0 && { tokensAudioCached: heardAgain }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
}

/** Counts of a wire that tells cached tokens apart from the prompt's others. */
export interface CountsApart {
  fresh: number;
  read: number;
  written: number;
  /** Of those written, the ones that stay for an hour, as the vendor put it: what is no number counts for nothing. */
  forAnHour: unknown;
  out: number;
}

/** The house's usage of such counts: its prompt tokens are the total, cached ones included. */
export function usageOfCountsApart({ fresh, read, written, forAnHour, out }: CountsApart): ChatUsage {
  const prompt = fresh + read + written;
  return {
    prompt_tokens: prompt,
    completion_tokens: out,
    total_tokens: prompt + out,
    prompt_tokens_details: {
      cached_tokens: read,
      cache_write_tokens: written,
      ...(typeof forAnHour === 'number' && forAnHour > 0 && { cache_write_1h_tokens: forAnHour }),
    },
  };
}
