/** The wizard for a new connection in a real browser: with the keyboard, with wrong input, over a reload, and never with a key left behind. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { refusing } from '../../server/test/support/fake-provider.ts';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, comeIn, openPages, type Pages } from './support/pages.ts';
import { visit, type Visitor, type VisitorOptions } from './support/visitor.ts';

const key = 'sk-proj-abcdefghijklx7Qa';

needs('browser')('a new connection', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  let count = 0;

  const come = async (options: Partial<VisitorOptions> = {}): Promise<void> => {
    visitor = await visit({ url: pages.house.url, ...options });
    await comeIn(visitor, sari);
  };
  /** Straight to the second step. */
  const configure = async (provider = 'openai'): Promise<void> => {
    await visitor.page.goto(`/settings/ai-connections/new?provider=${provider}`);
    await visitor.page.getByLabel('Default model').waitFor();
  };
  const stored = async () => (await pages.house.request('GET', '/api/configurations', { token: sari.token })).body['data']!;

  beforeAll(async () => {
    pages = await openPages({ isDemoOffered: true });
  });

  beforeEach(async () => {
    count += 1;
    sari = await pages.house.createResident(`Sari${count}`);
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('the form stays with what was typed, the key too, where the server refuses what the page asks again behind it', async () => {
    await come();
    const { page } = visitor;
    // The form begins without what it can do without; that it is asked for again is no reason to begin anew.
    await page.route(/\/providers\/openai\/templates/, (route) => route.fulfill({ status: 429 }));
    await configure();
    await page.getByLabel('Name', { exact: true }).fill('Typed and precious');
    await page.getByLabel('API Key').fill(key);
    await page.route(/\/api\/providers/, (route) => route.fulfill({ status: 429 }));
    const refused = page.waitForResponse((answer) => answer.status() === 429);
    // Another language asks anew for everything that the page shows.
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await refused;
    await visitor.settled();
    await expect.poll(() => page.getByLabel('Nama', { exact: true }).inputValue()).toBe('Typed and precious');
    await expect.poll(() => page.locator('#field-apiKey').inputValue()).toBe(key);
  });

  test('the whole way by keyboard: provider, fields, test, save; the list shows it connected, and the key is nowhere', async () => {
    await come();
    const { page } = visitor;
    await page.goto('/settings/ai-connections');
    await page.getByRole('link', { name: 'Add Connection' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/ai-connections/new');
    const openAi = page.getByRole('radio', { name: 'OpenAI', exact: true });
    await openAi.waitFor({ state: 'attached' });
    await expect.poll(() => openAi.isChecked()).toBe(true);
    // The search is before the cards, and all cards are one stop.
    await page.getByLabel('Search providers').focus();
    await page.keyboard.press('Tab');
    await expect.poll(() => openAi.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.getByRole('radio', { name: 'Anthropic' }).isChecked()).toBe(true);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/new?provider=openai');
    await page.getByLabel('API Key').focus();
    await page.keyboard.type(key);
    await page.getByLabel('Base URL').fill(pages.provider.baseUrl);
    await page.getByLabel('Set as default connection').focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Test Connection' }).focus();
    await page.keyboard.press('Enter');
    const trace = page.getByRole('region', { name: 'Connection test' }).getByRole('listitem');
    await page
      .getByText(/^Connected in \d+ ms$/)
      .first()
      .waitFor();
    await expect.poll(() => trace.count()).toBe(5);
    await expect.poll(() => trace.last().innerText()).toMatch(/Completion[\s\S]*passed[\s\S]*\d+ ms/);
    await page.getByRole('button', { name: 'Save Connection' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/ai-connections');
    const row = page.getByRole('row').filter({ hasText: 'OpenAI' });
    await row.getByText('Connected').waitFor();
    await expect.poll(() => row.innerText()).toMatch(/Default[\s\S]*••••x7Qa/);
    expect(await page.content()).not.toContain(key);
    await expect.poll(() => page.evaluate(() => JSON.stringify([localStorage, sessionStorage, history.state]))).not.toContain(key);
  });

  test('it is saved without a test, and says so', async () => {
    await come();
    await configure('demo');
    await visitor.page.getByRole('button', { name: 'Save Connection' }).click();
    await visitor.page.getByRole('row').filter({ hasText: 'Demo' }).getByText('Not tested').waitFor();
    await expect
      .poll(() => stored())
      .toMatchObject([{ name: 'Demo', provider: 'demo', testStatus: 'pending', isActive: true, isDefault: false }]);
  });

  test('what is wrong is said at its field and in a summary, the first field has the focus, and what was typed stays', async () => {
    await come();
    await configure();
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill(' ');
    await page.getByLabel('API Key').fill(key);
    await page.getByText('Parameters', { exact: true }).click();
    await page.getByLabel('Max Tokens').fill('1,5');
    await page.getByText('Parameters', { exact: true }).click();
    await page.getByRole('button', { name: 'Save Connection' }).click();
    const summary = page.getByRole('alert').filter({ hasText: 'attention' });
    await expect.poll(() => summary.innerText()).toContain('2 fields need attention');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('field-name');
    await expect.poll(() => page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    // A field in a folded part is unfolded on the way to it.
    await summary.getByRole('button', { name: 'Max Tokens' }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('field-maxTokens');
    await expect.poll(() => page.getByText('Enter a whole number.').first().isVisible()).toBe(true);
    await expect.poll(() => page.getByLabel('API Key').inputValue()).toBe(key);
    expect(await visitor.axe()).toEqual([]);
    await expect.poll(() => stored()).toEqual([]);
  });

  test('bounds of the chosen model are judged by the server when the field is left; both decimal signs are taken', async () => {
    await come();
    await configure();
    const { page } = visitor;
    await page.getByText('Parameters', { exact: true }).click();
    const tokens = page.getByLabel('Max Tokens');
    await tokens.fill('16385');
    await tokens.blur();
    await page
      .getByText(/The model allows fewer tokens/)
      .first()
      .waitFor();
    await tokens.fill('16384');
    await page.getByLabel('Temperature', { exact: true }).fill('0,7');
    await page.getByLabel('API Key').fill(key);
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.waitForURL('**/settings/ai-connections');
    const [one] = await stored();
    expect(one!['configuration']).toMatchObject({ temperature: 0.7, maxTokens: 16384 });
    // The provider's own address is not repeated in the row.
    expect(one!['baseUrl']).toBeNull();
  });

  test("the server's refusals stand at their fields, in Indonesian where the page is", async () => {
    await pages.house.request('POST', '/api/configurations', {
      token: sari.token,
      body: { name: 'Dipakai', provider: 'demo', model: 'demo-small' },
    });
    await come();
    await configure();
    const { page } = visitor;
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await page.getByRole('button', { name: 'Simpan Koneksi' }).click();
    await page.getByRole('alert').getByText('1 isian perlu diperiksa').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('field-apiKey');
    await page.getByLabel('Kunci API').fill(key);
    await page.getByLabel('URL Dasar').fill('ftp://nowhere');
    await page.getByRole('button', { name: 'Simpan Koneksi' }).click();
    await page
      .getByText(/Masukkan alamat http atau https biasa/)
      .first()
      .waitFor();
    await page.getByLabel('URL Dasar').fill('');
    await page.getByLabel('Nama', { exact: true }).fill('dipakai');
    await page.getByRole('button', { name: 'Simpan Koneksi' }).click();
    await page.getByText('Nama ini sudah dipakai. Pilih nama lain.').first().waitFor();
    await chooseLanguage(visitor, 'English');
    await page.getByText('This name is already taken. Choose another one.').first().waitFor();
    await expect.poll(() => page.getByLabel('API Key').inputValue()).toBe(key);
  });

  test('a key is trimmed in sight, and one of another provider is recognised', async () => {
    await come();
    await configure();
    const { page } = visitor;
    const field = page.getByLabel('API Key');
    await expect.poll(() => field.getAttribute('type')).toBe('password');
    await expect.poll(() => field.getAttribute('autocomplete')).toBe('off');
    await field.fill(' "sk-ant-abcdefgh" ');
    await field.blur();
    await page.getByText('Spaces and quotes around the key were removed.').waitFor();
    await expect.poll(() => field.inputValue()).toBe('sk-ant-abcdefgh');
    await page.getByText('This looks like a key of Anthropic.').waitFor();
  });

  test('a failed test names step, check and resolution, keeps the form, and grows old with the next change', async () => {
    await come();
    await configure();
    const { page } = visitor;
    await page.getByLabel('API Key').fill(key);
    await page.getByLabel('Base URL').fill(pages.provider.baseUrl);
    pages.provider.answer(refusing(401, { error: { message: '<b>no</b>', type: 'invalid_request_error', code: 'invalid_api_key' } }));
    await page.getByRole('button', { name: 'Test Connection' }).click();
    const tester = page.getByRole('region', { name: 'Connection test' });
    await tester.getByRole('alert').waitFor();
    await expect
      .poll(() => tester.getByRole('alert').innerText())
      .toMatch(/401 Unauthorized[\s\S]*Check the API Key[\s\S]*invalid or expired/);
    // What a provider says is text, whatever it looks like.
    await expect.poll(() => tester.locator('b').count()).toBe(0);
    expect(await visitor.axe()).toEqual([]);
    await expect.poll(() => stored()).toEqual([]);
    await page.getByLabel('Default model').fill('gpt-4o-mini');
    await tester.getByText('The settings have changed since this test.').waitFor();
    pages.provider.answer(({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });

  test('a reload brings back what was typed, without the key and without the values of headers', async () => {
    await come();
    await configure('custom');
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Lab');
    await page.getByLabel('Base URL').fill('http://127.0.0.1:9/v1');
    await page.getByLabel('API Key').fill(key);
    await page.getByText('Advanced', { exact: true }).click();
    await page.getByRole('button', { name: 'Add Header' }).click();
    await page.getByLabel('Name of header 1').fill('x-team');
    await page.getByLabel('Value of header 1', { exact: true }).fill('secret-team-value');
    const kept = await page.evaluate(() => JSON.stringify(sessionStorage));
    expect(kept).toContain('x-team');
    expect(kept).not.toMatch(/x7Qa|secret-team/);
    await page.reload();
    await page.getByText(/What you typed before is back/).waitFor();
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Lab');
    await expect.poll(() => page.getByLabel('API Key').inputValue()).toBe('');
    await page.getByText('Advanced', { exact: true }).click();
    await expect.poll(() => page.getByLabel('Value of header 1', { exact: true }).inputValue()).toBe('');
  });

  test('leaving with unsaved changes asks once; staying keeps them, discarding forgets the draft', async () => {
    await come();
    await configure();
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Half');
    await page.getByRole('list', { name: 'Gateway' }).getByRole('link', { name: 'AI Connections' }).click();
    const question = page.getByRole('dialog', { name: 'Discard changes?' });
    await question.getByText('You have unsaved changes in “Half”.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'hidden' });
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Half');
    await page.getByRole('list', { name: 'Gateway' }).getByRole('link', { name: 'AI Connections' }).click();
    await question.getByRole('button', { name: 'Discard' }).click();
    await page.waitForURL('**/settings/ai-connections');
    await configure();
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('OpenAI');
  });

  test('a provider is found by its name or host, and a search without a hit says so', async () => {
    await come();
    const { page } = visitor;
    await page.goto('/settings/ai-connections/new');
    const search = page.getByLabel('Search providers');
    await search.fill('11434');
    await expect
      .poll(() => page.locator('input[name=provider]').evaluateAll((all) => all.map((radio) => (radio as HTMLInputElement).value)))
      .toEqual(['ollama']);
    await search.fill('nobody');
    await page.getByText('No provider matches “nobody”.').waitFor();
    await page.getByRole('button', { name: 'Clear Search' }).click();
    await expect.poll(() => page.getByRole('group', { name: 'Local' }).getByRole('radio').count()).toBeGreaterThan(2);
  });

  test('fields that hang on another field come and go with it', async () => {
    await come();
    await configure('custom');
    const { page } = visitor;
    await expect.poll(() => page.getByLabel('Header Name').count()).toBe(0);
    await page.getByLabel('Authentication').selectOption('custom');
    await page.getByLabel('Header Name').fill('x-token');
    await page.getByLabel('Authentication').selectOption('');
    await expect.poll(() => page.getByLabel('Header Name').count()).toBe(0);
  });
});
