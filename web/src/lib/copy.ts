/** Copies the text of a field, also where the browser has no clipboard, as on plain http. */

/** Whether the text is really in the clipboard. Where it is not, the field is selected, so that the keyboard can do it. */
export async function copyFrom(field: HTMLTextAreaElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    try {
      return document.execCommand('copy');
    } catch {
      return false;
    }
  }
}
