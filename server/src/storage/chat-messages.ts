/** The messages of chats at rest: questions, and answers that are written down while they arrive. */
import type { MessageState, ThreadNode } from '../domain/chat-thread.ts';
import type { Change } from '../domain/ledger.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { nameKeyOf } from './name-key.ts';

/** What an answer took, and what was done to its request. */
export interface AnswerFacts {
  attempts: number;
  tokensIn: number;
  tokensOut: number;
  tokensReasoning: number;
  isEstimated: boolean;
  costNanoUsd: number | null;
  latencyMs: number | null;
  firstByteMs: number | null;
  finishReason: string | null;
  changed: Change[];
  leftOut: string[];
  isConnectionReplaced: boolean;
}

export interface MessageRecord extends ThreadNode {
  chatId: string;
  content: string;
  reasoning: string | null;
  state: MessageState;
  failure: string | null;
  connectionId: string | null;
  connectionName: string | null;
  provider: string | null;
  model: string | null;
  modelReported: string | null;
  requestId: string | null;
  facts: AnswerFacts | null;
  createdAtMs: number;
  /** When the process that writes the answer last said so. */
  seenAtMs: number;
}

type Row = Awaited<ReturnType<ReturnType<typeof selectMessages>['execute']>>[number];

const selectMessages = ({ db }: Database) => db.selectFrom('chat_messages').selectAll();

const recordOf = (row: Row): MessageRecord => ({
  id: row.id,
  chatId: row.chat_id,
  parentId: row.parent_id,
  role: row.role,
  content: row.content,
  reasoning: row.reasoning,
  state: row.state,
  failure: row.failure,
  connectionId: row.connection_id,
  connectionName: row.connection_name,
  provider: row.provider,
  model: row.model,
  modelReported: row.model_reported,
  requestId: row.request_id,
  facts: row.facts === null ? null : (JSON.parse(row.facts) as AnswerFacts),
  createdAtMs: row.created_at,
  seenAtMs: row.seen_at,
});

/** All messages of a chat without their texts: at most `limit`, the oldest first. */
export async function nodesOf({ db }: Database, chatId: string, limit: number): Promise<ThreadNode[]> {
  const query = db.selectFrom('chat_messages').select(['id', 'parent_id', 'role']).where('chat_id', '=', chatId);
  const rows = await query.orderBy('id').limit(limit).execute();
  return rows.map((row): ThreadNode => ({ id: row.id, parentId: row.parent_id, role: row.role }));
}

/** Parts of one statement; SQLite takes 32 766 parameters. */
const idsMax = 500;

/** Messages by id, in the order of the ids; what is not there is left out. */
export async function messagesByIds(database: Database, ids: readonly string[]): Promise<MessageRecord[]> {
  const found = new Map<string, MessageRecord>();
  for (let at = 0; at < ids.length; at += idsMax) {
    const rows = await selectMessages(database)
      .where('id', 'in', ids.slice(at, at + idsMax))
      .execute();
    for (const row of rows) found.set(row.id, recordOf(row));
  }
  return ids.flatMap((id) => found.get(id) ?? []);
}

export const insertMessage = ({ db, compile }: Database, message: MessageRecord): Statement =>
  compile(
    db.insertInto('chat_messages').values({
      id: message.id,
      chat_id: message.chatId,
      parent_id: message.parentId,
      role: message.role,
      content: message.content,
      content_key: message.role === 'user' ? nameKeyOf(message.content) : null,
      reasoning: message.reasoning,
      state: message.state,
      failure: message.failure,
      connection_id: message.connectionId,
      connection_name: message.connectionName,
      provider: message.provider,
      model: message.model,
      model_reported: message.modelReported,
      request_id: message.requestId,
      facts: message.facts && JSON.stringify(message.facts),
      created_at: message.createdAtMs,
      seen_at: message.seenAtMs,
    }),
  );

/** Fails the batch as `busy` while an answer of the chat is being written: one whose writer spoke up after `sinceMs`. */
export const requireQuiet = ({ db, compile }: Database, chatId: string, sinceMs: number): Statement =>
  compile(
    db
      .selectFrom('chat_messages')
      .select('id')
      .where('chat_id', '=', chatId)
      .where('state', '=', 'streaming')
      .where('seen_at', '>', sinceMs)
      .limit(1),
    { expectRows: 0, label: 'busy' },
  );

/** What has arrived so far, with a sign of life. Fails the batch as `answer` where the chat was deleted meanwhile. */
export const keepPartial = ({ db, compile }: Database, part: Pick<MessageRecord, 'id' | 'content' | 'reasoning' | 'seenAtMs'>): Statement =>
  compile(
    db
      .updateTable('chat_messages')
      .set({ content: part.content, reasoning: part.reasoning, seen_at: part.seenAtMs })
      .where('id', '=', part.id)
      .where('state', '=', 'streaming'),
    { expectRows: 1, label: 'answer' },
  );

/** The answer as it ended. Nothing happens where its chat was deleted. */
export const settleAnswer = ({ db, compile }: Database, answer: MessageRecord): Statement =>
  compile(
    db
      .updateTable('chat_messages')
      .set({
        content: answer.content,
        reasoning: answer.reasoning,
        state: answer.state,
        failure: answer.failure,
        connection_id: answer.connectionId,
        connection_name: answer.connectionName,
        provider: answer.provider,
        model: answer.model,
        model_reported: answer.modelReported,
        facts: answer.facts && JSON.stringify(answer.facts),
        seen_at: answer.seenAtMs,
      })
      .where('id', '=', answer.id),
  );

/** Takes messages out for good. */
export const deleteMessages = ({ db, compile }: Database, chatId: string, ids: readonly string[]): Statement =>
  compile(
    db
      .deleteFrom('chat_messages')
      .where('chat_id', '=', chatId)
      .where('id', 'in', [...ids]),
  );
