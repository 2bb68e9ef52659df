/** The organization's connections in the words of the administrators' page. */
import type { AdminModel } from '@patchbay/contract/admin-models';
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey } from './changes.ts';

export const adminModelsQuery = queryOptions({
  queryKey: [...connectionsKey, 'models'],
  queryFn: ({ signal }): Promise<AdminModel[]> => client.adminModels.list(signal),
  staleTime: 15_000,
});
