/** The door and the shell behind it, in a real browser: coming in, going out, getting lost, and all of it by keyboard. */
import { expect, test } from 'vitest';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { signIn, signOut, type Pages } from './support/pages.ts';
import { refuse, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** More stops than any of these pages has. */
const tabsMax = 25;

needs('browser')('the door', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;

  /** Presses Tab until the element with this accessible name has the focus. */
  const tabTo = async (name: string): Promise<void> => {
    const { page } = visitor;
    for (let tabs = 0; tabs < tabsMax; tabs += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])].map((label) => label.innerText) : [];
        return element?.getAttribute('aria-label') ?? [...labels, (element as HTMLElement | null)?.innerText ?? ''].join(' ').trim();
      });
      if (focused === name) return;
    }
    expect.unreachable(`Tab does not reach ${name}`);
  };

  const ring = (): Promise<string> => visitor.page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);

  eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari');
      const body = { name: 'Local', baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o' };
      await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body });
    },
    (came) => {
      visitor = came;
    },
  );

  test('whoever is not signed in is led to the door, and from there to where they wanted to go', async () => {
    const { page } = visitor;
    await page.goto('/settings/ai-connections?from=mail');
    await page.waitForURL('**/login?to=*');
    await page.getByLabel('Email').fill(sari.email);
    await page.getByLabel('Password', { exact: true }).fill(sari.password);
    await page.getByRole('button', { name: 'Sign In' }).click();
    await page.waitForURL('**/settings/ai-connections?from=mail');
    await expect.poll(() => page.title()).toBe('AI Connections · Patchbay');
  });

  test('a wish that leads to another site is not granted', async () => {
    const { page } = visitor;
    await page.goto('/login?to=//elsewhere.example/');
    await page.getByLabel('Email').fill(sari.email);
    await page.getByLabel('Password', { exact: true }).fill(sari.password);
    await page.getByRole('button', { name: 'Sign In' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sari' }).waitFor();
    await expect.poll(() => page.url()).toBe(`${pages.house.url}/`);
  });

  test('a wrong password is one sentence, the same as for an unknown address', async () => {
    const { page } = visitor;
    const said: string[] = [];
    for (const email of [sari.email, 'nobody@example.org']) {
      await page.goto('/login');
      await page.getByLabel('Email').fill(email);
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      await page.getByRole('button', { name: 'Sign In' }).click();
      said.push(await page.getByRole('alert').innerText());
    }
    expect(said[0]).toMatch(/\S+ \S+ \S+/);
    expect(said[1]).toBe(said[0]);
    expect(await visitor.axe()).toEqual([]);
  });

  test('signing in, testing a connection and skipping to the content need no mouse, and the focus is always visible', async () => {
    const { page } = visitor;
    await page.goto('/login?to=/settings/ai-connections');
    await page.getByRole('heading', { name: 'Sign In' }).waitFor();
    await tabTo('Email');
    await expect.poll(() => ring()).toBe('solid');
    await page.keyboard.type(sari.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(sari.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'AI Connections' }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.getByRole('button', { name: 'Test Local' }).waitFor();
    await tabTo('Test Local');
    await expect.poll(() => ring()).toBe('solid');
    await page.keyboard.press('Enter');
    await page.getByRole('row').filter({ hasText: 'Connected' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Test Local' }).waitFor();
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to Content' });
    await expect.poll(async () => (await skip.boundingBox())?.y).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('main');
    await expect.poll(() => page.url()).toBe(`${pages.house.url}/settings/ai-connections`);
  });

  test('after signing out, going back shows the door and nothing of the list', async () => {
    const { page } = visitor;
    await signIn(visitor, sari);
    await signOut(visitor);
    await page.waitForURL('**/login');
    await page.goto('/settings/ai-connections');
    await page.waitForURL('**/login?to=*');
    await expect.poll(() => page.getByText('sk-test').count()).toBe(0);
  });

  test('whoever has signed out sees nothing break while the files of the door are still on their way', async () => {
    const { page } = visitor;
    await signIn(visitor, sari);
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const door = '**/assets/SignInPage-*.js';
    await page.route(door, async (route) => {
      await held;
      await route.continue();
    });
    const wanted = page.waitForRequest(door);
    await signOut(visitor);
    await wanted;
    // Whatever the page asks for meanwhile was asked before this, and is answered.
    await expect.poll(() => page.evaluate(async () => (await fetch('/api/me')).status)).toBe(401);
    await expect.poll(() => page.getByRole('heading', { level: 1, name: 'AI Connections' }).count()).toBe(1);
    letGo();
    await page.getByRole('heading', { name: 'Sign In' }).waitFor();
  });

  test('whoever is still signed in after Sign Out is told so', async () => {
    const { page } = visitor;
    await signIn(visitor, sari);
    const allow = await refuse(page, 'POST', '/api/auth/sign-out');
    await signOut(visitor);
    await page.getByRole('region', { name: 'Account' }).getByRole('alert').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await allow();
    await signOut(visitor);
    await page.waitForURL('**/login');
  });

  test('a session that ends elsewhere is asked for over the page at the next call, and leaving leads to the door', async () => {
    const { page } = visitor;
    await signIn(visitor, sari);
    await page.getByRole('button', { name: 'Test Local' }).waitFor();
    await visitor.context.clearCookies();
    await page.getByRole('button', { name: 'Test Local' }).click();
    await page.getByRole('dialog', { name: 'Your session has ended' }).getByRole('button', { name: 'Leave This Page' }).click();
    await page.waitForURL('**/login?to=%2Fsettings%2Fai-connections');
    await page.getByRole('heading', { name: 'Sign In' }).waitFor();
    await expect.poll(() => page.getByText('x7Qa').count()).toBe(0);
  });

  test('an address where nothing is says so within the house, and leads back', async () => {
    const { page } = visitor;
    const missing = page.getByRole('heading', { name: 'Page Not Found' });
    const house = page.getByRole('link', { name: 'AI Connections' });
    await page.goto('/nothing/here');
    await missing.waitFor();
    await expect.poll(() => house.count()).toBe(0);
    await signIn(visitor, sari);
    // Below a page there may be nothing as well.
    await page.goto('/connections/none/nothing');
    await missing.waitFor();
    await page.goto('/nothing/here');
    await missing.waitFor();
    await house.first().waitFor();
    // What was typed is looked for at once; Escape leaves the page as it is.
    await page.getByRole('combobox', { name: 'Search pages' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await visitor.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Go to Overview' }).click();
    await page.getByRole('heading', { name: /, Sari$/ }).waitFor();
  });

  test('the drawer of a phone opens, closes with Escape and gives the focus back', async () => {
    const { page } = visitor;
    await page.setViewportSize({ width: 390, height: 800 });
    await signIn(visitor, sari);
    const opener = page.getByRole('button', { name: 'Open Menu' });
    await opener.click();
    await page.getByRole('dialog').getByRole('link', { name: 'AI Connections' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await expect.poll(() => opener.evaluate((button) => button === document.activeElement)).toBe(true);
  });
});
