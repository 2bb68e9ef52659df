-- Limits and budgets, what instances have leased of them, and when they were met.

CREATE TABLE limits (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  subject_kind VARCHAR(20) NOT NULL CHECK (subject_kind IN ('access-key', 'user', 'workspace', 'connection', 'group')),
  subject_id UUID NOT NULL,
  kind VARCHAR(20) NOT NULL CHECK (kind IN ('requests', 'tokens', 'concurrent', 'money')),
  period VARCHAR(10) NOT NULL CHECK (period IN ('minute', 'none', 'day', 'month', 'total')),
  -- Requests, tokens, or nano-dollars.
  value BIGINT NOT NULL CHECK (value >= 0),
  soft_percent BIGINT CHECK (soft_percent BETWEEN 1 AND 99),
  is_shadow BOOLEAN NOT NULL DEFAULT FALSE,
  -- Who set it: what an administrator set only an administrator changes, and both hold beside each other.
  level VARCHAR(20) NOT NULL CHECK (level IN ('administrator', 'owner')),
  created_by UUID,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0,
  CHECK ((kind = 'money') = (period IN ('day', 'month', 'total'))),
  CHECK ((kind = 'concurrent') = (period = 'none'))
) /*strict*/;
CREATE UNIQUE INDEX limits_meter ON limits (subject_kind, subject_id, kind, period, level) WHERE deleted_at IS NULL;
CREATE INDEX limits_revision ON limits (revision);

-- One row per meter: whoever asks for a share of it writes this row first, so that shares are handed out one after the other.
CREATE TABLE limit_meters (
  subject_kind VARCHAR(20) NOT NULL,
  subject_id UUID NOT NULL,
  kind VARCHAR(20) NOT NULL,
  period VARCHAR(10) NOT NULL,
  -- Begin of a budget's period, epoch ms; 0 for everything else.
  from_ms BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  PRIMARY KEY (subject_kind, subject_id, kind, period, from_ms)
) /*strict*/;

-- What each instance may use of a limit by itself. The sum of the shares of a meter is never above its limit.
CREATE TABLE limit_leases (
  subject_kind VARCHAR(20) NOT NULL,
  subject_id UUID NOT NULL,
  kind VARCHAR(20) NOT NULL,
  period VARCHAR(10) NOT NULL,
  from_ms BIGINT NOT NULL,
  -- The run of an instance for rates, which die with it; the instance for money, which its books outlive.
  holder UUID NOT NULL,
  instance_id UUID NOT NULL,
  share BIGINT NOT NULL,
  used BIGINT NOT NULL,
  -- By the database's own clock.
  renewed_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (subject_kind, subject_id, kind, period, from_ms, holder)
) /*strict*/;
CREATE INDEX limit_leases_expiry ON limit_leases (expires_at);

-- When limits were neared, reached, or would have been: one row per limit, event and minute, with how often.
CREATE TABLE limit_events (
  id UUID PRIMARY KEY,
  at BIGINT NOT NULL,
  -- Null for the limits that stand on an access key itself.
  limit_id UUID,
  subject_kind VARCHAR(20) NOT NULL,
  subject_id UUID NOT NULL,
  kind VARCHAR(20) NOT NULL,
  period VARCHAR(10) NOT NULL,
  event VARCHAR(10) NOT NULL CHECK (event IN ('soft', 'shadow', 'refused')),
  times BIGINT NOT NULL,
  used BIGINT NOT NULL,
  value BIGINT NOT NULL
) /*strict*/;
CREATE INDEX limit_events_at ON limit_events (at);
CREATE INDEX limit_events_subject ON limit_events (subject_kind, subject_id, at);

-- Which routing group chose the target: its budget is spent by these entries, which are in no roll-up of their own.
ALTER TABLE usage_events ADD COLUMN routing_group_id UUID;
CREATE INDEX usage_events_routing_group ON usage_events (routing_group_id, at) WHERE routing_group_id IS NOT NULL;
