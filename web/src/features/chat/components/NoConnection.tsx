/** Where nothing can answer yet: what is missing, and the way to it (D-44). */
import { Button } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import classes from './Conversation.module.css';

interface NoConnectionProps {
  hasConnections: boolean;
  /** Connections that could answer this chat, where none does by itself. */
  offers: readonly AiConnection[];
  onChoose: (connection: AiConnection) => void;
  /** The way to the settings, as a link or button with this text. */
  render: (text: string) => ReactNode;
}

export function NoConnection({ hasConnections, offers, onChoose, render }: NoConnectionProps) {
  const t = useTranslations('chat');
  return (
    <section className={classes['blank']} aria-labelledby="chat-no-connection" role="alert">
      <IconPlugConnectedX size={28} stroke={1.5} aria-hidden="true" className={classes['icon']} />
      <h2 id="chat-no-connection">{hasConnections ? t('noDefaultTitle') : t('noneTitle')}</h2>
      <p>{hasConnections ? t('noDefaultText') : t('noneText')}</p>
      {offers.map((connection) => (
        <Button key={connection.id} onClick={() => onChoose(connection)}>
          {t('chooseNow', { name: connection.name })}
        </Button>
      ))}
      {render(t('goToSettings'))}
    </section>
  );
}
