/** Rules as sentences: whom they tell, whether they are on, and the form that makes one. */
import type { AlertRuleView } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce, useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Status } from '../../../ui/Status.tsx';
import { channelsQuery, rulesQuery, useDeleteRule, useFresh, useMute } from '../api/alerts.ts';
import { severityTones, useSentence, type RenderHistory } from './alert-words.ts';
import { MuteQuestion } from './MuteQuestion.tsx';
import { RuleForm } from './RuleForm.tsx';

type Doing = { kind: 'edit'; rule: AlertRuleView | null } | { kind: 'mute' | 'delete'; rule: AlertRuleView };

export function Rules({ me, renderHistory }: { me: Me; renderHistory: RenderHistory }) {
  const t = useTranslations('alerts');
  const { data: rules, error, refetch } = useQuery(rulesQuery);
  const sentence = useSentence();
  const sayDone = useSayDone();
  const remove = useDeleteRule();
  const fresh = useFresh();
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = (): void => setDoing(null);
  if (!rules && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!rules) return <Loading />;
  const beginAnew = (id: string): void => {
    const rule = fresh.rule(id);
    if (rule) setDoing({ kind: 'edit', rule });
  };
  if (doing?.kind === 'edit') {
    const { rule } = doing;
    const history = rule && renderHistory({ type: 'alert_rule', id: rule.id, name: rule.name ?? sentence(rule) }, () => beginAnew(rule.id));
    return (
      <Panel title={t(rule === null ? 'newRule' : 'editRule')} aside={history} takesFocus>
        <RuleForm key={rule?.revision} me={me} of={rule} onDone={close} />
      </Panel>
    );
  }
  const add = <Button onClick={() => setDoing({ kind: 'edit', rule: null })}>{t('addRule')}</Button>;
  const named = (kind: 'mute' | 'delete') =>
    doing?.kind === kind ? { id: doing.rule.id, name: doing.rule.name ?? sentence(doing.rule) } : null;
  return (
    <div className="pb-sections">
      {rules.length === 0 ? (
        <Empty title={t('rulesEmptyTitle')} text={t('rulesEmptyText')}>
          {add}
        </Empty>
      ) : (
        <>
          <div className="pb-buttons">{add}</div>
          <RuleTable rules={rules} onDo={setDoing} />
        </>
      )}
      <MuteQuestion of={named('mute')} onClose={close} />
      <DeedQuestion
        of={named('delete')}
        change={remove}
        inputOf={({ id }) => id}
        title={({ name }) => t('deleteTitle', { name })}
        text={() => t('deleteRuleText')}
        cancelLabel={t('cancel')}
        confirmLabel={t('delete')}
        onClose={close}
        onDone={({ name }) => sayDone(t('deleted', { name }))}
      />
    </div>
  );
}

const isMuted = ({ mutedUntil }: AlertRuleView): boolean => mutedUntil !== null && new Date(mutedUntil) > new Date();

function RuleTable({ rules, onDo }: { rules: readonly AlertRuleView[]; onDo: (doing: Doing) => void }) {
  const t = useTranslations('alerts');
  const format = useFormatter();
  const sentence = useSentence();
  const { data: channels } = useQuery(channelsQuery);
  const tells = ({ channelIds, scope, workspace }: AlertRuleView): string => {
    const own = channels?.data.filter((one) => one.scope === scope && one.workspace?.id === workspace?.id && one.isActive) ?? [];
    if (own.length === 0) return t('tellsNobody');
    return channelIds === null
      ? t('tellsAll')
      : own
          .filter(({ id }) => channelIds.includes(id))
          .map(({ name }) => name)
          .join(', ') || t('tellsNobody');
  };
  const columns: Column<AlertRuleView>[] = [
    {
      key: 'rule',
      head: t('rule'),
      render: (rule) => (
        <span className="pb-stack">
          {rule.name ?? sentence(rule)}
          {rule.name !== null && <span className="pb-quiet">{sentence(rule)}</span>}
          {isMuted(rule) && (
            <span className="pb-quiet">
              {t('mutedUntil', { time: format.dateTime(new Date(rule.mutedUntil!), { dateStyle: 'medium', timeStyle: 'short' }) })}
            </span>
          )}
        </span>
      ),
    },
    {
      key: 'severity',
      head: t('severity'),
      render: ({ severity }) => <Status tone={severityTones[severity]} text={t(`severityOf.${severity}`)} />,
    },
    { key: 'of', head: t('of'), render: ({ scope, workspace }) => workspace?.name ?? t(`scopeOf.${scope as 'user'}`) },
    { key: 'tells', head: t('tells'), render: tells },
    { key: 'state', head: t('state'), render: ({ isActive }) => t(isActive ? 'on' : 'off') },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (rule) => rule.canChange && <Deeds rule={rule} name={rule.name ?? sentence(rule)} onDo={onDo} />,
    },
  ];
  return (
    <DataTable
      label={t('rulesTable', { count: rules.length })}
      columns={columns}
      rows={rules}
      keyOf={({ id }) => id}
      isQuiet={({ isActive }) => !isActive}
    />
  );
}

function Deeds({ rule, name, onDo }: { rule: AlertRuleView; name: string; onDo: (doing: Doing) => void }) {
  const t = useTranslations('alerts');
  const language = useLocale();
  const announce = useAnnounce();
  const mute = useMute();
  const unmute = (): void => mute.mutate({ ruleId: rule.id, until: null }, { onSuccess: () => announce(t('unmuted', { name })) });
  return (
    <span className="pb-deeds">
      <Button variant="subtle" size="compact-sm" aria-label={t('editNamed', { name })} onClick={() => onDo({ kind: 'edit', rule })}>
        {t('edit')}
      </Button>
      {isMuted(rule) ? (
        <Button variant="subtle" size="compact-sm" aria-label={t('unmuteNamed', { name })} loading={mute.isPending} onClick={unmute}>
          {t('unmute')}
        </Button>
      ) : (
        <Button variant="subtle" size="compact-sm" aria-label={t('muteNamed', { name })} onClick={() => onDo({ kind: 'mute', rule })}>
          {t('mute')}
        </Button>
      )}
      <Button
        variant="subtle"
        size="compact-sm"
        color="red"
        aria-label={t('deleteNamed', { name })}
        onClick={() => onDo({ kind: 'delete', rule })}
      >
        {t('delete')}
      </Button>
      {mute.isError && <Notice tone="bad">{errorText(mute.error, language)}</Notice>}
    </span>
  );
}
