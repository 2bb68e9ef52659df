-- How each connection is doing: its present state, the checks that told, the strips that pages draw, and when it was ill.
-- Nothing here raises a revision: health never reloads configuration. Nothing here has a foreign key: what is told of a
-- connection that has just been deleted is swept away later, and refuses no batch that tells of others.

CREATE TABLE connection_health (
  connection_id UUID NOT NULL,
  -- Empty for the connection as a whole; a name for what traffic tells of one model.
  model VARCHAR(255) NOT NULL DEFAULT '',
  state VARCHAR(10) NOT NULL CHECK (state IN ('healthy', 'slow', 'failing', 'quota', 'auth', 'unknown')),
  since BIGINT NOT NULL,
  consecutive_failures BIGINT NOT NULL DEFAULT 0,
  consecutive_successes BIGINT NOT NULL DEFAULT 0,
  last_checked_at BIGINT,
  last_success_at BIGINT,
  last_failure_at BIGINT,
  -- Class of the newest failure, and the provider's status where it answered.
  last_fault VARCHAR(30),
  last_status BIGINT,
  latency_ms_p50 BIGINT,
  -- What the rules remember besides: JSON.
  memory TEXT NOT NULL DEFAULT '{}',
  updated_at BIGINT NOT NULL,
  -- Raised by every write: of two instances that tell of one connection at once, the second looks again.
  version BIGINT NOT NULL DEFAULT 1,
  PRIMARY KEY (connection_id, model)
) /*strict*/;
CREATE INDEX connection_health_ill ON connection_health (state) WHERE state IN ('failing', 'quota', 'auth');

CREATE TABLE health_checks (
  at BIGINT NOT NULL,
  id UUID NOT NULL,
  connection_id UUID NOT NULL,
  -- Empty where no model was asked.
  model VARCHAR(255) NOT NULL DEFAULT '',
  kind VARCHAR(10) NOT NULL CHECK (kind IN ('models', 'completion', 'reach')),
  outcome VARCHAR(10) NOT NULL CHECK (outcome IN ('ok', 'failed', 'skipped')),
  fault VARCHAR(30),
  status BIGINT,
  latency_ms BIGINT NOT NULL,
  cost_nano_usd BIGINT NOT NULL DEFAULT 0,
  -- The entry in the books, where the check was a completion.
  request_id UUID,
  PRIMARY KEY (at, id)
) /*strict*/;
CREATE INDEX health_checks_connection ON health_checks (connection_id, at);
-- Checks that passed are forgotten long before those that failed.
CREATE INDEX health_checks_passed ON health_checks (at) WHERE outcome = 'ok';

-- Sums of checks by half hour and by day of UTC, so that a page draws months without reading a check.
CREATE TABLE health_strips (
  -- Length of the bucket: 1800000 or 86400000 ms.
  span_ms BIGINT NOT NULL CHECK (span_ms IN (1800000, 86400000)),
  bucket BIGINT NOT NULL,
  connection_id UUID NOT NULL,
  checks BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  slow BIGINT NOT NULL DEFAULT 0,
  latency_ms_sum BIGINT NOT NULL DEFAULT 0,
  -- How many answers took how long, by class of time; percentiles of any range follow from their sums.
  took_0 BIGINT NOT NULL DEFAULT 0,
  took_1 BIGINT NOT NULL DEFAULT 0,
  took_2 BIGINT NOT NULL DEFAULT 0,
  took_3 BIGINT NOT NULL DEFAULT 0,
  took_4 BIGINT NOT NULL DEFAULT 0,
  took_5 BIGINT NOT NULL DEFAULT 0,
  took_6 BIGINT NOT NULL DEFAULT 0,
  took_7 BIGINT NOT NULL DEFAULT 0,
  took_8 BIGINT NOT NULL DEFAULT 0,
  took_9 BIGINT NOT NULL DEFAULT 0,
  took_10 BIGINT NOT NULL DEFAULT 0,
  took_11 BIGINT NOT NULL DEFAULT 0,
  took_12 BIGINT NOT NULL DEFAULT 0,
  took_13 BIGINT NOT NULL DEFAULT 0,
  took_14 BIGINT NOT NULL DEFAULT 0,
  took_15 BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (span_ms, bucket, connection_id)
) /*strict*/;
CREATE INDEX health_strips_connection ON health_strips (connection_id, span_ms, bucket);

-- From when until when a connection was ill, and of what. Written with the change of state that begins or ends it.
CREATE TABLE health_incidents (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  connection_id UUID NOT NULL,
  model VARCHAR(255) NOT NULL DEFAULT '',
  state VARCHAR(10) NOT NULL CHECK (state IN ('failing', 'quota', 'auth')),
  fault VARCHAR(30),
  status BIGINT,
  from_at BIGINT NOT NULL,
  -- Null while it lasts.
  until_at BIGINT
) /*strict*/;
CREATE UNIQUE INDEX health_incidents_open ON health_incidents (connection_id, model) WHERE until_at IS NULL;
CREATE INDEX health_incidents_connection ON health_incidents (connection_id, from_at);
CREATE INDEX health_incidents_from ON health_incidents (from_at);

-- Links to a status page that is read without signing in. Only the hash of a link's token is kept.
CREATE TABLE status_shares (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  -- Null shows the connections of the organization.
  workspace_id UUID REFERENCES workspaces (id),
  name VARCHAR(100) NOT NULL,
  hash VARCHAR(64) NOT NULL UNIQUE,
  last4 VARCHAR(4) NOT NULL,
  created_by UUID NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
) /*strict*/;
CREATE INDEX status_shares_workspace ON status_shares (workspace_id);
