/** A label, its control, a hint and what is wrong, tied together for those who listen. */
import { useId, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import type { Fault } from './fields.ts';
import classes from './LLMSettings.module.css';

export interface ControlProps {
  id: string;
  'aria-invalid': true | undefined;
  'aria-describedby': string | undefined;
}

interface FieldProps {
  label: ReactNode;
  hint?: string;
  /** From the form, or the server's own sentence. */
  fault?: Fault | string;
  children: (props: ControlProps) => ReactNode;
}

export function Field({ label, hint, fault, children }: FieldProps) {
  const t = useTranslations('chat');
  const id = useId();
  const said =
    fault === undefined ? null : typeof fault === 'string' ? fault : t(`faults.${fault.key}`, { min: fault.min ?? 0, max: fault.max ?? 0 });
  const described = [hint === undefined ? '' : `${id}-hint`, said === null ? '' : `${id}-fault`].filter((one) => one !== '').join(' ');
  return (
    <div className={classes['field']}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-invalid': said === null ? undefined : true, 'aria-describedby': described === '' ? undefined : described })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className={classes['hint']}>
          {hint}
        </p>
      )}
      {said !== null && (
        <p id={`${id}-fault`} className={classes['fault']}>
          {said}
        </p>
      )}
    </div>
  );
}
