/** The fields of a connection's form in a real browser: models by the hundred, addresses, templates, safety, JSON, and who may use it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, comeIn, openPages, type Pages } from './support/pages.ts';
import { startVendor, type Vendor } from './support/vendor.ts';
import { visit, type Visitor, type VisitorOptions } from './support/visitor.ts';

const key = 'sk-proj-abcdefghijklx7Qa';

needs('browser')("a connection's fields", () => {
  let pages: Pages;
  let vendor: Vendor;
  let sari: Resident;
  let visitor: Visitor;
  let people = 0;

  const ask = (method: string, path: string, body?: unknown) => pages.house.request(method, path, { token: sari.token, body });
  const add = async (body: Record<string, unknown> = {}): Promise<string> =>
    (await ask('POST', '/api/configurations', { name: 'Lab', provider: 'custom', baseUrl: vendor.baseUrl, model: 'gpt-4o', ...body })).at(
      'data.id',
    );
  const stored = async (id: string) => (await ask('GET', `/api/configurations/${id}`)).body['data']!;
  const own = async () =>
    (await ask('GET', '/api/configurations')).body['data'] as unknown as ({ id: string; configuration: object } & Record<
      string,
      unknown
    >)[];
  const come = async (options: Partial<VisitorOptions> = {}): Promise<void> => {
    visitor = await visit({ url: pages.house.url, ...options });
    await comeIn(visitor, sari);
  };
  const configure = async (provider: string): Promise<void> => {
    await visitor.page.goto(`/settings/ai-connections/new?provider=${provider}`);
    await visitor.page.locator('#field-model').waitFor();
  };
  const edit = async (id: string): Promise<void> => {
    await visitor.page.goto(`/settings/ai-connections/${id}/edit`);
    await visitor.page.locator('#field-model').waitFor();
  };

  beforeAll(async () => {
    pages = await openPages({ isDemoOffered: true });
    vendor = await startVendor();
    await pages.house.createResident('First', 'administrator');
  });

  beforeEach(async () => {
    people += 1;
    sari = await pages.house.createResident(`Person${people}`);
    Object.assign(vendor, { completion: null, list: null, models: ['gpt-4o'] });
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await vendor?.close();
    await pages?.close();
  });

  test('of 500 models at most 60 are drawn; typing, an arrow and Enter choose one, on a machine four times as slow, too', async () => {
    vendor.models = Array.from({ length: 500 }, (_, number) => `family${number % 10}-model-${String(number).padStart(3, '0')}`);
    const id = await add();
    await come();
    await edit(id);
    const { page } = visitor;
    await page.getByText(/^500 models found, as of/).waitFor();
    const box = page.getByRole('combobox', { name: 'Default model' });
    await box.click();
    const options = page.getByRole('listbox', { name: 'Default model' }).getByRole('option');
    await expect.poll(() => options.count()).toBe(60);
    await page.getByText('440 more models. Type to narrow the list.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    // On a busy machine a figure says nothing: that it works on a slow one is what is looked at here.
    const session = await visitor.context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await box.fill('');
    await page.keyboard.type('model-321');
    await expect.poll(() => options.count()).toBe(1);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => box.getAttribute('aria-activedescendant')).toBe(await options.first().getAttribute('id'));
    await page.keyboard.press('Enter');
    await expect.poll(() => box.inputValue()).toBe('family1-model-321');
    await expect.poll(() => options.count()).toBe(0);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    // Any other name is taken as it is.
    await box.fill('nobody/has-this');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.waitForURL('**/settings/ai-connections');
    await expect.poll(async () => (await stored(id))['model']).toBe('nobody/has-this');
  });

  test('the list of models says its age and is asked for again at a press; Escape closes the list and not the page', async () => {
    const id = await add();
    await come();
    await edit(id);
    const { page } = visitor;
    await page.getByText(/^1 model found, as of/).waitFor();
    vendor.models = ['gpt-4o', 'brand-new-model'];
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText(/^2 models found, as of/).waitFor();
    const box = page.getByRole('combobox', { name: 'Default model' });
    await box.focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('listbox').getByRole('option', { name: 'brand-new-model' }).waitFor();
    await expect.poll(() => box.getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Escape');
    await expect.poll(() => box.getAttribute('aria-expanded')).toBe('false');
  });

  test('a new connection is shown no list of another endpoint, and the list of its own as soon as its address stands there', async () => {
    await add();
    await come();
    await configure('custom');
    const { page } = visitor;
    const found = page.getByText(/^1 model found, as of/);
    await page.getByText('Requests go to …/chat/completions').waitFor();
    await visitor.settled();
    await expect.poll(() => found.count()).toBe(0);
    await page.getByLabel('Base URL').fill(`${vendor.baseUrl}/`);
    await found.waitFor();
    await page.getByLabel('Base URL').fill('https://elsewhere.example.com/v1');
    await found.waitFor({ state: 'detached' });
  });

  test.each([
    ['openai', 'https://api.openai.com/v1/chat/completions', 'https://api.openai.com/v1/chat/completions'],
    ['openai', 'https://api.openai.com/v1/', 'https://api.openai.com/v1/chat/completions'],
    ['deepseek', 'https://api.deepseek.com', 'https://api.deepseek.com/chat/completions'],
    ['custom', 'http://localhost:11434/v1', 'http://localhost:11434/v1/chat/completions'],
  ])('%s at %s: the form says that requests go to %s', async (provider, entered, resolved) => {
    await come();
    await configure(provider);
    const { page } = visitor;
    await page.getByLabel('Base URL').fill(entered);
    await expect.poll(() => page.getByText(/^Requests go to/).innerText()).toBe(`Requests go to ${resolved}`);
  });

  test.each(['English', 'Bahasa Indonesia'] as const)('bounds are those of the chosen model, in %s', async (language) => {
    await come();
    await configure('gemini');
    await chooseLanguage(visitor, language);
    const { page } = visitor;
    await page.getByText(language === 'English' ? 'Parameters' : 'Parameter', { exact: true }).click();
    const slider = page.locator('input[type=range]').first();
    await expect.poll(() => slider.getAttribute('max')).toBe('2');
    await page.locator('#field-model').fill('gemini-pro');
    await expect.poll(() => slider.getAttribute('max')).toBe('1');
    await configure('openai');
    await page.getByText(language === 'English' ? 'Parameters' : 'Parameter', { exact: true }).click();
    await page.locator('#field-model').fill('gpt-4o');
    await page.getByText(language === 'English' ? 'At most 16,384 for gpt-4o.' : 'Paling banyak 16.384 untuk gpt-4o.').waitFor();
    await page.locator('#field-model').fill('unheard-of');
    await page
      .getByText(/4[,.]096/)
      .first()
      .waitFor();
  });

  test('a template fills in the model and keeps name and key', async () => {
    await come();
    await configure('openai');
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    await page.getByLabel('API Key').fill(key);
    await page.getByLabel('From a template').selectOption({ label: 'OpenAI: gpt-4-turbo' });
    await expect.poll(() => page.locator('#field-model').inputValue()).toBe('gpt-4-turbo');
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
    await expect.poll(() => page.getByLabel('API Key').inputValue()).toBe(key);
  });

  test.each(['English', 'Bahasa Indonesia'] as const)(
    'what Gemini blocks is chosen category by category, and comes back when edited, in %s',
    async (language) => {
      await come();
      await configure('gemini');
      await chooseLanguage(visitor, language);
      const { page } = visitor;
      const say =
        language === 'English'
          ? { parameters: 'Parameters', speech: 'Block: Hate speech', save: 'Save Connection', key: 'API Key' }
          : { parameters: 'Parameter', speech: 'Blokir: Ujaran kebencian', save: 'Simpan Koneksi', key: 'Kunci API' };
      await page.getByLabel(say.key).fill('AIzaSyabcdefghijklmnopqrstuvwxyz01234');
      await page.getByText(say.parameters, { exact: true }).click();
      await page.getByLabel(say.speech).selectOption('BLOCK_ONLY_HIGH');
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('button', { name: say.save }).click();
      await page.waitForURL('**/settings/ai-connections');
      const [one] = await own();
      const wanted = [{ category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'BLOCK_ONLY_HIGH' }];
      expect(one!.configuration).toMatchObject({ safetySettings: wanted });
      await edit(one!.id);
      await page.getByText(say.parameters, { exact: true }).click();
      await expect.poll(() => page.getByLabel(say.speech).inputValue()).toBe('BLOCK_ONLY_HIGH');
      await page.getByLabel(say.speech).selectOption('');
      await page.getByRole('button', { name: say.save }).click();
      await page.waitForURL('**/settings/ai-connections');
      await expect.poll(async () => (await stored(one!.id))['configuration']).not.toHaveProperty('safetySettings');
    },
  );

  test('free parameters: where the JSON breaks is said at once, what belongs to the request is refused by name, the rest is stored', async () => {
    await come();
    await configure('custom');
    const { page } = visitor;
    await page.getByLabel('Base URL').fill(vendor.baseUrl);
    await page.locator('#field-model').fill('gpt-4o');
    await page.getByText('Parameters', { exact: true }).click();
    const field = page.getByLabel('Extra Parameters');
    await field.fill('{\n  "a": 1,\n}');
    await page.getByText('The JSON breaks at line 3, column 1.').waitFor();
    await field.fill('[1]');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByText('Enter a JSON object, in braces.').first().waitFor();
    await field.fill('{"messages": []}');
    await field.blur();
    await page
      .getByText(/^“messages” cannot be set here/)
      .first()
      .waitFor();
    await field.fill('{"top_logprobs":3}');
    await page.getByRole('button', { name: 'Format' }).click();
    await expect.poll(() => field.inputValue()).toBe('{\n  "top_logprobs": 3\n}');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.waitForURL('**/settings/ai-connections');
    await expect.poll(async () => (await own())[0]!['configuration']).toMatchObject({ parameters: { top_logprobs: 3 } });
  });

  test('an optional field that is emptied stays empty after a reload, and the list speaks of what the server kept', async () => {
    const id = await add({ provider: 'openai', apiKey: key, configuration: { organizationId: 'org-abc' } });
    await come();
    await edit(id);
    const { page } = visitor;
    await page.getByText('Parameters', { exact: true }).click();
    await page.getByLabel('Organization ID').fill('');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByText('“Lab” was saved.').first().waitFor({ state: 'attached' });
    await expect.poll(async () => (await stored(id))['configuration']).not.toHaveProperty('organizationId');
    await edit(id);
    await page.getByText('Parameters', { exact: true }).click();
    await expect.poll(() => page.getByLabel('Organization ID').inputValue()).toBe('');
  });

  test('nothing that travels holds a key or more than its last four characters; a mask is refused as a key', async () => {
    const id = await add({ provider: 'openai', apiKey: key });
    await come();
    const { page } = visitor;
    const travelled: string[] = [];
    page.on('response', (response) => {
      if (response.url().includes('/api/'))
        void response.text().then(
          (text) => travelled.push(text),
          () => undefined,
        );
    });
    await edit(id);
    await page.getByLabel('API Key').fill('***wxyz');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByText('This is a mask and no key. Enter the key itself, or leave the field empty.').first().waitFor();
    await page.getByLabel('API Key').fill('');
    await page.getByRole('button', { name: 'Test Connection' }).click();
    await page
      .getByText(/^Connected in \d+ ms$/)
      .first()
      .waitFor();
    expect([...vendor.keys]).toContain(key);
    await page.getByLabel('Name', { exact: true }).fill('Still there');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByRole('row').filter({ hasText: 'Still there' }).waitFor();
    expect(travelled.length).toBeGreaterThan(3);
    expect(travelled.join('\n')).not.toContain(key.slice(3, -4));
    expect(travelled.join('\n')).not.toContain(key.slice(-5));
    await expect.poll(() => stored(id)).toMatchObject({ hasApiKey: true, apiKey: '***x7Qa' });
  });

  test('a new address or key takes "Connected" back to "Not tested"', async () => {
    const id = await add();
    await ask('POST', `/api/configurations/${id}/test`);
    await come();
    const { page } = visitor;
    await page.goto('/settings/ai-connections');
    await page.getByRole('row').filter({ hasText: 'Lab' }).getByText('Connected').waitFor();
    await edit(id);
    await page.getByLabel('API Key').fill(key);
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByRole('row').filter({ hasText: 'Lab' }).getByText('Not tested').waitFor();
    await expect.poll(async () => (await stored(id))['testStatus']).toBe('pending');
  });

  test('who may, makes a connection for everybody; others are not asked', async () => {
    await come();
    await configure('openai');
    await visitor.page.locator('#field-model').waitFor();
    await expect.poll(() => visitor.page.getByText('Who can use it').count()).toBe(0);
    await visitor.leave();
    const manager = await pages.house.createResident('Manager', 'manager');
    const user = sari;
    sari = manager;
    await come();
    await configure('custom');
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('For all');
    await page.getByLabel('Base URL').fill('https://ai.example.com/v1');
    await page.locator('#field-model').fill('gpt-4o');
    await page.getByLabel('API Key').fill(key);
    await page.getByLabel(/^Everybody in/).click();
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByRole('row').filter({ hasText: 'For all' }).getByText('Organization').waitFor();
    const seen = await pages.house.request('GET', '/api/ai-connections', { token: user.token });
    expect([...seen.body].map((one) => [one['name'], one['scope'], one['isReadOnly']])).toEqual([['For all', 'organization', true]]);
  });
});
