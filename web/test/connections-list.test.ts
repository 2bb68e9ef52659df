/** Working with the list of connections in a real browser: filters, order, columns, several at once, other tabs, and dead providers. */
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { Secret } from '../../server/src/lib/secret.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, openPages, signIn, type Pages } from './support/pages.ts';
import { startVendor, type Vendor } from './support/vendor.ts';
import { overflowOf, refuse, visit, type Visitor, type VisitorOptions } from './support/visitor.ts';

const dayMs = 86_400_000;

needs('browser')('working with connections', () => {
  let pages: Pages;
  let vendor: Vendor;
  let sari: Resident;
  let visitor: Visitor;
  let people = 0;

  const ask = (method: string, path: string, body?: unknown) => pages.house.request(method, path, { token: sari.token, body });
  const add = async (name: string, body: Record<string, unknown> = {}): Promise<string> =>
    (await ask('POST', '/api/ai-connections', { name, baseUrl: vendor.baseUrl, provider: 'custom', defaultModel: 'gpt-4o', ...body })).at(
      'id',
    );
  const stored = async (id: string) => (await ask('GET', `/api/configurations/${id}`)).body['data']!;
  const come = async (options: Partial<VisitorOptions> = {}): Promise<void> => {
    visitor = await visit({ url: pages.house.url, ...options });
    await signIn(visitor, sari);
  };
  const row = (name: string) => visitor.page.getByRole('row').filter({ has: visitor.page.getByRole('rowheader', { name }) });
  const names = () =>
    visitor.page
      .getByRole('table')
      .locator('tbody th')
      .evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).innerText.split('\n')[0]!));

  beforeAll(async () => {
    pages = await openPages({ isDemoOffered: true, timeouts: { headersMs: 2500 } });
    vendor = await startVendor();
  });

  beforeEach(async () => {
    people += 1;
    sari = await pages.house.createResident(`Person${people}`);
    Object.assign(vendor, { completion: null, list: null, mostAtOnce: 0, completions: 0 });
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await vendor?.close();
    await pages?.close();
  });

  test('what can be done with a row is in sight in a small window, and so is its switch in the next larger one', async () => {
    await add('Alpha');
    await come();
    const { page } = visitor;
    const isInSight = (name: string) =>
      page.getByRole('button', { name, exact: true }).evaluate((one) => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        return [left + 1, right - 1].every((x) => one.contains(document.elementFromPoint(x, (top + bottom) / 2)));
      });
    for (const width of [1024, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      for (const name of ['Set Default: Alpha', 'Test Alpha', 'Delete Alpha']) await expect.poll(() => isInSight(name)).toBe(true);
    }
    const rightOf = async (one: Locator) => ((box) => box!.x + box!.width)(await one.boundingBox());
    const actions = row('Alpha').getByRole('cell').last();
    await expect.poll(async () => (await rightOf(row('Alpha').getByRole('switch'))) < (await actions.boundingBox())!.x).toBe(true);
    expect(await visitor.axe()).toEqual([]);
  });

  test('chips, filter and order are the address: a reload and a copied link show the same rows', async () => {
    await add('Alpha', { defaultModel: 'llama3' });
    const beta = await add('Beta 10');
    await add('Beta 9', { isActive: false });
    await ask('POST', `/api/configurations/${beta}/test`);
    await come();
    const { page } = visitor;
    await expect.poll(names).toEqual(['Alpha', 'Beta 9', 'Beta 10']);
    const chip = (name: RegExp) => page.getByRole('group', { name: 'Status' }).getByRole('button', { name });
    await expect.poll(() => chip(/^Available 1$/).count()).toBe(1);
    await chip(/^Available/).click();
    await expect.poll(names).toEqual(['Beta 10']);
    await expect.poll(() => chip(/^Available/).getAttribute('aria-pressed')).toBe('true');
    await chip(/^Inactive/).click();
    await expect.poll(names).toEqual(['Beta 9']);
    await chip(/^All/).click();
    await page.keyboard.press('/');
    await page.keyboard.type('beta');
    await expect.poll(names).toEqual(['Beta 9', 'Beta 10']);
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
    await expect.poll(names).toEqual(['Beta 10', 'Beta 9']);
    await expect.poll(() => page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('descending');
    await page.reload();
    await expect.poll(names).toEqual(['Beta 10', 'Beta 9']);
    await page.getByLabel('Filter connections').fill('groq');
    await page.getByText('No connections match “groq”.').waitFor();
    await page.getByRole('button', { name: 'Clear Filters' }).click();
    await expect.poll(async () => (await names()).length).toBe(3);
  });

  test('columns come and go and stay in the address; single letters do nothing in a field', async () => {
    await add('Alpha');
    await come();
    const { page } = visitor;
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByLabel('Last used').click();
    await page.getByRole('columnheader', { name: 'Last used' }).waitFor();
    await row('Alpha').getByText('Not in 90 days').waitFor();
    await page.getByLabel('Provider', { exact: true }).click();
    await page.getByRole('columnheader', { name: 'Provider' }).waitFor({ state: 'detached' });
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('columnheader', { name: 'Last used' }).waitFor();
    const box = page.getByLabel('Filter connections');
    await box.focus();
    await page.keyboard.type('a/b');
    await expect.poll(() => box.inputValue()).toBe('a/b');
  });

  test.each(['English', 'Bahasa Indonesia'] as const)(
    'an old key asks to be rotated, and an unused connection can be told, in %s',
    async (language) => {
      const id = await add('Old one', { apiKey: 'sk-old-abcdefghijkl1234', provider: 'openai' });
      const longAgo = Date.now() - 200 * dayMs;
      await pages.house.database.db
        .updateTable('ai_configurations')
        .set({ secret_set_at: longAgo, created_at: longAgo })
        .where('id', '=', id)
        .execute();
      await add('New one');
      await come();
      await chooseLanguage(visitor, language);
      const isEnglish = language === 'English';
      await row('Old one')
        .getByText(isEnglish ? '200 days old. Rotate it.' : 'Berumur 200 hari. Rotasi.')
        .waitFor();
      await row('Old one')
        .getByText(isEnglish ? 'Unused for 90 days' : 'Tidak dipakai 90 hari')
        .waitFor();
      await expect
        .poll(() =>
          row('New one')
            .getByText(/Unused|Tidak dipakai/)
            .count(),
        )
        .toBe(0);
      await visitor.page.getByRole('button', { name: isEnglish ? /^Unused 1$/ : /^Tidak Dipakai 1$/ }).click();
      await expect.poll(names).toEqual(['Old one']);
    },
  );

  test('"Test All" tests what is switched on, a few at a time, says how far it is, and switches nothing', async () => {
    const ids = await Promise.all(['One', 'Two', 'Three', 'Four', 'Five', 'Six'].map((name) => add(name)));
    const off = await add('Off', { isActive: false });
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    vendor.completion = { status: 200, until, body: { choices: [{ message: { role: 'assistant', content: 'x' } }] } };
    await come();
    const { page } = visitor;
    const allow = await refuse(page, 'POST', '/api/tasks');
    await page.getByRole('button', { name: 'Test All' }).click();
    await page.getByRole('alert').filter({ hasText: 'Something failed' }).waitFor();
    await allow();
    await page.getByRole('button', { name: 'Test All' }).click();
    const going = page.getByText(/^Testing 6 connections · \d done, 0 failed$/);
    await going.waitFor();
    // The server tests, not the page: a reload loses nothing.
    await page.reload();
    await going.waitFor();
    await expect.poll(() => vendor.completions).toBeGreaterThan(1);
    release();
    await page.getByText('Finished: 6 succeeded, 0 failed.').first().waitFor();
    expect(vendor.mostAtOnce).toBeLessThanOrEqual(4);
    expect(vendor.mostAtOnce).toBeGreaterThan(1);
    expect(vendor.completions).toBe(6);
    for (const id of ids) await expect.poll(() => stored(id)).toMatchObject({ testStatus: 'success', isActive: true });
    await expect.poll(() => stored(off)).toMatchObject({ testStatus: 'pending', isActive: false });
    await expect.poll(() => row('Six').getByText('Connected').count()).toBe(1);
  });

  test('several rows are switched, tested and deleted together, and each that could not be says why', async () => {
    const ids = await Promise.all(['One', 'Two', 'Three'].map((name) => add(name)));
    await add('Dead', { baseUrl: 'http://127.0.0.1:9/v1' });
    await come();
    const { page } = visitor;
    await page.getByLabel('Select One').click();
    await page.getByLabel('Select Two').click({ modifiers: ['Shift'] });
    const bar = page.getByRole('region', { name: 'Selected connections' });
    await bar.getByText('3 selected').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await bar.getByRole('button', { name: 'Deactivate' }).click();
    const question = page.getByRole('dialog');
    await expect.poll(() => question.getByRole('listitem').allInnerTexts()).toEqual(['One', 'Three', 'Two']);
    await question.getByRole('button', { name: 'Deactivate' }).click();
    await page.getByText('Finished: 3 succeeded, 0 failed.').first().waitFor();
    for (const id of ids) await expect.poll(async () => (await stored(id))['isActive']).toBe(false);
    await bar.getByRole('button', { name: 'Activate', exact: true }).click();
    await expect.poll(async () => (await Promise.all(ids.map(stored))).map((one) => one['isActive'])).toEqual([true, true, true]);
    await bar.getByRole('button', { name: 'Clear Selection' }).click();
    await page.getByLabel('Select all rows').click();
    await bar.getByText('4 selected').waitFor();
    await bar.getByRole('button', { name: 'Test' }).click();
    const report = page.getByRole('region', { name: 'Progress and results' });
    await report.getByText('Finished: 3 succeeded, 1 failed.').waitFor();
    await report.getByText('Dead: Connection Failed').waitFor();
    expect(await visitor.axe()).toEqual([]);
    const inUse = { success: false, error: 'x', message: 'x', error_code: 'CONFIGURATION_IN_USE', details: [], request_id: 'x' };
    await page.route(`**/api/configurations/${ids[0]!}`, (route) =>
      route.fulfill({ status: 409, contentType: 'application/json', body: JSON.stringify(inUse) }),
    );
    await bar.getByRole('button', { name: 'Delete' }).click();
    await question.getByRole('button', { name: 'Delete' }).click();
    await report.getByText('One: It is in use. Replace it everywhere before deleting it.').waitFor();
    await expect.poll(names).toEqual(['One']);
  });

  test('a change shows in the other tab by itself: new, renamed, switched, default, deleted', async () => {
    await add('First');
    await come();
    const { page, context } = visitor;
    const other = await context.newPage();
    await other.goto('/settings/ai-connections');
    const there = (name: string) => other.getByRole('row').filter({ has: other.getByRole('rowheader', { name }) });
    // On an idle machine it is a matter of a moment; a busy one is given more.
    const soon = { timeout: 60_000 };
    await there('First').waitFor();
    await page.getByRole('switch', { name: 'Status of First' }).focus();
    await page.keyboard.press('Space');
    await there('First').getByText('Inactive').first().waitFor(soon);
    await page.keyboard.press('Space');
    await there('First').getByText('Not tested').waitFor(soon);
    await page.getByRole('button', { name: 'Set Default: First' }).click();
    await row('First').getByText('Default', { exact: true }).waitFor();
    await there('First').getByText('Default', { exact: true }).waitFor(soon);
    await page.getByRole('link', { name: 'Edit First' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Renamed');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await row('Renamed').waitFor();
    await there('Renamed').waitFor(soon);
    await page.getByRole('button', { name: 'Delete Renamed' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await other.getByRole('heading', { name: 'No connections yet' }).waitFor(soon);
    await expect.poll(() => there('Renamed').count()).toBe(0);
  });

  test('with every provider silent the page is usable at once, and the dead connection can be switched off', async () => {
    vendor.list = { status: 'never' };
    vendor.completion = { status: 'never' };
    const id = await add('Black hole');
    await come();
    const { page } = visitor;
    await row('Black hole').waitFor();
    await page.getByRole('button', { name: 'Test Black hole' }).click();
    await row('Black hole').getByText('Testing…').first().waitFor();
    await page.getByRole('switch', { name: 'Status of Black hole' }).focus();
    await page.keyboard.press('Space');
    await expect.poll(async () => (await stored(id))['isActive']).toBe(false);
    await page.getByRole('region', { name: 'Test of Black hole' }).getByText('Timeout').waitFor();
    await page.goto('/admin/ai_models');
    await page.getByRole('heading', { level: 1 }).waitFor();
  });

  test.each(['English', 'Bahasa Indonesia'] as const)('on a phone the rows are cards with every action, in %s', async (language) => {
    await add('Lab', { isDefault: true });
    await come({ width: 390, height: 844 });
    await chooseLanguage(visitor, language);
    const { page } = visitor;
    await page.getByText('Lab', { exact: true }).waitFor();
    await expect.poll(() => page.getByRole('table').count()).toBe(0);
    const word = language === 'English' ? { test: 'Test', edit: 'Edit', remove: 'Delete' } : { test: 'Tes', edit: 'Edit', remove: 'Hapus' };
    // The texts of the other language come a moment after they were asked for.
    await page.getByRole('button', { name: `${word.test} Lab` }).waitFor();
    await expect.poll(() => page.getByRole('link', { name: `${word.edit} Lab` }).count()).toBe(1);
    await expect.poll(() => page.getByRole('button', { name: `${word.remove} Lab` }).count()).toBe(1);
    await expect.poll(() => page.getByRole('switch', { name: language === 'English' ? 'Status of Lab' : 'Status Lab' }).count()).toBe(1);
    expect(await visitor.axe()).toEqual([]);
    await expect.poll(() => overflowOf(page)).toBe(0);
  });
});

needs('browser')("the server's own connection", () => {
  let pages: Pages;
  let admin: Resident;
  let visitor: Visitor;

  afterEach(() => visitor.leave());
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  describe('from the environment', () => {
    beforeAll(async () => {
      pages = await openPages({
        environment: { baseUrl: 'https://api.openai.com/v1', secret: new Secret('sk-env-abcdefghijkl9aa1'), model: 'gpt-4o' },
      });
      admin = await pages.house.createResident('Admin', 'administrator');
    });

    test('somebody without the permission can look at it and not import it', async () => {
      const user = await pages.house.createResident('User', 'user');
      visitor = await visit({ url: pages.house.url });
      await signIn(visitor, user);
      const row = visitor.page.getByRole('row').filter({ hasText: 'Environment (.env)' });
      await row.getByText('From environment variables (read-only). Import it to edit.').waitFor();
      await expect.poll(() => row.getByRole('button').count()).toBe(0);
    });

    test('an administrator imports it once, and it is a connection of the organization that can be edited', async () => {
      visitor = await visit({ url: pages.house.url });
      await signIn(visitor, admin);
      const { page } = visitor;
      await page.getByRole('button', { name: 'Import' }).click();
      const question = page.getByRole('dialog', { name: 'Import the environment’s connection?' });
      expect(await visitor.axe()).toEqual([]);
      await question.getByRole('button', { name: 'Import' }).click();
      const made = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Edit OpenAI' }) });
      await made.getByText('Default', { exact: true }).waitFor();
      await expect.poll(() => made.innerText()).toContain('••••9aa1');
      // The line of events may be faster than the answer that closes the question.
      await question.waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Import' }).click();
      await question.getByRole('button', { name: 'Import' }).click();
      await question.getByText('“OpenAI” has the same address already. Nothing was changed.').waitFor();
      expect(await page.content()).not.toContain('sk-env');
    });
  });
});
