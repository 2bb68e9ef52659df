/** What is assumed of each target: how fast it is, how often it fails and how, when it is down, and what it costs. */
import { groupTargetsMax } from '@patchbay/contract/routing-limits';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import { MoveButtons } from './MoveButtons.tsx';
import classes from './routing.module.css';
import { faultNames, newAssumption, targetNumbers, type TargetAssumption, type TargetNumber } from './simulator-values.ts';
import { useRows } from './use-rows.ts';

interface AssumptionRowsProps {
  targets: readonly TargetAssumption[];
  hasWeight: boolean;
  faults: ReadonlySet<string>;
  onChange: (targets: TargetAssumption[]) => void;
}

export function AssumptionRows({ targets, hasWeight, faults, onChange }: AssumptionRowsProps) {
  const t = useTranslations('simulator');
  const { list, move, remove, add } = useRows(targets, onChange);
  const change = (at: number, part: Partial<TargetAssumption>): void =>
    onChange(targets.map((target, place) => (place === at ? { ...target, ...part } : target)));
  return (
    <fieldset className={classes['list']}>
      <legend>{t('targets')}</legend>
      <ol className={classes['rows']} ref={list} tabIndex={-1} aria-label={t('targets')}>
        {targets.map((target, at) => (
          <li key={target.key} className={classes['row']}>
            <span className={classes['place']} aria-hidden="true">
              {at + 1}
            </span>
            <Assumptions at={at} target={target} hasWeight={hasWeight} faults={faults} onChange={(part) => change(at, part)} />
            <MoveButtons
              place={at + 1}
              count={targets.length}
              rowKey={target.key}
              isOnly={targets.length === 1}
              onMove={(by) => move(at, by)}
              onRemove={() => remove(at)}
            />
          </li>
        ))}
      </ol>
      {targets.length < groupTargetsMax && (
        <div>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} stroke={1.75} aria-hidden="true" />}
            onClick={() => add((key) => newAssumption(key, t('targetName', { place: targets.length + 1 })))}
          >
            {t('addTarget')}
          </Button>
        </div>
      )}
    </fieldset>
  );
}

interface AssumptionsProps extends Pick<AssumptionRowsProps, 'hasWeight' | 'faults'> {
  at: number;
  target: TargetAssumption;
  onChange: (part: Partial<TargetAssumption>) => void;
}

function Assumptions({ at, target, hasWeight, faults, onChange }: AssumptionsProps) {
  const t = useTranslations('simulator');
  const errorAt = (name: string): string | undefined => (faults.has(`targets.${at}.${name}`) ? t('faultNumber') : undefined);
  const number = (name: TargetNumber) => (
    <TextInput
      key={name}
      label={t(`of.${name}`)}
      inputMode="decimal"
      value={target[name]}
      error={errorAt(name)}
      onChange={({ currentTarget }) => onChange({ [name]: currentTarget.value })}
      autoComplete="off"
    />
  );
  const names = (Object.keys(targetNumbers) as TargetNumber[]).filter((name) => hasWeight || name !== 'weight');
  return (
    <div className={classes['fields']}>
      <TextInput
        label={t('of.name')}
        value={target.name}
        error={errorAt('name')}
        onChange={({ currentTarget }) => onChange({ name: currentTarget.value })}
        maxLength={255}
        autoComplete="off"
        spellCheck={false}
      />
      {names.map(number)}
      <NativeSelect
        label={t('of.fault')}
        value={target.fault}
        onChange={({ currentTarget }) => onChange({ fault: faultNames.find((name) => name === currentTarget.value) ?? 'server_error' })}
      >
        {faultNames.map((name) => (
          <option key={name} value={name}>
            {t(`faultOf.${name}`)}
          </option>
        ))}
      </NativeSelect>
    </div>
  );
}
