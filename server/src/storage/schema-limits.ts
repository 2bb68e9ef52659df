/** The tables of limits, of the shares that instances hold of them, and of when they were met. */
import type { Generated } from 'kysely';
import type { LimitKind, LimitPeriod, LimitSubjectKind } from '../domain/limit.ts';

interface LimitTable {
  id: Generated<string>;
  subject_kind: LimitSubjectKind;
  subject_id: string;
  kind: LimitKind;
  period: LimitPeriod;
  value: number;
  soft_percent: number | null;
  is_shadow: Generated<boolean>;
  level: 'administrator' | 'owner';
  created_by: string | null;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface MeterColumns {
  subject_kind: LimitSubjectKind;
  subject_id: string;
  kind: LimitKind;
  period: LimitPeriod;
  from_ms: number;
}

interface LimitMeterTable extends MeterColumns {
  asked_at: number;
}

interface LimitLeaseTable extends MeterColumns {
  holder: string;
  instance_id: string;
  share: number;
  used: number;
  renewed_at: number;
  expires_at: number;
}

interface LimitEventTable {
  id: string;
  at: number;
  limit_id: string | null;
  subject_kind: LimitSubjectKind;
  subject_id: string;
  kind: LimitKind;
  period: LimitPeriod;
  event: 'soft' | 'shadow' | 'refused';
  times: number;
  used: number;
  value: number;
}

export interface LimitSchema {
  limits: LimitTable;
  limit_meters: LimitMeterTable;
  limit_leases: LimitLeaseTable;
  limit_events: LimitEventTable;
}
