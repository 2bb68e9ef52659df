/** `/admin/ai_settings`: what the whole installation says where nobody else does. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useReducer } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { LimitSettings } from '../features/limits/components/LimitSettings.tsx';
import { aiConnectionsQuery } from '../features/models/api/ai-connections.ts';
import { meQuery } from '../features/session/api/me.ts';
import { AiSettings } from '../features/settings/components/AiSettingsForm.tsx';
import { PageHead } from '../ui/PageHead.tsx';

export function AiSettingsPage() {
  const t = useTranslations('aiSettings');
  const ofLimits = useTranslations('limits');
  const { data: me } = useSuspenseQuery(meQuery);
  const connections = useQuery(aiConnectionsQuery);
  const [round, beginAnew] = useReducer((before: number) => before + 1, 0);
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        <HistoryButton type="ai-settings" id="ai-settings" name={t('title')} organization={me.organization.name} onRolledBack={beginAnew} />
      </PageHead>
      <AiSettings key={round} organization={me.organization.name} connections={connections} />
      <LimitSettings
        organization={me.organization.name}
        history={
          <HistoryButton
            type="limit-settings"
            id={me.organization.id}
            name={ofLimits('settingsTitle')}
            organization={me.organization.name}
            place="panel"
          />
        }
      />
    </>
  );
}
