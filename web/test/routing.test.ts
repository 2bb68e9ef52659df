/** Routing in a real browser: a group made and ordered without a mouse, refused at its field, edited by two, simulated, deleted; and the backups of a connection. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, type Pages } from './support/pages.ts';
import { overflowOf, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

const slowMs = 300_000;

/** What is read aloud with a field. */
const describedBy = (field: Locator): Promise<string> =>
  field.evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' '),
  );

needs('browser')('routing', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  const ids: string[] = [];

  const comeAgain = eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari');
      for (const name of ['First line', 'Second line']) {
        const body = { name, baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o' };
        ids.push((await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body })).at('id'));
      }
    },
    async (came) => {
      visitor = came;
      await comeIn(visitor, sari);
    },
  );

  const groups = async (): Promise<RoutingGroupView[]> =>
    (await pages.house.request('GET', '/api/routing-groups', { token: sari.token })).body['data'] as unknown as RoutingGroupView[];

  test(
    'a group is made, ordered and saved without a mouse; what is wrong is said at its field; the list follows',
    async () => {
      const { page } = visitor;
      await page.goto('/routing');
      await page.getByRole('heading', { name: 'No routing groups yet' }).waitFor();
      await page.getByRole('button', { name: 'Create Routing Group' }).first().press('Enter');
      await page.getByRole('heading', { name: 'New routing group' }).waitFor();
      await page.getByRole('button', { name: 'Create Group' }).press('Enter');
      // Name and both targets are missing: the focus is on the first of them.
      await expect.poll(() => page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid')).toBe('true');
      await expect
        .poll(() => page.getByLabel('Name', { exact: true }).evaluate((element) => element === document.activeElement))
        .toBe(true);
      await page.getByLabel('Name', { exact: true }).fill('team/default');
      await page.getByLabel('Connection 1').selectOption({ label: 'First line' });
      await page.getByLabel('Connection 2').selectOption({ label: 'First line' });
      await page.getByRole('button', { name: 'Create Group' }).press('Enter');
      await page.getByText('No slash and no asterisk.', { exact: true }).waitFor();
      await page.getByLabel('Name', { exact: true }).fill('team-default');
      await page.getByRole('button', { name: 'Create Group' }).press('Enter');
      // The server alone knows this one.
      await page.getByText('This target is in the group already.').waitFor();
      await page.getByLabel('Connection 2').selectOption({ label: 'Second line' });
      await page.getByRole('radio', { name: 'Weighted' }).check();
      await page.getByLabel('Weight', { exact: true }).nth(1).fill('3');
      await page.getByRole('button', { name: 'Move target 2 up' }).press('Enter');
      await expect.poll(() => page.getByLabel('Connection 1').inputValue()).toBe(ids[1]);
      // The row took the focus along, and its button has nowhere to go any more.
      await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Move target 1 up');
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('button', { name: 'Create Group' }).press('Enter');
      await page.getByRole('rowheader', { name: 'team-default' }).waitFor();
      await expect
        .poll(() => groups())
        .toMatchObject([
          {
            name: 'team-default',
            strategy: 'weighted',
            targets: [
              { connectionId: ids[1], weight: 3 },
              { connectionId: ids[0], weight: 1 },
            ],
          },
        ]);
      await expect.poll(() => page.getByRole('row', { name: /team-default/ }).innerText()).toContain('Ready');
    },
    slowMs,
  );

  test(
    'a group that somebody changed meanwhile is not overwritten: the current one is loaded and saved',
    async () => {
      const { page } = visitor;
      await page.goto('/routing');
      await page.getByRole('button', { name: 'Edit team-default' }).click();
      await page.getByRole('heading', { name: 'Edit team-default' }).waitFor();
      const { id } = (await groups())[0]!;
      await pages.house.request('PATCH', `/api/routing-groups/${id}`, { token: sari.token, body: { strategy: 'cheapest' } });
      await page.getByRole('radio', { name: 'Least busy' }).check();
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('button', { name: 'Load Current Version' }).click();
      await page.getByRole('radio', { name: 'Cheapest capable' }).and(page.locator(':checked')).waitFor();
      await page.getByLabel('Hedge slow answers').check();
      await page.getByLabel('Most a second request may cost (USD)').fill('0,25');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('heading', { name: 'Edit team-default' }).waitFor({ state: 'detached' });
      await expect.poll(() => groups()).toMatchObject([{ strategy: 'cheapest', options: { hedgeMaxUsd: '0.25' } }]);
    },
    slowMs,
  );

  test(
    'the simulator takes a group, says what is wrong, and shows what would become of ten thousand requests',
    async () => {
      const { page } = visitor;
      await page.goto('/routing');
      await page.getByRole('button', { name: 'Simulate team-default' }).click();
      await page.getByRole('heading', { name: 'Routing Simulator' }).waitFor();
      await expect.poll(() => page.getByLabel('Name', { exact: true }).first().inputValue()).toContain('Second line');
      await page.getByLabel('Begin with').selectOption({ label: 'No group' });
      await page.getByLabel('Failures (%)').first().fill('130');
      await page.getByRole('button', { name: 'Run Simulation' }).click();
      await expect.poll(() => page.getByLabel('Failures (%)').first().getAttribute('aria-invalid')).toBe('true');
      await page.getByLabel('Failures (%)').first().fill('30');
      await page.getByRole('button', { name: 'Run Simulation' }).click();
      await page.getByRole('heading', { name: 'Result' }).waitFor();
      const table = page.getByRole('table', { name: 'Per target' });
      await expect.poll(() => table.getByRole('row').count()).toBe(3);
      await expect.poll(() => page.locator('dd').first().innerText()).toMatch(/^(100|99\.9\d)%$/);
      await page.getByRole('button', { name: 'Show as Table' }).click();
      expect(await visitor.axe()).toEqual([]);
      await page.setViewportSize({ width: 390, height: 800 });
      await expect.poll(() => overflowOf(page)).toBe(0);
    },
    slowMs,
  );

  test(
    'the backups of a connection are chosen in its form, shown with it, and refused at their field',
    async () => {
      const { page } = visitor;
      await page.goto(`/connections/${ids[0]}/edit`);
      await page.getByText('Advanced', { exact: true }).click();
      await page.getByRole('button', { name: 'Add Backup' }).click();
      await page.getByLabel('Backup 1', { exact: true }).selectOption({ label: 'Second line' });
      await page.getByLabel('Model of backup 1').fill('gpt-4o-mini');
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('button', { name: /^Save/ }).first().click();
      await expect
        .poll(
          async () =>
            (await pages.house.request('GET', `/api/configurations/${ids[0]}`, { token: sari.token })).body['data']?.['configuration'],
        )
        .toMatchObject({ backups: [{ connectionId: ids[1], model: 'gpt-4o-mini' }] });
      await page.goto(`/connections/${ids[0]}/access`);
      const panel = page.getByRole('region', { name: 'Backups' });
      await panel.waitFor();
      await expect.poll(() => panel.innerText()).toContain('Second line');
      await page.goto(`/connections/${ids[1]}/access`);
      await page.getByText('Backup of 1 connection').waitFor();
    },
    slowMs,
  );

  test(
    'a group is deleted after a question, and its page is empty again',
    async () => {
      const { page } = visitor;
      await page.goto('/routing');
      await page.getByRole('button', { name: 'Delete team-default' }).click();
      const question = page.getByRole('dialog', { name: 'Delete team-default?' });
      await question.getByRole('button', { name: 'Keep It' }).click();
      await question.waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Delete team-default' }).click();
      await question.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('heading', { name: 'No routing groups yet' }).waitFor();
      await expect.poll(() => groups()).toEqual([]);
    },
    slowMs,
  );

  test(
    'two targets that have become one are told apart no more: the form says so at the second one, and is saved without it',
    async () => {
      const { house } = pages;
      const { token } = sari;
      const target = (connectionId: string, model: string | null) => ({ connectionId, model, weight: 1, isEnabled: true });
      const targets = [target(ids[0]!, null), target(ids[1]!, null), target(ids[0]!, 'gpt-4o-mini')];
      await house.request('POST', '/api/routing-groups', { token, body: { name: 'twins', strategy: 'ordered', targets } });
      const { page } = visitor;
      await page.goto('/routing');
      await page.getByRole('button', { name: 'Edit twins' }).click();
      await page.getByLabel('Connection 3').waitFor();
      await expect.poll(() => page.locator('[aria-invalid="true"]').count()).toBe(0);
      // Somebody changes the model of the connection, far from here.
      expect((await house.request('PUT', `/api/ai-connections/${ids[0]}`, { token, body: { defaultModel: 'gpt-4o-mini' } })).status).toBe(
        200,
      );
      for (const [locale, edit, connection, told] of [
        ['id-ID', 'Edit twins', 'Koneksi 3', 'Sama dengan target 1. Sebutkan model lain, atau keluarkan target ini.'],
        ['en-US', 'Edit twins', 'Connection 3', 'The same as target 1. Name another model here, or remove this target.'],
      ] as const) {
        await house.request('PATCH', '/api/me', { token, body: { language: locale.slice(0, 2) } });
        await comeAgain({ locale });
        await visitor.page.goto('/routing');
        await visitor.page.getByRole('button', { name: edit }).click();
        const second = visitor.page.getByLabel(connection);
        await second.waitFor();
        await expect.poll(() => describedBy(second)).toContain(told);
        expect(await visitor.axe()).toEqual([]);
      }
      const { page: last } = visitor;
      const notice = last.getByText('The same as target 1.');
      // Another model makes two of them again; one press leaves the first.
      const model = last.getByLabel('Model', { exact: true }).nth(2);
      await model.fill('gpt-4o');
      await notice.waitFor({ state: 'detached' });
      await model.fill('');
      await notice.waitFor();
      await last.getByRole('button', { name: 'Remove target 3' }).click();
      await notice.waitFor({ state: 'detached' });
      await last.getByRole('button', { name: 'Save', exact: true }).click();
      await last.getByRole('heading', { name: 'Edit twins' }).waitFor({ state: 'detached' });
      await expect.poll(() => groups()).toMatchObject([{ name: 'twins', targets: [{ connectionId: ids[0] }, { connectionId: ids[1] }] }]);
    },
    slowMs,
  );
});
