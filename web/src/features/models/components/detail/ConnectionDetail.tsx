/** The head of every page of one connection: what it is, how it is, what can be done with it, and the ways to its tabs. */
import { Button } from '@mantine/core';
import type { Configuration } from '@patchbay/contract/configurations';
import { IconKey, IconPencil, IconPlayerPlay } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { useCurrentInSight } from '../../../../lib/focus.ts';
import { Notice } from '../../../../ui/Notice.tsx';
import { PageTitle } from '../../../../ui/PageTitle.tsx';
import { ReasonButton } from '../../../../ui/ReasonButton.tsx';
import { When } from '../../../../ui/When.tsx';
import { useProviders } from '../../api/providers.ts';
import { ConnectionKey, ConnectionStatus } from '../ConnectionFacts.tsx';
import { DeactivateQuestion } from '../DeactivateQuestion.tsx';
import { StatusSwitch } from '../StatusSwitch.tsx';
import { TestResult } from '../TestResult.tsx';
import { useRowTest } from '../use-connection-actions.ts';
import { useSwitchActive } from '../use-switch-active.ts';
import classes from './Detail.module.css';
import { RotateKey } from './RotateKey.tsx';

const tabs = [
  ['overview', '/connections/$id'],
  ['models', '/connections/$id/models'],
  ['usage', '/connections/$id/usage'],
  ['health', '/connections/$id/health'],
  ['access', '/connections/$id/access'],
  ['edit', '/connections/$id/edit'],
] as const;

interface ConnectionDetailProps {
  connection: Configuration;
  organization: string;
  children: ReactNode;
}

export function ConnectionDetail({ connection, organization, children }: ConnectionDetailProps) {
  const t = useTranslations('detail');
  const { id, name, canManage } = connection;
  const test = useRowTest(connection);
  const active = useSwitchActive();
  const line = useCurrentInSight();
  return (
    <>
      <div className={classes['head']}>
        <div className={classes['who']}>
          <PageTitle title={name} />
          <Facts connection={connection} isTesting={test.isTesting} />
        </div>
        <div className={classes['deeds']}>
          <StatusSwitch
            name={name}
            isActive={connection.isActive}
            isReadOnly={!canManage}
            isPending={active.pending.has(id)}
            onChange={(isActive) => active.request(connection, isActive)}
          />
          <Deeds connection={connection} isTesting={test.isTesting} onTest={test.test} />
        </div>
      </div>
      {active.fault !== null && <Notice tone="bad">{active.fault}</Notice>}
      {(test.isTesting || test.result !== null || test.fault !== null) && (
        <div className={classes['tested']}>
          <TestResult name={name} actions={test} formOf={canManage ? id : null} />
        </div>
      )}
      {!canManage && (
        <Notice tone="info">
          <p>{t('readOnly', { organization })}</p>
        </Notice>
      )}
      <nav ref={line} className={classes['tabs']} aria-label={t('tabs', { name })}>
        {tabs
          .filter(([tab]) => canManage || tab !== 'edit')
          .map(([tab, to]) => (
            <Link key={tab} to={to} params={{ id }} activeOptions={{ exact: true }} activeProps={{ 'aria-current': 'page' }}>
              {t(tab)}
            </Link>
          ))}
      </nav>
      {children}
      <DeactivateQuestion active={active} />
    </>
  );
}

function Facts({ connection, isTesting }: { connection: Configuration; isTesting: boolean }) {
  const t = useTranslations('connections');
  const { data: providers = [] } = useProviders();
  return (
    <div className={classes['facts']}>
      <ConnectionStatus connection={connection} isTesting={isTesting} isLastTest />
      {connection.lastTested !== null && !isTesting && (
        <span className={classes['note']}>
          {!connection.isActive && `${t('tested')} `}
          <When iso={connection.lastTested} />
        </span>
      )}
      {connection.isDefault && <span className={classes['accent']}>{t('default')}</span>}
      {connection.scope === 'organization' && <span className={classes['tag']}>{t('organization')}</span>}
      <span className={classes['tag']}>
        {providers.find(({ name }) => name === connection.provider)?.displayName ?? connection.provider}
      </span>
      {connection.model !== null && <code className={classes['code']}>{connection.model}</code>}
      <span className={classes['key']}>
        <ConnectionKey mask={connection.apiKey} setAt={connection.apiKeySetAt} />
      </span>
    </div>
  );
}

interface DeedsProps {
  connection: Configuration;
  isTesting: boolean;
  onTest: () => void;
}

function Deeds({ connection, isTesting, onTest }: DeedsProps) {
  const t = useTranslations('detail');
  const words = useTranslations('connections');
  const [isRotating, setRotating] = useState(false);
  return (
    <>
      <ReasonButton
        size="compact-sm"
        variant="default"
        leftSection={<IconPlayerPlay size={14} stroke={1.75} aria-hidden="true" />}
        reason={isTesting ? words('testing') : null}
        onClick={onTest}
      >
        {isTesting ? words('testing') : words('test')}
      </ReasonButton>
      {connection.canManage && (
        <>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPencil size={14} stroke={1.75} aria-hidden="true" />}
            renderRoot={(props) => <Link to="/connections/$id/edit" params={{ id: connection.id }} {...props} />}
          >
            {words('edit')}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconKey size={14} stroke={1.75} aria-hidden="true" />}
            onClick={() => setRotating(true)}
          >
            {t('rotate')}
          </Button>
          <RotateKey connection={connection} isOpen={isRotating} onClose={() => setRotating(false)} />
        </>
      )}
    </>
  );
}
