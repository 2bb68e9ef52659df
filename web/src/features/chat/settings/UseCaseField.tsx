/** Which use case the chat is asked with; where there is none to choose, nothing is shown. */
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { availableUseCasesQuery } from '../api/use-cases.ts';
import { Field } from './Field.tsx';
import type { FormValues } from './fields.ts';
import classes from './LLMSettings.module.css';

interface UseCaseFieldProps {
  values: FormValues;
  refused: Readonly<Record<string, string>>;
  onChange: (part: Partial<FormValues>) => void;
}

export function UseCaseField({ values: { useCaseId }, refused, onChange }: UseCaseFieldProps) {
  const t = useTranslations('chat');
  const { data: cases = [] } = useQuery(availableUseCasesQuery);
  if (cases.length === 0 && useCaseId === '') return null;
  const isGone = useCaseId !== '' && !cases.some(({ id }) => id === useCaseId);
  const chosen = cases.find(({ id }) => id === useCaseId);
  return (
    <Field label={t('useCase')} hint={chosen?.description || t('useCaseHint')} fault={refused['useCaseId']}>
      {(control) => (
        <select
          {...control}
          className={classes['input']}
          value={useCaseId}
          onChange={(event) => onChange({ useCaseId: event.currentTarget.value })}
        >
          <option value="">{t('useCaseNone')}</option>
          {cases.map(({ id, name, isUsable }) => (
            <option key={id} value={id}>
              {isUsable ? name : t('useCaseOff', { name })}
            </option>
          ))}
          {isGone && <option value={useCaseId}>{t('useCaseGoneOption')}</option>}
        </select>
      )}
    </Field>
  );
}
