/** Who can use a connection, what uses it, and the way to delete it, which says before what will happen. */
import { Button } from '@mantine/core';
import type { Configuration, UsedBy } from '@patchbay/contract/configurations';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Failure } from '../../../../ui/Failure.tsx';
import { useAccess, useUses } from '../../api/connection-detail.ts';
import { DeleteConfiguration } from '../DeleteConfiguration.tsx';
import { BackupsPanel } from './BackupsPanel.tsx';
import classes from './Detail.module.css';
import { Skeleton } from './Skeleton.tsx';

interface AccessPanelProps {
  connection: Configuration;
  organization: string;
  /** What is limited of it. */
  limits?: ReactNode;
  onDeleted: () => void;
}

export function AccessPanel({ connection, organization, limits, onDeleted }: AccessPanelProps) {
  return (
    <div className={`pb-column ${classes['stack']}`}>
      <People id={connection.id} organization={organization} />
      <BackupsPanel connection={connection} />
      {limits}
      <Uses id={connection.id} organization={organization} />
      {connection.canManage && <Danger connection={connection} onDeleted={onDeleted} />}
    </div>
  );
}

function People({ id, organization }: { id: string; organization: string }) {
  const t = useTranslations('detail');
  const access = useAccess(id);
  if (access.isError && !access.data)
    return <Failure error={access.error} organization={organization} onRetry={() => void access.refetch()} />;
  const { data } = access;
  return (
    <section className={classes['panel']} aria-labelledby="people-title">
      <h2 id="people-title">{t('people')}</h2>
      {!data && <Skeleton rows={2} />}
      {data && (
        <>
          <p className={classes['text']}>
            {data.isForEveryone
              ? t('forEveryone', { name: data.ownerName })
              : t(data.scope === 'user' ? 'forOwner' : 'forWorkspace', { name: data.ownerName })}
          </p>
          <ul className={classes['rows']}>
            {data.people.map((person) => (
              <li key={person.id} className={classes['model']}>
                <span className={classes['grow']}>{person.name}</span>
                <span className={classes['note']}>{t(person.canManage ? 'mayChange' : 'mayUse')}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function useUseText(): (use: UsedBy) => string {
  const t = useTranslations();
  return ({ kind, name, count }) => {
    switch (kind) {
      case 'default':
        return name === null ? t('detail.useDefaultAll') : t('detail.useDefault', { name });
      case 'chat':
        return t('detail.useChats', { n: count });
      case 'access_key':
        return t('detail.useKeys', { n: count });
      case 'model_preference':
        return t('detail.usePreferences', { n: count });
      case 'backup':
        return t('detail.useBackups', { n: count });
      case 'repository':
        return `${t('connections.usedByRepository')}: ${name ?? count}`;
      case 'use_case':
        return `${t('connections.usedByUseCase')}: ${name ?? count}`;
      default:
        return `${t('connections.usedByGroup')}: ${name ?? count}`;
    }
  };
}

function Uses({ id, organization }: { id: string; organization: string }) {
  const t = useTranslations('detail');
  const uses = useUses(id);
  const textOf = useUseText();
  if (uses.isError && !uses.data) return <Failure error={uses.error} organization={organization} onRetry={() => void uses.refetch()} />;
  return (
    <section className={classes['panel']} aria-labelledby="uses-title">
      <h2 id="uses-title">{t('usedBy')}</h2>
      {!uses.data && <Skeleton rows={2} />}
      {uses.data?.length === 0 && <p className={classes['text']}>{t('unused')}</p>}
      {uses.data !== undefined && uses.data.length > 0 && (
        <ul className={classes['rows']}>
          {uses.data.map((use) => (
            <li key={`${use.kind} ${use.id ?? ''}`} className={classes['model']}>
              <span className={classes['grow']}>{textOf(use)}</span>
              <span className={classes['note']}>{t(use.isBlocking ? 'blocks' : use.kind === 'default' ? 'leavesNone' : 'fallsBack')}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Danger({ connection, onDeleted }: { connection: Configuration; onDeleted: () => void }) {
  const t = useTranslations('detail');
  const words = useTranslations('connections');
  const [isAsked, setAsked] = useState(false);
  return (
    <section className={classes['danger']} aria-labelledby="danger-title">
      <h2 id="danger-title">{t('danger')}</h2>
      <div className={classes['tools']}>
        <p className={classes['grow']}>{words('deleteText')}</p>
        <Button variant="default" color="red" onClick={() => setAsked(true)}>
          {words('deleteNamed', { name: connection.name })}
        </Button>
      </div>
      <DeleteConfiguration connection={isAsked ? connection : null} onClose={() => setAsked(false)} onDeleted={onDeleted} />
    </section>
  );
}
