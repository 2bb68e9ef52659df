/** The most that a request can use, known before it is sent: what is set aside for it under a budget. */
import { reservationOf } from '../domain/cost.ts';
import type { UnitPrices } from '../domain/ledger.ts';
import { inputTokensMax, promptTokensMax } from '../domain/prompt-bound.ts';
import { memberValue } from '../lib/json-scan.ts';
import { choicesOf, product } from '../providers/choices.ts';
import { fieldsOf, withDefaults } from '../providers/defaults.ts';
import { limitOf } from '../providers/limit-field.ts';
import { modelLimitOf } from '../providers/model-limits.ts';
import { isRecord, parseJson } from '../providers/shape.ts';
import { inputsOf, unseenInputOf } from '../providers/unseen-input.ts';
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
  if (!isRecord(body)) return null;
  // Where a conversation says the same, the connection adds its own `n`; a limit of its own never comes before the one of this wire.
  const output = operation.outputOf(operation.isSaidByChat ? { n: fieldsOf(target.settings)['n'], ...body } : body);
  if (output === null) return null;
  const { tokensMax, times } = output;
  return {
    promptTokens: inputTokensMax(request.bytes.length, inputsOf(body), modelLimitOf(target.model).contextWindow),
    outputTokens: product(tokensMax, times),
    outputTokensMax: tokensMax > 0 ? tokensMax : null,
  };
}

function chatBound(request: Order['request'], target: Target, ceiling: number | null): Bound {
  // With what the connection adds: its own limit makes the answer shorter, its own `n` makes more of them.
  const { request: body, changed } = withDefaults(request.parsed(), target);
  const addedBytes = changed.reduce((sum, { parameter }) => sum + textBytesOf(body[parameter]), 0);
  const choices = choicesOf(body['n']);
  const limit = modelLimitOf(target.model);
  const named = countOf(body.max_completion_tokens) ?? countOf(body.max_tokens);
  const outputTokensMax = named ?? Math.min(limit.maxOutputTokens ?? outputTokensDefault, ceiling ?? Infinity);
  return {
    promptTokens: promptTokensMax(request.bytes.length + addedBytes, body, limit.contextWindow, unseenInputOf(request, body, target.model)),
    // A guess at the answer that proves wrong is charged as if the model had said it (OpenAI, predicted outputs).
    outputTokens: product(outputTokensMax + textBytesOf(body['prediction']), choices),
    outputTokensMax,
    serviceTier: serviceTierOf(body['service_tier']) ?? surchargeOf(request),
  };
}

/**
 * The most that a request of this bound can cost at these prices. Tokens of sound cost many times those of text: they are reckoned with
 * where anything in the request, or in what the connection adds to it, may be heard or asks for a voice.
 */
export function reservedAt({ request }: Order, target: Target, { promptTokens, outputTokens }: Bound, prices: UnitPrices): number {
  const { audioInput, audioOutput, cacheAudioRead: _, ...silent } = prices;
  const isDear = audioInput !== undefined || audioOutput !== undefined;
  const mayBeHeard =
    isDear && [{ ...request.parsed(), model: '' }, fieldsOf(target.settings)].some((said) => sound.test(JSON.stringify(said)));
  return reservationOf(promptTokens, outputTokens, mayBeHeard ? prices : silent);
}

/** Words without which nothing that sounds can be sent, pointed at or asked for; pictures may turn out to be films. */
const sound = /audio|video|file|url/i;

/** Bytes of what may be read as a text; numbers and flags tell a model nothing. */
const textBytesOf = (value: unknown): number =>
  typeof value === 'string' || (typeof value === 'object' && value !== null) ? Buffer.byteLength(JSON.stringify(value)) : 0;

/** Fields that raise the price of every token; what they cost is not in the price book. They count in whatever wire they came. */
const surcharges = ['speed', 'inference_geo'];

/** The name of a surcharge that is asked for, in the place of a tier. */
const surchargeOf = ({ bytes, scan }: Order['request']): string | undefined =>
  surcharges.find((name) => scan.members.has(name) && typeof memberValue(bytes, scan, name) === 'string');

/** A connection's free parameters may say anything; some servers take -1 for "without end". */
const countOf = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null);

/** No limit of tokens is nearly as high, and a million of such requests add up exactly: what a window holds must stay a number. */
const windowTokensMax = 1_000_000_000_000;

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
  // A server obeys either of two names, so that the longer one counts.
  const [ofCompletion, ofAnswer] = [count('max_completion_tokens'), count('max_tokens')];
  const named = typeof limit === 'number' ? limit : ofCompletion === null ? ofAnswer : Math.max(ofCompletion, ofAnswer ?? 0);
  const choices = operation === undefined && scan.members.has('n') ? choicesOf(memberValue(bytes, scan, 'n')) : 1;
  const inAll = (outputTokens: number): number => Math.min(promptTokens + product(outputTokens, choices), windowTokensMax);
  if (named !== null) return { tokens: inAll(named), outputTokensMax: null };
  if (operation !== undefined) return { tokens: promptTokens, outputTokensMax: null };
  const longest = Math.min(modelLimitOf(model ?? '').maxOutputTokens ?? outputTokensDefault, ceiling ?? Infinity);
  const room = windowTokens === null ? Infinity : Math.floor((windowTokens - promptTokens) / choices);
  const outputTokensMax = Math.max(1, Math.min(longest, room));
  return { tokens: inAll(outputTokensMax), outputTokensMax };
}

/** Output cap for a budgeted key where neither the client nor the catalogue names one. */
const outputTokensDefault = 4_096;
