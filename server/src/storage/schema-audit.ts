/** The audit log and the revisions of configuration as kysely sees them. */
import type { Generated } from 'kysely';

interface AuditEntryTable {
  id: Generated<string>;
  at: number;
  actor_id: string | null;
  actor_name: string;
  actor_role: string;
  via: string;
  action: string;
  subject_type: string;
  subject_id: string | null;
  subject_name: string | null;
  scope: string | null;
  owner_id: string | null;
  outcome: 'success' | 'refused' | 'failed';
  error_code: string | null;
  changes: string | null;
  request_id: string | null;
  address: string | null;
  agent: string | null;
  revision: Generated<number>;
  /** Null for entries from before the chain. */
  seq: number | null;
  hash: string | null;
  duration_ms: number | null;
}

interface AuditHeadTable {
  id: number;
  seq: number;
  hash: string;
  opened_at: number | null;
}

interface AuditAnchorTable {
  id: Generated<string>;
  at: number;
  kind: 'opened' | 'hourly' | 'shutdown' | 'retention';
  seq: number;
  hash: string;
  entries: number;
  mac: string;
}

interface AuditKeyTable {
  id: number;
  sealed_key: string;
  created_at: number;
}

interface ObjectRevisionTable {
  id: Generated<string>;
  subject_type: string;
  subject_id: string;
  revision: number;
  at: number;
  actor_id: string | null;
  actor_name: string;
  action: string;
  subject_name: string | null;
  scope: string | null;
  owner_id: string | null;
  /** JSON; null is a deletion. */
  state: string | null;
}

export interface AuditSchema {
  audit_entries: AuditEntryTable;
  audit_head: AuditHeadTable;
  audit_anchors: AuditAnchorTable;
  audit_keys: AuditKeyTable;
  object_revisions: ObjectRevisionTable;
}
