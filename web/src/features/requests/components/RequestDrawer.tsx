/** One request beside the list: what came of it, its way through the attempts, contents, policies, limits and cost, each in its own part. */
import type { Me } from '@patchbay/contract/people';
import type { RequestDetail } from '@patchbay/client/requests';
import { Button, CloseButton, Tabs } from '@mantine/core';
import '@mantine/core/styles/Tabs.layer.css';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyText } from '../../../lib/money.ts';
import { CopyText } from '../../../ui/CopyText.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Status } from '../../../ui/Status.tsx';
import { requestQuery } from '../api/requests.ts';
import { Content } from './Content.tsx';
import { Costs, Findings } from './DetailParts.tsx';
import type { OnReplay } from './ReplayButton.tsx';
import { Timeline } from './Timeline.tsx';
import { toneOf } from './RequestTable.tsx';
import classes from './requests.module.css';
import { useEscape } from './use-escape.ts';

interface DrawerProps {
  id: string;
  me: Me;
  onClose: () => void;
  onReplay: OnReplay;
}

export function RequestDrawer({ id, me, onClose, onReplay }: DrawerProps) {
  const t = useTranslations('requests');
  const { data, error, refetch } = useQuery(requestQuery(id));
  const heading = useRef<HTMLHeadingElement>(null);
  const part = useEscape<HTMLElement>(onClose);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <aside className={classes['drawer']} aria-labelledby="request-title" ref={part}>
      <header className={classes['drawerHead']}>
        <h2 id="request-title" ref={heading} tabIndex={-1}>
          {t('request')}
        </h2>
        <CopyLink />
        <CloseButton aria-label={t('close')} onClick={onClose} />
      </header>
      {!data && error && <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />}
      {!data && !error && <Loading isAsked />}
      {data && <Detail detail={data} onReplay={me.permissions.includes('use_ai_chat') ? onReplay : null} />}
    </aside>
  );
}

/** The address of this request; whoever may see it opens it. */
function CopyLink() {
  const t = useTranslations('requests');
  const [isCopied, setCopied] = useState(false);
  const link = useRef<HTMLSpanElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied(true);
    } catch {
      // A browser without a clipboard, as on plain http: the address is selected, so that the keyboard can do it.
      if (link.current) getSelection()?.selectAllChildren(link.current);
      setCopied(document.execCommand('copy'));
    }
  };
  return (
    <>
      <span ref={link} className={classes['unseen']} aria-hidden="true">
        {location.href}
      </span>
      <Button size="compact-xs" variant="default" onClick={() => void copy()}>
        <span aria-live="polite">{t(isCopied ? 'linkCopied' : 'copyLink')}</span>
      </Button>
    </>
  );
}

function Detail({ detail, onReplay }: { detail: RequestDetail; onReplay: OnReplay | null }) {
  const t = useTranslations('requests');
  const { attempts, findings, limits, hasContent } = detail;
  return (
    <>
      <Summary detail={detail} />
      <Tabs defaultValue="way" keepMounted={false}>
        <Tabs.List aria-label={t('parts')}>
          <Tabs.Tab value="way">{t('way')}</Tabs.Tab>
          <Tabs.Tab value="content">{t('content')}</Tabs.Tab>
          <Tabs.Tab value="policies">{t('findings', { count: findings.length + limits.length })}</Tabs.Tab>
          <Tabs.Tab value="cost">{t('cost')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="way">
          <Timeline attempts={attempts} />
        </Tabs.Panel>
        <Tabs.Panel value="content">
          <Content id={detail.requestId} hasContent={hasContent} workspaceId={attempts.length > 0 ? (detail.request?.workspaceId ?? null) : null} onReplay={onReplay} />
        </Tabs.Panel>
        <Tabs.Panel value="policies">
          <Findings findings={findings} limits={limits} />
        </Tabs.Panel>
        <Tabs.Panel value="cost">
          <Costs attempts={attempts} />
        </Tabs.Panel>
      </Tabs>
    </>
  ); // prettier-ignore
}

function Summary({ detail: { request, requestId, attempts } }: { detail: RequestDetail }) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const shown = request ?? null;
  const first = attempts[0];
  const facts: [string, string][] = shown
    ? [
        [t('time'), format.dateTime(new Date(shown.at), { dateStyle: 'medium', timeStyle: 'medium' })],
        [
          t('columnOf.model'),
          shown.modelAsked !== '' && shown.modelAsked !== shown.model ? `${shown.modelAsked} → ${shown.model}` : shown.model,
        ],
        [t('columnOf.connection'), shown.connectionName ?? shown.provider],
        [t('columnOf.key'), shown.accessKeyName ?? ''],
        [t('columnOf.user'), shown.userName ?? ''],
        [t('columnOf.latency'), shown.latencyMs === null ? '' : t('ms', { value: shown.latencyMs })],
        [t('columnOf.firstByte'), shown.firstByteMs === null ? '' : t('ms', { value: shown.firstByteMs })],
        [t('tokens'), t('tokensInOut', { in: shown.tokensIn, out: shown.tokensOut })],
        [t('columnOf.cost'), shown.costUsd === null ? t('unpriced') : moneyText(format, Number(shown.costUsd))],
        [t('finish'), shown.finishReason ?? ''],
        [t('clientId'), shown.clientRequestId ?? ''],
      ]
    : [[t('columnOf.model'), first?.model ?? '']];
  return (
    <>
      {shown && (
        <p className={classes['outcome']}>
          <Status tone={toneOf(shown)} text={shown.status === null ? t(`stateOf.${shown.state}`) : String(shown.status)} />
          {shown.reason !== null && <code>{shown.reason}</code>}
          {shown.savedUsd !== null && <span className={classes['badge']}>{t('fromCache')}</span>}
          {shown.isEstimated && <span className={classes['badge']}>{t('estimated')}</span>}
        </p>
      )}
      {!shown && <p className={classes['hint']}>{t('underWay')}</p>}
      <dl className={classes['facts']}>
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <CopyText label={t('requestId')} text={requestId} />
    </>
  );
}
