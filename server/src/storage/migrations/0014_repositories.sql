-- Containers in a workspace: connections in an order of their own, and access keys that reach these alone (C-54).

CREATE TABLE repositories (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  workspace_id UUID NOT NULL REFERENCES workspaces (id),
  name VARCHAR(255) NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- Lower-cased and normalised by the application: SQLite folds ASCII only.
  name_key TEXT NOT NULL,
  created_by UUID,
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE UNIQUE INDEX repositories_name ON repositories (workspace_id, name_key) WHERE deleted_at IS NULL;
CREATE INDEX repositories_revision ON repositories (revision);

-- Replaced as a whole with the repository's revision, so that it has none of its own.
CREATE TABLE repository_connections (
  repository_id UUID NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  position BIGINT NOT NULL CHECK (position >= 0),
  connection_id UUID NOT NULL REFERENCES ai_configurations (id) ON DELETE CASCADE,
  PRIMARY KEY (repository_id, position)
) /*strict*/;
CREATE UNIQUE INDEX repository_connections_once ON repository_connections (repository_id, connection_id);
CREATE INDEX repository_connections_connection ON repository_connections (connection_id);

ALTER TABLE access_keys ADD COLUMN repository_id UUID REFERENCES repositories (id);
-- What the key was asked for in S3's words, which are given back; it reaches every connection of its repository all the same.
ALTER TABLE access_keys ADD COLUMN ai_type VARCHAR(20);
CREATE INDEX access_keys_repository ON access_keys (repository_id) WHERE repository_id IS NOT NULL;
