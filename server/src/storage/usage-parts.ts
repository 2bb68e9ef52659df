/** What every question to the roll-ups is made of: the columns they group by, the conditions of filters, and the tables. */
import type { Purpose } from '../domain/ledger.ts';
import { piecesOf, type Part, type RollupStep } from '../domain/usage-pieces.ts';
import type { UsageRange } from '../domain/usage-range.ts';
import type { Driver } from './driver.ts';
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

/** Where the sums of each step are. */
export const sumTableOf: Record<RollupStep, string> = { days: 'usage_days', sixHours: 'usage_six_hours', quarters: 'usage_quarters' };

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
 * The number of a row's dimension, as a value and no longer as a part of the key. The key begins with the time: PostgreSQL would go through
 * all of a range once for each number that is wanted.
 */
const numberOf = (alias: string): string => `(${alias}.dimension_id + 0)`;

/**
 * The condition of a filter and of what one may see, for a table of roll-ups under an alias: the numbers of the dimensions, because a
 * number is in the key of the table, and what does not fit is never read. Nothing where nothing is asked for.
 */
export function dimensionCondition(filter: UsageFilter, visibility: Visibility, alias: string, parameters: Parameters): string[] {
  const parts = conditionsOf(filter, visibility, parameters);
  return parts.length === 0 ? [] : [`${numberOf(alias)} IN (SELECT f.id FROM usage_dimensions f WHERE ${parts.join(' AND ')})`];
}

export const within = ({ fromMs, toMs }: UsageRange, alias: string, parameters: Parameters): string =>
  `${alias}.bucket >= ${parameters.add(fromMs)} AND ${alias}.bucket < ${parameters.add(toMs)}`;

/** Only the dimensions whose value is one of these. */
export const oneOfKeys = (dimension: UsageDimension, keys: readonly (string | null)[], alias: string, parameters: Parameters): string =>
  `${numberOf(alias)} IN (SELECT f.id FROM usage_dimensions f WHERE ${among(`f.${columnOf[dimension]}`, keys, parameters)})`;

/** Parts of one statement; SQLite takes 500. */
const partsAtOnce = 200;

/** A part that is read once for all the spans that need it. */
export interface SharedPart {
  part: Part;
  /** Places of the spans in their list. */
  uses: { index: number; sign: 1 | -1 }[];
}

/**
 * What spans are made up of, a statement at a time. All of a span is in one statement, which sees the database at one moment: what is taken
 * away from a sum is always in it.
 */
export function* sharedParts(spans: readonly UsageRange[], steps?: readonly RollupStep[]): Generator<SharedPart[], void, undefined> {
  let shared = new Map<string, SharedPart>();
  for (const [index, span] of spans.entries()) {
    const pieces = piecesOf(span, steps);
    if (shared.size + pieces.length > partsAtOnce && shared.size > 0) {
      yield [...shared.values()];
      shared = new Map();
    }
    for (const { table, range, sign } of pieces) {
      const key = `${table} ${range.fromMs} ${range.toMs}`;
      const known = shared.get(key) ?? { part: { table, range }, uses: [] };
      known.uses.push({ index, sign });
      shared.set(key, known);
    }
  }
  if (shared.size > 0) yield [...shared.values()];
}

/**
 * One question to each part, as one statement whose rows carry the part's place as `part`. SQLite takes the parts one beside the other;
 * PostgreSQL would plan a hundred of them for longer than it reads them, and takes those of a table one after the other from a list.
 * @param select the question to a table, given the condition that its rows lie in the part
 */
export function askParts(
  engine: Driver['engine'],
  parts: readonly Part[],
  parameters: Parameters,
  select: (table: RollupStep, isWithin: (alias: string) => string) => string,
): string {
  if (engine === 'sqlite') {
    const one = ({ table, range }: Part, place: number): string => {
      const asked = select(table, (alias) => within(range, alias, parameters));
      return `SELECT ${place} AS part, found${place}.* FROM (${asked}) AS found${place}`;
    };
    return parts.map(one).join(' UNION ALL ');
  }
  const tables = new Map<RollupStep, string[]>();
  for (const [place, { table, range }] of parts.entries()) {
    const list = tables.get(table) ?? [];
    tables.set(table, list);
    list.push(`(${place}, CAST(${Math.trunc(range.fromMs)} AS BIGINT), CAST(${Math.trunc(range.toMs)} AS BIGINT))`);
  }
  const asked = [...tables].map(
    ([table, list]) => `SELECT wanted.place AS part, found.* FROM (VALUES ${list.join(', ')}) AS wanted (place, from_at, to_at)
      CROSS JOIN LATERAL (${select(table, (alias) => `${alias}.bucket >= wanted.from_at AND ${alias}.bucket < wanted.to_at`)}) AS found`,
  );
  return asked.join(' UNION ALL ');
}
