/** Ledger rows on their way into their table, as steps of a transaction. */
import type { Driver, InsertMany, Statement, WriteStep } from './driver.ts';
import { columns, valuesOf, type LedgerRow } from './ledger-rows.ts';

const settledColumns =
  'state reason status is_last model_reported tokens_in tokens_out tokens_cached tokens_cache_write tokens_cache_write_hour tokens_reasoning is_estimated service_tier cost_nano_usd prices finish_reason latency_ms first_byte_ms changed dimension_id';
/** The last of all columns: rows without sound are written without them. */
const soundNames = ['tokens_audio_in', 'tokens_audio_out', 'tokens_audio_cached'];

/** How rows are settled: what an update sets, where in the values of a row that is, and the same for an insert that meets its row. */
function settling(settledNames: readonly string[], written: readonly string[]) {
  const sets = settledNames.map((name, index) => `${name} = $${index + 1}`).join(', ');
  return {
    sql: `UPDATE usage_events SET ${sets} WHERE at = $${settledNames.length + 1} AND id = $${settledNames.length + 2} AND state = 'intent'`,
    places: settledNames.map((name) => columns.indexOf(name)),
    columns: written,
    assignments: settledNames.map((name) => `${name} = excluded.${name}`).join(', '),
  };
}
const silently = settling(settledColumns.split(' '), columns.slice(0, -soundNames.length));
const withSound = settling([...settledColumns.split(' '), ...soundNames], columns);
const isHeard = ({ usage }: LedgerRow): boolean => Boolean(usage.tokensAudioIn || usage.tokensAudioOut);

function settleStep(row: LedgerRow, label: string | undefined): Statement {
  const { sql, places } = isHeard(row) ? withSound : silently;
  const values = valuesOf(row);
  const params = [...places.map((place) => values[place]), row.atMs, row.id];
  return label === undefined ? { sql, params } : { sql, params, expectRows: 1, label };
}

/** What a column holds where nothing is said of it; the others are always written. */
const unsaid: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...'reason connection_id model_reported access_key_id user_id workspace_id repository_id use_case_id routing_group_id'.split(' ').map((name) => [name, null] as const),
  ...'cost_nano_usd saved_nano_usd prices finish_reason first_byte_ms changed client_request_id service_tier'.split(' ').map((name) => [name, null] as const),
  ...['tokens_cached', 'tokens_cache_write', 'tokens_cache_write_hour', 'tokens_reasoning', 'reserved_nano_usd', ...soundNames].map((name) => [name, 0] as const),
  ...'is_stream is_estimated'.split(' ').map((name) => [name, false] as const),
]); // prettier-ignore
const unsaidPlaces = columns.flatMap((name, place) => (unsaid.has(name) ? [{ place, value: unsaid.get(name) }] : []));

/** The columns that some row says something of, by their places. Row by row: the values of a row lie together, those of a column do not. */
function placesSaid(all: readonly (readonly unknown[])[]): number[] {
  let silent = unsaidPlaces;
  for (const values of all) {
    for (const { place, value } of silent) {
      if (values[place] === value) continue;
      silent = silent.filter((one) => values[one.place] === one.value);
      break;
    }
  }
  const left = new Set(silent.map(({ place }) => place));
  return [...columns.keys()].filter((place) => !left.has(place));
}

/** The values at these places. A loop, because a list that grows by a function's answers costs three times as much. */
function valuesAt(places: readonly number[], values: readonly unknown[]): unknown[] {
  const some = Array<unknown>(places.length);
  for (let index = 0; index < places.length; index++) some[index] = values[places[index]!];
  return some;
}

/**
 * Writes rows that the books do not have; where they have one, the whole batch fails with StaleWrite and this label. Columns that no
 * row says anything of are left to the table: on SQLite every value that is bound costs.
 */
function freshRowsStep(rows: readonly LedgerRow[], label: string): InsertMany {
  const all = rows.map(valuesOf);
  const written = placesSaid(all);
  return {
    insertInto: 'usage_events',
    columns: written.map((place) => columns[place]!),
    rows: all.map((values) => valuesAt(written, values)),
    onConflict: '(at, id) DO NOTHING',
    expectRows: rows.length,
    label,
    isPlain: true,
  };
}

/**
 * As `freshRowsStep`. On SQLite open rows go by themselves: they and the closed ones have little in common, and it is cheap to write what
 * rows have in common.
 */
export function freshRowsSteps(rows: readonly LedgerRow[], engine: Driver['engine'], label: string): InsertMany[] {
  const parts = engine === 'sqlite' ? [rows.filter(isClosed), rows.filter((row) => !isClosed(row))] : [rows];
  return parts.filter((part) => part.length > 0).map((part) => freshRowsStep(part, label));
}

const isClosed = (row: LedgerRow): boolean => row.state !== 'intent';

/** The same in one step: the rows are there, so that nothing is inserted. */
function rowsStep(rows: readonly LedgerRow[]): InsertMany {
  const { columns: written, assignments } = rows.some(isHeard) ? withSound : silently;
  return {
    insertInto: 'usage_events',
    columns: written,
    rows: rows.map((row) => valuesOf(row).slice(0, written.length)),
    onConflict: `(at, id) DO UPDATE SET ${assignments} WHERE usage_events.state = 'intent'`,
  };
}

/**
 * Rows that are in the books and open become what they came to. One by one on SQLite, where that is cheaper, and there the whole batch
 * fails with StaleWrite and this label where one is not open any more; in one step elsewhere.
 */
export const settledSteps = (rows: readonly LedgerRow[], engine: Driver['engine'], label?: string): WriteStep[] =>
  engine === 'sqlite' ? rows.map((row) => settleStep(row, label)) : rows.length > 0 ? [rowsStep(rows)] : [];
