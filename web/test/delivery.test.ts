/** How the pages arrive: within their weight, below any path that a proxy gives them, under a policy without exceptions. */
import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { isOver, weigh } from '../../tools/web-size.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { visit } from './support/visitor.ts';

test('no page is heavier than its budget', () => {
  const weights = weigh(join(import.meta.dirname, '../dist'));
  expect(weights.length).toBeGreaterThan(2);
  expect(weights.filter(isOver)).toEqual([]);
});

async function passOn(answer: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { 'content-length': _length, ...headers } = answer.headers;
  const body = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>));
  const isPage = String(headers['content-type']).startsWith('text/html');
  outgoing.writeHead(answer.statusCode ?? 502, headers);
  outgoing.end(isPage ? body.toString('utf8').replace('<base href="/"', '<base href="/gw/"') : body);
}

needs('browser')('below the path of a proxy', () => {
  let pages: Pages;
  let proxy: Server;
  let origin = '';
  let target = '';

  beforeAll(async () => {
    // It takes its prefix away on the way in and writes it into the page's one base element on the way out.
    proxy = createServer((incoming, outgoing) => {
      const path = /^\/gw(\/.*)$/.exec(incoming.url ?? '')?.[1];
      if (path === undefined) return void outgoing.writeHead(404).end();
      const headers = { ...incoming.headers, 'accept-encoding': 'identity' };
      const onward = forward(target + path, { method: incoming.method, headers }, (answer) => void passOn(answer, outgoing));
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    pages = await openPages({ publicUrl: origin });
    target = pages.house.url;
  });

  afterAll(async () => {
    await closeBrowser();
    proxy?.closeAllConnections();
    proxy?.close();
    await pages?.close();
  });

  test('every page opens by a direct hit and by a click, and nothing is asked for outside the path', async () => {
    const sari = await pages.house.createResident('Sari');
    const visitor = await visit({ url: `${origin}/gw` });
    const { page } = visitor;
    await page.goto(`${origin}/gw/login`);
    await page.getByLabel('Email').fill(sari.email);
    await page.getByLabel('Password', { exact: true }).fill(sari.password);
    await page.getByRole('button', { name: 'Sign In' }).click();
    await page.getByRole('heading', { name: 'From here to the first answer' }).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/gw/');
    await page.reload();
    await page.getByRole('heading', { name: 'From here to the first answer' }).waitFor();
    await page.getByRole('link', { name: 'AI Connections' }).first().click();
    await page.getByRole('heading', { name: 'No connections yet' }).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/gw/settings/ai-connections');
    await visitor.leave();
  });
});

needs('browser')('the policy of the page', () => {
  let pages: Pages;

  beforeAll(async () => {
    pages = await openPages();
  });

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('it names no exception, its nonce is new each time, and it really is in force', async () => {
    const sari = await pages.house.createResident('Sari');
    const [first, second] = await Promise.all(
      [1, 2].map(async () => (await fetch(`${pages.house.url}/login`)).headers.get('content-security-policy') ?? ''),
    );
    expect(first).toContain("default-src 'none'");
    expect(first).not.toMatch(/unsafe|\*|https?:/);
    expect(first).not.toBe(second);
    // The file itself still has its placeholders: under its own name, too, only the finished page is served.
    const named = await fetch(`${pages.house.url}/index.html`);
    expect(named.headers.get('content-security-policy')).toContain("default-src 'none'");
    await expect.poll(() => named.text()).not.toContain('__CSP_NONCE__');
    const visitor = await visit({ url: pages.house.url });
    await signIn(visitor, sari);
    expect(visitor.complaints).toEqual([]);
    await visitor.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "run"';
      document.body.append(script);
      const style = document.createElement('style');
      style.textContent = 'h1 { color: red }';
      document.body.append(style);
    });
    await expect.poll(() => visitor.complaints.filter((text) => text.startsWith('policy: ')).length).toBe(2);
    await expect.poll(() => visitor.page.title()).toBe('AI Connections · Patchbay');
    visitor.complaints.length = 0;
    await visitor.leave();
  });
});
