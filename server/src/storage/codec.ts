/** Which values may be bound as parameters, decided once for both engines: what one refuses or shifts, neither is handed. */
import { nulReason, UnfitParameter } from './errors.ts';
import type { SqlValue } from './driver.ts';

/** Why a value may not be bound; null for one that may. The frequent kinds come first: this runs for every value written. */
function refusalOf(value: unknown): string | null {
  if (typeof value === 'string') return value.includes('\0') ? nulReason : null;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'is not a finite number';
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? 'is an integer beyond 2^53' : null;
  }
  if (value === null || typeof value === 'boolean' || value instanceof Uint8Array) return null;
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? null : 'does not fit into 64 bits';
  if (value instanceof Date) return 'is a Date; times are epoch milliseconds';
  if (Array.isArray(value)) return 'is an array; lists are written as JSON text or one placeholder each';
  return value === undefined ? 'is undefined; a missing value is null' : `is of type ${typeof value}`;
}

/**
 * Returns the parameters unchanged where each is a `SqlValue`.
 * A Date would silently shift all later columns in `node:sqlite`; U+0000 is refused by PostgreSQL alone; a number beyond
 * 2^53 has already lost its last digits (money is a bigint or a safe integer).
 * @throws UnfitParameter
 */
export function checkedParameters(params: readonly unknown[]): readonly SqlValue[] {
  for (let index = 0; index < params.length; index++) {
    const reason = refusalOf(params[index]);
    if (reason !== null) throw new UnfitParameter(index, reason);
  }
  return params as readonly SqlValue[];
}

const literalOrPlaceholder = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\$(\d+)/g;

/**
 * Turns `$1` into SQLite's `?1` outside of texts and quoted names; `parameterCount` is the highest number used. Where the numbers come
 * once each and in their order they are plain `?`: a numbered one has a name to SQLite, and `node:sqlite` looks through the names of all
 * at every value it binds.
 */
export function toSqlitePlaceholders(sql: string): { sql: string; parameterCount: number } {
  const numbers: number[] = [];
  for (const [, digits] of sql.matchAll(literalOrPlaceholder)) if (digits !== undefined) numbers.push(Number(digits));
  const isInOrder = numbers.every((number, index) => number === index + 1);
  const placeholder = (part: string, digits: string | undefined): string => (digits === undefined ? part : `?${isInOrder ? '' : digits}`);
  return { sql: sql.replace(literalOrPlaceholder, placeholder), parameterCount: Math.max(0, ...numbers) };
}

const identifier = /^[a-z_][a-z0-9_]*$/;

/** Table and column names of an `InsertMany` go into the SQL as they are, so they must be plain lower-case names. */
export function checkedIdentifier(name: string): string {
  if (!identifier.test(name)) throw new TypeError(`not a plain SQL name: ${JSON.stringify(name.slice(0, 80))}`);
  return name;
}
