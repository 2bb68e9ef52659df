/** The audit log in a real browser: sentences, filters in the address, details with what changed, the chain's badge, history and the way back. */
import { expect, test } from 'vitest';
import { plain } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, type Pages } from './support/pages.ts';
import { overflowOf, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

const slowMs = 300_000;

needs('browser')('the audit log', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let visitor: Visitor;
  let policyId: string;
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });
  const heading = (name: string, level = 1) => visitor.page.getByRole('heading', { level, name });
  const send = (method: string, path: string, body: unknown, person = sari) =>
    pages.house.request(method, path, { token: person.token, body });

  eachVisit(
    async (opened) => {
      pages = opened;
      pages.provider.answer(plain);
      sari = await pages.house.createResident('Sari', 'administrator');
      budi = await pages.house.createResident('Budi');
      await pages.house.createWorkspace('Marketing', [
        [sari, 'ADMIN'],
        [budi, 'READ'],
      ]);
      policyId = (await send('POST', '/api/policies', { name: 'No keys', action: 'log', rules: { keywords: ['kestrel'] } })).at('data.id');
      await send('PATCH', `/api/policies/${policyId}`, { action: 'block', rules: { keywords: ['kestrel', 'osprey'] } });
      for (let n = 0; n < 30; n++) await send('POST', '/api/tokens', { name: `script ${n}` }, budi);
    },
    (came) => {
      visitor = came;
    },
  );

  /** The state before the last change comes back, and the log tells of it. */
  async function rollsBack(): Promise<void> {
    const { page } = visitor;
    await page.goto(`/policies/${policyId}`);
    await button('History').click();
    const side = page.getByRole('complementary', { name: 'History: No keys' });
    await side.getByText('Current').waitFor();
    await expect.poll(() => side.getByRole('listitem').count()).toBe(2);
    await expect
      .poll(() => side.getByRole('listitem').first().innerText())
      .toMatch(/Sari changed the policy “No keys”[\s\S]*action[\s\S]*log[\s\S]*block/);
    expect(await visitor.axe()).toEqual([]);
    await side.getByRole('button', { name: /^Roll back to revision/ }).click();
    const question = page.getByRole('dialog');
    await expect.poll(() => question.innerText()).toMatch(/action[\s\S]*block[\s\S]*log/);
    await question.getByRole('button', { name: 'Roll Back' }).click();
    await side.getByText('Sari rolled back the policy “No keys”').waitFor();
    // While the question is still on its way out, Escape is its own.
    await question.waitFor({ state: 'detached' });
    await expect.poll(async () => (await send('GET', `/api/policies/${policyId}`, undefined)).at('data.action')).toBe('log');
    await page.keyboard.press('Escape');
    await side.waitFor({ state: 'detached' });
  }

  test(
    'tells who did what, finds it by filters that stand in the address, and shows what changed',
    async () => {
      const { page } = visitor;
      await comeIn(visitor, sari);
      await page.goto('/admin/audit');
      await heading('Audit Log').waitFor();
      await page.getByText(/^Verified up to /).waitFor();
      const table = page.getByRole('table');
      await table.getByText('Budi created the personal token “script 29”').waitFor();
      await expect.poll(() => table.getByRole('row').count()).toBe(26);
      await button('Show Older').click();
      await expect.poll(() => table.getByRole('row').count()).toBeGreaterThan(30);
      // From its beginning: a button that has been scrolled half behind the bar above is no smaller for it.
      await page.evaluate(() => scrollTo(0, 0));
      expect(await visitor.axe()).toEqual([]);

      await page.getByLabel('Area', { exact: true }).selectOption('Policies');
      await page.getByLabel('Who', { exact: true }).fill('sar');
      await page.keyboard.press('Enter');
      await expect.poll(() => table.getByRole('row').count()).toBe(3);
      await expect.poll(() => new URL(page.url()).searchParams.get('area')).toBe('policy');
      await page.reload();
      await button('Details: Sari changed the policy “No keys”').click();
      const side = page.getByRole('complementary', { name: 'Audit entry' });
      const changes = side.getByRole('table', { name: 'Changed fields' });
      await expect.poll(() => changes.innerText()).toMatch(/action[\s\S]*log[\s\S]*block/);
      await expect.poll(() => side.innerText()).toMatch(/127\.0\.0\.1[\s\S]*policy\.update|policy\.update[\s\S]*127\.0\.0\.1/);
      expect(await visitor.axe()).toEqual([]);
      await page.keyboard.press('Escape');
      await side.waitFor({ state: 'detached' });
      await expect
        .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
        .toBe('Details: Sari changed the policy “No keys”');

      const href = (await page.getByRole('link', { name: 'Export: CSV' }).getAttribute('href'))!;
      expect(href).toContain('action=policy');
      await button('Clear Filters').click();
      await table.getByText('Budi created the personal token “script 29”').waitFor();
      await rollsBack();
      await page.setViewportSize({ width: 390, height: 800 });
      await page.goto('/admin/audit?area=policy');
      await button('Details: Sari rolled back the policy “No keys”').click();
      await expect.poll(() => overflowOf(page)).toBe(0);
      expect(visitor.complaints).toEqual([]);
    },
    slowMs,
  );

  test(
    'is closed to members who do not administrate the workspace',
    async () => {
      const { page } = visitor;
      await comeIn(visitor, budi);
      await page.goto('/audit');
      await heading('Only for administrators of the workspace', 2).waitFor();
      expect(await visitor.axe()).toEqual([]);
    },
    slowMs,
  );
});
