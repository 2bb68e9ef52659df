/** The list of connections in a real browser: in both languages and themes, on every width, and in each of its states. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, chooseTheme, openPages, signIn, type Pages } from './support/pages.ts';
import { visit, type Visitor, type VisitorOptions } from './support/visitor.ts';

type Texts = Record<string, string>;

function textsOf(language: 'en' | 'id'): Texts {
  const catalogue = JSON.parse(readFileSync(join(import.meta.dirname, `../src/messages/${language}.json`), 'utf8')) as Record<
    string,
    Texts
  >;
  return Object.fromEntries(
    Object.entries(catalogue).flatMap(([part, texts]) => Object.entries(texts).map(([key, text]) => [`${part}.${key}`, text])),
  );
}

const english = textsOf('en');
const indonesian = textsOf('id');
/** English texts without values in them that are something else in Indonesian, and that no Indonesian text is either. */
const saidInIndonesian = new Set(Object.values(indonesian));
const onlyEnglish = new Set(
  Object.keys(english)
    .filter((key) => english[key] !== indonesian[key] && !saidInIndonesian.has(english[key]!) && !/[{<]/.test(english[key]!))
    .map((key) => english[key]!),
);

/** Everything that the page says, seen or heard, line by line. */
const saidBy = ({ page }: Visitor): Promise<string[]> =>
  page.evaluate(() => {
    const attributes = [...document.querySelectorAll('[aria-label],[title],[placeholder]')].flatMap((element) =>
      ['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
    );
    return [document.title.split(' · ')[0] ?? '', ...document.body.innerText.split('\n'), ...attributes].map((text) => text.trim());
  });

needs('browser')('the list of connections', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;

  const add = (body: Record<string, unknown>) => pages.house.request('POST', '/api/ai-connections', { token: sari.token, body });
  const come = async (options: Partial<VisitorOptions> = {}): Promise<void> => {
    visitor = await visit({ url: pages.house.url, ...options });
    await signIn(visitor, sari, options.locale === 'id-ID' ? 'id' : 'en');
  };

  beforeAll(async () => {
    pages = await openPages({ environment: { baseUrl: 'https://api.openai.com/v1', secret: null, model: 'gpt-4o' } });
    sari = await pages.house.createResident('Sari');
    const { baseUrl } = pages.provider;
    await add({ name: 'OpenAI — production', baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o', isDefault: true });
    await add({ name: 'Lab', baseUrl: 'http://127.0.0.1:9/v1', provider: 'custom', defaultModel: 'llama3.1:8b' });
    await add({ name: 'Team', baseUrl, apiKey: 'sk-test-abcdefghc31e', scope: 'organization', isActive: false, defaultModel: 'gpt-4o' });
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('each row says name, address, provider, model, masked key and state, and never a key', async () => {
    await come();
    const { page } = visitor;
    const row = page.getByRole('row').filter({ hasText: 'OpenAI — production' });
    for (const text of [pages.provider.baseUrl, 'gpt-4o', '••••x7Qa', 'Default', 'Not tested'])
      await expect.poll(() => row.innerText()).toContain(text);
    await expect.poll(() => page.getByRole('row').filter({ hasText: 'Team' }).innerText()).toMatch(/Organization[\s\S]*Inactive/);
    await expect
      .poll(() => page.getByRole('row').filter({ hasText: 'Environment' }).getByRole('button').allInnerTexts())
      .toEqual(['Import']);
    expect(await page.content()).not.toContain('sk-test');
  });

  test('a test that fails shows where and why; one that succeeds shows each step with its time', async () => {
    await come();
    const { page } = visitor;
    await page.getByRole('button', { name: 'Test Lab' }).click();
    const failed = page.getByRole('region', { name: 'Test of Lab' });
    await failed.getByRole('alert').waitFor();
    await expect.poll(() => failed.getByRole('listitem').first().innerText()).toContain('failed');
    await page.getByRole('row').filter({ hasText: 'Lab' }).filter({ hasText: 'Failed' }).waitFor();
    await page.getByRole('button', { name: 'Test OpenAI — production' }).click();
    const passed = page.getByRole('region', { name: 'Test of OpenAI — production' });
    await passed.getByText('passed').last().waitFor({ state: 'attached' });
    await expect.poll(() => passed.innerText()).toMatch(/Authenticate[\s\S]*\d+ ms/);
    expect(await visitor.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Hide the test of Lab' }).click();
    await failed.waitFor({ state: 'detached' });
  });

  test('another connection becomes the default, and the former one stops being it', async () => {
    await come();
    const { page } = visitor;
    const isDefault = (name: string) => page.getByRole('row').filter({ hasText: name }).getByText('Default', { exact: true });
    await page.getByRole('button', { name: 'Set Default: Lab' }).click();
    await isDefault('Lab').waitFor();
    await expect.poll(() => isDefault('OpenAI — production').count()).toBe(0);
    await page.getByRole('button', { name: 'Set Default: OpenAI — production' }).click();
    await isDefault('OpenAI — production').waitFor();
  });

  test('a change of language leaves no English behind, is kept with the person, and comes back in another browser', async () => {
    await come();
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await visitor.page.getByRole('heading', { name: 'Koneksi AI' }).waitFor();
    await expect.poll(async () => (await saidBy(visitor)).filter((text) => onlyEnglish.has(text))).toEqual([]);
    await expect.poll(() => visitor.page.title()).toBe('Koneksi AI · Patchbay');
    await expect.poll(async () => (await pages.house.request('GET', '/api/me', { token: sari.token })).at('data.language')).toBe('id');
    await visitor.leave();
    await come();
    await visitor.page.getByRole('heading', { name: 'Koneksi AI' }).waitFor();
    await chooseLanguage(visitor, 'English');
    await visitor.page.getByRole('heading', { name: 'AI Connections' }).waitFor();
    await expect.poll(async () => (await pages.house.request('GET', '/api/me', { token: sari.token })).at('data.language')).toBe('en');
  });

  test('a chosen theme is there before the first paint of the next visit', async () => {
    await come({ theme: 'light' });
    const { page } = visitor;
    await chooseTheme(visitor, 'Dark');
    await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(13, 17, 22)');
    await expect.poll(async () => (await pages.house.request('GET', '/api/me', { token: sari.token })).at('data.theme')).toBe('dark');
    await page.route('**/assets/*.js', (route) => route.abort());
    await page.reload({ waitUntil: 'load' });
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['mantineColorScheme'])).toBe('dark');
    // The scripts were held back on purpose, and Chromium says so.
    visitor.complaints.length = 0;
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { theme: 'auto' } });
  });

  describe('when the list cannot be had', () => {
    const answered = (status: number, code: string) => ({
      status,
      contentType: 'application/json',
      headers: { 'x-request-id': '01a1fb85-0000-7000-8000-000000000000' },
      body: JSON.stringify({
        success: false,
        error: 'x',
        message: 'x',
        error_code: code,
        request_id: '01a1fb85-0000-7000-8000-000000000000',
      }),
    });

    test('a failure says what to do, shows the request id, and is over when the server is back', async () => {
      await come();
      const { page } = visitor;
      await page.route('**/api/ai-connections', (route) => route.fulfill(answered(400, 'NO_CONNECTION_CONFIGURED')));
      await page.reload();
      await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor();
      await expect
        .poll(() => page.getByRole('alert').filter({ hasText: /./ }).innerText())
        .toContain('01a1fb85-0000-7000-8000-000000000000');
      expect(await visitor.axe()).toEqual([]);
      const again = page.getByRole('button', { name: 'Try Again' });
      // The page asks again by itself too: where it was faster, there is nothing to press any more.
      const button = await again.elementHandle();
      await page.unroute('**/api/ai-connections');
      await button.evaluate((pressed) => (pressed as HTMLElement).click());
      await page.getByRole('table').waitFor();
    });

    test('a person without the right is told who can grant it', async () => {
      await come();
      const { page } = visitor;
      await page.route('**/api/ai-connections', (route) => route.fulfill(answered(403, 'FORBIDDEN')));
      await page.reload();
      await page.getByRole('heading', { name: 'You may not see this page' }).waitFor();
      await expect.poll(() => page.getByRole('alert').filter({ hasText: /./ }).innerText()).toContain('administrator');
      expect(await visitor.axe()).toEqual([]);
    });

    test('a slow list shows its shape, not an empty page', async () => {
      await come();
      const { page } = visitor;
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
      await page.route('**/api/ai-connections', async (route) => {
        await held;
        await route.continue();
      });
      await page.reload();
      await page.getByRole('status').filter({ hasText: 'Loading connections…' }).waitFor();
      expect(await visitor.axe()).toEqual([]);
      letGo();
      await page.getByRole('table').waitFor();
    });
  });
});
