/** What a provider blocks, category by category; "not set" leaves it to the provider. */
import { NativeSelect } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { categories, readSafety, rowsOf, thresholds, withThreshold } from '../form/safety.ts';
import classes from './SafetyField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

export function SafetyField({ field, form }: FieldProps) {
  const t = useTranslations('safety');
  const unset = useTranslations('form')('unset');
  const { id, label, error } = useFieldProps({ field, form });
  const text = form.values.settings[field.name] ?? '';
  const settings = readSafety(text);
  const nameOf = (category: string): string => {
    const known = categories.find((name) => name === category);
    return known === undefined ? category : t(`category.${known}`);
  };
  const options = [{ value: '', label: unset }, ...thresholds.map((value) => ({ value, label: t(`threshold.${value}`) }))];
  return (
    <fieldset className={classes['safety']} id={id} tabIndex={-1} aria-describedby={error === undefined ? undefined : `${id}-fault`}>
      <legend>{label}</legend>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('categoryHead')}</th>
            <th scope="col">{t('thresholdHead')}</th>
          </tr>
        </thead>
        <tbody>
          {rowsOf(settings).map((category) => {
            const threshold = settings.find((setting) => setting.category === category)?.threshold ?? '';
            const isForeign = threshold !== '' && thresholds.every((name) => name !== threshold);
            return (
              <tr key={category}>
                <th scope="row">{nameOf(category)}</th>
                <td>
                  <NativeSelect
                    size="xs"
                    aria-label={t('thresholdOf', { category: nameOf(category) })}
                    value={threshold}
                    data={isForeign ? [...options, { value: threshold, label: threshold }] : options}
                    onChange={({ currentTarget }) => form.setSetting(field.name, withThreshold(text, category, currentTarget.value))}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {error !== undefined && (
        <p className={classes['fault']} id={`${id}-fault`}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
