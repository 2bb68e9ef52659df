-- Policies by level, and what they found. A lower level adds to the ones above it.

CREATE TABLE policies (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  -- Fixed after creation.
  level VARCHAR(20) NOT NULL CHECK (level IN ('organization', 'workspace', 'repository')),
  workspace_id UUID REFERENCES workspaces (id),
  repository_id UUID REFERENCES repositories (id),
  name VARCHAR(255) NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  content TEXT NOT NULL DEFAULT '',
  risk VARCHAR(10) NOT NULL CHECK (risk IN ('LOW', 'MEDIUM', 'HIGH')),
  -- 0 log, 1 alert, 2 block, 3 redact.
  action BIGINT NOT NULL CHECK (action BETWEEN 0 AND 3),
  -- Which side of a request it reads.
  side VARCHAR(10) NOT NULL DEFAULT 'both' CHECK (side IN ('both', 'prompt', 'answer')),
  -- JSON object of the deterministic rules.
  rules TEXT NOT NULL DEFAULT '{}',
  judge_connection_id UUID,
  judge_model VARCHAR(255),
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_by UUID,
  updated_by UUID,
  created_at BIGINT NOT NULL DEFAULT default_now_ms(),
  updated_at BIGINT NOT NULL DEFAULT default_now_ms(),
  deleted_at BIGINT,
  revision BIGINT NOT NULL DEFAULT 0,
  CHECK ((level = 'organization') = (workspace_id IS NULL)),
  CHECK ((level = 'repository') = (repository_id IS NOT NULL))
) /*strict*/;
CREATE INDEX policies_scope ON policies (workspace_id, repository_id);
CREATE INDEX policies_revision ON policies (revision);

-- One row per policy, request and side. Nothing of the text beyond masked excerpts.
CREATE TABLE policy_violations (
  at BIGINT NOT NULL,
  id UUID NOT NULL,
  policy_id UUID NOT NULL,
  -- As it was.
  policy_name VARCHAR(255) NOT NULL,
  action BIGINT NOT NULL,
  is_blocked BOOLEAN NOT NULL,
  severity VARCHAR(10) NOT NULL,
  stage VARCHAR(10) NOT NULL CHECK (stage IN ('prompt', 'answer')),
  -- JSON list: which rule, which of its names, how often, masked.
  facts TEXT NOT NULL,
  request_id UUID NOT NULL,
  workspace_id UUID,
  repository_id UUID,
  access_key_id UUID,
  user_id UUID,
  connection_id UUID,
  provider VARCHAR(100),
  model VARCHAR(255),
  host VARCHAR(255),
  PRIMARY KEY (at, id)
) /*strict*/;
CREATE INDEX policy_violations_policy ON policy_violations (policy_id, at);
CREATE INDEX policy_violations_workspace ON policy_violations (workspace_id, at);
CREATE INDEX policy_violations_repository ON policy_violations (repository_id, at);
CREATE INDEX policy_violations_connection ON policy_violations (connection_id, at);
CREATE INDEX policy_violations_request ON policy_violations (request_id);
