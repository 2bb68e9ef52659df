/** The way to the first picture of a page: nothing waits for what it does not need, and nothing jumps on a slow machine. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Route } from 'playwright-core';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { pathsOf } from '../../tools/pages/paths.ts';
import { openTown, type Town } from '../../tools/pages/town.ts';
import { signIn } from './support/pages.ts';
import { visit, type Visitor } from './support/visitor.ts';

/** 10 Mbit/s with 40 ms, and a processor a quarter as fast. */
const line = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 };
const slower = 4;
const settleMs = 1_200;
/** One of each kind: sums, lists, tabs, forms, a dialog, a chat, and an address where nothing is. */
const kinds = new Set([
  'overview',
  'connections',
  'connection',
  'connection-usage',
  'add-openai',
  'edit-connection',
  'add-model',
  'chat-messages',
  'keys',
  'missing',
]);

type Watched = typeof globalThis & { shift: number };

/** Runs in the page before anything else. */
function watchShift(): void {
  (globalThis as Watched).shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
      if (!entry.hadRecentInput) (globalThis as Watched).shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
}

needs('browser')('the first picture of a page', () => {
  let town: Town;
  let visitor: Visitor;

  beforeAll(async () => {
    town = await openTown();
    visitor = await visit({ url: town.house.url, width: 1440 });
    await signIn(visitor, town.administrator);
  }, 60_000);
  afterAll(async () => {
    await visitor?.leave();
    await closeBrowser();
    await town?.close();
  });

  test('person, texts and the files of the page are asked for at once: none of them waits for another', async () => {
    const page = await visitor.context.newPage();
    const held: Route[] = [];
    const hold = (route: Route): void => void held.push(route);
    const isText = (path: string): boolean => /\/assets\/en-[\w-]+\.js$/.test(path);
    const isPage = (path: string): boolean => /\/assets\/ConnectionsPage-[\w-]+\.js$/.test(path);
    await page.route((url) => url.pathname === '/api/me' || isText(url.pathname) || isPage(url.pathname), hold);
    await page.goto('/settings/ai-connections', { waitUntil: 'commit' });
    const paths = (): string[] => held.map((route) => new URL(route.request().url()).pathname);
    await expect
      .poll(paths)
      .toEqual(expect.arrayContaining(['/api/me', expect.stringMatching(/en-/), expect.stringMatching(/ConnectionsPage-/)]));
    expect(await page.locator('#page-title').count()).toBe(0);
    // The texts of the server's words come by their own file.
    await page.unroute(() => true);
    for (const route of held) await route.continue();
    await page.locator('#page-title').waitFor();
    await page.close();
  });

  test('on a slow machine and a slow line nothing that is shown moves', async () => {
    const moved: string[] = [];
    for (const [name, path] of Object.entries(pathsOf(town)).filter(([key]) => kinds.has(key))) {
      const page = await visitor.context.newPage();
      const session = await visitor.context.newCDPSession(page);
      await session.send('Network.setCacheDisabled', { cacheDisabled: true });
      await session.send('Network.emulateNetworkConditions', line);
      await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
      await page.addInitScript(watchShift);
      await page.goto(path);
      await page.locator('h1').first().waitFor();
      await page.waitForTimeout(settleMs);
      const shift = await page.evaluate(() => (globalThis as Watched).shift);
      if (shift > 0) moved.push(`${name}: ${shift.toFixed(4)}`);
      await page.close();
    }
    expect(moved).toEqual([]);
  }, 240_000);
});
