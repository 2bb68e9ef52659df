-- better-auth's own tables, in the types that it expects on SQLite: text ids, 0/1 for booleans, ISO 8601 texts for times.
-- This is what getMigrations() of better-auth 1.7.7 compiles for the names in storage/accounts.ts, only laid out to be read.
-- Not STRICT, because better-auth declares its columns as "date"; the application's own tables are.
CREATE TABLE users (
  id text NOT NULL PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  email_verified integer NOT NULL,
  image text,
  created_at date NOT NULL,
  updated_at date NOT NULL
);
CREATE TABLE sessions (
  id text NOT NULL PRIMARY KEY,
  expires_at date NOT NULL,
  token text NOT NULL UNIQUE,
  created_at date NOT NULL,
  updated_at date NOT NULL,
  ip_address text,
  user_agent text,
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE accounts (
  id text NOT NULL PRIMARY KEY,
  account_id text NOT NULL,
  provider_id text NOT NULL,
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at date,
  refresh_token_expires_at date,
  scope text,
  password text,
  created_at date NOT NULL,
  updated_at date NOT NULL
);
CREATE TABLE verifications (
  id text NOT NULL PRIMARY KEY,
  identifier text NOT NULL,
  value text NOT NULL,
  expires_at date NOT NULL,
  created_at date NOT NULL,
  updated_at date NOT NULL
);
CREATE TABLE rate_limits (
  id text NOT NULL PRIMARY KEY,
  key text NOT NULL UNIQUE,
  count integer NOT NULL,
  last_request bigint NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX accounts_user_id_idx ON accounts (user_id);
CREATE INDEX verifications_identifier_idx ON verifications (identifier);
