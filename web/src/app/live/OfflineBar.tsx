/** Says that the server is gone, since when what is shown is old, and that it is tried again; writes are held meanwhile. */
import { Button } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { useServerState } from '../../lib/server-state.ts';
import { holdWrites } from './hold-writes.ts';
import classes from './OfflineBar.module.css';

export const offlineTextId = 'offline-text';

export function OfflineBar({ onRetry }: { onRetry: () => void }) {
  const t = useTranslations('offline');
  const format = useFormatter();
  const { isAway, sinceMs, tries } = useServerState();
  useEffect(() => (isAway ? holdWrites(offlineTextId) : undefined), [isAway]);
  return (
    <div className={classes['place']} role="alert">
      {isAway && (
        <div className={classes['bar']}>
          <IconCloudOff size={16} stroke={2} aria-hidden="true" />
          <p id={offlineTextId}>{t('text', { time: format.dateTime(new Date(sinceMs), { timeStyle: 'medium' }) })}</p>
          <span className={classes['tries']} aria-hidden="true">
            {t('tries', { count: tries })}
          </span>
          <Button size="compact-xs" variant="default" onClick={onRetry}>
            {t('retry')}
          </Button>
        </div>
      )}
    </div>
  );
}
