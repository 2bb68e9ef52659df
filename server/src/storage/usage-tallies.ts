/** Percentiles and classes of failures, read from the counts beside the roll-ups: the database joins texts, and here they are counted. */
import { createTallyCounter, type Tally, type TallyCounter } from '../domain/tally.ts';
import { coverOf, tallySteps, type Part, type RollupStep } from '../domain/usage-pieces.ts';
import type { UsageRange } from '../domain/usage-range.ts';
import type { Database } from './database.ts';
import { askParts, dimensionCondition, findsNothing, keyColumn, sharedParts, type SharedPart, type UsageDimension } from './usage-parts.ts';
import type { UsageScope } from './usage.ts';
import { Parameters } from './visibility.ts';

export interface TallySum {
  /** Attempts that the counts stand for: fewer than there were where some are older than the counts. */
  counted: number;
  tally: Tally;
}

/** Parts of one statement; SQLite takes 500. */
const partsAtOnce = 200;
/** Characters that are counted before others get their turn: a million counts take some milliseconds. */
const charsAtOnce = 262_144;
const groupsMax = 10_000;

const tableOf = { days: 'usage_day_tallies', quarters: 'usage_quarter_tallies', sixHours: '' } as const;
const totalTableOf = { days: 'usage_day_totals', quarters: 'usage_quarter_totals', sixHours: '' } as const;

interface Found {
  part: number;
  k: string | null;
  counted: string;
  tally: string | null;
}

type Asked = Omit<UsageScope, 'range'>;

/** Counts a text in pieces; the process serves others in between. */
async function countLong(counter: TallyCounter, text: string): Promise<Tally> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at + 1 < bytes.length;) {
    at = counter.add(bytes, at, at + charsAtOnce);
    if (at + 1 < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
  return counter.take();
}

function addTo<K>(sums: Map<K, TallySum>, key: K, { counted, tally }: TallySum, sign: 1 | -1): void {
  const sum: TallySum = sums.get(key) ?? { counted: 0, tally: new Map() };
  sum.counted += sign * counted;
  for (const [code, count] of tally) {
    const left = (sum.tally.get(code) ?? 0) + sign * count;
    if (left === 0) sum.tally.delete(code);
    else sum.tally.set(code, left);
  }
  if (sums.size < groupsMax || sums.has(key)) sums.set(key, sum);
}

/** TRUE where everything is meant, whoever asked whom: what is asked most often, and has rows of its own. */
const meansAll = (scope: Asked): boolean => dimensionCondition(scope, scope.visibility, 't', new Parameters()).length === 0;

const sumsOf = "CAST(COALESCE(sum(t.counted), 0) AS TEXT) AS counted, string_agg(t.tally, '') AS tally";

/**
 * The question to one table. Groups are made of the counts of each dimension: SQLite sorts what it groups, and the many texts of a
 * dimension are sorted by a number and not by a name.
 */
function asking(table: RollupStep, where: string, isAll: boolean, groupBy?: UsageDimension): string {
  if (!groupBy) return `SELECT CAST(NULL AS TEXT) AS k, ${sumsOf} FROM ${(isAll ? totalTableOf : tableOf)[table]} t WHERE ${where}`;
  const key = keyColumn(groupBy);
  return `SELECT ${key} AS k, ${sumsOf} FROM (
      SELECT t.dimension_id, sum(t.counted) AS counted, string_agg(t.tally, '') AS tally FROM ${tableOf[table]} t WHERE ${where} GROUP BY t.dimension_id
    ) AS t JOIN usage_dimensions d ON d.id = t.dimension_id GROUP BY ${key}`;
}

interface PartTally extends TallySum {
  /** The part's place. */
  place: number;
  /** The group's, where there are groups. */
  key: string | null;
}

/** The counts of parts, one after the other: their texts are long. */
async function* read(
  { driver }: Database,
  parts: readonly Part[],
  scope: Asked,
  groupBy?: UsageDimension,
): AsyncGenerator<PartTally, void, undefined> {
  if (parts.length === 0) return;
  const parameters = new Parameters();
  const counter = createTallyCounter();
  const isAll = meansAll(scope);
  const sql = askParts(driver.engine, parts, parameters, (table, isWithin) => {
    const where = [isWithin('t'), ...dimensionCondition(scope, scope.visibility, 't', parameters)].join(' AND ');
    return asking(table, where, isAll, groupBy);
  });
  for (const { part, k, counted, tally } of await driver.rows<Found>({ sql, params: parameters.values }, 'analytics'))
    yield { place: part, key: k, counted: Number(counted), tally: await countLong(counter, tally ?? '') };
}

/** Counts by one dimension; null is the key of what belongs to none. */
export async function talliesBy(database: Database, scope: UsageScope, groupBy: UsageDimension): Promise<Map<string | null, TallySum>> {
  const sums = new Map<string | null, TallySum>();
  if (findsNothing(scope)) return sums;
  for await (const found of read(database, coverOf(scope.range, tallySteps), scope, groupBy)) {
    // Most groups are in one part alone: what was counted for it need not be copied.
    if (sums.has(found.key) || sums.size >= groupsMax) addTo(sums, found.key, found, 1);
    else sums.set(found.key, { counted: found.counted, tally: found.tally });
  }
  return sums;
}

interface IndexedSpan {
  index: number;
  range: UsageRange;
}

/** Every part of each span by itself, and nothing taken away. */
async function tallyPlainly(database: Database, scope: Asked, spans: readonly IndexedSpan[]): Promise<Map<number, TallySum>> {
  const sums = new Map<number, TallySum>();
  const parts = spans.flatMap(({ index, range }) => coverOf(range, tallySteps).map((part) => ({ index, part })));
  for (let from = 0; from < parts.length; from += partsAtOnce) {
    const some = parts.slice(from, from + partsAtOnce);
    const asked = some.map(({ part }) => part);
    for await (const found of read(database, asked, scope)) addTo(sums, some[found.place]!.index, found, 1);
  }
  return sums;
}

/** TRUE while sums of before an upgrade wait for their counts: those of a day may be missing where those of its quarter-hours are not. */
async function isBehind({ driver }: Database): Promise<boolean> {
  return (await driver.rows({ sql: 'SELECT 1 AS found FROM usage_untallied LIMIT 1', params: [] }, 'analytics')).length > 0;
}

/** Attempts in each of the parts that are days, by their place. */
async function attemptsOf({ driver }: Database, scope: Asked, parts: readonly SharedPart[]): Promise<Map<number, number>> {
  const days = parts.flatMap(({ part }, place) => (part.table === 'days' ? [{ part, place }] : []));
  if (days.length === 0) return new Map();
  const parameters = new Parameters();
  const asked = days.map(({ part }) => part);
  const sql = askParts(driver.engine, asked, parameters, (_, isWithin) => {
    const where = [isWithin('u'), ...dimensionCondition(scope, scope.visibility, 'u', parameters)].join(' AND ');
    return `SELECT CAST(COALESCE(sum(u.attempts), 0) AS TEXT) AS attempts FROM ${meansAll(scope) ? 'usage_day_totals' : 'usage_days'} u WHERE ${where}`;
  });
  const rows = await driver.rows<{ part: number; attempts: string }>({ sql, params: parameters.values }, 'analytics');
  return new Map(rows.map(({ part, attempts }) => [days[part]!.place, Number(attempts)]));
}

/**
 * Counts of each of the spans, by their place in the list. Quarter-hours are taken away from a day where
 * that reads less, but only from a day that was counted whole: what was swept away before it was counted is missing in the day alone.
 */
export async function tallySpans(database: Database, scope: Asked, spans: readonly UsageRange[]): Promise<Map<number, TallySum>> {
  const sums = new Map<number, TallySum>();
  if (findsNothing(scope)) return sums;
  const all = spans.map((range, index): IndexedSpan => ({ index, range }));
  if (await isBehind(database)) return tallyPlainly(database, scope, all);
  const doubtful = new Set<number>();
  for (const parts of sharedParts(spans, tallySteps)) {
    const isMixed = parts.some(({ uses }) => uses.some(({ sign }) => sign === -1));
    const attempts = isMixed ? await attemptsOf(database, scope, parts) : new Map<number, number>();
    const asked = parts.map(({ part }) => part);
    for await (const found of read(database, asked, scope)) {
      const isWhole = (attempts.get(found.place) ?? found.counted) === found.counted;
      for (const { index, sign } of parts[found.place]!.uses) {
        if (!isWhole) doubtful.add(index);
        addTo(sums, index, found, sign);
      }
    }
  }
  const again = all.filter(({ index }) => doubtful.has(index));
  for (const { index } of again) sums.delete(index);
  for (const [index, sum] of await tallyPlainly(database, scope, again)) sums.set(index, sum);
  return sums;
}
