/** Copies a text, also where the browser has no clipboard, as on plain http: then what is shown is selected and copied from there. */

/** Whether it is really in the clipboard. Where it is not, `shown` is selected, so that the keyboard can do it. */
export async function copyText(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown instanceof HTMLTextAreaElement) {
      shown.focus();
      shown.select();
    } else getSelection()?.selectAllChildren(shown);
    try {
      return document.execCommand('copy');
    } catch {
      return false;
    }
  }
}
