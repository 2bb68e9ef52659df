/** Two people edit one connection in a real browser: the second one is shown what the first one made of it, and decides. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, openPages, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

const texts = {
  English: {
    name: 'Name',
    model: 'Default model',
    save: 'Save Connection',
    title: /Budi changed this in the meantime/,
    table: ['Field', 'Saved now', 'Yours'],
    overwrite: 'Overwrite',
    reload: 'Discard Mine and Reload',
  },
  'Bahasa Indonesia': {
    name: 'Nama',
    model: 'Model default',
    save: 'Simpan Koneksi',
    title: /Budi sudah mengubah data ini sementara itu/,
    table: ['Isian', 'Tersimpan sekarang', 'Milik Anda'],
    overwrite: 'Timpa',
    reload: 'Buang dan Muat Ulang',
  },
} as const;

needs('browser')('two people at one connection', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let visitor: Visitor;
  let id: string;
  let count = 0;

  const change = (body: Record<string, unknown>) => pages.house.request('PATCH', `/api/admin/models/${id}`, { token: budi.token, body });
  const stored = async () => (await pages.house.request('GET', `/api/configurations/${id}`, { token: sari.token })).body['data']!;

  beforeAll(async () => {
    pages = await openPages();
    sari = await pages.house.createResident('Sari', 'administrator');
    budi = await pages.house.createResident('Budi', 'administrator');
  });

  beforeEach(async () => {
    count += 1;
    const body = {
      name: `Shared ${count}`,
      apiUrl: pages.provider.baseUrl,
      modelVariant: 'gpt-4o',
      apiKey: 'sk-test-abcdefghx7Qa',
      provider: 'custom',
    };
    id = (await pages.house.request('POST', '/api/admin/models', { token: sari.token, body })).at('data.id');
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  const open = async (language: keyof typeof texts): Promise<void> => {
    visitor = await visit({ url: pages.house.url });
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language: language === 'English' ? 'en' : 'id' } });
    await comeIn(visitor, sari);
    await visitor.page.goto(`/settings/ai-connections/${id}/edit`);
    await visitor.page.locator('#field-model').waitFor();
  };

  test.each(['English', 'Bahasa Indonesia'] as const)(
    'the second save shows who changed what, field by field; overwriting is a choice, in %s',
    async (language) => {
      const say = texts[language];
      await open(language);
      const { page } = visitor;
      await page.getByLabel(say.name, { exact: true }).fill(`Mine ${count}`);
      await page.locator('#field-model').fill('mine-model');
      expect((await change({ name: `Theirs ${count}`, modelVariant: 'their-model' })).status).toBe(200);
      await page.getByRole('button', { name: say.save }).click();
      const view = page.getByRole('region', { name: say.title });
      await view.waitFor();
      await expect.poll(() => view.getByRole('columnheader').allInnerTexts()).toEqual([...say.table]);
      await expect
        .poll(() => view.getByRole('row').filter({ hasText: say.model }).getByRole('cell').allInnerTexts())
        .toEqual(['their-model', 'mine-model']);
      await expect
        .poll(() => view.getByRole('row').filter({ hasText: say.name }).getByRole('cell').allInnerTexts())
        .toContain(`Theirs ${count}`);
      expect(await visitor.axe()).toEqual([]);
      await expect.poll(() => stored()).toMatchObject({ name: `Theirs ${count}`, model: 'their-model' });
      await page.setViewportSize({ width: 390, height: 844 });
      await expect.poll(() => overflowOf(page)).toBe(0);
      await page.setViewportSize({ width: 1280, height: 900 });
      await view.getByRole('button', { name: say.overwrite }).click();
      await page.waitForURL('**/settings/ai-connections');
      await expect.poll(() => stored()).toMatchObject({ name: `Mine ${count}`, model: 'mine-model' });
    },
  );

  test.each(['English', 'Bahasa Indonesia'] as const)(
    'reloading throws away what was typed and begins with what is stored, in %s',
    async (language) => {
      const say = texts[language];
      await open(language);
      const { page } = visitor;
      await page.locator('#field-model').fill('mine-model');
      await change({ modelVariant: 'their-model' });
      await page.getByRole('button', { name: say.save }).click();
      await page.getByRole('region', { name: say.title }).getByRole('button', { name: say.reload }).click();
      await expect.poll(() => page.locator('#field-model').inputValue()).toBe('their-model');
      await page.locator('#field-model').fill('after-all');
      await page.getByRole('button', { name: say.save }).click();
      await page.waitForURL('**/settings/ai-connections');
      await expect.poll(async () => (await stored())['model']).toBe('after-all');
    },
  );

  test('a third change after the question is a new question', async () => {
    await open('English');
    const { page } = visitor;
    await page.locator('#field-model').fill('mine-model');
    await change({ modelVariant: 'second' });
    await page.getByRole('button', { name: 'Save Connection' }).click();
    const view = page.getByRole('region', { name: texts.English.title });
    await view.getByRole('cell', { name: 'second' }).waitFor();
    await change({ modelVariant: 'third' });
    await view.getByRole('button', { name: 'Overwrite' }).click();
    await view.getByRole('cell', { name: 'third' }).waitFor();
    await expect.poll(async () => (await stored())['model']).toBe('third');
  });

  test('what does not contradict is no question: a test in between, or a field that only the other one changed, loses nothing', async () => {
    await open('English');
    const { page } = visitor;
    await pages.house.request('POST', `/api/configurations/${id}/test`, { token: budi.token });
    await page.locator('#field-model').fill('mine-model');
    await page.getByRole('button', { name: 'Save Connection' }).click();
    await page.waitForURL('**/settings/ai-connections');
    await expect.poll(async () => (await stored())['model']).toBe('mine-model');
  });
});
