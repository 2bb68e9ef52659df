-- Files that tasks write for people: each in packed pieces, kept for a few days, with the place up to which it is written.

CREATE TABLE exports (
  -- The task that writes it. No reference: tasks go in chunks of many, and a file goes piece by piece.
  task_id UUID PRIMARY KEY,
  created_by UUID NOT NULL,
  -- The last row that is in a piece; null before the first.
  place VARCHAR(60),
  row_count BIGINT NOT NULL DEFAULT 0,
  piece_count BIGINT NOT NULL DEFAULT 0,
  packed_bytes BIGINT NOT NULL DEFAULT 0,
  is_whole BOOLEAN NOT NULL DEFAULT FALSE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) /*strict*/;
CREATE INDEX exports_expiry ON exports (expires_at);

CREATE TABLE export_pieces (
  task_id UUID NOT NULL REFERENCES exports (task_id),
  piece_no BIGINT NOT NULL,
  -- Some lines of the file, deflated.
  packed BYTEA NOT NULL,
  PRIMARY KEY (task_id, piece_no)
) /*strict*/;
