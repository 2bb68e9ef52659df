/** The question before a repository is deleted. Where something hangs on it, the server says what, and the second answer ends that too. */
import type { RepositoryDependant, RepositoryView } from '@patchbay/contract/repositories';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { dependantsOf } from '../../../lib/server-faults.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { useDeleteRepository } from '../api/repositories.ts';

interface DeleteRepositoryProps {
  /** Null while nothing is asked. */
  of: RepositoryView | null;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteRepository({ of, onClose, onDeleted }: DeleteRepositoryProps) {
  const t = useTranslations('repositories');
  const language = useLocale();
  const announce = useAnnounce();
  const remove = useDeleteRepository();
  const { asked, run } = useDeed(remove, onClose);
  const dependants = dependantsOf<RepositoryDependant>(remove.error, 'REPOSITORY_IN_USE');
  const isForced = dependants.length > 0 && of?.canForce === true;
  const name = of?.name ?? '';
  const deleted = (): void => {
    announce(t('deleted', { name }));
    onDeleted();
  };
  return (
    <Confirm
      isOpen={of !== null}
      title={t('deleteTitle', { name })}
      cancelLabel={t('keep')}
      confirmLabel={t(isForced ? 'deleteForced' : 'deleteIt')}
      tone="bad"
      onConfirm={() => of && run({ id: of.id, force: isForced }, deleted)}
      {...asked}
      // Said below, with what hangs on it.
      error={null}
    >
      <p>{t('deleteText')}</p>
      {remove.isError && (
        <Notice tone="bad" title={errorText(remove.error, language)}>
          {dependants.length > 0 && (
            <>
              <ul>
                {dependants.map(({ kind, id, name: named }) => (
                  <li key={id}>
                    {t(`dependant.${kind}`)}: {named}
                  </li>
                ))}
              </ul>
              <p>{t(isForced ? 'forcedText' : 'endFirst')}</p>
            </>
          )}
        </Notice>
      )}
    </Confirm>
  );
}
