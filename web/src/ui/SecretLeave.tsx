/** The question before somebody leaves a secret that is shown once, or is about to be. */
import { useTranslations } from 'use-intl';
import { Confirm } from './Confirm.tsx';

interface SecretLeaveProps {
  /** Where the router holds the way away. */
  leaving: { status: 'blocked' | 'idle'; proceed?: (() => void) | undefined; reset?: (() => void) | undefined };
  /** What is lost by it. */
  text: string;
}

export function SecretLeave({ leaving, text }: SecretLeaveProps) {
  const t = useTranslations('secret');
  return (
    <Confirm
      isOpen={leaving.status === 'blocked'}
      title={t('leaveTitle')}
      cancelLabel={t('stay')}
      confirmLabel={t('leave')}
      tone="bad"
      onConfirm={() => leaving.proceed?.()}
      onClose={() => leaving.reset?.()}
    >
      <p>{text}</p>
    </Confirm>
  );
}
