/** `/`: the overview, with a word for the time of day. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useNow, useTranslations } from 'use-intl';
import { aiConnectionsQuery } from '../features/models/api/ai-connections.ts';
import { Overview } from '../features/overview/components/Overview.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { Failure } from '../ui/Failure.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';

type Greeting = 'morning' | 'day' | 'evening';

/** Until eleven it is morning, from six it is evening, where the browser is. */
function greetingAt(hour: number): Greeting {
  if (hour >= 4 && hour < 11) return 'morning';
  return hour >= 18 || hour < 4 ? 'evening' : 'day';
}

export function OverviewPage() {
  const t = useTranslations();
  const { data: me } = useSuspenseQuery(meQuery);
  const connections = useQuery(aiConnectionsQuery);
  const hour = useNow().getHours();
  return (
    <>
      <PageTitle title={t('nav.overview')}>{t(`overview.greeting.${greetingAt(hour)}`, { name: me.name })}</PageTitle>
      {connections.isError && !connections.data ? (
        <Failure error={connections.error} organization={me.organization.name} onRetry={() => void connections.refetch()} />
      ) : (
        <Overview me={me} connections={connections.data ?? null} />
      )}
    </>
  );
}
