/** The same build below a path, behind a proxy that keeps the prefix and behind one that takes it off; and on a plain-http name. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { openPathProxy, type PathProxy } from './support/proxy.ts';
import { visit } from './support/visitor.ts';

/** Opens addresses below the prefix as `page.goto('/...')` does at the root. */
const below = (url: string) => ({ url: `${url}/`, at: (path: string): string => url + path });

needs('browser')('below a path', () => {
  describe.each([
    { keeps: true, name: 'keeps the prefix' },
    { keeps: false, name: 'takes the prefix off' },
  ])('behind a proxy that $name', ({ keeps }) => {
    let proxy: PathProxy;
    let pages: Pages;
    let sari: Resident;

    beforeAll(async () => {
      proxy = await openPathProxy(keeps);
      pages = await openPages({ publicUrl: proxy.url });
      proxy.setTarget(pages.house.url);
      sari = await pages.house.createResident('Sari');
    });
    afterAll(async () => {
      await closeBrowser();
      await proxy?.close();
      await pages?.close();
    });

    test('every page loads on a direct hit and by click, its events come, and nothing is asked outside the prefix', async () => {
      const { url, at } = below(proxy.url);
      const visitor = await visit({ url: proxy.url });
      const { page } = visitor;
      const failed: string[] = [];
      page.on('response', (response) => {
        if (response.status() >= 400 && response.status() !== 401) failed.push(`${response.status()} ${response.url()}`);
      });
      await page.goto(url);
      await page.waitForURL(at('/login'));
      await page.getByLabel('Email', { exact: true }).fill(sari.email);
      await page.getByLabel('Password', { exact: true }).fill(sari.password);
      await page.getByRole('button', { name: 'Sign In', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Sari' }).waitFor();
      const cookies = await visitor.context.cookies();
      expect(cookies.map(({ path }) => path)).toEqual(cookies.map(() => '/gw'));
      await page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'AI Connections' }).click();
      await page.waitForURL(at('/settings/ai-connections'));
      await expect.poll(() => pages.house.deps.events.listeners).toBe(1);
      for (const place of ['/settings/ai-connections/new', '/settings/appearance', '/admin/tasks', '/settings/ai-connections']) {
        await page.goto(at(place));
        await page.locator('#page-title').waitFor();
      }
      const body = { name: 'Told below a path', baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o' };
      await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body });
      await page.getByText('Told below a path').first().waitFor();
      await page.goto(proxy.url);
      await page.getByRole('heading', { level: 1, name: 'Sari' }).waitFor();
      expect(failed).toEqual([]);
      expect(proxy.strays).toEqual([]);
      await visitor.leave();
    });

    test('a session that ends leads to the door below the prefix and back to the page', async () => {
      const { at } = below(proxy.url);
      const visitor = await visit({ url: proxy.url });
      await visitor.page.goto(at('/settings/appearance'));
      await visitor.page.waitForURL(at('/login?to=%2Fsettings%2Fappearance'));
      await visitor.page.getByLabel('Email', { exact: true }).fill(sari.email);
      await visitor.page.getByLabel('Password', { exact: true }).fill(sari.password);
      await visitor.page.getByRole('button', { name: 'Sign In', exact: true }).click();
      await visitor.page.waitForURL(at('/settings/appearance'));
      // A page that the server makes itself is led to the door below the prefix as well, and back.
      await visitor.context.clearCookies();
      const report = '/api/usage/report/file?period=30d&format=html';
      await visitor.page.goto(at(report));
      await visitor.page.waitForURL(at(`/login?${new URLSearchParams({ to: report }).toString()}`));
      await visitor.page.getByLabel('Email', { exact: true }).fill(sari.email);
      await visitor.page.getByLabel('Password', { exact: true }).fill(sari.password);
      await visitor.page.getByRole('button', { name: 'Sign In', exact: true }).click();
      await visitor.page.waitForURL(at(report));
      await visitor.page.getByRole('heading', { level: 1 }).waitFor();
      expect(proxy.strays).toEqual([]);
      await visitor.leave();
    });

    test('the data plane answers below the prefix, too', async () => {
      const key = await pages.house.request('POST', '/api/access-keys', { token: sari.token, body: { name: 'below' } });
      const answer = await fetch(`${proxy.url}/v1/models`, { headers: { authorization: `Bearer ${key.at('data.key')}` } });
      expect(answer.status).toBe(200);
      expect((await fetch(`${proxy.url}/healthz`)).status).toBe(200);
    });
  });
});

needs('browser')('on a plain-http name of the local network', () => {
  let pages: Pages;
  let sari: Resident;

  beforeAll(async () => {
    pages = await openPages({ isDemoOffered: true });
    sari = await pages.house.createResident('Sari');
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('signing in, the list, the palette and events work without a secure context; answers are packed with gzip', async () => {
    const url = pages.house.url.replace('127.0.0.1', 'lan.test');
    const visitor = await visit({ url });
    const { page } = visitor;
    const packed = new Set<string | undefined>();
    page.on('response', (response) => {
      if (/assets\/index-.*\.js$/.test(response.url())) packed.add(response.headers()['content-encoding']);
    });
    await signIn(visitor, sari);
    await expect.poll(() => page.evaluate(() => isSecureContext)).toBe(false);
    expect([...packed]).toEqual(['gzip']);
    await expect.poll(() => pages.house.deps.events.listeners).toBeGreaterThan(0);
    await pages.house.request('POST', '/api/ai-connections', {
      token: sari.token,
      body: { name: 'In the house', baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o' },
    });
    await page.getByText('In the house').first().waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search pages' }).fill('in the');
    await page.getByRole('option', { name: 'In the house' }).waitFor();
    await page.keyboard.press('Escape');
    await visitor.leave();
  });

  test('a connection is added, tested and asked, and no key is lost for want of a secure context', async () => {
    const visitor = await visit({ url: pages.house.url.replace('127.0.0.1', 'lan.test') });
    const { page } = visitor;
    await signIn(visitor, sari);
    await page.goto('/settings/ai-connections/new?provider=openai');
    await page.getByLabel('Name', { exact: true }).fill('Office');
    await page.getByLabel('API Key').fill('sk-test-abcdefghx7Qa');
    await page.getByLabel('Base URL').fill(pages.provider.baseUrl);
    await page.getByLabel('Set as default connection').check();
    await page.getByRole('button', { name: 'Test Connection' }).click();
    await page
      .getByText(/^Connected in \d+ ms$/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.getByRole('row').filter({ hasText: 'Office' }).getByText('Connected').waitFor();
    await page.goto('/chat');
    await page.getByText('Office answers.').waitFor();
    await page.getByRole('textbox', { name: 'Message' }).fill('What jumps?');
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: 'Assistant' }).getByText('The quick brown fox jumps.').waitFor();
    expect(pages.provider.received.at(-1)!.headers['authorization']).toBe('Bearer sk-test-abcdefghx7Qa');
    await visitor.leave();
  });
});
