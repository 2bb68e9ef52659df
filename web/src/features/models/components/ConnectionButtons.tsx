/** The actions of one connection, each named with the connection for those who listen. */
import { Button } from '@mantine/core';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import classes from './ConnectionButtons.module.css';
import type { ConnectionActions } from './use-connection-actions.ts';

export function ConnectionButtons({ connection, actions }: { connection: AiConnection; actions: ConnectionActions }) {
  const t = useTranslations('connections');
  const { name } = connection;
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
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconPlayerPlay size={14} stroke={1.75} aria-hidden="true" />}
        disabled={actions.isTesting}
        onClick={actions.test}
        aria-label={t('testNamed', { name })}
      >
        {t('test')}
      </Button>
    </div>
  );
}
