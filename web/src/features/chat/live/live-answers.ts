/** Answers that are being written, by chat. They live outside the pages: looking at another chat does not stop one. */
import type { ChatEvent, StoredMessage } from '@patchbay/client/chats';
import { useSyncExternalStore } from 'react';
import { client } from '../../../lib/client.ts';

/** A question on its way: typed anew, in place of another one, or asked for another answer. */
export interface Asked {
  content?: string;
  replaces?: string;
  again?: string;
}

export interface LiveAnswer {
  asked: Asked;
  /** Both null until the server has stored them. */
  question: StoredMessage | null;
  answer: StoredMessage | null;
  text: string;
  reasoning: string;
  isStopping: boolean;
}

interface Entry {
  shown: LiveAnswer;
  stop: AbortController;
}

const entries = new Map<string, Entry>();
const listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((listener) => listener());

function change(chatId: string, part: Partial<LiveAnswer>): void {
  const entry = entries.get(chatId);
  if (!entry) return;
  entries.set(chatId, { ...entry, shown: { ...entry.shown, ...part } });
}

/** A long text takes longer to show, so it is shown less often. */
const showMs = (chars: number): number => 50 + chars / 200;

export const liveAnswerOf = (chatId: string | null): LiveAnswer | null => (chatId === null ? null : (entries.get(chatId)?.shown ?? null));

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useLiveAnswer = (chatId: string | null): LiveAnswer | null => useSyncExternalStore(subscribe, () => liveAnswerOf(chatId));

/** Hangs up. What has arrived stays, here and on the server. */
export function stopAnswer(chatId: string): void {
  change(chatId, { isStopping: true });
  entries.get(chatId)?.stop.abort();
  tell();
}

/** Takes the answer off the screen once the stored one stands in its place. */
export function dropAnswer(chatId: string): void {
  entries.delete(chatId);
  tell();
}

/**
 * Asks and shows the answer as it comes. Resolves when the stream has ended, was stopped, or broke after the question was stored; then
 * the stored messages tell the rest. `onBegun` runs when the question is safe.
 * @throws what the server refused with, before anything was stored
 */
export async function runAnswer(chatId: string, asked: Asked, onBegun: () => void): Promise<void> {
  const stop = new AbortController();
  entries.set(chatId, { stop, shown: { asked, question: null, answer: null, text: '', reasoning: '', isStopping: false } });
  tell();
  const got = { text: '', reasoning: '', isBegun: false };
  let timer: ReturnType<typeof setTimeout> | null = null;
  const show = (): void => {
    timer = null;
    change(chatId, { text: got.text, reasoning: got.reasoning });
    tell();
  };
  const take = (event: ChatEvent): void => {
    if (event.type === 'begun') {
      got.isBegun = true;
      change(chatId, { question: event.question, answer: event.answer });
      onBegun();
      tell();
    } else if (event.type === 'ended') change(chatId, { answer: event.answer });
    else {
      got[event.type] += event.text;
      timer ??= setTimeout(show, showMs(got.text.length));
    }
  };
  try {
    for await (const event of client.chats.ask(chatId, asked, stop.signal)) take(event);
  } catch (error) {
    // A stream that breaks is told by what the server kept of it.
    if (!got.isBegun && !stop.signal.aborted) {
      dropAnswer(chatId);
      throw error;
    }
  } finally {
    if (timer !== null) clearTimeout(timer);
    show();
  }
}
