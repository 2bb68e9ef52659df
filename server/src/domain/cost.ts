/** What tokens cost: exact integer arithmetic, rounded once per attempt. */
import type { TokenUsage, UnitPrices } from './ledger.ts';

const perMillion = 1_000_000n;
/** Beyond this a number is no longer exact; nine million dollars for one attempt are a fault, not a price. */
const costNanoUsdMax = BigInt(Number.MAX_SAFE_INTEGER);

/** Counts and prices come from outside: whole, never negative, never NaN. */
const whole = (value: number | undefined): bigint =>
  value !== undefined && Number.isFinite(value) && value > 0 ? BigInt(Math.min(Math.trunc(value), Number.MAX_SAFE_INTEGER)) : 0n;

/** A bound that has no end, or is no number, is the highest there is: taken for nothing it would reserve nothing. */
const wholeBound = (value: number): bigint => whole(Number.isFinite(value) ? value : Number.MAX_SAFE_INTEGER);

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/**
 * Cost of one attempt in nano-dollars, rounded half up once (C-43, R-172).
 * `tokensIn` is the total: tokens read from or written to a cache are part of it and priced apart, the rest at `input`. Reasoning
 * tokens are part of `tokensOut`. Parts that exceed their total are cut to it, so that no vendor's slip makes a negative cost.
 */
export function costOf(usage: TokenUsage, prices: UnitPrices): number {
  const tokensIn = whole(usage.tokensIn);
  const cached = smaller(whole(usage.tokensCached), tokensIn);
  const cacheWrite = smaller(whole(usage.tokensCacheWrite), tokensIn - cached);
  const forAnHour = smaller(whole(usage.tokensCacheWriteHour), cacheWrite);
  const fresh = tokensIn - cached - cacheWrite;
  const input = whole(prices.input);
  const readPrice = prices.cacheRead === undefined ? input : whole(prices.cacheRead);
  // Most requests are silent, and every one is reckoned.
  const sound = usage.tokensAudioIn ? soundOf(usage, prices, { fresh, cached, input, readPrice }) : silence;
  const tokensOut = whole(usage.tokensOut);
  const spoken = smaller(whole(usage.tokensAudioOut), tokensOut);
  const output = whole(prices.output);
  const writePrice = prices.cacheWrite === undefined ? input : whole(prices.cacheWrite);
  const sum =
    (fresh - sound.heard) * input +
    (cached - sound.heardAgain) * readPrice +
    sound.cost +
    (cacheWrite - forAnHour) * writePrice +
    forAnHour * (prices.cacheWriteHour === undefined ? writePrice : whole(prices.cacheWriteHour)) +
    (tokensOut - spoken) * output +
    spoken * (prices.audioOutput === undefined ? output : whole(prices.audioOutput));
  return Number(smaller((sum + perMillion / 2n) / perMillion + whole(prices.perRequest), costNanoUsdMax));
}

/** Tokens of sound that went in, not cached and cached, and what they cost in millionths of a nano-dollar. */
interface Sound {
  heard: bigint;
  heardAgain: bigint;
  cost: bigint;
}
const silence: Sound = { heard: 0n, heardAgain: 0n, cost: 0n };

/**
 * Sound has prices of its own, heard anew and read from a cache. OpenAI's for cached sound is 0.40 dollars for a million with gpt-realtime
 * (heard anew 32), Google's 0.10 with Gemini 2.5 Flash (heard anew 1.00); the catalogue, @pydantic/genai-prices, names it
 * `cache_audio_read_mtok`. Where it names none, as for gpt-audio, of which OpenAI publishes no cached price at all
 * (developers.openai.com/api/docs/models/gpt-audio), cached sound is taken for heard anew: no vendor bills more than that.
 *
 * How much of the cached tokens is sound is told by Google and in OpenAI's Realtime API, and not in its chat completions. Where nobody
 * says, it is what costs the most of all that can be.
 */
function soundOf(
  { tokensAudioIn, tokensAudioCached }: TokenUsage,
  { audioInput, cacheAudioRead }: UnitPrices,
  { fresh, cached, input, readPrice }: { fresh: bigint; cached: bigint; input: bigint; readPrice: bigint },
): Sound {
  const heardPrice = audioInput === undefined ? input : whole(audioInput);
  // What has no price as sound is billed as any other token.
  const unnamedPrice = audioInput === undefined ? readPrice : heardPrice;
  const againPrice = cacheAudioRead === undefined ? unnamedPrice : whole(cacheAudioRead);
  const all = smaller(whole(tokensAudioIn), fresh + cached);
  const [least, most] = [larger(all - fresh, 0n), smaller(all, cached)];
  const told = whole(tokensAudioCached);
  const dearest = againPrice - readPrice > heardPrice - input ? most : least;
  const heardAgain = told > 0n ? larger(least, smaller(told, most)) : dearest;
  const heard = all - heardAgain;
  return { heard, heardAgain, cost: heard * heardPrice + heardAgain * againPrice };
}

/** The unit prices that are kept with an entry: those of cached sound only where there was sound, so that the others stay short. */
export function keptPrices({ tokensAudioIn }: TokenUsage, prices: UnitPrices): UnitPrices {
  if (prices.cacheAudioRead === undefined || tokensAudioIn) return prices;
  const { cacheAudioRead: _, ...silent } = prices;
  return silent;
}

/**
 * The most that an attempt can cost, in nano-dollars, rounded up: every prompt token at the dearest of the input prices and
 * the whole output cap. What is reserved before dispatch is never less than what is settled after it.
 */
export function reservationOf(promptTokensMax: number, outputTokensMax: number, prices: UnitPrices): number {
  const dearestWrite = larger(whole(prices.cacheWrite), whole(prices.cacheWriteHour));
  const dearestRead = larger(whole(prices.cacheRead), larger(whole(prices.audioInput), whole(prices.cacheAudioRead)));
  const dearest = larger(whole(prices.input), larger(dearestRead, dearestWrite));
  const dearestOutput = larger(whole(prices.output), whole(prices.audioOutput));
  const sum = wholeBound(promptTokensMax) * dearest + wholeBound(outputTokensMax) * dearestOutput;
  return Number(smaller((sum + perMillion - 1n) / perMillion + whole(prices.perRequest), costNanoUsdMax));
}

/** What attempts cost together, in nano-dollars; null where one of them has no known cost: what is not known must not look like nothing. */
export const togetherOf = (first: number | null, second: number | null): number | null =>
  first === null || second === null ? null : first + second;
