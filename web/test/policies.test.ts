/** Policies in a real browser: one is written, tried on a text, refused for a bad pattern, saved, found to work, and deleted. */
import { expect, test } from 'vitest';
import { plain } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, signIn, type Pages } from './support/pages.ts';
import { overflowOf, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

const slowMs = 300_000;

needs('browser')('policies', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let workspaceId: string;
  let visitor: Visitor;
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });
  const field = (name: string) => visitor.page.getByLabel(name, { exact: true });
  const heading = (name: string) => visitor.page.getByRole('heading', { level: 1, name });

  const comeAgain = eachVisit(
    async (opened) => {
      pages = opened;
      pages.provider.answer(plain);
      sari = await pages.house.createResident('Sari', 'administrator');
      budi = await pages.house.createResident('Budi');
      workspaceId = await pages.house.createWorkspace('Marketing', [
        [sari, 'ADMIN'],
        [budi, 'ADMIN'],
      ]);
      await pages.house.request('POST', '/api/repositories', { token: sari.token, body: { workspaceId, name: 'Campaigns' } });
      const body = { name: 'Budget AI', modelVariant: 'b-model', apiUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa' };
      await pages.house.request('POST', '/api/admin/models', { token: sari.token, body });
    },
    (came) => {
      visitor = came;
    },
  );

  /** It binds the next request of the workspace's keys, and says what it found. */
  async function bindsTheNextRequest(): Promise<void> {
    const { page } = visitor;
    const key = (await pages.house.request('POST', '/api/access-keys', { token: sari.token, body: { name: 'web', workspaceId } })).at(
      'data.key',
    );
    const asked = { model: 'b-model', messages: [{ role: 'user', content: 'Write to ann@example.com about project kestrel.' }] };
    const answer = await pages.house.request('POST', '/v1/chat/completions', { token: key, body: asked });
    expect(answer.status).toBe(200);
    expect(pages.provider.received.at(-1)!.text).toContain('Write to [EMAIL] about [REDACTED].');
    await page.reload();
    const found = page.getByRole('table', { name: '1 violation' });
    await found.getByText('an***om').waitFor();
    await found.getByText('Redacted', { exact: true }).waitFor();
    await expect
      .poll(() => found.innerText())
      .toMatch(/No personal data[\s\S]*Email addresses[\s\S]*Keyword “project kestrel”[\s\S]*Sari[\s\S]*web/);
    expect(await visitor.axe()).toEqual([]);
    await field('Outcome').selectOption({ label: 'Blocked' });
    await page.getByText('Nothing was found in this time.').waitFor();
  }

  test(
    'one is written, tried, saved, binds the next request, and is deleted',
    async () => {
      const { page } = visitor;
      await signIn(visitor, sari);
      await page.getByRole('link', { name: 'Policies', exact: true }).click();
      await heading('Policies').waitFor();
      await page.getByText('No policy yet').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('main').getByRole('link', { name: 'Add Policy' }).first().click();
      await heading('New policy').waitFor();

      // Each fault stands at its field, and the first has the focus.
      await button('Save').click();
      await page.getByText('Enter a name.').waitFor();
      await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
      await field('Name').fill('No personal data');
      await field('Binds').selectOption({ label: 'The workspace Marketing' });
      await field('In plain words').fill('Nobody sends personal data.');
      await page.getByLabel('Redact').check();
      await button('Save').click();
      await page.getByText('Redaction covers words', { exact: false }).waitFor();
      await page.getByLabel('NIK', { exact: false }).check();
      await page.getByLabel('Email addresses').check();
      await field('Keywords').fill('Project Kestrel');
      await field('Patterns').fill('ACME-\\d+\n(unclosed');
      expect(await visitor.axe()).toEqual([]);

      // What stands in the form is held against a text; what the server cannot read stands at its field.
      await button('Save').click();
      await page.getByText(/2: .*missing closing \)/).waitFor();
      await field('Patterns').fill('ACME-\\d+');
      await field('Text').fill('Project kestrel: ACME-7 of 3174051209900001, ann@example.com');
      await button('Check').click();
      await page.getByText('4 finds would be covered.').waitFor();
      await page.getByText('[REDACTED]: [REDACTED] of [NIK], [EMAIL]').waitFor();
      await expect
        .poll(() => page.locator('mark').allInnerTexts())
        .toEqual(['Project kestrel', 'ACME-7', '3174051209900001', 'ann@example.com']);
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('link', { name: 'Overview' }).click();
      await page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Stay' }).click();
      await button('Save').click();
      await heading('Policies').waitFor();
      await page
        .getByRole('row', { name: /No personal data/ })
        .getByText('Redact')
        .waitFor();

      await bindsTheNextRequest();
      await page.getByRole('link', { name: 'No personal data' }).click();
      await heading('No personal data').waitFor();
      await expect.poll(() => field('Keywords').inputValue()).toBe('Project Kestrel');
      await expect.poll(() => field('Binds').isEditable()).toBe(false);
      await page.getByRole('link', { name: 'Policies', exact: true }).first().click();
      await button('Delete No personal data').click();
      await page.getByRole('dialog', { name: 'Delete “No personal data”?' }).getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByText('No policy yet').waitFor();
      expect(visitor.complaints).toEqual([]);
    },
    slowMs,
  );

  test(
    'whoever administers a workspace alone sees what is inherited and changes what is theirs, in Indonesian and on a phone',
    async () => {
      const body = { name: 'Tanpa kartu', action: 'block', risk: 'HIGH', rules: { personalData: ['card'] } };
      await pages.house.request('POST', '/api/policies', { token: sari.token, body });
      await pages.house.request('POST', '/api/policies', { token: sari.token, body: { ...body, name: 'Tanpa NIK', workspaceId } });
      await pages.house.request('PATCH', '/api/me', { token: budi.token, body: { language: 'id' } });
      await comeAgain({ locale: 'id-ID', width: 390, theme: 'dark' });
      const { page } = visitor;
      await comeIn(visitor, budi);
      await page.goto('/policies');
      await heading('Kebijakan').waitFor();
      await page
        .getByRole('row', { name: /Tanpa kartu/ })
        .getByText('Diwarisi')
        .waitFor();
      await button('Hapus Tanpa NIK').waitFor();
      await expect.poll(() => overflowOf(page)).toBe(0);
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('link', { name: 'Tanpa kartu' }).click();
      await page.getByText('Kebijakan ini berasal dari tingkat di atas.', { exact: false }).waitFor();
      await expect.poll(() => button('Simpan').count()).toBe(0);
      await expect.poll(() => overflowOf(page)).toBe(0);
      expect(await visitor.axe()).toEqual([]);
    },
    slowMs,
  );
});
