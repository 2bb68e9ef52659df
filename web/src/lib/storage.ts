/** What a browser remembers by itself: a few choices, so that the first paint is right, and drafts. Storage that is switched off is no error. */

export type RememberedKey =
  | 'patchbay-language'
  | 'patchbay-theme'
  | 'patchbay-density'
  | 'patchbay-shortcuts'
  | 'patchbay-workspace'
  | 'patchbay-recent'
  | 'patchbay-request-columns'
  | 'patchbay-usage-views';

export function recall(key: RememberedKey): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: RememberedKey, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then the choice holds as long as the page.
  }
}

/** What was typed in a chat and not sent yet, per tab and person: it survives a reload, a lost connection and an expired session. */
type DraftKey = `patchbay-chat-draft:${string}`;

/** @param chatId null for a chat that is not begun yet */
export const chatDraft = (userId: string, chatId: string | null): DraftKey => `patchbay-chat-draft:${userId}:${chatId ?? 'new'}`;

export function recallDraft(key: DraftKey): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param text empty where nothing is to be kept */
export function keepDraft(key: DraftKey, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // Without storage it stays as long as the page.
  }
}
