/** What is known of one request: what came of it, its way through the attempts, contents, policies, limits and cost, each in its own part. */
import type { RequestDetail as DetailOf } from '@patchbay/client/requests';
import { Tabs } from '@mantine/core';
import '@mantine/core/styles/Tabs.layer.css';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyText } from '../../../lib/money.ts';
import { useFinishText, useReasonText } from '../../../lib/reason-text.ts';
import { CopyText } from '../../../ui/CopyText.tsx';
import { FactList, type Fact } from '../../../ui/FactList.tsx';
import { Status } from '../../../ui/Status.tsx';
import { Content } from './Content.tsx';
import { Costs, Findings } from './DetailParts.tsx';
import type { OnReplay } from './ReplayButton.tsx';
import { Timeline } from './Timeline.tsx';
import { hasNoCost, toneOf } from './RequestTable.tsx';
import classes from './requests.module.css';

export function RequestDetail({ detail, onReplay }: { detail: DetailOf; onReplay: OnReplay | null }) {
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

function Summary({ detail: { request, requestId, attempts } }: { detail: DetailOf }) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const reasonText = useReasonText();
  const finishText = useFinishText();
  const shown = request ?? null;
  const first = attempts[0];
  const facts: Fact[] = shown
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
        [t('columnOf.cost'), hasNoCost(shown) ? '' : shown.costUsd === null ? t('unpriced') : moneyText(format, Number(shown.costUsd))],
        [t('finish'), shown.finishReason === null ? '' : finishText(shown.finishReason)],
        [t('clientId'), shown.clientRequestId ?? ''],
      ]
    : [[t('columnOf.model'), first?.model ?? '']];
  return (
    <>
      {shown && (
        <p className={classes['outcome']}>
          <Status tone={toneOf(shown)} text={shown.status === null ? t(`stateOf.${shown.state}`) : String(shown.status)} />
          {shown.reason !== null && (
            <span>
              {reasonText(shown.reason)} <code className={classes['code']}>{shown.reason}</code>
            </span>
          )}
          {shown.savedUsd !== null && <span className={classes['badge']}>{t('fromCache')}</span>}
          {shown.isEstimated && <span className={classes['badge']}>{t('estimated')}</span>}
        </p>
      )}
      {!shown && <p className={classes['hint']}>{t('underWay')}</p>}
      <FactList facts={facts} className={classes['facts']} />
      <CopyText label={t('requestId')} text={requestId} />
    </>
  );
}
