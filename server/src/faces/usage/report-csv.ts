/** The report as one table for other programs: raw values with a point, ISO times, and a first column that says what a row is. */
import type { UsageReport, UsageReportRow } from '@patchbay/contract/usage-report';
import { csvLine } from '../../lib/csv.ts';

const columns = [
  'key', 'name', 'requestCount', 'attemptCount', 'failureCount', 'unknownCount', 'estimatedCount', 'unpricedCount', 'cacheHitCount',
  'tokensIn', 'tokensOut', 'tokenCount', 'cost', 'saved', 'averageLatency', 'errorRate', 'lastUsed',
] as const satisfies readonly (keyof UsageReportRow)[]; // prettier-ignore

const parts = [
  ['configuration', 'byConfiguration'],
  ['provider', 'byProvider'],
  ['model', 'byModel'],
  ['day', 'byDay'],
] as const;

/** RFC 4180, with a head; no cell is a formula to a spreadsheet. */
export function reportCsv(report: UsageReport): string {
  const lineOf = (part: string, row: UsageReportRow): string => csvLine([part, ...columns.map((name) => row[name])]);
  const rows = parts.flatMap(([part, list]) => report[list].map((row) => lineOf(part, row)));
  const { from, to, timeZone } = report.period;
  const head = csvLine(['part', ...columns, 'from', 'to', 'timeZone']);
  // The period stands with the totals, once.
  const totals = csvLine(['total', ...columns.map((name) => report.totals[name]), from, to, timeZone]);
  return [head, totals, ...rows.map((line) => line.replace(/\r\n$/, ',,,\r\n'))].join('');
}
