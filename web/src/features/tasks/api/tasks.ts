/** Tasks in lists, and one of them with its log; the line of events keeps lists fresh, and a slow look besides where something runs. */
import { queryOptions } from '@tanstack/react-query';
import type { Task, TaskState } from '@patchbay/contract/tasks';
import { client } from '../../../lib/client.ts';

export const tasksKey = ['tasks'] as const;
const trayRowsMax = 10;
const pageRowsMax = 100;
/** Where events do not come, as from another instance. */
const lookMs = 5_000;
const logLookMs = 2_000;

const runs = (task: Task): boolean => task.state === 'running';

export const tasksQuery = queryOptions({
  queryKey: [...tasksKey, 'list', 'own'],
  queryFn: async ({ signal }) => (await client.tasks.list({ limit: trayRowsMax }, signal)).data,
  staleTime: 15_000,
  refetchInterval: ({ state }) => (state.data?.some(runs) ? lookMs : false),
});

export interface TaskView {
  scope: 'own' | 'all';
  state?: TaskState | undefined;
  kind?: string | undefined;
}

export const taskListQuery = (view: TaskView) =>
  queryOptions({
    queryKey: [...tasksKey, 'list', 'of', view],
    queryFn: async ({ signal }) => (await client.tasks.list({ limit: pageRowsMax, ...view }, signal)).data,
    staleTime: 5_000,
    refetchInterval: ({ state }) => (state.data?.some(runs) ? lookMs : false),
  });

/** One task with what is kept of its way. */
export const taskDetailQuery = (id: string) =>
  queryOptions({
    queryKey: [...tasksKey, 'detail', id],
    queryFn: ({ signal }) => client.tasks.get(id, signal),
    staleTime: 1_000,
    refetchInterval: ({ state }) => (state.data === undefined || runs(state.data) ? logLookMs : false),
  });
