/** The way to the first picture of a page: nothing waits for what it does not need, and nothing jumps on a slow machine. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Request, Route } from 'playwright-core';
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
  });
  afterAll(async () => {
    await visitor?.leave();
    await closeBrowser();
    await town?.close();
  });

  test('what an address needs is asked for while the program is still on its way, and nothing is asked for twice', async () => {
    const { connectionId } = town;
    const configuration = `/api/configurations/${connectionId}`;
    const needs: Record<string, (string | RegExp)[]> = {
      '/': [/OverviewPage-/, '/api/requests?period=24h&limit=50'],
      '/settings/ai-connections': [/ConnectionsPage-/, '/api/providers'],
      '/settings/ai-connections/new?provider=openai': [
        /AddConnectionPage-/,
        '/api/providers/openai/schema',
        '/api/providers/openai/templates',
      ],
      [`/settings/ai-connections/${connectionId}/edit`]: [/EditConnectionPage-/, configuration, '/api/providers/openai/schema'],
      [`/connections/${connectionId}/models`]: [/ConnectionModelsPage-/, configuration, `${configuration}/models`],
      [`/connections/${connectionId}/health`]: [/ConnectionHealthPage-/, `${configuration}/health-history?range=24h`],
      [`/connections/${connectionId}/access`]: [/ConnectionAccessPage-/, `${configuration}/access`, `${configuration}/dependants`],
      [`/connections/${connectionId}/edit`]: [/ConnectionEditPage-/, '/api/providers', '/api/providers/openai/schema'],
    };
    for (const [path, wanted] of Object.entries(needs)) {
      const page = await visitor.context.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url().slice(town.house.url.length)));
      const { promise: held, resolve: hold } = Promise.withResolvers<Route>();
      await page.route(/\/assets\/index-[\w-]+\.js$/, hold);
      await page.goto(path, { waitUntil: 'commit' });
      const all = ['/api/me', '/api/ai-connections', /\/assets\/en-[\w-]+\.json$/, ...wanted];
      await expect
        .poll(() => all.filter((one) => !asked.some((address) => (typeof one === 'string' ? address === one : one.test(address)))), {
          message: path,
        })
        .toEqual([]);
      await expect.poll(() => page.locator('#page-title').count()).toBe(0);
      await (await held).continue();
      await page.locator('#page-title').waitFor();
      expect(asked.filter((address, index) => asked.indexOf(address) !== index)).toEqual([]);
      await page.close();
    }
  }, 300_000);

  test('nor is anything asked for twice where the program is there at once', async () => {
    const { page } = visitor;
    for (const path of [`/settings/ai-connections/${town.connectionId}/edit`, `/connections/${town.connectionId}/edit`]) {
      const asked: string[] = [];
      const note = (request: Request): void => void asked.push(request.url().slice(town.house.url.length));
      page.on('request', note);
      await page.goto(path);
      await page.locator('main form').first().waitFor();
      await visitor.settled();
      page.off('request', note);
      expect(asked.filter((address) => address.endsWith('/schema'))).toEqual(['/api/providers/openai/schema']);
    }
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
  }, 300_000);
});
