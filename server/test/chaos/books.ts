/** Compares three memories after the chaos: what clients were told, what the provider was asked, and what the books say. */
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { openDriver } from '../../src/storage/open.ts';
import type { Driver } from '../../src/storage/driver.ts';
import type { ReceivedCall } from '../support/fake-provider.ts';
import type { Place } from './instance.ts';
import type { Told } from './load.ts';

export interface Verdict {
  requests: number;
  complete: number;
  calls: number;
  rows: number;
  /** Rows that a kill left open, closed as unknown at the next start. */
  unknown: number;
  /** What must not be: each line is one broken promise. */
  faults: string[];
}

interface BookRow {
  mark: string | null;
  request_id: string;
  attempt_no: number;
  state: string;
  reason: string | null;
  is_last: boolean;
  tokens_in: number;
  tokens_out: number;
}

/** Opens the books of a server that has ended. */
export const openBooksOf = ({ dataDir, databaseUrl }: Place): Promise<Driver> =>
  openDriver({ dataDir, databaseUrl, clock: systemClock, log: createLog('silent') });

const countBy = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
};

/** What the content of a call says it was sent for. */
export const markOf = ({ json }: ReceivedCall): string => (json['messages'] as { content?: string }[] | undefined)?.[0]?.content ?? '';

/** Of what applications asked for: tests of connections are no such thing, and ask the provider without a mark. */
export async function judge(driver: Driver, told: readonly Told[], received: readonly ReceivedCall[]): Promise<Verdict> {
  const rows = await driver.rows<BookRow & Record<string, unknown>>(
    {
      sql: `SELECT client_request_id AS mark, CAST(request_id AS TEXT) AS request_id, attempt_no, state, reason, is_last, tokens_in, tokens_out FROM usage_events WHERE purpose = 'completion'`,
      params: [],
    },
    'analytics',
  );
  const faults = [...lostCalls(rows, received), ...lostAnswers(rows, told), ...doubled(rows), ...(await wrongSums(driver))];
  const complete = told.filter((one) => one.isComplete).length;
  // Books that agree about nothing prove nothing.
  if (complete === 0) faults.push('no request was answered at all');
  return {
    requests: told.length,
    complete,
    calls: received.length,
    rows: rows.length,
    unknown: rows.filter((row) => row.state === 'unknown').length,
    faults,
  };
}

/** Every call that the provider received is an attempt in the books; an attempt without a call was never sent, and says so. */
function lostCalls(rows: readonly BookRow[], received: readonly ReceivedCall[]): string[] {
  const booked = countBy(rows, (row) => row.mark ?? '');
  const answered = countBy(
    rows.filter((row) => row.state === 'settled' && row.reason === null),
    (row) => row.mark ?? '',
  );
  const calls = countBy(received, markOf);
  const faults: string[] = [];
  for (const [mark, count] of calls)
    if ((booked.get(mark) ?? 0) < count) faults.push(`${mark}: ${count} calls at the provider, ${booked.get(mark) ?? 0} rows`);
  for (const [mark, count] of answered)
    if (count > (calls.get(mark) ?? 0)) faults.push(`${mark}: ${count} answers booked, ${calls.get(mark) ?? 0} calls at the provider`);
  return faults;
}

/** What a client holds is in the books, once. A kill between the answer and its settlement leaves it as unknown, visible and counted. */
function lostAnswers(rows: readonly BookRow[], told: readonly Told[]): string[] {
  const byMark = Map.groupBy(rows, (row) => row.mark ?? '');
  return told.flatMap((one) => {
    const last = (byMark.get(one.mark) ?? []).filter((row) => row.is_last);
    if (!one.isComplete) return last.length > 1 ? [`${one.mark}: ${last.length} last rows`] : [];
    if (last.length !== 1) return [`${one.mark}: answered, but ${last.length} last rows`];
    const [row] = last;
    if (row!.state === 'unknown') return [];
    return row!.state === 'settled' && row!.reason === null && row!.tokens_in === 11 && row!.tokens_out === 7
      ? []
      : [`${one.mark}: answered, but booked as ${JSON.stringify(row)}`];
  });
}

function doubled(rows: readonly BookRow[]): string[] {
  const attempts = countBy(rows, (row) => `${row.request_id} ${row.attempt_no}`);
  const faults = [...attempts]
    .filter(([, count]) => count > 1)
    .map(([attempt, count]) => `attempt ${attempt} is in the books ${count} times`);
  const open = rows.filter((row) => row.state === 'intent').length;
  return open > 0 ? [...faults, `${open} attempts are still open`] : faults;
}

const measures: readonly (readonly [string, string])[] = [
  ['attempts', 'count(*)'],
  ['tokens_in', 'sum(COALESCE(tokens_in, 0))'],
  ['tokens_out', 'sum(COALESCE(tokens_out, 0))'],
  ['cost_nano_usd', 'sum(COALESCE(cost_nano_usd, 0))'],
  ['unknowns', "sum(CASE WHEN state = 'unknown' THEN 1 ELSE 0 END)"],
  ['partials', "sum(CASE WHEN state = 'partial' THEN 1 ELSE 0 END)"],
];

async function wrongSums(driver: Driver): Promise<string[]> {
  const one = async (sql: string): Promise<Record<string, unknown>> => (await driver.rows({ sql, params: [] }, 'analytics'))[0] ?? {};
  const fromRows = await one(
    `SELECT ${measures.map(([name, sum]) => `CAST(COALESCE(${sum}, 0) AS TEXT) AS ${name}`).join(', ')} FROM usage_events WHERE state <> 'intent'`,
  );
  const faults: string[] = [];
  for (const table of ['usage_quarters', 'usage_six_hours', 'usage_days']) {
    const fromTable = await one(
      `SELECT ${measures.map(([name]) => `CAST(COALESCE(sum(${name}), 0) AS TEXT) AS ${name}`).join(', ')} FROM ${table}`,
    );
    if (JSON.stringify(fromTable) !== JSON.stringify(fromRows))
      faults.push(`${table} says ${JSON.stringify(fromTable)}, the rows say ${JSON.stringify(fromRows)}`);
  }
  const gaps = await driver.rows({ sql: "SELECT id FROM audit_entries WHERE action = 'journal.gap'", params: [] }, 'analytics');
  return gaps.length > 0 ? [...faults, `${gaps.length} gaps in the journal`] : faults;
}
