/** What the personal list shows of each connection, and which of them a filter means. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { LastUse } from '../api/last-uses.ts';
import { isMatch, sorted, sortingOf, type Sorting, type SortValue } from './arrange.ts';
import type { ListSearch, StatusFilter } from './search.ts';

export const sortColumns = ['name', 'provider', 'model', 'status', 'latency', 'tested', 'used'] as const;
export type SortColumn = (typeof sortColumns)[number];

export const optionalColumns = ['provider', 'model', 'apiKey', 'latency', 'tested', 'used'] as const;
export type OptionalColumn = (typeof optionalColumns)[number];
export const usualColumns: readonly OptionalColumn[] = ['provider', 'model', 'apiKey', 'latency', 'tested'];
/** Where there is little room: the others are told on the connection's own page, and can be chosen all the same. */
const tightColumns: readonly OptionalColumn[] = ['provider', 'model'];
const usualAt = (isTight: boolean): readonly OptionalColumn[] => (isTight ? tightColumns : usualColumns);

/** Newest first is how the server sends them; people look for names. */
export const usualSorting: Sorting<SortColumn> = { column: 'name', isDescending: false };

export const connectionSorting = (text: string | undefined): Sorting<SortColumn> => sortingOf(text, sortColumns, usualSorting);

export function columnsOf(cols: string | undefined, isTight = false): ReadonlySet<OptionalColumn> {
  if (cols === undefined) return new Set(usualAt(isTight));
  const named = cols.split(',');
  return new Set(optionalColumns.filter((column) => named.includes(column)));
}

/** Undefined for the usual ones, so that an address says nothing that goes without saying. */
export const columnsText = (shown: readonly OptionalColumn[], isTight = false): string | undefined =>
  shown.join() === usualAt(isTight).join() ? undefined : shown.join();

export interface ConnectionRow {
  connection: AiConnection;
  provider: string;
  lastUse: LastUse | null;
  /** Not used in 90 days, and older than a month: it can go, or should be asked about. */
  isUnused: boolean;
}

const dayMs = 86_400_000;
const unusedDaysMin = 30;
/** After so many days the page suggests to rotate a key. */
export const keyDaysMax = 180;

export const daysSince = (iso: string, nowMs: number): number => Math.floor((nowMs - Date.parse(iso)) / dayMs);

export const rowsOf = (
  connections: readonly AiConnection[],
  names: ReadonlyMap<string, string>,
  uses: ReadonlyMap<string, LastUse> | undefined,
  nowMs: number,
): ConnectionRow[] =>
  connections.map((connection) => {
    const lastUse = uses?.get(connection.id) ?? null;
    const isOld = connection.scope !== 'environment' && daysSince(connection.createdAt, nowMs) >= unusedDaysMin;
    return {
      connection,
      provider: names.get(connection.provider) ?? connection.provider,
      lastUse,
      isUnused: uses !== undefined && isOld && (lastUse?.requests ?? 0) === 0,
    };
  });

/** Available is active and passed its last test (C-10). */
const passes: Record<StatusFilter, (row: ConnectionRow) => boolean> = {
  available: ({ connection }) => connection.isActive && connection.testStatus === 'success',
  failed: ({ connection }) => connection.isActive && connection.testStatus === 'failed',
  inactive: ({ connection }) => !connection.isActive,
  unused: ({ isUnused }) => isUnused,
};

export const countOf = (rows: readonly ConnectionRow[], status: StatusFilter | undefined): number =>
  status === undefined ? rows.length : rows.filter(passes[status]).length;

const isOfScope = ({ connection }: ConnectionRow, scope: ListSearch['scope']): boolean =>
  scope === undefined || (connection.scope === 'user') === (scope === 'mine');

export const inScope = (rows: readonly ConnectionRow[], scope: ListSearch['scope']): ConnectionRow[] =>
  rows.filter((row) => isOfScope(row, scope));

const stateRank = ({ connection: { isActive, testStatus } }: ConnectionRow): number => {
  if (!isActive) return 3;
  return testStatus === 'failed' ? 0 : testStatus === 'success' ? 2 : 1;
};

const values: Record<SortColumn, (row: ConnectionRow) => SortValue> = {
  name: ({ connection }) => connection.name,
  provider: ({ provider }) => provider,
  model: ({ connection }) => connection.defaultModel,
  status: stateRank,
  latency: ({ connection }) => connection.latencyMs,
  tested: ({ connection }) => connection.lastTested,
  used: ({ lastUse }) => lastUse?.lastUsedAt ?? null,
};

/** The rows that the address means, in its order. */
export function arranged(rows: readonly ConnectionRow[], search: ListSearch, language: string): ConnectionRow[] {
  const { column, isDescending } = connectionSorting(search.sort);
  const found = inScope(rows, search.scope).filter(
    (row) =>
      (search.status === undefined || passes[search.status](row)) &&
      isMatch(search.q ?? '', [row.connection.name, row.connection.baseUrl, row.connection.defaultModel, row.provider]),
  );
  return sorted(found, values[column], isDescending, language);
}
