/** The few choices that a browser remembers by itself, so that the first paint is right; storage that is switched off is no error. */

export type RememberedKey =
  | 'patchbay-language'
  | 'patchbay-theme'
  | 'patchbay-density'
  | 'patchbay-shortcuts'
  | 'patchbay-workspace'
  | 'patchbay-recent'
  | 'patchbay-request-columns';

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
