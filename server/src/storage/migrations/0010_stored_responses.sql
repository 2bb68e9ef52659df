-- Responses that their askers let us keep, so that a later request can go on from one by its id, whichever provider answers it.
CREATE TABLE stored_responses (
  owner_scope VARCHAR(20) NOT NULL CHECK (owner_scope IN ('user', 'workspace')),
  owner_id UUID NOT NULL,
  -- Ours, or the provider's own where the answer passed through.
  id VARCHAR(255) NOT NULL,
  previous_id VARCHAR(255),
  -- JSON: the items that were asked with, without those of earlier turns; and the response as its asker saw it.
  input TEXT NOT NULL,
  response TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (owner_scope, owner_id, id)
) /*strict*/;
CREATE INDEX stored_responses_expiry ON stored_responses (expires_at);
CREATE INDEX stored_responses_owner ON stored_responses (owner_scope, owner_id, created_at);
