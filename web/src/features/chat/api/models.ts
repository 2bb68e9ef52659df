/** What models a connection offers, for suggestions alone: any other id may be typed, and nothing waits for this list. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const chatModelsQuery = (connectionId: string | null) =>
  queryOptions({
    queryKey: ['chats', 'models', connectionId],
    queryFn: ({ signal }) => client.aiConnections.models(connectionId === null ? {} : { connectionId }, signal),
    staleTime: 60_000,
    retry: false,
  });
