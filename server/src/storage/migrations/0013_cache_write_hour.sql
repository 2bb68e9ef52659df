-- What decides the price of a call besides its tokens: how long a cache write stays, and the tier that served it.

ALTER TABLE usage_events ADD COLUMN tokens_cache_write_hour BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_events ADD COLUMN service_tier TEXT;
