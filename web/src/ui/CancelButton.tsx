/** The harmless way out of a form or a question. It is none while the deed is on its way, and says so. */
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { ReasonButton } from './ReasonButton.tsx';

interface CancelButtonProps {
  label: ReactNode;
  isPending: boolean;
  size?: 'compact-sm';
  onCancel: () => void;
}

export function CancelButton({ label, isPending, size, onCancel }: CancelButtonProps) {
  const t = useTranslations('app');
  return (
    <ReasonButton variant="default" size={size} reason={isPending ? t('onItsWay') : null} onClick={onCancel}>
      {label}
    </ReasonButton>
  );
}
