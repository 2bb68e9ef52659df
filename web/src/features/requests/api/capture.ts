/** Whether a workspace keeps the contents of its requests, and what changes that. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const keyOf = (workspaceId: string) => ['workspaces', 'capture', workspaceId] as const;

export const captureQuery = (workspaceId: string) =>
  queryOptions({ queryKey: keyOf(workspaceId), queryFn: ({ signal }) => client.requests.capture(workspaceId, signal) });

export function useChangeCapture(workspaceId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (change: { isOn: boolean; keptDays: number; revision: number }) => client.requests.changeCapture(workspaceId, change),
    onSuccess: (saved) => queryClient.setQueryData(keyOf(workspaceId), saved),
  });
}

export function useForgetContents(workspaceId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => client.requests.forgetContents(workspaceId),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['requests'] }),
  });
}
