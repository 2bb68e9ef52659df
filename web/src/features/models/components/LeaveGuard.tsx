/** Asks once before a form with unsaved changes is left. Steps of one page are not leaving it. */
import { useBlocker } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';

export interface LeaveGuardProps {
  isDirty: boolean;
  name: string;
  onDiscard?: () => void;
  /** For forms that no draft survives. */
  asksOnReload?: boolean;
}

export function LeaveGuard({ isDirty, name, onDiscard, asksOnReload = false }: LeaveGuardProps) {
  const t = useTranslations('wizard');
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname && next.pathname !== '/login',
    enableBeforeUnload: asksOnReload && isDirty,
    withResolver: true,
  });
  const discard = (): void => {
    onDiscard?.();
    leaving.proceed?.();
  };
  return (
    <Confirm
      isOpen={leaving.status === 'blocked'}
      title={t('leaveTitle')}
      cancelLabel={t('stay')}
      confirmLabel={t('discard')}
      onConfirm={discard}
      onClose={() => leaving.reset?.()}
    >
      <p>{t('leaveText', { name })}</p>
    </Confirm>
  );
}
