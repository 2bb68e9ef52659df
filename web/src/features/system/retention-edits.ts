/** What somebody typed into the form of retention, row by row: whether it fits, what it changes, and what another one changed meanwhile. Pure. */
import type { RetentionChange, RetentionRow, RetentionView } from './api/retention.ts';

export type RetentionNoun = RetentionRow['noun'];
/** Days as they were typed; nothing goes back to the default. A row that nobody touched is not in it. */
export type Edits = Partial<Record<RetentionNoun, string>>;

/** The days that a text means; null is the default, undefined is no number of days. */
function daysOf(text: string): number | null | undefined {
  const clean = text.trim();
  if (clean === '') return null;
  return /^\d{1,5}$/.test(clean) ? Number(clean) : undefined;
}

const meantIn = (row: RetentionRow, text: string): number | undefined => {
  const days = daysOf(text);
  return days === null ? row.daysDefault : days;
};

const isFit = (row: RetentionRow, text: string): boolean => {
  const days = meantIn(row, text);
  if (days === 0) return row.mayBeForever;
  return days !== undefined && days >= row.daysMin && days <= row.daysMax;
};

const edited = (rows: readonly RetentionRow[], edits: Edits): [RetentionRow, string][] =>
  rows.flatMap((row): [RetentionRow, string][] => {
    const text = edits[row.noun];
    return text === undefined ? [] : [[row, text]];
  });

export const faultsOf = (rows: readonly RetentionRow[], edits: Edits): RetentionNoun[] =>
  edited(rows, edits).flatMap(([row, text]) => (isFit(row, text) ? [] : [row.noun]));

/** What is to be saved: only what differs from what stands there. */
export function changeOf(rows: readonly RetentionRow[], edits: Edits): RetentionChange['days'] {
  const changed = edited(rows, edits).flatMap(([row, text]): [RetentionNoun, number | null][] => {
    const days = daysOf(text) ?? null;
    if (days === null) return row.origin === 'saved' ? [[row.noun, null]] : [];
    return days === row.days ? [] : [[row.noun, days]];
  });
  return Object.fromEntries(changed);
}

export interface ContestedRow {
  row: RetentionRow;
  theirs: number;
  mine: number;
}

/** Rows that are edited here and were changed by somebody else to something that is not the same. */
export const contestedOf = (opened: RetentionView, current: RetentionView, edits: Edits): ContestedRow[] =>
  edited(current.rows, edits).flatMap(([row, text]) => {
    const before = opened.rows.find(({ noun }) => noun === row.noun);
    const mine = meantIn(row, text);
    return mine === undefined || mine === row.days || before?.days === row.days ? [] : [{ row, theirs: row.days, mine }];
  });
