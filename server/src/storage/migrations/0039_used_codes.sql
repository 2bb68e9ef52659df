-- Codes of authenticators that opened a door lately: a code opens once, at every instance and after a restart (RFC 6238, 5.2).

CREATE TABLE used_codes (
  -- Of the person and the code together: neither is read back.
  digest VARCHAR(64) PRIMARY KEY,
  used_at BIGINT NOT NULL
) /*strict*/;
CREATE INDEX used_codes_age ON used_codes (used_at);
