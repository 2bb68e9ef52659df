/** Filtering, sorting and paging of a list that is in memory whole; a person has dozens of rows, an organization hundreds. */

export type SortValue = string | number | null;

export interface Sorting<Column extends string> {
  column: Column;
  isDescending: boolean;
}

/** `name` or `-name`, as it stands in the address; the fallback for anything else. */
export function sortingOf<Column extends string>(
  text: string | undefined,
  columns: readonly Column[],
  fallback: Sorting<Column>,
): Sorting<Column> {
  const isDescending = text?.startsWith('-') === true;
  const column = columns.find((name) => name === (isDescending ? text?.slice(1) : text));
  return column === undefined ? fallback : { column, isDescending };
}

export const sortText = <Column extends string>({ column, isDescending }: Sorting<Column>): string => `${isDescending ? '-' : ''}${column}`;

/** Up first, then down: what a press on a column's heading asks for. */
export const pressed = <Column extends string>(now: Sorting<Column>, column: Column): Sorting<Column> => ({
  column,
  isDescending: now.column === column && !now.isDescending,
});

/** Texts as the language sorts them, digits by their value. What has no value comes last in both directions. */
export function sorted<Row>(rows: readonly Row[], valueOf: (row: Row) => SortValue, isDescending: boolean, language: string): Row[] {
  const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * compare(String(a), String(b));
  });
}

/** TRUE where each word of the query is in one of the texts. */
export function isMatch(query: string, texts: readonly (string | null | undefined)[]): boolean {
  const all = texts.map((text) => text?.toLowerCase() ?? '');
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => all.some((text) => text.includes(word)));
}

export interface PageOf<Row> {
  rows: Row[];
  /** Counted from 1, and never beyond the last page. */
  page: number;
  pages: number;
  total: number;
  /** Place of the first row, counted from 1; 0 for an empty list. */
  from: number;
  to: number;
}

export function pageOf<Row>(rows: readonly Row[], wanted: number, rowsMax: number): PageOf<Row> {
  const pages = Math.max(1, Math.ceil(rows.length / rowsMax));
  const page = Math.min(Math.max(1, Number.isSafeInteger(wanted) ? wanted : 1), pages);
  const shown = rows.slice((page - 1) * rowsMax, page * rowsMax);
  const from = shown.length === 0 ? 0 : (page - 1) * rowsMax + 1;
  return { rows: shown, page, pages, total: rows.length, from, to: from === 0 ? 0 : from + shown.length - 1 };
}
