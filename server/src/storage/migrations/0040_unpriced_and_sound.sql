-- What was set aside for attempts that ended without a price: budgets count with it for as long as their period lasts, and read it here.

CREATE INDEX usage_events_unpriced ON usage_events (dimension_id, at)
  WHERE cost_nano_usd IS NULL AND reserved_nano_usd > 0 AND state IN ('settled', 'partial');

-- Tokens of sound: of those that went in, of those that came out, and of the cached ones. They have prices of their own, also when an entry
-- is priced again.
ALTER TABLE usage_events ADD COLUMN tokens_audio_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_events ADD COLUMN tokens_audio_out BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_events ADD COLUMN tokens_audio_cached BIGINT NOT NULL DEFAULT 0;
