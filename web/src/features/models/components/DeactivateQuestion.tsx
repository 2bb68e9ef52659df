/** The question before something is switched off that others use: who they are, and what will happen to them. */
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';
import { DependantList } from './DependantList.tsx';
import type { ActiveSwitch } from './use-switch-active.ts';

export function DeactivateQuestion({ active }: { active: ActiveSwitch }) {
  const t = useTranslations('models');
  const { question, confirm, cancel } = active;
  const countOf = (isCounted: (kind: string) => boolean): number =>
    (question?.dependants ?? []).filter(({ kind }) => isCounted(kind)).reduce((sum, { count = 1 }) => sum + count, 0);
  const useCases = countOf((kind) => kind === 'use_case');
  const others = countOf((kind) => kind !== 'use_case');
  return (
    <Confirm
      isOpen={question !== null}
      title={t('deactivateTitle', { name: question?.connection.name ?? '' })}
      cancelLabel={t('cancel')}
      confirmLabel={t('deactivateAnyway')}
      onConfirm={confirm}
      onClose={cancel}
    >
      {useCases > 0 && <p>{t('deactivateUsed', { n: useCases })}</p>}
      {others > 0 && <p>{t('deactivateOthers', { n: others })}</p>}
      <DependantList dependants={question?.dependants ?? []} />
    </Confirm>
  );
}
