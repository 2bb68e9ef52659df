/** Beside the list: whether it follows what happens, which columns it has, and the same rows as a file. */
import { Button, Checkbox } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { client } from '../../../lib/client.ts';
import { BackgroundExport } from '../../../ui/BackgroundExport.tsx';
import { basePath } from '../../../lib/page.ts';
import { askedOf, type RequestSearch } from '../filters.ts';
import { columnNames, type ColumnName } from './RequestTable.tsx';
import classes from './requests.module.css';
import { useEscape } from './use-escape.ts';

interface ToolsProps {
  search: RequestSearch;
  isLive: boolean;
  onLive: (isLive: boolean) => void;
  columns: readonly string[];
  onColumns: (columns: readonly ColumnName[]) => void;
}

export function Tools({ search, isLive, onLive, columns, onColumns }: ToolsProps) {
  const t = useTranslations('requests');
  const fileOf = (format: 'csv' | 'jsonl'): string => `${basePath}${client.requests.exportPath(askedOf(search), format)}`;
  return (
    <div className={classes['tools']}>
      <Button variant="default" size="compact-sm" aria-pressed={isLive} onClick={() => onLive(!isLive)}>
        <span className={classes['dot']} data-live={isLive || undefined} aria-hidden="true" />
        {t('live')}
      </Button>
      <Menu label={t('columns')}>
        <fieldset>
          <legend>{t('columns')}</legend>
          {columnNames.map((name) => (
            <Checkbox
              key={name}
              size="xs"
              label={t(`columnOf.${name}`)}
              checked={columns.includes(name)}
              onChange={(event) =>
                onColumns(columnNames.filter((one) => (one === name ? event.currentTarget.checked : columns.includes(one))))
              }
            />
          ))}
        </fieldset>
      </Menu>
      <Menu label={t('export')}>
        <div>
          <a href={fileOf('csv')} download>
            {t('exportCsv')}
          </a>
          <a href={fileOf('jsonl')} download>
            {t('exportJsonl')}
          </a>
          <BackgroundExport what={{ requests: askedOf(search) }} />
        </div>
      </Menu>
    </div>
  );
}

/** What opens below a word, and closes by Escape. */
function Menu({ label, children }: { label: string; children: ReactNode }) {
  const details = useEscape<HTMLDetailsElement>((part) => {
    if (!part.open) return;
    part.open = false;
    part.querySelector('summary')?.focus();
  });
  return (
    <details className={classes['menu']} ref={details}>
      <summary>{label}</summary>
      {children}
    </details>
  );
}
