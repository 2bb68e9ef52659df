/** A session that ends while a page is open, in a real browser: the page stays with what was typed into it, and asks its person in again. */
import { expect, test } from 'vitest';
import { freshCode } from '../../server/test/support/authenticator.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, signIn, signOut, type Pages } from './support/pages.ts';
import { overflowOf, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** Longer than any page waits before it asks again by itself. */
const longMs = 300_000;
/** A tab that learns of the session's end by the line of events alone waits for its next beat. */
const patienceMs = 60_000;

needs('browser')('a session that ends while a page is open', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  const button = (name: string) => visitor.page.getByRole('button', { name, exact: true });
  const field = (name: string) => visitor.page.getByLabel(name, { exact: true });
  const asked = () => visitor.page.getByRole('dialog', { name: 'Your session has ended' });

  const comeAgain = eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari', 'administrator');
    },
    (came) => {
      visitor = came;
    },
  );

  /** At the server, as an administrator or the person elsewhere does it. */
  async function endSessions(person: Resident = sari): Promise<void> {
    const ended = await pages.house.request('DELETE', '/api/me/sessions', { token: person.token });
    expect(ended.status).toBe(200);
  }

  const nameOfFocus = (): Promise<string> =>
    visitor.page.evaluate(() => {
      const element = document.activeElement;
      // Past the last stop the browser's own bar comes, as with every dialog.
      if (element === document.body) return '';
      const label = element instanceof HTMLInputElement ? (element.labels?.[0]?.innerText ?? '') : '';
      return label || (element?.getAttribute('aria-label') ?? (element as HTMLElement | null)?.innerText ?? '').trim();
    });

  const policies = async (): Promise<string> => (await pages.house.request('GET', '/api/policies', { token: sari.token })).text;

  test('a policy that is being written is still there after signing in again, and is saved by pressing Save once more', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/policies/new');
    await field('Name').fill('Typed and precious');
    await field('In plain words').fill('Nobody loses what they typed.');
    await field('Keywords').fill('kestrel');
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await endSessions();
    await button('Save').click();
    await asked().waitFor();
    await asked().getByText('Sign in again as Sari').waitFor();
    await expect.poll(nameOfFocus).toBe('Password');
    expect(await visitor.axe()).toEqual([]);
    // Nothing but signing in or leaving ends it, and the keyboard stays in it.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(1);
    await field('Password').focus();
    const stops = new Set<string>();
    for (let tabs = 0; tabs < 14; tabs += 1) {
      await page.keyboard.press('Tab');
      stops.add(await nameOfFocus());
    }
    expect([...stops]).toEqual(expect.arrayContaining(['Email', 'Password', 'Sign In', 'Leave This Page']));
    expect([...stops].filter((name) => /Save|Name|Keywords|Overview/.test(name))).toEqual([]);

    await field('Password').fill('not the password');
    await page.keyboard.press('Enter');
    await asked().getByRole('alert').waitFor();
    await field('Password').fill(sari.password);
    await page.keyboard.press('Enter');
    await asked().waitFor({ state: 'detached' });
    await expect.poll(() => field('Name').inputValue()).toBe('Typed and precious');
    await expect.poll(() => field('In plain words').inputValue()).toBe('Nobody loses what they typed.');
    await expect.poll(() => page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
    await expect.poll(nameOfFocus).toBe('Save');
    await page.getByRole('alert').filter({ hasText: 'This was refused because your session had ended.' }).waitFor();
    await visitor.settled();
    // Nobody has pressed since.
    expect(await policies()).not.toContain('Typed and precious');
    await expect.poll(() => pages.house.deps.events.listeners).toBe(1);
    await button('Save').click();
    await page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor();
    expect(await policies()).toContain('Typed and precious');
  });

  test('an editor whose own question is refused meanwhile keeps what was typed into it', async () => {
    const { page } = visitor;
    const body = { name: 'Kept open', action: 'block', risk: 'HIGH', rules: { personalData: ['card'] } };
    const id = (await pages.house.request('POST', '/api/policies', { token: sari.token, body })).at('data.id');
    await comeIn(visitor, sari);
    await page.goto(`/policies/${id}`);
    await field('In plain words').fill('Half a sentence');
    await expect.poll(() => pages.house.deps.events.listeners).toBe(1);
    await endSessions();
    // The line of events finds out by itself, and everything that the page shows is asked again.
    await asked().waitFor({ timeout: patienceMs });
    await field('Password').fill(sari.password);
    await page.keyboard.press('Enter');
    await asked().waitFor({ state: 'detached' });
    await expect.poll(() => field('In plain words').inputValue()).toBe('Half a sentence');
    await button('Save').click();
    await page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor();
    expect(await policies()).toContain('Half a sentence');
  });

  test('a report that opens beside the page asks for the session first, and opens once it is there', async () => {
    const { page, context } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/usage');
    const link = page.getByRole('link', { name: 'Print Report' });
    await expect.poll(() => link.getAttribute('href')).toContain('format=html');
    await endSessions();
    await link.click();
    await asked().waitFor();
    // Nothing of the server's refusal is shown in a page of its own.
    await expect.poll(() => context.pages()).toEqual([page]);
    await field('Password').fill(sari.password);
    await page.keyboard.press('Enter');
    await asked().waitFor({ state: 'detached' });
    const opening = context.waitForEvent('page');
    await link.click();
    const report = await opening;
    await report.waitForURL(/format=html/);
    await report.getByRole('heading', { level: 1 }).waitFor();
    await expect.poll(() => report.evaluate(() => globalThis.opener === null)).toBe(true);
    await report.close();
  });

  test('a report that is opened in a tab of its own leads to the door, in the language of whoever stands there, and from there to the report', async () => {
    const { page, context } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/usage');
    const link = page.getByRole('link', { name: 'Print Report' });
    await expect.poll(() => link.getAttribute('href')).toContain('format=html');
    const address = new URL((await link.getAttribute('href'))!, pages.house.url).href;
    await endSessions();
    // A press of its own kind is the browser's: no page is asked before it.
    const opening = context.waitForEvent('page');
    await link.click({ modifiers: ['ControlOrMeta'] });
    const beside = await opening;
    await beside.waitForURL(/\/login\?to=/);
    await beside.getByLabel('Email', { exact: true }).fill(sari.email);
    await beside.getByLabel('Password', { exact: true }).fill(sari.password);
    await beside.getByRole('button', { name: 'Sign In', exact: true }).click();
    await beside.waitForURL(address);
    await beside.getByRole('heading', { level: 1 }).waitFor();
    // The door is no place to come back to.
    await beside.reload();
    await expect.poll(() => beside.url()).toBe(address);
    await beside.close();
    await comeAgain({ locale: 'id-ID' });
    await visitor.page.goto(address);
    await visitor.page.waitForURL(/\/login\?to=/);
    await visitor.page.getByLabel('Alamat email', { exact: true }).fill(sari.email);
    await visitor.page.getByLabel('Kata sandi', { exact: true }).fill(sari.password);
    await visitor.page.getByRole('button', { name: 'Masuk', exact: true }).click();
    await visitor.page.waitForURL(address);
    await expect.poll(() => visitor.page.locator('html').getAttribute('lang')).toBe('id');
  });

  test('the door leads to no other address of the server, and to none elsewhere', async () => {
    const { page } = visitor;
    const strange = ['/api/usage/report/file?format=csv', '/api/me?format=html', '/api/usage/../usage/report/file?format=html', '//example.org/api/usage/report/file?format=html']; // prettier-ignore
    for (const to of strange) {
      const left: string[] = [];
      page.on('request', (request) => {
        if (request.isNavigationRequest()) left.push(request.url());
      });
      await page.goto(`/login?${new URLSearchParams({ to }).toString()}`);
      await field('Email').fill(sari.email);
      await field('Password').fill(sari.password);
      await button('Sign In').click();
      await page.waitForURL((url) => url.pathname !== '/login');
      await page.locator('#page-title').waitFor();
      expect(left.filter((url) => !url.includes('/login?'))).toEqual([]);
      page.removeAllListeners('request');
    }
  });

  test('a link to a file asks for the session before it is followed, and is followed once it is there', async () => {
    const { page } = visitor;
    await signIn(visitor, sari);
    await page.goto('/audit');
    const link = page.getByRole('link', { name: /CSV/ });
    await link.waitFor();
    await expect.poll(() => pages.house.deps.events.listeners).toBe(1);
    const downloads: string[] = [];
    page.on('download', (download) => downloads.push(download.suggestedFilename()));
    await endSessions();
    await link.click();
    await asked().waitFor();
    await field('Password').fill(sari.password);
    await page.keyboard.press('Enter');
    await asked().waitFor({ state: 'detached' });
    await visitor.settled();
    expect(downloads).toEqual([]);
    await link.press('Enter');
    await expect.poll(() => downloads).toEqual([expect.stringMatching(/^audit.*\.csv$/)]);
    await expect.poll(() => new URL(page.url()).pathname).toBe('/audit');
  });

  test('while it is asked nothing is sent, however long that takes', async () => {
    const { page } = visitor;
    await page.clock.install();
    await comeIn(visitor, sari);
    await page.goto('/usage');
    await page.getByRole('heading', { level: 1, name: 'Usage & Cost' }).waitFor();
    await expect.poll(() => pages.house.deps.events.listeners).toBe(1);
    await endSessions();
    await page.clock.fastForward(longMs);
    await asked().waitFor();
    await expect.poll(() => pages.house.deps.events.listeners).toBe(0);
    await visitor.settled();
    const sent: string[] = [];
    visitor.context.on('request', (request) => sent.push(request.url()));
    for (let turn = 0; turn < 5; turn += 1) await page.clock.fastForward(longMs);
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.clock.fastForward(longMs);
    expect(sent).toEqual([]);
    await page.clock.resume();
    await field('Password').fill(sari.password);
    await page.keyboard.press('Enter');
    await asked().waitFor({ state: 'detached' });
    await expect.poll(() => sent.some((url) => url.includes('/api/usage'))).toBe(true);
    await expect.poll(() => pages.house.deps.events.listeners).toBe(1);
  });

  test('a second factor is asked for as well, in Indonesian, in the dark and on a phone', async () => {
    const budi = await pages.house.createResident('Budi');
    await pages.house.request('PATCH', '/api/me', { token: budi.token, body: { language: 'id', theme: 'dark' } });
    await comeAgain({ locale: 'id-ID', width: 390, height: 800, theme: 'dark' });
    const { page, context } = visitor;
    await comeIn(visitor, budi);
    const origin = pages.house.url;
    const send = async (path: string, data: object) => {
      const answer = await context.request.post(`${origin}/api/me/second-factor${path}`, { data, headers: { origin } });
      expect(answer.ok()).toBe(true);
      return (await answer.json()) as { data: { secret: string } };
    };
    const { secret } = (await send('', { password: budi.password })).data;
    // By the session of the page, which goes on: of two uses one is of this half-minute and one of the next, and each is good for a while.
    await send('/confirm', { code: freshCode(secret) });
    await page.goto('/settings/profile');
    await field('Nama').fill('Budi Santoso');
    await endSessions(budi);
    await button('Simpan').click();
    const dialog = page.getByRole('dialog', { name: 'Sesi Anda telah berakhir' });
    await dialog.getByText('Masuk lagi sebagai Budi').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await expect.poll(() => overflowOf(page)).toBe(0);
    await field('Kata sandi').fill(budi.password);
    await page.keyboard.press('Enter');
    await expect.poll(nameOfFocus).toBe('Kode');
    expect(await visitor.axe()).toEqual([]);
    await field('Kode').fill(freshCode(secret));
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => field('Nama').inputValue()).toBe('Budi Santoso');
    await button('Simpan').click();
    await page.getByText('Tersimpan').waitFor();
  });

  test('whoever signs in as somebody else gets a page of their own, and nothing of the first person stays', async () => {
    const { page } = visitor;
    const wati = await pages.house.createResident('Wati');
    await comeIn(visitor, sari);
    await page.goto('/policies/new');
    await field('Name').fill('Of Sari alone');
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await endSessions();
    await button('Save').click();
    await asked().waitFor();
    await field('Email').fill(wati.email);
    await field('Password').fill(wati.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /, Wati$/ }).waitFor();
    await expect.poll(() => page.evaluate(() => 'isSamePage' in globalThis)).toBe(false);
    await expect.poll(() => new URL(page.url()).pathname).toBe('/');
    await expect.poll(() => page.content()).not.toContain('Sari');
  });

  test('somebody else who signs in in another tab of the browser does not go on in the first person’s page', async () => {
    const { page, context } = visitor;
    const wati = await pages.house.createResident('Nia');
    await comeIn(visitor, sari);
    await page.goto('/policies/new');
    await field('Name').fill('Of Sari alone');
    const second = await context.newPage();
    await second.goto('/login');
    await second.getByLabel('Email', { exact: true }).fill(wati.email);
    await second.getByLabel('Password', { exact: true }).fill(wati.password);
    await second.getByRole('button', { name: 'Sign In', exact: true }).click();
    await second.getByRole('heading', { level: 1, name: /, Nia$/ }).waitFor();
    await page.getByRole('heading', { level: 1, name: /, Nia$/ }).waitFor();
    await expect.poll(() => page.content()).not.toContain('Sari');
  });

  test('a dialog that was open stays below the question, with what was typed into it', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/admin/ai_models/new');
    const model = page.getByRole('dialog', { name: 'Add New Model' });
    await model.getByLabel('Name', { exact: true }).fill('Typed in a dialog');
    await model.getByLabel('Model Variant').fill('gpt-4o');
    await model.getByLabel('API Key', { exact: true }).fill('sk-test-abcdefghx7Qa');
    await endSessions();
    await model.getByRole('button', { name: 'Save', exact: true }).click();
    await asked().waitFor();
    await expect.poll(nameOfFocus).toBe('Password');
    expect(await visitor.axe()).toEqual([]);
    // The looks that came with the question change nothing of what lies below it.
    const lowest = await model.evaluate((dialog) => innerHeight - Number.parseFloat(getComputedStyle(dialog).maxHeight));
    expect(Math.round(lowest)).toBe(await page.evaluate(() => Math.round(Math.max(14, innerHeight * 0.04) + 14)));
    await field('Password').fill(sari.password);
    await page.keyboard.press('Enter');
    await asked().waitFor({ state: 'detached' });
    await expect.poll(() => model.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed in a dialog');
    await expect.poll(() => model.getByLabel('API Key', { exact: true }).inputValue()).toBe('sk-test-abcdefghx7Qa');
    await model.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: /Typed in a dialog/ }).waitFor();
  });

  test('what one tab of the browser does is done in the others: coming in again, and signing out', async () => {
    const { page, context } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/policies/new');
    await field('Name').fill('Typed in the first tab');
    await endSessions();
    await button('Save').click();
    await asked().waitFor();
    const second = await context.newPage();
    await second.goto('/settings/profile');
    await second.waitForURL('**/login?to=*');
    await second.getByLabel('Email', { exact: true }).fill(sari.email);
    await second.getByLabel('Password', { exact: true }).fill(sari.password);
    await second.getByRole('button', { name: 'Sign In', exact: true }).click();
    await second.getByRole('heading', { level: 1, name: 'Profile' }).waitFor();
    await asked().waitFor({ state: 'detached' });
    await expect.poll(() => field('Name').inputValue()).toBe('Typed in the first tab');
    await signOut({ ...visitor, page: second });
    await second.waitForURL((url) => url.pathname === '/login' && url.search === '');
    await page.waitForURL('**/login?to=%2Fpolicies%2Fnew');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  });
});
