/** Lays figures out as text for a terminal. */
import type { Detail, Row, Run, Spread } from './figures.ts';

const number = (value: number): string => {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
};

const withRange = (spread: Spread | null): string =>
  spread ? `${number(spread.median)} (${number(spread.min)}-${number(spread.max)}, n=${spread.count})` : '-';

/** Columns as wide as their widest cell; the first is aligned left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

export const goalTable = (rows: readonly Row[]): string =>
  table(
    ['figure', 'unit', 'median (range)', 'goal', 'bound', 'verdict'],
    rows.map(({ figure, unit, spread, goal, bound, isLessBetter, verdict }) => {
      const sign = isLessBetter ? '<=' : '>=';
      return [figure, unit, withRange(spread), `${sign} ${number(goal)}`, `${sign} ${number(bound)}`, verdict];
    }),
  );

export const detailTable = (all: readonly Detail[]): string =>
  table(
    ['phase', 'candidate', 'CPU us each (range)', 'per second', 'p50 us', 'p99 us', 'RSS MiB', 'CPU after'],
    all.map(({ phase, candidate, cpuUs, perSecond, p50Us, p99Us, rssMiB, afterShare, voids }) => [
      phase,
      voids === 0 ? candidate : `${candidate} (${voids} void)`,
      withRange(cpuUs),
      ...[perSecond, p50Us, p99Us, rssMiB].map((spread) => (spread ? number(spread.median) : '-')),
      afterShare ? `${(afterShare.median * 100).toFixed(0)} %` : '-',
    ]),
  );

export function startTable({ starts }: Run): string {
  return table(
    ['start', 'round', 'ready ms', 'RSS idle MiB'],
    starts
      .filter(({ candidate }) => candidate !== 'direct')
      .map(({ candidate, round, readyMs, rssIdleKiB }) => [
        candidate,
        String(round + 1),
        readyMs.toFixed(0),
        (rssIdleKiB / 1_024).toFixed(0),
      ]),
  );
}
