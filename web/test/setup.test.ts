/** The first run in a real browser: from the link in the log to the list of connections. */
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, openPages, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

needs('browser')('the set-up page', () => {
  let pages: Pages;
  let visitor: Visitor;

  const fill = async (): Promise<void> => {
    await visitor.page.getByLabel('Name').fill('Sari Wulandari');
    await visitor.page.getByLabel('Email').fill(' Sari@example.com ');
    await visitor.page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  };

  const openSetup = async (): Promise<void> => {
    await visitor.page.goto(`/setup?token=${await pages.house.newSetupToken()}`);
    await visitor.page.getByRole('heading', { name: 'Create the first administrator' }).waitFor();
  };

  beforeEach(async () => {
    pages = await openPages({ isDemoOffered: true });
    visitor = await visit({ url: pages.house.url });
  });

  afterEach(async () => {
    await visitor.leave();
    await pages.close();
  });

  afterAll(closeBrowser);

  test('a new user becomes administrator, adds the demo connection, tests it and sees it connected', async () => {
    const { page } = visitor;
    await openSetup();
    expect(await visitor.axe()).toEqual([]);
    await fill();
    await page.getByRole('button', { name: 'Create Account' }).click();
    await page.getByRole('heading', { name: 'Connect a first provider' }).waitFor();
    expect(page.url()).not.toContain('token');
    expect([...pages.house.deps.keeper.snapshot.people.values()].map(({ timeZone }) => timeZone)).toEqual(['Asia/Jakarta']);
    // The motif: the finished step shows how long it took.
    await expect.poll(() => page.getByRole('listitem').filter({ hasText: 'Admin account' }).innerText()).toMatch(/\d+ ms/);
    expect(await visitor.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Add the Demo Connection' }).click();
    await page.getByText('You are signed in as sari@example.com.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Create Access Key' }).click();
    const command = await page.getByLabel('Command for a terminal').innerText();
    expect(await visitor.axe()).toEqual([]);
    // What the page tells to type is what works.
    const key = /Bearer (sk-pb-[\w-]+)/.exec(command)?.[1] ?? '';
    const address = /curl (\S+)/.exec(command)?.[1] ?? '';
    const body = /-d '(.+)'/.exec(command)?.[1] ?? '';
    const answer = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(200);
    await page.getByRole('button', { name: 'Open AI Connections' }).click();
    await page.getByRole('button', { name: 'Test Demo' }).click();
    await page.getByRole('row').filter({ hasText: 'Connected' }).waitFor();
    await expect.poll(() => page.getByRole('region', { name: 'Test of Demo' }).innerText()).toMatch(/Completion[\s\S]*\d+ ms/);
  });

  test('every field that does not fit says so, and the first of them has the focus', async () => {
    const { page } = visitor;
    await openSetup();
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Create Account' }).click();
    await page.getByText('Enter your name.').waitFor();
    for (const [label, fault] of [
      ['Name', 'Enter your name.'],
      ['Email', 'Enter an email address, like sari@example.com.'],
      ['Password', 'Use 8 to 128 characters.'],
    ] as const) {
      const field = page.getByLabel(label, { exact: true });
      await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true');
      const described = (await field.getAttribute('aria-describedby')) ?? '';
      const said = await Promise.all(described.split(/\s+/).map((id) => page.locator(`[id="${id}"]`).innerText()));
      expect(said.join(' ')).toContain(fault);
    }
    await expect.poll(() => page.getByLabel('Name').evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await visitor.axe()).toEqual([]);
  });

  test('a wrong code is refused with a sentence and loses nothing of the form', async () => {
    const { page } = visitor;
    await pages.house.newSetupToken();
    await page.goto('/setup');
    await page.getByLabel('Set-up code').fill('not-the-code');
    await fill();
    await page.getByRole('button', { name: 'Create Account' }).click();
    await page.getByRole('alert').filter({ hasText: 'The set-up link is not valid any more.' }).waitFor();
    await expect.poll(() => page.getByLabel('Name').inputValue()).toBe('Sari Wulandari');
    expect(await visitor.axe()).toEqual([]);
  });

  test('the connection can wait: the list then says how to begin', async () => {
    const { page } = visitor;
    await openSetup();
    await fill();
    await page.getByRole('button', { name: 'Create Account' }).click();
    await page.getByRole('heading', { name: 'Connect a first provider' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Skip for Now' }).click();
    await page.getByRole('button', { name: 'Open AI Connections' }).click();
    await page.getByRole('heading', { name: 'No connections yet' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });

  test('what was added before a reload is known after it, and an answer that was lost does not stand in the way', async () => {
    const { page } = visitor;
    await openSetup();
    await fill();
    await page.getByRole('button', { name: 'Create Account' }).click();
    const add = page.getByRole('button', { name: 'Add the Demo Connection' });
    await add.waitFor();
    // The server takes it, and the line breaks before it can say so.
    await page.route('**/api/configurations', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await route.fetch();
      await route.abort();
    });
    await add.click();
    await page.getByRole('alert').waitFor();
    await page.unroute('**/api/configurations');
    await page.reload();
    await add.click();
    await page.getByRole('button', { name: 'Create Access Key' }).waitFor();
    await page.reload();
    await page.getByText('The demo connection is in your list.').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Create Access Key' }).count()).toBe(1);
    // What the browser says of the line that broke.
    visitor.complaints.length = 0;
  });

  test('once it is done, the page leads to the door', async () => {
    const { page } = visitor;
    await pages.house.createResident('Sari');
    await page.goto('/setup?token=anything');
    await page.getByRole('heading', { name: 'Patchbay is already set up' }).waitFor();
    await page.getByRole('button', { name: 'Go to Sign In' }).click();
    await page.waitForURL('**/login');
    expect(await visitor.axe()).toEqual([]);
  });

  test('a half-filled form keeps its values when the language changes, and the new account gets that language', async () => {
    const { page } = visitor;
    await openSetup();
    await fill();
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await page.getByRole('heading', { name: 'Buat administrator pertama' }).waitFor();
    await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('id');
    await expect.poll(() => page.getByLabel('Nama').inputValue()).toBe('Sari Wulandari');
    await page.getByRole('button', { name: 'Buat Akun' }).click();
    await page.getByRole('button', { name: 'Lewati Dulu' }).click();
    await page.getByRole('button', { name: 'Buka Koneksi AI' }).click();
    await page.getByRole('heading', { level: 1, name: 'Koneksi AI' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });

  test('nothing is wider than a phone of 320 px', async () => {
    const { page } = visitor;
    await page.setViewportSize({ width: 320, height: 640 });
    await openSetup();
    await expect.poll(() => overflowOf(page)).toBe(0);
    expect(await visitor.axe()).toEqual([]);
  });
});
