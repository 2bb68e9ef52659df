/** Changing and deleting a connection in a real browser: the key stays unless one is typed, and deleting asks first and is final. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Json, Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, openPages, signIn, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

const key = 'sk-test-abcdefghijklx7Qa';

needs('browser')('a stored connection', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  let id = '';
  let count = 0;

  const stored = async (): Promise<Json> =>
    (await pages.house.request('GET', `/api/configurations/${id}`, { token: sari.token })).body['data']!;
  const edit = async (): Promise<void> => {
    await visitor.page.getByRole('link', { name: 'Edit Production' }).click();
    await visitor.page.getByLabel('Default model').waitFor();
  };

  beforeAll(async () => {
    pages = await openPages();
  });

  beforeEach(async () => {
    count += 1;
    sari = await pages.house.createResident(`Sari${count}`);
    const settings = { temperature: 0.5, headers: { 'x-team': 'hidden-team-value' }, timeouts: { totalMs: 60_000 } };
    const body = {
      name: 'Production',
      provider: 'openai',
      baseUrl: pages.provider.baseUrl,
      apiKey: key,
      model: 'gpt-4o',
      configuration: settings,
      isDefault: true,
    };
    id = (await pages.house.request('POST', '/api/configurations', { token: sari.token, body })).at('data.id');
    visitor = await visit({ url: pages.house.url });
    await signIn(visitor, sari);
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('an empty key keeps the stored one, the test uses it, and only what was changed changes', async () => {
    const before = await stored();
    await edit();
    const { page } = visitor;
    await expect.poll(() => page.getByLabel('API Key').inputValue()).toBe('');
    await page.getByText('Leave empty to keep the current key (••••x7Qa).').waitFor();
    await page.getByText('Parameters', { exact: true }).click();
    await expect.poll(() => page.getByLabel('Temperature', { exact: true }).inputValue()).toBe('0.5');
    await page.getByLabel('Temperature', { exact: true }).fill('0,9');
    await page.getByRole('button', { name: 'Test Connection' }).click();
    await page
      .getByText(/^Connected in \d+ ms$/)
      .first()
      .waitFor();
    expect(pages.provider.received.at(-1)!.headers).toMatchObject({ authorization: `Bearer ${key}`, 'x-team': 'hidden-team-value' });
    expect(await page.content()).not.toMatch(/abcdefgh|hidden-team/);
    expect(await visitor.axe()).toEqual([]);
    await page.getByLabel('Name', { exact: true }).fill('Renamed');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByRole('row').filter({ hasText: 'Renamed' }).getByText('Connected').waitFor();
    const after = await stored();
    expect(after).toMatchObject({
      name: 'Renamed',
      apiKeySetAt: before['apiKeySetAt'],
      configuration: { temperature: 0.9, headers: { 'x-team': '***' }, timeouts: { totalMs: 60_000 } },
    });
  });

  test('the form keeps what was typed where the server refuses what the page asks again behind it', async () => {
    const { page } = visitor;
    // The form begins without what it can do without; that it is asked for again is no reason to begin anew.
    await page.route(/\/api\/ai-connections(?:\?|$)/, (route) => route.fulfill({ status: 429 }));
    await page.goto(`/settings/ai-connections/${id}/edit`);
    await page.getByLabel('Default model').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Typed and precious');
    await page.getByLabel('API Key').fill('sk-test-typed-and-precious');
    await page.route(/\/api\/providers/, (route) => route.fulfill({ status: 429 }));
    const refused = page.waitForResponse((answer) => answer.status() === 429);
    // Another language asks anew for everything that the page shows.
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await refused;
    await visitor.settled();
    await expect.poll(() => page.getByLabel('Nama', { exact: true }).inputValue()).toBe('Typed and precious');
    await expect.poll(() => page.locator('#field-apiKey').inputValue()).toBe('sk-test-typed-and-precious');
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Simpan Koneksi' }).click();
    await page.getByRole('row').filter({ hasText: 'Typed and precious' }).waitFor();
  });

  test('a new address asks for the key again, at its field', async () => {
    await edit();
    const { page } = visitor;
    await page.getByLabel('Base URL').fill('http://127.0.0.1:9/v1');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByText('The stored value belongs to the former address. Enter it again for the new one.').first().waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('field-apiKey');
    await expect.poll(async () => (await stored())['baseUrl']).toBe(pages.provider.baseUrl);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('table').waitFor();
  });

  test('deleting names the connection, harms nothing when refused, and is final', async () => {
    const { page } = visitor;
    const bin = page.getByRole('button', { name: 'Delete Production' });
    const question = page.getByRole('dialog', { name: 'Delete “Production”?' });
    await bin.click();
    await question.getByText(/cannot be undone/).waitFor();
    await question.getByText(/It is the default/).waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'hidden' });
    await expect.poll(() => bin.evaluate((element) => element === document.activeElement)).toBe(true);
    await bin.click();
    await question.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('“Production” was deleted with its key.').first().waitFor();
    await page.getByRole('heading', { name: 'No connections yet' }).waitFor();
    await expect.poll(async () => (await pages.house.request('GET', `/api/configurations/${id}`, { token: sari.token })).status).toBe(404);
  });

  test.each(['English', 'Bahasa Indonesia'] as const)(
    'what uses a connection is listed where it cannot be deleted, in %s',
    async (language) => {
      const { page } = visitor;
      await chooseLanguage(visitor, language);
      const details = [{ kind: 'use_case', id: '1', name: 'Support <b>chat</b>' }];
      const body = { success: false, error: 'x', message: 'x', error_code: 'CONFIGURATION_IN_USE', details, request_id: 'x' };
      await page.route(`**/api/configurations/${id}`, (route) =>
        route.fulfill({ status: 409, contentType: 'application/json', body: JSON.stringify(body) }),
      );
      await page.getByRole('button', { name: language === 'English' ? 'Delete Production' : 'Hapus Production' }).click();
      const question = page.getByRole('dialog');
      await question.getByRole('button', { name: language === 'English' ? 'Delete' : 'Hapus' }).click();
      await question.getByRole('listitem').getByText('Use case: Support <b>chat</b>').waitFor();
      expect(await visitor.axe()).toEqual([]);
    },
  );

  test('on a phone in Indonesian in the dark nothing is wider than the window', async () => {
    const { page } = visitor;
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 320, height: 800 });
    await expect.poll(() => overflowOf(page)).toBe(0);
    await page.getByRole('link', { name: 'Edit Production' }).click();
    await page.getByLabel('Model default').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await expect.poll(() => overflowOf(page)).toBe(0);
  });
});
