/** The most that a request can use, known before it is sent: what is set aside for it under a budget. */
import { promptTokensMax } from '../domain/prompt-bound.ts';
import { memberValue } from '../lib/json-scan.ts';
import { withDefaults } from '../providers/defaults.ts';
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

/** Null where nobody can tell before: pictures and sound. */
export function boundOf({ request }: Order, target: Target): Bound | null {
  const { operation } = request;
  if (operation === undefined) return chatBound(request, target);
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

function chatBound(request: Order['request'], target: Target): Bound {
  // With what the connection adds: its own limit makes the answer shorter, its own `n` makes more of them.
  const body = withDefaults(request.parsed(), target).request;
  const choices = typeof body['n'] === 'number' && body['n'] > 1 ? Math.ceil(body['n']) : 1;
  const limit = modelLimitOf(target.model);
  const outputTokensMax = countOf(body.max_completion_tokens) ?? countOf(body.max_tokens) ?? limit.maxOutputTokens ?? outputTokensDefault;
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

/** Output cap for a budgeted key where neither the client nor the catalogue names one. */
const outputTokensDefault = 4_096;
