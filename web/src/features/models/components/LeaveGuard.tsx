/** Asks once before a connection's form with unsaved changes is left. */
import { useTranslations } from 'use-intl';
import { LeaveQuestion } from '../../../ui/LeaveQuestion.tsx';

export interface LeaveGuardProps {
  isDirty: boolean;
  name: string;
  onDiscard?: () => void;
  /** For forms that no draft survives. */
  asksOnReload?: boolean;
}

export function LeaveGuard({ name, asksOnReload = false, ...props }: LeaveGuardProps) {
  const t = useTranslations('wizard');
  return (
    <LeaveQuestion
      {...props}
      asksOnReload={asksOnReload}
      title={t('leaveTitle')}
      text={t('leaveText', { name })}
      stayLabel={t('stay')}
      discardLabel={t('discard')}
    />
  );
}
