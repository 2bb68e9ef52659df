/** The models that live on a connection's own machine: what is installed, what is being fetched, and the deeds on both. */
import type { Task } from '@patchbay/contract/tasks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey, noteChange } from './changes.ts';

/** Whether a provider runs on a machine of one's own that models can be fetched onto. */
export const keepsModels = (provider: string): boolean => provider === 'ollama';

const pullKind = 'model-pull';
const tasksMax = 20;
const staleMs = 15_000;
/** Where events do not come, the page looks this often while something is fetched. */
const lookMs = 5_000;

/** The line of events makes every list of tasks old when one of them changes. */
const pullsKey = ['tasks', 'list', 'pulls'] as const;
const modelsKey = (id: string) => [...connectionsKey, 'detail', id, 'local'] as const;

export interface Pull {
  taskId: string;
  model: string;
  state: Task['state'];
  isCancelAsked: boolean;
  /** 0 to 100, never smaller than before. */
  percent: number;
  doneBytes: number;
  allBytes: number;
  updatedAtMs: number;
  /** The machine's own words for what went wrong; null where it said nothing. */
  vendorMessage: string | null;
  errorCode: string | null;
}

const numberIn = (task: Task, name: string): number => (typeof task.result?.[name] === 'number' ? task.result[name] : 0);

function pullOf(task: Task): Pull {
  const said = task.result?.['vendorMessage'];
  return {
    taskId: task.id,
    model: task.title,
    state: task.state,
    isCancelAsked: task.isCancelAsked,
    percent: task.progress.done,
    doneBytes: numberIn(task, 'completedBytes'),
    allBytes: numberIn(task, 'totalBytes'),
    updatedAtMs: Date.parse(task.updatedAt),
    vendorMessage: typeof said === 'string' ? said : null,
    errorCode: task.errorCode,
  };
}

/** The newest download of each model onto this connection's machine, newest first; those that are done are installed models. */
export function latestPulls(tasks: readonly Task[], id: string): Pull[] {
  const newest = new Map<string, Task>();
  for (const task of tasks)
    if (task.kind === pullKind && task.result?.['connectionId'] === id && !newest.has(task.title)) newest.set(task.title, task);
  return [...newest.values()].filter(({ state }) => state !== 'done').map(pullOf);
}

export const useLocalModels = (id: string) =>
  useQuery({
    queryKey: modelsKey(id),
    queryFn: ({ signal }) => client.configurations.localModels(id, signal),
    staleTime: staleMs,
    retry: false,
  });

export const usePulls = (id: string) =>
  useQuery({
    queryKey: pullsKey,
    queryFn: async ({ signal }) => (await client.tasks.list({ limit: tasksMax }, signal)).data,
    staleTime: staleMs,
    refetchInterval: ({ state }) => (state.data?.some(({ state: now }) => now === 'running') ? lookMs : false),
    select: (tasks) => latestPulls(tasks, id),
  });

export function usePullModel(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (model: string) => client.configurations.pullModel(id, model),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tasks', 'list'] }),
  });
}

export function useCancelPull() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (taskId: string) => client.tasks.cancel(taskId),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tasks', 'list'] }),
  });
}

export function useDeleteLocalModel(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (model: string) => client.configurations.deleteLocalModel(id, model),
    onSuccess: () => noteChange(queries),
  });
}

/** A download has ended: what is installed is another list now, here and in the other tabs. */
export function useNoteInstalled(): () => void {
  const queries = useQueryClient();
  return () => void noteChange(queries);
}
