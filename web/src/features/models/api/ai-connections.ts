/** The connections that the caller may use, as the settings page lists them. */
import { queryOptions } from '@tanstack/react-query';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { client } from '../../../lib/client.ts';

export const aiConnectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: ({ signal }) => client.aiConnections.list(signal),
  staleTime: 15_000,
});

/** How many are switched on and failed their last test. */
export const countFailing = (connections: readonly AiConnection[]): number =>
  connections.filter(({ isActive, testStatus }) => isActive && testStatus === 'failed').length;
