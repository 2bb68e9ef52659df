/** What keeps one's own account: password, second factor, sessions, personal tokens. Secrets are not kept in the store of answers. */
import type { Token } from '@patchbay/contract/people';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const unkept = { gcTime: 0 } as const;
const tokensMax = 500;

export const sessionsQuery = queryOptions({ queryKey: ['sessions'], queryFn: ({ signal }) => client.me.sessions(signal) });
export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async ({ signal }): Promise<Token[]> => (await client.tokens.list({ ended: true, limit: tokensMax }, signal)).data,
});

function useRefresh(...names: string[]): () => Promise<void> {
  const queryClient = useQueryClient();
  return async () => {
    for (const name of names) await queryClient.invalidateQueries({ queryKey: [name] });
  };
}

export function useChangePassword() {
  const onSuccess = useRefresh('sessions');
  return useMutation({
    ...unkept,
    mutationFn: (input: { currentPassword: string; newPassword: string }) => client.session.changePassword(input),
    onSuccess,
  });
}

/** Null ends all but the one that asks. */
export function useEndSession() {
  const onSuccess = useRefresh('sessions');
  return useMutation({
    mutationFn: (id: string | null) => (id === null ? client.me.endOtherSessions() : client.me.endSession(id)),
    onSuccess,
  });
}

export const useBeginFactor = () => useMutation({ ...unkept, mutationFn: (password: string) => client.me.beginSecondFactor(password) });
export const useNewRecoveryCodes = () => useMutation({ ...unkept, mutationFn: (password: string) => client.me.newRecoveryCodes(password) });

export function useConfirmFactor() {
  const onSuccess = useRefresh('sessions');
  return useMutation({ ...unkept, mutationFn: (code: string) => client.me.confirmSecondFactor(code), onSuccess });
}

export function useEndFactor() {
  const onSuccess = useRefresh('me', 'sessions');
  return useMutation({ ...unkept, mutationFn: (password: string) => client.me.endSecondFactor(password), onSuccess });
}

/** @param onMade hears of the token whatever has become of its form; nobody can see it a second time */
export function useCreateToken(onMade: (token: string) => void) {
  const refresh = useRefresh('tokens');
  return useMutation({
    ...unkept,
    mutationFn: (input: { name: string; expiresAt: string | null }) => client.tokens.create(input),
    onSuccess: ({ token }) => {
      onMade(token);
      return refresh();
    },
  });
}

export function useRevokeToken() {
  const onSuccess = useRefresh('tokens');
  return useMutation({ mutationFn: (id: string) => client.tokens.revoke(id), onSuccess });
}
