/** Tests every connection that is switched on, as a task. */
import { useMutation, useMutationState, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { tasksKey } from './tasks.ts';

const testAllKey = ['test-all'];

export function useTestAll() {
  const queries = useQueryClient();
  return useMutation({
    mutationKey: testAllKey,
    mutationFn: () => client.tasks.testConnections(),
    onSuccess: () => queries.invalidateQueries({ queryKey: tasksKey }),
  });
}

/** Why the last try to begin one failed, wherever it was asked for; null where it did not. */
export const useTestAllError = (): Error | null =>
  useMutationState({ filters: { mutationKey: testAllKey }, select: ({ state }) => state.error }).at(-1) ?? null;
