/** The installation as its operators see it: how it is, how it seals, what it was told, where it may go, and what it is. */
import { useQuery } from '@tanstack/react-query';
import type { Me } from '@patchbay/contract/people';
import type { System as Facts } from '@patchbay/contract/system';
import type { ReactNode } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { DataTable } from '../../../ui/DataTable.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { systemQuery } from '../api/system.ts';
import { Encryption } from './Encryption.tsx';
import { Retention } from './Retention.tsx';
import classes from './System.module.css';

interface SystemProps {
  me: Me;
  /** The way from the environment's connection to one that can be edited, and below it what came of that. */
  importing: { button: ReactNode; outcome: ReactNode };
  /** The way to how long things were kept before. */
  retentionHistory: ReactNode;
}

export function System({ me, importing, retentionHistory }: SystemProps) {
  const { data, isPending, error, refetch } = useQuery(systemQuery);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  return (
    <div className={`pb-column ${classes['parts']}`}>
      <Health facts={data.health} />
      <Encryption facts={data.encryption} />
      <Environment facts={data.environment} importing={importing} />
      <Network facts={data.network} />
      <Retention organization={me.organization.name} history={retentionHistory} />
      <About facts={data.about} revision={data.health.configRevision} />
    </div>
  );
}

function FactList({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={classes['facts']}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const unitBytes = 1024;
const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes in the largest unit of which there is at least one. */
function useBytes(): (bytes: number) => string {
  const format = useFormatter();
  return (bytes) => {
    const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(unitBytes)));
    const isWhole = step === 0;
    // The short form of bytes has no plural.
    const look = { unitDisplay: isWhole ? 'long' : 'short', maximumFractionDigits: isWhole ? 0 : 1 } as const;
    return format.number(bytes / unitBytes ** step, { style: 'unit', unit: units[step]!, ...look });
  };
}

/** A disk with less than this left is worth a warning. */
const lowShare = 0.1;

function Health({ facts }: { facts: Facts['health'] }) {
  const t = useTranslations('system');
  const bytes = useBytes();
  const { database, disk, instances } = facts;
  const name = t(`engine.${database.engine}`);
  return (
    <Panel title={t('health')}>
      <FactList
        rows={[
          [t('database'), <Status key="up" tone={database.isHealthy ? 'ok' : 'bad'} text={t(database.isHealthy ? 'answers' : 'away')} />],
          [t('databaseKind'), database.version === null ? name : `${name} ${database.version}`],
          [t('size'), database.bytes === null ? '—' : bytes(database.bytes)],
          [t('schema'), database.schema],
          [
            t('queue'),
            <Status
              key="lag"
              tone={facts.ledgerLagRecords < 10_000 ? 'ok' : 'warn'}
              text={t('waiting', { count: facts.ledgerLagRecords })}
            />,
          ],
          [t('journal'), bytes(facts.journalUnfedBytes)],
          [
            t('disk'),
            disk === null ? (
              '—'
            ) : (
              <Status
                key="disk"
                tone={disk.freeBytes / disk.totalBytes < lowShare ? 'warn' : 'ok'}
                text={t('free', { free: bytes(disk.freeBytes), total: bytes(disk.totalBytes) })}
              />
            ),
          ],
          [t('revision'), facts.configRevision],
        ]}
      />
      <h3 className={classes['sub']}>{t('instances')}</h3>
      <DataTable
        label={t('instances')}
        rows={instances}
        keyOf={({ id }) => id}
        columns={[
          { key: 'id', head: t('instance'), render: ({ id, isThis }) => (isThis ? t('thisOne', { id }) : id) },
          { key: 'started', head: t('started'), render: ({ startedAt }) => <When iso={startedAt} /> },
          { key: 'seen', head: t('seen'), render: ({ seenAt }) => <When iso={seenAt} /> },
        ]}
      />
    </Panel>
  );
}

function Environment({ facts, importing }: { facts: Facts['environment'] } & Pick<SystemProps, 'importing'>) {
  const t = useTranslations('system');
  const set = facts.filter(({ source }) => source !== null);
  const others = facts.filter(({ source }) => source === null).map(({ name }) => name);
  return (
    <Panel title={t('environment')} text={t('environmentText')} aside={importing.button}>
      {importing.outcome}
      {set.length === 0 ? (
        <p className={classes['hint']}>{t('nothingSet')}</p>
      ) : (
        <DataTable
          label={t('environment')}
          rows={set}
          keyOf={({ name }) => name}
          columns={[
            { key: 'name', head: t('name'), render: ({ name }) => <code>{name}</code> },
            { key: 'value', head: t('value'), render: ({ isSecret, value }) => (isSecret ? '•••' : <code>{value}</code>) },
            {
              key: 'source',
              head: t('source'),
              render: ({ source, isOverDotEnv }) =>
                `${source === null ? '' : t(`from.${source}`)}${isOverDotEnv ? ` · ${t('overDotEnv')}` : ''}`,
            },
          ]}
        />
      )}
      <details className={classes['more']}>
        <summary className={classes['more']}>{t('unset', { count: others.length })}</summary>
        <p className={classes['names']}>
          {others.map((name) => (
            <code key={name}>{name}</code>
          ))}
        </p>
      </details>
    </Panel>
  );
}

function Network({ facts }: { facts: Facts['network'] }) {
  const t = useTranslations('system');
  const list = (values: readonly string[]): ReactNode =>
    values.length === 0 ? t('nobody') : values.map((value) => <code key={value}>{value} </code>);
  return (
    <Panel title={t('network')} text={t('networkText')}>
      <FactList
        rows={[
          [t('allowed'), facts.allowed === null ? t('houseRule') : list(facts.allowed)],
          [t('proxies'), list(facts.trustedProxies)],
          [t('publicUrl'), facts.publicUrl ?? t('notSet')],
          [t('listens'), <code key="at">{`${facts.host}:${facts.port}`}</code>],
        ]}
      />
    </Panel>
  );
}

function About({ facts, revision }: { facts: Facts['about']; revision: number }) {
  const t = useTranslations('system');
  return (
    <Panel title={t('about')}>
      <FactList
        rows={[
          [t('version'), facts.version],
          [t('revision'), revision],
          ['Node.js', facts.node],
          [t('platform'), facts.platform],
          [t('started'), <When key="since" iso={facts.startedAt} />],
        ]}
      />
    </Panel>
  );
}
