/** The middle step of a second factor: the square code, the secret as text, and the first code that proves it was taken over. */
import { HttpError } from '@patchbay/client';
import { Button, TextInput } from '@mantine/core';
import { QRCodeSVG } from 'qrcode.react';
import { useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
import { useConfirmFactor } from '../api/security.ts';
import classes from './security.module.css';

export interface Begun {
  uri: string;
  secret: string;
  recoveryCodes: string[];
}

/** In groups of four, as apps and people read it. */
const grouped = (secret: string): string => secret.replaceAll(/(.{4})(?=.)/g, '$1 ');
const squarePx = 176;

export function ScanFactor({ begun, onOn, onCancel }: { begun: Begun; onOn: () => void; onCancel: () => void }) {
  const t = useTranslations('security');
  const language = useLocale();
  const confirm = useConfirmFactor();
  const input = useRef<HTMLInputElement>(null);
  const [isUnfit, setUnfit] = useState(false);
  const isWrong = confirm.error instanceof HttpError && 'code' in confirm.error.fields;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const code = input.current?.value.replaceAll(/\s/g, '') ?? '';
    setUnfit(!/^\d{6}$/.test(code));
    if (!/^\d{6}$/.test(code)) return input.current?.focus();
    confirm.mutate(code, { onSuccess: onOn, onError: () => input.current?.select() });
  };
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      <SecretAwaited isPending={confirm.isPending} label={t('recoveryLabel')} />
      <p className={classes['text']}>{t('scanText')}</p>
      <div className={classes['square']}>
        <QRCodeSVG value={begun.uri} size={squarePx} title={t('square')} />
      </div>
      <p className={classes['text']}>
        {t('typeInstead')} <code className={classes['secret']}>{grouped(begun.secret)}</code>
      </p>
      {confirm.isError && !isWrong && <Notice tone="bad">{errorText(confirm.error, language)}</Notice>}
      <TextInput
        ref={input}
        label={t('code')}
        description={t('codeHint')}
        error={isUnfit ? t('codeFault') : isWrong ? t('codeWrong') : undefined}
        inputMode="numeric"
        autoComplete="one-time-code"
        required
        withAsterisk={false}
      />
      <div className={classes['buttons']}>
        <CancelButton label={t('cancel')} isPending={confirm.isPending} onCancel={onCancel} />
        <Button type="submit" loading={confirm.isPending} loaderProps={{ 'aria-label': t('saving') }}>
          {t('turnOn')}
        </Button>
      </div>
    </form>
  );
}
