/** The first page: what failed and what was refused are two things, and its figures agree with its lists. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { openTown, type Town } from '../../tools/pages/town.ts';
import { signIn } from './support/pages.ts';
import { visit, type Visitor } from './support/visitor.ts';

needs('browser')('the overview', () => {
  let town: Town;
  let visitor: Visitor;

  beforeAll(async () => {
    town = await openTown();
    visitor = await visit({ url: town.house.url });
    await signIn(visitor, town.administrator);
  });
  afterAll(async () => {
    await visitor?.leave();
    await closeBrowser();
    await town?.close();
  });

  test.each([
    {
      language: 'en',
      failures: 'Latest failures, last 24 hours',
      refused: /(\d+) of the latest (\d+) requests were refused by Patchbay itself/,
      count: /^(\d+) of (\d+) attempts failed$/,
      reason: /^503[^]*Overload/,
      look: /^Look at the failed request to /,
    },
    {
      language: 'id',
      failures: 'Kegagalan terbaru, 24 jam terakhir',
      refused: /(\d+) dari (\d+) permintaan terakhir ditolak oleh Patchbay/,
      count: /^(\d+) dari (\d+) percobaan gagal$/,
      reason: /^503[^]*Beban berlebih/,
      look: /^Lihat permintaan ke .+ yang gagal$/,
    },
  ] as const)('in $language, the list holds what providers failed at, as the error rate does; refusals are told apart', async (said) => {
    const { page } = visitor;
    await town.house.request('PATCH', '/api/me', { token: town.administrator.token, body: { language: said.language } });
    await page.goto('/');
    const panel = page.getByRole('region', { name: said.failures });
    await panel.getByRole('listitem').first().waitFor();
    const rows = await panel.getByRole('listitem').allInnerTexts();
    // Each is among those that the error rate of the day counts; what another connection made good is counted and failed nobody.
    const [, counted, attempts] = (said.count.exec(await page.getByText(said.count).innerText()) ?? []).map(Number);
    // The share is that of the two figures beside it.
    const share = new Intl.NumberFormat(said.language, { style: 'percent', maximumFractionDigits: 1 }).format(counted! / attempts!);
    await page.locator('dl').getByText(share, { exact: true }).waitFor();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThanOrEqual(counted!);
    expect(rows).toContainEqual(expect.stringMatching(said.reason));
    expect(rows.filter((row) => /overloaded|invalid_response/.test(row))).toEqual([]);
    expect(rows.filter((row) => !/^5\d\d/.test(row))).toEqual([]);
    const [, refused, all] = said.refused.exec(await panel.innerText()) ?? [];
    // A sixth of the town's requests names a model that nobody has.
    expect(Number(refused)).toBeGreaterThanOrEqual(4);
    expect(Number(all)).toBeGreaterThan(Number(refused));
    const overloaded = panel.getByRole('listitem').filter({ hasText: said.reason }).first();
    await overloaded.getByRole('link', { name: said.look }).click();
    await page.getByRole('complementary').getByText('overloaded').first().waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toMatch(/^\/requests\/[\w-]+$/);
  });
});
