/** What every question to the roll-ups is made of: the columns they group by, the conditions of filters, and the tables that cover a range. */
import type { Purpose } from '../domain/ledger.ts';
import { splitByUtcDays, type UsageRange } from '../domain/usage-range.ts';
import { visibleCondition, type Parameters, type Visibility } from './visibility.ts';

export const usageDimensions = [
  'connection',
  'provider',
  'model',
  'key',
  'user',
  'workspace',
  'repository',
  'use-case',
  'purpose',
] as const;
export type UsageDimension = (typeof usageDimensions)[number];

const columnOf: Record<UsageDimension, string> = {
  connection: 'connection_id',
  provider: 'provider',
  model: 'model',
  key: 'access_key_id',
  user: 'user_id',
  workspace: 'workspace_id',
  repository: 'repository_id',
  'use-case': 'use_case_id',
  purpose: 'purpose',
};

const isText = (dimension: UsageDimension): boolean => dimension === 'provider' || dimension === 'model' || dimension === 'purpose';

/** The value of a dimension as text, for grouping. */
export const keyColumn = (dimension: UsageDimension, alias = 'd'): string =>
  isText(dimension) ? `${alias}.${columnOf[dimension]}` : `CAST(${alias}.${columnOf[dimension]} AS TEXT)`;

/** Several values are joined by "or", several dimensions by "and"; null stands for what belongs to none. An empty list finds nothing. */
export interface UsageFilter {
  connectionIds?: readonly (string | null)[];
  providers?: readonly string[];
  models?: readonly string[];
  accessKeyIds?: readonly (string | null)[];
  userIds?: readonly (string | null)[];
  workspaceIds?: readonly (string | null)[];
  repositoryIds?: readonly (string | null)[];
  useCaseIds?: readonly (string | null)[];
  purposes?: readonly Purpose[];
  /** In the place of the lists of the same names: any of these three (S3's statistics). */
  anyOf?: { connectionIds: readonly string[]; accessKeyIds: readonly string[]; repositoryIds: readonly string[] };
}

/** Values that one list of a question may have. */
export const filterValuesMax = 5_000;

const filterColumns = [
  ['connectionIds', 'connection_id'],
  ['providers', 'provider'],
  ['models', 'model'],
  ['accessKeyIds', 'access_key_id'],
  ['userIds', 'user_id'],
  ['workspaceIds', 'workspace_id'],
  ['repositoryIds', 'repository_id'],
  ['useCaseIds', 'use_case_id'],
  ['purposes', 'purpose'],
] as const;

/** True where a list is empty: nothing can be found. */
export const findsNothing = (filter: UsageFilter): boolean => filterColumns.some(([name]) => filter[name]?.length === 0);

function among(column: string, values: readonly (string | null)[], parameters: Parameters): string {
  const named = values.filter((value) => value !== null).slice(0, filterValuesMax);
  const parts = [
    ...(named.length === 0 ? [] : [`${column} IN (${named.map((value) => parameters.add(value)).join(', ')})`]),
    ...(values.includes(null) ? [`${column} IS NULL`] : []),
  ];
  return parts.length === 1 ? parts[0]! : `(${parts.join(' OR ')})`;
}

function anyOfCondition(anyOf: NonNullable<UsageFilter['anyOf']>, alias: string, parameters: Parameters): string {
  const parts = ([['connection_id', anyOf.connectionIds], ['access_key_id', anyOf.accessKeyIds], ['repository_id', anyOf.repositoryIds]] as const)
    .filter(([, values]) => values.length > 0)
    .map(([column, values]) => among(`${alias}.${column}`, values, parameters)); // prettier-ignore
  return parts.length === 0 ? 'FALSE' : `(${parts.join(' OR ')})`;
}

function conditionsOf(filter: UsageFilter, visibility: Visibility, parameters: Parameters): string[] {
  return [
    ...(visibility === 'all' ? [] : [visibleCondition(visibility, 'f', parameters)]),
    ...filterColumns.flatMap(([name, column]) => {
      const values = filter[name];
      return values === undefined ? [] : [among(`f.${column}`, values, parameters)];
    }),
    ...(filter.anyOf ? [anyOfCondition(filter.anyOf, 'f', parameters)] : []),
  ];
}

/**
 * The condition of a filter and of what one may see, for a table of roll-ups under an alias: the numbers of the dimensions, because a
 * number is looked for in the key of the table, and what does not fit is never read. Nothing where nothing is asked for.
 */
export function dimensionCondition(filter: UsageFilter, visibility: Visibility, alias: string, parameters: Parameters): string[] {
  const parts = conditionsOf(filter, visibility, parameters);
  return parts.length === 0 ? [] : [`${alias}.dimension_id IN (SELECT f.id FROM usage_dimensions f WHERE ${parts.join(' AND ')})`];
}

export interface Part {
  table: 'days' | 'quarters';
  range: UsageRange;
}

/** The fewest tables that cover a range: whole UTC days from the days, what is left at its ends from the quarter-hours. */
export function partsOf(range: UsageRange): Part[] {
  const { before, days, after } = splitByUtcDays(range);
  const parts: Part[] = [
    { table: 'quarters', range: before },
    { table: 'days', range: days },
    { table: 'quarters', range: after },
  ];
  return parts.filter(({ range: { fromMs, toMs } }) => toMs > fromMs);
}

export const within = ({ fromMs, toMs }: UsageRange, alias: string, parameters: Parameters): string =>
  `${alias}.bucket >= ${parameters.add(fromMs)} AND ${alias}.bucket < ${parameters.add(toMs)}`;

/** Only the dimensions whose value is one of these. */
export const oneOfKeys = (dimension: UsageDimension, keys: readonly (string | null)[], alias: string, parameters: Parameters): string =>
  `${alias}.dimension_id IN (SELECT f.id FROM usage_dimensions f WHERE ${among(`f.${columnOf[dimension]}`, keys, parameters)})`;
