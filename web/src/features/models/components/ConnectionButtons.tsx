/** The actions of one connection, each named with the connection for those who listen. */
import { ActionIcon, Button } from '@mantine/core';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { IconPencil, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { ReasonIcon } from '../../../ui/ReasonButton.tsx';
import classes from './ConnectionButtons.module.css';
import { ImportEnvironment } from './ImportEnvironment.tsx';
import type { ConnectionActions } from './use-connection-actions.ts';

interface ConnectionButtonsProps {
  connection: AiConnection;
  actions: ConnectionActions;
  /** Whether the caller may turn the server's settings into a connection. */
  mayImport: boolean;
  onDelete: (connection: AiConnection) => void;
}

export function ConnectionButtons({ connection, actions, mayImport, onDelete }: ConnectionButtonsProps) {
  const t = useTranslations('connections');
  const { name } = connection;
  if (connection.scope === 'environment') {
    const { baseUrl, defaultModel: model, apiKey } = connection;
    return mayImport ? <ImportEnvironment of={{ baseUrl, model, hasApiKey: apiKey !== '' }} /> : null;
  }
  if (connection.isReadOnly) return null;
  return (
    <div className={classes['buttons']}>
      {actions.maySetDefault && (
        <Button
          size="compact-sm"
          variant="subtle"
          loading={actions.isSettingDefault}
          onClick={actions.setDefault}
          aria-label={t('setDefaultNamed', { name })}
        >
          {t('setDefault')}
        </Button>
      )}
      <ReasonIcon
        variant="subtle"
        color="gray"
        size={26}
        aria-label={t('testNamed', { name })}
        title={t('test')}
        reason={actions.isTesting ? t('testing') : null}
        onClick={actions.test}
      >
        <IconPlayerPlay size={16} stroke={1.75} aria-hidden="true" />
      </ReasonIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={26}
        aria-label={t('editNamed', { name })}
        title={t('edit')}
        renderRoot={(props) => <Link to="/settings/ai-connections/$id/edit" params={{ id: connection.id }} {...props} />}
      >
        <IconPencil size={16} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={26}
        aria-label={t('deleteNamed', { name })}
        title={t('delete')}
        onClick={() => onDelete(connection)}
      >
        <IconTrash size={16} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
    </div>
  );
}
