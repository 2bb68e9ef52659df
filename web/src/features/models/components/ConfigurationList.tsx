/** The list of connections in each of its states: loading, failed, forbidden, empty, filled, refreshing. */
import { useMediaQuery } from '@mantine/hooks';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { aiConnectionsQuery } from '../api/ai-connections.ts';
import { useProviders } from '../api/providers.ts';
import { ConfigurationCards } from './ConfigurationCards.tsx';
import { ConfigurationEmpty } from './ConfigurationEmpty.tsx';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { ConfigurationTable } from './ConfigurationTable.tsx';
import { DeleteConfiguration } from './DeleteConfiguration.tsx';

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
  const { data: providers = [] } = useProviders();
  const [deleting, setDeleting] = useState<AiConnection | null>(null);
  const [deletedName, setDeletedName] = useState<string | null>(null);
  if (!connections && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  if (!connections) return <ConfigurationSkeleton />;
  const providerNames = new Map(providers.map(({ name, displayName }) => [name, displayName]));
  const rows = { connections, mayManage, providerNames, onDelete: setDeleting };
  const deleted = (name: string): void => {
    setDeletedName(name);
    // The button that asked for it is gone with its row.
    document.getElementById('page-title')?.focus();
  };
  return (
    <>
      <DeleteConfiguration connection={deleting} onClose={() => setDeleting(null)} onDeleted={deleted} />
      {deletedName !== null && (
        <Notice tone="info">
          <p>{t('deleted', { name: deletedName })}</p>
        </Notice>
      )}
      {connections.length > 0 && connections.every(({ isDefault }) => !isDefault) && (
        <Notice tone="warn">
          <p>{t('noDefault')}</p>
        </Notice>
      )}
      {connections.length === 0 ? (
        <ConfigurationEmpty isDemoOffered={providerNames.has('demo')} />
      ) : isWide ? (
        <ConfigurationTable {...rows} />
      ) : (
        <ConfigurationCards {...rows} />
      )}
    </>
  );
}
