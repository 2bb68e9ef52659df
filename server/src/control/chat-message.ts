/** A message of a chat as it is first stored: with nothing yet of what an answer takes. */
import type { MessageRecord } from '../storage/chat-messages.ts';
import type { ControlDeps } from './deps.ts';

const emptyAnswer = { reasoning: null, failure: null, connectionId: null, connectionName: null, provider: null, model: null } as const;

export function messageOf(
  deps: Pick<ControlDeps, 'clock' | 'ids'>,
  chatId: string,
  parentId: string | null,
  part: Pick<MessageRecord, 'role' | 'content' | 'state'>,
): MessageRecord {
  const nowMs = deps.clock.nowMs();
  const rest = { modelReported: null, requestId: null, facts: null, createdAtMs: nowMs, seenAtMs: nowMs };
  return { id: deps.ids.uuid(), chatId, parentId, ...part, ...emptyAnswer, ...rest };
}
