/** Chats at rest: whose they are, what they are called, which message is shown last, and the settings that they are asked with. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { nameKeyOf } from './name-key.ts';

export interface ChatRecord {
  id: string;
  userId: string;
  title: string | null;
  headId: string | null;
  /** JSON object, as it was stored. */
  settings: string;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface ChatPlace {
  atMs: number;
  id: string;
}

const columns = ['id', 'user_id', 'title', 'head_id', 'settings', 'created_at', 'updated_at'] as const;

interface Row {
  id: string;
  user_id: string;
  title: string | null;
  head_id: string | null;
  settings: string;
  created_at: number;
  updated_at: number;
}

const recordOf = (row: Row): ChatRecord => ({
  id: row.id,
  userId: row.user_id,
  title: row.title,
  headId: row.head_id,
  settings: row.settings,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
});

/** Any text with `words` in it; what LIKE reads as a sign is taken as a character. */
const patternOf = (words: string): string => `%${nameKeyOf(words).replace(/[\\%_]/g, '\\$&')}%`;

/** A person's chats, the last used first. @param page.words of the title or of the person's own questions */
export async function listChats(
  { db }: Database,
  userId: string,
  page: { words: string | null; after: ChatPlace | null; limit: number },
): Promise<ChatRecord[]> {
  let query = db.selectFrom('chats').select(columns).where('user_id', '=', userId);
  if (page.words !== null) {
    const pattern = patternOf(page.words);
    query = query.where((by) =>
      by.or([
        sql<boolean>`title_key LIKE ${pattern} ESCAPE '\\'`,
        by.exists(
          by
            .selectFrom('chat_messages')
            .select(sql<number>`1`.as('one'))
            .whereRef('chat_messages.chat_id', '=', 'chats.id')
            .where(sql<boolean>`chat_messages.content_key LIKE ${pattern} ESCAPE '\\'`),
        ),
      ]),
    );
  }
  if (page.after !== null) {
    const { atMs, id } = page.after;
    query = query.where((by) => by.or([by('updated_at', '<', atMs), by.and([by('updated_at', '=', atMs), by('id', '<', id)])]));
  }
  return (await query.orderBy('updated_at', 'desc').orderBy('id', 'desc').limit(page.limit).execute()).map(recordOf);
}

/** A chat of this person; another one's is as if it were not there. */
export async function chatOf({ db }: Database, userId: string, id: string): Promise<ChatRecord | undefined> {
  const row = await db.selectFrom('chats').select(columns).where('id', '=', id).where('user_id', '=', userId).executeTakeFirst();
  return row && recordOf(row);
}

/** How many chats have chosen a connection. */
export async function chatsOfConnection({ db }: Database, connectionId: string): Promise<number> {
  const row = await db
    .selectFrom('chats')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('connection_id', '=', connectionId)
    .executeTakeFirst();
  return row?.count ?? 0;
}

export const insertChat = ({ db, compile }: Database, chat: ChatRecord, connectionId: string | null): Statement =>
  compile(
    db.insertInto('chats').values({
      id: chat.id,
      user_id: chat.userId,
      title: chat.title,
      title_key: nameKeyOf(chat.title ?? ''),
      head_id: chat.headId,
      connection_id: connectionId,
      settings: chat.settings,
      created_at: chat.createdAtMs,
      updated_at: chat.updatedAtMs,
    }),
  );

export interface ChatChange {
  title?: string;
  headId?: string | null;
  settings?: { json: string; connectionId: string | null };
  /** Moves the chat to the top of the list. */
  usedAtMs?: number;
}

/** Fails the batch as `chat` where it was deleted. */
export const updateChat = ({ db, compile }: Database, id: string, change: ChatChange): Statement =>
  compile(
    db
      .updateTable('chats')
      .set({
        ...(change.title !== undefined && { title: change.title, title_key: nameKeyOf(change.title) }),
        ...(change.headId !== undefined && { head_id: change.headId }),
        ...(change.settings !== undefined && { settings: change.settings.json, connection_id: change.settings.connectionId }),
        ...(change.usedAtMs !== undefined && { updated_at: change.usedAtMs }),
      })
      .where('id', '=', id),
    { expectRows: 1, label: 'chat' },
  );

/** The title that the first question gives; one that somebody chose stays. */
export const titleChat = ({ db, compile }: Database, id: string, title: string): Statement =>
  compile(
    db
      .updateTable('chats')
      .set({ title, title_key: nameKeyOf(title) })
      .where('id', '=', id)
      .where('title', 'is', null),
  );

/** With all its messages, for good. Fails the batch as `chat` where it is gone already. */
export const deleteChat = ({ db, compile }: Database, id: string): Statement =>
  compile(db.deleteFrom('chats').where('id', '=', id), { expectRows: 1, label: 'chat' });
