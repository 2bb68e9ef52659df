/** The groups of the range, the dearest first: figures, share of the cost, and ways to look closer. */
import type { UsageRow } from '@patchbay/client/usage';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { When } from '../../../ui/When.tsx';
import { dash, type Figures } from '../use-figures.ts';
import type { Group, View } from '../view.ts';
import { useGroupName } from './use-group-name.ts';
import classes from './Usage.module.css';

const shownFirst = 25;

interface GroupTableProps {
  view: View;
  rows: readonly UsageRow[];
  figures: Figures;
  onView: (view: View) => void;
  renderLink: (group: Group, key: string | null, name: string) => React.ReactNode;
}

export function GroupTable({ view, rows, figures, onView, renderLink }: GroupTableProps) {
  const t = useTranslations('usage');
  const nameOf = useGroupName();
  const [isAll, setAll] = useState(false);
  const total = rows.reduce((all, { costUsd }) => all + Number(costUsd), 0);
  const money = figures.moneyColumn(rows.map(({ costUsd }) => Number(costUsd)));
  const shown = isAll ? rows : rows.slice(0, shownFirst);
  const only = ({ key }: UsageRow): void => onView({ ...view, filters: { ...view.filters, [view.by]: [key ?? 'none'] } });
  const isNarrowed = (view.filters[view.by]?.length ?? 0) === 1;
  const columns: Column<UsageRow>[] = [
    { key: 'name', head: t(`group.${view.by}`), render: (row) => renderLink(view.by, row.key, nameOf(view.by, row.key, row.name)) },
    { key: 'requests', head: t('requests'), kind: 'number', render: (row) => figures.count(row.requests) },
    { key: 'in', head: t('tokensIn'), kind: 'number', render: (row) => figures.count(row.tokensIn) },
    { key: 'out', head: t('tokensOut'), kind: 'number', render: (row) => figures.count(row.tokensOut) },
    {
      key: 'cost',
      head: t('cost'),
      kind: 'number',
      render: (row) =>
        Number(row.costUsd) === 0 && row.unpriced > 0 ? <span title={t('noPrice')}>{dash}</span> : money(Number(row.costUsd)),
    },
    {
      key: 'share',
      head: t('share'),
      kind: 'number',
      render: (row) => <Share value={total === 0 ? 0 : Number(row.costUsd) / total} figures={figures} />,
    },
    { key: 'errors', head: t('errorRate'), kind: 'number', render: (row) => (row.attempts === 0 ? dash : figures.share(row.errorRate)) },
    { key: 'p95', head: 'p95', kind: 'number', isExtra: true, render: (row) => figures.ms(row.times?.latencyMs?.p95) },
    {
      key: 'used',
      head: t('lastUsed'),
      isExtra: true,
      render: (row) => (row.lastUsedAt === null ? dash : <When iso={row.lastUsedAt} />),
    },
    {
      key: 'only',
      head: t('only'),
      kind: 'actions',
      // What cannot be filtered by its key is not offered.
      render: (row) =>
        isNarrowed || (row.key === null && (view.by === 'model' || view.by === 'provider' || view.by === 'purpose')) ? null : (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={t('onlyNamed', { name: nameOf(view.by, row.key, row.name) })}
            onClick={() => only(row)}
          >
            {t('only')}
          </Button>
        ),
    },
  ];
  return (
    <Panel title={t('groupsTitle', { by: t(`by.${view.by}`) })} isPlain>
      <DataTable label={t('groupsTitle', { by: t(`by.${view.by}`) })} columns={columns} rows={shown} keyOf={({ key }) => key ?? ''} />
      {rows.length > shown.length && (
        <Button className={classes['more']} variant="default" onClick={() => setAll(true)}>
          {t('showAll', { count: rows.length })}
        </Button>
      )}
    </Panel>
  );
}

function Share({ value, figures }: { value: number; figures: Figures }) {
  return (
    <span className={classes['share']}>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect width={value * 100} height={10} />
      </svg>
      {figures.share(value)}
    </span>
  );
}
