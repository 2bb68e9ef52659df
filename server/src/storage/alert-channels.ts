/** Alert channels and the mail server as rows: reading them, and the statements that change them. */
import type { Selectable } from 'kysely';
import type { AlertChannel, ChannelSettings, MailServer } from '../domain/alert.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import type { AlertSchema } from './schema-alerts.ts';

/** One owner has a handful. */
export const channelsMax = 50;

type ChannelRow = Selectable<AlertSchema['alert_channels']>;
type MailRow = Selectable<AlertSchema['mail_servers']>;

/** The JSON column is written by the house alone. */
export const channelOfRow = (row: ChannelRow): AlertChannel => ({
  id: row.id,
  owner: { scope: row.scope, id: row.owner_id },
  name: row.name,
  kind: row.kind,
  settings: JSON.parse(row.settings) as ChannelSettings,
  origin: row.origin,
  hasSecret: row.secret_encrypted !== null,
  language: row.language === 'id' ? 'id' : 'en',
  timeZone: row.time_zone,
  trust: row.trust,
  isActive: row.is_active,
  createdBy: row.created_by,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  revision: row.revision,
});

export const mailOfRow = (row: MailRow): MailServer => ({
  host: row.host,
  port: row.port,
  security: row.security,
  username: row.username,
  hasPassword: row.password_encrypted !== null,
  sender: row.sender,
  trust: row.trust,
  updatedAtMs: row.updated_at,
  revision: row.revision,
});

export interface StoredChannel {
  channel: AlertChannel;
  sealed: string | null;
}

/** One that is not deleted. */
export async function channelById({ db }: Database, id: string): Promise<StoredChannel | undefined> {
  const row = await db.selectFrom('alert_channels').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row && { channel: channelOfRow(row), sealed: row.secret_encrypted };
}

const columnsOf = ({ channel, sealed }: StoredChannel) => ({
  name: channel.name,
  settings: JSON.stringify(channel.settings),
  origin: channel.origin,
  secret_encrypted: sealed,
  language: channel.language,
  time_zone: channel.timeZone,
  trust: channel.trust,
  is_active: channel.isActive,
  updated_at: channel.updatedAtMs,
  revision: thisRevision,
});

export const insertChannel = ({ db, compile }: Database, stored: StoredChannel): Statement =>
  compile(
    db.insertInto('alert_channels').values({
      id: stored.channel.id,
      scope: stored.channel.owner.scope,
      owner_id: stored.channel.owner.id,
      kind: stored.channel.kind,
      created_by: stored.channel.createdBy,
      created_at: stored.channel.createdAtMs,
      ...columnsOf(stored),
    }),
  );

/** Label of a step that met a channel which was changed or deleted since it was read. */
export const staleChannel = 'alert_channel';

/** Kind and owner stay. Fails as `alert_channel` where it has another revision than it was read with. */
export const updateChannel = ({ db, compile }: Database, stored: StoredChannel, readRevision: number): Statement =>
  compile(
    db
      .updateTable('alert_channels')
      .set(columnsOf(stored))
      .where('id', '=', stored.channel.id)
      .where('revision', '=', readRevision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleChannel },
  );

/** The row stays for what was delivered, without its secret. */
export const deleteChannel = ({ db, compile }: Database, id: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('alert_channels')
      .set({ secret_encrypted: null, is_active: false, deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('id', '=', id)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleChannel },
  );

export interface StoredMail {
  server: MailServer;
  sealed: string | null;
}

/** The installation's mail server, where one is set. */
export async function mailServer({ db }: Database): Promise<StoredMail | undefined> {
  const row = await db.selectFrom('mail_servers').selectAll().where('deleted_at', 'is', null).executeTakeFirst();
  return row && { server: mailOfRow(row), sealed: row.password_encrypted };
}

/** Label of a step that met a mail server which was changed since it was read. */
export const staleMail = 'mail_server';

/** Sets it, the first time or anew. Fails as `mail_server` where it has another revision than it was read with. */
export const putMail = (
  { db, compile }: Database,
  organizationId: string,
  { server, sealed }: StoredMail,
  updatedBy: string,
  readRevision: number | null,
): Statement => {
  const columns = {
    host: server.host,
    port: server.port,
    security: server.security,
    username: server.username,
    password_encrypted: sealed,
    sender: server.sender,
    trust: server.trust,
    updated_by: updatedBy,
    updated_at: server.updatedAtMs,
    deleted_at: null,
    revision: thisRevision,
  };
  const insert = db.insertInto('mail_servers').values({ id: organizationId, ...columns });
  const written = insert.onConflict((on) =>
    on
      .column('id')
      .doUpdateSet(columns)
      .where((row) =>
        readRevision === null ? row('mail_servers.deleted_at', 'is not', null) : row('mail_servers.revision', '=', readRevision),
      ),
  );
  return compile(written, { expectRows: 1, label: staleMail });
};

export const deleteMail = ({ db, compile }: Database, nowMs: number): Statement =>
  compile(
    db
      .updateTable('mail_servers')
      .set({ password_encrypted: null, deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleMail },
  );
