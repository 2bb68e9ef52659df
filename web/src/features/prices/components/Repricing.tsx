/** Past requests priced again: first a look that changes nothing, then the change itself, as a task that the page follows. */
import type { RepriceStart } from '@patchbay/contract/prices';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { moneyText } from '../../../lib/money.ts';
import { useNamedProviders } from '../../../lib/providers.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { repricingQuery, unpricedDays, useReprice } from '../api/prices.ts';
import { repricedOf } from './price-values.ts';
import classes from './prices.module.css';

interface Range {
  provider: string;
  model: string;
  /** Days as a field of the browser holds them; both belong to the range. */
  from: string;
  to: string;
}

const dayMs = 86_400_000;
/** A day in the zone of the browser, as its fields write it. */
const dayText = (at: Date): string => {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};
const startOf = (day: string): Date => new Date(`${day}T00:00:00`);
const isDay = (text: string): boolean => text !== '' && !Number.isNaN(startOf(text).getTime());

function whatOf({ provider, model, from, to }: Range, dryRun: boolean): RepriceStart {
  const end = startOf(to);
  end.setDate(end.getDate() + 1);
  return { provider, model: model.trim(), from: startOf(from).toISOString(), to: end.toISOString(), dryRun };
}

type Wrong = Record<keyof Range, boolean>;

const wrongIn = ({ provider, model, from, to }: Range): Wrong => ({
  provider: provider === '',
  model: model.trim() === '',
  from: !isDay(from),
  to: !isDay(to) || (isDay(from) && startOf(to) < startOf(from)),
});

const firstRange = (provider: string, model: string): Range => ({
  provider,
  model,
  from: dayText(new Date(Date.now() - unpricedDays * dayMs)),
  to: dayText(new Date()),
});

export function Repricing({ provider, model }: { provider: string; model: string }) {
  const t = useTranslations('prices');
  const language = useLocale();
  const [range, setRange] = useState(() => firstRange(provider, model));
  const [isTried, setTried] = useState(false);
  const [task, setTask] = useState<{ id: string; isLook: boolean } | null>(null);
  const reprice = useReprice();
  const start = (isLook: boolean): void => reprice.mutate(whatOf(range, isLook), { onSuccess: (id) => setTask({ id, isLook }) });
  const wrong = wrongIn(range);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setTried(true);
    if (!Object.values(wrong).some(Boolean)) start(true);
  };
  const change = (part: Partial<Range>): void => {
    setRange((before) => ({ ...before, ...part }));
    // What was found is of another question.
    setTask(null);
  };
  return (
    <Panel title={t('repriceTitle')} text={t('repriceText')}>
      <form className={`pb-form ${classes['form']}`} onSubmit={submit} noValidate autoComplete="off">
        {reprice.error !== null && <Notice tone="bad">{errorText(reprice.error, language)}</Notice>}
        <RangeFields range={range} wrong={isTried ? wrong : null} onChange={change} />
        <div className="pb-buttons">
          <Button type="submit" variant="default" loading={reprice.isPending} loaderProps={{ 'aria-label': t('saving') }}>
            {t('preview')}
          </Button>
        </div>
      </form>
      {task !== null && <Outcome key={task.id} {...task} onApply={() => start(false)} isPending={reprice.isPending} />}
    </Panel>
  );
}

interface RangeFieldsProps {
  range: Range;
  /** Null before the first try. */
  wrong: Wrong | null;
  onChange: (part: Partial<Range>) => void;
}

function RangeFields({ range, wrong, onChange }: RangeFieldsProps) {
  const t = useTranslations('prices');
  const { data: providers = [] } = useNamedProviders();
  return (
    <div className="pb-pair">
      <NativeSelect
        label={t('provider')}
        value={range.provider}
        error={wrong?.provider ? t('fault.provider') : undefined}
        onChange={({ currentTarget }) => onChange({ provider: currentTarget.value })}
        data={[{ value: '', label: t('choose') }, ...providers.map(({ name, displayName }) => ({ value: name, label: displayName }))]}
      />
      <TextInput
        label={t('model')}
        value={range.model}
        error={wrong?.model ? t('fault.model') : undefined}
        onChange={({ currentTarget }) => onChange({ model: currentTarget.value })}
        spellCheck={false}
      />
      <TextInput
        type="date"
        label={t('firstDay')}
        value={range.from}
        error={wrong?.from ? t('fault.day') : undefined}
        onChange={({ currentTarget }) => onChange({ from: currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t('lastDay')}
        value={range.to}
        error={wrong?.to ? t('fault.end') : undefined}
        onChange={({ currentTarget }) => onChange({ to: currentTarget.value })}
      />
    </div>
  );
}

interface OutcomeProps {
  id: string;
  isLook: boolean;
  isPending: boolean;
  onApply: () => void;
}

/** How far it is, and what came of it. */
function Outcome({ id, isLook, isPending, onApply }: OutcomeProps) {
  const t = useTranslations('prices');
  const format = useFormatter();
  const { data: task } = useQuery(repricingQuery(id));
  const total = task?.progress.total ?? undefined;
  if (!task || task.state === 'running')
    return (
      <div className={classes['outcome']}>
        <p>{t(isLook ? 'looking' : 'repricing')}</p>
        <progress
          className={classes['progress']}
          aria-label={t(isLook ? 'looking' : 'repricing')}
          max={total}
          value={total === undefined ? undefined : task?.progress.done}
        />
      </div>
    );
  const found = repricedOf(task.result);
  if (task.state !== 'done' || found === null) return <Notice tone="bad">{t('notDone')}</Notice>;
  const values = {
    rows: found.rows,
    changed: found.changed,
    before: moneyText(format, found.beforeUsd),
    after: moneyText(format, found.afterUsd),
  };
  return (
    <output className={classes['outcome']}>
      <p>{t(isLook ? 'wouldChange' : 'hasChanged', values)}</p>
      {found.changed > 0 && <p>{t(isLook ? 'wouldCost' : 'hasCost', values)}</p>}
      {found.withoutPrice > 0 && <p className={classes['quiet']}>{t('stillWithout', { count: found.withoutPrice })}</p>}
      {isLook && found.changed > 0 && (
        <div>
          <Button data-writes loading={isPending} onClick={onApply}>
            {t('reprice')}
          </Button>
        </div>
      )}
    </output>
  );
}
