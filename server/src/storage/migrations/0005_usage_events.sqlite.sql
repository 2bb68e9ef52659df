-- The ledger: one row per attempt; a refused request is attempt 0. One table; retention deletes in chunks.
-- Types are in SQLite's own words and lengths are not checked here: ledger-rows.ts makes every value fit, and a dozen checks
-- cost a third of an insert. (BOOLEAN is spelled INT, see dialect.ts.) A table without rowid was measured too: no cheaper.
CREATE TABLE usage_events (
  at BIGINT NOT NULL,
  id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  attempt_no BIGINT NOT NULL,
  -- TRUE on the row that stands for its request in the list of requests.
  is_last INT NOT NULL DEFAULT FALSE,
  instance_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('intent', 'settled', 'partial', 'unknown', 'refused')),
  -- Why an entry is not a plain success: a fault word or an error code.
  reason TEXT,
  status BIGINT,
  face TEXT NOT NULL,
  purpose TEXT NOT NULL,
  connection_id TEXT,
  provider TEXT NOT NULL,
  model_asked TEXT NOT NULL,
  model TEXT NOT NULL,
  model_reported TEXT,
  access_key_id TEXT,
  user_id TEXT,
  workspace_id TEXT,
  repository_id TEXT,
  use_case_id TEXT,
  is_stream INT NOT NULL DEFAULT FALSE,
  tokens_in BIGINT NOT NULL DEFAULT 0,
  tokens_out BIGINT NOT NULL DEFAULT 0,
  tokens_cached BIGINT NOT NULL DEFAULT 0,
  tokens_cache_write BIGINT NOT NULL DEFAULT 0,
  tokens_reasoning BIGINT NOT NULL DEFAULT 0,
  is_estimated INT NOT NULL DEFAULT FALSE,
  reserved_nano_usd BIGINT NOT NULL DEFAULT 0,
  -- NULL where no price is known: never a silent zero.
  cost_nano_usd BIGINT,
  -- JSON of the unit prices used, nano-dollars per million tokens, so that every cost can be recomputed.
  prices TEXT,
  finish_reason TEXT,
  latency_ms BIGINT,
  first_byte_ms BIGINT,
  -- JSON list of what a translation dropped, renamed or clamped.
  changed TEXT,
  config_revision BIGINT NOT NULL DEFAULT 0,
  client_request_id TEXT,
  -- The row's dimension in the roll-ups; NULL while it is open.
  dimension_id BIGINT,
  PRIMARY KEY (at, id)
) /*strict*/;
CREATE INDEX usage_events_request ON usage_events (request_id);
-- Lists that are filtered by connection, key, user, workspace or model: these are dimensions, and a number is the cheapest key.
CREATE INDEX usage_events_dimension ON usage_events (dimension_id, at) WHERE is_last;
CREATE INDEX usage_events_open ON usage_events (instance_id, at) WHERE state IN ('intent', 'unknown');
