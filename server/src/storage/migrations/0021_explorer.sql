-- What the explorer of requests finds by an index, whose contents are kept, and what retention did.

-- Requests that were no plain success: a few among many, and what people look for first.
CREATE INDEX usage_events_troubled ON usage_events (at, id) WHERE is_last AND (status IS NULL OR status >= 400 OR state <> 'settled');
CREATE INDEX usage_events_dimension_troubled ON usage_events (dimension_id, at)
  WHERE is_last AND (status IS NULL OR status >= 400 OR state <> 'settled');
-- Requests of which a translation did not pass everything on.
CREATE INDEX usage_events_changed ON usage_events (at, id) WHERE is_last AND changed IS NOT NULL;
-- Which combinations a filter names: a few among many.
CREATE INDEX usage_dimensions_connection ON usage_dimensions (connection_id);
CREATE INDEX usage_dimensions_access_key ON usage_dimensions (access_key_id);
CREATE INDEX usage_dimensions_user ON usage_dimensions (user_id);
CREATE INDEX usage_dimensions_workspace ON usage_dimensions (workspace_id);
-- A client asks for its own id.
CREATE INDEX usage_events_client_request ON usage_events (client_request_id, at) WHERE client_request_id IS NOT NULL;

-- Whether the contents of a workspace's requests are kept, and for how long. No row is no.
CREATE TABLE workspace_capture (
  workspace_id UUID PRIMARY KEY REFERENCES workspaces (id),
  is_on BOOLEAN NOT NULL,
  kept_days BIGINT NOT NULL CHECK (kept_days BETWEEN 1 AND 90),
  updated_by UUID,
  updated_at BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 0
) /*strict*/;
CREATE INDEX workspace_capture_revision ON workspace_capture (revision);

-- What was asked and answered, where a workspace keeps it: encrypted under a key of its own, which only the workspace's key opens.
CREATE TABLE captured_bodies (
  request_id UUID PRIMARY KEY,
  at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  workspace_id UUID NOT NULL,
  user_id UUID,
  -- A box of the vault.
  data_key_sealed TEXT NOT NULL,
  -- JSON: kind and length of each side, and what was cut off.
  facts TEXT NOT NULL,
  request TEXT,
  answer TEXT
) /*strict*/;
CREATE INDEX captured_bodies_expiry ON captured_bodies (expires_at);
CREATE INDEX captured_bodies_workspace ON captured_bodies (workspace_id, at);
CREATE INDEX captured_bodies_user ON captured_bodies (user_id);

-- The last look of retention at each kind of rows.
CREATE TABLE retention_runs (
  noun VARCHAR(40) PRIMARY KEY,
  ran_at BIGINT NOT NULL,
  kept_days BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  removed_total BIGINT NOT NULL,
  -- More is over than one look removes.
  is_behind BOOLEAN NOT NULL
) /*strict*/;

-- Retention forgets by these times.
CREATE INDEX connection_tests_time ON connection_tests (at, id);
CREATE INDEX tasks_finished ON tasks (finished_at, id) WHERE finished_at IS NOT NULL;
