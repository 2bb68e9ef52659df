/** What a request left in the audit log. */
import type { House, Reply } from './house.ts';

/** The deeds that stand there under the id of the answer. */
export async function deedsOf(house: Pick<House, 'database'>, reply: Pick<Reply, 'headers'>): Promise<string[]> {
  const sql = 'SELECT action FROM audit_entries WHERE request_id = $1 ORDER BY seq';
  const rows = await house.database.driver.rows<{ action: string }>({ sql, params: [reply.headers.get('x-request-id')] });
  return rows.map(({ action }) => action);
}
