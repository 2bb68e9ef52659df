/** The question before a connection is deleted for good, and what still uses it where the server says no (C-08, C-32). */
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { dependantsOf } from '../../../lib/server-faults.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { useDeleteConfiguration } from '../api/delete-configuration.ts';
import { DependantList } from './DependantList.tsx';
import type { Dependant } from './use-switch-active.ts';

interface DeleteConfigurationProps {
  /** Null while nothing is to be deleted. */
  connection: { id: string; name: string; isDefault: boolean } | null;
  onClose: () => void;
  onDeleted: (name: string) => void;
}

export function DeleteConfiguration({ connection, onClose, onDeleted }: DeleteConfigurationProps) {
  const t = useTranslations('connections');
  const language = useLocale();
  const announce = useAnnounce();
  const remove = useDeleteConfiguration();
  const { asked, run } = useDeed(remove, onClose);
  const dependants = dependantsOf<Dependant>(remove.error, 'CONFIGURATION_IN_USE');
  const deleted = (name: string): void => {
    announce(t('deleted', { name }));
    onDeleted(name);
  };
  return (
    <Confirm
      isOpen={connection !== null}
      title={t('deleteTitle', { name: connection?.name ?? '' })}
      cancelLabel={t('keep')}
      confirmLabel={t('delete')}
      tone="bad"
      onConfirm={() => connection && run(connection.id, () => deleted(connection.name))}
      {...asked}
      // Said below, with those that use it.
      error={null}
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
