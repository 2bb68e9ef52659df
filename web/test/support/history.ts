/** The history of an object, opened beside a page, and the way back to the state before the last change. */
import type { Page } from 'playwright-core';

/** Opens the history of what bears the name, brings back the state before the last change, waits for its sentence, and closes it again. */
export async function rollBackLastChange(page: Page, name: string, sentence: string): Promise<void> {
  await page
    .getByRole('button', { name: `History: ${name}`, exact: true })
    .first()
    .click();
  const side = page.getByRole('complementary', { name: `History: ${name}` });
  await side
    .getByRole('button', { name: /^Roll back to revision/ })
    .first()
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll Back' }).click();
  await side.getByText(sentence).waitFor();
  await page.keyboard.press('Escape');
  await side.waitFor({ state: 'detached' });
}
