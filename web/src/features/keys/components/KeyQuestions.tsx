/** The two questions before a key that programs use stops being what it was: rotate, and revoke. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
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
  const [hours, setHours] = useState<string>('24');
  const change = useRotateKey(onRotated);
  return (
    <>
      <DeedQuestion
        of={of}
        change={change}
        inputOf={({ id }) => ({ id, overlapHours: Number(hours) })}
        title={({ name }) => t('rotateTitle', { name })}
        text={() => t('rotateText')}
        tone="plain"
        cancelLabel={t('cancel')}
        confirmLabel={t('rotateKey')}
        onClose={onClose}
      >
        <NativeSelect label={t('overlap')} value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
          {overlaps.map((value) => (
            <option key={value} value={value}>
              {t(`overlapOf.${value}`)}
            </option>
          ))}
        </NativeSelect>
      </DeedQuestion>
      <SecretAwaited isPending={change.isPending} label={t('secretLabel')} />
    </>
  );
}

export function RevokeQuestion({ of, onClose, onRevoked }: QuestionProps & { onRevoked: (name: string) => void }) {
  const t = useTranslations('keys');
  return (
    <DeedQuestion
      of={of}
      change={useRevokeKey()}
      inputOf={({ id }) => id}
      title={({ name }) => t('revokeTitle', { name })}
      text={({ name }) => t('revokeText', { name })}
      cancelLabel={t('keep')}
      confirmLabel={t('revokeKey')}
      onClose={onClose}
      onDone={({ name }) => onRevoked(name)}
    />
  );
}
