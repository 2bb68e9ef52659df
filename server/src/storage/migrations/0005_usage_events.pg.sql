-- The ledger: one row per attempt; a refused request is attempt 0. Partitioned by time from the first day.
CREATE TABLE usage_events (
  at BIGINT NOT NULL,
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  attempt_no BIGINT NOT NULL,
  -- TRUE on the row that stands for its request in the list of requests.
  is_last BOOLEAN NOT NULL DEFAULT FALSE,
  instance_id UUID NOT NULL,
  seq BIGINT NOT NULL,
  state VARCHAR(20) NOT NULL CHECK (state IN ('intent', 'settled', 'partial', 'unknown', 'refused')),
  -- Why an entry is not a plain success: a fault word or an error code.
  reason VARCHAR(60),
  status BIGINT,
  face VARCHAR(40) NOT NULL,
  purpose VARCHAR(20) NOT NULL,
  connection_id UUID,
  provider VARCHAR(100) NOT NULL,
  model_asked TEXT NOT NULL,
  model VARCHAR(255) NOT NULL,
  model_reported TEXT,
  access_key_id UUID,
  user_id UUID,
  workspace_id UUID,
  repository_id UUID,
  use_case_id UUID,
  is_stream BOOLEAN NOT NULL DEFAULT FALSE,
  tokens_in BIGINT NOT NULL DEFAULT 0,
  tokens_out BIGINT NOT NULL DEFAULT 0,
  tokens_cached BIGINT NOT NULL DEFAULT 0,
  tokens_cache_write BIGINT NOT NULL DEFAULT 0,
  tokens_reasoning BIGINT NOT NULL DEFAULT 0,
  is_estimated BOOLEAN NOT NULL DEFAULT FALSE,
  reserved_nano_usd BIGINT NOT NULL DEFAULT 0,
  -- NULL where no price is known: never a silent zero.
  cost_nano_usd BIGINT,
  -- JSON of the unit prices used, nano-dollars per million tokens, so that every cost can be recomputed.
  prices TEXT,
  finish_reason VARCHAR(40),
  latency_ms BIGINT,
  first_byte_ms BIGINT,
  -- JSON list of what a translation dropped, renamed or clamped.
  changed TEXT,
  config_revision BIGINT NOT NULL DEFAULT 0,
  client_request_id TEXT,
  -- The row's dimension in the roll-ups; NULL while it is open.
  dimension_id BIGINT,
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
-- Rows always find a home: what no month covers lands here until its partition is made.
CREATE TABLE usage_events_default PARTITION OF usage_events DEFAULT;
CREATE INDEX usage_events_request ON usage_events (request_id);
-- Lists that are filtered by connection, key, user, workspace or model: these are dimensions, and a number is the cheapest key.
CREATE INDEX usage_events_dimension ON usage_events (dimension_id, at) WHERE is_last;
CREATE INDEX usage_events_open ON usage_events (instance_id, at) WHERE state IN ('intent', 'unknown');
