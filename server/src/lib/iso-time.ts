/** Points in time as JSON has them: ISO 8601 in UTC with milliseconds. */

export const isoOf = (atMs: number): string => new Date(atMs).toISOString();

export const isoOrNull = (atMs: number | null): string | null => (atMs === null ? null : isoOf(atMs));
