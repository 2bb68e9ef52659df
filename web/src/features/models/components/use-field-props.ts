/** What all controls of a form have in common: id, label, hint, fault, and the judgement when they are left. */
import type { InputWrapperProps } from '@mantine/core';
import { useLocale } from 'use-intl';
import { fieldId, fieldText, type FormField } from '../form/fields.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { useFaultText, useFieldLabel } from './ConfigurationValidator.tsx';

type InputWrapperOrder = NonNullable<InputWrapperProps['inputWrapperOrder']>;

export interface FieldProps {
  field: FormField;
  form: ConnectionForm;
}

export function useFieldProps({ field, form }: FieldProps) {
  const language = useLocale();
  const labelOf = useFieldLabel(form.lens);
  const fault = useFaultText(form.fields, form.faults)(field.name);
  return {
    id: fieldId(field.name),
    label: labelOf(field),
    description: field.hint === undefined ? undefined : fieldText(field.hint, language),
    error: fault,
    'aria-invalid': fault !== undefined,
    onBlur: () => form.leave(field.name),
    required: field.required,
    withAsterisk: false,
    inputWrapperOrder: ['label', 'input', 'description', 'error'] satisfies InputWrapperOrder,
  };
}
