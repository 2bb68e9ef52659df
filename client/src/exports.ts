/** Long exports: requests or the audit log in a file that a task writes and the server keeps for some days. */
import type { exportOutcome, exportStart } from '@patchbay/contract/exports';
import { segment, type Input, type Output, type Transport } from './transport.ts';

export type ExportStart = Input<typeof exportStart>;
export type ExportOutcome = Output<typeof exportOutcome>;

export interface ExportCalls {
  /** Begins one; the id of its task, whose `result` is an `ExportOutcome`. */
  start(what: ExportStart): Promise<string>;
  /** The address of its file, below that of the server; a browser that is signed in may simply open it. */
  filePath(taskId: string): string;
  /** Throws its file away; the task stays. */
  removeFile(taskId: string): Promise<void>;
}

export function exportCalls(transport: Transport): ExportCalls {
  const filePath = (taskId: string): string => `api/exports/${segment(taskId)}/file`;
  return {
    async start(what) {
      return (await transport.call<{ data: { taskId: string } }>('POST', 'api/exports', { body: what })).data.taskId;
    },
    filePath,
    async removeFile(taskId) {
      await transport.call('DELETE', filePath(taskId));
    },
  };
}
