/** The tables of providers' usage exports as kysely sees them. */
import type { Generated } from 'kysely';

export interface UsageImportTable {
  id: Generated<string>;
  provider: string;
  format: string;
  file_name: string;
  file_hash: string;
  file_bytes: number;
  measure: 'tokens' | 'cost';
  state: 'reading' | 'ready' | 'refused';
  lines: Generated<number>;
  from_at: number | null;
  to_at: number | null;
  /** JSON object. */
  key_map: Generated<string>;
  /** JSON object. */
  fault: string | null;
  task_id: string | null;
  created_by: string;
  created_by_name: string;
  created_at: number;
}

interface UsageImportLineTable {
  import_id: string;
  line_no: number;
  from_at: number;
  to_at: number;
  key_name: string;
  model: string;
  is_batch: boolean;
  requests: number;
  tokens_in: number;
  tokens_cached: number;
  tokens_cache_write: number;
  tokens_out: number;
  cost_nano_usd: number;
}

export interface ImportSchema {
  usage_imports: UsageImportTable;
  usage_import_lines: UsageImportLineTable;
}
