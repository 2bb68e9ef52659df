/** Where nothing can answer yet: what is missing, and the way to it (D-44). */
import { IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import classes from './Conversation.module.css';

/** @param render the way to the settings, as a link or button with this text */
export function NoConnection({ hasConnections, render }: { hasConnections: boolean; render: (text: string) => ReactNode }) {
  const t = useTranslations('chat');
  return (
    <section className={classes['blank']} aria-labelledby="chat-no-connection" role="alert">
      <IconPlugConnectedX size={28} stroke={1.5} aria-hidden="true" className={classes['icon']} />
      <h2 id="chat-no-connection">{hasConnections ? t('noDefaultTitle') : t('noneTitle')}</h2>
      <p>{hasConnections ? t('noDefaultText') : t('noneText')}</p>
      {render(t('goToSettings'))}
    </section>
  );
}
