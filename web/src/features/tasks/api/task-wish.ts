/** What one can ask of a task: to wait, to go on, to end. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { tasksKey } from './tasks.ts';

export type TaskWish = 'pause' | 'resume' | 'cancel';

export function useTaskWish() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, wish }: { id: string; wish: TaskWish }) => client.tasks[wish](id),
    // Also where it was refused: the task is then in another state than the page believes.
    onSettled: () => queries.invalidateQueries({ queryKey: tasksKey }),
  });
}
