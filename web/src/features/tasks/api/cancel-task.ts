/** Asks for the end of a task. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { tasksKey } from './tasks.ts';

export function useCancelTask() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.tasks.cancel(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: tasksKey }),
  });
}
