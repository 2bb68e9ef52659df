/** Personal tokens at rest: a SHA-256 of each, never the token. Revoked ones stay as rows, so that other instances hear of it. */
import { endedShownMs, type PersonalToken } from '../domain/access-key.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { tokenOfRow } from './snapshot.ts';

const columns = ['id', 'user_id', 'name', 'last4', 'expires_at', 'revoked_at', 'created_at'] as const;

/** A person's tokens that are not revoked and did not expire long ago, newest first; `withEnded` also those revoked within that time. */
export async function listTokens(
  { db }: Database,
  userId: string,
  page: { cursor?: string; limit: number; withEnded?: boolean },
  nowMs: number,
): Promise<PersonalToken[]> {
  const sinceMs = nowMs - endedShownMs;
  let query = db
    .selectFrom('personal_tokens')
    .select(columns)
    .where('user_id', '=', userId)
    .where((by) => by.or([by('expires_at', 'is', null), by('expires_at', '>', sinceMs)]));
  query = page.withEnded
    ? query.where((by) => by.or([by('revoked_at', 'is', null), by('revoked_at', '>', sinceMs)]))
    : query.where('revoked_at', 'is', null);
  if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
  return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(tokenOfRow);
}

/** Revoked ones too. */
export async function tokenByHash({ db }: Database, hash: string): Promise<PersonalToken | undefined> {
  const row = await db.selectFrom('personal_tokens').select(columns).where('hash', '=', hash).executeTakeFirst();
  return row && tokenOfRow(row);
}

export async function liveTokenOf({ db }: Database, userId: string, id: string): Promise<PersonalToken | undefined> {
  const query = db.selectFrom('personal_tokens').select(columns).where('id', '=', id).where('user_id', '=', userId);
  const row = await query.where('revoked_at', 'is', null).executeTakeFirst();
  return row && tokenOfRow(row);
}

export const insertToken = ({ db, compile }: Database, token: PersonalToken, hash: string): Statement =>
  compile(
    db.insertInto('personal_tokens').values({
      id: token.id,
      user_id: token.userId,
      name: token.name,
      hash,
      last4: token.last4,
      expires_at: token.expiresAtMs,
      created_at: token.createdAtMs,
      revision: thisRevision,
    }),
  );

/** It fails the batch as `token` where it is revoked already. */
export const revokeToken = ({ db, compile }: Database, id: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('personal_tokens')
      .set({ revoked_at: nowMs, revision: thisRevision })
      .where('id', '=', id)
      .where('revoked_at', 'is', null),
    { expectRows: 1, label: 'token' },
  );
