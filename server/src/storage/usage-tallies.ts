/** Percentiles and classes of failures, read from the counts beside the roll-ups: the database joins texts, and here they are counted. */
import { addTally, type Tally } from '../domain/tally.ts';
import type { UsageRange } from '../domain/usage-range.ts';
import type { Database } from './database.ts';
import { dimensionCondition, findsNothing, keyColumn, partsOf, within, type Part, type UsageDimension } from './usage-parts.ts';
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

const tableOf = { days: 'usage_day_tallies', quarters: 'usage_quarter_tallies' } as const;

interface Found {
  k: string | null;
  counted: string;
  tally: string | null;
}

/** Counts a text in pieces; the process serves others in between. */
async function addLong(tally: Tally, text: string): Promise<void> {
  for (let at = 0; at + 1 < text.length;) {
    at = addTally(tally, text, at, at + charsAtOnce);
    if (at + 1 < text.length) await new Promise((resolve) => setImmediate(resolve));
  }
}

function partSql(key: string, part: Part, scope: UsageScope, isKeyed: boolean, parameters: Parameters): string {
  const where = [within(part.range, 't', parameters), ...dimensionCondition(scope, scope.visibility, 't', parameters)];
  const join = isKeyed ? ' JOIN usage_dimensions d ON d.id = t.dimension_id' : '';
  return `SELECT ${key} AS k, CAST(COALESCE(sum(t.counted), 0) AS TEXT) AS counted, string_agg(t.tally, '') AS tally FROM ${tableOf[part.table]} t${join}
    WHERE ${where.join(' AND ')}${isKeyed ? ` GROUP BY ${key}` : ''}`;
}

async function gather<K>(
  { driver }: Database,
  parts: readonly { key: string; part: Part }[],
  scope: Omit<UsageScope, 'range'>,
  isKeyed: boolean,
  keyOf: (text: string | null) => K,
): Promise<Map<K, TallySum>> {
  const sums = new Map<K, TallySum>();
  for (let from = 0; from < parts.length; from += partsAtOnce) {
    const parameters = new Parameters();
    const some = parts.slice(from, from + partsAtOnce);
    const sql = some.map(({ key, part }) => partSql(key, part, { ...scope, range: part.range }, isKeyed, parameters)).join(' UNION ALL ');
    for (const { k, counted, tally } of await driver.rows<Found>({ sql, params: parameters.values }, 'analytics')) {
      const key = keyOf(k);
      const sum = sums.get(key) ?? { counted: 0, tally: new Map() };
      sum.counted += Number(counted);
      await addLong(sum.tally, tally ?? '');
      if (sums.size < groupsMax || sums.has(key)) sums.set(key, sum);
    }
  }
  return sums;
}

/** Counts by one dimension; null is the key of what belongs to none. */
export const talliesBy = (database: Database, scope: UsageScope, groupBy: UsageDimension): Promise<Map<string | null, TallySum>> => {
  if (findsNothing(scope)) return Promise.resolve(new Map<string | null, TallySum>());
  const parts = partsOf(scope.range).map((part) => ({ key: keyColumn(groupBy), part }));
  return gather(database, parts, scope, true, (key) => key);
};

/** Counts of each of the spans, by their place in the list. The spans lie on quarter-hours. */
export const tallySpans = (
  database: Database,
  scope: Omit<UsageScope, 'range'>,
  spans: readonly UsageRange[],
): Promise<Map<number, TallySum>> => {
  if (findsNothing(scope)) return Promise.resolve(new Map<number, TallySum>());
  const parts = spans.flatMap((range, index) => partsOf(range).map((part) => ({ key: `'${index}'`, part })));
  return gather(database, parts, scope, false, (key) => Number(key));
};
