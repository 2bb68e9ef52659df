/** The tables of alerts, as kysely sees them. */
import type { Generated } from 'kysely';
import type { AlertEvent, AlertKind, ChannelKind, MailServer, Severity } from '../domain/alert.ts';
import type { Scope } from '../domain/owner.ts';

interface AlertChannelTable {
  id: Generated<string>;
  scope: Scope;
  owner_id: string;
  name: string;
  kind: ChannelKind;
  /** JSON object. */
  settings: string;
  origin: string;
  secret_encrypted: string | null;
  language: string;
  time_zone: string;
  trust: 'administrator' | 'member';
  is_active: boolean;
  created_by: string | null;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface MailServerTable {
  id: string;
  host: string;
  port: number;
  security: MailServer['security'];
  username: string | null;
  password_encrypted: string | null;
  sender: string;
  trust: 'administrator' | 'member';
  updated_by: string | null;
  updated_at: number;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface AlertRuleTable {
  id: Generated<string>;
  scope: Scope;
  owner_id: string;
  name: string | null;
  kind: AlertKind;
  /** JSON object. */
  threshold: string;
  connection_id: string | null;
  severity: Severity;
  /** JSON list. */
  channels: string | null;
  repeat_seconds: number | null;
  cooldown_seconds: number;
  is_auto_resolved: boolean;
  muted_until: number | null;
  is_active: boolean;
  created_by: string | null;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface AlertTable {
  id: string;
  at: number;
  rule_id: string;
  rule_name: string | null;
  kind: AlertKind;
  severity: Severity;
  dedup_key: string;
  /** JSON object. */
  details: string;
  scope: Scope;
  owner_id: string;
  connection_id: string | null;
  acknowledged_at: number | null;
  acknowledged_by: string | null;
  note: string | null;
  notified_at: number | null;
  resolved_at: number | null;
  resolved_by: string | null;
  updated_at: number;
}

interface AlertDeliveryTable {
  id: string;
  alert_id: string;
  channel_id: string;
  channel_name: string;
  recipient: string;
  event: AlertEvent;
  attempt_no: number;
  next_at: number;
  state: 'waiting' | 'sent' | 'given_up';
  error_code: string | null;
  answer: string | null;
  created_at: number;
  finished_at: number | null;
}

export interface AlertSchema {
  alert_channels: AlertChannelTable;
  mail_servers: MailServerTable;
  alert_rules: AlertRuleTable;
  alerts: AlertTable;
  alert_deliveries: AlertDeliveryTable;
}
