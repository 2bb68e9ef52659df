-- Refusals of everybody together, for the bars above the list of requests. The sums of the combinations have had them from the beginning.

ALTER TABLE usage_quarter_totals ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_day_totals ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;
UPDATE usage_quarter_totals SET refusals = COALESCE((SELECT sum(u.refusals) FROM usage_quarters u
  WHERE u.bucket = usage_quarter_totals.bucket AND u.shard = usage_quarter_totals.shard), 0);
UPDATE usage_day_totals SET refusals = COALESCE((SELECT sum(u.refusals) FROM usage_days u
  WHERE u.bucket = usage_day_totals.bucket AND u.shard = usage_day_totals.shard), 0);
