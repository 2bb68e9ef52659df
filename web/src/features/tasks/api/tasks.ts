/** The person's own tasks, and one of them; the line of events keeps both fresh, and a slow look besides where something runs. */
import { queryOptions } from '@tanstack/react-query';
import type { Task } from '@patchbay/contract/tasks';
import { client } from '../../../lib/client.ts';

export const tasksKey = ['tasks'] as const;
const trayRowsMax = 10;
/** Where events do not come, as from another instance. */
const lookMs = 5_000;

const runs = (task: Task): boolean => task.state === 'running';

export const tasksQuery = queryOptions({
  queryKey: [...tasksKey, 'list', 'own'],
  queryFn: async ({ signal }) => (await client.tasks.list({ limit: trayRowsMax }, signal)).data,
  staleTime: 15_000,
  refetchInterval: ({ state }) => (state.data?.some(runs) ? lookMs : false),
});

export const allTasksQuery = queryOptions({
  queryKey: [...tasksKey, 'list', 'all'],
  queryFn: async ({ signal }) => (await client.tasks.list({ limit: 100, scope: 'all' }, signal)).data,
  staleTime: 5_000,
  refetchInterval: ({ state }) => (state.data?.some(runs) ? lookMs : false),
});
