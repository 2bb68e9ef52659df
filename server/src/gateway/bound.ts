/** The most that a request can use, known before it is sent: what is set aside for it under a budget. */
import { promptTokensMax } from '../domain/prompt-bound.ts';
import { memberValue } from '../lib/json-scan.ts';
import { withDefaults } from '../providers/defaults.ts';
import { limitOf } from '../providers/limit-field.ts';
import { modelLimitOf } from '../providers/model-limits.ts';
import { isRecord, parseJson } from '../providers/shape.ts';
import { serviceTierOf } from '../providers/usage.ts';
import type { Order } from './order.ts';
import type { Target } from './plan.ts';

export interface Bound {
  promptTokens: number;
  /** Of all choices together. */
  outputTokens: number;
  /** What is sent upstream as the limit of one choice; null where nothing is said that could be limited. */
  outputTokensMax: number | null;
  /** The tier that is asked for; undefined where none is, which is the standard one. */
  serviceTier?: string;
}

/** Null where nobody can tell before: pictures and sound. `ceiling` bounds the answer to a request that names no maximum. */
export function boundOf({ request }: Order, target: Target, ceiling: number | null = null): Bound | null {
  const { operation } = request;
  if (operation === undefined) return chatBound(request, target, ceiling);
  const body = parseJson(request.bytes.toString('utf8'));
  const output = isRecord(body) ? operation.outputOf(body) : null;
  if (output === null) return null;
  const { tokensMax, times } = output;
  return {
    promptTokens: request.bytes.length,
    outputTokens: tokensMax * times,
    outputTokensMax: tokensMax > 0 ? tokensMax : null,
  };
}

function chatBound(request: Order['request'], target: Target, ceiling: number | null): Bound {
  // With what the connection adds: its own limit makes the answer shorter, its own `n` makes more of them.
  const body = withDefaults(request.parsed(), target).request;
  const choices = typeof body['n'] === 'number' && body['n'] > 1 ? Math.ceil(body['n']) : 1;
  const limit = modelLimitOf(target.model);
  const named = countOf(body.max_completion_tokens) ?? countOf(body.max_tokens);
  const outputTokensMax = named ?? Math.min(limit.maxOutputTokens ?? outputTokensDefault, ceiling ?? Infinity);
  return {
    promptTokens: promptTokensMax(request.bytes.length, body, limit.contextWindow),
    outputTokens: outputTokensMax * choices,
    outputTokensMax,
    serviceTier: serviceTierOf(body['service_tier']) ?? surchargeOf(request),
  };
}

/** Fields that raise the price of every token; what they cost is not in the price book. They count in whatever wire they came. */
const surcharges = ['speed', 'inference_geo'];

/** The name of a surcharge that is asked for, in the place of a tier. */
const surchargeOf = ({ bytes, scan }: Order['request']): string | undefined =>
  surcharges.find((name) => scan.members.has(name) && typeof memberValue(bytes, scan, name) === 'string');

/** A connection's free parameters may say anything; some servers take -1 for "without end". */
const countOf = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null);

/** Rough tokens of a prompt: four bytes each, as an estimate for rate windows only. */
export const promptTokensEstimate = (bytes: number): number => Math.ceil(bytes / 4);

export interface OutputAsked {
  /** Of prompt and answer, all choices of it together. */
  tokens: number;
  /** What is sent upstream as the limit of one choice, where the request names none; null where it names one or has no such thing. */
  outputTokensMax: number | null;
}

/**
 * Tokens that a request may come to in a window of a minute. An answer of which no length is named is reckoned with as long as its model
 * may make it, or as `ceiling` says, but never so long that an empty window of `windowTokens` could not hold the request.
 */
export function outputAskedOf(
  request: Order['request'],
  model: string | null,
  ceiling: number | null,
  windowTokens: number | null,
): OutputAsked {
  const { bytes, scan, operation, wire } = request;
  const promptTokens = promptTokensEstimate(bytes.length);
  // These few alone are read, and were checked to be counts: to parse all of a large body for them would be its greatest cost.
  const count = (key: string): number | null => (memberValue(bytes, scan, key) as number | null | undefined) ?? null;
  const limit = wire ? limitOf(request, wire.limitField) : null;
  const named = typeof limit === 'number' ? limit : (count('max_completion_tokens') ?? count('max_tokens'));
  const n = operation === undefined && scan.members.has('n') ? memberValue(bytes, scan, 'n') : 1;
  const choices = typeof n === 'number' && n > 1 ? Math.ceil(n) : 1;
  if (named !== null) return { tokens: promptTokens + named * choices, outputTokensMax: null };
  if (operation !== undefined) return { tokens: promptTokens, outputTokensMax: null };
  const longest = Math.min(modelLimitOf(model?.split('/').at(-1) ?? '').maxOutputTokens ?? outputTokensDefault, ceiling ?? Infinity);
  const room = windowTokens === null ? Infinity : Math.floor((windowTokens - promptTokens) / choices);
  const outputTokensMax = Math.max(1, Math.min(longest, room));
  return { tokens: promptTokens + outputTokensMax * choices, outputTokensMax };
}

/** Output cap for a budgeted key where neither the client nor the catalogue names one. */
const outputTokensDefault = 4_096;
