/** What was asked in the last minute by the books: a start begins its windows with it, so that a restart is no new minute. */
import type { Database } from './database.ts';

export interface RecentAttempt {
  atMs: number;
  requestId: string;
  accessKeyId: string | null;
  userId: string | null;
  workspaceId: string | null;
  connectionId: string | null;
  routingGroupId: string | null;
  tokens: number;
}

/** A minute of one instance holds fewer. */
const attemptsMax = 200_000;

/** Attempts since a moment, oldest first; refused requests and answers from the cache are none. */
export async function recentAttempts({ driver }: Database, sinceMs: number): Promise<RecentAttempt[]> {
  const rows = await driver.rows<{
    at: number;
    request_id: string;
    access_key_id: string | null;
    user_id: string | null;
    workspace_id: string | null;
    connection_id: string | null;
    routing_group_id: string | null;
    tokens: number;
  }>(
    {
      sql: `SELECT at, CAST(request_id AS TEXT) AS request_id, CAST(access_key_id AS TEXT) AS access_key_id, CAST(user_id AS TEXT) AS user_id,
        CAST(workspace_id AS TEXT) AS workspace_id, CAST(connection_id AS TEXT) AS connection_id,
        CAST(routing_group_id AS TEXT) AS routing_group_id, tokens_in + tokens_out AS tokens
        FROM usage_events WHERE at > $1 AND attempt_no > 0 AND purpose IN ('completion', 'chat') ORDER BY at, attempt_no LIMIT ${attemptsMax}`,
      params: [sinceMs],
    },
    'analytics',
  );
  return rows.map((row) => ({
    atMs: row.at,
    requestId: row.request_id,
    accessKeyId: row.access_key_id,
    userId: row.user_id,
    workspaceId: row.workspace_id,
    connectionId: row.connection_id,
    routingGroupId: row.routing_group_id,
    tokens: row.tokens,
  }));
}
