/** Several providers at once, and keys that are refused: each says what it knows, the others lose nothing, and the way to the right form is one press. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { refusing } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { startVendor, type Vendor } from './support/vendor.ts';
import { visit, type Visitor } from './support/visitor.ts';

/** Several pages in one visit, on a machine that may have other work to do. */
const slowMs = 300_000;

const words = {
  en: {
    replaceKey: 'Replace the Key',
    refresh: 'Refresh',
    test: 'Test',
    failed: /could not be loaded \((NETWORK|TIMEOUT)\)/,
    shown: (name: string) => `Show ${name} in my lists`,
    connections: 'AI Connections',
    message: 'Type a message…',
  },
  id: {
    replaceKey: 'Ganti Kunci',
    refresh: 'Muat Ulang',
    test: 'Tes',
    failed: /tidak dapat dimuat \((NETWORK|TIMEOUT)\)/,
    shown: (name: string) => `Tampilkan ${name} di daftar saya`,
    connections: 'Koneksi AI',
    message: 'Ketik pesan…',
  },
};

needs('browser').each(['en', 'id'] as const)('what fails and what does not, in %s', (language) => {
  const said = words[language];
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  const vendors: Vendor[] = [];
  let silent: Server;
  /** How often somebody tried to reach it. */
  let calls = 0;

  const add = async (name: string, baseUrl: string, more: Record<string, unknown> = {}): Promise<string> =>
    (
      await pages.house.request('POST', '/api/configurations', {
        token: sari.token,
        body: { name, provider: 'custom', baseUrl, apiKey: 'sk-test-abcdefghx7Qa', model: 'gpt-4o', ...more },
      })
    ).at('data.id');

  beforeAll(async () => {
    pages = await openPages();
    sari = await pages.house.createResident('Sari');
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language } });
    for (const model of ['one-large', 'two-large']) {
      const vendor = await startVendor();
      vendor.models = [model];
      vendors.push(vendor);
    }
    silent = createServer((socket) => {
      calls += 1;
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    visitor = await visit({ url: pages.house.url, locale: language === 'id' ? 'id-ID' : 'en-US' });
    await signIn(visitor, sari, language);
  });
  afterEach(() => pages.provider.answer());
  afterAll(async () => {
    await visitor?.leave();
    await closeBrowser();
    silent?.close();
    for (const vendor of vendors) await vendor.close();
    await pages?.close();
  });

  test('of three providers one never answers: the others list their models, and it says so with a way to try again', async () => {
    const { page } = visitor;
    const one = await add('One', vendors[0]!.baseUrl);
    const two = await add('Two', vendors[1]!.baseUrl);
    // It takes the line and never says a word, not even to agree on a key.
    const baseUrl = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/v1`;
    const three = await add('Three', baseUrl, { configuration: { timeouts: { connectMs: 1_000 } } });
    await page.goto(`/connections/${three}/models`);
    await page.locator('#page-title').waitFor();
    for (const [id, model] of [
      [one, 'one-large'],
      [two, 'two-large'],
    ] as const) {
      await page.goto(`/connections/${id}/models`);
      await page.getByRole('switch', { name: said.shown(model) }).waitFor();
    }
    await page.goto(`/connections/${three}/models`);
    await page.getByText(said.failed).waitFor();
    expect(await visitor.axe()).toEqual([]);
    const before = calls;
    await page.getByRole('button', { name: said.refresh, exact: true }).click();
    await expect.poll(() => calls).toBeGreaterThan(before);
    await page.getByText(said.failed).waitFor();
  });

  test(
    'a refused key leads to the form of its connection: from a test, and from an answer of the chat',
    async () => {
      const { page } = visitor;
      const id = await add('Refused', pages.provider.baseUrl, { isDefault: true });
      const atForm = async (): Promise<void> => {
        await page.getByRole('link', { name: said.replaceKey }).click();
        await page.waitForURL(`**/settings/ai-connections/${id}/edit`);
        await page.locator('#field-apiKey').waitFor();
      };
      pages.provider.answer(refusing(401), refusing(401), refusing(401), refusing(401));
      await page.goto(`/connections/${id}`);
      await page.getByRole('button', { name: said.test, exact: true }).click();
      await atForm();
      await page.goto('/chat');
      await page.getByPlaceholder(said.message).fill('Hello');
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: said.replaceKey }).waitFor();
      expect(await visitor.axe()).toEqual([]);
      await atForm();
      // And without an error, too: two presses from anywhere, or its name.
      await page.goto('/');
      await page.locator('#page-title').waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('listbox').waitFor();
      await page.keyboard.type(said.connections);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/settings/ai-connections');
    },
    slowMs,
  );
});
