-- Answers that were given again: what each saved (NULL where a provider answered), and who wants them without saying so each time.

ALTER TABLE usage_events ADD COLUMN saved_nano_usd BIGINT;
ALTER TABLE usage_quarters ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_quarters ADD COLUMN saved_nano_usd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_days ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_days ADD COLUMN saved_nano_usd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE access_keys ADD COLUMN cache_seconds BIGINT;
