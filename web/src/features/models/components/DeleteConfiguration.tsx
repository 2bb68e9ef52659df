/** The question before a connection is deleted for good, and what still uses it where the server says no (C-08, C-32). */
import { HttpError } from '@patchbay/client';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useDeleteConfiguration } from '../api/delete-configuration.ts';
import { DependantList } from './DependantList.tsx';
import type { Dependant } from './use-switch-active.ts';

interface DeleteConfigurationProps {
  /** Null while nothing is to be deleted. */
  connection: { id: string; name: string; isDefault: boolean } | null;
  onClose: () => void;
  onDeleted: (name: string) => void;
}

/** What the server named as users of the connection; empty where it refused for another reason. */
function dependantsOf(error: unknown): Dependant[] {
  if (!(error instanceof HttpError) || !error.is('CONFIGURATION_IN_USE')) return [];
  const { details } = error.data as { details?: unknown };
  return Array.isArray(details) ? (details as Dependant[]) : [];
}

export function DeleteConfiguration({ connection, onClose, onDeleted }: DeleteConfigurationProps) {
  const t = useTranslations('connections');
  const language = useLocale();
  const announce = useAnnounce();
  const remove = useDeleteConfiguration();
  const dependants = dependantsOf(remove.error);
  const close = (): void => {
    remove.reset();
    onClose();
  };
  const confirm = (): void => {
    if (!connection) return;
    const { id, name } = connection;
    remove.mutate(id, {
      onSuccess: () => {
        announce(t('deleted', { name }));
        onDeleted(name);
        close();
      },
    });
  };
  return (
    <Confirm
      isOpen={connection !== null}
      title={t('deleteTitle', { name: connection?.name ?? '' })}
      cancelLabel={t('keep')}
      confirmLabel={t('delete')}
      tone="bad"
      isPending={remove.isPending}
      onConfirm={confirm}
      onClose={close}
    >
      <p>{t('deleteText')}</p>
      {connection?.isDefault === true && <p>{t('deleteDefault')}</p>}
      {remove.isError && (
        <Notice tone="bad" title={errorText(remove.error, language)}>
          <DependantList dependants={dependants} />
        </Notice>
      )}
    </Confirm>
  );
}
