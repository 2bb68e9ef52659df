/** Tests every connection that is switched on, as a task. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { tasksKey } from './tasks.ts';

export function useTestAll() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => client.tasks.testConnections(),
    onSuccess: () => queries.invalidateQueries({ queryKey: tasksKey }),
  });
}
