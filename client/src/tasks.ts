/** Long work: what runs, how far it is, and its end. */
import type { task, tasksQuery } from '@patchbay/contract/tasks';
import { segment, type Output, type Transport } from './transport.ts';

export type Task = Output<typeof task>;
export type TaskFilter = Partial<Output<typeof tasksQuery>>;

export interface TaskPage {
  data: Task[];
  nextCursor: string | null;
}

export interface TaskCalls {
  /** Newest first; one's own, or with `scope: 'all'` everybody's for administrators. */
  list(filter?: TaskFilter, signal?: AbortSignal): Promise<TaskPage>;
  get(id: string, signal?: AbortSignal): Promise<Task>;
  /** Asks for its end; a task that is over stays as it is. */
  cancel(id: string): Promise<Task>;
  /** Tests every connection that is switched on, or the named ones; the id of the task. */
  testConnections(connectionIds?: readonly string[]): Promise<string>;
}

export function taskCalls(transport: Transport): TaskCalls {
  return {
    list: (filter, signal) => transport.call('GET', 'api/tasks', { query: { ...filter }, signal }),
    async get(id, signal) {
      return (await transport.call<{ data: Task }>('GET', `api/tasks/${segment(id)}`, { signal })).data;
    },
    async cancel(id) {
      return (await transport.call<{ data: Task }>('POST', `api/tasks/${segment(id)}/cancel`, { body: {} })).data;
    },
    async testConnections(connectionIds) {
      const body = { kind: 'connection-tests', ...(connectionIds ? { connectionIds } : {}) };
      return (await transport.call<{ data: { taskId: string } }>('POST', 'api/tasks', { body })).data.taskId;
    },
  };
}
