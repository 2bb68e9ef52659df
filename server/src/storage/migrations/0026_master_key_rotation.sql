-- A rotation of the master key puts each of the two keys under the other, so that a start in the middle of it needs either of them,
-- and tells running instances by the revision.
ALTER TABLE master_keys ADD COLUMN wrapped TEXT;
ALTER TABLE master_keys ADD COLUMN wrapped_by BIGINT;
ALTER TABLE master_keys ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
