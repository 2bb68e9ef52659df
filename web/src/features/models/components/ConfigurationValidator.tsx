/** What is wrong with a connection's form: a summary that leads to each field, and the sentence at the field itself. */
import { useLocale, useTranslations } from 'use-intl';
import { Notice } from '../../../ui/Notice.tsx';
import type { Faults } from '../form/faults.ts';
import { fieldText, type FormField } from '../form/fields.ts';
import { focusField, type ConnectionForm, type Lens } from '../form/use-connection-form.ts';
import classes from './ConfigurationValidator.module.css';

/** What a field is called on this page; three have names that people know from the list. */
export function useFieldLabel(lens: Lens): (field: Pick<FormField, 'name' | 'label'>) => string {
  const t = useTranslations('connections');
  const language = useLocale();
  return ({ name, label }) => {
    if (name === 'name' || (lens === 'connection' && (name === 'baseUrl' || name === 'model'))) return t(name);
    return fieldText(label, language);
  };
}

/** The sentence at a field; undefined where nothing is wrong with it. */
export function useFaultText(fields: readonly FormField[], faults: Faults): (name: string) => string | undefined {
  const t = useTranslations('form');
  return (name) => {
    const fault = faults[name];
    if (fault === undefined) return undefined;
    const { code } = fault;
    if (code === 'reserved') return t('fault.reserved', { part: fault.part ?? '' });
    if (code === 'backup') return t('backupFault', { number: fault.part ?? '' });
    const { min, max } = fields.find((field) => field.name === name) ?? {};
    // The model decides how many tokens there can be; the schema knows the bound of no model in particular.
    if (code === 'range' && /tokens/i.test(name)) return t('fault.tokens');
    if (code === 'range' && min !== undefined && max !== undefined) return t('fault.between', { min: String(min), max: String(max) });
    return t(`fault.${code}`);
  };
}

export function ConfigurationValidator({ form }: { form: Pick<ConnectionForm, 'fields' | 'faults' | 'lens'> }) {
  const t = useTranslations('form');
  const labelOf = useFieldLabel(form.lens);
  const textOf = useFaultText(form.fields, form.faults);
  const known = [{ name: 'name', label: 'name' }, ...form.fields].filter(({ name }) => name in form.faults);
  const others = Object.keys(form.faults).filter((name) => known.every((field) => field.name !== name));
  const count = known.length + others.length;
  if (count === 0) return null;
  return (
    <Notice tone="bad" title={t('faults', { count })}>
      <ul className={classes['list']}>
        {known.map((field) => (
          <li key={field.name}>
            <button type="button" className={classes['link']} onClick={() => focusField(field.name)}>
              {labelOf(field)}
            </button>
            {': '}
            {textOf(field.name)}
          </li>
        ))}
        {others.map((name) => (
          <li key={name}>
            <code>{name}</code>: {textOf(name)}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
