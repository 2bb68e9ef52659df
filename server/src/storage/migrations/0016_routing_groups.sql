-- Named sets of targets, and the strategy by which one of them is asked first.

CREATE TABLE routing_groups (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  scope VARCHAR(20) NOT NULL CHECK (scope IN ('user', 'workspace', 'organization')),
  owner_id UUID NOT NULL,
  name VARCHAR(255) NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- Lower-cased and normalised by the application: SQLite folds ASCII only.
  name_key TEXT NOT NULL,
  strategy VARCHAR(20) NOT NULL CHECK (strategy IN ('ordered', 'weighted', 'least_busy', 'fastest', 'cheapest', 'score', 'sticky')),
  -- JSON: stickyBy, hedgeMaxNanoUsd, priceWeight, latencyWeight, exploration.
  options TEXT NOT NULL DEFAULT '{}',
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_by UUID NOT NULL REFERENCES users (id),
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE UNIQUE INDEX routing_groups_name ON routing_groups (scope, owner_id, name_key) WHERE deleted_at IS NULL;
CREATE INDEX routing_groups_revision ON routing_groups (revision);

-- Replaced as a whole with the group's revision, so that it has none of its own.
CREATE TABLE routing_group_targets (
  group_id UUID NOT NULL REFERENCES routing_groups (id) ON DELETE CASCADE,
  position BIGINT NOT NULL CHECK (position >= 0),
  connection_id UUID NOT NULL REFERENCES ai_configurations (id) ON DELETE CASCADE,
  -- NULL is the connection's default model.
  model VARCHAR(255) CHECK (length(model) BETWEEN 1 AND 255),
  weight BIGINT NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1000),
  region VARCHAR(40) CHECK (length(region) BETWEEN 1 AND 40),
  is_enabled BOOLEAN NOT NULL DEFAULT TRUE,
  PRIMARY KEY (group_id, position)
) /*strict*/;
CREATE INDEX routing_group_targets_connection ON routing_group_targets (connection_id);
