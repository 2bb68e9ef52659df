-- Tasks that wait until somebody lets them go on, with what was told of each on its way; and the usage exports of providers.

-- A check cannot be changed in place on both engines: the table is made anew.
CREATE TABLE tasks_next (
  id UUID PRIMARY KEY,
  kind VARCHAR(60) NOT NULL,
  title VARCHAR(255) NOT NULL DEFAULT '',
  state VARCHAR(20) NOT NULL CHECK (state IN ('running', 'paused', 'done', 'failed', 'cancelled', 'interrupted')),
  -- JSON object: what is needed to take the work up again after a restart.
  input TEXT NOT NULL DEFAULT '{}',
  progress_done BIGINT NOT NULL DEFAULT 0,
  -- Null while nobody knows how much there is.
  progress_total BIGINT,
  progress_note VARCHAR(500),
  -- JSON object, also while running.
  result TEXT,
  error_code VARCHAR(60),
  -- No reference: a task outlives who started it, as the audit log does.
  created_by UUID NOT NULL,
  created_by_name VARCHAR(255) NOT NULL DEFAULT '',
  -- The run of the server that works on it, and when that last said so.
  locked_by UUID NOT NULL,
  seen_at BIGINT NOT NULL,
  cancel_asked_at BIGINT,
  pause_asked_at BIGINT,
  -- How often it was begun; a task that brings the server down is not begun for ever.
  attempts BIGINT NOT NULL DEFAULT 1,
  -- JSON list of what happened on its way, the newest at the end.
  log TEXT NOT NULL DEFAULT '[]',
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  finished_at BIGINT
) /*strict*/;
INSERT INTO tasks_next (id, kind, title, state, input, progress_done, progress_total, progress_note, result, error_code, created_by,
  created_by_name, locked_by, seen_at, cancel_asked_at, attempts, created_at, updated_at, finished_at)
  SELECT id, kind, title, state, input, progress_done, progress_total, progress_note, result, error_code, created_by,
    created_by_name, locked_by, seen_at, cancel_asked_at, attempts, created_at, updated_at, finished_at FROM tasks;
DROP TABLE tasks;
ALTER TABLE tasks_next RENAME TO tasks;
CREATE INDEX tasks_creator ON tasks (created_by, id);
CREATE INDEX tasks_running ON tasks (seen_at) WHERE state = 'running';

-- A provider's own account of what was used, as it was given to us. Taken in once, whoever brings the same file again.
CREATE TABLE usage_imports (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  provider VARCHAR(100) NOT NULL,
  format VARCHAR(40) NOT NULL,
  file_name VARCHAR(255) NOT NULL,
  -- SHA-256 of the file, in hex.
  file_hash VARCHAR(64) NOT NULL UNIQUE,
  file_bytes BIGINT NOT NULL,
  -- Whether it counts tokens or tells amounts.
  measure VARCHAR(10) NOT NULL CHECK (measure IN ('tokens', 'cost')),
  state VARCHAR(10) NOT NULL CHECK (state IN ('reading', 'ready', 'refused')),
  lines BIGINT NOT NULL DEFAULT 0,
  from_at BIGINT,
  to_at BIGINT,
  -- JSON object: the provider's name of a key and the connection that it belongs to.
  key_map TEXT NOT NULL DEFAULT '{}',
  -- JSON object: what kept it from being read, with line and column.
  fault TEXT,
  task_id UUID,
  created_by UUID NOT NULL,
  created_by_name VARCHAR(255) NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
) /*strict*/;

-- One line of such a file. The number of the line makes writing it twice the same as once.
CREATE TABLE usage_import_lines (
  import_id UUID NOT NULL REFERENCES usage_imports (id) ON DELETE CASCADE,
  line_no BIGINT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  -- The provider's name of the key; empty where the file does not say.
  key_name VARCHAR(255) NOT NULL DEFAULT '',
  model VARCHAR(255) NOT NULL DEFAULT '',
  is_batch BOOLEAN NOT NULL DEFAULT FALSE,
  requests BIGINT NOT NULL DEFAULT 0,
  -- Of the whole prompt, cached and written ones included, as our own books count.
  tokens_in BIGINT NOT NULL DEFAULT 0,
  tokens_cached BIGINT NOT NULL DEFAULT 0,
  tokens_cache_write BIGINT NOT NULL DEFAULT 0,
  tokens_out BIGINT NOT NULL DEFAULT 0,
  cost_nano_usd BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (import_id, line_no)
) /*strict*/;
