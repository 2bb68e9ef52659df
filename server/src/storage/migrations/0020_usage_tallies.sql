-- How long answers took and why they failed, beside the sums: texts of counts that add up (domain/tally.ts).

CREATE TABLE usage_quarter_tallies (
  bucket BIGINT NOT NULL,
  dimension_id BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  -- How many attempts of the sums these counts stand for; of what is missing nothing is known.
  counted BIGINT NOT NULL DEFAULT 0,
  tally TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, dimension_id, shard)
) /*strict*/;
CREATE TABLE usage_day_tallies (
  bucket BIGINT NOT NULL,
  dimension_id BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  counted BIGINT NOT NULL DEFAULT 0,
  tally TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, dimension_id, shard)
) /*strict*/;

-- Sums that are older than their counts: background work counts their rows again and takes them off this list.
CREATE TABLE usage_untallied (
  bucket BIGINT NOT NULL,
  dimension_id BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  is_day BOOLEAN NOT NULL,
  PRIMARY KEY (bucket, dimension_id, shard, is_day)
) /*strict*/;
INSERT INTO usage_untallied (bucket, dimension_id, shard, is_day)
  SELECT bucket, dimension_id, shard, FALSE FROM usage_quarters WHERE attempts > 0;
INSERT INTO usage_untallied (bucket, dimension_id, shard, is_day)
  SELECT bucket, dimension_id, shard, TRUE FROM usage_days WHERE attempts > 0;
