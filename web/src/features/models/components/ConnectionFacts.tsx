/** What a list says of one connection, in pieces that rows and cards share. */
import { VisuallyHidden } from '@mantine/core';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { Link } from '@tanstack/react-router';
import { useFormatter, useNow, useTranslations } from 'use-intl';
import { Status, type Tone } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import type { LastUse } from '../api/last-uses.ts';
import { daysSince, keyDaysMax, type ConnectionRow } from '../list/connection-rows.ts';
import classes from './ConnectionFacts.module.css';

export function ConnectionName({ row: { connection, isUnused } }: { row: ConnectionRow }) {
  const t = useTranslations('connections');
  return (
    <>
      <span className={classes['name']}>
        {connection.scope === 'environment' ? (
          <span className={classes['title']}>{connection.name}</span>
        ) : (
          <DetailLink id={connection.id} name={connection.name} />
        )}
        {connection.isDefault && <span className={classes['default']}>{t('default')}</span>}
        {connection.scope === 'organization' && <span className={classes['tag']}>{t('organization')}</span>}
        {connection.scope === 'environment' && <span className={classes['tag']}>{t('environment')}</span>}
        {isUnused && <span className={classes['tag']}>{t('unused')}</span>}
      </span>
      <code className={classes['url']} title={connection.baseUrl}>
        {connection.baseUrl}
      </code>
      {connection.scope === 'environment' && <span className={classes['note']}>{t('environmentHint')}</span>}
    </>
  );
}

/** The name leads to everything that is known of a connection. */
export const DetailLink = ({ id, name }: { id: string; name: string }) => (
  <Link to="/connections/$id" params={{ id }} className={classes['title']}>
    {name}
  </Link>
);

export function ConnectionModel({ model }: { model: string | null }) {
  const t = useTranslations('connections');
  return model === null ? (
    <span className={classes['none']}>{t('noModel')}</span>
  ) : (
    <code className={classes['code']} title={model}>
      {model}
    </code>
  );
}

/** The server sends three stars and the last four characters, or only the stars of a short key. Old keys say how old they are. */
export function ConnectionKey({ mask, setAt }: { mask: string | null; setAt: string | null }) {
  const t = useTranslations('connections');
  const nowMs = useNow().getTime();
  if (!mask) return <span className={classes['none']}>{t('noKey')}</span>;
  const last4 = mask.replace(/^\*+/, '');
  const days = setAt === null ? 0 : daysSince(setAt, nowMs);
  return (
    <>
      <code className={classes['key']} aria-hidden="true">
        ••••{last4}
      </code>
      <VisuallyHidden>{t('keyEnds', { last4: last4 === '' ? '…' : last4 })}</VisuallyHidden>
      {days > keyDaysMax ? (
        <span className={classes['old']}>{t('keyOld', { days })}</span>
      ) : (
        setAt !== null && <span className={classes['note']}>{t('keyAge', { days })}</span>
      )}
    </>
  );
}

export function ConnectionLatency({ ms }: { ms: number | null }) {
  const t = useTranslations('trace');
  const format = useFormatter();
  return ms === null ? '—' : t('ms', { ms: format.number(ms) });
}

export function ConnectionUse({ use }: { use: LastUse | null }) {
  const t = useTranslations('connections');
  if (!use?.lastUsedAt) return t('notUsed');
  return (
    <>
      <When iso={use.lastUsedAt} />
      <span className={classes['note']}>{t('requests', { n: use.requests })}</span>
    </>
  );
}

/** A connection that is switched off is that before anything else. */
export function stateOf(connection: Pick<AiConnection, 'isActive' | 'testStatus'>): {
  tone: Tone;
  text: 'inactive' | 'connected' | 'failed' | 'untested';
} {
  if (!connection.isActive) return { tone: 'off', text: 'inactive' };
  return testStateOf(connection);
}

/** What the last test said, whether the connection is switched on or off. */
export function testStateOf({ testStatus }: Pick<AiConnection, 'testStatus'>): { tone: Tone; text: 'connected' | 'failed' | 'untested' } {
  if (testStatus === 'success') return { tone: 'ok', text: 'connected' };
  if (testStatus === 'failed') return { tone: 'bad', text: 'failed' };
  return { tone: 'idle', text: 'untested' };
}

interface ConnectionStatusProps {
  connection: Pick<AiConnection, 'isActive' | 'testStatus' | 'lastTested'>;
  isTesting: boolean;
  /** Where no column of its own says when it was tested. */
  hasTime?: boolean;
  /** Where its health is shown as well: what a test said once is told from how it is now. */
  isLastTest?: boolean;
}

export function ConnectionStatus({ connection, isTesting, hasTime = false, isLastTest = false }: ConnectionStatusProps) {
  const t = useTranslations('connections');
  const { tone, text: word } = stateOf(connection);
  const text = isLastTest && (word === 'connected' || word === 'failed') ? (`last.${word}` as const) : word;
  return (
    <span className={classes['status']}>
      <Status tone={isTesting ? 'idle' : tone} text={isTesting ? t('testing') : t(text)} />
      {hasTime && connection.lastTested !== null && !isTesting && (
        <span className={classes['tested']}>
          {t('tested')} <When iso={connection.lastTested} />
        </span>
      )}
    </span>
  );
}
