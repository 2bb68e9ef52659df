-- The counts of everybody together (domain/tally.ts): how many requests there were, and how long answers took, is read from one row per
-- bucket and instance instead of one per combination. Texts joined are the counts of both, so that those that are there are taken over as they are.

CREATE TABLE usage_quarter_totals (
  bucket BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  -- Requests and attempts of the sums; as many attempts are counted where every one is in the counts.
  requests BIGINT NOT NULL DEFAULT 0,
  attempts BIGINT NOT NULL DEFAULT 0,
  counted BIGINT NOT NULL DEFAULT 0,
  tally TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, shard)
) /*strict*/;
CREATE TABLE usage_day_totals (
  bucket BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  requests BIGINT NOT NULL DEFAULT 0,
  attempts BIGINT NOT NULL DEFAULT 0,
  counted BIGINT NOT NULL DEFAULT 0,
  tally TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, shard)
) /*strict*/;
INSERT INTO usage_quarter_totals (bucket, shard, requests, attempts, counted, tally)
  SELECT u.bucket, u.shard, sum(u.requests), sum(u.attempts), COALESCE(sum(t.counted), 0), COALESCE(string_agg(t.tally, ''), '')
  FROM usage_quarters u LEFT JOIN usage_quarter_tallies t ON t.bucket = u.bucket AND t.dimension_id = u.dimension_id AND t.shard = u.shard
  GROUP BY u.bucket, u.shard;
INSERT INTO usage_day_totals (bucket, shard, requests, attempts, counted, tally)
  SELECT u.bucket, u.shard, sum(u.requests), sum(u.attempts), COALESCE(sum(t.counted), 0), COALESCE(string_agg(t.tally, ''), '')
  FROM usage_days u LEFT JOIN usage_day_tallies t ON t.bucket = u.bucket AND t.dimension_id = u.dimension_id AND t.shard = u.shard
  GROUP BY u.bucket, u.shard;
