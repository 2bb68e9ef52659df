/** What is asked: range, zone, grouping and filters; and the ways out, as a file and on paper. */
import { reportFilePath } from '@patchbay/contract/report-page';
import type { UsageSeries } from '@patchbay/contract/usage-report';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode, type RefObject } from 'react';
import { useNow, useTranslations } from 'use-intl';
import { basePath } from '../../../lib/page.ts';
import { valuesQuery } from '../api/usage.ts';
import { useFigures } from '../use-figures.ts';
import { dateIn, datesOf, daysBefore, fileQuery, groups, isExact, periods, type Group, type Period, type View } from '../view.ts';
import { useGroupName } from './use-group-name.ts';
import classes from './Usage.module.css';

interface ToolsProps {
  view: View;
  onView: (view: View) => void;
  ownZone: string;
  range: UsageSeries | null;
  isWaiting: boolean;
  /** Back to the range before the charts were zoomed; null where they are not. */
  onUnzoom: (() => void) | null;
  unzoomButton: RefObject<HTMLButtonElement | null>;
  /** The way to save this view, and the views that were saved. */
  saveView: ReactNode;
  savedViews: ReactNode;
}

export function Tools({ view, onView, ownZone, range, isWaiting, onUnzoom, unzoomButton, saveView, savedViews }: ToolsProps) {
  const t = useTranslations('usage');
  const figures = useFigures(view.zone);
  const now = useNow();
  const zones = [...new Set([ownZone, view.zone, 'UTC'])];
  const take = (period: Period): void => {
    if (period !== 'custom') return onView({ ...view, period, from: '', to: '' });
    const today = dateIn(view.zone, now);
    onView({ ...view, period, from: daysBefore(today, 6), to: today });
  };
  const file = (format: 'csv' | 'html'): string => `${basePath}${reportFilePath.slice(1)}?${fileQuery(view, now, format)}`;
  return (
    <section aria-label={t('tools')} className={classes['tools']}>
      <div className={classes['fields']}>
        <NativeSelect label={t('period')} value={view.period} onChange={(event) => take(event.currentTarget.value as Period)}>
          {periods.map((period) => (
            <option key={period} value={period}>
              {t(`periods.${period}`)}
            </option>
          ))}
        </NativeSelect>
        {view.period === 'custom' && <Dates view={view} onView={onView} />}
        <NativeSelect
          label={t('zone')}
          value={view.zone}
          onChange={(event) => onView({ ...view, zone: event.currentTarget.value })}
          data={zones}
        />
        <NativeSelect
          label={t('groupBy')}
          value={view.by}
          onChange={(event) => onView({ ...view, by: event.currentTarget.value as Group })}
        >
          {groups.map((group) => (
            <option key={group} value={group}>
              {t(`group.${group}`)}
            </option>
          ))}
        </NativeSelect>
        <AddFilter view={view} onView={onView} />
        <span className={classes['ways']}>
          <Button component="a" variant="default" href={file('csv')} download>
            {t('csv')}
          </Button>
          <Button component="a" variant="default" href={file('html')} target="_blank" rel="noreferrer">
            {t('print')}
          </Button>
          {saveView}
        </span>
      </div>
      <Chips view={view} onView={onView} />
      {savedViews}
      <div className={classes['said']}>
        <p className={classes['quiet']} aria-live="polite">
          {range ? t('range', { days: (isExact(view) ? figures.moments : figures.days)(range.from, range.to), zone: view.zone }) : ' '}
          {isWaiting && range !== null && <span className={classes['waiting']}> {t('loading')}</span>}
        </p>
        {onUnzoom && (
          <Button ref={unzoomButton} size="compact-sm" variant="default" onClick={onUnzoom}>
            {t('unzoom')}
          </Button>
        )}
      </div>
    </section>
  );
}

function Dates({ view, onView }: Pick<ToolsProps, 'view' | 'onView'>) {
  const t = useTranslations('usage');
  const { from, to } = datesOf(view);
  return (
    <>
      <TextInput
        type="date"
        label={t('from')}
        value={from}
        max={to}
        error={from > to ? t('backwards') : undefined}
        onChange={({ currentTarget: { value } }) => value !== '' && onView({ ...view, from: value, to: latest(value, to) })}
      />
      <TextInput
        type="date"
        label={t('to')}
        value={to}
        min={from}
        onChange={({ currentTarget: { value } }) => value !== '' && onView({ ...view, to: value, from: earliest(value, from) })}
      />
    </>
  );
}

const latest = (a: string, b: string): string => (a > b ? a : b);
const earliest = (a: string, b: string): string => (a < b ? a : b);

function AddFilter({ view, onView }: Pick<ToolsProps, 'view' | 'onView'>) {
  const t = useTranslations('usage');
  const nameOf = useGroupName();
  const [group, setGroup] = useState<Group | null>(null);
  const values = useQuery({ ...valuesQuery(view, group ?? 'model'), enabled: group !== null });
  const chosen = group === null ? [] : (view.filters[group] ?? []);
  const add = (key: string): void => {
    if (group !== null && key !== '') onView({ ...view, filters: { ...view.filters, [group]: [...chosen, key] } });
    setGroup(null);
  };
  const hasNone = group !== 'model' && group !== 'provider' && group !== 'purpose';
  return (
    <>
      <NativeSelect
        label={t('filter')}
        value={group ?? ''}
        onChange={(event) => setGroup(groups.find((one) => one === event.currentTarget.value) ?? null)}
      >
        <option value="">{t('filterNone')}</option>
        {groups.map((one) => (
          <option key={one} value={one}>
            {t(`group.${one}`)}
          </option>
        ))}
      </NativeSelect>
      {group !== null && (
        <NativeSelect label={t(`group.${group}`)} value="" onChange={(event) => add(event.currentTarget.value)}>
          <option value="">{values.isError && !values.data ? t('filterFailed') : t('filterChoose')}</option>
          {values.data
            ?.filter(({ key }) => (key !== null || hasNone) && !chosen.includes(key ?? 'none'))
            .map(({ key, name }) => (
              <option key={key ?? ''} value={key ?? 'none'}>
                {nameOf(group, key, name)}
              </option>
            ))}
        </NativeSelect>
      )}
    </>
  );
}

/** One button for each value that the page is narrowed to; a press takes it away. */
function Chips({ view, onView }: Pick<ToolsProps, 'view' | 'onView'>) {
  const chips = groups.flatMap((group) => (view.filters[group] ?? []).map((value) => ({ group, value })));
  const t = useTranslations('usage');
  if (chips.length === 0) return null;
  const without = (group: Group, value: string): View => ({
    ...view,
    filters: { ...view.filters, [group]: (view.filters[group] ?? []).filter((one) => one !== value) },
  });
  return (
    <ul className={classes['chips']} aria-label={t('filters')}>
      {chips.map(({ group, value }) => (
        <li key={`${group} ${value}`}>
          <Chip view={view} group={group} value={value} onRemove={() => onView(without(group, value))} />
        </li>
      ))}
      <li>
        <Button size="compact-sm" variant="subtle" onClick={() => onView({ ...view, filters: {} })}>
          {t('clear')}
        </Button>
      </li>
    </ul>
  );
}

function Chip({ view, group, value, onRemove }: { view: View; group: Group; value: string; onRemove: () => void }) {
  const t = useTranslations('usage');
  const nameOf = useGroupName();
  const isNamedByKey = group === 'model' || group === 'provider' || group === 'purpose' || value === 'none';
  const values = useQuery({ ...valuesQuery(view, group), enabled: !isNamedByKey });
  const row = values.data?.find(({ key }) => key === value);
  const name = nameOf(group, value === 'none' ? null : value, isNamedByKey ? value : (row?.name ?? null));
  return (
    <Button size="compact-sm" variant="default" onClick={onRemove} aria-label={t('removeFilter', { group: t(`group.${group}`), name })}>
      {t('chip', { group: t(`group.${group}`), name })} <span aria-hidden="true">×</span>
    </Button>
  );
}
