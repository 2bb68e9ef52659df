/** The pages of one connection in a real browser: each tab, both languages, keyboard, a phone, and a provider that never answers. */
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { plain, refusing } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { intentOf, settlementOf } from '../../server/test/storage/ledger-records.ts';
import { chooseLanguage, comeIn, openPages, type Pages } from './support/pages.ts';
import { holdBack, visit, type Visitor, type VisitorOptions } from './support/visitor.ts';

const key = 'sk-proj-detailabcdefx7Qa';
const tabs = ['', '/models', '/usage', '/health', '/access', '/edit'] as const;

needs('browser')('one connection', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  let id = '';
  let count = 0;

  const ask = (method: string, path: string, body?: unknown) => pages.house.request(method, path, { token: sari.token, body });
  const make = async (more: Record<string, unknown> = {}): Promise<string> => {
    const body = { name: `Main ${count}`, provider: 'openai', baseUrl: pages.provider.baseUrl, model: 'gpt-4o', apiKey: key, ...more };
    const made = await ask('POST', '/api/configurations', body);
    expect(made.status).toBe(201);
    return made.at('data.id');
  };
  /** Requests of the last hours, some of them failed. */
  const use = (connectionId: string): void => {
    const nowMs = pages.house.deps.clock.nowMs();
    for (let index = 0; index < 48; index++) {
      const isFailed = index % 12 === 0;
      const intent = intentOf({ connectionId, userId: sari.id, atMs: nowMs - index * 1_500_000 });
      const failure = { reason: 'rate_limited', status: 429, costNanoUsd: 0 };
      pages.house.deps.journal.append(intent);
      pages.house.deps.journal.append(
        settlementOf(intent, { latencyMs: 200 + index * 10, costNanoUsd: 4_210_000, ...(isFailed ? failure : {}) }),
      );
    }
  };
  const come = async (options: Partial<VisitorOptions> = {}): Promise<void> => {
    visitor = await visit({ url: pages.house.url, ...options });
    await comeIn(visitor, sari);
  };
  const open = async (tab: (typeof tabs)[number] = '', connectionId = id): Promise<void> => {
    await visitor.page.goto(`/connections/${connectionId}${tab}`);
    await visitor.page.getByRole('heading', { level: 1, name: 'Main' }).waitFor();
  };

  beforeAll(async () => {
    pages = await openPages();
  });
  beforeEach(async () => {
    count += 1;
    pages.provider.received.length = 0;
    pages.provider.answer(plain);
    sari = await pages.house.createResident(`Detail${count}`);
    id = await make();
  });
  afterEach(() => visitor.leave());
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('the overview says what it did: four figures with their units, a line with its sentence, and the last errors in words', async () => {
    use(id);
    await come();
    await open();
    const { page } = visitor;
    await page.getByText('Too Many Requests').first().waitFor();
    await page.getByRole('img', { name: /^48 requests in 30 days, at most \d+ in one day\.$/ }).waitFor();
    const figures = page.getByRole('region', { name: 'Last 30 days' });
    for (const text of ['48', '4,800 in · 960 out', '$0.185240', '8.3%']) await figures.getByText(text, { exact: true }).waitFor();
    await expect.poll(() => page.getByRole('region', { name: 'Last errors' }).getByRole('listitem').count()).toBe(4);
    expect(pages.provider.received).toEqual([]);
  });

  test('an amount of money stands in one line, on a phone and beside the navigation: half of it would be another amount', async () => {
    const intent = intentOf({ connectionId: id, userId: sari.id, atMs: pages.house.deps.clock.nowMs() });
    pages.house.deps.journal.append(intent);
    pages.house.deps.journal.append(settlementOf(intent, { costNanoUsd: 2_114_000 }));
    await ask('PATCH', '/api/me', { language: 'id' });
    await come({ locale: 'id-ID' });
    await open();
    const amount = visitor.page.getByText('US$0,002114');
    await amount.waitFor();
    const lines = () => amount.evaluate((one) => one.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(one).lineHeight));
    for (const width of [1440, 1024, 390]) {
      await visitor.page.setViewportSize({ width, height: 900 });
      await expect.poll(lines).toBe(1);
    }
  });

  test('a tab is a link of its own, reached by keyboard; the window and the line of tabs say which one is open', async () => {
    await come();
    await open();
    const { page } = visitor;
    const line = page.getByRole('navigation', { name: `Pages of Main ${count}` });
    await line.getByRole('link', { name: 'Health', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/connections/${id}/health`);
    await expect.poll(() => line.getByRole('link', { name: 'Health', exact: true }).getAttribute('aria-current')).toBe('page');
    await expect.poll(() => line.getByRole('link', { name: 'Overview', exact: true }).getAttribute('aria-current')).toBe(null);
    await expect.poll(() => page.title()).toBe(`Main ${count} · Patchbay`);
    await page.goBack();
    await page.getByRole('region', { name: 'Last 30 days' }).waitFor();
  });

  test('models are switched off all at once and two on again, which leaves exactly two, also after a reload', async () => {
    // Nobody listens there, so the models are those that the catalogue knows.
    id = await make({ name: 'Main catalogue', baseUrl: 'http://127.0.0.1:9/v1' });
    await come();
    await open('/models');
    const { page } = visitor;
    const list = page.getByRole('list', { name: 'Models of Main catalogue' });
    await page.getByText(/could not be loaded \(NETWORK\)/).waitFor();
    const all = await list.getByRole('switch').count();
    expect(all).toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Hide All' }).click();
    await page.getByText(`0 of ${all} shown`).waitFor();
    const names = await list.getByRole('switch').evaluateAll((inputs) => inputs.map((input) => input.getAttribute('aria-label') ?? ''));
    for (const name of names.slice(0, 2)) {
      await list.getByRole('switch', { name, exact: true }).focus();
      await page.keyboard.press('Space');
    }
    await page.getByText(`2 of ${all} shown`).waitFor();
    await expect.poll(async () => (await ask('GET', `/api/models?connectionId=${id}`)).body as unknown as unknown[]).toHaveLength(2);
    await page.reload();
    await page.getByText(`2 of ${all} shown`).waitFor();
    await page.getByLabel('Search models').fill('no such model');
    await page.getByText('No model matches “no such model”.').waitFor();
  });

  test('a provider that never answers delays no tab, and what is known stands beside the reason', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const baseUrl = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/v1`;
    const slow = await make({ name: 'Main black hole', baseUrl, configuration: { timeouts: { connectMs: 2000 } } });
    const slowest = await make({ name: 'Main without an end', baseUrl, configuration: { timeouts: { connectMs: 60_000 } } });
    await come();
    // A tab that waited for this provider would be waited for longer than a browser does.
    for (const tab of tabs) await open(tab, slowest);
    await open('/models', slow);
    const { page } = visitor;
    await page.getByText('Suggestions of the catalogue').waitFor();
    await page.getByText(/could not be loaded \(NETWORK\)/).waitFor();
    await expect.poll(() => page.getByRole('switch', { name: /in my lists$/ }).count()).toBeGreaterThan(0);
    // Whatever its provider does, it can be switched off.
    await page.getByRole('switch', { name: 'Status of Main black hole' }).focus();
    await page.keyboard.press('Space');
    await expect.poll(async () => (await ask('GET', `/api/configurations/${slow}`)).body.data).toMatchObject({ isActive: false });
    silent.close();
  });

  test('usage is a chart with a sentence, and a table at the press of a button', async () => {
    use(id);
    await come();
    await open('/usage');
    const { page } = visitor;
    await page.getByRole('img', { name: /^Requests per day over 30 days\. Highest on .+: \d+\.$/ }).waitFor();
    await page.getByText('48 requests, 5,760 tokens and $0.185240 in 30 days.').waitFor();
    await page.getByRole('button', { name: 'Show as Table' }).click();
    const table = page.getByRole('table');
    await expect.poll(() => table.getByRole('row').count()).toBe(31);
    const cells = await table.getByRole('cell').allTextContents();
    expect(cells.reduce((sum, text) => sum + Number(text), 0)).toBe(48);
    await page.getByRole('radio', { name: 'Cost' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('columnheader', { name: 'Cost' }).waitFor();
  });

  test('health is told by height, by word and by table, and a test leaves its measured steps', async () => {
    use(id);
    await come();
    await open('/health');
    const { page } = visitor;
    const strip = page.getByRole('img', { name: /answered · \d+ of \d+ intervals down/ });
    await strip.waitFor();
    const heights = await strip.evaluate((svg) => {
      const found: Record<string, number> = {};
      for (const rect of svg.querySelectorAll('rect')) found[rect.getAttribute('data-state') ?? ''] = Number(rect.getAttribute('height'));
      return found;
    });
    expect(heights).toMatchObject({ ok: 100, down: 40, none: 100 });
    await page.getByText('This connection was not tested yet. Test shows each step with its time.').waitFor();
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page
      .getByRole('region', { name: 'Last tests' })
      .getByRole('list', { name: /^Steps of the test at/ })
      .waitFor();
    await page.getByRole('button', { name: 'Show as Table' }).click();
    await page.getByRole('table').getByRole('cell', { name: 'Down' }).first().waitFor();
  });

  test('a key that the provider refuses changes nothing; one that it accepts replaces the old one for the very next request', async () => {
    await come();
    await open();
    const { page } = visitor;
    pages.provider.answer(refusing(401));
    await page.getByRole('button', { name: 'Rotate Key' }).click();
    const dialog = page.getByRole('dialog', { name: `Rotate the key of “Main ${count}”` });
    await dialog.getByRole('button', { name: 'Test and Replace' }).click();
    await dialog.getByText('Enter the new key.').waitFor();
    await dialog.getByLabel('New API Key').fill('sk-proj-wrongabcdefgzzzz');
    await page.keyboard.press('Enter');
    await dialog.getByText('The new key was not saved. The stored key still works.').waitFor();
    await expect.poll(async () => (await ask('GET', `/api/configurations/${id}`)).at('data.apiKey')).toBe('***x7Qa');
    pages.provider.answer(plain);
    await dialog.getByLabel('New API Key').fill('sk-proj-freshabcdefghnew1');
    // It is on its way once, and what comes of it is waited for.
    const release = await holdBack(page, 'POST', '/rotate-key');
    const sent: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/rotate-key')) sent.push(request.method());
    });
    await page.keyboard.press('Enter');
    await expect.poll(() => dialog.getByRole('button', { name: 'Cancel' }).getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.isVisible()).toBe(true);
    release();
    await dialog.waitFor({ state: 'hidden' });
    expect(sent).toEqual(['POST']);
    await expect.poll(async () => (await ask('GET', `/api/configurations/${id}`)).at('data.apiKey')).toBe('***new1');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByText('Last test: connected', { exact: true }).waitFor();
    expect(pages.provider.received.at(-1)!.headers['authorization']).toBe('Bearer sk-proj-freshabcdefghnew1');
    expect(await page.content()).not.toMatch(/freshabc|wrongabc|detailabc/);
  });

  test.each([
    ['', ['30 hari terakhir', 'Kesalahan terakhir']],
    ['/usage', ['Penggunaan']],
    ['/access', ['Siapa yang dapat memakainya', 'Dipakai oleh']],
  ] as const)('what the tab “%s” shows stays where the server refuses a later look at it', async (tab, names) => {
    use(id);
    await pages.house.deps.books.catchUp();
    await come();
    await open(tab);
    const { page } = visitor;
    await visitor.settled();
    await page.route(new RegExp(`/api/configurations/${id}/`), (route) => route.fulfill({ status: 429 }));
    const refused = page.waitForResponse((answer) => answer.status() === 429);
    // Another language asks anew for everything that the page shows.
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await refused;
    await visitor.settled();
    for (const name of names) await page.getByRole('region', { name }).waitFor();
    await expect.poll(() => page.getByRole('main').getByRole('alert').count()).toBe(0);
  });

  test('access says who, what uses it and what a deletion means; a deletion leads back to the list', async () => {
    await ask('POST', `/api/configurations/${id}/default`, {});
    await come();
    await open('/access');
    const { page } = visitor;
    await page.getByText(`Only Detail${count} can use it.`).waitFor();
    const usedBy = page.getByRole('region', { name: 'Used by' });
    await usedBy.getByText(`Default connection of Detail${count}`).waitFor();
    await usedBy.getByText('without it, requests that name no connection show an error').waitFor();
    await page.getByRole('button', { name: `Delete Main ${count}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It is the default.', { exact: false }).waitFor();
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.waitForURL('**/settings/ai-connections');
    await expect.poll(async () => (await ask('GET', `/api/configurations/${id}`)).status).toBe(404);
  });

  test('a stranger is told no more than of something that does not exist, and somebody who may only use it sees why nothing can be changed', async () => {
    const admin = await pages.house.createResident(`Chief${count}`, 'administrator');
    const shared = await pages.house.request('POST', '/api/admin/models', {
      token: admin.token,
      body: { name: 'Main shared', provider: 'openai', apiUrl: pages.provider.baseUrl, modelVariant: 'gpt-4o', apiKey: key },
    });
    sari = await pages.house.createResident(`Other${count}`);
    await come();
    const { page } = visitor;
    await page.goto(`/connections/${id}`);
    await page.getByText('It does not exist, or it is not visible to you.').waitFor();
    await expect.poll(() => page.content()).not.toContain(`Main ${count}`);
    await open('/access', shared.at('data.id'));
    await page.getByText('You can view and use this connection but not change it.', { exact: false }).waitFor();
    for (const name of ['Rotate Key', /^Delete/]) await expect.poll(() => page.getByRole('button', { name }).count()).toBe(0);
    await expect.poll(() => page.getByRole('link', { name: 'Edit', exact: true }).count()).toBe(0);
  });
});
