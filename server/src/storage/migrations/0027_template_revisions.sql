-- The configuration revision that last changed a template, so that a change made from an older state is refused.
ALTER TABLE provider_templates ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
