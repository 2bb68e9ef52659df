/** Objects that the palette finds besides connections; asked for when it opens, and shared with nobody's list. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../lib/client.ts';

const foundMax = 100;
const staleTime = 60_000;

export const accessKeysQuery = queryOptions({
  queryKey: ['access-keys', 'palette'],
  queryFn: async ({ signal }) => (await client.accessKeys.list({ limit: foundMax }, signal)).data,
  staleTime,
});

/** Only administrators may list people; for others there is nobody to find. */
export const membersQuery = queryOptions({
  queryKey: ['people', 'palette'],
  queryFn: async ({ signal }) => {
    const me = await client.me.get(signal);
    return me.role === 'administrator' ? (await client.users.list({ limit: foundMax }, signal)).data : [];
  },
  staleTime,
});
