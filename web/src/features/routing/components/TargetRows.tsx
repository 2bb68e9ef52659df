/** The targets of a group in their order: connection, model, weight and region of each. */
import { groupTargetsMax } from '@patchbay/contract/routing-limits';
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import type { Choosable } from '../api/routing.ts';
import { isWeighed, newTarget, twinAbove, type GroupValues, type TargetValues } from './group-values.ts';
import { MoveButtons } from './MoveButtons.tsx';
import classes from './routing.module.css';
import { useRows } from './use-rows.ts';

interface TargetRowsProps {
  values: GroupValues;
  connections: readonly Choosable[];
  /** What is wrong with a field of a row, in words; undefined for nothing. */
  faultAt: (path: string) => string | undefined;
  onChange: (targets: TargetValues[]) => void;
}

export function TargetRows({ values, connections, faultAt, onChange }: TargetRowsProps) {
  const t = useTranslations('routing');
  const { targets, strategy } = values;
  const { list, move, remove, add } = useRows(targets, onChange);
  const change = (at: number, part: Partial<TargetValues>): void =>
    onChange(targets.map((target, place) => (place === at ? { ...target, ...part } : target)));
  return (
    <fieldset className={classes['list']}>
      <legend>{t('targets')}</legend>
      <p className={classes['quiet']}>{t('targetsHint')}</p>
      <ol className={classes['rows']} ref={list} tabIndex={-1} aria-label={t('targets')}>
        {targets.map((target, at) => (
          <li key={target.key} className={classes['row']} data-off={!target.isEnabled || undefined}>
            <span className={classes['place']} aria-hidden="true">
              {at + 1}
            </span>
            <TargetFields
              at={at}
              twin={twinAbove(targets, at, connections)}
              target={target}
              connections={connections}
              hasWeight={isWeighed(strategy)}
              faultAt={faultAt}
              onChange={(part) => change(at, part)}
            />
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
            onClick={() => add(newTarget)}
          >
            {t('addTarget')}
          </Button>
        </div>
      )}
    </fieldset>
  );
}

interface TargetFieldsProps extends Pick<TargetRowsProps, 'connections' | 'faultAt'> {
  at: number;
  /** The place of the one above that asks for the same. */
  twin: number | undefined;
  target: TargetValues;
  hasWeight: boolean;
  onChange: (part: Partial<TargetValues>) => void;
}

function TargetFields({ at, twin, target, connections, hasWeight, faultAt, onChange }: TargetFieldsProps) {
  const t = useTranslations('routing');
  const chosen = connections.find(({ id }) => id === target.connectionId);
  const isGone = target.connectionId !== '' && !chosen;
  // Said before it is refused, where it is seen which of the two goes.
  const twinFault = twin === undefined ? undefined : t('twin', { place: twin + 1 });
  const field = (name: string) => ({ id: `targets-${at}-${name}`, error: faultAt(`targets.${at}.${name}`) });
  return (
    <div className={classes['fields']}>
      <NativeSelect
        {...field('connectionId')}
        error={faultAt(`targets.${at}.connectionId`) ?? twinFault}
        label={t('connectionOf', { place: at + 1 })}
        value={target.connectionId}
        onChange={({ currentTarget }) => onChange({ connectionId: currentTarget.value })}
      >
        <option value="">{t('choose')}</option>
        {isGone && <option value={target.connectionId}>{t('gone')}</option>}
        {connections.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </NativeSelect>
      <TextInput
        {...field('model')}
        label={t('model')}
        placeholder={chosen?.model ?? undefined}
        value={target.model}
        onChange={({ currentTarget }) => onChange({ model: currentTarget.value })}
        autoComplete="off"
        spellCheck={false}
      />
      {hasWeight && (
        <TextInput
          {...field('weight')}
          label={t('weight')}
          inputMode="numeric"
          value={target.weight}
          onChange={({ currentTarget }) => onChange({ weight: currentTarget.value })}
          autoComplete="off"
        />
      )}
      <TextInput
        {...field('region')}
        label={t('region')}
        placeholder="eu"
        maxLength={40}
        value={target.region}
        onChange={({ currentTarget }) => onChange({ region: currentTarget.value })}
        autoComplete="off"
        spellCheck={false}
      />
      <Checkbox
        label={t('enabled')}
        checked={target.isEnabled}
        onChange={({ currentTarget }) => onChange({ isEnabled: currentTarget.checked })}
      />
    </div>
  );
}
