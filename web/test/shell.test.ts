/** The frame of every page in a real browser: navigation, palette, shortcuts, account, settings, and the way for keyboards and phones. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { visit, type Visitor, type VisitorOptions } from './support/visitor.ts';

needs('browser')('the shell', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let visitor: Visitor;

  const come = async (options: Partial<VisitorOptions> = {}, who = sari): Promise<void> => {
    visitor = await visit({ url: pages.house.url, ...options });
    await signIn(visitor, who);
  };
  const links = async (): Promise<string[]> =>
    visitor.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link').allInnerTexts();
  const openPalette = async (): Promise<void> => {
    await visitor.page.keyboard.press('Control+k');
    await visitor.page.getByRole('combobox', { name: /^(Search pages|Cari halaman)/ }).waitFor();
  };
  const options = async (): Promise<string[]> =>
    (
      await visitor.page
        .getByRole('listbox', { name: /^(Search|Cari)/ })
        .getByRole('option')
        .allInnerTexts()
    ).map((text) => text.split('\n')[0]!);

  beforeAll(async () => {
    pages = await openPages();
    sari = await pages.house.createResident('Sari');
    budi = await pages.house.createResident('Budi');
    await pages.house.createWorkspace('Acme Research', [
      [sari, 'ADMIN'],
      [budi, 'READ'],
    ]);
    const body = { name: 'Lab', baseUrl: 'http://127.0.0.1:9/v1', provider: 'custom', defaultModel: 'llama3.1:8b' };
    const made = await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body });
    await pages.house.request('POST', `/api/configurations/${made.at('id')}/test`, { token: sari.token, body: {} });
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('the navigation shows what a role can use, and where one is', async () => {
    await come();
    await expect.poll(async () => (await links()).join(' ')).toMatch(/Overview.*AI Connections.*Tasks.*Settings/s);
    const current = visitor.page.getByRole('navigation', { name: 'Main navigation' }).locator('[aria-current="page"]');
    await expect.poll(() => current.innerText()).toContain('AI Connections');
    await visitor.leave();
    await come({}, budi);
    const seen = (await links()).join(' ');
    expect(seen).toContain('AI Connections');
    for (const hidden of ['Tasks', 'AI Models']) expect(seen).not.toContain(hidden);
  });

  test('connections that fail are counted at their entry, in a figure and in words', async () => {
    await come();
    const entry = visitor.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'AI Connections' });
    await expect.poll(() => entry.getAttribute('href').then(() => entry.innerText())).toMatch(/1/);
    await expect.poll(() => visitor.page.getByRole('link', { name: 'AI Connections 1 connection failing' }).count()).toBe(1);
  });

  test('the workspace switcher is the first control, and the breadcrumb follows it', async () => {
    await come();
    const { page } = visitor;
    await page.getByLabel('Workspace', { exact: true }).selectOption({ label: 'Acme Research' });
    await page.getByRole('navigation', { name: 'Where you are' }).getByText('Acme Research').waitFor();
    await page.reload();
    await page.getByRole('navigation', { name: 'Where you are' }).getByText('Acme Research').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT');
  });

  test('the palette finds pages, objects and commands by words of both languages, whichever is shown', async () => {
    await come();
    const { page } = visitor;
    await openPalette();
    for (const [typed, name] of [
      ['koneksi ai', 'AI Connections'],
      ['ai conn', 'AI Connections'],
      ['tambah', 'Add Connection'],
      ['tema gelap', 'Dark Theme'],
      ['lab', 'Lab'],
      ['tampilan', 'Appearance'],
    ] as const) {
      await page.getByRole('combobox', { name: 'Search pages' }).fill(typed);
      await expect.poll(() => options(), { message: typed }).toContain(name);
    }
    await page.getByRole('combobox', { name: 'Search pages' }).fill('tambah');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/ai-connections/new');
    // What was used last leads the next time.
    await openPalette();
    await expect.poll(async () => (await options())[0]).toBe('Add Connection');
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Search pages' }).waitFor({ state: 'detached' });
  });

  test('an object shows its actions with the right arrow, and Escape steps back before it closes', async () => {
    await come();
    const { page } = visitor;
    await openPalette();
    await page.getByRole('combobox', { name: 'Search pages' }).fill('lab');
    await expect.poll(async () => (await options())[0]).toBe('Lab');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => options()).toContain('Edit');
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await expect.poll(() => options()).toContain('Lab');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('option', { name: 'Edit' }).click();
    await page.waitForURL('**/edit');
  });

  test('what finds nothing says so, and the focus returns to where the palette was opened', async () => {
    await come();
    const { page } = visitor;
    await page.getByRole('button', { name: 'Search' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('combobox', { name: 'Search pages' }).fill('zzzz');
    await page.getByText('Nothing found.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('Search');
  });

  test('two letters lead to a page; in a field, while composing and switched off they are text or nothing', async () => {
    await come();
    const { page } = visitor;
    // However long a machine takes from one press to the next, for the page the second letter comes at once.
    await page.evaluate(() => Object.defineProperty(performance, 'now', { value: () => 1_000 }));
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.getByRole('heading', { level: 1, name: 'Sari' }).waitFor();
    await page.goto('/settings/ai-connections/new');
    const search = page.getByLabel('Search providers');
    await search.fill('');
    await search.press('g');
    await search.press('o');
    await expect.poll(() => search.inputValue()).toBe('go');
    await expect.poll(() => page.url()).toContain('/new');
    await page.evaluate(() => {
      (document.activeElement as HTMLElement).blur();
      for (const key of ['g', 'o', '?'])
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, isComposing: true }));
    });
    await expect.poll(() => page.getByRole('dialog', { name: 'Keyboard Shortcuts' }).count()).toBe(0);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard Shortcuts' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.goto('/settings/appearance');
    await page.getByRole('switch', { name: 'Single-letter shortcuts' }).click({ force: true });
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('?');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await openPalette();
    await expect.poll(() => page.url()).toContain('/settings/appearance');
    await expect.poll(() => page.getByRole('dialog', { name: 'Keyboard Shortcuts' }).count()).toBe(0);
  });

  test('a comfortable row is higher than a compact one, here and in the next visit', async () => {
    await come();
    const { page } = visitor;
    const heightOf = (): Promise<number> =>
      page
        .getByRole('row')
        .nth(1)
        .evaluate((row) => row.getBoundingClientRect().height);
    await page.getByRole('row').nth(1).waitFor();
    await page.goto('/settings/appearance');
    await page.locator('label').filter({ hasText: 'Comfortable' }).click();
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['density'])).toBe('comfortable');
    await page.goto('/settings/ai-connections');
    await page.getByRole('row').nth(1).waitFor();
    await expect.poll(() => heightOf()).toBeGreaterThanOrEqual(44);
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['density'])).toBe('comfortable');
  });

  test('for somebody who wants no motion another theme is there at once: what was given no transition begins none', async () => {
    await come();
    const { page } = visitor;
    await page.getByRole('row').nth(1).waitFor();
    const begun = await page.evaluateHandle(() => {
      const names = new Set<string>();
      document.addEventListener('transitionrun', ({ target }) => {
        const { localName } = target as Element;
        if (/^(html|body|main|h1|p|li|td|th|tr|svg|path)$/.test(localName)) names.add(localName);
      });
      return names;
    });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor({ state: 'attached' });
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const moved = await begun.evaluate((names) => [...names]);
    expect(moved).toEqual([]);
  });

  test('an address where nothing is says so, and offers what was meant; short addresses lead to their page', async () => {
    await come();
    const { page } = visitor;
    await page.goto('/appearanze');
    const field = page.getByRole('combobox', { name: 'Search pages' });
    await field.waitFor();
    await expect.poll(() => field.inputValue()).toBe('appearan');
    await expect.poll(() => options()).toContain('Appearance');
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/appearance');
    for (const [short, place] of [
      ['/connections', '/settings/ai-connections'],
      ['/tasks', '/admin/tasks'],
      ['/overview', '/'],
      ['/settings', '/settings/'],
    ]) {
      await page.goto(short!);
      await page.locator('#page-title').waitFor();
      await expect.poll(() => new URL(page.url()).pathname, { message: short }).toMatch(new RegExp(`^${place}`));
    }
  });

  test('AI Connections is two presses away from every page, by pointer and by keyboard alone', async () => {
    await come({ width: 390 });
    const { page } = visitor;
    for (const place of ['/', '/settings/appearance', '/admin/tasks']) {
      await page.goto(place);
      await page.getByRole('navigation', { name: 'Quick navigation' }).getByRole('link', { name: 'AI Connections' }).click();
      await page.waitForURL('**/settings/ai-connections');
    }
    await page.goto('/settings/appearance');
    // The names of all its pages are seen without scrolling.
    const names = page.getByRole('navigation', { name: 'Settings', exact: true });
    await expect.poll(() => names.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await page.getByRole('button', { name: 'Open Menu' }).click();
    await page.getByRole('dialog', { name: 'Main navigation' }).getByRole('link', { name: 'AI Connections' }).click();
    await page.waitForURL('**/settings/ai-connections');
    await page.getByRole('dialog', { name: 'Main navigation' }).waitFor({ state: 'hidden' });
    await expect.poll(() => page.getByRole('heading', { level: 1 }).innerText()).toBe('AI Connections');
  });
});
