/** The sealed values of alerting, for a rotation: secrets of channels, and the password of the mail server. */
import type { AlertChannel } from '../domain/alert.ts';
import { mailServer } from './alert-channels.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface SealedChannel {
  channel: Pick<AlertChannel, 'id' | 'owner' | 'kind' | 'origin'>;
  box: string;
}

/** Channels with a secret after a cursor, in the order of ids. */
export async function sealedChannelsAfter({ db }: Database, afterId: string, limit: number): Promise<SealedChannel[]> {
  const rows = await db
    .selectFrom('alert_channels')
    .select(['id', 'scope', 'owner_id', 'kind', 'origin', 'secret_encrypted'])
    .where('secret_encrypted', 'is not', null)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id, scope, owner_id: ownerId, kind, origin, secret_encrypted: box }) => ({
    channel: { id, owner: { scope, id: ownerId }, kind, origin },
    box: box ?? '',
  }));
}

/** Puts a new box in the place of exactly the old one. */
export const resealChannelStep = ({ db, compile }: Database, id: string, before: string, after: string): Statement =>
  compile(
    db
      .updateTable('alert_channels')
      .set({ secret_encrypted: after, revision: thisRevision })
      .where('id', '=', id)
      .where('secret_encrypted', '=', before),
  );

/** The mail server's password with what it is bound to; null where there is none. */
export async function sealedMail(database: Database): Promise<{ organizationId: string; host: string; port: number; box: string } | null> {
  const stored = await mailServer(database);
  const row = await database.db.selectFrom('mail_servers').select('id').where('deleted_at', 'is', null).executeTakeFirst();
  if (!stored || !row || stored.sealed === null) return null;
  return { organizationId: row.id, host: stored.server.host, port: stored.server.port, box: stored.sealed };
}

/** Puts a new box in the place of exactly the old one. */
export const resealMailStep = ({ db, compile }: Database, before: string, after: string): Statement =>
  compile(
    db.updateTable('mail_servers').set({ password_encrypted: after, revision: thisRevision }).where('password_encrypted', '=', before),
  );
