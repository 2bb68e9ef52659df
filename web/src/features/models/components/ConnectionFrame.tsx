/** What every way to a connection's form waits for: the provider and the fields of its form. */
import type { Provider } from '@patchbay/contract/providers';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { isFirstLoad } from '../../../lib/first-load.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { aiConnectionsQuery } from '../api/ai-connections.ts';
import { providerSchemaQuery } from '../api/provider-schema.ts';
import { useProviders } from '../api/providers.ts';
import type { FormField } from '../form/fields.ts';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';

interface ConnectionFrameProps {
  /** Undefined while it is not known yet. */
  provider: string | undefined;
  organization: string;
  children: (provider: Provider, fields: readonly FormField[]) => ReactNode;
}

export function ConnectionFrame({ provider: name, organization, children }: ConnectionFrameProps) {
  const providers = useProviders();
  const provider = providers.data?.find((one) => one.name === name);
  const schema = useQuery({ ...providerSchemaQuery(name ?? ''), enabled: name !== undefined });
  // Which models can be listed hangs on them; the shell has asked for them before, and without them a form is a form, too.
  const areOthersComing = isFirstLoad(useQuery(aiConnectionsQuery));
  // What is there stays, with all that was typed: a failed look behind it is no reason to take a form away.
  const failed = [providers, schema].find(({ data, isError }) => isError && data === undefined);
  if (failed) return <Failure error={failed.error} organization={organization} onRetry={() => void failed.refetch()} />;
  if (!provider || !schema.data || areOthersComing) return <ConfigurationSkeleton />;
  return children(provider, schema.data.fields);
}
