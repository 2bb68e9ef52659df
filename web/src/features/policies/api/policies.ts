/** Policies of a place with what it inherits, one of them, what they found, and what changes them. */
import type { PolicyChange, PolicyCheck, PolicyCreate } from '@patchbay/contract/policies';
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { repositoriesQuery } from '../../../lib/shared-queries.ts';

const all = ['policies'] as const;

/** Null is every place that the person may see. */
export const policiesQuery = (workspaceId: string | null) =>
  queryOptions({
    queryKey: [...all, 'of', workspaceId],
    queryFn: ({ signal }) => client.policies.list(workspaceId === null ? {} : { workspaceId }, signal),
  });

export const policyQuery = (id: string) =>
  queryOptions({ queryKey: [...all, 'one', id], queryFn: ({ signal }) => client.policies.get(id, signal), retry: false });

export interface Filter {
  policyId: string;
  severity: string;
  blocked: '' | 'true' | 'false';
  days: string;
  skip: number;
}

export const pageRows = 25;
const dayMs = 86_400_000;

/** A round hour, so that the same question has the same key for a while. */
const since = (days: number): string => new Date(Math.floor((Date.now() - days * dayMs) / 3_600_000) * 3_600_000).toISOString();

export const violationsQuery = (workspaceId: string | null, { policyId, severity, blocked, days, skip }: Filter) =>
  queryOptions({
    queryKey: [...all, 'violations', workspaceId, policyId, severity, blocked, days, skip],
    queryFn: ({ signal }) =>
      client.policies.violations(
        {
          ...(workspaceId !== null && { workspaceId }),
          ...(policyId !== '' && { policyId }),
          ...(severity !== '' && { severity }),
          ...(blocked !== '' && { isBlocked: blocked === 'true' }),
          ...(days !== '' && { from: since(Number(days)) }),
          skip,
          take: pageRows,
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  });

/** Repositories of a workspace, for the level of a new policy. */
export const placesQuery = (workspaceId: string | null) =>
  queryOptions({ ...repositoriesQuery(workspaceId ?? ''), enabled: workspaceId !== null });

/** Connections that may judge: those of the organization. */
export const judgesQuery = queryOptions({
  queryKey: ['connections', 'of-policies'],
  queryFn: async ({ signal }) => (await client.aiConnections.list(signal)).filter(({ scope }) => scope === 'organization'),
});

function useChanged(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: all });
}

export function useCreatePolicy() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (input: PolicyCreate) => client.policies.create(input), onSuccess });
}

export function useChangePolicy() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: PolicyChange }) => client.policies.update(id, change),
    onSuccess,
  });
}

export function useDeletePolicy() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.policies.delete(id), onSuccess });
}

export const useCheckText = () => useMutation({ mutationFn: (asked: PolicyCheck) => client.policies.check(asked) });
