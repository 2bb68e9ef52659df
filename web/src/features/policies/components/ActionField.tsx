/** What is done about a find: four choices, each with a sentence on what it means. */
import { useId } from 'react';
import { useTranslations } from 'use-intl';
import classes from './policies.module.css';
import type { FieldsProps } from './field-props.ts';
import { actions } from './policy-values.ts';

export function ActionField({ values, onChange }: FieldsProps) {
  const t = useTranslations('policies');
  const id = useId();
  return (
    <fieldset className="pb-group">
      <legend>{t('action')}</legend>
      <div className={classes['actions']}>
        {actions.map((action) => (
          <div key={action} className={classes['choice']}>
            <input
              id={`${id}-${action}`}
              type="radio"
              name={id}
              checked={values.action === action}
              aria-describedby={`${id}-${action}-text`}
              onChange={() => onChange({ action })}
            />
            <label htmlFor={`${id}-${action}`}>{t(`actionOf.${action}`)}</label>
            <p id={`${id}-${action}-text`} className={classes['hint']}>
              {t(`actionText.${action}`)}
            </p>
          </div>
        ))}
      </div>
    </fieldset>
  );
}
