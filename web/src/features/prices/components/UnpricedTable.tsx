/** Models that were used and whose cost nobody knew: one press gives them a price, a second one prices what was asked before. */
import type { UnpricedModel } from '@patchbay/contract/prices';
import { Button } from '@mantine/core';
import { useFormatter, useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { When } from '../../../ui/When.tsx';
import classes from './prices.module.css';

interface UnpricedTableProps {
  models: readonly UnpricedModel[];
  nameOf: (provider: string) => string;
  onAdd: (model: UnpricedModel) => void;
  onReprice: (model: UnpricedModel) => void;
}

export function UnpricedTable({ models, nameOf, onAdd, onReprice }: UnpricedTableProps) {
  const t = useTranslations('prices');
  const format = useFormatter();
  const columns: Column<UnpricedModel>[] = [
    {
      key: 'model',
      head: t('model'),
      render: ({ provider, model }) => (
        <span className={classes['stack']}>
          <code>{model}</code>
          <span className={classes['quiet']}>{nameOf(provider)}</span>
        </span>
      ),
    },
    { key: 'requests', head: t('requests'), kind: 'number', render: ({ requests }) => format.number(requests) },
    { key: 'in', head: t('tokensIn'), kind: 'number', render: ({ tokensIn }) => format.number(tokensIn) },
    { key: 'out', head: t('tokensOut'), kind: 'number', render: ({ tokensOut }) => format.number(tokensOut) },
    { key: 'last', head: t('lastUsed'), render: ({ lastUsedAt }) => <When iso={lastUsedAt} /> },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (model) =>
        model.isPriced ? (
          <Button
            variant="subtle"
            size="compact-sm"
            aria-label={t('repriceNamed', { model: model.model })}
            onClick={() => onReprice(model)}
          >
            {t('repriceLater')}
          </Button>
        ) : (
          <Button variant="subtle" size="compact-sm" aria-label={t('addNamed', { model: model.model })} onClick={() => onAdd(model)}>
            {t('add')}
          </Button>
        ),
    },
  ];
  return (
    <DataTable
      label={t('unpricedTable', { count: models.length })}
      columns={columns}
      rows={models}
      keyOf={({ provider, model }) => `${provider}/${model}`}
    />
  );
}
