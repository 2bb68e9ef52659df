-- Who is told of what: channels, rules, what they found, and the outbox that carries it.

CREATE TABLE alert_channels (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  scope VARCHAR(20) NOT NULL CHECK (scope IN ('user', 'workspace', 'organization')),
  owner_id UUID NOT NULL,
  name VARCHAR(255) NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  kind VARCHAR(20) NOT NULL CHECK (kind IN ('email', 'webhook', 'slack', 'teams', 'telegram', 'whatsapp')),
  -- JSON object: addresses, numbers, names of fields; nothing secret.
  settings TEXT NOT NULL DEFAULT '{}',
  -- Where it leads, and what its secret is bound to; empty for mail.
  origin TEXT NOT NULL DEFAULT '',
  secret_encrypted TEXT,
  language VARCHAR(5) NOT NULL DEFAULT 'en',
  time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC',
  trust VARCHAR(20) NOT NULL DEFAULT 'member' CHECK (trust IN ('administrator', 'member')),
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_by UUID,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX alert_channels_owner ON alert_channels (scope, owner_id, created_at);
CREATE INDEX alert_channels_revision ON alert_channels (revision);

-- The mail server of the installation: one row, whose id is the organization's.
CREATE TABLE mail_servers (
  id UUID PRIMARY KEY REFERENCES organizations (id),
  host VARCHAR(255) NOT NULL,
  port BIGINT NOT NULL CHECK (port BETWEEN 1 AND 65535),
  -- 'tls' from the first byte, 'starttls' required, or 'none'.
  security VARCHAR(10) NOT NULL CHECK (security IN ('tls', 'starttls', 'none')),
  username VARCHAR(255),
  password_encrypted TEXT,
  sender VARCHAR(255) NOT NULL,
  trust VARCHAR(20) NOT NULL DEFAULT 'administrator',
  updated_by UUID,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;

CREATE TABLE alert_rules (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  scope VARCHAR(20) NOT NULL CHECK (scope IN ('user', 'workspace', 'organization')),
  owner_id UUID NOT NULL,
  -- Null: the rule is called by what it says.
  name VARCHAR(255),
  kind VARCHAR(30) NOT NULL,
  -- JSON object: value, windowS, period.
  threshold TEXT NOT NULL DEFAULT '{}',
  -- One connection alone; null is every one of the owner's.
  connection_id UUID REFERENCES ai_configurations (id),
  severity VARCHAR(10) NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  -- JSON list of ids; null is every channel of the owner.
  channels TEXT,
  repeat_seconds BIGINT CHECK (repeat_seconds > 0),
  cooldown_seconds BIGINT NOT NULL DEFAULT 0 CHECK (cooldown_seconds >= 0),
  is_auto_resolved BOOLEAN NOT NULL DEFAULT TRUE,
  muted_until BIGINT,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_by UUID,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX alert_rules_owner ON alert_rules (scope, owner_id, created_at);
CREATE INDEX alert_rules_revision ON alert_rules (revision);
CREATE INDEX alert_rules_connection ON alert_rules (connection_id) WHERE connection_id IS NOT NULL;

CREATE TABLE alerts (
  id UUID PRIMARY KEY,
  at BIGINT NOT NULL,
  rule_id UUID NOT NULL,
  -- As it was; null as in the rule.
  rule_name VARCHAR(255),
  kind VARCHAR(30) NOT NULL,
  severity VARCHAR(10) NOT NULL,
  -- The rule and what it is about: one open alert per cause.
  dedup_key VARCHAR(400) NOT NULL,
  -- JSON object of what the message says, in no language yet.
  details TEXT NOT NULL,
  scope VARCHAR(20) NOT NULL,
  owner_id UUID NOT NULL,
  connection_id UUID,
  acknowledged_at BIGINT,
  acknowledged_by UUID,
  note TEXT,
  -- When people were told last; null while nobody was.
  notified_at BIGINT,
  resolved_at BIGINT,
  -- Null: by itself.
  resolved_by UUID,
  updated_at BIGINT NOT NULL
) /*strict*/;
CREATE UNIQUE INDEX alerts_open ON alerts (dedup_key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_owner ON alerts (scope, owner_id, at);
CREATE INDEX alerts_at ON alerts (at);
CREATE INDEX alerts_resolved ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX alerts_updated ON alerts (updated_at);

-- An outbox: written with the alert, sent by whoever claims it.
CREATE TABLE alert_deliveries (
  id UUID PRIMARY KEY,
  alert_id UUID NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  channel_id UUID NOT NULL,
  -- As it was.
  channel_name VARCHAR(255) NOT NULL,
  -- Whom of an e-mail channel; empty elsewhere.
  recipient VARCHAR(320) NOT NULL DEFAULT '',
  event VARCHAR(10) NOT NULL CHECK (event IN ('firing', 'repeated', 'resolved')),
  attempt_no BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
  error_code VARCHAR(40),
  -- What the receiver said, without secrets.
  answer VARCHAR(500),
  created_at BIGINT NOT NULL,
  finished_at BIGINT
) /*strict*/;
CREATE INDEX alert_deliveries_next ON alert_deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX alert_deliveries_alert ON alert_deliveries (alert_id, created_at);
CREATE INDEX alert_deliveries_channel ON alert_deliveries (channel_id, created_at);
