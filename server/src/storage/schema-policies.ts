/** The tables of policies and of what they found, as kysely sees them. */
import type { Generated } from 'kysely';
import type { PolicyLevel, PolicySide, PolicyStage, Risk } from '../domain/policy.ts';

interface PolicyTable {
  id: Generated<string>;
  level: PolicyLevel;
  workspace_id: string | null;
  repository_id: string | null;
  name: string;
  content: string;
  risk: Risk;
  /** 0 log, 1 alert, 2 block, 3 redact. */
  action: number;
  side: PolicySide;
  /** JSON object. */
  rules: string;
  judge_connection_id: string | null;
  judge_model: string | null;
  is_active: boolean;
  created_by: string | null;
  updated_by: string | null;
  created_at: Generated<number>;
  updated_at: Generated<number>;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface PolicyViolationTable {
  at: number;
  id: string;
  policy_id: string;
  policy_name: string;
  action: number;
  is_blocked: boolean;
  severity: Risk;
  stage: PolicyStage;
  /** JSON list. */
  facts: string;
  request_id: string;
  workspace_id: string | null;
  repository_id: string | null;
  access_key_id: string | null;
  user_id: string | null;
  connection_id: string | null;
  provider: string | null;
  model: string | null;
  host: string | null;
}

export interface PolicySchema {
  policies: PolicyTable;
  policy_violations: PolicyViolationTable;
}
