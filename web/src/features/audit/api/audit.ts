/** The audit log, its verdict, and the history of objects, from the server. */
import type { RevisionType } from '@patchbay/contract/revision-types';
import { auditPath } from '@patchbay/client/audit';
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { basePath } from '../../../lib/page.ts';
import { auditFilterOf, type AuditSearch } from '../search.ts';

const all = ['audit'] as const;
const pageRows = 25;

/** Of a workspace, or of the installation. */
export const auditQuery = (workspaceId: string | null, search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: [...all, 'list', workspaceId, search],
    queryFn: ({ pageParam, signal }) =>
      client.audit.list(
        {
          ...auditFilterOf(search),
          limit: pageRows,
          ...(pageParam !== null && { cursor: pageParam }),
          ...(workspaceId !== null && { workspaceId }),
        },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  });

/** Where the same entries are as a file. */
export function exportHref(workspaceId: string | null, search: AuditSearch, format: 'csv' | 'jsonl'): string {
  const query = new URLSearchParams({ ...auditFilterOf(search), format });
  return `${basePath}${auditPath(workspaceId ?? undefined)}/export?${query.toString()}`;
}

/** A long log takes seconds to verify: it is asked once a visit, and again on wish. */
export const verdictQuery = queryOptions({
  queryKey: [...all, 'verdict'],
  queryFn: ({ signal }) => client.audit.verify(signal),
  staleTime: Infinity,
  retry: false,
});

export const auditSettingsQuery = queryOptions({ queryKey: [...all, 'settings'], queryFn: ({ signal }) => client.audit.settings(signal) });

export function useChangeAuditSettings() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (days: number | null) => client.audit.changeSettings(days),
    onSuccess: (settings) => queryClient.setQueryData(auditSettingsQuery.queryKey, settings),
  });
}

export const historyQuery = (type: RevisionType, id: string) =>
  queryOptions({ queryKey: [...all, 'history', type, id], queryFn: ({ signal }) => client.revisions.list(type, id, signal), retry: false });

export function useRollBack(type: RevisionType, id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (revision: number) => client.revisions.rollBack(type, id, revision),
    // Whatever shows the object, or something that follows from it, is out of date now.
    onSuccess: () => queryClient.invalidateQueries(),
  });
}
