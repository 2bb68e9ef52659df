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
  const input = whole(prices.input);
  const tokensIn = whole(usage.tokensIn);
  const cached = smaller(whole(usage.tokensCached), tokensIn);
  const cacheWrite = smaller(whole(usage.tokensCacheWrite), tokensIn - cached);
  const forAnHour = smaller(whole(usage.tokensCacheWriteHour), cacheWrite);
  const fresh = tokensIn - cached - cacheWrite;
  const heard = smaller(whole(usage.tokensAudioIn), fresh);
  const tokensOut = whole(usage.tokensOut);
  const spoken = smaller(whole(usage.tokensAudioOut), tokensOut);
  const output = whole(prices.output);
  const writePrice = prices.cacheWrite === undefined ? input : whole(prices.cacheWrite);
  const sum =
    (fresh - heard) * input +
    heard * (prices.audioInput === undefined ? input : whole(prices.audioInput)) +
    cached * (prices.cacheRead === undefined ? input : whole(prices.cacheRead)) +
    (cacheWrite - forAnHour) * writePrice +
    forAnHour * (prices.cacheWriteHour === undefined ? writePrice : whole(prices.cacheWriteHour)) +
    (tokensOut - spoken) * output +
    spoken * (prices.audioOutput === undefined ? output : whole(prices.audioOutput));
  return Number(smaller((sum + perMillion / 2n) / perMillion + whole(prices.perRequest), costNanoUsdMax));
}

/**
 * The most that an attempt can cost, in nano-dollars, rounded up: every prompt token at the dearest of the input prices and
 * the whole output cap. What is reserved before dispatch is never less than what is settled after it.
 */
export function reservationOf(promptTokensMax: number, outputTokensMax: number, prices: UnitPrices): number {
  const dearestWrite = larger(whole(prices.cacheWrite), whole(prices.cacheWriteHour));
  const dearestRead = larger(whole(prices.cacheRead), whole(prices.audioInput));
  const dearest = larger(whole(prices.input), larger(dearestRead, dearestWrite));
  const dearestOutput = larger(whole(prices.output), whole(prices.audioOutput));
  const sum = wholeBound(promptTokensMax) * dearest + wholeBound(outputTokensMax) * dearestOutput;
  return Number(smaller((sum + perMillion - 1n) / perMillion + whole(prices.perRequest), costNanoUsdMax));
}

/** What attempts cost together, in nano-dollars; null where one of them has no known cost: what is not known must not look like nothing. */
export const togetherOf = (first: number | null, second: number | null): number | null =>
  first === null || second === null ? null : first + second;
