-- The books: one row per attempt, roll-ups by quarter-hour and day, and how far each instance's journal has been applied.
-- usage_events itself is in 0005_usage_events.pg.sql (partitioned by time) and 0005_usage_events.sqlite.sql.

CREATE TABLE instances (
  id UUID PRIMARY KEY,
  -- A small number for roll-up shards, so that instances never wait for each other's rows.
  shard BIGINT NOT NULL UNIQUE,
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  -- The last journal record of this instance that is in the books. A record at or below it is never applied again.
  applied_seq BIGINT NOT NULL DEFAULT 0
) /*strict*/;

-- Every combination of dimensions once; roll-ups name it by number.
CREATE TABLE usage_dimensions (
  id BIGINT PRIMARY KEY,
  hash VARCHAR(64) NOT NULL UNIQUE,
  connection_id UUID,
  provider VARCHAR(100) NOT NULL,
  model VARCHAR(255) NOT NULL,
  access_key_id UUID,
  user_id UUID,
  workspace_id UUID,
  repository_id UUID,
  use_case_id UUID,
  purpose VARCHAR(20) NOT NULL
) /*strict*/;

CREATE TABLE usage_quarters (
  bucket BIGINT NOT NULL,
  dimension_id BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  requests BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  partials BIGINT NOT NULL DEFAULT 0,
  refusals BIGINT NOT NULL DEFAULT 0,
  unknowns BIGINT NOT NULL DEFAULT 0,
  estimated BIGINT NOT NULL DEFAULT 0,
  unpriced BIGINT NOT NULL DEFAULT 0,
  tokens_in BIGINT NOT NULL DEFAULT 0,
  tokens_out BIGINT NOT NULL DEFAULT 0,
  tokens_cached BIGINT NOT NULL DEFAULT 0,
  tokens_cache_write BIGINT NOT NULL DEFAULT 0,
  tokens_reasoning BIGINT NOT NULL DEFAULT 0,
  cost_nano_usd BIGINT NOT NULL DEFAULT 0,
  latency_ms_sum BIGINT NOT NULL DEFAULT 0,
  first_byte_ms_sum BIGINT NOT NULL DEFAULT 0,
  first_byte_count BIGINT NOT NULL DEFAULT 0,
  last_used_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, dimension_id, shard)
) /*strict*/;

CREATE TABLE usage_days (
  -- Start of the UTC day, epoch ms: whole days in the middle of a range are read here, its edges from the quarters.
  bucket BIGINT NOT NULL,
  dimension_id BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  requests BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  partials BIGINT NOT NULL DEFAULT 0,
  refusals BIGINT NOT NULL DEFAULT 0,
  unknowns BIGINT NOT NULL DEFAULT 0,
  estimated BIGINT NOT NULL DEFAULT 0,
  unpriced BIGINT NOT NULL DEFAULT 0,
  tokens_in BIGINT NOT NULL DEFAULT 0,
  tokens_out BIGINT NOT NULL DEFAULT 0,
  tokens_cached BIGINT NOT NULL DEFAULT 0,
  tokens_cache_write BIGINT NOT NULL DEFAULT 0,
  tokens_reasoning BIGINT NOT NULL DEFAULT 0,
  cost_nano_usd BIGINT NOT NULL DEFAULT 0,
  latency_ms_sum BIGINT NOT NULL DEFAULT 0,
  first_byte_ms_sum BIGINT NOT NULL DEFAULT 0,
  first_byte_count BIGINT NOT NULL DEFAULT 0,
  last_used_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, dimension_id, shard)
) /*strict*/;

-- One row per configuration and UTC day, kept by the same transaction as the rows it sums (R-080 to R-084).
CREATE TABLE provider_usage_days (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  configuration_id UUID NOT NULL REFERENCES ai_configurations (id),
  request_count BIGINT NOT NULL DEFAULT 0,
  token_count BIGINT NOT NULL DEFAULT 0,
  cost_nano_usd BIGINT NOT NULL DEFAULT 0,
  last_used_at BIGINT NOT NULL DEFAULT default_now_ms(),
  period_start VARCHAR(10) NOT NULL DEFAULT default_today(),
  period_end VARCHAR(10) NOT NULL DEFAULT default_today(),
  UNIQUE (configuration_id, period_start)
) /*strict*/;
CREATE VIEW provider_usage AS
  SELECT id, configuration_id, request_count, token_count, CAST(cost_nano_usd AS DOUBLE PRECISION) / 1000000000 AS cost_usd,
    last_used_at, period_start, period_end
  FROM provider_usage_days;

-- One owner at a time for work that must run once in the installation.
CREATE TABLE leases (
  name VARCHAR(100) PRIMARY KEY,
  owner VARCHAR(100) NOT NULL,
  expires_at BIGINT NOT NULL
) /*strict*/;
