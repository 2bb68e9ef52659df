/** The two questions before a key that programs use stops being what it was: rotate, and revoke. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
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
  const { asked, run } = useDeed(useRotateKey(), onClose);
  const [hours, setHours] = useState<string>('24');
  return (
    <Confirm
      isOpen={of !== null}
      title={t('rotateTitle', { name: of?.name ?? '' })}
      cancelLabel={t('cancel')}
      confirmLabel={t('rotateKey')}
      {...asked}
      onConfirm={() => of && run({ id: of.id, overlapHours: Number(hours) }, onRotated)}
    >
      <p>{t('rotateText')}</p>
      <NativeSelect label={t('overlap')} value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
        {overlaps.map((value) => (
          <option key={value} value={value}>
            {t(`overlapOf.${value}`)}
          </option>
        ))}
      </NativeSelect>
    </Confirm>
  );
}

export function RevokeQuestion({ of, onClose, onRevoked }: QuestionProps & { onRevoked: (name: string) => void }) {
  const t = useTranslations('keys');
  const { asked, run } = useDeed(useRevokeKey(), onClose);
  return (
    <Confirm
      isOpen={of !== null}
      title={t('revokeTitle', { name: of?.name ?? '' })}
      cancelLabel={t('keep')}
      confirmLabel={t('revokeKey')}
      tone="bad"
      {...asked}
      onConfirm={() => of && run(of.id, () => onRevoked(of.name))}
    >
      <p>{t('revokeText', { name: of?.name ?? '' })}</p>
    </Confirm>
  );
}
