/** Access keys: the list, and what changes it. A secret leaves the store of answers as soon as its page lets go of it. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const keysMax = 500;

const allKeys = ['access-keys'] as const;

/** Those that are bound to one repository, whoever made them; null is those that the person sees. */
export const keysQuery = (repositoryId: string | null) =>
  queryOptions({
    queryKey: [...allKeys, 'of', repositoryId],
    queryFn: async ({ signal }) => {
      const filter = repositoryId === null ? {} : { repositoryId };
      return (await client.accessKeys.list({ ...filter, ended: true, limit: keysMax }, signal)).data;
    },
  });

export interface KeyInput {
  name: string;
  models: string[] | null;
  rpm: number | null;
  tpm: number | null;
  budgetUsd: string | null;
  cacheSeconds: number | null;
  expiresAt: string | null;
}

/** Nothing of these answers is kept: they hold the key. */
const unkept = { gcTime: 0 } as const;

function useChanged(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: allKeys });
}

/** A key with its secret, as it is answered once. */
type MadeKey = AccessKeyView & { key: string };

/** @param onMade hears of the key whatever has become of its form; nobody can see it a second time */
export function useCreateKey(onMade: (made: MadeKey) => void) {
  const changed = useChanged();
  return useMutation({
    ...unkept,
    mutationFn: (input: KeyInput & { workspaceId: string | null; repositoryId: string | null }) => client.accessKeys.create(input),
    onSuccess: (made) => {
      onMade(made);
      return changed();
    },
  });
}

export function useChangeKey() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ key, input }: { key: AccessKeyView; input: KeyInput }) =>
      client.accessKeys.update(key.id, { ...input, revision: key.revision }),
    onSuccess,
  });
}

/** @param onRotated hears of the new key whatever has become of the question; nobody can see it a second time */
export function useRotateKey(onRotated: (made: MadeKey) => void) {
  const changed = useChanged();
  return useMutation({
    ...unkept,
    mutationFn: ({ id, overlapHours }: { id: string; overlapHours: number }) => client.accessKeys.rotate(id, { overlapHours }),
    onSuccess: (made) => {
      onRotated(made);
      return changed();
    },
  });
}

export function useRevokeKey() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.accessKeys.revoke(id), onSuccess });
}
