/** The temperature by what it means: three that are explained, and any other (D-23). */
import { TextInput } from '@mantine/core';
import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { Choice } from './Choice.tsx';
import classes from './UseCaseFields.module.css';
import { chosenPreset, presetNames, presets, type FaultName, type Values } from './use-case-values.ts';

interface TemperatureProps {
  values: Values;
  faults: readonly FaultName[];
  onChange: (part: Partial<Values>) => void;
}

export function TemperatureField({ values, faults, onChange }: TemperatureProps) {
  const t = useTranslations('useCases');
  const group = useId();
  const chosen = chosenPreset(values);
  return (
    <fieldset className="pb-group">
      <legend>{t('temperature')}</legend>
      <div className={classes['presets']}>
        {[...presetNames, 'other' as const].map((name) => (
          <div key={name} className={classes['preset']}>
            <Choice
              group={group}
              label={t(`presetOf.${name}`)}
              text={t(`presetText.${name}`)}
              isChosen={chosen === name}
              onChoose={() => onChange(name === 'other' ? { isOther: true } : { isOther: false, temperature: presets[name] })}
            />
          </div>
        ))}
      </div>
      {chosen === 'other' && (
        <TextInput
          className={classes['value']}
          label={t('temperatureValue')}
          inputMode="decimal"
          autoComplete="off"
          value={values.temperature}
          error={faults.includes('temperature') ? t('fault.temperature') : undefined}
          onChange={(event) => onChange({ isOther: true, temperature: event.currentTarget.value })}
        />
      )}
    </fieldset>
  );
}
