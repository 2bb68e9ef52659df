/** One page of requests in rows; which columns they have is chosen once for this browser. */
import type { RequestRow } from '@patchbay/client/usage';
import type { ReactNode } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { choiceOf } from '../../../lib/choice.ts';
import { dayTime } from '../../../lib/day-time.ts';
import { moneyColumn } from '../../../lib/money.ts';
import { Status, type Tone } from '../../../ui/Status.tsx';
import { useTight } from '../../../ui/use-width.ts';
import classes from './requests.module.css';

export const columnNames = [
  'status',
  'model',
  'connection',
  'key',
  'user',
  'tokensIn',
  'tokensOut',
  'cost',
  'latency',
  'firstByte',
  'purpose',
] as const;
export type ColumnName = (typeof columnNames)[number];
const shownFirst: readonly ColumnName[] = ['status', 'model', 'connection', 'key', 'tokensIn', 'tokensOut', 'cost', 'latency'];
const numbers: ReadonlySet<string> = new Set(['tokensIn', 'tokensOut', 'cost', 'latency', 'firstByte']);

/** Where there is little room: whose key it was is told where the request is opened. */
const shownTight = shownFirst.filter((name) => name !== 'key');

const nothingChosen = 'usual';
const chosenColumns = choiceOf<string>('patchbay-request-columns', (stored) => stored ?? nothingChosen);

export function useColumns(): [readonly ColumnName[], (columns: readonly ColumnName[]) => void] {
  const isTight = useTight();
  const stored = chosenColumns.use();
  const usual: readonly string[] = isTight ? shownTight : shownFirst;
  const chosen = stored === nothingChosen ? usual : stored.split(' ');
  return [columnNames.filter((name) => chosen.includes(name)), (columns) => chosenColumns.set(columns.join(' '))];
}

export const toneOf = ({ status, state }: Pick<RequestRow, 'status' | 'state'>): Tone => {
  if (state === 'intent') return 'idle';
  if (state === 'unknown') return 'warn';
  // What we refuse ourselves is no failure: the overview and the rates leave it out, too.
  if (state === 'partial' || state === 'refused') return 'warn';
  return status !== null && status < 400 ? 'ok' : 'bad';
};

/** Nothing was sent, or nobody knows (yet) what came of it: neither free nor without a price. */
export const hasNoCost = ({ costUsd, attempts, state }: Pick<RequestRow, 'costUsd' | 'attempts' | 'state'>): boolean =>
  costUsd === null && (attempts === 0 || state === 'unknown' || state === 'intent');

interface RequestTableProps {
  rows: readonly RequestRow[];
  /** Rows of the pages before this one. */
  before: number;
  isLast: boolean;
  columns: readonly string[];
  openId: string | null;
  /** What is shown is of the filter before. */
  isOld: boolean;
  renderLink: (id: string, content: ReactNode) => ReactNode;
}

export function RequestTable({ rows, before, isLast, columns, openId, isOld, renderLink }: RequestTableProps) {
  const t = useTranslations('requests');
  const money = moneyColumn(
    useFormatter(),
    rows.map(({ costUsd }) => Number(costUsd ?? 0)),
  );
  const shown = columnNames.filter((name) => columns.includes(name));
  return (
    <div className={classes['frame']} data-old={isOld || undefined}>
      <table className={classes['table']} aria-label={t('title')} aria-rowcount={isLast ? before + rows.length + 1 : -1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">{t('time')}</th>
            {shown.map((name) => (
              <th key={name} scope="col" data-kind={numbers.has(name) ? 'number' : undefined}>
                {t(`columnOf.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={row.requestId} aria-rowindex={before + at + 2} data-open={row.requestId === openId || undefined}>
              <th scope="row">{renderLink(row.requestId, <Clock iso={row.at} />)}</th>
              {shown.map((name) => (
                <td key={name} data-column={name} data-head={t(`columnOf.${name}`)} data-kind={numbers.has(name) ? 'number' : undefined}>
                  <Cell name={name} row={row} money={money} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** To the millisecond: requests of one second have an order. */
function Clock({ iso }: { iso: string }) {
  const format = useFormatter();
  const language = useLocale();
  const at = new Date(iso);
  return (
    <time dateTime={iso} title={format.dateTime(at, { dateStyle: 'full', timeStyle: 'long' })}>
      {format.dateTime(at, { ...dayTime(language), second: '2-digit', fractionalSecondDigits: 3 })}
    </time>
  );
}

function Cell({ name, row, money }: { name: ColumnName; row: RequestRow; money: (usd: number) => string }) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const ms = (value: number | null): string => (value === null ? '' : t('ms', { value }));
  switch (name) {
    case 'status':
      return <Status tone={toneOf(row)} text={row.status === null ? t(`stateOf.${row.state}`) : String(row.status)} />;
    case 'model':
      return <code>{row.model || row.modelAsked}</code>;
    case 'connection': {
      const place = row.savedUsd === null ? (row.connectionName ?? '') : t('fromCache');
      if (row.attempts <= 1) return place;
      return (
        <span>
          {place}
          <span className={classes['badge']}>{t('attemptsShort', { count: row.attempts })}</span>
        </span>
      );
    }
    case 'key':
      return row.accessKeyName ?? '';
    case 'user':
      return row.userName ?? '';
    case 'tokensIn':
      return format.number(row.tokensIn);
    case 'tokensOut':
      return format.number(row.tokensOut);
    case 'cost':
      if (hasNoCost(row)) return '';
      return row.costUsd === null ? t('unpriced') : money(Number(row.costUsd));
    case 'latency':
      return ms(row.latencyMs);
    case 'firstByte':
      return ms(row.firstByteMs);
    case 'purpose':
      return t(`purposeOf.${row.purpose as 'completion'}`);
  }
}
