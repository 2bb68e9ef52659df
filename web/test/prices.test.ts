/** Prices in a real browser: a model without one is found, gets one, past requests are looked at and priced again, and the price ends. */
import { expect, test } from 'vitest';
import { plain } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { rollBackLastChange } from './support/history.ts';
import { comeIn, signIn, type Pages } from './support/pages.ts';
import { overflowOf, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

const slowMs = 300_000;

needs('browser')('prices', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let visitor: Visitor;
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });
  const field = (name: string) => visitor.page.getByRole('textbox', { name, exact: true });
  const heading = (name: string) => visitor.page.getByRole('heading', { level: 1, name });

  const comeAgain = eachVisit(
    async (opened) => {
      pages = opened;
      pages.provider.answer(plain);
      sari = await pages.house.createResident('Sari', 'administrator');
      budi = await pages.house.createResident('Budi');
      const { house, provider } = pages;
      const connection = {
        name: 'Lab',
        provider: 'openai',
        baseUrl: provider.baseUrl,
        apiKey: 'sk-test-abcdefghx7Qa',
        model: 'house-model',
      };
      await house.request('POST', '/api/configurations', { token: sari.token, body: connection });
      const key = (await house.request('POST', '/api/access-keys', { token: sari.token, body: { name: 'web' } })).at('data.key');
      for (let turn = 0; turn < 3; turn += 1) {
        const body = { model: 'house-model', messages: [{ role: 'user', content: `Question ${turn}` }] };
        const { status } = await house.request('POST', '/v1/chat/completions', { token: key, body });
        if (status !== 200) throw new Error(`the provider behind the house answered ${status}`);
      }
    },
    (came) => {
      visitor = came;
    },
  );

  /** What was asked before the price was there: looked at first, changed second, and nobody is told twice. */
  async function pricesThePast(): Promise<void> {
    const { page } = visitor;
    const panel = page.getByRole('region', { name: 'Re-price past requests' });
    await expect.poll(() => panel.getByLabel('Model', { exact: true }).inputValue()).toBe('house-model');
    await panel.getByRole('button', { name: 'Preview' }).click();
    await panel.getByText('3 of 3 requests would change.').waitFor();
    // 3 requests of 11 tokens in and 7 out, at 2.50 and 10 dollars a million.
    await panel.getByText('Together they would cost $0.000293 instead of $0.00.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await panel.getByRole('button', { name: 'Re-price Now' }).click();
    await panel.getByText('3 of 3 requests have changed.').waitFor();
    await page.reload();
    await page.getByRole('table', { name: '1 price' }).waitFor();
    await expect.poll(() => page.getByText('Used without a price').count()).toBe(0);
  }

  test(
    'a model that was used without one gets a price, its past is priced, and the price ends',
    async () => {
      const { page } = visitor;
      await signIn(visitor, sari);
      await page.getByRole('link', { name: 'Prices', exact: true }).click();
      await heading('Prices').waitFor();
      await page.getByText('No price was set here').waitFor();
      expect(await visitor.axe()).toEqual([]);
      const row = page.getByRole('table', { name: '1 model without a price' }).getByRole('row', { name: /house-model/ });
      await expect.poll(() => row.innerText()).toMatch(/OpenAI\s+3\s+33\s+21/);
      await button('Add Price for house-model').click();
      await page.getByText('Now: no price is known.').waitFor();
      const form = page.getByRole('region', { name: 'New price' });

      // Each fault stands at its field, and the first has the focus.
      await button('Set Price').click();
      await form.getByText('Enter an amount such as 2.50.').first().waitFor();
      await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
      await field('Input').fill('2,50');
      await field('Output').fill('10');
      await button('Add a tier').click();
      await field('From prompt tokens').fill('128001');
      await field('Input, tier 2').fill('5');
      await field('Output, tier 2').fill('20');
      await field('Audio input, tier 2').fill('32');
      await page.getByLabel('Valid from', { exact: true }).fill('2026-01-01T00:00');
      await field('Note').fill('Contract 7');
      expect(await visitor.axe()).toEqual([]);
      await button('Set Price').click();
      const prices = page.getByRole('table', { name: '1 price' });
      await prices.getByText('$2.50 in · $10.00 out', { exact: true }).waitFor();
      await expect
        .poll(() => prices.innerText())
        .toMatch(/Contract 7[\s\S]*from 128,001 tokens: \$5\.00 in · \$20\.00 out · \$32\.00 audio in[\s\S]*No end set[\s\S]*In effect/);

      await pricesThePast();

      // A follow-up far from the known one is asked for once more.
      await button('Next price of house-model').click();
      await expect.poll(() => field('Audio input, tier 2').inputValue()).toBe('32');
      await field('Input').fill('2500');
      await button('Set Price').click();
      await page.getByText('This price is more than ten times off the known one.', { exact: false }).waitFor();
      expect(await visitor.axe()).toEqual([]);
      await page.getByLabel('This price is meant').check();
      await button('Set Price').click();
      await page.getByRole('table', { name: '2 prices' }).getByText('$2,500.00 in', { exact: false }).waitFor();
      await button('End the price of house-model').first().click();
      await page.getByRole('dialog', { name: 'End the price of house-model?' }).getByRole('button', { name: 'End', exact: true }).click();
      await page.getByRole('row', { name: /2,500/ }).getByText('Ended').waitFor();
      // What was said before the end holds again, by a price that follows: none is changed.
      await rollBackLastChange(page, 'house-model', 'Sari rolled back the price of “openai/house-model”');
      await page.getByRole('table', { name: '3 prices' }).getByRole('row', { name: /2,500/ }).getByText('In effect').waitFor();
      expect(visitor.complaints).toEqual([]);
    },
    slowMs,
  );

  test(
    'on a phone, in the dark and in Indonesian nothing is wider than the window; who is no administrator is told so',
    async () => {
      await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language: 'id' } });
      await comeAgain({ locale: 'id-ID', width: 390, theme: 'dark' });
      const { page } = visitor;
      await comeIn(visitor, sari);
      await page.goto('/admin/prices?provider=openai&model=gpt-4o');
      await heading('Harga').waitFor();
      await page.getByText('Sekarang: US$2,50 masuk · US$10,00 keluar, dari katalog.').waitFor();
      await expect.poll(() => overflowOf(page)).toBe(0);
      expect(await visitor.axe()).toEqual([]);
      await comeAgain();
      await signIn(visitor, budi);
      await expect.poll(() => visitor.page.getByRole('link', { name: 'Prices', exact: true }).count()).toBe(0);
      await visitor.page.goto('/admin/prices');
      await visitor.page.getByRole('alert').getByText('You may not see this page').waitFor();
      expect(await visitor.axe()).toEqual([]);
    },
    slowMs,
  );
});
