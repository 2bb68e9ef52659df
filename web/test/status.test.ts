/** The status page in a real browser: a provider dies and comes back before one's eyes, settings are saved, and a link is shared and revoked. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { startMortalProvider, type MortalProvider } from '../../server/test/support/mortal-provider.ts';
import { needs } from '../../server/test/support/parts.ts';
import { rollBackLastChange } from './support/history.ts';
import { comeIn, openPages, signIn, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

const slowMs = 300_000;

needs('browser')('status', () => {
  let pages: Pages;
  let provider: MortalProvider;
  let sari: Resident;
  let budi: Resident;
  let visitor: Visitor;
  let azure = '';
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });

  beforeAll(async () => {
    pages = await openPages();
    provider = await startMortalProvider();
    sari = await pages.house.createResident('Sari', 'administrator');
    budi = await pages.house.createResident('Budi');
    await pages.house.createWorkspace('Marketing', [[budi, 'READ']]);
    const add = async (name: string, more: Record<string, unknown> = {}): Promise<string> => {
      const body = {
        name,
        provider: 'custom',
        modelVariant: 'small-model',
        apiUrl: provider.baseUrl,
        apiKey: 'sk-test-abcdefghx7Qa',
        ...more,
      };
      return (await pages.house.request('POST', '/api/admin/models', { token: sari.token, body })).at('data.id');
    };
    azure = await add('Azure EU');
    await add('Old model', { isActive: false });
  });
  afterAll(async () => {
    await closeBrowser();
    await provider?.close();
    await pages?.close();
  });
  beforeEach(async () => {
    visitor = await visit({ url: pages.house.url });
  });
  afterEach(async () => {
    await visitor.leave();
  });

  const check = () => pages.house.request('POST', `/api/status/${azure}/check`, { token: budi.token });
  const row = (name: string) => visitor.page.getByRole('table', { name: 'Connections' }).getByRole('row', { name: new RegExp(`^${name}`) });

  test(
    'a provider that dies is shown at once with its reason and in the navigation, and so is its recovery',
    async () => {
      const { page } = visitor;
      await signIn(visitor, sari);
      await page.getByRole('link', { name: 'Status', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Status' }).waitFor();
      await row('Azure EU').getByText('Unknown').waitFor();
      await row('Old model').getByText('Paused').waitFor();
      await button('Check Now: Azure EU').click();
      await page.getByText(/^Azure EU: the check passed in/).waitFor();
      await row('Azure EU').getByText('Healthy').waitFor();
      await page.getByText('All connections that are checked are well.').waitFor();
      expect(await visitor.axe()).toEqual([]);

      await provider.become('refusing');
      for (let count = 0; count < 2; count++) await check();
      await row('Azure EU').getByText('Key refused: 401 Unauthorized').waitFor();
      const notice = page.getByRole('alert').filter({ hasText: '1 connection is failing' });
      await notice.getByRole('link', { name: /^Azure EU: 401 Unauthorized since/ }).waitFor();
      await page.getByRole('navigation', { name: 'Main navigation' }).getByText('1 connection failing').waitFor({ state: 'attached' });
      await page.getByRole('table', { name: 'Incidents, 30 days' }).getByText('still going on').waitFor();
      expect(await visitor.axe()).toEqual([]);
      // Meaning is in words, not in colour alone: the strip is a sentence.
      await expect
        .poll(() => row('Azure EU').getByRole('img').getAttribute('aria-label'))
        .toMatch(/uptime; \d+ of \d+ stretches down|nothing known/);

      await notice.getByRole('link').click();
      await page.getByRole('heading', { name: 'Health now' }).waitFor();
      await page.getByText('2 failures in a row').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await provider.become('alive');
      await button('Check Now').click();
      await page.getByText(/the check passed in/).waitFor();
      await check();
      await page.getByText('Healthy').first().waitFor();
      await page.getByRole('link', { name: 'Status', exact: true }).click();
      await page.getByText('All connections that are checked are well.').waitFor();
      await page.getByText('90 days', { exact: true }).click();
      await page.getByRole('columnheader', { name: 'History, 90 days' }).waitFor();
      await page.getByLabel('Search name or provider').fill('nowhere');
      await page.getByText('No connection fits these filters.').waitFor();
      await visitor.page.setViewportSize({ width: 390, height: 844 });
      await expect.poll(() => overflowOf(page)).toBe(0);
    },
    slowMs,
  );

  test('of five hundred connections fifty are drawn at once, each strip is one picture with its sentence, and what fails stands above', async () => {
    const { page } = visitor;
    await page.route('**/api/status?*', async (route) => {
      const answer = await route.fetch();
      const { data } = (await answer.json()) as { data: { connections: { id: string; name: string; strip: string }[] } };
      const [one] = data.connections;
      const connections = Array.from({ length: 500 }, (_, at) => ({
        ...one!,
        id: `${one!.id}${at}`,
        name: `Line ${at}`,
        strip: 'usd-'.repeat(12),
      }));
      await route.fulfill({ response: answer, json: { data: { ...data, connections } } });
    });
    await comeIn(visitor, sari);
    await page.goto('/status');
    const table = page.getByRole('table', { name: 'Connections' });
    await table.waitFor();
    const strips = table.getByRole('img');
    await expect.poll(() => strips.count()).toBe(50);
    // Four states, four paths, however many stretches there are.
    await expect.poll(() => strips.first().locator('path').count()).toBe(4);
    for (const label of await strips.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label'))))
      expect(label).toMatch(/uptime; 12 of 36 stretches down, 12 partly/);
    await page.getByLabel('Search name or provider').fill('Line 499');
    await expect.poll(() => table.getByRole('row').count()).toBe(2);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test(
    'an administrator says how often, and shares a page that shows names and states to whoever has the link',
    async () => {
      const { page } = visitor;
      await comeIn(visitor, sari);
      await page.goto('/status');
      await button('Check Settings').click();
      await page.getByLabel('Check every', { exact: true }).selectOption({ label: '5 minutes' });
      expect(await visitor.axe()).toEqual([]);
      await button('Save').click();
      await page.getByRole('heading', { name: 'Check Settings' }).waitFor({ state: 'detached' });
      const settings = await pages.house.request('GET', '/api/status-settings', { token: sari.token });
      expect(settings.body.data).toMatchObject({ everySeconds: 300 });
      await button('Check Settings').click();
      await rollBackLastChange(page, 'Check Settings', 'Sari rolled back the health checks');
      await expect.poll(() => page.getByLabel('Check every', { exact: true }).inputValue()).not.toBe('300');
      await button('Cancel').click();

      await button('Share Read-only Link').click();
      await button('Create Link').click();
      await page.getByText('Enter a name.').waitFor();
      await page.getByLabel('Name of the link').fill('Wall');
      await button('Create Link').click();
      const shown = page.getByRole('textbox', { name: 'Link', exact: true });
      const link = await shown.inputValue();
      expect(await visitor.axe()).toEqual([]);
      // Whoever closes the panel has not lost it.
      await button('Share Read-only Link').click();
      await expect.poll(() => button('Share Read-only Link').getAttribute('aria-expanded')).toBe('false');
      await expect.poll(() => shown.inputValue()).toBe(link);
      await button('Share Read-only Link').click();
      await page.getByLabel('I have stored the link').check();
      await button('Done').click();

      const guest = await visit({ url: pages.house.url, locale: 'id-ID', theme: 'dark', width: 390 });
      await guest.page.goto(link);
      await guest.page.getByRole('heading', { level: 1, name: /^Status / }).waitFor();
      await guest.page.getByText('Azure EU').waitFor();
      await guest.page.getByText('Dijeda').waitFor();
      await expect.poll(() => guest.page.innerText('body')).not.toMatch(/small-model|127\.0\.0\.1|sk-/);
      expect(await guest.axe()).toEqual([]);
      await expect.poll(() => overflowOf(guest.page)).toBe(0);

      await button('Revoke Wall').click();
      await button('Revoke').last().click();
      await page.getByText('No link is open.').waitFor();
      await guest.page.reload();
      await guest.page.getByText('Tautan ini tidak membuka apa pun.').waitFor();
      await guest.leave();
    },
    slowMs,
  );
});
