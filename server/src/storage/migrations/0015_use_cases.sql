-- Use cases: a name, a model, a prompt and who may use them together. They belong to the installation, so their names and slugs are its own.

CREATE TABLE use_cases (
  id UUID PRIMARY KEY,
  -- What `model` names: `use-case/<slug>`. It never changes, because applications have it in their code.
  slug VARCHAR(100) NOT NULL CHECK (length(slug) BETWEEN 1 AND 100),
  name VARCHAR(255) NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- Lower-cased and normalised by the application: SQLite folds ASCII only.
  name_key TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  -- NULL after its connection was deleted by force: the use case then has no model, and says so.
  connection_id UUID REFERENCES ai_configurations (id),
  -- NULL is the connection's own model.
  model VARCHAR(255) CHECK (length(model) <= 255),
  system_prompt TEXT NOT NULL,
  base_knowledge TEXT NOT NULL DEFAULT '',
  -- JSON object {temperature, maxTokens}; null leaves a value to the connection.
  parameters TEXT NOT NULL DEFAULT '{}',
  -- JSON list of roles of the installation; NULL is all roles (D-20).
  allowed_roles TEXT,
  -- Above zero: answers requests of its roles that name nothing, the highest first.
  priority BIGINT NOT NULL DEFAULT 0,
  -- JSON list of connection ids that are asked in this order where the first does not answer.
  fallback TEXT NOT NULL DEFAULT '[]',
  -- JSON object {user, time, page} of switches (D-22).
  inject TEXT NOT NULL DEFAULT '{}',
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_by UUID NOT NULL REFERENCES users (id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE UNIQUE INDEX use_cases_slug ON use_cases (slug) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX use_cases_name ON use_cases (name_key) WHERE deleted_at IS NULL;
CREATE INDEX use_cases_connection ON use_cases (connection_id);
CREATE INDEX use_cases_revision ON use_cases (revision);
