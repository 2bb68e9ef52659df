/**
 * Counts that add up: how long answers took, how fast they came, and why attempts failed, as a short text. Two such texts written one
 * after the other are the text of both together, so that a database adds them with `string_agg` and knows nothing of what they mean.
 *
 * A text is a row of tokens: two letters for what is counted, and how often where that is not once (`AbAc7`). Times are counted in bins
 * whose borders grow by one factor (DDSketch: Masson, Rim and Lee, VLDB 2019), so that a percentile is wrong by 2 % at most, whatever
 * the values are; what is rounded to a whole millisecond is half a millisecond further off.
 */
import type { EntryState, Purpose, TokenUsage } from './ledger.ts';

/** The largest relative error of a percentile. */
export const tallyErrorMax = 0.02;

const growth = (1 + tallyErrorMax) / (1 - tallyErrorMax);
const logGrowth = Math.log(growth);

/** What times are counted of: the whole answer in ms, its first byte in ms, tokens per thousand seconds. */
export const tallyKinds = ['latency', 'firstByte', 'speed'] as const;
export type TallyKind = (typeof tallyKinds)[number];

const binsOfKind = 700;
const firstReason = tallyKinds.length * binsOfKind;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * Why attempts fail and requests are refused, each with its number for ever: a new word goes to the end. A word that is not here is
 * counted as the first.
 */
export const failureClasses = [
  'other', 'unreachable', 'dns', 'tls', 'connect_timeout', 'headers_timeout', 'stalled', 'total_timeout', 'connection_lost', 'protocol',
  'redirect', 'blocked', 'rate_limited', 'quota_exhausted', 'overloaded', 'server_error', 'auth', 'model_not_found', 'endpoint_not_found',
  'context_length', 'bad_request', 'conflict', 'request_timeout', 'invalid_response', 'too_large', 'secret_unreadable', 'policy_blocked',
] as const; // prettier-ignore
export type FailureClass = (typeof failureClasses)[number];

const classNumbers = new Map<string, number>(failureClasses.map((name, index) => [name, index]));
/** Looked up far more often than made. */
const tokens = Array.from({ length: letters.length ** 2 }, (_, code) => letters[Math.floor(code / 52)]! + letters[code % 52]!);

/** The bin of a value; 0 is that of everything below one. */
export function binOf(value: number): number {
  if (!(value >= 1)) return 0;
  // A border that the logarithm misses by the last digit would put the value beside its bin.
  return Math.min(binsOfKind - 1, 1 + Math.ceil(Math.log(value) / logGrowth - 1e-9));
}

/** The value that stands for a bin: as far from its lower border as from its upper one, relatively. */
export const valueOfBin = (bin: number): number => (bin === 0 ? 0 : (2 * growth ** (bin - 1)) / (growth + 1));

/** What of a row is tallied. */
export interface Tallied {
  state: EntryState;
  reason: string | null;
  purpose: Purpose;
  isStream: boolean;
  usage: TokenUsage;
  latencyMs: number | null;
  firstByteMs: number | null;
  savedNanoUsd: number | null;
}

const thousandSecondsMs = 1_000_000;

/** Tokens in a thousand seconds, from the first byte on where the answer was streamed; null where that says nothing. */
export function speedOf(row: Tallied): number | null {
  if (row.state !== 'settled' || row.reason !== null || row.usage.isEstimated || row.usage.tokensOut === 0) return null;
  const spanMs = (row.latencyMs ?? 0) - (row.isStream ? (row.firstByteMs ?? 0) : 0);
  return spanMs > 0 ? (row.usage.tokensOut / spanMs) * thousandSecondsMs : null;
}

/**
 * The tokens of one row: times of whatever went out to a provider (failures too: whoever waited for a time-out waited), and the class of
 * a failure. An answer from the cache, a refusal and an open row have none.
 */
export function codesOf(row: Tallied): number[] {
  if (row.savedNanoUsd !== null || (row.state !== 'settled' && row.state !== 'partial')) return [];
  const codes: number[] = [];
  if (row.latencyMs !== null) codes.push(binOf(row.latencyMs));
  if (row.firstByteMs !== null) codes.push(binsOfKind + binOf(row.firstByteMs));
  const speed = speedOf(row);
  if (speed !== null) codes.push(2 * binsOfKind + binOf(speed));
  if (row.state === 'settled' && row.reason !== null) codes.push(firstReason + (classNumbers.get(row.reason) ?? 0));
  return codes;
}

/** Counts by code. */
export type Tally = Map<number, number>;

const codeOfPair = (first: number, second: number): number => place(first) * 52 + place(second);
const place = (char: number): number => (char <= 90 ? char - 65 : char - 71);

/** Adds the tokens of a text. One that is none adds what can be read of it. */
export function addTally(tally: Tally, text: string): void {
  for (let at = 0; at + 1 < text.length;) {
    const code = codeOfPair(text.charCodeAt(at), text.charCodeAt(at + 1));
    at += 2;
    let count = 0;
    for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) count = count * 10 + digit;
    tally.set(code, (tally.get(code) ?? 0) + (count === 0 ? 1 : count));
  }
}

/** Counts long texts, a piece at a time. */
export interface TallyCounter {
  /** Adds the tokens from a place on up to the first that begins at `until` or behind it; returns where that one begins. */
  add: (text: Uint8Array, from: number, until: number) => number;
  /** What was added since the last time, and begins anew. */
  take: () => Tally;
}

/** Seven bits of each of the two letters of a token. */
const placeOfPair = (first: number, second: number): number => ((first & 127) << 7) | (second & 127);
const places = tokens.map((token) => placeOfPair(token.charCodeAt(0), token.charCodeAt(1)));
const [zero, nine] = [48, 57];

/**
 * A list of all counts, and bytes instead of letters, are several times as fast as a map: worth it where millions of tokens are read. The
 * letters themselves say where in the list a count is, and most tokens have no number: both save half of the time.
 */
export function createTallyCounter(): TallyCounter {
  const counts = new Float64Array(1 << 14);
  return {
    add(text, from, until) {
      const { length } = text;
      let at = from;
      while (at + 1 < length && at < until) {
        const place = placeOfPair(text[at]!, text[at + 1]!);
        at += 2;
        let digit = at < length ? text[at]! : 0;
        if (digit > nine) {
          counts[place]! += 1;
          continue;
        }
        let count = 0;
        while (digit >= zero && digit <= nine) {
          count = count * 10 + digit - zero;
          at += 1;
          digit = at < length ? text[at]! : 0;
        }
        counts[place]! += count === 0 ? 1 : count;
      }
      return at;
    },
    take() {
      const tally: Tally = new Map();
      for (let code = 0; code < places.length; code++) {
        const count = counts[places[code]!]!;
        if (count > 0) tally.set(code, count);
      }
      counts.fill(0);
      return tally;
    },
  };
}

/** The shortest text of the counts, smallest code first. */
export function writeTally(tally: Tally): string {
  let text = '';
  for (const code of [...tally.keys()].toSorted((a, b) => a - b)) {
    const count = tally.get(code)!;
    text += count === 1 ? tokens[code]! : `${tokens[code]!}${count}`;
  }
  return text;
}

/** The bins of one kind in their order, with the number of values. */
function binsOf(tally: Tally, kind: TallyKind): { bins: [number, number][]; total: number } {
  const from = tallyKinds.indexOf(kind) * binsOfKind;
  const bins: [number, number][] = [];
  let total = 0;
  // Asked one after the other they come in their order; to pick them out of the map and to sort them takes longer.
  for (let bin = 0; bin < binsOfKind; bin++) {
    const count = tally.get(from + bin);
    if (count === undefined) continue;
    bins.push([bin, count]);
    total += count;
  }
  return { bins, total };
}

export interface Percentiles {
  /** How many values there are. */
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

/** Percentiles by nearest rank (the value at place ceil(q n)), within `tallyErrorMax`; null where there are no values. */
export function percentilesOf(tally: Tally, kind: TallyKind): Percentiles | null {
  const { bins, total } = binsOf(tally, kind);
  if (total === 0) return null;
  const at = (share: number): number => {
    let left = Math.ceil(share * total);
    for (const [bin, count] of bins) if ((left -= count) <= 0) return valueOfBin(bin);
    return valueOfBin(bins.at(-1)![0]);
  };
  return { count: total, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Failures by class, the most frequent first. */
export function failuresOf(tally: Tally): { name: FailureClass; count: number }[] {
  const found: { name: FailureClass; count: number }[] = [];
  for (const [code, count] of tally) {
    if (code >= firstReason) found.push({ name: failureClasses[code - firstReason] ?? 'other', count });
  }
  return found.toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}
