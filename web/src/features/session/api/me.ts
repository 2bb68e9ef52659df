/** Who is signed in. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => client.me.get(signal), staleTime: 60_000 });
