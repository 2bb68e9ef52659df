/** The list of connections in each of its states: loading, failed, forbidden, empty, filled, refreshing. */
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { aiConnectionsQuery } from '../api/ai-connections.ts';
import { providersQuery } from '../api/providers.ts';
import { ConfigurationCards } from './ConfigurationCards.tsx';
import { ConfigurationEmpty } from './ConfigurationEmpty.tsx';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { ConfigurationTable } from './ConfigurationTable.tsx';

interface ConfigurationListProps {
  /** Whether the caller may change connections of the organization. */
  mayManage: boolean;
  organization: string;
}

export function ConfigurationList({ mayManage, organization }: ConfigurationListProps) {
  const t = useTranslations('connections');
  const isWide = useMediaQuery('(min-width: 1100px)', undefined, { getInitialValueInEffect: false });
  const { data: connections, error, refetch } = useQuery(aiConnectionsQuery);
  // The list does not wait for the names: until they come, ids stand in their place.
  const { data: providers = [] } = useQuery(providersQuery);
  if (!connections && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  if (!connections) return <ConfigurationSkeleton />;
  if (connections.length === 0) return <ConfigurationEmpty isDemoOffered={providers.some(({ name }) => name === 'demo')} />;
  const rows = { connections, mayManage, providerNames: new Map(providers.map(({ name, displayName }) => [name, displayName])) };
  return (
    <>
      {connections.every(({ isDefault }) => !isDefault) && (
        <Notice tone="warn">
          <p>{t('noDefault')}</p>
        </Notice>
      )}
      {isWide ? <ConfigurationTable {...rows} /> : <ConfigurationCards {...rows} />}
    </>
  );
}
