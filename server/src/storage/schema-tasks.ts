/** The table of tasks as kysely sees it. */
import type { Generated } from 'kysely';

export interface TaskTable {
  id: string;
  kind: string;
  title: string;
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  /** JSON object. */
  input: string;
  progress_done: Generated<number>;
  progress_total: number | null;
  progress_note: string | null;
  /** JSON object. */
  result: string | null;
  error_code: string | null;
  created_by: string;
  created_by_name: string;
  locked_by: string;
  seen_at: number;
  cancel_asked_at: number | null;
  pause_asked_at: number | null;
  attempts: Generated<number>;
  /** JSON list. */
  log: Generated<string>;
  created_at: number;
  updated_at: number;
  finished_at: number | null;
}

export interface TaskSchema {
  tasks: TaskTable;
}
