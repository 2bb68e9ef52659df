/** Usage exports that were taken in, one of them, and what it differs in. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReconciliationTolerance } from '@patchbay/client/usage-imports';
import { client } from '../../../lib/client.ts';

const importsKey = ['usage-imports'] as const;
/** A file that is being read is looked at this often. */
const lookMs = 1_000;

export const importsQuery = queryOptions({
  queryKey: [...importsKey, 'list'],
  queryFn: ({ signal }) => client.usageImports.list(signal),
  staleTime: 5_000,
  refetchInterval: ({ state }) => (state.data?.some((one) => one.state === 'reading') ? lookMs : false),
});

export const importQuery = (id: string) =>
  queryOptions({ queryKey: [...importsKey, 'one', id], queryFn: ({ signal }) => client.usageImports.get(id, signal), staleTime: 5_000 });

export const reconciliationQuery = (id: string, tolerance: ReconciliationTolerance) =>
  queryOptions({
    queryKey: [...importsKey, 'one', id, 'differences', tolerance],
    queryFn: ({ signal }) => client.usageImports.reconcile(id, tolerance, signal),
    staleTime: 5_000,
  });

export function useImportDeeds() {
  const queries = useQueryClient();
  const onSettled = (): Promise<void> => queries.invalidateQueries({ queryKey: importsKey });
  return {
    take: useMutation({ mutationFn: (file: File) => client.usageImports.take(file.name.slice(0, 200), file), onSettled }),
    mapKeys: useMutation({
      // One after the other: the last choice is the one that stays.
      scope: { id: 'usage-import-keys' },
      mutationFn: ({ id, keys }: { id: string; keys: Record<string, string> }) => client.usageImports.mapKeys(id, keys),
      onSettled,
    }),
    remove: useMutation({ mutationFn: (id: string) => client.usageImports.remove(id), onSettled }),
  };
}
