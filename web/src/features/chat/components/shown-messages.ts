/** What stands on the page: the stored messages, and in place of their end the question and answer that are on their way. Pure. */
import type { StoredMessage } from '@patchbay/client/chats';
import type { LiveAnswer } from '../live/live-answers.ts';

/** The stored messages that a live answer comes after: all of them, or those before what it takes the place of. */
export function messagesBefore(stored: readonly StoredMessage[], live: LiveAnswer | null): StoredMessage[] {
  if (!live) return [...stored];
  const { asked, question, answer } = live;
  const replaced = asked.again ?? asked.replaces;
  const isLive = ({ id }: StoredMessage): boolean => id === answer?.id || (asked.again === undefined && id === question?.id);
  const end = stored.findIndex((message) => message.id === replaced || isLive(message));
  return end < 0 ? [...stored] : stored.slice(0, end);
}

/** The question that was just sent; null where it is stored already, as for another answer. */
export const liveQuestionOf = ({ asked, question }: LiveAnswer): string | null =>
  asked.again === undefined ? (question?.content ?? asked.content ?? null) : null;
