/** Counts a ledger again, row by row and in plain JavaScript: nothing of the product's roll-ups, its ranges or its bins is used. */
import type { Driver } from '../../src/storage/driver.ts';

export interface RawRow {
  at: number;
  id: string;
  state: string;
  reason: string | null;
  is_last: boolean;
  connection_id: string | null;
  provider: string;
  model: string;
  access_key_id: string | null;
  user_id: string | null;
  workspace_id: string | null;
  repository_id: string | null;
  use_case_id: string | null;
  purpose: string;
  tokens_in: number;
  tokens_out: number;
  tokens_cached: number;
  is_estimated: boolean;
  cost_nano_usd: number | null;
  saved_nano_usd: number | null;
  latency_ms: number | null;
  first_byte_ms: number | null;
}

const columns = [
  'at', 'CAST(id AS TEXT) AS id', 'state', 'reason', 'is_last', 'CAST(connection_id AS TEXT) AS connection_id', 'provider', 'model',
  'CAST(access_key_id AS TEXT) AS access_key_id', 'CAST(user_id AS TEXT) AS user_id', 'CAST(workspace_id AS TEXT) AS workspace_id',
  'CAST(repository_id AS TEXT) AS repository_id', 'CAST(use_case_id AS TEXT) AS use_case_id', 'purpose', 'tokens_in', 'tokens_out', 'tokens_cached',
  'is_estimated', 'cost_nano_usd', 'saved_nano_usd', 'latency_ms', 'first_byte_ms',
].join(', '); // prettier-ignore

const rowsAtOnce = 10_000;
const pagesMax = 10_000;

/** Every row, oldest first, a page at a time. */
export async function* rawRows(driver: Driver): AsyncGenerator<RawRow, void, undefined> {
  let [at, id] = [-1, ''];
  for (let page = 0; page < pagesMax; page++) {
    const rows = await driver.rows<RawRow>(
      {
        sql: `SELECT ${columns} FROM usage_events WHERE at >= $1 ORDER BY at, id LIMIT ${rowsAtOnce}`,
        params: [at],
      },
      'analytics',
    );
    // A page begins with the rows of the moment at which the last one ended.
    const fresh = rows.filter((row) => row.at > at || row.id > id);
    yield* fresh;
    const last = rows.at(-1);
    if (!last || rows.length < rowsAtOnce) return;
    [at, id] = [last.at, last.id];
  }
}

export interface Counted {
  requests: number;
  attempts: number;
  failures: number;
  partials: number;
  refusals: number;
  unknowns: number;
  estimated: number;
  unpriced: number;
  tokensIn: number;
  tokensOut: number;
  tokensCached: number;
  cacheHits: number;
  cost: bigint;
  saved: bigint;
}

const nothing = (): Counted => ({
  requests: 0,
  attempts: 0,
  failures: 0,
  partials: 0,
  refusals: 0,
  unknowns: 0,
  estimated: 0,
  unpriced: 0,
  tokensIn: 0,
  tokensOut: 0,
  tokensCached: 0,
  cacheHits: 0,
  cost: 0n,
  saved: 0n,
});

function count(to: Counted, row: RawRow): void {
  const isHit = row.saved_nano_usd !== null;
  if (row.is_last) to.requests += 1;
  if (isHit) to.cacheHits += 1;
  else to.attempts += 1;
  if (row.state === 'settled' && row.reason !== null) to.failures += 1;
  if (row.state === 'partial') to.partials += 1;
  if (row.state === 'refused') to.refusals += 1;
  if (row.state === 'unknown') to.unknowns += 1;
  if (row.is_estimated) to.estimated += 1;
  if ((row.state === 'settled' || row.state === 'partial') && row.cost_nano_usd === null) to.unpriced += 1;
  to.tokensIn += row.tokens_in;
  to.tokensOut += row.tokens_out;
  to.tokensCached += row.tokens_cached;
  to.cost += BigInt(row.cost_nano_usd ?? 0);
  to.saved += BigInt(row.saved_nano_usd ?? 0);
}

/** The date and the clock's hour of a moment in a zone, by the runtime's formatter; asked once for each quarter-hour. */
function localTime(zone: string): (atMs: number) => { date: string; hour: string } {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const known = new Map<number, { date: string; hour: string }>();
  return (atMs) => {
    const quarter = Math.floor(atMs / 900_000);
    let found = known.get(quarter);
    if (!found) {
      const [date = '', time = ''] = format.format(quarter * 900_000).split(' ');
      known.set(quarter, (found = { date, hour: `${date} ${time.slice(0, 2)}` }));
    }
    return found;
  };
}

const dimensions = {
  connection: 'connection_id',
  provider: 'provider',
  model: 'model',
  key: 'access_key_id',
  user: 'user_id',
  workspace: 'workspace_id',
  repository: 'repository_id',
  'use-case': 'use_case_id',
  purpose: 'purpose',
} as const;
export type RecountDimension = keyof typeof dimensions;
export const recountDimensions = Object.keys(dimensions) as RecountDimension[];

export interface Recount {
  rows: number;
  total: Counted;
  /** Times of attempts that reached a provider, in order of size. */
  latencies: number[];
  by: Record<RecountDimension, Map<string | null, Counted>>;
  /** By zone and date. */
  days: Map<string, Map<string, Counted>>;
  latenciesByModel: Map<string, number[]>;
  /** By zone, date and model. */
  modelDays: Map<string, Map<string, Counted>>;
}

const into = <K>(map: Map<K, Counted>, key: K): Counted => {
  let found = map.get(key);
  if (!found) map.set(key, (found = nothing()));
  return found;
};

/** Everything that lies in a range of each zone's own days: `[from, to]` of dates, both included. */
export async function recount(driver: Driver, zones: readonly string[]): Promise<Recount> {
  const locals = zones.map((zone) => [zone, localTime(zone)] as const);
  const found: Recount = {
    rows: 0,
    total: nothing(),
    latencies: [],
    by: Object.fromEntries(recountDimensions.map((name) => [name, new Map<string | null, Counted>()])) as Recount['by'],
    days: new Map(zones.map((zone) => [zone, new Map<string, Counted>()])),
    latenciesByModel: new Map(),
    modelDays: new Map(zones.map((zone) => [zone, new Map<string, Counted>()])),
  };
  for await (const row of rawRows(driver)) {
    found.rows += 1;
    if (row.state === 'intent') continue;
    count(found.total, row);
    for (const name of recountDimensions) count(into(found.by[name], row[dimensions[name]]), row);
    for (const [zone, localOf] of locals) {
      const { date } = localOf(row.at);
      count(into(found.days.get(zone)!, date), row);
      count(into(found.modelDays.get(zone)!, `${date} ${row.model}`), row);
    }
    if ((row.state === 'settled' || row.state === 'partial') && row.saved_nano_usd === null && row.latency_ms !== null) {
      found.latencies.push(row.latency_ms);
      const ofModel = found.latenciesByModel.get(row.model);
      if (ofModel) ofModel.push(row.latency_ms);
      else found.latenciesByModel.set(row.model, [row.latency_ms]);
    }
  }
  found.latencies.sort((a, b) => a - b);
  for (const list of found.latenciesByModel.values()) list.sort((a, b) => a - b);
  return found;
}

/** The value at place ceil(share n) of a sorted list. */
export const atRank = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
