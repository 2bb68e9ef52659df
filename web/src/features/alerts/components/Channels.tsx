/** Where alerts go: each channel with what it was sent last, a test of it, and the form that makes one. */
import type { AlertChannelView } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { SecretReveal } from '../../../ui/SecretReveal.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { channelsQuery, useDeleteChannel, useFresh, useTestChannel } from '../api/alerts.ts';
import { stateTones, type RenderHistory } from './alert-words.ts';
import { ChannelForm } from './ChannelForm.tsx';
import { MailServer } from './MailServer.tsx';
import { TestAnswer } from './TestAnswer.tsx';

type Doing =
  | { kind: 'edit'; channel: AlertChannelView | null }
  | { kind: 'delete'; channel: AlertChannelView }
  | { kind: 'secret'; secret: string };

export function Channels({ me, renderHistory }: { me: Me; renderHistory: RenderHistory }) {
  const t = useTranslations('alerts');
  const { data, error, refetch } = useQuery(channelsQuery);
  const sayDone = useSayDone();
  const remove = useDeleteChannel();
  const fresh = useFresh();
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = (): void => setDoing(null);
  if (!data && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  if (doing?.kind === 'secret')
    return (
      <SecretReveal
        title={t('secretTitle')}
        label={t('signingSecret')}
        secret={doing.secret}
        storedLabel={t('secretStored')}
        onDone={close}
      />
    );
  if (doing?.kind === 'edit') {
    const { channel } = doing;
    const beginAnew = (id: string): void => setDoing({ kind: 'edit', channel: fresh.channel(id) ?? channel });
    const history = channel && renderHistory({ type: 'alert_channel', id: channel.id, name: channel.name }, () => beginAnew(channel.id));
    return (
      <Panel title={t(channel === null ? 'newChannel' : 'editChannel')} aside={history} takesFocus>
        <ChannelForm
          key={channel?.revision}
          me={me}
          of={channel}
          onCancel={close}
          onSaved={(secret) => setDoing(secret === null ? null : { kind: 'secret', secret })}
        />
      </Panel>
    );
  }
  const add = <Button onClick={() => setDoing({ kind: 'edit', channel: null })}>{t('addChannel')}</Button>;
  const hasMail = data.data.some(({ kind }) => kind === 'email');
  return (
    <div className="pb-sections">
      {hasMail && !data.isMailReady && <Notice tone="warn">{t('mailNotSet')}</Notice>}
      {data.data.length === 0 ? (
        <Empty title={t('channelsEmptyTitle')} text={t('channelsEmptyText')}>
          {add}
        </Empty>
      ) : (
        <>
          <div className="pb-buttons">{add}</div>
          <ChannelTable channels={data.data} onDo={setDoing} />
        </>
      )}
      {me.role === 'administrator' && (
        <MailServer me={me} history={renderHistory({ type: 'mail_server', id: me.organization.id, name: t('mailTitle') })} />
      )}
      <DeedQuestion
        of={doing?.kind === 'delete' ? doing.channel : null}
        change={remove}
        inputOf={({ id }) => id}
        title={({ name }) => t('deleteTitle', { name })}
        text={() => t('deleteChannelText')}
        cancelLabel={t('cancel')}
        confirmLabel={t('delete')}
        onClose={close}
        onDone={({ name }) => sayDone(t('deleted', { name }))}
      />
    </div>
  );
}

function ChannelTable({ channels, onDo }: { channels: readonly AlertChannelView[]; onDo: (doing: Doing) => void }) {
  const t = useTranslations('alerts');
  const test = useTestChannel();
  const columns: Column<AlertChannelView>[] = [
    {
      key: 'channel',
      head: t('channel'),
      render: ({ name, kind }) => (
        <span className="pb-stack">
          {name}
          <span className="pb-quiet">{t(`channelKindOf.${kind}`)}</span>
        </span>
      ),
    },
    {
      key: 'destination',
      head: t('destination'),
      render: ({ destination, language, timeZone }) => (
        <span className="pb-stack">
          {destination}
          <span className="pb-quiet">
            {language.toUpperCase()} · {timeZone}
          </span>
        </span>
      ),
    },
    { key: 'of', head: t('of'), render: ({ scope, workspace }) => workspace?.name ?? t(`scopeOf.${scope as 'user'}`) },
    { key: 'last', head: t('lastDelivery'), render: ({ lastDelivery }) => <Last of={lastDelivery} /> },
    { key: 'state', head: t('state'), render: ({ isActive }) => t(isActive ? 'on' : 'off') },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (channel) =>
        channel.canChange && (
          <Deeds
            channel={channel}
            isTesting={test.isPending && test.variables === channel.id}
            onTest={() => test.mutate(channel.id)}
            onDo={onDo}
          />
        ),
    },
  ];
  return (
    <>
      <TestAnswer sent={test.data ?? null} error={test.error} />
      <DataTable
        label={t('channelsTable', { count: channels.length })}
        columns={columns}
        rows={channels}
        keyOf={({ id }) => id}
        isQuiet={({ isActive }) => !isActive}
      />
    </>
  );
}

function Last({ of }: { of: AlertChannelView['lastDelivery'] }) {
  const t = useTranslations('alerts');
  if (of === null) return t('notYet');
  return (
    <span className="pb-stack">
      <Status tone={stateTones[of.state]} text={t(`stateOf.${of.state}`)} />
      <span className="pb-quiet">
        <When iso={of.at} />
      </span>
    </span>
  );
}

interface DeedsProps {
  channel: AlertChannelView;
  isTesting: boolean;
  onTest: () => void;
  onDo: (doing: Doing) => void;
}

function Deeds({ channel, isTesting, onTest, onDo }: DeedsProps) {
  const t = useTranslations('alerts');
  const { name } = channel;
  return (
    <span className="pb-deeds">
      <Button variant="subtle" size="compact-sm" aria-label={t('sendTestNamed', { name })} loading={isTesting} onClick={onTest}>
        {t('sendTest')}
      </Button>
      <Button variant="subtle" size="compact-sm" aria-label={t('editNamed', { name })} onClick={() => onDo({ kind: 'edit', channel })}>
        {t('edit')}
      </Button>
      <Button
        variant="subtle"
        size="compact-sm"
        color="red"
        aria-label={t('deleteNamed', { name })}
        onClick={() => onDo({ kind: 'delete', channel })}
      >
        {t('delete')}
      </Button>
    </span>
  );
}
