/** Prices that were set, newest first: for what, from when to when, and how much. None is ever changed: one ends, another follows. */
import type { Price } from '@patchbay/contract/prices';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useFormatter, useNow, useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Status, type Tone } from '../../../ui/Status.tsx';
import { connectionsQuery } from '../api/prices.ts';
import { stateOf, type PriceState } from './price-values.ts';
import classes from './prices.module.css';
import { usePriceText } from './use-price-text.ts';

interface PriceTableProps {
  prices: readonly Price[];
  /** When they were read: what has ended by then has ended, however long ago the clock of the page was looked at. */
  readAtMs: number;
  nameOf: (provider: string) => string;
  onFollow: (price: Price) => void;
  onEnd: (price: Price) => void;
  renderHistory: (price: Price) => ReactNode;
}

const toneOf: Record<PriceState, Tone> = { holds: 'ok', ends: 'warn', begins: 'idle', ended: 'off' };
const refreshMs = 30_000;

export function PriceTable({ prices, readAtMs, ...props }: PriceTableProps) {
  const t = useTranslations('prices');
  const shownNow = useNow({ updateInterval: refreshMs });
  const now = new Date(Math.max(shownNow.getTime(), readAtMs));
  return (
    <DataTable
      label={t('table', { count: prices.length })}
      columns={useColumns(props, now)}
      rows={prices}
      keyOf={({ id }) => id}
      isQuiet={(price) => stateOf(price, now) === 'ended'}
    />
  );
}

function useColumns({ nameOf, onFollow, onEnd, renderHistory }: Omit<PriceTableProps, 'prices' | 'readAtMs'>, now: Date): Column<Price>[] {
  const t = useTranslations('prices');
  const format = useFormatter();
  const { tierText, moreText } = usePriceText();
  const { data: connections = [] } = useQuery(connectionsQuery);
  const moment = (iso: string): string => format.dateTime(new Date(iso), { dateStyle: 'medium', timeStyle: 'short' });
  return [
    {
      key: 'model',
      head: t('model'),
      render: ({ provider, model, connectionId, note }) => (
        <span className={classes['stack']}>
          <code>{model}</code>
          <span className={classes['quiet']}>
            {nameOf(provider)}
            {connectionId !== null && ` · ${connections.find(({ id }) => id === connectionId)?.name ?? t('oneConnection')}`}
          </span>
          {note !== null && <span className={classes['quiet']}>{note}</span>}
        </span>
      ),
    },
    {
      key: 'price',
      head: t('perMillion'),
      kind: 'number',
      render: ({ tiers }) => (
        <span className={classes['figures']}>
          {tiers.map((tier) => (
            <span key={tier.fromTokensIn}>
              {tierText(tier)}
              {moreText(tier) !== '' && <span className={classes['quiet']}> · {moreText(tier)}</span>}
            </span>
          ))}
        </span>
      ),
    },
    { key: 'from', head: t('validFrom'), render: ({ validFrom }) => moment(validFrom) },
    { key: 'until', head: t('validUntil'), render: ({ validUntil }) => (validUntil === null ? t('open') : moment(validUntil)) },
    {
      key: 'state',
      head: t('state'),
      render: (price) => <Status tone={toneOf[stateOf(price, now)]} text={t(`stateOf.${stateOf(price, now)}`)} />,
    },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (price) => (
        <span className="pb-deeds">
          <Button variant="subtle" size="compact-sm" aria-label={t('followNamed', { model: price.model })} onClick={() => onFollow(price)}>
            {t('follow')}
          </Button>
          {price.validUntil === null && (
            <Button variant="subtle" size="compact-sm" aria-label={t('endNamed', { name: price.model })} onClick={() => onEnd(price)}>
              {t('end')}
            </Button>
          )}
          {renderHistory(price)}
        </span>
      ),
    },
  ];
}
