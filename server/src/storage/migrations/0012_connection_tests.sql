-- What the last tests of each connection found, and a way to its last failures.

CREATE TABLE connection_tests (
  id UUID PRIMARY KEY DEFAULT default_uuid(),
  connection_id UUID NOT NULL REFERENCES ai_configurations (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  user_id UUID NOT NULL,
  -- JSON as in ai_configurations.test_result, without anything secret.
  result TEXT NOT NULL
) /*strict*/;
CREATE INDEX connection_tests_at ON connection_tests (connection_id, at);

-- Failures are few, so the books pay little for finding them: also those that another provider made good.
CREATE INDEX usage_events_failed ON usage_events (connection_id, at) WHERE reason IS NOT NULL AND state IN ('settled', 'partial');
