/** The history of an object, opened beside a page, and the way back to the state before the last change. */
import type { Page } from 'playwright-core';

/**
 * Opens the history of what bears the name, brings back the state before the last change, waits for its sentence, and closes it again.
 * `nameAfter` is what the thing is called by the state that comes back.
 */
export async function rollBackLastChange(page: Page, name: string, sentence: string, nameAfter = name): Promise<void> {
  await page
    .getByRole('button', { name: `History: ${name}`, exact: true })
    .first()
    .click();
  const sideOf = (of: string) => page.getByRole('complementary', { name: `History: ${of}` });
  const side = sideOf(name);
  await side
    .getByRole('button', { name: /^Roll back to revision/ })
    .first()
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll Back' }).click();
  const after = sideOf(nameAfter);
  await after.getByText(sentence).waitFor();
  // Whatever else the page shows is asked for anew before the question goes; until then a key is the question's.
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('Escape');
  await after.waitFor({ state: 'detached' });
}
