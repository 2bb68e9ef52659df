/** Templates in a real browser: one is used as it is, one is written by form and by JSON, becomes the default, and goes. */
import { expect, test } from 'vitest';
import { settingsOf } from '../src/features/templates/components/template-values.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { rollBackLastChange } from './support/history.ts';
import { comeIn, signIn, type Pages } from './support/pages.ts';
import { overflowOf, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

const slowMs = 300_000;

needs('browser')('templates', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let visitor: Visitor;
  const button = (name: string) => visitor.page.getByRole('button', { name, exact: true });
  const field = (name: string) => visitor.page.getByRole('textbox', { name, exact: true });
  const heading = (name: string) => visitor.page.getByRole('heading', { level: 1, name });
  const card = (name: string) => visitor.page.getByRole('listitem').filter({ hasText: name });

  const comeAgain = eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari', 'administrator');
      budi = await pages.house.createResident('Budi');
    },
    (came) => {
      visitor = came;
    },
  );

  /** Form and JSON are two sides of the same settings. */
  async function isWritten(): Promise<void> {
    const { page } = visitor;
    await button('Add Template').click();
    await page.getByRole('heading', { name: 'New template' }).waitFor();
    await field('Name').fill('\u00ad\u2800');
    await button('Save').click();
    await page.getByText('Enter a name.').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
    await field('Name').fill('Support answers');
    await field('Description').fill('Short and factual.');
    await field('Temperature').fill('0.2');
    const json = field('The same as JSON');
    await expect.poll(async (): Promise<unknown> => JSON.parse(await json.inputValue())).toEqual({ model: 'gpt-4o', temperature: 0.2 });
    await json.fill('{ "model": "gpt-4o-mini", ');
    await page.getByText('The JSON cannot be read. Mend it to go on here.').waitFor();
    await expect.poll(() => field('Temperature').isDisabled()).toBe(true);
    expect(await visitor.axe()).toEqual([]);
    await json.fill('{ "model": "gpt-4o-mini", "temperature": 9, "apiKey": "sk-live" }');
    await expect.poll(() => field('Temperature').inputValue()).toBe('9');
    await button('Save').click();
    // What the server refuses stands at its field, and a key is never kept.
    await page.getByText(/apiKey: a template holds no key/).waitFor();
    await json.fill('{ "model": "gpt-4o-mini", "temperature": 0.2 }');
    await page.getByLabel('Default template of OpenAI').check();
    await button('Save').click();
    await card('Support answers').getByText('Default', { exact: true }).waitFor();
    const defaults = page.getByRole('list', { name: 'Templates' }).getByText('Default', { exact: true });
    await expect.poll(() => defaults.count()).toBe(1);
  }

  test(
    'one is written by form and by JSON, is the default, begins a connection, is changed, and is deleted',
    async () => {
      const { page } = visitor;
      await signIn(visitor, sari);
      await page.getByRole('link', { name: 'Templates', exact: true }).click();
      await heading('Provider Templates').waitFor();
      await page.getByRole('searchbox', { name: 'Search providers' }).fill('openai.com');
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('link', { name: 'OpenAI', exact: true }).click();
      await heading('OpenAI').waitFor();
      await page
        .getByRole('row', { name: /gpt-4o / })
        .getByText('$2.50')
        .waitFor();
      // What a template sets stands there in the words of the form.
      await expect.poll(() => card('Cost saver').locator('dl').innerText()).toMatch(/Reasoning Effort\s+Minimal\s+Max Tokens\s+2,048/);
      expect(await visitor.axe()).toEqual([]);
      await isWritten();

      await page.getByRole('link', { name: 'Use template Support answers' }).click();
      await page.locator('#field-model').waitFor();
      await expect.poll(() => page.locator('#field-model').inputValue()).toBe('gpt-4o-mini');
      await expect.poll(() => page.locator('#field-temperature').inputValue()).toBe('0.2');
      await page.goto('/admin/templates?provider=openai');
      await button('Edit Support answers').click();
      await field('Name').fill('Support');
      // Somebody else was faster: nothing is overwritten, and what it is now is a press away.
      const [kept] = (await pages.house.request('GET', '/api/admin/templates', { token: sari.token })).body['data'] as unknown as {
        id: string;
      }[];
      const other = { name: 'Support answers', description: 'By another', configuration: { model: 'gpt-4o' }, isDefault: true };
      await pages.house.request('PUT', `/api/admin/templates/${kept!.id}`, { token: sari.token, body: other });
      await button('Save').click();
      await button('Load What It Is Now').click();
      await expect.poll(() => field('Description').inputValue()).toBe('By another');
      await field('Name').fill('Support');
      await button('Save').click();
      await card('Support').getByText('Made here').waitFor();
      await rollBackLastChange(page, 'Support', 'Sari rolled back the template “openai/Support answers”');
      await card('Support answers').getByText('By another').waitFor();
      // Made elsewhere, it is on the page by itself.
      const made = { provider: 'openai', name: 'Told', configuration: { model: 'gpt-4o' } };
      await pages.house.request('POST', '/api/admin/templates', { token: sari.token, body: made });
      await card('Told').getByText('Made here').waitFor();
      await button('Delete Support answers').click();
      await page.getByRole('dialog', { name: 'Delete “Support answers”?' }).getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('button', { name: 'Delete Support answers' }).waitFor({ state: 'detached' });
      expect(visitor.complaints).toEqual([]);
    },
    slowMs,
  );

  test(
    'everybody may read and use them, nobody else may change them; on a phone, in Indonesian and in the dark',
    async () => {
      await pages.house.request('PATCH', '/api/me', { token: budi.token, body: { language: 'id' } });
      await comeAgain({ locale: 'id-ID', width: 390, theme: 'dark' });
      const { page } = visitor;
      await comeIn(visitor, budi);
      await page.goto('/admin/templates?provider=ollama');
      await heading('Ollama').waitFor();
      await page
        .getByRole('link', { name: /^Pakai templat/ })
        .first()
        .waitFor();
      await expect.poll(() => button('Tambah Templat').count()).toBe(0);
      await expect.poll(() => page.getByRole('button', { name: /^Edit / }).count()).toBe(0);
      await expect.poll(() => overflowOf(page)).toBe(0);
      expect(await visitor.axe()).toEqual([]);
      await page.goto('/admin/templates?provider=nobody');
      await page.getByText('Penyedia ini tidak ada').waitFor();
    },
    slowMs,
  );
});

test('settings are shown one by one by the fields that name them, and what no field names stays whole', () => {
  const total = { name: 'timeouts.totalMs', label: 'providers.fields.timeouts.totalMs' };
  const seed = { name: 'seed', label: 'providers.fields.seed' };
  expect(settingsOf({ seed: 7, timeouts: { totalMs: 60_000, odd: 1 }, extra: { seed: 8 } }, [total, seed])).toEqual([
    { path: 'seed', value: 7, field: seed },
    { path: 'timeouts.totalMs', value: 60_000, field: total },
    { path: 'timeouts.odd', value: 1, field: null },
    { path: 'extra', value: { seed: 8 }, field: null },
  ]);
  // A name that leads to something else than a group is shown as what it is.
  expect(settingsOf({ timeouts: 5 }, [total])).toEqual([{ path: 'timeouts', value: 5, field: null }]);
});
