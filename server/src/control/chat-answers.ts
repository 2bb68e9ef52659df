/** From a question to a stored answer: what is asked with which history, and the row that the answer is written into. */
import type { ChatSettings } from '@patchbay/contract/chats';
import {
  aliveMs,
  fitHistory,
  messagesMax,
  pathTo,
  titleOf,
  type FittedHistory,
  type HistoryMessage,
  type Thread,
} from '../domain/chat-thread.ts';
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import { pause } from '../lib/clock.ts';
import { titleChat, updateChat } from '../storage/chats.ts';
import {
  insertMessage,
  keepPartial,
  messagesByIds,
  requireQuiet,
  settleAnswer,
  type AnswerFacts,
  type MessageRecord,
} from '../storage/chat-messages.ts';
import { StaleWrite } from '../storage/errors.ts';
import { messageOf } from './chat-message.ts';
import { busy, isUsable, threadOfChat, type ChatView } from './chats.ts';
import type { ControlDeps } from './deps.ts';
import { notFound, refusing } from './stale.ts';

export interface Asked {
  content?: string;
  /** Another version of this question. */
  replaces?: string;
  /** Another answer in place of this one. */
  again?: string;
}

/** A question with everything before it, ready to be sent. */
export interface Question {
  chat: ChatView;
  /** The stored question, or the one to be stored. */
  question: MessageRecord;
  isNew: boolean;
  /** Everything up to the question, oldest first, without answers that have no text. */
  history: HistoryMessage[];
  /** What to ask with: without a connection that is gone, and without the model that belonged to it. */
  settings: ChatSettings;
  isConnectionReplaced: boolean;
}

/** The message that the request speaks of, in the role that it must have. */
function nodeIn(thread: Thread, id: string, role: 'user' | 'assistant'): { id: string; parentId: string | null } {
  const node = thread.byId.get(id);
  if (node?.role !== role) throw notFound();
  return node;
}

/** Reads the path to the question. @throws Refusal NOT_FOUND for a message that is none of the chat's, CHAT_FULL */
export async function prepareQuestion(deps: ControlDeps, actor: Actor, chat: ChatView, asked: Asked): Promise<Question> {
  const thread = await threadOfChat(deps, chat.id);
  if (thread.byId.size + 2 > messagesMax) throw new Refusal('CHAT_FULL', { values: { count: messagesMax } });
  const questionId = asked.again === undefined ? null : nodeIn(thread, asked.again, 'assistant').parentId;
  if (asked.again !== undefined && questionId === null) throw notFound();
  const parentId =
    questionId !== null
      ? null
      : asked.replaces === undefined
        ? tailOf(thread, chat.headId)
        : nodeIn(thread, asked.replaces, 'user').parentId;
  const before = await messagesByIds(
    deps.database,
    pathTo(thread, questionId ?? parentId).map(({ id }) => id),
  );
  const found = questionId === null ? undefined : before.at(-1);
  if (questionId !== null && found?.role !== 'user') throw notFound();
  const question = found ?? messageOf(deps, chat.id, parentId, { role: 'user', content: asked.content ?? '', state: 'complete' });
  const isNew = found === undefined;
  const history = [...before, ...(isNew ? [question] : [])].filter(({ content }) => content.trim() !== '');
  const isGone = chat.settings.connectionId !== null && !isUsable(deps, actor, chat.settings.connectionId);
  const settings = isGone ? { ...chat.settings, connectionId: null, model: null } : chat.settings;
  return { chat, question, isNew, history, settings, isConnectionReplaced: isGone };
}

/** Where a new question goes: after what is shown. */
const tailOf = (thread: Thread, headId: string | null): string | null => (headId !== null && thread.byId.has(headId) ? headId : null);

/** What of the history is sent; what is left out is told in the answer. */
export const historyFor = (question: Question, charsMax: number): FittedHistory =>
  fitHistory(question.history, Math.max(0, charsMax - (question.settings.systemPrompt?.length ?? 0)));

export const noFacts = (leftOut: string[], isConnectionReplaced: boolean): AnswerFacts => ({
  attempts: 0,
  tokensIn: 0,
  tokensOut: 0,
  tokensReasoning: 0,
  isEstimated: false,
  costNanoUsd: null,
  latencyMs: null,
  firstByteMs: null,
  finishReason: null,
  changed: [],
  leftOut,
  isConnectionReplaced,
});

/** Stores the question and the empty answer together, before anybody is asked. @throws Refusal CHAT_BUSY, NOT_FOUND */
export async function beginAnswer(deps: ControlDeps, question: Question, requestId: string, leftOut: string[]): Promise<MessageRecord> {
  const { database } = deps;
  const chatId = question.chat.id;
  const answer: MessageRecord = {
    ...messageOf(deps, chatId, question.question.id, { role: 'assistant', content: '', state: 'streaming' }),
    requestId,
    facts: noFacts(leftOut, question.isConnectionReplaced),
  };
  const title = question.chat.title === null ? titleOf(question.question.content) : null;
  const write = database.driver.write([
    // First, so that two questions to one chat come one after the other: its row is theirs until they are kept.
    updateChat(database, chatId, { headId: answer.id, usedAtMs: answer.createdAtMs }),
    requireQuiet(database, chatId, answer.createdAtMs - aliveMs),
    ...(question.isNew ? [insertMessage(database, question.question)] : []),
    insertMessage(database, answer),
    ...(title === null ? [] : [titleChat(database, chatId, title)]),
  ]);
  await refusing(write, { chat: notFound, busy });
  return answer;
}

/** Keeps what has arrived. `false` where the answer has no place any more, because its chat was deleted. */
export async function keepAnswer(deps: ControlDeps, part: Pick<MessageRecord, 'id' | 'content' | 'reasoning'>): Promise<boolean> {
  try {
    await deps.database.driver.write([keepPartial(deps.database, { ...part, seenAtMs: deps.clock.nowMs() })]);
    return true;
  } catch (error) {
    if (error instanceof StaleWrite) return false;
    // A database that is away for a moment loses nothing: the next time, or the end, writes all of it.
    deps.log.warn({ err: error, messageId: part.id }, 'a part of an answer could not be kept; tried again');
    return true;
  }
}

const settleTriesMax = 4;
const settlePauseMs = 500;

/** Writes the answer as it ended. A database that is away is waited for a moment; then what was kept before stands as interrupted. */
export async function endAnswer(deps: ControlDeps, answer: MessageRecord): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await deps.database.driver.write([settleAnswer(deps.database, { ...answer, seenAtMs: deps.clock.nowMs() })]);
      return;
    } catch (error) {
      if (tried < settleTriesMax) {
        await pause(deps.clock, settlePauseMs * tried);
        continue;
      }
      deps.log.error({ err: error, messageId: answer.id }, 'an answer could not be stored as it ended');
      return;
    }
  }
}
