/** Which requests are meant, as SQL: by which index they are found, what is left to be looked at row by row, and how far one look reads. */
import type { EntryState, Purpose } from '../domain/ledger.ts';
import type { Database } from './database.ts';
import { Parameters, visibleCondition, type Visibility } from './visibility.ts';

/** Where a page begins: after this row, in descending order of (at, id). */
export interface RequestCursor {
  atMs: number;
  id: string;
}

/** `failed` is everything that is no plain success: refused, cut short, never answered, or a status from 400 on. */
export type OutcomeClass = 'ok' | 'failed' | '4xx' | '5xx';

export interface RequestFilter {
  visibility: Visibility;
  fromMs?: number;
  /** Exclusive. */
  toMs?: number;
  connectionId?: string;
  accessKeyId?: string;
  userId?: string;
  workspaceId?: string;
  repositoryId?: string;
  useCaseId?: string;
  provider?: string;
  model?: string;
  purpose?: Purpose;
  routingGroupId?: string;
  status?: number;
  outcome?: OutcomeClass;
  state?: EntryState;
  /** Of the attempt that answered. */
  minLatencyMs?: number;
  /** Of the attempt that answered. */
  minCostNanoUsd?: number;
  /** Only those of which a translation did not pass everything on. */
  isChanged?: boolean;
  /** Only those that a policy found something in. */
  hasViolations?: boolean;
  /** The beginning of a request's id, at least eight digits of it, or all of a client's own id. */
  search?: string;
}

/** Parts of one statement; SQLite takes 500. */
const dimensionsMax = 200;

/** In the words of the partial indexes: SQLite uses them only where it finds these. */
export const troubledSql = "(e.status IS NULL OR e.status >= 400 OR e.state <> 'settled')";

const equal = (column: string, value: string | number | undefined, parameters: Parameters): string[] =>
  value === undefined ? [] : [`${column} = ${parameters.add(value)}`];

const dimensionValues = (filter: RequestFilter): readonly [string, string | undefined][] => [
  ['connection_id', filter.connectionId],
  ['access_key_id', filter.accessKeyId],
  ['user_id', filter.userId],
  ['workspace_id', filter.workspaceId],
  ['repository_id', filter.repositoryId],
  ['use_case_id', filter.useCaseId],
  ['provider', filter.provider],
  ['model', filter.model],
  ['purpose', filter.purpose],
];

/** What a dimension says of a row: who asked whom. The columns have the same names in both tables. */
export const dimensionConditions = (filter: RequestFilter, alias: string, parameters: Parameters): string[] => [
  visibleCondition(filter.visibility, alias, parameters),
  ...dimensionValues(filter).flatMap(([column, value]) => equal(`${alias}.${column}`, value, parameters)),
];

export const namesDimensions = (filter: RequestFilter): boolean =>
  filter.visibility !== 'all' || dimensionValues(filter).some(([, value]) => value !== undefined);

/** Whether what is meant is troubled by its own words, so that the index of those finds it. */
export const isTroubled = ({ outcome, status, state }: RequestFilter): boolean =>
  (outcome !== undefined && outcome !== 'ok') || (status !== undefined && status >= 400) || (state !== undefined && state !== 'settled');

/** What only the row itself says, beside what an index says. */
function rowConditions(filter: RequestFilter, parameters: Parameters): string[] {
  const { status, outcome, state, minLatencyMs, minCostNanoUsd, isChanged, hasViolations } = filter;
  return [
    ...equal('e.status', status, parameters),
    ...equal('e.state', state, parameters),
    ...(outcome === 'ok' ? ["e.state = 'settled' AND e.status < 400"] : []),
    ...(outcome === '4xx' ? ['e.status BETWEEN 400 AND 499'] : []),
    ...(outcome === '5xx' ? ['e.status >= 500'] : []),
    ...(minLatencyMs === undefined ? [] : [`e.latency_ms >= ${parameters.add(minLatencyMs)}`]),
    ...(minCostNanoUsd === undefined ? [] : [`e.cost_nano_usd >= ${parameters.add(minCostNanoUsd)}`]),
    ...(isChanged === true ? ['e.changed IS NOT NULL'] : []),
    ...(hasViolations === true ? ['EXISTS (SELECT 1 FROM policy_violations v WHERE v.request_id = e.request_id)'] : []),
    ...(isTroubled(filter) ? [troubledSql] : []),
  ];
}

/** The rows from a cursor on, downwards, within the range. */
function placeConditions({ fromMs, toMs }: RequestFilter, cursor: RequestCursor | null, parameters: Parameters): string[] {
  return [
    ...(cursor ? [`e.at <= ${parameters.add(cursor.atMs)}`, `(e.at, e.id) < (${parameters.add(cursor.atMs)}, ${parameters.add(cursor.id)})`] : []),
    ...(fromMs === undefined ? [] : [`e.at >= ${parameters.add(fromMs)}`]),
    ...(toMs === undefined ? [] : [`e.at < ${parameters.add(toMs)}`]),
  ]; // prettier-ignore
}

/** How rows are found. Each part is an index read from its newest end; what they give is put together. */
export interface RequestSource {
  kind: 'all' | 'dimensions' | 'troubled' | 'changed' | 'group' | 'search';
  /** The conditions of each part. */
  parts(parameters: Parameters): string[];
  /** The dimensions that the parts are, where they are such, and the condition of one of them. */
  dimensions?: { ids: readonly number[]; partOf: (id: string) => string };
  /** TRUE where rows that are found must still be looked at, so that a look has to end somewhere. */
  isSifted: boolean;
  /** Conditions on the row beside those of the part. */
  conditions(parameters: Parameters): string[];
}

/** The dimensions that are meant; null where it takes so many that rows are found soon without them. */
async function dimensionsOf({ driver }: Database, filter: RequestFilter): Promise<number[] | null> {
  const parameters = new Parameters();
  const conditions = dimensionConditions(filter, 'd', parameters).join(' AND ');
  const sql = `SELECT d.id FROM usage_dimensions d WHERE ${conditions} ORDER BY d.id LIMIT ${dimensionsMax + 1}`;
  const found = await driver.rows<{ id: number }>({ sql, params: parameters.values });
  return found.length > dimensionsMax ? null : found.map(({ id }) => id);
}

const idBeginning = /^[0-9a-f]{8}(?:[0-9a-f-]{0,28})$/;
const lowestId = '00000000-0000-0000-0000-000000000000';
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const isShapedAsId = (text: string): boolean => text.split('').every((letter, index) => (letter === '-') === (lowestId[index] === '-'));

/** The parts of a search: those that their client named so, and requests whose id begins so. */
function searchParts(text: string): (parameters: Parameters) => string[] {
  const asked = text.trim();
  const beginning = asked.toLowerCase();
  const isOurs = idBeginning.test(beginning) && isShapedAsId(beginning);
  return (parameters) => {
    const byClient = `e.client_request_id = ${parameters.add(asked)} AND e.client_request_id IS NOT NULL`;
    if (!isOurs) return [byClient];
    const [from, to] = [lowestId, highestId].map((end) => parameters.add(beginning + end.slice(beginning.length)));
    return [byClient, `e.request_id >= ${from} AND e.request_id <= ${to}`];
  };
}

/** Chooses the index that reads least; null where nothing can be meant. */
export async function sourceOf(database: Database, filter: RequestFilter): Promise<RequestSource | null> {
  const sifting = rowConditions(filter, new Parameters());
  const byRow = (parameters: Parameters): string[] => rowConditions(filter, parameters);
  const named = (parameters: Parameters): string[] => [...dimensionConditions(filter, 'e', parameters), ...byRow(parameters)];
  const isNamed = namesDimensions(filter);
  const hasTrouble = isTroubled(filter);
  if (filter.search !== undefined) return { kind: 'search', parts: searchParts(filter.search), isSifted: false, conditions: named };
  if (filter.routingGroupId !== undefined) {
    const id = filter.routingGroupId;
    const parts = (parameters: Parameters): string[] => [`e.routing_group_id = ${parameters.add(id)} AND e.routing_group_id IS NOT NULL`];
    return { kind: 'group', parts, isSifted: isNamed || sifting.length > 0, conditions: named };
  }
  if (isNamed) {
    const dimensions = await dimensionsOf(database, filter);
    if (dimensions?.length === 0) return null;
    if (dimensions) {
      const partOf = (id: string): string => `e.dimension_id = ${id}${hasTrouble ? ` AND ${troubledSql}` : ''}`;
      const parts = (parameters: Parameters): string[] => dimensions.map((id) => partOf(parameters.add(id)));
      return {
        kind: 'dimensions',
        parts,
        dimensions: { ids: dimensions, partOf },
        isSifted: sifting.length > (hasTrouble ? 1 : 0),
        conditions: byRow,
      };
    }
  }
  if (hasTrouble) return { kind: 'troubled', parts: () => [troubledSql], isSifted: isNamed || sifting.length > 1, conditions: named };
  if (filter.isChanged === true)
    return { kind: 'changed', parts: () => ['e.changed IS NOT NULL'], isSifted: isNamed || sifting.length > 1, conditions: named };
  return { kind: 'all', parts: () => ['TRUE'], isSifted: isNamed || sifting.length > 0, conditions: named };
}

const newestFirst = (alias: string): string => `ORDER BY ${alias}.at DESC, ${alias}.id DESC`;

/** What a look at some rows is about: the source, and from where to where. */
export interface Look {
  source: RequestSource;
  filter: RequestFilter;
  cursor: RequestCursor | null;
  /** Inclusive lower end of the look; null for none. */
  downToMs: number | null;
}

function wherePart(look: Look, part: string, parameters: Parameters): string {
  const { source, filter, cursor, downToMs } = look;
  return [
    'e.is_last',
    part,
    ...placeConditions(filter, cursor, parameters),
    ...(downToMs === null ? [] : [`e.at >= ${parameters.add(downToMs)}`]),
    ...source.conditions(parameters),
  ].join(' AND ');
}

/**
 * A question to every part, each by an index of its own, as one table. SQLite takes the parts one beside the other; PostgreSQL would plan
 * hundreds of them for longer than it reads them, and takes dimensions one after the other from a list.
 */
function eachPart(
  { driver }: Pick<Database, 'driver'>,
  source: RequestSource,
  parameters: Parameters,
  select: (part: string) => string,
): string {
  if (driver.engine === 'postgres' && source.dimensions && source.dimensions.ids.length > 1) {
    const { ids, partOf } = source.dimensions;
    const list = ids.map((id) => `(${Math.trunc(id)})`).join(', ');
    return `SELECT part.* FROM (VALUES ${list}) AS wanted (id) CROSS JOIN LATERAL (${select(partOf('CAST(wanted.id AS BIGINT)'))}) AS part`;
  }
  const parts = source.parts(parameters).map((part, index) => `SELECT * FROM (${select(part)}) AS part${index}`);
  // A row that two parts of a search give is one row.
  return parts.join(source.kind === 'search' ? ' UNION ' : ' UNION ALL ');
}

/** The keys (at, id) of the newest `rowsMax` rows of a look. */
export function keysSql(database: Pick<Database, 'driver'>, look: Look, rowsMax: number, parameters: Parameters): string {
  const select = (part: string): string =>
    `SELECT e.at, e.id FROM usage_events e WHERE ${wherePart(look, part, parameters)} ${newestFirst('e')} LIMIT ${rowsMax}`;
  const all = eachPart(database, look.source, parameters, select);
  return `SELECT found.at, found.id FROM (${all}) AS found ${newestFirst('found')} LIMIT ${rowsMax}`;
}

/** Rows of every part in a look, for whoever counts them. */
export const rowsSql = (database: Pick<Database, 'driver'>, look: Look, taken: string, parameters: Parameters): string =>
  eachPart(database, look.source, parameters, (part) => `SELECT ${taken} FROM usage_events e WHERE ${wherePart(look, part, parameters)}`);

/** A look through one part is never cut finer: many parts would take many looks. */
const rowsOfPartMin = 200;

/** How far down a look may go so that it reads about `rowsMax` rows; null where that is all there is. */
export async function endOfLook(database: Database, look: Omit<Look, 'downToMs'>, rowsMax: number): Promise<number | null> {
  const parameters = new Parameters();
  const { source, filter, cursor } = look;
  const count = source.dimensions?.ids.length ?? source.parts(new Parameters()).length;
  const each = Math.max(rowsOfPartMin, Math.floor(rowsMax / count));
  // Without a part of its own the walk counts every row: then the key alone is read.
  const isLast = source.kind === 'all' ? [] : ['e.is_last'];
  const ends = eachPart(database, source, parameters, (part) => {
    const where = [...isLast, part, ...placeConditions(filter, cursor, parameters)].join(' AND ');
    return `SELECT e.at FROM usage_events e WHERE ${where} ${newestFirst('e')} LIMIT 1 OFFSET ${each}`;
  });
  const sql = `SELECT max(ends.at) AS at FROM (${ends}) AS ends`;
  const [found] = await database.driver.rows<{ at: number | null }>({ sql, params: parameters.values });
  return found?.at ?? null;
}
