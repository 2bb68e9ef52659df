/** What a list says of one connection, in pieces that rows and cards share. */
import { VisuallyHidden } from '@mantine/core';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useTranslations } from 'use-intl';
import { Status, type Tone } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import classes from './ConnectionFacts.module.css';

export function ConnectionName({ connection }: { connection: AiConnection }) {
  const t = useTranslations('connections');
  return (
    <>
      <span className={classes['name']}>
        <span className={classes['title']}>{connection.name}</span>
        {connection.isDefault && <span className={classes['default']}>{t('default')}</span>}
        {connection.scope === 'organization' && <span className={classes['tag']}>{t('organization')}</span>}
        {connection.scope === 'environment' && (
          <span className={classes['tag']} title={t('environmentHint')}>
            {t('environment')}
          </span>
        )}
      </span>
      <code className={classes['url']}>{connection.baseUrl}</code>
    </>
  );
}

export function ConnectionModel({ model }: { model: string | null }) {
  const t = useTranslations('connections');
  return model === null ? <span className={classes['none']}>{t('noModel')}</span> : <code className={classes['code']}>{model}</code>;
}

/** The server sends three stars and the last four characters, or only the stars of a short key. */
export function ConnectionKey({ mask }: { mask: string }) {
  const t = useTranslations('connections');
  if (mask === '') return <span className={classes['none']}>{t('noKey')}</span>;
  const last4 = mask.replace(/^\*+/, '');
  return (
    <>
      <code className={classes['key']} aria-hidden="true">
        ••••{last4}
      </code>
      <VisuallyHidden>{t('keyEnds', { last4: last4 === '' ? '…' : last4 })}</VisuallyHidden>
    </>
  );
}

/** A connection that is switched off is that before anything else. */
export function stateOf(connection: Pick<AiConnection, 'isActive' | 'testStatus'>): {
  tone: Tone;
  text: 'inactive' | 'connected' | 'failed' | 'untested';
} {
  if (!connection.isActive) return { tone: 'off', text: 'inactive' };
  if (connection.testStatus === 'success') return { tone: 'ok', text: 'connected' };
  if (connection.testStatus === 'failed') return { tone: 'bad', text: 'failed' };
  return { tone: 'idle', text: 'untested' };
}

export function ConnectionStatus({ connection, isTesting }: { connection: AiConnection; isTesting: boolean }) {
  const t = useTranslations('connections');
  const { tone, text } = stateOf(connection);
  return (
    <span className={classes['status']}>
      <Status tone={isTesting ? 'idle' : tone} text={isTesting ? t('testing') : t(text)} />
      {connection.lastTested !== null && !isTesting && (
        <span className={classes['tested']}>
          {t('tested')} <When iso={connection.lastTested} />
        </span>
      )}
    </span>
  );
}
