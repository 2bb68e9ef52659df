/** The use cases that this person may begin a chat with. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const availableUseCasesQuery = queryOptions({
  queryKey: ['use-cases', 'available'],
  queryFn: ({ signal }) => client.useCases.available(signal),
  staleTime: 60_000,
  retry: false,
});
