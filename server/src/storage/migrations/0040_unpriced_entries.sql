-- What was set aside for attempts that ended without a price: budgets count with it for as long as their period lasts, and read it here.

CREATE INDEX usage_events_unpriced ON usage_events (dimension_id, at)
  WHERE cost_nano_usd IS NULL AND reserved_nano_usd > 0 AND state IN ('settled', 'partial');
