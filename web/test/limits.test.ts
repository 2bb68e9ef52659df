/** Limits in a real browser: set, seen filling, changed and removed, on a key, a workspace, a person and a connection, and what holds for all. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, comeIn, openPages, signIn, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

/** Many pages in one visit, on a machine that may have other work to do. */
const slowMs = 300_000;

needs('browser')('limits', () => {
  let pages: Pages;
  let root: Resident;
  let key: string;
  let keyId: string;
  let connectionId: string;

  beforeAll(async () => {
    pages = await openPages();
    const { house } = pages;
    root = await house.createResident('Rina', 'administrator');
    await house.createWorkspace('Lab', [[root, 'ADMIN']]);
    const model = {
      name: 'Local',
      provider: 'openai',
      modelVariant: 'gpt-4o',
      apiUrl: pages.provider.baseUrl,
      apiKey: 'sk-test-abcdefghx7Qa',
    };
    connectionId = (await house.request('POST', '/api/admin/models', { token: root.token, body: model })).at('data.id');
    const made = await house.request('POST', '/api/access-keys', { token: root.token, body: { name: 'web-prod', rpm: 50 } });
    [key, keyId] = [made.at('data.key'), made.at('data.id')];
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  const spend = async (): Promise<number> => {
    const body = { model: 'gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] };
    return (await pages.house.request('POST', '/v1/chat/completions', { token: key, body })).status;
  };
  const section = ({ page }: Visitor) => page.getByRole('region', { name: 'Limits', exact: true });

  test(
    'a budget per day is set on a key by keyboard alone, fills as the key is used, refuses, is changed, and is removed again',
    async () => {
      const visitor = await visit({ url: pages.house.url });
      const { page } = visitor;
      await comeIn(visitor, root);
      await page.goto('/keys');
      await page.getByRole('button', { name: 'Edit web-prod' }).click();
      const limits = section(visitor);
      // The key's own limit stands among the others, with what is used of it.
      await limits.getByText('0 of 50').waitFor();
      await limits.getByRole('button', { name: 'Add Limit' }).focus();
      await page.keyboard.press('Enter');
      await limits.getByLabel('What is limited').selectOption({ label: 'Budget per day' });
      await limits.getByLabel('At most, in US dollars').fill('much');
      await limits.getByRole('button', { name: 'Add Limit' }).click();
      await limits.getByText('Enter an amount such as 12.50.').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await limits.getByLabel('At most, in US dollars').fill('0,00035');
      await page.keyboard.press('Enter');
      await limits.getByText('$0.00 of $0.000350').waitFor();
      await expect.poll(() => spend()).toBe(200);
      await expect.poll(() => spend()).toBe(402);
      await page.reload();
      await page.getByRole('button', { name: 'Edit web-prod' }).click();
      await limits.getByText(/of \$0\.000350/).waitFor();
      await limits.getByRole('button', { name: 'Edit “Budget per day”' }).click();
      await limits.getByRole('textbox', { name: 'Budget per day' }).fill('5');
      await limits.getByRole('switch', { name: 'Count only' }).press('Space');
      await limits.getByRole('button', { name: 'Save' }).click();
      await limits.getByText('Counts only').waitFor();
      await expect.poll(() => spend()).toBe(200);
      await limits.getByRole('button', { name: 'Remove “Budget per day”' }).click();
      const question = page.getByRole('dialog', { name: 'Remove this limit?' });
      expect(await visitor.axe()).toEqual([]);
      await question.getByRole('button', { name: 'Remove' }).click();
      await limits.getByText('Counts only').waitFor({ state: 'detached' });
      const left = await pages.house.request('GET', `/api/limits?subjectKind=access-key&subjectId=${keyId}`, { token: root.token });
      expect(left.body.data).toHaveLength(1);
      await visitor.leave();
    },
    slowMs,
  );

  test(
    'a second limit of one kind is told where it is entered; workspace, person and connection have their limits, on a phone and in Indonesian too',
    async () => {
      const visitor = await visit({ url: pages.house.url, width: 390 });
      const { page } = visitor;
      await signIn(visitor, root);
      await chooseLanguage(visitor, 'Bahasa Indonesia');
      const limits = page.getByRole('region', { name: 'Batas', exact: true });
      const add = async (count: string): Promise<void> => {
        await limits.getByRole('button', { name: 'Tambah Batas' }).first().click();
        await limits.getByLabel('Paling banyak').fill(count);
        await limits.getByRole('button', { name: 'Tambah Batas' }).last().click();
      };
      await page.goto(`/connections/${connectionId}/access`);
      await add('600');
      await limits.getByText('dari 600').waitFor();
      await add('700');
      await limits.getByText('Batas dengan jenis dan periode ini sudah ada').waitFor();
      await limits.getByRole('button', { name: 'Batal' }).click();
      await expect.poll(() => overflowOf(page)).toBe(0);
      await page.goto('/members');
      await add('300');
      await limits.getByText('dari 300').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await expect.poll(() => overflowOf(page)).toBe(0);
      await page.goto('/admin/users');
      await page.getByRole('button', { name: /^Edit.*Rina/ }).click();
      await add('200');
      await limits.getByText('dari 200').waitFor();
      await page.goto('/admin/ai_settings');
      const settings = page.getByRole('region', { name: 'Anggaran dan batas' });
      await settings.getByLabel('Zona waktu anggaran').selectOption('Asia/Jakarta');
      await settings.getByLabel('Jawaban terpanjang jika tanpa maksimum (token)').fill('0');
      await settings.getByRole('button', { name: 'Simpan' }).click();
      await settings.getByText('Isi bilangan bulat mulai dari 1, atau kosongkan.').waitFor();
      await settings.getByLabel('Jawaban terpanjang jika tanpa maksimum (token)').fill('2000');
      await settings.getByRole('button', { name: 'Simpan' }).click();
      await expect.poll(() => pages.house.deps.keeper.snapshot.limits.timeZone).toBe('Asia/Jakarta');
      expect(pages.house.deps.keeper.snapshot.limits.outputTokensCeiling).toBe(2_000);
      await settings.getByRole('button', { name: 'Riwayat: Anggaran dan batas' }).waitFor();
      expect(await visitor.axe()).toEqual([]);
      await visitor.leave();
    },
    slowMs,
  );

  test('limits and the budgets of the usage page are there in one visit, whichever of them comes first', async () => {
    const body = { subjectKind: 'connection', subjectId: connectionId, kind: 'money', period: 'month', value: '5.00' };
    expect((await pages.house.request('POST', '/api/limits', { token: root.token, body })).status).toBe(201);
    await pages.house.request('PATCH', '/api/me', { token: root.token, body: { language: 'en' } });
    await spend();
    await pages.house.deps.books.catchUp();
    const visitor = await visit({ url: pages.house.url });
    const { page } = visitor;
    await signIn(visitor, root);
    const limitsPath = `/connections/${connectionId}/access`;
    const usagePath = `/usage?connection=${connectionId}`;
    const seen = {
      [limitsPath]: () =>
        section(visitor)
          .getByText(/of \$5\.00/)
          .waitFor(),
      [usagePath]: () => page.getByText('Budget of this month').first().waitFor(),
    };
    for (const order of [
      [limitsPath, usagePath],
      [usagePath, limitsPath],
    ]) {
      await page.goto(order[0]!);
      await seen[order[0]!]!();
      // As a link does it: the page stays loaded, with what it knows.
      await page.evaluate((to) => history.pushState({}, '', to), order[1]!);
      await seen[order[1]!]!();
    }
    await visitor.leave();
  });
});
