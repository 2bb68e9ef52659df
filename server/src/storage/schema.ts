/** The tables as kysely sees them. BIGINT is a number (the driver refuses to round), BOOLEAN a boolean, times epoch milliseconds. */
import type { Generated } from 'kysely';
import type { Scope } from '../domain/owner.ts';
import type { AccountSchema } from './schema-accounts.ts';
import type { AuditSchema } from './schema-audit.ts';
import type { AlertSchema } from './schema-alerts.ts';
import type { ChatSchema } from './schema-chats.ts';
import type { ConnectionTestSchema } from './schema-connection-tests.ts';
import type { ExplorerSchema } from './schema-explorer.ts';
import type { ExportSchema } from './schema-exports.ts';
import type { HealthSchema } from './schema-health.ts';
import type { ImportSchema } from './schema-imports.ts';
import type { PolicySchema } from './schema-policies.ts';
import type { LimitSchema } from './schema-limits.ts';
import type { PriceSchema } from './schema-prices.ts';
import type { RepositorySchema } from './schema-repositories.ts';
import type { RoutingSchema } from './schema-routing.ts';
import type { ResponsesSchema } from './schema-responses.ts';
import type { TaskSchema } from './schema-tasks.ts';
import type { UsageSchema } from './schema-usage.ts';
import type { UseCaseSchema } from './schema-use-cases.ts';

interface OrganizationTable {
  id: Generated<string>;
  name: string;
  created_at: Generated<number>;
}

interface SettingTable {
  key: string;
  value: string;
  revision: Generated<number>;
  updated_at: number;
}

interface ConfigRevisionTable {
  id: number;
  revision: number;
}

interface WorkspaceTable {
  id: Generated<string>;
  organization_id: string;
  name: string;
  name_key: string;
  created_by: string | null;
  created_at: Generated<number>;
  updated_at: Generated<number>;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface WorkspaceMemberTable {
  workspace_id: string;
  user_id: string;
  role: 'READ' | 'WRITE' | 'ADMIN' | 'NONE';
  created_at: Generated<number>;
  updated_at: Generated<number>;
  revision: Generated<number>;
}

interface MasterKeyTable {
  version: number;
  kcv: string;
  status: 'pending' | 'active' | 'decrypt_only' | 'retired';
  created_at: number;
  wrapped: Generated<string | null>;
  wrapped_by: Generated<number | null>;
  revision: Generated<number>;
}

interface OwnerKeyTable {
  scope: Scope;
  owner_id: string;
  version: number;
  salt: string;
  status: 'active' | 'decrypt_only';
  created_at: number;
  revision: Generated<number>;
}

interface ConfigurationTable {
  id: Generated<string>;
  user_id: string;
  scope: Scope;
  owner_id: string;
  name: string;
  name_key: string;
  provider: string;
  model: string | null;
  api_key_encrypted: string | null;
  access_key_encrypted: string | null;
  headers_encrypted: string | null;
  secret_last4: string | null;
  secret_set_at: number | null;
  base_url: string | null;
  origin: string;
  /** JSON object. */
  configuration: Generated<string>;
  is_active: Generated<boolean>;
  is_default: Generated<boolean>;
  trust: Generated<'administrator' | 'member'>;
  created_at: Generated<number>;
  updated_at: Generated<number>;
  last_tested_at: number | null;
  test_status: string | null;
  test_result: string | null;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface ModelPreferenceTable {
  user_id: string;
  connection_id: string;
  model_id: string;
  is_enabled: boolean;
  updated_at: number;
}

interface ProviderTemplateTable {
  id: Generated<string>;
  provider: string;
  name: string;
  description: string | null;
  configuration: string;
  is_default: Generated<boolean>;
  created_at: Generated<number>;
  revision: Generated<number>;
}

interface InstanceTable {
  id: string;
  shard: number;
  started_at: number;
  seen_at: number;
  applied_seq: Generated<number>;
}

interface UsageDimensionTable {
  id: number;
  hash: string;
  connection_id: string | null;
  provider: string;
  model: string;
  access_key_id: string | null;
  user_id: string | null;
  workspace_id: string | null;
  repository_id: string | null;
  use_case_id: string | null;
  purpose: string;
}

interface UsageRollupTable {
  bucket: number;
  dimension_id: number;
  shard: number;
  attempts: Generated<number>;
  requests: Generated<number>;
  failures: Generated<number>;
  partials: Generated<number>;
  refusals: Generated<number>;
  unknowns: Generated<number>;
  estimated: Generated<number>;
  unpriced: Generated<number>;
  tokens_in: Generated<number>;
  tokens_out: Generated<number>;
  tokens_cached: Generated<number>;
  tokens_cache_write: Generated<number>;
  tokens_reasoning: Generated<number>;
  cost_nano_usd: Generated<number>;
  latency_ms_sum: Generated<number>;
  first_byte_ms_sum: Generated<number>;
  first_byte_count: Generated<number>;
  last_used_at: Generated<number>;
}

interface ProviderUsageDayTable {
  id: Generated<string>;
  configuration_id: string;
  request_count: Generated<number>;
  token_count: Generated<number>;
  cost_nano_usd: Generated<number>;
  last_used_at: Generated<number>;
  /** `YYYY-MM-DD`, UTC. */
  period_start: Generated<string>;
  period_end: Generated<string>;
}

interface ProviderUsageView {
  id: string;
  configuration_id: string;
  request_count: number;
  token_count: number;
  cost_usd: number;
  last_used_at: number;
  period_start: string;
  period_end: string;
}

interface LeaseTable {
  name: string;
  owner: string;
  expires_at: number;
}

interface UsageEventTable {
  at: number;
  id: string;
  request_id: string;
  attempt_no: number;
  is_last: Generated<boolean>;
  instance_id: string;
  seq: number;
  state: 'intent' | 'settled' | 'partial' | 'unknown' | 'refused';
  reason: string | null;
  status: number | null;
  face: string;
  purpose: string;
  connection_id: string | null;
  provider: string;
  model_asked: string;
  model: string;
  model_reported: string | null;
  access_key_id: string | null;
  user_id: string | null;
  workspace_id: string | null;
  repository_id: string | null;
  use_case_id: string | null;
  is_stream: Generated<boolean>;
  tokens_in: Generated<number>;
  tokens_out: Generated<number>;
  tokens_cached: Generated<number>;
  tokens_cache_write: Generated<number>;
  tokens_cache_write_hour: Generated<number>;
  tokens_reasoning: Generated<number>;
  is_estimated: Generated<boolean>;
  service_tier: string | null;
  reserved_nano_usd: Generated<number>;
  cost_nano_usd: number | null;
  prices: string | null;
  finish_reason: string | null;
  latency_ms: number | null;
  first_byte_ms: number | null;
  changed: string | null;
  config_revision: Generated<number>;
  client_request_id: string | null;
  dimension_id: number | null;
  tokens_audio_in: Generated<number>;
  tokens_audio_out: Generated<number>;
  tokens_audio_cached: Generated<number>;
}

interface MigrationTable {
  id: number;
  name: string;
  checksum: string;
  applied_at: number;
}

export interface Schema
  extends
    AccountSchema,
    AuditSchema,
    AlertSchema,
    ChatSchema,
    HealthSchema,
    ExplorerSchema,
    ExportSchema,
    ImportSchema,
    LimitSchema,
    PolicySchema,
    PriceSchema,
    RepositorySchema,
    ResponsesSchema,
    TaskSchema,
    ConnectionTestSchema,
    UsageSchema,
    UseCaseSchema,
    RoutingSchema {
  organizations: OrganizationTable;
  settings: SettingTable;
  config_revision: ConfigRevisionTable;
  workspaces: WorkspaceTable;
  workspace_members: WorkspaceMemberTable;
  master_keys: MasterKeyTable;
  owner_keys: OwnerKeyTable;
  ai_configurations: ConfigurationTable;
  model_preferences: ModelPreferenceTable;
  provider_templates: ProviderTemplateTable;
  instances: InstanceTable;
  usage_dimensions: UsageDimensionTable;
  usage_quarters: UsageRollupTable;
  usage_six_hours: UsageRollupTable;
  usage_days: UsageRollupTable;
  provider_usage_days: ProviderUsageDayTable;
  provider_usage: ProviderUsageView;
  leases: LeaseTable;
  usage_events: UsageEventTable;
  schema_migrations: MigrationTable;
}
