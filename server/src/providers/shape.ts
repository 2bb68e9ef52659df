/** Reading unknown JSON without trusting it: small questions that answer undefined where the shape is another. */

export type Json = Record<string, unknown>;

export const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of a record; undefined for anything else. Members of the prototype are not found. */
export const member = (value: unknown, key: string): unknown => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined);

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A number that can be shown and stored; undefined for NaN, infinities and texts. */
export const finite = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

/** One broken event of a stream is passed over; the next one ends it (E8 of the fault matrix). */
export const malformedEventsMax = 1;

/** Text as JSON; undefined where it is none. */
export function parseJson(source: string): unknown {
  try {
    return JSON.parse(source) as unknown;
  } catch {
    return undefined;
  }
}
