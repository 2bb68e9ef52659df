/** Asks once before a policy with unsaved changes is left. */
import { useBlocker } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';

export function LeaveQuestion({ isDirty }: { isDirty: boolean }) {
  const t = useTranslations('policies');
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname && next.pathname !== '/login',
    enableBeforeUnload: isDirty,
    withResolver: true,
  });
  return (
    <Confirm
      isOpen={leaving.status === 'blocked'}
      title={t('leaveTitle')}
      cancelLabel={t('stay')}
      confirmLabel={t('discard')}
      onConfirm={() => leaving.proceed?.()}
      onClose={() => leaving.reset?.()}
    >
      <p>{t('leaveText')}</p>
    </Confirm>
  );
}
