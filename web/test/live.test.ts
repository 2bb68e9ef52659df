/** What happens elsewhere, in a real browser: other tabs, other people, a server that goes away, a session that ends, a new version. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, openPages, signIn, type Pages } from './support/pages.ts';
import { openLine, type CuttableLine } from './support/proxy.ts';
import { visit, type Visitor } from './support/visitor.ts';

/** On an idle machine each of these is a matter of one or two seconds; a busy one is given more. */
const patienceMs = 60_000;

needs('browser')('a page that stays open', () => {
  let pages: Pages;
  let sari: Resident;
  let line: CuttableLine;
  let visitor: Visitor;

  const add = (name: string, extra: Record<string, unknown> = {}) =>
    pages.house.request('POST', '/api/ai-connections', {
      token: sari.token,
      body: { name, baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o', ...extra },
    });
  const come = async (): Promise<void> => {
    visitor = await visit({ url: line.url });
    await signIn(visitor, sari);
  };
  /** How often the page is loaded from now on: counted where it is asked for, and not where everything of it has come. */
  const countLoads = ({ page }: Visitor): (() => number) => {
    let loads = 0;
    page.on('request', (request) => void (loads += Number(request.isNavigationRequest())));
    return () => loads;
  };
  /** Chromium writes every broken connection on the console; here they break on purpose. */
  const forgive = (): void => void visitor.complaints.splice(0);
  const isListening = async (): Promise<void> => {
    await expect.poll(() => pages.house.deps.events.listeners).toBeGreaterThan(0);
  };

  beforeAll(async () => {
    pages = await openPages();
    line = await openLine(pages.house.url);
    sari = await pages.house.createResident('Sari');
    await add('First');
  });

  afterEach(async () => {
    await visitor.leave();
    if (!line.isWhole) await line.mend();
  });

  afterAll(async () => {
    await closeBrowser();
    await line?.close();
    await pages?.close();
  });

  test('what is changed elsewhere is shown in every tab at once, without a reload', async () => {
    await come();
    const second = await visitor.context.newPage();
    await second.goto('/settings/ai-connections');
    const both = [visitor.page, second];
    for (const page of both) await page.getByRole('row').filter({ hasText: 'First' }).waitFor();
    await isListening();
    const id = (await add('Made elsewhere')).at('id');
    for (const page of both) await page.getByRole('row').filter({ hasText: 'Made elsewhere' }).waitFor({ timeout: patienceMs });
    await pages.house.request('PATCH', `/api/ai-connections/${id}`, { token: sari.token, body: { name: 'Renamed elsewhere' } });
    for (const page of both) await page.getByRole('row').filter({ hasText: 'Renamed elsewhere' }).waitFor({ timeout: patienceMs });
    await pages.house.request('DELETE', `/api/ai-connections/${id}`, { token: sari.token });
    for (const page of both)
      await page.getByRole('row').filter({ hasText: 'elsewhere' }).waitFor({ state: 'detached', timeout: patienceMs });
    await expect.poll(() => second.getByRole('row').filter({ hasText: 'First' }).count()).toBe(1);
  });

  test('what changes between the reading of a page and the opening of its line is shown all the same', async () => {
    await come();
    const { page } = visitor;
    // Without a shared worker the line is the page's own, and can be held up here.
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'));
    const { promise: mayOpen, resolve } = Promise.withResolvers<void>();
    await page.route('**/api/events*', async (route) => {
      await mayOpen;
      await route.continue();
    });
    await page.goto('/settings/ai-connections');
    await page.getByRole('row').filter({ hasText: 'First' }).waitFor();
    const id = (await add('Made in between')).at('id');
    resolve();
    await page.getByRole('row').filter({ hasText: 'Made in between' }).waitFor({ timeout: patienceMs });
    await expect.poll(() => page.getByRole('row').filter({ hasText: 'First' }).count()).toBe(1);
    await pages.house.request('DELETE', `/api/ai-connections/${id}`, { token: sari.token });
    await page.getByRole('row').filter({ hasText: 'Made in between' }).waitFor({ state: 'detached' });
  });

  test('eight tabs are one stream, and the eighth loads as fast as the first', async () => {
    await come();
    for (let tab = 2; tab <= 7; tab++) await (await visitor.context.newPage()).goto('/settings/ai-connections');
    const eighth = await visitor.context.newPage();
    await eighth.goto('/settings/ai-connections');
    await eighth.getByRole('row').filter({ hasText: 'First' }).waitFor();
    // A line of the visit before may still be on its way out.
    await expect.poll(() => pages.house.deps.events.listeners).toBeLessThanOrEqual(2);
    await add('Told to eight');
    for (const page of visitor.context.pages())
      await page.getByRole('row').filter({ hasText: 'Told to eight' }).waitFor({ timeout: patienceMs });
  });

  test('a task is counted in the tray, goes on over a reload, and its end is told', async () => {
    await come();
    const { page } = visitor;
    // Away from the list, which tells of its own tests by itself.
    await page.goto('/settings/appearance');
    await page.locator('#page-title').waitFor();
    await isListening();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { id } = await pages.house.deps.tasks.start({
      kind: 'connection-tests',
      title: '',
      ownerUserId: sari.id,
      ownerName: 'Sari',
      total: 4,
      run: async ({ progress }) => {
        progress(1, 4, 'one');
        await promise;
        progress(4, 4, 'four');
        return { items: [{ id: 'x', name: 'x', status: 'failed', latencyMs: 1, errorCode: 'AUTH' }] };
      },
    });
    await page.getByRole('button', { name: 'Tasks, 1 running' }).click();
    const panel = page.getByRole('region', { name: 'Your tasks' });
    await panel.getByText('1 of 4 done, 0 failed').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.reload();
    await page.getByRole('button', { name: 'Tasks, 1 running' }).click();
    await panel.getByText('1 of 4 done').waitFor();
    resolve();
    await panel.getByText('4 of 4 done, 1 failed').waitFor();
    await page.getByRole('status').filter({ hasText: 'Test of 4 connections: Done' }).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Tasks', exact: true }).waitFor();
    await page.goto('/admin/tasks');
    await page.getByRole('row').filter({ hasText: 'Test of 4 connections' }).filter({ hasText: 'Done' }).waitFor();
    await expect
      .poll(async () => (await pages.house.request('GET', `/api/tasks/${id}`, { token: sari.token })).at('data.state'))
      .toBe('done');
  });

  test('a server that is gone is said by itself; forms keep what was typed and wait; it comes back by itself', async () => {
    await come();
    const { page } = visitor;
    await page.goto('/settings/ai-connections/new?provider=custom');
    await page.getByLabel('Name', { exact: true }).fill('Half typed');
    await isListening();
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await line.cut();
    const bar = page.getByRole('alert').filter({ hasText: 'Connection to the server lost' });
    await bar.waitFor({ timeout: patienceMs });
    await expect.poll(() => bar.innerText()).toMatch(/from \d{1,2}:\d{2}:\d{2}/);
    await expect.poll(() => page.getByRole('main').getAttribute('data-stale')).toBe('true');
    const save = page.getByRole('button', { name: 'Save Connection' });
    await expect.poll(() => save.getAttribute('aria-disabled')).toBe('true');
    const reasonId = (await save.getAttribute('aria-describedby'))!.split(' ').at(-1)!;
    await expect.poll(() => page.locator(`[id="${reasonId}"]`).innerText()).toContain('nothing can be saved');
    await save.focus();
    await expect.poll(() => save.evaluate((button) => button === document.activeElement)).toBe(true);
    await save.click({ force: true });
    expect(await visitor.axe()).toEqual([]);
    await line.mend();
    await bar.waitFor({ state: 'detached', timeout: patienceMs });
    await expect.poll(() => save.getAttribute('aria-disabled')).toBeNull();
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Half typed');
    await expect.poll(() => page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
    // The line of events is back as well: what happens now is shown.
    await page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'AI Connections' }).click();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('row').filter({ hasText: 'First' }).waitFor();
    await isListening();
    await add('After the night');
    await page.getByRole('row').filter({ hasText: 'After the night' }).waitFor({ timeout: patienceMs });
    forgive();
  });

  test('whoever leaves for the door when the session ends comes back, and the form has what was typed, without the key', async () => {
    await come();
    const { page } = visitor;
    await page.goto('/settings/ai-connections/new?provider=openai');
    await page.getByLabel('Name', { exact: true }).fill('Kept over the door');
    await page.getByLabel('API Key', { exact: true }).fill('sk-test-never-kept-anywhere');
    await visitor.context.clearCookies();
    await page.getByRole('button', { name: 'Save Connection' }).click();
    const over = page.getByRole('dialog', { name: 'Your session has ended' });
    await over.getByRole('button', { name: 'Leave This Page' }).click();
    await page.waitForURL('**/login?to=*');
    await over.waitFor({ state: 'detached' });
    await expect
      .poll(() => page.evaluate(() => JSON.stringify([Object.values(sessionStorage), Object.values(localStorage)])))
      .not.toContain('never-kept');
    await page.getByLabel('Email', { exact: true }).fill(sari.email);
    await page.getByLabel('Password', { exact: true }).fill(sari.password);
    await page.getByRole('button', { name: 'Sign In', exact: true }).click();
    await page.waitForURL('**/new?provider=openai');
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Kept over the door');
    await expect.poll(() => page.getByLabel('API Key', { exact: true }).inputValue()).toBe('');
    forgive();
  });

  test('a part of a form that does not come while the server is gone is waited for, and what was typed stays', async () => {
    await come();
    const { page } = visitor;
    const { promise: isGone, resolve } = Promise.withResolvers<void>();
    const late = '**/assets/{BackupsField,HeadersField,JsonField,PaletteHost}-*';
    await page.route(late, async (route) => {
      await isGone;
      await route.abort('connectionrefused');
    });
    await page.goto('/settings/ai-connections/new?provider=custom');
    await page.getByLabel('Name', { exact: true }).fill('Typed before');
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await line.cut();
    resolve();
    await page.getByRole('alert').filter({ hasText: 'Connection to the server lost' }).waitFor({ timeout: patienceMs });
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed before');
    // Pressed while nothing can come, it comes when it can.
    await page.keyboard.press('Control+k');
    await page.unroute(late);
    await line.mend();
    await page.getByRole('combobox', { name: 'Search pages' }).waitFor({ timeout: patienceMs });
    await page.keyboard.press('Escape');
    await page.getByText('Advanced', { exact: true }).click();
    await page.getByRole('button', { name: 'Add Header' }).waitFor();
    // Its style, too.
    const rules = (links: Element[]): number[] => links.map((link) => (link as HTMLLinkElement).sheet!.cssRules.length);
    await expect
      .poll(async () => (await page.locator('link[rel="stylesheet"][href*="HeadersField"]').evaluateAll(rules))[0])
      .toBeGreaterThan(0);
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed before');
    await expect.poll(() => page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
    forgive();
  });

  test('a file that a new version has taken away is one reload, not a broken page', async () => {
    await come();
    const { page } = visitor;
    let missed = 0;
    const loads = countLoads(visitor);
    await page.route('**/assets/TasksPage-*.js', async (route) => {
      if (loads() === 0) await route.fulfill({ status: 404, contentType: 'application/json', body: '{}' }).then(() => missed++);
      else await route.continue();
    });
    await page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Tasks' }).click();
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();
    await expect.poll(() => missed).toBeGreaterThanOrEqual(1);
    expect(loads()).toBe(1);
    forgive();
  });

  test('texts of a language that a new version has taken away are one reload, and the language is there', async () => {
    await come();
    const { page } = visitor;
    const loads = countLoads(visitor);
    await page.route('**/assets/id-*.json', (route) => (loads() === 0 ? route.fulfill({ status: 404, body: '' }) : route.continue()));
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await page.getByRole('navigation', { name: 'Navigasi utama' }).waitFor();
    expect(loads()).toBe(1);
    await chooseLanguage(visitor, 'English');
    await page.getByRole('navigation', { name: 'Main navigation' }).waitFor();
    forgive();
  });

  test('a file that is missing for good is told, and the page is not loaded again and again', async () => {
    await come();
    const { page } = visitor;
    const loads = countLoads(visitor);
    await page.route('**/assets/TasksPage-*.js', (route) => route.fulfill({ status: 404, contentType: 'application/json', body: '{}' }));
    await page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Tasks' }).click();
    await page.getByRole('button', { name: 'Try Again' }).waitFor();
    expect(loads()).toBeLessThanOrEqual(2);
    forgive();
  });
});
