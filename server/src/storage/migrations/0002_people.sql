-- People, workspaces and what they hold keys to. The four tables that better-auth writes (users, sessions, accounts,
-- verifications) are in 0001_accounts.pg.sql and 0001_accounts.sqlite.sql, because its types follow the engine.
-- Written once for both engines; on SQLite the migrator turns UUID and VARCHAR into TEXT, BIGINT and BOOLEAN into INTEGER,
-- DOUBLE PRECISION into REAL, default_uuid() and default_now_ms() into the engine's own expressions, and /*strict*/ into STRICT.

CREATE TABLE organizations (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  created_at BIGINT NOT NULL DEFAULT default_now_ms()
) /*strict*/;

CREATE TABLE settings (
  key TEXT PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 100),
  value TEXT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 0,
  updated_at BIGINT NOT NULL
) /*strict*/;

-- One row. Every change of configuration raises it inside its own transaction; the row lock makes commit order its order.
CREATE TABLE config_revision (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision BIGINT NOT NULL
) /*strict*/;
INSERT INTO config_revision (id, revision) VALUES (1, 0);

CREATE TABLE workspaces (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  organization_id UUID NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  name_key TEXT NOT NULL,
  created_by UUID,
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE UNIQUE INDEX workspaces_name ON workspaces (name_key) WHERE deleted_at IS NULL;
CREATE INDEX workspaces_revision ON workspaces (revision);

CREATE TABLE workspace_members (
  workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role VARCHAR(10) NOT NULL CHECK (role IN ('READ', 'WRITE', 'ADMIN', 'NONE')),
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  -- A removed member stays as NONE, so that other instances hear of the removal by its revision.
  revision BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, user_id)
) /*strict*/;
CREATE INDEX workspace_members_user ON workspace_members (user_id);
CREATE INDEX workspace_members_revision ON workspace_members (revision);

-- What the house keeps about a person beside better-auth's own table: written with audit and revision like everything else.
CREATE TABLE people (
  user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  role VARCHAR(20) NOT NULL CHECK (role IN ('administrator', 'manager', 'user')),
  language VARCHAR(5) NOT NULL DEFAULT 'en',
  time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC',
  theme VARCHAR(10) NOT NULL DEFAULT 'auto',
  disabled_at BIGINT,
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX people_revision ON people (revision);

CREATE TABLE personal_tokens (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  hash VARCHAR(64) NOT NULL UNIQUE,
  last4 VARCHAR(4) NOT NULL,
  expires_at BIGINT,
  last_used_at BIGINT,
  revoked_at BIGINT,
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX personal_tokens_user ON personal_tokens (user_id, created_at);
CREATE INDEX personal_tokens_revision ON personal_tokens (revision);

CREATE TABLE access_keys (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  user_id UUID NOT NULL REFERENCES users (id),
  workspace_id UUID REFERENCES workspaces (id),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  hash VARCHAR(64) NOT NULL UNIQUE,
  last4 VARCHAR(4) NOT NULL,
  -- JSON list of model patterns that this key may name; null is all.
  models TEXT,
  rpm BIGINT CHECK (rpm > 0),
  tpm BIGINT CHECK (tpm > 0),
  budget_nano_usd BIGINT CHECK (budget_nano_usd >= 0),
  expires_at BIGINT,
  revoked_at BIGINT,
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX access_keys_user ON access_keys (user_id, created_at);
CREATE INDEX access_keys_workspace ON access_keys (workspace_id, created_at);
CREATE INDEX access_keys_revision ON access_keys (revision);

-- Kept apart from the key, so that a use never raises the revision.
CREATE TABLE access_key_uses (
  access_key_id UUID PRIMARY KEY REFERENCES access_keys (id) ON DELETE CASCADE,
  last_used_at BIGINT NOT NULL
) /*strict*/;
