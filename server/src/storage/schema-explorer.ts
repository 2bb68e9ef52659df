/** The tables of kept contents and of retention, as kysely sees them. */
import type { Generated } from 'kysely';

interface WorkspaceCaptureTable {
  workspace_id: string;
  is_on: boolean;
  kept_days: number;
  updated_by: string | null;
  updated_at: number;
  revision: Generated<number>;
}

interface CapturedBodyTable {
  request_id: string;
  at: number;
  expires_at: number;
  workspace_id: string;
  user_id: string | null;
  data_key_sealed: string;
  /** JSON object. */
  facts: string;
  request: string | null;
  answer: string | null;
}

interface RetentionRunTable {
  noun: string;
  ran_at: number;
  kept_days: number;
  removed: number;
  removed_total: number;
  is_behind: boolean;
}

export interface ExplorerSchema {
  workspace_capture: WorkspaceCaptureTable;
  captured_bodies: CapturedBodyTable;
  retention_runs: RetentionRunTable;
}
