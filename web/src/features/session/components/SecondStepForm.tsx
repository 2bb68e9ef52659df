/** The second step of a sign-in: six digits of the authenticator, or a recovery code. */
import { HttpError } from '@patchbay/client';
import { Button, TextInput } from '@mantine/core';
import { useCallback, useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { useSecondStep } from '../api/sign-in.ts';

interface SecondStepFormProps {
  onSignedIn: () => void;
  /** Back to the password, with the reason where there is one. */
  onAgain: (why: string | null) => void;
}

export function SecondStepForm({ onSignedIn, onAgain }: SecondStepFormProps) {
  const t = useTranslations('signIn');
  const language = useLocale();
  const step = useSecondStep();
  const [kind, setKind] = useState<'code' | 'recovery'>('code');
  const [isEmpty, setEmpty] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  // Each kind has a field of its own, which takes the focus when it comes.
  const place = useCallback((node: HTMLInputElement | null) => {
    input.current = node;
    node?.focus();
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const text = input.current?.value.trim() ?? '';
    const isFit = kind === 'code' ? /^\d{6}$/.test(text.replaceAll(/\s/g, '')) : text !== '';
    setEmpty(!isFit);
    if (!isFit) return input.current?.focus();
    step.mutate(kind === 'code' ? { code: text } : { recoveryCode: text }, {
      onSuccess: onSignedIn,
      onError: (error) => {
        if (error instanceof HttpError && error.is('SIGN_IN_EXPIRED')) return onAgain(errorText(error, language));
        input.current?.select();
      },
    });
  };
  const swap = (): void => {
    step.reset();
    setEmpty(false);
    setKind(kind === 'code' ? 'recovery' : 'code');
  };
  const isCode = kind === 'code';
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {step.isError && <Notice tone="bad">{errorText(step.error, language)}</Notice>}
      <TextInput
        key={kind}
        ref={place}
        label={isCode ? t('code') : t('recoveryCode')}
        description={isCode ? t('codeHint') : t('recoveryHint')}
        error={isEmpty ? (isCode ? t('codeFault') : t('recoveryFault')) : undefined}
        inputMode={isCode ? 'numeric' : 'text'}
        autoComplete={isCode ? 'one-time-code' : 'off'}
        spellCheck={false}
        required
        withAsterisk={false}
      />
      <Button type="submit" fullWidth loading={step.isPending} loaderProps={{ 'aria-label': t('submitting') }}>
        {t('submit')}
      </Button>
      <Button variant="subtle" size="compact-sm" onClick={swap}>
        {isCode ? t('useRecovery') : t('useCode')}
      </Button>
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onAgain(null)}>
        {t('back')}
      </Button>
    </form>
  );
}
