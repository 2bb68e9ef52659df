/** Long work: what runs, how far it is, and its end. */
import type { task, taskDetail, tasksQuery } from '@patchbay/contract/tasks';
import { segment, type Output, type Transport } from './transport.ts';

export type Task = Output<typeof task>;
export type TaskDetail = Output<typeof taskDetail>['data'];
export type TaskFilter = Partial<Output<typeof tasksQuery>>;

export interface TaskPage {
  data: Task[];
  nextCursor: string | null;
}

export interface TaskCalls {
  /** Newest first; one's own, or with `scope: 'all'` everybody's for administrators. */
  list(filter?: TaskFilter, signal?: AbortSignal): Promise<TaskPage>;
  /** One task, with what is kept of its way. */
  get(id: string, signal?: AbortSignal): Promise<TaskDetail>;
  /** Asks it to wait; 409 where its kind cannot. */
  pause(id: string): Promise<Task>;
  /** Lets a paused one go on. */
  resume(id: string): Promise<Task>;
  /** Asks for its end; a task that is over stays as it is. */
  cancel(id: string): Promise<Task>;
  /** Tests every connection that is switched on, or the named ones; the id of the task. */
  testConnections(connectionIds?: readonly string[]): Promise<string>;
}

export function taskCalls(transport: Transport): TaskCalls {
  return {
    list: (filter, signal) => transport.call('GET', 'api/tasks', { query: { ...filter }, signal }),
    async get(id, signal) {
      return (await transport.call<{ data: TaskDetail }>('GET', `api/tasks/${segment(id)}`, { signal })).data;
    },
    async pause(id) {
      return (await transport.call<{ data: Task }>('POST', `api/tasks/${segment(id)}/pause`, { body: {} })).data;
    },
    async resume(id) {
      return (await transport.call<{ data: Task }>('POST', `api/tasks/${segment(id)}/resume`, { body: {} })).data;
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
