/** Chats of one person: found, made, renamed, looked through, deleted for good. Another person's chat is as if it did not exist. */
import { chatSettings, type ChatSettings } from '@patchbay/contract/chats';
import {
  aliveMs,
  branchOf,
  headWithout,
  messagesMax,
  newestLeaf,
  pathTo,
  stateAt,
  threadOf,
  titleOf,
  versionsOf,
  type Thread,
} from '../domain/chat-thread.ts';
import { usableOwners } from '../domain/connection-rules.ts';
import { Refusal } from '../domain/errors.ts';
import type { Actor, Owner } from '../domain/owner.ts';
import { allowsRole, type UseCase } from '../domain/use-case.ts';
import { isUuid } from '../lib/ids.ts';
import { chatOf, deleteChat as deleteStored, insertChat, listChats as listStored, updateChat, type ChatRecord } from '../storage/chats.ts';
import { deleteMessages, insertMessage, messagesByIds, nodesOf, requireQuiet, type MessageRecord } from '../storage/chat-messages.ts';
import { readCursor, writeCursor } from '../storage/requests.ts';
import { fieldFault } from './connection-input.ts';
import { messageOf } from './chat-message.ts';
import type { ControlDeps } from './deps.ts';
import { notFound, refusing } from './stale.ts';

export interface ChatView extends Omit<ChatRecord, 'settings'> {
  settings: ChatSettings;
  isConnectionGone: boolean;
  isUseCaseGone: boolean;
}

export interface MessageView extends MessageRecord {
  versions: string[];
}

/** Owners whose connections a chat of this person may use, nearest first; from memory, so that no database stands in the way. */
export const chatOwners = (actor: Actor): Owner[] => usableOwners(actor, [...actor.workspaces.keys()]);

const noSettings = (): ChatSettings => chatSettings.parse({});

/** What was stored by an earlier version may lack fields, which then say nothing. */
function settingsOf(json: string): ChatSettings {
  const read = chatSettings.safeParse(JSON.parse(json));
  return read.success ? read.data : noSettings();
}

/** Whether a connection is still there and still this person's to use. */
export function isUsable(deps: Pick<ControlDeps, 'keeper'>, actor: Actor, connectionId: string): boolean {
  const owner = deps.keeper.snapshot.connections.get(connectionId)?.owner;
  return owner !== undefined && chatOwners(actor).some(({ scope, id }) => scope === owner.scope && id === owner.id);
}

function viewOf(deps: ControlDeps, actor: Actor, record: ChatRecord): ChatView {
  const settings = settingsOf(record.settings);
  return {
    ...record,
    settings,
    isConnectionGone: settings.connectionId !== null && !isUsable(deps, actor, settings.connectionId),
    isUseCaseGone: settings.useCaseId !== null && chosenUseCase(deps, actor, settings.useCaseId) === undefined,
  };
}

/** The use case behind an id, as long as this person may use it; undefined for one that is gone, switched off or for other roles. */
export function chosenUseCase({ keeper }: Pick<ControlDeps, 'keeper'>, actor: Actor, id: string): UseCase | undefined {
  const useCase = keeper.snapshot.useCases.byId.get(id);
  return useCase?.isActive && allowsRole(useCase, actor.role) ? useCase : undefined;
}

const stored = (settings: ChatSettings): { json: string; connectionId: string | null } => ({
  json: JSON.stringify(settings),
  connectionId: settings.connectionId,
});

/** The last used first. @throws Refusal VALIDATION_ERROR for a text that is no cursor */
export async function listChats(
  deps: ControlDeps,
  actor: Actor,
  page: { q?: string; cursor?: string; limit: number },
): Promise<{ rows: ChatRecord[]; nextCursor: string | null }> {
  const after = page.cursor === undefined ? null : readCursor(page.cursor);
  if (page.cursor !== undefined && !after) throw fieldFault('cursor', 'invalid_cursor', 'not a cursor of this list');
  const words = page.q === undefined || page.q === '' ? null : page.q;
  const rows = await listStored(deps.database, actor.userId, { words, after, limit: page.limit });
  const last = rows.length < page.limit ? undefined : rows.at(-1);
  return { rows, nextCursor: last ? writeCursor({ atMs: last.updatedAtMs, id: last.id }) : null };
}

/** @throws Refusal NOT_FOUND, also for another person's */
export async function showChat(deps: ControlDeps, actor: Actor, id: string): Promise<ChatView> {
  const record = isUuid(id) ? await chatOf(deps.database, actor.userId, id) : undefined;
  if (!record) throw notFound();
  return viewOf(deps, actor, record);
}

/** A connection is chosen only by those who may use it. */
function checkChoice(deps: ControlDeps, actor: Actor, settings: ChatSettings | undefined, before: ChatSettings | null): void {
  const id = settings?.connectionId ?? null;
  const useCaseId = settings?.useCaseId ?? null;
  if (useCaseId !== null && (id !== null || (settings?.model ?? null) !== null))
    throw fieldFault('settings.useCaseId', 'excluded', 'a use case brings its own connection and model');
  if (useCaseId !== null && useCaseId !== before?.useCaseId && chosenUseCase(deps, actor, useCaseId) === undefined)
    throw fieldFault('settings.useCaseId', 'unknown_use_case', 'no use case that you may use');
  // One that was chosen before and is gone since may stay named: the page says so.
  if (id !== null && id !== before?.connectionId && !isUsable(deps, actor, id))
    throw fieldFault('settings.connectionId', 'unknown_connection', 'no connection that you may use');
}

export interface ChatInput {
  title?: string;
  settings?: ChatSettings;
  /** What was said elsewhere, oldest first; the chat begins after it. */
  messages?: readonly Pick<MessageRecord, 'role' | 'content'>[];
}

export async function createChat(deps: ControlDeps, actor: Actor, input: ChatInput): Promise<ChatView> {
  checkChoice(deps, actor, input.settings, null);
  const settings = input.settings ?? noSettings();
  const nowMs = deps.clock.nowMs();
  const id = deps.ids.uuid();
  const brought: MessageRecord[] = [];
  for (const { role, content } of input.messages ?? [])
    brought.push(messageOf(deps, id, brought.at(-1)?.id ?? null, { role, content, state: 'complete' }));
  const first = brought.find(({ role }) => role === 'user');
  const record: ChatRecord = {
    id,
    userId: actor.userId,
    title: input.title ?? (first ? titleOf(first.content) : null),
    headId: brought.at(-1)?.id ?? null,
    settings: JSON.stringify(settings),
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const steps = brought.map((message) => insertMessage(deps.database, message));
  await deps.database.driver.write([insertChat(deps.database, record, settings.connectionId), ...steps]);
  return viewOf(deps, actor, record);
}

/** Renames, applies settings, or shows another version of a message. @throws Refusal NOT_FOUND, VALIDATION_ERROR */
export async function changeChat(
  deps: ControlDeps,
  actor: Actor,
  id: string,
  change: { title?: string; settings?: ChatSettings; headId?: string },
): Promise<ChatView> {
  const before = await showChat(deps, actor, id);
  checkChoice(deps, actor, change.settings, before.settings);
  let headId: string | undefined;
  if (change.headId !== undefined) {
    const thread = await threadOfChat(deps, id);
    if (!thread.byId.has(change.headId)) throw fieldFault('headId', 'unknown_message', 'no message of this chat');
    headId = newestLeaf(thread, change.headId);
  }
  const step = updateChat(deps.database, id, {
    ...(change.title !== undefined && { title: change.title }),
    ...(change.settings !== undefined && { settings: stored(change.settings) }),
    ...(headId !== undefined && { headId }),
  });
  await refusing(deps.database.driver.write([step]), { chat: notFound });
  return showChat(deps, actor, id);
}

/** With all its messages, at once and for good. An answer that is being written then has no place and ends. */
export async function deleteChat(deps: ControlDeps, actor: Actor, id: string): Promise<void> {
  await showChat(deps, actor, id);
  await refusing(deps.database.driver.write([deleteStored(deps.database, id)]), { chat: notFound });
}

export const busy = (): Refusal => new Refusal('CHAT_BUSY', { retryAfterS: 1 });

export async function threadOfChat(deps: ControlDeps, chatId: string): Promise<Thread> {
  return threadOf(await nodesOf(deps.database, chatId, messagesMax));
}

/** One page of the path that is shown, oldest first; `nextCursor` leads to what is before it. */
export async function messagesOf(
  deps: ControlDeps,
  actor: Actor,
  id: string,
  page: { cursor?: string; limit: number },
): Promise<{ rows: MessageView[]; nextCursor: string | null }> {
  const { headId } = await showChat(deps, actor, id);
  const thread = await threadOfChat(deps, id);
  const path = pathTo(thread, headId);
  const until = page.cursor === undefined ? path.length : path.findIndex((node) => node.id === page.cursor);
  if (until < 0) throw fieldFault('cursor', 'invalid_cursor', 'no message of what is shown');
  const from = Math.max(0, until - page.limit);
  const records = await messagesByIds(
    deps.database,
    path.slice(from, until).map((node) => node.id),
  );
  const nowMs = deps.clock.nowMs();
  const rows = records.map((record) => ({
    ...record,
    state: stateAt(record.state, record.seenAtMs, nowMs),
    versions: versionsOf(thread, record),
  }));
  return { rows, nextCursor: from > 0 ? path[from]!.id : null };
}

/** Deletes a message and everything after it, in all versions, for good (D-26). @throws Refusal NOT_FOUND, CHAT_BUSY */
export async function deleteMessage(deps: ControlDeps, actor: Actor, id: string, messageId: string): Promise<ChatView> {
  const { headId } = await showChat(deps, actor, id);
  const thread = await threadOfChat(deps, id);
  if (!thread.byId.has(messageId)) throw notFound();
  const write = deps.database.driver.write([
    updateChat(deps.database, id, { headId: headWithout(thread, headId, messageId) }),
    requireQuiet(deps.database, id, deps.clock.nowMs() - aliveMs),
    deleteMessages(deps.database, id, [...branchOf(thread, messageId)]),
  ]);
  await refusing(write, { chat: notFound, busy });
  return showChat(deps, actor, id);
}
