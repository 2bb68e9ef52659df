/** The provider that is built in has a name in each language, wherever a page names it; its name on the wire is one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, openPages, type Pages } from './support/pages.ts';
import { visit } from './support/visitor.ts';

needs('browser')('the name of the provider that is built in', () => {
  let pages: Pages;
  let sari: Resident;
  beforeAll(async () => {
    pages = await openPages({ isDemoOffered: true });
    sari = await pages.house.createResident('Sari', 'administrator');
    const { token } = sari;
    const body = { name: 'Percobaan', provider: 'demo', model: 'demo-small' };
    await pages.house.request('POST', '/api/configurations', { token, body });
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test.each([
    ['en', 'Demo (built in)', 'Demo (bawaan)'],
    ['id', 'Demo (bawaan)', 'Demo (built in)'],
  ])('in %s', async (language, name, other) => {
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language } });
    const visitor = await visit({ url: pages.house.url });
    const { page } = visitor;
    await comeIn(visitor, sari);
    for (const path of ['/settings/ai-connections', '/admin/ai_models/new', '/admin/templates', '/admin/prices', '/status']) {
      await page.goto(path);
      if (path === '/admin/prices')
        await page
          .getByRole('button', { name: language === 'id' ? 'Tambah Harga' : 'Add Price', exact: true })
          .first()
          .click();
      const names = (): Promise<boolean[]> =>
        page
          .locator('main')
          .textContent()
          .then((text) => [name, other].map((one) => text!.includes(one)));
      await expect.poll(names, { message: path, timeout: 60_000 }).toEqual([true, false]);
    }
    await visitor.leave();
    const { body } = await pages.house.request('GET', '/api/providers', { token: sari.token });
    expect(body['data']).toContainEqual(expect.objectContaining({ name: 'demo', displayName: 'Demo (built in)' }));
  });
});
