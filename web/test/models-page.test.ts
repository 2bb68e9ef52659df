/** The administrators' models in a real browser: every label of the documents in both languages, and each of the four quick actions. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, openPages, signIn, type Pages } from './support/pages.ts';
import { startVendor, type Vendor } from './support/vendor.ts';
import { overflowOf, visit, type Visitor, type VisitorOptions } from './support/visitor.ts';

const key = 'sk-proj-abcdefghijklx7Qa';

/** What the documents write, word for word (S0, S1). */
const seeds = {
  English: {
    title: 'AI Models Management',
    quick: 'Quick Actions',
    add: 'Add New Model',
    fields: ['Name', 'Model Variant', 'API URL', 'API Key', 'Is Active'],
    actions: [
      ['Add Model', 'Click Add New Model → Fill details'],
      ['Edit Model', 'Click Edit (Pencil Icon) on a row'],
      ['Toggle Status', 'Click the Status switch (Active/Inactive)'],
      ['Delete Model', 'Click Delete (Trash Icon)'],
    ],
    help: 'Troubleshooting',
    heads: ['Issue', 'Check', 'Resolution'],
    issues: [
      ['Connection Failed', 'API URL', 'Ensure URL ends with /v1 or /chat/completions as required by the library.'],
      ['401 Unauthorized', 'API Key', 'The key might be invalid or expired. Update it.'],
      ['Model Not Found', 'Model Variant', 'Check for typos in the model ID (e.g., gpt-4 vs gpt-4o).'],
      ['Timeout', 'Network', 'Check server firewall or proxy settings.'],
    ],
    scenarios: ['Scenario 1: Rotating API Keys', 'Scenario 2: Adding a Cost-Effective Logic', 'Save. The old key is immediately replaced.'],
    active: ['Active', 'Inactive'],
    status: 'Status of Budget AI',
    test: 'Test Connection',
    save: 'Save',
    edit: 'Edit Budget AI',
    delete: 'Delete Budget AI',
    budget: 'Budget AI',
    deactivate: 'Deactivate Anyway',
    used: '2 use cases use this model and will answer “model inactive”.',
  },
  'Bahasa Indonesia': {
    title: 'Manajemen Model AI',
    quick: 'Aksi Cepat',
    add: 'Tambah Model Baru',
    fields: ['Nama', 'Varian Model', 'URL API', 'Kunci API', 'Aktif'],
    actions: [
      ['Tambah Model', 'Klik Tambah Model Baru → Isi detail'],
      ['Edit Model', 'Klik Edit (Ikon Pensil) pada baris'],
      ['Ganti Status', 'Klik tombol Status (Aktif/Tidak Aktif)'],
      ['Hapus Model', 'Klik Hapus (Ikon Sampah)'],
    ],
    help: 'Pemecahan Masalah',
    heads: ['Masalah', 'Cek', 'Resolusi'],
    issues: [
      ['Gagal Terhubung', 'URL API', 'Pastikan URL diakhiri dengan /v1 atau /chat/completions sesuai library.'],
      ['401 Unauthorized', 'Kunci API', 'Kunci mungkin salah atau kedaluwarsa. Perbarui.'],
      ['Model Tidak Ditemukan', 'Varian Model', 'Cek salah ketik pada ID model (misal: gpt-4 vs gpt-4o).'],
      ['Timeout/Lambat', 'Jaringan', 'Periksa pengaturan firewall atau proxy server.'],
    ],
    scenarios: [
      'Skenario 1: Rotasi Kunci API (Key Rotation)',
      'Skenario 2: Menambahkan Logika Hemat Biaya',
      'Simpan. Kunci lama akan segera diganti.',
    ],
    active: ['Aktif', 'Tidak Aktif'],
    status: 'Status AI Hemat Anggaran',
    test: 'Tes Koneksi',
    save: 'Simpan',
    edit: 'Edit AI Hemat Anggaran',
    delete: 'Hapus AI Hemat Anggaran',
    budget: 'AI Hemat Anggaran',
    deactivate: 'Tetap Nonaktifkan',
    used: '2 use case memakai model ini dan akan menjawab “model tidak aktif”.',
  },
} as const;

needs('browser')("the administrators' models", () => {
  let pages: Pages;
  let vendor: Vendor;
  let admin: Resident;
  let visitor: Visitor;
  let count = 0;

  const open = async (language: keyof typeof seeds = 'English', options: Partial<VisitorOptions> = {}): Promise<void> => {
    await pages.house.request('PATCH', '/api/me', { token: admin.token, body: { language: language === 'English' ? 'en' : 'id' } });
    visitor = await visit({ url: pages.house.url, ...options });
    await comeIn(visitor, admin);
    await visitor.page.goto('/admin/ai_models');
    await visitor.page.getByRole('heading', { name: seeds[language].title, exact: true }).waitFor();
  };
  const make = async (body: Record<string, unknown> = {}): Promise<string> => {
    const answer = await pages.house.request('POST', '/api/admin/models', {
      token: admin.token,
      body: { name: `Model ${++count}`, modelVariant: 'gpt-4o', apiUrl: vendor.baseUrl, apiKey: key, ...body },
    });
    return answer.at('data.id');
  };
  const stored = async (id: string) => (await pages.house.request('GET', `/api/admin/models/${id}`, { token: admin.token })).body['data']!;
  const list = async () =>
    (await pages.house.request('GET', '/api/admin/models', { token: admin.token })).body['data'] as unknown as ({ id: string } & Record<
      string,
      unknown
    >)[];

  beforeAll(async () => {
    pages = await openPages({ isDemoOffered: true });
    vendor = await startVendor();
    admin = await pages.house.createResident('Admin', 'administrator');
  });

  beforeEach(async () => {
    for (const { id } of await list()) await pages.house.request('DELETE', `/api/admin/models/${id}`, { token: admin.token });
    vendor.completion = null;
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await vendor?.close();
    await pages?.close();
  });

  describe.each(['English', 'Bahasa Indonesia'] as const)('in %s', (language) => {
    const say = seeds[language];

    test('title, quick actions, fields, scenarios and troubleshooting are those of the documents', async () => {
      await open(language);
      const { page } = visitor;
      await page.getByText(say.quick, { exact: true }).click();
      for (const [action, how] of say.actions) {
        const line = page.locator('details dl > div').filter({ has: page.getByText(action, { exact: true }) });
        await expect.poll(async () => (await line.innerText()).split('\n')).toEqual([action, how]);
      }
      await expect.poll(() => page.title()).toBe(`${say.title} · Patchbay`);
      expect(await page.content()).not.toContain('â†’');
      await page.getByRole('button', { name: say.help }).click();
      const help = page.getByRole('dialog');
      await expect.poll(() => help.getByRole('columnheader').allInnerTexts()).toEqual([...say.heads]);
      for (const row of say.issues)
        await expect
          .poll(async () => (await help.getByRole('row').filter({ hasText: row[0] }).innerText()).split('\t').map((cell) => cell.trim()))
          .toEqual([...row]);
      for (const text of [...say.scenarios, ...say.fields]) await expect.poll(() => help.innerText()).toContain(text);
      expect(await visitor.axe()).toEqual([]);
      await page.keyboard.press('Escape');
      await help.waitFor({ state: 'hidden' });
      await expect
        .poll(() => page.getByRole('button', { name: say.help }).evaluate((element) => element === document.activeElement))
        .toBe(true);
    });

    test('a model is added with five fields, tested in the dialog, edited by the pencil and deleted by the trash', async () => {
      await open(language);
      const { page } = visitor;
      await page.getByRole('link', { name: say.add }).first().click();
      await page.waitForURL('**/admin/ai_models/new');
      const dialog = page.getByRole('dialog', { name: say.add });
      const [name, variant, url, secret, active] = say.fields;
      await dialog.getByLabel(name, { exact: true }).fill(say.budget);
      await expect.poll(() => dialog.locator('select').first().inputValue()).toBe('openai');
      await dialog.getByRole('combobox', { name: variant }).fill('gpt-4o-mini');
      await dialog.getByLabel(url, { exact: true }).fill(vendor.baseUrl);
      await dialog.getByLabel(secret, { exact: true }).fill(key);
      await expect.poll(() => dialog.getByLabel(active, { exact: true }).isChecked()).toBe(true);
      await dialog.getByRole('button', { name: say.test }).click();
      await dialog.getByText(/^(Connected in|Terhubung dalam) \d+ ms$/).waitFor();
      expect(await visitor.axe()).toEqual([]);
      await dialog.getByRole('button', { name: say.save, exact: true }).click();
      await page.waitForURL('**/admin/ai_models');
      const row = page.getByRole('row').filter({ hasText: say.budget });
      await row.waitFor();
      await expect.poll(() => row.innerText()).toMatch(/gpt-4o-mini[\s\S]*••••x7Qa/);
      await expect.poll(() => list()).toMatchObject([{ name: say.budget, modelVariant: 'gpt-4o-mini', isActive: true }]);
      await page.getByRole('link', { name: say.edit }).click();
      const edit = page.getByRole('dialog');
      await expect.poll(() => edit.getByLabel(secret, { exact: true }).inputValue()).toBe('');
      await edit.getByRole('combobox', { name: variant }).fill('gpt-4o');
      await edit.getByRole('button', { name: say.save, exact: true }).click();
      await row.getByText('gpt-4o', { exact: true }).waitFor();
      await expect.poll(async () => (await list())[0]).toMatchObject({ modelVariant: 'gpt-4o', hasApiKey: true });
      await page.getByRole('button', { name: say.delete }).click();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: language === 'English' ? 'Delete' : 'Hapus', exact: true })
        .click();
      await row.waitFor({ state: 'detached' });
      await expect.poll(() => list()).toEqual([]);
    });

    test('the status switch says its state in words, keeps it at once, and asks where something would fail', async () => {
      const id = await make({ name: say.budget });
      await open(language);
      const { page } = visitor;
      const row = page.getByRole('row').filter({ hasText: say.budget });
      const status = page.getByRole('switch', { name: say.status });
      await row.getByText(say.active[0], { exact: true }).waitFor();
      await status.focus();
      await page.keyboard.press('Space');
      await row.getByText(say.active[1], { exact: true }).waitFor();
      await expect.poll(async () => (await stored(id))['isActive']).toBe(false);
      // A list that was asked for before the press may still be on its way.
      await visitor.settled();
      await page.keyboard.press('Space');
      await expect.poll(async () => (await stored(id))['isActive']).toBe(true);
      await row.getByText(say.active[0], { exact: true }).waitFor();
      await visitor.settled();
      const uses = [1, 2].map((number) => ({ kind: 'use_case', id: String(number), name: `Case ${number}`, count: 1, isBlocking: true }));
      await page.route(`**/api/configurations/${id}/dependants`, (route) =>
        route.fulfill({ contentType: 'application/json', body: JSON.stringify({ success: true, data: uses }) }),
      );
      await page.keyboard.press('Space');
      const question = page.getByRole('dialog');
      await question.getByText(say.used).waitFor();
      await expect.poll(() => question.getByRole('listitem').count()).toBe(2);
      expect(await visitor.axe()).toEqual([]);
      await expect.poll(async () => (await stored(id))['isActive']).toBe(true);
      await question.getByRole('button', { name: say.deactivate }).click();
      await expect.poll(async () => (await stored(id))['isActive']).toBe(false);
    });

    test.each([
      { theme: 'light', width: 1440 },
      { theme: 'dark', width: 320 },
    ] as const)('$theme at $width px: nothing for axe to find, nothing wider than the window', async ({ theme, width }) => {
      await make({ name: 'Claude 3.5 Sonnet', modelVariant: 'claude-3-5-sonnet-20240620', isActive: false });
      await open(language, { theme, width });
      const { page } = visitor;
      await page.getByText('Claude 3.5 Sonnet').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await expect.poll(() => overflowOf(page)).toBe(0);
      await page.goto('/admin/ai_models/new');
      await page.getByRole('combobox', { name: say.fields[1] }).waitFor();
      expect(await visitor.axe()).toEqual([]);
      await expect.poll(() => overflowOf(page)).toBe(0);
      // The form is longer than the window: its end is in sight all the same, and lies over nothing that has the focus.
      const save = page.getByRole('dialog').getByRole('button', { name: say.save, exact: true });
      const edgeOf = () => save.evaluate((button) => button.parentElement!.getBoundingClientRect());
      const bottom = await page.getByRole('dialog').evaluate((dialog) => dialog.getBoundingClientRect().bottom);
      await expect.poll(async () => Math.round(bottom - (await edgeOf()).bottom)).toBe(1);
      await page.getByLabel(say.fields[0], { exact: true }).focus();
      for (let press = 0; press < 9; press += 1) {
        await page.keyboard.press('Tab');
        const isClear = (): Promise<boolean> =>
          save.evaluate((button) => {
            const [focused, row] = [document.activeElement!, button.parentElement!];
            return row.contains(focused) || focused.getBoundingClientRect().bottom <= row.getBoundingClientRect().top;
          });
        await expect.poll(isClear).toBe(true);
      }
    });
  });

  test('search, chips, provider and order stand in the address; a page has 25 rows', async () => {
    for (let number = 1; number <= 27; number += 1)
      await make({ name: `Row ${number}`, modelVariant: number === 7 ? 'rare-model' : 'gpt-4o' });
    await open();
    const { page } = visitor;
    const names = () =>
      page
        .getByRole('table')
        .locator('tbody th')
        .evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).innerText.split('\n')[0]!));
    await expect.poll(async () => (await names()).length).toBe(25);
    await expect.poll(async () => (await names()).slice(0, 3)).toEqual(['Row 1', 'Row 2', 'Row 3']);
    const head = page.getByRole('columnheader', { name: 'Name' });
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('ascending');
    await head.getByRole('button').click();
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'Next' }).click();
    await expect.poll(names).toEqual(['Row 2', 'Row 1']);
    await expect.poll(() => page.url()).toMatch(/sort=-name/);
    await page.keyboard.press('/');
    await page.keyboard.type('rare');
    await expect.poll(names).toEqual(['Row 7']);
    await page.reload();
    await expect.poll(names).toEqual(['Row 7']);
    await expect.poll(() => page.getByLabel('Search name, variant, URL').inputValue()).toBe('rare');
    await page.getByLabel('Search name, variant, URL').fill('nothing like it');
    await page.getByText('No models match “nothing like it”.').waitFor();
    await page.getByRole('button', { name: 'Clear Filters' }).click();
    await expect.poll(async () => (await names()).length).toBe(25);
    await page.getByRole('button', { name: /^Inactive/ }).click();
    await page.getByText('No models match these filters.').waitFor();
  });

  test('another provider keeps what was typed; Escape asks before it throws a half-filled form away', async () => {
    await open();
    const { page } = visitor;
    await page.getByRole('link', { name: 'Add New Model' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Add New Model' });
    await dialog.getByLabel('Name', { exact: true }).fill('Half');
    await dialog.getByLabel('API Key', { exact: true }).fill(key);
    await dialog.getByLabel('Provider').selectOption('deepseek');
    await expect.poll(() => dialog.getByLabel('API URL').inputValue()).toBe('https://api.deepseek.com');
    await expect.poll(() => dialog.getByLabel('Name', { exact: true }).inputValue()).toBe('Half');
    await expect.poll(() => dialog.getByLabel('API Key', { exact: true }).inputValue()).toBe(key);
    await page.keyboard.press('Escape');
    const question = page.getByRole('dialog', { name: 'Discard changes?' });
    await question.waitFor();
    await question.getByRole('button', { name: 'Keep Editing' }).click();
    await expect.poll(() => dialog.getByLabel('Name', { exact: true }).inputValue()).toBe('Half');
    await dialog.getByRole('button', { name: 'Close the form' }).click();
    await question.getByRole('button', { name: 'Discard' }).click();
    await page.waitForURL('**/admin/ai_models');
    await expect.poll(() => list()).toEqual([]);
  });

  test("what the server refuses stands at the model's own fields", async () => {
    await make({ name: 'Taken' });
    await open();
    const { page } = visitor;
    await page.getByRole('link', { name: 'Add New Model' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Add New Model' });
    await dialog.getByLabel('Name', { exact: true }).fill('taken');
    await dialog.getByLabel('API URL').fill('ftp://nowhere');
    await dialog.getByLabel('API Key', { exact: true }).fill(key);
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog
      .getByText(/Enter a plain http or https address/)
      .first()
      .waitFor();
    await expect.poll(() => dialog.getByLabel('API URL').getAttribute('aria-invalid')).toBe('true');
    await dialog.getByLabel('API URL').fill(vendor.baseUrl);
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByText('This name is already taken. Choose another one.').first().waitFor();
    await dialog.getByLabel('Name', { exact: true }).fill('Free');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row').filter({ hasText: 'Free' }).waitFor();
  });

  test('rotation: a new key pasted into the form is the one that the next request carries', async () => {
    const id = await make({ name: 'Rotated' });
    await open();
    const { page } = visitor;
    await page.getByRole('link', { name: 'Edit Rotated' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit Model' });
    await dialog.getByLabel('API Key', { exact: true }).fill('sk-proj-brandnewkeyZZ99');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row').filter({ hasText: '••••ZZ99' }).waitFor();
    vendor.keys.clear();
    await page.getByRole('button', { name: 'Test Rotated' }).click();
    await page.getByRole('row').filter({ hasText: 'Rotated' }).getByText('Connected').waitFor();
    expect([...vendor.keys]).toEqual(['sk-proj-brandnewkeyZZ99']);
    await expect.poll(async () => (await stored(id))['apiKey']).toBe('***ZZ99');
  });

  test('without the permission the page says who can grant it, and the menu does not name it', async () => {
    const user = await pages.house.createResident(`User${++count}`);
    visitor = await visit({ url: pages.house.url });
    await signIn(visitor, user);
    const { page } = visitor;
    await expect.poll(() => page.getByRole('link', { name: 'AI Models' }).count()).toBe(0);
    await page.goto('/admin/ai_models');
    await page.getByRole('heading', { name: 'You may not see this page' }).waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'Add New Model' }).count()).toBe(0);
    expect(await visitor.axe()).toEqual([]);
  });

  test('an empty list says what a model is and how to add the first one', async () => {
    await open();
    await visitor.page.getByRole('heading', { name: 'No models yet' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });
});
