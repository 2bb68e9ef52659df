/** The limits of a key, a person, a workspace, a connection or a routing group, and what holds for all of them. */
import type { LimitSubject } from '@patchbay/client/limits';
import type { LimitView } from '@patchbay/contract/limits';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { limitsQuery } from '../../../lib/shared-queries.ts';

const all = ['limits'] as const;
/** What is used of a limit changes with every request. */
const refetchInterval = 15_000;

export const usedLimitsQuery = (subject: LimitSubject) => queryOptions({ ...limitsQuery(subject), refetchInterval });

export const limitSettingsQuery = queryOptions({
  queryKey: [...all, 'settings'],
  queryFn: ({ signal }) => client.limits.settings(signal),
});

export type NewLimit = Parameters<typeof client.limits.create>[0];
export type LimitEdit = Omit<Parameters<typeof client.limits.update>[1], 'revision'>;
export type SettingsEdit = Parameters<typeof client.limits.changeSettings>[0];

function useChanged(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: all });
}

export function useCreateLimit() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (limit: NewLimit) => client.limits.create(limit), onSuccess });
}

export function useChangeLimit() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ of, edit }: { of: LimitView; edit: LimitEdit }) =>
      client.limits.update(of.id ?? '', { ...edit, ...(of.revision !== null && { revision: of.revision }) }),
    onSuccess,
  });
}

export function useRemoveLimit() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.limits.remove(id), onSuccess });
}

export function useChangeSettings() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (edit: SettingsEdit) => client.limits.changeSettings(edit), onSuccess });
}
