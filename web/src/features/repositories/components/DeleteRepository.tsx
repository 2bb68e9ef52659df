/** The question before a repository is deleted. Where something hangs on it, the server says what, and the second answer ends that too. */
import type { RepositoryView } from '@patchbay/contract/repositories';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { dependantsOf, useDeleteRepository } from '../api/repositories.ts';

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
  const dependants = dependantsOf(remove.error);
  const isForced = dependants.length > 0 && of?.canForce === true;
  const name = of?.name ?? '';
  const close = (): void => {
    remove.reset();
    onClose();
  };
  const confirm = (): void => {
    if (!of) return;
    remove.mutate(
      { id: of.id, force: isForced },
      {
        onSuccess: () => {
          announce(t('deleted', { name }));
          close();
          onDeleted();
        },
      },
    );
  };
  return (
    <Confirm
      isOpen={of !== null}
      title={t('deleteTitle', { name })}
      cancelLabel={t('keep')}
      confirmLabel={t(isForced ? 'deleteForced' : 'deleteIt')}
      tone="bad"
      isPending={remove.isPending}
      onConfirm={confirm}
      onClose={close}
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
