/** Asks for the password once more before something that protects the account changes. */
import { HttpError } from '@patchbay/client';
import { Button, PasswordInput } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import classes from './security.module.css';

interface AskPasswordProps {
  text: string;
  submitLabel: string;
  isPending: boolean;
  error: unknown;
  onSubmit: (password: string) => void;
  onCancel: () => void;
}

export function AskPassword({ text, submitLabel, isPending, error, onSubmit, onCancel }: AskPasswordProps) {
  const t = useTranslations('security');
  const language = useLocale();
  const input = useRef<HTMLInputElement>(null);
  const [isEmpty, setEmpty] = useState(false);
  const isWrong = error instanceof HttpError && 'password' in error.fields;
  useEffect(() => input.current?.focus(), []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const password = input.current?.value ?? '';
    setEmpty(password === '');
    if (password === '') input.current?.focus();
    else onSubmit(password);
  };
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      <p className={classes['text']}>{text}</p>
      {error !== null && !isWrong && <Notice tone="bad">{errorText(error, language)}</Notice>}
      <PasswordInput
        ref={input}
        label={t('yourPassword')}
        error={isEmpty ? t('currentFault') : isWrong ? t('wrongPassword') : undefined}
        aria-invalid={isEmpty || isWrong}
        autoComplete="current-password"
        visibilityToggleFocusable
        visibilityToggleButtonProps={{ 'aria-label': t('showCurrent') }}
        required
        withAsterisk={false}
      />
      <div className={classes['buttons']}>
        <CancelButton label={t('cancel')} isPending={isPending} onCancel={onCancel} />
        <Button type="submit" loading={isPending} loaderProps={{ 'aria-label': t('saving') }}>
          {submitLabel}
        </Button>
      </div>
    </form>
  );
}
