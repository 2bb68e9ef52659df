/** How a table with sealed values is walked: page by page, each box with its place and the step that replaces it. */
import type { Owner } from '../domain/owner.ts';
import type { Database } from '../storage/database.ts';
import type { WriteStep } from '../storage/driver.ts';
import type { Place } from '../vault/place.ts';

/** One box, where it belongs, and how another one takes its place; where somebody wrote another meanwhile, nothing happens. */
export interface SealedValue {
  place: Place;
  box: string;
  replaceBy: (box: string) => WriteStep;
}

export interface SealedPage {
  values: SealedValue[];
  /** The id that the next page begins after; null at the end. */
  next: string | null;
}

/** One table with sealed values. */
export interface SealedTable {
  table: string;
  /** With an owner it may leave out what belongs to others. */
  page: (database: Database, afterId: string, limit: number, owner: Owner | null) => Promise<SealedPage>;
}

/** Where the next page begins; a page that is not full is the last one. */
export const nextOf = <R>(rows: readonly R[], limit: number, idOf: (row: R) => string): string | null => {
  const last = rows.at(-1);
  return last === undefined || rows.length < limit ? null : idOf(last);
};
