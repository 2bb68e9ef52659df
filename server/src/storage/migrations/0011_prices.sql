-- What administrators say a model costs; it wins over the bundled catalogue. A price is never changed: it is ended and followed.

CREATE TABLE prices (
  id UUID PRIMARY KEY,
  provider VARCHAR(100) NOT NULL CHECK (length(provider) BETWEEN 1 AND 100),
  model VARCHAR(256) NOT NULL CHECK (length(model) BETWEEN 1 AND 256),
  -- NULL is every connection of the provider.
  connection_id UUID REFERENCES ai_configurations (id),
  valid_from BIGINT NOT NULL,
  valid_until BIGINT,
  -- JSON list of {fromTokensIn, prices}, the first from 0; prices are nano-dollars per million tokens.
  tiers TEXT NOT NULL,
  note VARCHAR(500),
  created_by UUID NOT NULL REFERENCES users (id),
  created_at BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX prices_model ON prices (provider, model, valid_from);
CREATE INDEX prices_connection ON prices (connection_id);
CREATE INDEX prices_revision ON prices (revision);
