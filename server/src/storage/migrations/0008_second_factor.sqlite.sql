-- The second factor: better-auth's table and column, as getMigrations() of better-auth 1.7.7 compiles them for the names in
-- storage/accounts.ts. Then the house's own: single permissions, invitations, the overlap of a rotated access key.
ALTER TABLE users ADD COLUMN two_factor_enabled integer;
CREATE TABLE two_factors (
  id text NOT NULL PRIMARY KEY,
  secret text NOT NULL,
  backup_codes text NOT NULL,
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  verified integer,
  failed_verification_count integer,
  locked_until date
);
CREATE INDEX two_factors_secret_idx ON two_factors (secret);
CREATE INDEX two_factors_user_id_idx ON two_factors (user_id);

ALTER TABLE people ADD COLUMN permissions TEXT;
ALTER TABLE people ADD COLUMN deleted_at BIGINT;

ALTER TABLE access_keys ADD COLUMN previous_hash VARCHAR(64);
ALTER TABLE access_keys ADD COLUMN previous_until BIGINT;

CREATE TABLE invitations (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  email TEXT NOT NULL,
  role VARCHAR(20) NOT NULL CHECK (role IN ('administrator', 'manager', 'user')),
  workspace_id UUID REFERENCES workspaces (id) ON DELETE CASCADE,
  workspace_role VARCHAR(10) CHECK (workspace_role IN ('READ', 'WRITE', 'ADMIN')),
  hash VARCHAR(64) NOT NULL UNIQUE,
  created_by UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL,
  accepted_at BIGINT,
  revoked_at BIGINT,
  created_at BIGINT NOT NULL DEFAULT default_now_ms()
) /*strict*/;
CREATE INDEX invitations_open ON invitations (expires_at) WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_workspace ON invitations (workspace_id);
