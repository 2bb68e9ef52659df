/** The tables that people have open all day, in a window of 1,024 pixels with the navigation beside them: nothing of them is out of sight. */
import { beforeAll, afterAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { plain } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { visit, type Visitor } from './support/visitor.ts';

const slowMs = 300_000;
const width = 1_024;

needs('browser')('tables in a tight window', () => {
  let pages: Pages;
  let sari: Resident;

  beforeAll(async () => {
    pages = await openPages();
    pages.provider.answer(plain);
    sari = await pages.house.createResident('Sari', 'administrator');
    const { house } = pages;
    const { token } = sari;
    const body = { name: 'OpenAI — production', provider: 'openai', baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', model: 'gpt-4o' }; // prettier-ignore
    await house.request('POST', '/api/configurations', { token, body });
    const key = (await house.request('POST', '/api/access-keys', { token, body: { name: 'web-prod', rpm: 600, budgetUsd: '50' } })).at(
      'data.key',
    );
    for (const model of ['gpt-4o', 'gpt-4o', 'gpt-none'])
      await house.request('POST', '/v1/chat/completions', { token: key, body: { model, messages: [{ role: 'user', content: 'Hello' }] } });
  }, slowMs);
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  /** How many pixels of the page's tables are beyond their frames. */
  const hidden = ({ page }: Visitor): Promise<number> =>
    page.evaluate(() => Math.max(...[...document.querySelectorAll('table')].map(({ parentElement }) => parentElement!.scrollWidth - parentElement!.clientWidth))); // prettier-ignore

  test.each(['en', 'id'] as const)('in %s', { timeout: slowMs }, async (language) => {
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language } });
    const visitor = await visit({ url: pages.house.url, locale: language === 'id' ? 'id-ID' : 'en-US', width });
    const { page } = visitor;
    await signIn(visitor, sari, language);
    for (const path of ['/settings/ai-connections', '/keys', '/usage', '/requests', '/status']) {
      await page.goto(path);
      await page.getByRole('table').first().waitFor();
      await visitor.settled();
      await expect.poll(() => hidden(visitor), { message: path }).toBe(0);
    }
    // A column that was left out can be had all the same.
    await page.goto('/requests');
    const heads = page.getByRole('table').first().getByRole('columnheader');
    await expect.poll(() => heads.count()).toBe(8);
    await page.locator('summary').first().click();
    await page.locator('fieldset').getByRole('checkbox').nth(3).check();
    await expect.poll(() => heads.count()).toBe(9);
    expect(await visitor.axe()).toEqual([]);
    await visitor.leave();
  });
});
