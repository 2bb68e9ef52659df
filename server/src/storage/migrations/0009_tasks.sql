-- Tasks: long work with progress, kept so that a reload, another tab or a restart finds it.

CREATE TABLE tasks (
  id UUID PRIMARY KEY,
  kind VARCHAR(60) NOT NULL,
  title VARCHAR(255) NOT NULL DEFAULT '',
  state VARCHAR(20) NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'interrupted')),
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
  -- How often it was begun; a task that brings the server down is not begun for ever.
  attempts INT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  finished_at BIGINT
) /*strict*/;
CREATE INDEX tasks_creator ON tasks (created_by, id);
CREATE INDEX tasks_running ON tasks (seen_at) WHERE state = 'running';
