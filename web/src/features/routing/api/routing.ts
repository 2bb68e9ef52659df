/** Routing groups: the list, what changes it, and the simulator that asks nobody. */
import type { RoutingGroupView, RoutingTargetInput } from '@patchbay/contract/routing';
import type { RoutingSimulation } from '@patchbay/contract/routing-simulation';
import { HttpError } from '@patchbay/client';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const groupsKey = ['routing-groups'] as const;

export const groupsQuery = queryOptions({ queryKey: groupsKey, queryFn: ({ signal }) => client.routing.list(signal) });

export interface Choosable {
  id: string;
  name: string;
  scope: string;
  model: string | null;
}

/** Connections that a target may be: all that the person may use; the server knows which of them suit the group's owner. */
export const choosableQuery = queryOptions({
  queryKey: ['connections', 'choosable'],
  queryFn: async ({ signal }): Promise<Choosable[]> =>
    (await client.aiConnections.list(signal))
      .filter(({ scope }) => scope !== 'environment')
      .map(({ id, name, scope, defaultModel }) => ({ id, name, scope, model: defaultModel ?? null })),
});

/** What the form sends, for a new group and for a change. */
export interface GroupInput {
  name: string;
  strategy: RoutingGroupView['strategy'];
  options: {
    stickyBy: 'session' | 'prefix';
    hedgeMaxUsd: string | null;
    priceWeight: number;
    latencyWeight: number;
    exploration: number;
    cacheSeconds: number;
  };
  targets: RoutingTargetInput[];
  isActive: boolean;
}

export type GroupOwner = { scope: 'user' | 'organization' } | { scope: 'workspace'; workspaceId: string };

function useChanged(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: groupsKey });
}

export function useCreateGroup() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ owner, input }: { owner: GroupOwner; input: GroupInput }) => client.routing.create({ ...input, ...owner }),
    onSuccess,
  });
}

/** From the state that the form was opened with; where that is old, the new one is fetched. */
export function useChangeGroup() {
  const changed = useChanged();
  return useMutation({
    mutationFn: ({ group, input }: { group: RoutingGroupView; input: GroupInput }) =>
      client.routing.update(group.id, { ...input, revision: group.revision }),
    onSuccess: changed,
    onError: (error) => {
      if (error instanceof HttpError && error.status === 409) void changed();
    },
  });
}

export function useRemoveGroup() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.routing.remove(id), onSuccess });
}

export const useSimulate = () => useMutation({ mutationFn: (input: RoutingSimulation) => client.routing.simulate(input) });
