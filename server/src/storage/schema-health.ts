/** The tables of health: present states, checks, strips, incidents, and links to status pages. */
import type { Generated } from 'kysely';
import type { CheckOutcome, HealthState, IllState } from '../domain/health.ts';

export type CheckKind = 'models' | 'completion' | 'reach';

interface ConnectionHealthTable {
  connection_id: string;
  /** Empty for the connection as a whole. */
  model: string;
  state: HealthState;
  since: number;
  consecutive_failures: number;
  consecutive_successes: number;
  last_checked_at: number | null;
  last_success_at: number | null;
  last_failure_at: number | null;
  last_fault: string | null;
  last_status: number | null;
  latency_ms_p50: number | null;
  /** JSON. */
  memory: string;
  updated_at: number;
  version: Generated<number>;
}

interface HealthCheckTable {
  at: number;
  id: string;
  connection_id: string;
  model: string;
  kind: CheckKind;
  outcome: CheckOutcome;
  fault: string | null;
  status: number | null;
  latency_ms: number;
  cost_nano_usd: number;
  request_id: string | null;
}

type TookColumn = `took_${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15}`;

type HealthStripTable = Record<TookColumn, Generated<number>> & {
  span_ms: number;
  bucket: number;
  connection_id: string;
  checks: number;
  failures: number;
  slow: number;
  latency_ms_sum: number;
};

interface HealthIncidentTable {
  id: Generated<string>;
  connection_id: string;
  model: string;
  state: IllState;
  fault: string | null;
  status: number | null;
  from_at: number;
  until_at: number | null;
}

export interface StatusShareTable {
  id: Generated<string>;
  workspace_id: string | null;
  name: string;
  hash: string;
  last4: string;
  created_by: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

export interface HealthSchema {
  connection_health: ConnectionHealthTable;
  health_checks: HealthCheckTable;
  health_strips: HealthStripTable;
  health_incidents: HealthIncidentTable;
  status_shares: StatusShareTable;
}
