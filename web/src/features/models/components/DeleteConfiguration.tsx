/** The question before a connection is deleted for good, and what still uses it where the server says no (C-08, C-32). */
import { HttpError } from '@patchbay/client';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useDeleteConfiguration } from '../api/delete-configuration.ts';

interface DeleteConfigurationProps {
  /** Null while nothing is to be deleted. */
  connection: AiConnection | null;
  onClose: () => void;
  onDeleted: (name: string) => void;
}

interface Dependant {
  kind: string;
  id: string;
  name: string;
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
  const kinds: Readonly<Record<string, string>> = {
    repository: t('usedByRepository'),
    use_case: t('usedByUseCase'),
    routing_group: t('usedByGroup'),
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
          {dependants.length > 0 && (
            <ul>
              {dependants.map(({ kind, id, name }) => (
                <li key={id}>
                  {kinds[kind] ?? kind}: {name}
                </li>
              ))}
            </ul>
          )}
        </Notice>
      )}
    </Confirm>
  );
}
