-- The audit log as a chain: each entry has a number and a hash over the entry before it, under a key that only the vault opens.
-- Entries from before this file have neither; the first start after it seals them as they are with the first anchor.

ALTER TABLE audit_entries ADD COLUMN seq BIGINT;
ALTER TABLE audit_entries ADD COLUMN hash VARCHAR(64);
-- From the arrival of the request to the writing of the entry.
ALTER TABLE audit_entries ADD COLUMN duration_ms BIGINT;
CREATE UNIQUE INDEX audit_entries_seq ON audit_entries (seq);
CREATE INDEX audit_entries_owner ON audit_entries (owner_id, at);
CREATE INDEX audit_entries_request ON audit_entries (request_id) WHERE request_id IS NOT NULL;

-- One row. Who writes an entry raises it from the head it knows, so that two instances cannot continue the same link.
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq BIGINT NOT NULL,
  hash VARCHAR(64) NOT NULL,
  -- Null until the first anchor is written; entries without a hash are refused from then on.
  opened_at BIGINT
) /*strict*/;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

-- Where the chain stood at a moment, under a MAC of its own, so that a cut tail shows. `entries` counts what the anchor covers.
CREATE TABLE audit_anchors (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  at BIGINT NOT NULL,
  kind VARCHAR(20) NOT NULL CHECK (kind IN ('opened', 'hourly', 'shutdown', 'retention')),
  seq BIGINT NOT NULL,
  hash VARCHAR(64) NOT NULL,
  entries BIGINT NOT NULL,
  mac VARCHAR(64) NOT NULL
) /*strict*/;
CREATE INDEX audit_anchors_at ON audit_anchors (at, id);
CREATE INDEX audit_anchors_seq ON audit_anchors (kind, seq);

-- The key of the chain, sealed by the vault. A change of the master key seals it anew and leaves the chain whole.
CREATE TABLE audit_keys (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sealed_key TEXT NOT NULL,
  created_at BIGINT NOT NULL
) /*strict*/;

-- Every state that a configuration object ever had, never a secret. NULL as the state is a deletion.
CREATE TABLE object_revisions (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  subject_type VARCHAR(40) NOT NULL,
  subject_id VARCHAR(255) NOT NULL,
  revision BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor_id UUID,
  actor_name TEXT NOT NULL,
  action VARCHAR(60) NOT NULL,
  subject_name TEXT,
  scope VARCHAR(20),
  owner_id UUID,
  state TEXT
) /*strict*/;
CREATE UNIQUE INDEX object_revisions_subject ON object_revisions (subject_type, subject_id, revision);

-- The log only grows. What retention may take is what an anchor of its own covers; the prefix without numbers counts as 0.
CREATE TRIGGER audit_entries_unchanged BEFORE UPDATE ON audit_entries BEGIN
  SELECT RAISE(ABORT, 'audit entries are never changed');
END;
CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries
WHEN NOT EXISTS (SELECT 1 FROM audit_anchors WHERE kind = 'retention' AND seq >= COALESCE(OLD.seq, 0)) BEGIN
  SELECT RAISE(ABORT, 'audit entries go only by retention, behind an anchor');
END;
CREATE TRIGGER audit_entries_linked BEFORE INSERT ON audit_entries
WHEN NEW.hash IS NULL AND EXISTS (SELECT 1 FROM audit_head WHERE opened_at IS NOT NULL) BEGIN
  SELECT RAISE(ABORT, 'audit entries are written through the chain');
END;
CREATE TRIGGER audit_anchors_unchanged BEFORE UPDATE ON audit_anchors BEGIN
  SELECT RAISE(ABORT, 'audit anchors are never changed');
END;
