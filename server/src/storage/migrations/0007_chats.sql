-- Chats: a person's conversations, each a tree of messages of which one path is shown.

CREATE TABLE chats (
  id UUID PRIMARY KEY,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Null until the first question.
  title VARCHAR(200),
  -- The title as it is searched, lower-cased by the application: SQLite folds ASCII only.
  title_key TEXT NOT NULL DEFAULT '',
  -- The last message of the path that is shown.
  head_id UUID,
  -- No reference: a chat outlives its connection.
  connection_id UUID,
  -- JSON object.
  settings TEXT NOT NULL DEFAULT '{}',
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) /*strict*/;
CREATE INDEX chats_user ON chats (user_id, updated_at, id);
CREATE INDEX chats_connection ON chats (connection_id) WHERE connection_id IS NOT NULL;

CREATE TABLE chat_messages (
  id UUID PRIMARY KEY,
  chat_id UUID NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  -- Versions of one message have the same parent; null is the beginning.
  parent_id UUID,
  role VARCHAR(20) NOT NULL CHECK (role IN ('user', 'assistant')),
  content TEXT NOT NULL,
  -- What of it is searched: questions only.
  content_key TEXT,
  reasoning TEXT,
  state VARCHAR(20) NOT NULL CHECK (state IN ('complete', 'streaming', 'stopped', 'interrupted', 'failed')),
  -- A fault of the provider or a refusal of the house.
  failure VARCHAR(60),
  connection_id UUID,
  -- As it was: the connection may be renamed or deleted.
  connection_name VARCHAR(255),
  provider VARCHAR(100),
  model VARCHAR(255),
  model_reported TEXT,
  request_id UUID,
  -- JSON object: tokens, cost, times, what was changed and what was left out.
  facts TEXT,
  created_at BIGINT NOT NULL,
  -- When the process that writes the answer last said so.
  seen_at BIGINT NOT NULL
) /*strict*/;
CREATE INDEX chat_messages_chat ON chat_messages (chat_id, id);
