/** The two questions before a key that programs use stops being what it was: rotate, and revoke. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useRevokeKey, useRotateKey } from '../api/keys.ts';

/** Hours for which the old text stays good. */
const overlaps = ['0', '24', '168'] as const;

interface QuestionProps {
  /** Null while nothing is asked. */
  of: AccessKeyView | null;
  onClose: () => void;
}

export function RotateQuestion({ of, onClose, onRotated }: QuestionProps & { onRotated: (key: AccessKeyView & { key: string }) => void }) {
  const t = useTranslations('keys');
  const language = useLocale();
  const rotate = useRotateKey();
  const [hours, setHours] = useState<string>('24');
  const close = (): void => {
    rotate.reset();
    onClose();
  };
  const confirm = (): void => {
    if (!of) return;
    const onSuccess = (made: AccessKeyView & { key: string }): void => {
      close();
      onRotated(made);
    };
    rotate.mutate({ id: of.id, overlapHours: Number(hours) }, { onSuccess });
  };
  return (
    <Confirm
      isOpen={of !== null}
      title={t('rotateTitle', { name: of?.name ?? '' })}
      cancelLabel={t('cancel')}
      confirmLabel={t('rotateKey')}
      isPending={rotate.isPending}
      onConfirm={confirm}
      onClose={close}
    >
      <p>{t('rotateText')}</p>
      <NativeSelect label={t('overlap')} value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
        {overlaps.map((value) => (
          <option key={value} value={value}>
            {t(`overlapOf.${value}`)}
          </option>
        ))}
      </NativeSelect>
      {rotate.isError && <Notice tone="bad">{errorText(rotate.error, language)}</Notice>}
    </Confirm>
  );
}

export function RevokeQuestion({ of, onClose, onRevoked }: QuestionProps & { onRevoked: (name: string) => void }) {
  const t = useTranslations('keys');
  const language = useLocale();
  const revoke = useRevokeKey();
  const close = (): void => {
    revoke.reset();
    onClose();
  };
  const confirm = (): void => {
    if (!of) return;
    revoke.mutate(of.id, {
      onSuccess: () => {
        close();
        onRevoked(of.name);
      },
    });
  };
  return (
    <Confirm
      isOpen={of !== null}
      title={t('revokeTitle', { name: of?.name ?? '' })}
      cancelLabel={t('keep')}
      confirmLabel={t('revokeKey')}
      tone="bad"
      isPending={revoke.isPending}
      onConfirm={confirm}
      onClose={close}
    >
      <p>{t('revokeText', { name: of?.name ?? '' })}</p>
      {revoke.isError && <Notice tone="bad">{errorText(revoke.error, language)}</Notice>}
    </Confirm>
  );
}
