/** Makes values of the books fit for their columns: one record must never stop the feeder, whatever a provider or a client said. */
import { isUuid } from '../lib/ids.ts';

/** So many rows count in one transaction at most: their sums are exact, and the database's one writer is kept for a moment only. */
export const summedMax = 1_000;
/** So many of the largest ones still sum up exactly. For a cost this is 9,000 dollars in one attempt. */
const integerMax = Math.floor(Number.MAX_SAFE_INTEGER / summedMax);
const jsonCharsMax = 20_000;

export const integer = (value: number): number => (Number.isFinite(value) ? Math.min(Math.max(0, Math.trunc(value)), integerMax) : 0);
export const integerOrNull = (value: number | null): number | null => (value === null || !Number.isFinite(value) ? null : integer(value));

/*
 * Most rows of a batch name the same few things, and to compare is a fraction of what the checks cost: `known` is what the row before had
 * in this place, which fits.
 */

/** PostgreSQL refuses U+0000 and unpaired surrogates. */
export const text = (value: string, charsMax: number, known?: string | null): string =>
  value === known || (value.length <= charsMax && value.isWellFormed() && !value.includes('\0'))
    ? value
    : value.replaceAll('\0', '').toWellFormed().slice(0, charsMax).toWellFormed();
export const textOrNull = (value: string | null, charsMax: number, known?: string | null): string | null =>
  value === null ? null : text(value, charsMax, known);

export function uuidOrNull(value: string | null, known: string | null): string | null {
  return value !== null && (value === known || isUuid(value)) ? value : null;
}

export function jsonOrNull(value: unknown, known?: string | null): string | null {
  if (value === null || value === undefined) return null;
  const json = JSON.stringify(value);
  return json.length > jsonCharsMax ? null : text(json, jsonCharsMax, known);
}
