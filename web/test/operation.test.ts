/** What operators do, in a real browser: a task is paused and goes on, an export is compared, the system is read, in both languages. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { whole, wholeBody } from '../../server/test/support/fake-provider.ts';
import type { RetentionView } from '@patchbay/client/requests';
import { Secret } from '../../server/src/lib/secret.ts';
import { noteRetentionRun } from '../../server/src/storage/retention.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, openPages, type Pages } from './support/pages.ts';
import { overflowOf, refuse, visit, type Visitor } from './support/visitor.ts';

const slowMs = 300_000;

needs('browser')('operation', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });
  const heading = (name: string) => visitor.page.getByRole('heading', { level: 1, name });

  beforeAll(async () => {
    const environment = { baseUrl: 'https://api.openai.com/v1', secret: new Secret('sk-env-abcdefghijkl9aa1'), model: 'gpt-4o' };
    pages = await openPages({ environment, retentionDays: { tasks: 14 } });
    sari = await pages.house.createResident('Sari', 'administrator');
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });
  beforeEach(async () => {
    visitor = await visit({ url: pages.house.url });
    await comeIn(visitor, sari);
  });
  afterEach(async () => {
    await visitor.leave();
  });

  async function isSound(): Promise<void> {
    expect(await visitor.axe()).toEqual([]);
    await expect.poll(() => overflowOf(visitor.page)).toBe(0);
  }

  test('a task is paused, tells its way, and goes on; filters narrow the list', { timeout: slowMs }, async () => {
    const { page } = visitor;
    const { tasks } = pages.house.deps;
    tasks.onRestart('usage-import', () => async () => ({}));
    const { id } = await tasks.start({
      kind: 'usage-import',
      title: 'march.csv',
      ownerUserId: sari.id,
      ownerName: 'Sari',
      total: 200,
      run: async ({ signal, progress }) => {
        progress(50, 200, 'half way');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    await page.goto('/admin/tasks');
    const row = page.getByRole('row').filter({ hasText: 'Import march.csv' });
    await row.getByText('25%').waitFor();
    const allow = await refuse(page, 'POST', `/api/tasks/${id}/pause`);
    await button('Pause: Import march.csv').click();
    await row.getByRole('alert').waitFor();
    await allow();
    await button('Pause: Import march.csv').click();
    await row.getByText('Paused').waitFor();
    await page.getByRole('button', { name: 'Import march.csv', exact: true }).click();
    const drawer = page.getByRole('dialog', { name: 'Import march.csv' });
    await drawer.getByText('half way').waitFor();
    await drawer.getByText('Asked to pause').waitFor();
    await isSound();
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'hidden' });
    await page.getByLabel('Status', { exact: true }).selectOption('done');
    await page.getByText('No tasks here').waitFor();
    await page.getByLabel('Status', { exact: true }).selectOption('paused');
    await button('Resume: Import march.csv').click();
    await page.getByText('No tasks here').waitFor();
    await page.getByLabel('Status', { exact: true }).selectOption('');
    await row.getByText('Done').waitFor();
    await expect
      .poll(async () => (await pages.house.request('GET', `/api/tasks/${id}`, { token: sari.token })).at('data.state'))
      .toBe('done');
    await isSound();
  });

  test('an export is refused with its place, taken, and compared with our books', { timeout: slowMs }, async () => {
    const { page } = visitor;
    await page.goto('/usage/reconciliation');
    await heading('Reconciliation').waitFor();
    await page.getByText('Nothing imported yet').waitFor();
    await button('Import').click();
    await page.getByText('Choose a file first.').waitFor();
    await isSound();
    const head = 'usage_date_utc,model_version,api_key,usage_input_tokens_no_cache,usage_output_tokens';
    const bring = async (name: string, text: string): Promise<void> => {
      await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
      await button('Import').click();
    };
    await bring('broken.csv', `${head}\n2026-03-01,claude-sonnet-4,console key,many,1\n`);
    await page.getByText('This is no number that we can count with. Line 2, column usage_input_tokens_no_cache.').waitFor();
    await bring('march.csv', `${head}\n2026-03-01,claude-sonnet-4,console key,1000,100\n`);
    const found = page.getByRole('table', { name: '1 difference' });
    await found.getByText('Used outside Patchbay').waitFor();
    await expect.poll(() => found.innerText()).toMatch(/2026-03-01[\s\S]*claude-sonnet-4[\s\S]*1,000 in, 100 out[\s\S]*0 in, 0 out/);
    await expect.poll(() => page.getByRole('link', { name: 'Download CSV' }).getAttribute('href')).toContain('format=csv');
    await isSound();
    await page.setViewportSize({ width: 390, height: 800 });
    await isSound();
    await button('Delete: march.csv').click();
    await page.getByRole('dialog', { name: 'Delete march.csv?' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('row').filter({ hasText: 'march.csv' }).waitFor({ state: 'detached' });
  });

  test('the system tells how it is without a secret, and the master key is rotated', { timeout: slowMs }, async () => {
    const { page } = visitor;
    const body = {
      name: 'Budget AI',
      provider: 'custom',
      defaultModel: 'b',
      baseUrl: pages.provider.baseUrl,
      apiKey: 'sk-test-abcdefghx7Qa',
    };
    const id = (await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body })).at('id');
    await page.goto('/admin/system');
    await heading('System').waitFor();
    await page.getByText('SQLite (embedded)').waitFor();
    await isSound();
    await button('Rotate Master Key').click();
    await page.getByRole('dialog', { name: 'Rotate the master key?' }).getByRole('button', { name: 'Rotate Master Key' }).click();
    const keys = page.getByRole('table', { name: 'Master keys' });
    await keys.getByText('Retired').waitFor();
    await expect.poll(() => page.locator('main').innerText()).not.toContain('sk-test');

    // The connection still opens, and what its provider says of its limits stands on its page.
    const headers = { 'x-ratelimit-limit-requests': '100', 'x-ratelimit-remaining-requests': '5', 'x-ratelimit-reset-requests': '1h' };
    pages.provider.answer(whole(wholeBody(), headers));
    const key = (await pages.house.request('POST', '/api/access-keys', { token: sari.token, body: { name: 'web' } })).at('data.key');
    const asked = { model: 'b', messages: [{ role: 'user', content: 'Hi' }] };
    const sent = { token: key, body: asked, headers: { 'x-patchbay-connection': id } };
    expect((await pages.house.request('POST', '/v1/chat/completions', sent)).status).toBe(200);
    await page.goto(`/connections/${id}/health`);
    await page.getByText('5 of 100 left').waitFor();
    await page.getByText('Almost used up').waitFor();
    await isSound();
  });

  test('days of retention are saved by keyboard, within bounds, and not over what somebody else saved', { timeout: slowMs }, async () => {
    const { page } = visitor;
    const path = '/api/admin/settings/retention';
    const saved = async (): Promise<unknown> => {
      const reply = await pages.house.request('GET', path, { token: sari.token });
      return Object.fromEntries((reply.body as unknown as { data: RetentionView }).data.rows.map(({ noun, days, origin }) => [noun, `${days} ${origin}`]));
    };
    const budi = await pages.house.createResident('Budi', 'administrator');
    const elsewhere = (days: object) => pages.house.request('PATCH', path, { token: budi.token, body: { days } });
    await noteRetentionRun(pages.house.database, { noun: 'alerts', ranAtMs: pages.house.deps.clock.nowMs(), keptDays: 90, removed: 1_204, isBehind: true });
    await page.goto('/admin/system');
    const table = page.getByRole('table', { name: 'Retention' });
    await table.getByText('PATCHBAY_RETENTION_TASKS_DAYS').waitFor();
    await expect.poll(() => table.getByRole('row').filter({ hasText: 'Alerts that ended' }).innerText()).toMatch(/1,204 rows[\s\S]*More to remove/);
    const requests = table.getByLabel('Days to keep: Requests');
    // A form that is still being saved takes no second order.
    const save = async (): Promise<void> => {
      await expect.poll(() => page.locator('main [type="submit"][data-loading]').count()).toBe(0);
      await requests.press('Enter');
    };
    await requests.fill('5');
    await save();
    await table.getByText('Enter 35 to 3,650.').waitFor();
    await expect.poll(() => saved()).toMatchObject({ requests: '90 default', tasks: '14 environment' });
    await requests.fill('120');
    await save();
    await expect.poll(saved).toMatchObject({ requests: '120 saved' });
    // Another row is nobody's contradiction; the same row is.
    await requests.fill('200');
    await elsewhere({ alerts: 45 });
    await save();
    await expect.poll(saved).toMatchObject({ requests: '200 saved', alerts: '45 saved' });
    await table.getByLabel('Days to keep: Alerts that ended').and(page.locator('[value="45"]')).waitFor();
    await requests.fill('60');
    await elsewhere({ requests: 150 });
    await save();
    const conflict = page.getByRole('region', { name: 'Budi changed this in the meantime' });
    await conflict.getByText('Requests: saved now 150 days, yours 60 days').waitFor();
    await isSound();
    await conflict.getByRole('button', { name: 'Overwrite' }).click();
    await conflict.waitFor({ state: 'detached' });
    await expect.poll(() => saved()).toMatchObject({ requests: '60 saved', alerts: '45 saved' });
    await requests.fill('');
    await table.getByLabel('Days to keep: Audit log entries').fill('0');
    await save();
    await expect.poll(saved).toMatchObject({ requests: '90 default', audit: '0 saved' });
  }); // prettier-ignore

  test('what the environment names is told without its key, and imported once', { timeout: slowMs }, async () => {
    const { page } = visitor;
    await page.goto('/admin/system');
    await button('Import .env').click();
    const question = page.getByRole('dialog', { name: 'Import the environment’s connection?' });
    await expect.poll(() => question.innerText()).toMatch(/https:\/\/api\.openai\.com\/v1[\s\S]*gpt-4o[\s\S]*Set; it is never shown/);
    await isSound();
    await question.getByRole('button', { name: 'Import' }).click();
    await page.getByText('“OpenAI” was imported and is the default of the organization.').last().waitFor();
    await expect
      .poll(() => page.getByRole('link', { name: 'Open the connection' }).getAttribute('href'))
      .toMatch(/connections\/[0-9a-f-]{36}$/);
    await button('Import .env').click();
    await question.getByRole('button', { name: 'Import' }).click();
    await page.getByText('“OpenAI” has the same address already. Nothing was changed.').last().waitFor();
    expect(await page.content()).not.toContain('sk-env');
    await isSound();
  });

  test('in Indonesian', { timeout: slowMs }, async () => {
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language: 'id' } });
    const { page } = visitor;
    for (const [path, name] of [
      ['/admin/tasks', 'Tugas'],
      ['/usage/reconciliation', 'Rekonsiliasi'],
      ['/admin/system', 'Sistem'],
    ] as const) {
      await page.goto(path);
      await heading(name).waitFor();
      await expect.poll(() => overflowOf(page)).toBe(0);
    }
  });
});
