-- Sums of quarters of a UTC day: with them a day of any time zone is made up of few rows, wherever its midnight falls.

CREATE TABLE usage_six_hours (
  -- Start of the six hours, epoch ms: 00:00, 06:00, 12:00 or 18:00 UTC.
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
  cache_hits BIGINT NOT NULL DEFAULT 0,
  saved_nano_usd BIGINT NOT NULL DEFAULT 0,
  last_used_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, dimension_id, shard)
) /*strict*/;
INSERT INTO usage_six_hours (bucket, dimension_id, shard,
    attempts, requests, failures, partials, refusals, unknowns, estimated, unpriced, tokens_in, tokens_out, tokens_cached,
    tokens_cache_write, tokens_reasoning, cost_nano_usd, latency_ms_sum, first_byte_ms_sum, first_byte_count, cache_hits,
    saved_nano_usd, last_used_at)
  SELECT bucket / 21600000 * 21600000, dimension_id, shard,
    sum(attempts), sum(requests), sum(failures), sum(partials), sum(refusals), sum(unknowns), sum(estimated), sum(unpriced),
    sum(tokens_in), sum(tokens_out), sum(tokens_cached), sum(tokens_cache_write), sum(tokens_reasoning), sum(cost_nano_usd),
    sum(latency_ms_sum), sum(first_byte_ms_sum), sum(first_byte_count), sum(cache_hits), sum(saved_nano_usd), max(last_used_at)
  FROM usage_quarters GROUP BY bucket / 21600000 * 21600000, dimension_id, shard;
