/** Kept contents at rest: sealed texts and what they are bound to. What is in them nobody knows here. */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface CapturedRow {
  requestId: string;
  atMs: number;
  expiresAtMs: number;
  workspaceId: string;
  userId: string | null;
  dataKeySealed: string;
  /** JSON as it was given. */
  factsJson: string;
  request: string | null;
  answer: string | null;
}

const columns = ['request_id', 'at', 'expires_at', 'workspace_id', 'user_id', 'data_key_sealed', 'facts', 'request', 'answer'] as const;

/** Writes a few; one that was written before changes nothing. */
export async function insertCaptured({ driver }: Database, rows: readonly CapturedRow[]): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map((row) => [
    row.requestId,
    row.atMs,
    row.expiresAtMs,
    row.workspaceId,
    row.userId,
    row.dataKeySealed,
    row.factsJson,
    row.request,
    row.answer,
  ]);
  await driver.write([{ insertInto: 'captured_bodies', columns, rows: values, onConflict: '(request_id) DO NOTHING' }]);
}

/** What is over is gone, whether or not it was swept away yet. */
export async function findCaptured({ db }: Database, requestId: string, nowMs: number): Promise<CapturedRow | undefined> {
  const row = await db
    .selectFrom('captured_bodies')
    .selectAll()
    .where('request_id', '=', requestId)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst();
  return (
    row && {
      requestId: row.request_id,
      atMs: row.at,
      expiresAtMs: row.expires_at,
      workspaceId: row.workspace_id,
      userId: row.user_id,
      dataKeySealed: row.data_key_sealed,
      factsJson: row.facts,
      request: row.request,
      answer: row.answer,
    }
  );
}

/** All that a workspace has kept, for good. */
export const forgetCaptured = ({ db, compile }: Database, workspaceId: string): Statement =>
  compile(db.deleteFrom('captured_bodies').where('workspace_id', '=', workspaceId));

/** All that is kept of a person's requests, for good. */
export const forgetCapturedOf = ({ db, compile }: Database, userId: string): Statement =>
  compile(db.deleteFrom('captured_bodies').where('user_id', '=', userId));

/** Contents may be kept for a shorter time than before: what is there already follows. */
export function shortenCaptured({ db, compile }: Database, workspaceId: string, keptMs: number): Statement {
  return compile(
    db
      .updateTable('captured_bodies')
      .set((by) => ({ expires_at: by('at', '+', keptMs) }))
      .where('workspace_id', '=', workspaceId)
      .where((by) => by('expires_at', '>', by('at', '+', keptMs))),
  );
}

export interface SealedKeyRow {
  requestId: string;
  workspaceId: string;
  dataKeySealed: string;
}

/** A page of sealed keys in the order of ids, for a rotation. */
export async function sealedKeysAfter({ db }: Database, afterId: string, limit: number): Promise<SealedKeyRow[]> {
  const rows = await db
    .selectFrom('captured_bodies')
    .select(['request_id', 'workspace_id', 'data_key_sealed'])
    .where('request_id', '>', afterId)
    .orderBy('request_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ requestId: row.request_id, workspaceId: row.workspace_id, dataKeySealed: row.data_key_sealed }));
}

/** Puts a key that was sealed anew in the place of exactly the old one. */
export const resealCapturedStep = ({ db, compile }: Database, requestId: string, before: string, after: string): Statement =>
  compile(
    db
      .updateTable('captured_bodies')
      .set({ data_key_sealed: after })
      .where('request_id', '=', requestId)
      .where('data_key_sealed', '=', before),
  );
