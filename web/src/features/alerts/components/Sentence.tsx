/** A rule as a sentence whose words can be chosen. */
import type { AlertKindName, AlertSeverityName } from '@patchbay/contract/alerts';
import { NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { subjectsQuery } from '../api/alerts.ts';
import { comparison, kindNames, kinds, lasting, severityNames, useTimeText } from './alert-words.ts';
import classes from './alerts.module.css';
import { ofKind, type RuleFault, type RuleValues } from './rule-values.ts';

export interface SentenceProps {
  values: RuleValues;
  faults: readonly RuleFault[];
  isNew: boolean;
  onChange: (part: Partial<RuleValues>) => void;
}

const holds = [0, 60, 300, 900, 3600];
const measures = [300, 900, 1800, 3600, 21_600, 86_400];
const repeats = [0, 900, 3600, 14_400, 28_800, 86_400];

/** The choices, with what is saved among them. */
const withSaved = (choices: readonly number[], saved: number): number[] => [...new Set([...choices, saved])].toSorted((a, b) => a - b);

export function Sentence({ values, faults, isNew, onChange }: SentenceProps) {
  const t = useTranslations('alerts');
  const timeText = useTimeText();
  const { unit, window, hasPeriod, ofConnection } = kinds[values.kind];
  const times = window === 'hold' ? holds : measures;
  return (
    <>
      <fieldset className={classes['sentence']}>
        <legend>{t('sentence.when')}</legend>
        <KindWord values={values} isNew={isNew} onChange={onChange} />
        {ofConnection && <ConnectionWord values={values} onChange={onChange} />}
        {unit !== null && <ValueWord values={values} isWrong={faults.includes('value')} onChange={onChange} />}
        {hasPeriod && (
          <Word
            label={t('period')}
            value={values.period}
            onChoose={(period) => onChange({ period: period as 'day' })}
            before={t('sentence.per')}
          >
            <option value="day">{t('periodOf.day')}</option>
            <option value="month">{t('periodOf.month')}</option>
          </Word>
        )}
        {window !== null && (
          <Word
            label={t('window')}
            value={String(values.windowS)}
            onChoose={(windowS) => onChange({ windowS: Number(windowS) })}
            before={t(`sentence.${lasting(values.kind)}`)}
          >
            {withSaved(times, values.windowS).map((seconds) => (
              <option key={seconds} value={seconds}>
                {timeText(seconds)}
              </option>
            ))}
          </Word>
        )}
        <TellWords values={values} onChange={onChange} />
      </fieldset>
      {faults.includes('value') && <ValueFault kind={values.kind} />}
    </>
  );
}

interface WordProps {
  label: string;
  value: string;
  before?: string;
  onChoose: (value: string) => void;
  children: ReactNode;
}

function Word({ label, value, before, onChoose, children }: WordProps) {
  return (
    <>
      {before !== undefined && <span>{before}</span>}
      <NativeSelect className={classes['word']} aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {children}
      </NativeSelect>
    </>
  );
}

type PartProps = Pick<SentenceProps, 'values' | 'onChange'>;

/** What a saved rule looks at stays: another thing to look at is another rule. */
function KindWord({ values, isNew, onChange }: PartProps & { isNew: boolean }) {
  const t = useTranslations('alerts');
  const shown = kindNames.filter((kind) => kinds[kind].isOrganizations !== true || values.of === 'organization');
  if (!isNew) return <strong>{t(`kindOf.${values.kind}`)}</strong>;
  return (
    <Word label={t('kind')} value={values.kind} onChoose={(kind) => onChange(ofKind(kind as AlertKindName))}>
      {shown.map((kind) => (
        <option key={kind} value={kind}>
          {t(`kindOf.${kind}`)}
        </option>
      ))}
    </Word>
  );
}

function ConnectionWord({ values, onChange }: PartProps) {
  const t = useTranslations('alerts');
  const { data = [] } = useQuery(subjectsQuery);
  return (
    <Word
      label={t('connection')}
      value={values.connectionId}
      before={t('sentence.ofConnection')}
      onChoose={(connectionId) => onChange({ connectionId })}
    >
      <option value="">{t('anyConnection')}</option>
      {data.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </Word>
  );
}

const valueFaultId = 'alert-value-fault';

function ValueWord({ values, isWrong, onChange }: PartProps & { isWrong: boolean }) {
  const t = useTranslations('alerts');
  const { unit } = kinds[values.kind];
  return (
    <>
      <span>{t(`sentence.${comparison(values.kind)}`)}</span>
      <TextInput
        className={classes['short']}
        aria-label={t('value')}
        aria-describedby={isWrong ? valueFaultId : undefined}
        error={isWrong}
        value={values.value}
        inputMode="decimal"
        autoComplete="off"
        onChange={(event) => onChange({ value: event.currentTarget.value })}
      />
      {unit !== null && unit !== 'count' && <span>{t(`unitOf.${unit}`)}</span>}
    </>
  );
}

function ValueFault({ kind }: { kind: AlertKindName }) {
  const t = useTranslations('alerts');
  return (
    <p id={valueFaultId} className={classes['fault']}>
      {t('fault.value', { min: kinds[kind].min, max: kinds[kind].max })}
    </p>
  );
}

function TellWords({ values, onChange }: PartProps) {
  const t = useTranslations('alerts');
  const timeText = useTimeText();
  return (
    <>
      <Word
        label={t('channels')}
        value={values.channelIds === null ? 'all' : 'chosen'}
        before={t('sentence.tell')}
        onChoose={(choice) => onChange({ channelIds: choice === 'all' ? null : [] })}
      >
        <option value="all">{t('tellsAll')}</option>
        <option value="chosen">{t('channelsChosen')}</option>
      </Word>
      <Word
        label={t('severity')}
        value={values.severity}
        before={t('sentence.as')}
        onChoose={(severity) => onChange({ severity: severity as AlertSeverityName })}
      >
        {severityNames.map((severity) => (
          <option key={severity} value={severity}>
            {t(`severityOf.${severity}`)}
          </option>
        ))}
      </Word>
      <Word
        label={t('repeat')}
        value={String(values.repeatS)}
        before={t('sentence.again')}
        onChoose={(repeatS) => onChange({ repeatS: Number(repeatS) })}
      >
        {withSaved(repeats, values.repeatS).map((seconds) => (
          <option key={seconds} value={seconds}>
            {seconds === 0 ? t('never') : t('every', { time: timeText(seconds) })}
          </option>
        ))}
      </Word>
    </>
  );
}
