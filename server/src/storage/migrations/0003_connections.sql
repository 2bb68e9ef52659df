-- Connections, the keys that seal their secrets, and the entries that tell who changed what.

CREATE TABLE master_keys (
  version BIGINT PRIMARY KEY,
  kcv VARCHAR(16) NOT NULL UNIQUE,
  status VARCHAR(20) NOT NULL CHECK (status IN ('pending', 'active', 'decrypt_only', 'retired')),
  created_at BIGINT NOT NULL
) /*strict*/;

CREATE TABLE owner_keys (
  scope VARCHAR(20) NOT NULL CHECK (scope IN ('user', 'workspace', 'organization')),
  owner_id UUID NOT NULL,
  version BIGINT NOT NULL,
  -- 32 random bytes, base64url. Without it nothing of this owner opens: dropping it shreds.
  salt VARCHAR(64) NOT NULL,
  status VARCHAR(20) NOT NULL CHECK (status IN ('active', 'decrypt_only')),
  created_at BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, owner_id, version)
) /*strict*/;
CREATE INDEX owner_keys_revision ON owner_keys (revision);

CREATE TABLE ai_configurations (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  user_id UUID NOT NULL REFERENCES users (id),
  scope VARCHAR(20) NOT NULL CHECK (scope IN ('user', 'workspace', 'organization')),
  owner_id UUID NOT NULL,
  name VARCHAR(255) NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- Lower-cased and normalised by the application: SQLite folds ASCII only.
  name_key TEXT NOT NULL,
  provider VARCHAR(100) NOT NULL CHECK (length(provider) BETWEEN 1 AND 100),
  model VARCHAR(255) CHECK (length(model) <= 255),
  api_key_encrypted TEXT,
  access_key_encrypted TEXT,
  headers_encrypted TEXT,
  secret_last4 VARCHAR(4),
  secret_set_at BIGINT,
  base_url VARCHAR(500) CHECK (length(base_url) <= 500),
  origin TEXT NOT NULL,
  configuration TEXT NOT NULL DEFAULT '{}',
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  is_default BOOLEAN NOT NULL DEFAULT FALSE,
  trust VARCHAR(20) NOT NULL DEFAULT 'member' CHECK (trust IN ('administrator', 'member')),
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  last_tested_at BIGINT,
  test_status VARCHAR(50),
  -- JSON of the last test result, without anything secret.
  test_result TEXT,
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE UNIQUE INDEX ai_configurations_name ON ai_configurations (scope, owner_id, name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX ai_configurations_default ON ai_configurations (scope, owner_id) WHERE is_default;
CREATE INDEX ai_configurations_owner ON ai_configurations (scope, owner_id, created_at);
CREATE INDEX ai_configurations_revision ON ai_configurations (revision);

-- The other documents' names for the same rows (C-16): epoch seconds and 0/1, and never a plain key.
CREATE VIEW ai_connections AS
  SELECT CAST(id AS TEXT) AS id, name, COALESCE(base_url, origin) AS base_url, COALESCE(api_key_encrypted, '') AS api_key,
    model AS default_model, CASE WHEN is_default THEN 1 ELSE 0 END AS is_default,
    created_at / 1000 AS created_at, updated_at / 1000 AS updated_at
  FROM ai_configurations WHERE deleted_at IS NULL;
CREATE VIEW ai_models AS
  SELECT CAST(id AS TEXT) AS id, name, COALESCE(base_url, origin) AS api_url, COALESCE(api_key_encrypted, '') AS api_key,
    model AS model_variant, CASE WHEN is_active THEN 1 ELSE 0 END AS is_active,
    created_at / 1000 AS created_at, updated_at / 1000 AS updated_at
  FROM ai_configurations WHERE deleted_at IS NULL AND scope = 'organization';

CREATE TABLE model_preferences (
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  connection_id UUID NOT NULL REFERENCES ai_configurations (id) ON DELETE CASCADE,
  model_id VARCHAR(255) NOT NULL CHECK (length(model_id) BETWEEN 1 AND 255),
  is_enabled BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, connection_id, model_id)
) /*strict*/;

CREATE TABLE provider_templates (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  provider VARCHAR(100) NOT NULL CHECK (length(provider) BETWEEN 1 AND 100),
  name VARCHAR(255) NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  description TEXT,
  configuration TEXT NOT NULL,
  is_default BOOLEAN NOT NULL DEFAULT FALSE,
  created_at BIGINT NOT NULL DEFAULT default_now_ms()
) /*strict*/;
CREATE UNIQUE INDEX provider_templates_default ON provider_templates (provider) WHERE is_default;

CREATE TABLE audit_entries (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  at BIGINT NOT NULL,
  actor_id UUID,
  actor_name TEXT NOT NULL,
  actor_role VARCHAR(20) NOT NULL,
  via VARCHAR(20) NOT NULL,
  action VARCHAR(60) NOT NULL,
  subject_type VARCHAR(40) NOT NULL,
  subject_id VARCHAR(255),
  subject_name TEXT,
  scope VARCHAR(20),
  owner_id UUID,
  outcome VARCHAR(20) NOT NULL CHECK (outcome IN ('success', 'refused', 'failed')),
  error_code VARCHAR(60),
  -- JSON of changed fields only, secrets as "changed".
  changes TEXT,
  request_id UUID,
  address VARCHAR(64),
  agent TEXT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX audit_entries_at ON audit_entries (at, id);
CREATE INDEX audit_entries_subject ON audit_entries (subject_type, subject_id, at);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, at);
