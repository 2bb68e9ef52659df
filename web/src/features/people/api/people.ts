/** The people of the installation, the members of workspaces, and invitations. */
import type { InvitationCalls } from '@patchbay/client/invitations';
import type { User } from '@patchbay/contract/people';
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const usersAtOnce = 50;
const invitationsMax = 200;

export const usersQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['users', q],
    queryFn: ({ pageParam, signal }) => client.users.list({ q: q === '' ? undefined : q, cursor: pageParam, limit: usersAtOnce }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  });

export const workspacesQuery = queryOptions({ queryKey: ['workspaces'], queryFn: async () => (await client.getWorkspaces()).workspaces });

/** A thing as it is now, by its id: a form that was filled before a state was brought back begins anew from this. */
export function useFresh(q = '') {
  const queries = useQueryClient();
  const pages = () => queries.getQueryData(usersQuery(q).queryKey)?.pages ?? [];
  const find = <One extends { id: string }>(all: readonly One[] | undefined, id: string) => all?.find((one) => one.id === id) ?? null;
  return {
    user: (id: string) =>
      find(
        pages().flatMap((page) => page.data),
        id,
      ),
    workspace: (id: string) => find(queries.getQueryData(workspacesQuery.queryKey), id),
  };
}

export const workspaceQuery = (id: string) =>
  queryOptions({ queryKey: ['workspaces', id], queryFn: async () => (await client.getWorkspace(id)).workspace });

export const invitationsQuery = (workspaceId: string | null) =>
  queryOptions({
    queryKey: ['invitations', workspaceId],
    queryFn: async ({ signal }) =>
      (await client.invitations.list({ limit: invitationsMax, ...(workspaceId === null ? {} : { workspaceId }) }, signal)).data,
  });

/**
 * A change of people shows wherever people are listed.
 * @param onAnswered hears of the answer whatever has become of the form; a link in it is not shown a second time
 */
function useChange<Input, Output>(run: (input: Input) => Promise<Output>, onAnswered?: (output: Output) => void) {
  const queryClient = useQueryClient();
  return useMutation({
    // Some of these answers hold a link or a password that is shown once.
    gcTime: 0,
    mutationFn: run,
    onSuccess: async (output) => {
      onAnswered?.(output);
      for (const name of ['users', 'workspaces', 'invitations', 'me']) await queryClient.invalidateQueries({ queryKey: [name] });
    },
  });
}

type Invited = Awaited<ReturnType<InvitationCalls['create']>>;

export const useInvite = (onAnswered: (invited: Invited) => void) =>
  useChange((input: Parameters<InvitationCalls['create']>[0]) => client.invitations.create(input), onAnswered);
export const useWithdraw = () => useChange((id: string) => client.invitations.revoke(id));

export type UserChange = Parameters<typeof client.users.update>[1];

export type UserDeed = { kind: 'change'; id: string; change: UserChange } | { kind: 'delete' | 'reset'; id: string };

export const useUserDeed = () =>
  useChange(async (deed: UserDeed): Promise<User | null> => {
    if (deed.kind === 'change') return client.users.update(deed.id, deed.change);
    await (deed.kind === 'delete' ? client.users.delete(deed.id) : client.users.resetSecondFactor(deed.id));
    return null;
  });

export type MemberRole = 'READ' | 'WRITE' | 'ADMIN';

/** Null removes the member. */
export const useMemberRole = () =>
  useChange(async ({ workspaceId, userId, role }: { workspaceId: string; userId: string; role: MemberRole | null }) => {
    if (role === null) await client.removeUserFromWorkspace(workspaceId, userId);
    else await client.updateWorkspaceUserRole(workspaceId, userId, { role });
  });

export type WorkspaceDeed =
  | { kind: 'create'; name: string }
  /** `revision` is what the new name was given from. */
  | { kind: 'rename'; id: string; name: string; revision: number }
  | { kind: 'delete'; id: string };

export const useWorkspaceDeed = () =>
  useChange(async (deed: WorkspaceDeed): Promise<void> => {
    if (deed.kind === 'create') await client.createWorkspace({ name: deed.name });
    else if (deed.kind === 'rename') await client.updateWorkspace(deed.id, { name: deed.name, revision: deed.revision });
    else await client.deleteWorkspace(deed.id);
  });
