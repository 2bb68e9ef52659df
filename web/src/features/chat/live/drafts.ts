/** What was typed and not sent yet: it survives a reload, a lost connection and an expired session. Kept in this tab, per person and chat. */

const placeOf = (userId: string, chatId: string | null): string => `patchbay-chat-draft:${userId}:${chatId ?? 'new'}`;

export function recallDraft(userId: string, chatId: string | null): string {
  try {
    return sessionStorage.getItem(placeOf(userId, chatId)) ?? '';
  } catch {
    return '';
  }
}

export function keepDraft(userId: string, chatId: string | null, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(placeOf(userId, chatId));
    else sessionStorage.setItem(placeOf(userId, chatId), text);
  } catch {
    // Without storage it stays as long as the page.
  }
}
