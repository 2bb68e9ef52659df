/** Whether this installation still waits for its first administrator. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const setupStatusQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => client.setup.status(signal),
  staleTime: Infinity,
});
