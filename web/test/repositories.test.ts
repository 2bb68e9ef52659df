/** Repositories in a real browser: made, filled, put in order and given a key without a mouse, and deleted with a warning of what hangs on them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, openPages, signIn, type Pages } from './support/pages.ts';
import { holdBack, overflowOf, refuse, visit, type Visitor } from './support/visitor.ts';

/** Many pages in one visit, on a machine that may have other work to do. */
const slowMs = 300_000;

interface Named {
  id: string;
  name: string;
}

needs('browser')('repositories', () => {
  let pages: Pages;
  let wati: Resident;
  let rudi: Resident;
  let workspaceId = '';

  beforeAll(async () => {
    pages = await openPages();
    const { house, provider } = pages;
    const sari = await house.createResident('Sari');
    wati = await house.createResident('Wati');
    rudi = await house.createResident('Rudi');
    workspaceId = await house.createWorkspace('Riset', [
      [sari, 'ADMIN'],
      [wati, 'ADMIN'],
      [rudi, 'READ'],
    ]);
    for (const name of ['Alpha', 'Beta']) {
      const body = {
        name,
        aiType: 'OTHER',
        endpoint: provider.baseUrl,
        secret: 'sk-test-abcdefghx7Qa',
        defaultModel: 'gpt-4o',
        workspaceId,
      };
      await house.request('POST', '/ai/llm', { token: wati.token, body });
    }
    const shared = {
      name: 'Gamma',
      baseUrl: provider.baseUrl,
      apiKey: 'sk-test-abcdefghy8Rb',
      defaultModel: 'gpt-4o-mini',
      scope: 'organization',
    };
    await house.request('POST', '/api/ai-connections', { token: sari.token, body: shared });
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  const served = async (key: string): Promise<string> => {
    const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] };
    const answer = await pages.house.request('POST', '/v1/chat/completions', { token: key, body });
    return answer.headers.get('x-patchbay-connection') ?? `${answer.status}`;
  };

  /** What the page shows as attached, in its order, and the way to press a button without a mouse. */
  function handsOn({ page }: Visitor) {
    const rows = () => page.getByRole('list', { name: 'Connections' }).getByRole('listitem');
    return {
      rows,
      names: async (): Promise<string[]> => (await rows().allInnerTexts()).map((text) => text.split('\n')[1] ?? ''),
      press: async (name: string, key = 'Enter'): Promise<void> => {
        await page.getByRole('button', { name, exact: true }).focus();
        await page.keyboard.press(key);
      },
    };
  }

  /** Through the list's form, by the keyboard. */
  async function create(visitor: Visitor, name: string): Promise<void> {
    const { page } = visitor;
    await page.getByRole('link', { name: 'Repositories' }).click();
    await page.getByText('No repositories yet').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Create Repository' }).first().press('Enter');
    await page.getByRole('heading', { name: 'New repository' }).waitFor();
    await handsOn(visitor).press('Create');
    await page.getByText('Enter a name.').waitFor();
    await page.keyboard.type(name);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  }

  /** To where the key is shown, and on; returns the key. */
  async function issueKey(visitor: Visitor, name: string): Promise<string> {
    const { page } = visitor;
    const { press } = handsOn(visitor);
    await press('Create Access Key');
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.keyboard.press('Enter');
    const shown = page.getByRole('textbox', { name: 'Access key' });
    await shown.waitFor();
    const key = await shown.inputValue();
    const command = await page.getByRole('tabpanel').innerText();
    expect(command).toContain(`Bearer ${key}`);
    expect(command).toContain('gpt-4o');
    await page.getByRole('checkbox', { name: 'I have stored this key' }).press('Space');
    await press('Done');
    await page.getByRole('row', { name: new RegExp(name) }).waitFor();
    expect(await page.content()).not.toContain(key);
    return key;
  }

  test(
    'one is made, filled and put in order by the keyboard alone: the row takes the focus along, and stays at the ends',
    async () => {
      const visitor = await visit({ url: pages.house.url, theme: 'dark' });
      const { page } = visitor;
      const { rows, names, press } = handsOn(visitor);
      await signIn(visitor, wati);
      await create(visitor, 'Support Bot');
      // Where nothing is attached, the page says what follows from it.
      await page.getByText('reach no model yet').waitFor();
      for (const name of ['Beta', 'Alpha', 'Gamma']) {
        await page.getByLabel('Attach a connection').selectOption({ label: name });
        await press('Attach');
        await rows().filter({ hasText: name }).waitFor();
      }
      await page.getByText('Every connection of the workspace').waitFor();
      await expect.poll(() => names()).toEqual(['Beta', 'Alpha', 'Gamma']);
      await press('Move Gamma up');
      await expect.poll(names).toEqual(['Beta', 'Gamma', 'Alpha']);
      await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Move Gamma up');
      await page.keyboard.press('Enter');
      await expect.poll(names).toEqual(['Gamma', 'Beta', 'Alpha']);
      // At its end the arrow is faint beside the one that moves something.
      const faint = (name: string): Promise<boolean> =>
        page.getByRole('button', { name }).evaluate((it) => Number(getComputedStyle(it.querySelector('svg')!).opacity) < 0.5);
      await expect.poll(async () => [await faint('Move Gamma up'), await faint('Move Gamma down')]).toEqual([true, false]);
      await page.keyboard.press('Enter');
      await press('Move Gamma down', 'Space');
      await expect.poll(names).toEqual(['Beta', 'Gamma', 'Alpha']);
      await press('Detach Gamma');
      await expect.poll(names).toEqual(['Beta', 'Alpha']);
      expect(await visitor.axe()).toEqual([]);
      await visitor.leave();
    },
    slowMs,
  );

  test(
    'its key is shown once with a command, reaches what the page shows in that order, and ends with it after a second answer',
    async () => {
      const visitor = await visit({ url: pages.house.url });
      const { page } = visitor;
      const { names, press } = handsOn(visitor);
      const usable = [...(await pages.house.request('GET', '/api/ai-connections', { token: wati.token })).body] as unknown as Named[];
      const ids = new Map(usable.map(({ id, name }) => [name, id]));
      await comeIn(visitor, wati);
      await page.goto('/repositories');
      await page.getByRole('link', { name: 'Support Bot' }).click();
      await page.getByRole('heading', { name: 'Support Bot', level: 1 }).waitFor();
      const key = await issueKey(visitor, 'support-prod');
      await expect.poll(() => served(key)).toBe(ids.get('Beta'));
      await press('Move Alpha up');
      await expect.poll(names).toEqual(['Alpha', 'Beta']);
      await expect.poll(() => served(key)).toBe(ids.get('Alpha'));
      await press('Rename');
      await page.getByLabel('Name', { exact: true }).fill('Help Desk');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Help Desk', level: 1 }).waitFor();
      await press('Delete');
      const question = page.getByRole('dialog', { name: 'Delete “Help Desk”?' });
      await question.getByRole('button', { name: 'Delete Repository' }).press('Enter');
      await question.getByText('Access key: support-prod').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await question.getByRole('button', { name: 'Keep It' }).press('Enter');
      await expect.poll(() => served(key)).toBe(ids.get('Alpha'));
      await press('Delete');
      await question.getByRole('button', { name: 'Delete Repository' }).press('Enter');
      await question.getByRole('button', { name: 'Delete With All of It' }).press('Enter');
      await page.getByText('No repositories yet').waitFor();
      await expect.poll(() => served(key)).toBe('401');
      await visitor.leave();
    },
    slowMs,
  );

  test(
    'whoever only reads sees everything and can change nothing; a change by others shows at once, and one from an old state is told',
    async () => {
      const { house } = pages;
      const usable = [...(await house.request('GET', '/api/ai-connections', { token: wati.token })).body] as unknown as Named[];
      const connectionIds = usable.map(({ id }) => id);
      const made = await house.request('POST', '/api/repositories', {
        token: wati.token,
        body: { workspaceId, name: 'Bot', connectionIds },
      });
      const id = made.at('data.id');
      await house.request('POST', '/api/access-keys', { token: wati.token, body: { name: 'bot-prod', repositoryId: id } });
      await house.request('PATCH', '/api/me', { token: rudi.token, body: { language: 'id' } });
      const reader = await visit({ url: house.url, width: 390, locale: 'id-ID' });
      const { page } = reader;
      await comeIn(reader, rudi);
      await page.goto('/repositories');
      await page.getByRole('link', { name: 'Bot', exact: true }).click();
      await page.getByRole('heading', { name: 'Bot', level: 1 }).waitFor();
      await page.getByText('Anda dapat melihat tetapi tidak dapat mengubah.', { exact: false }).waitFor();
      await page.getByText('bot-prod').waitFor();
      for (const name of [/^Naikkan/, /^Lepas/, /^Pasang/, /^Cabut/, /^Ubah Nama/, /^Hapus/, /^Buat/])
        await expect.poll(() => page.locator('main').getByRole('button', { name }).count()).toBe(0);
      expect(await reader.axe()).toEqual([]);
      await expect.poll(() => overflowOf(page)).toBe(0);
      await house.request('PATCH', `/api/repositories/${id}`, { token: wati.token, body: { connectionIds: [], name: 'Bot Dua' } });
      await page.getByRole('heading', { name: 'Bot Dua', level: 1 }).waitFor();
      await page.getByText('Belum ada koneksi yang dipasang', { exact: false }).waitFor();
      await reader.leave();

      const writer = await visit({ url: house.url });
      await signIn(writer, wati);
      // Nothing tells this page of the other change in time.
      await writer.page.route('**/api/events*', (route) => route.abort());
      await writer.page.goto(`/repositories/${id}`);
      await writer.page.getByRole('button', { name: 'Rename', exact: true }).click();
      await house.request('PATCH', `/api/repositories/${id}`, { token: wati.token, body: { name: 'Changed elsewhere' } });
      await writer.page.getByLabel('Name', { exact: true }).fill('Mine');
      await writer.page.keyboard.press('Enter');
      await writer.page
        .locator('main')
        .getByText(/changed/i)
        .first()
        .waitFor();
      await expect
        .poll(async () => (await house.request('GET', `/api/repositories/${id}`, { token: wati.token })).at('data.name'))
        .toBe('Changed elsewhere');
      await writer.context.close();
    },
    slowMs,
  );

  test(
    'what is pressed while an answer is on its way is done after it, and not after one that says no',
    async () => {
      const { house } = pages;
      const usable = [...(await house.request('GET', '/api/ai-connections', { token: wati.token })).body] as unknown as Named[];
      const idOf = (name: string): string => usable.find((one) => one.name === name)!.id;
      const connectionIds = [idOf('Alpha'), idOf('Beta'), idOf('Gamma')];
      const body = { workspaceId, name: 'Hurried', connectionIds };
      const id = (await house.request('POST', '/api/repositories', { token: wati.token, body })).at('data.id');
      const kept = async (): Promise<string[]> => {
        const { connections } = (await house.request('GET', `/api/repositories/${id}`, { token: wati.token })).body.data as unknown as {
          connections: Named[];
        };
        return connections.map(({ name }) => name);
      };
      const visitor = await visit({ url: house.url });
      const { page } = visitor;
      await comeIn(visitor, wati);
      await page.goto(`/repositories/${id}`);
      const { names } = handsOn(visitor);
      const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).press('Enter');
      const letGo = await holdBack(page, 'PATCH', id);
      for (const name of ['Move Gamma up', 'Move Gamma up', 'Move Gamma up', 'Detach Beta', 'Move Beta up']) await press(name);
      await expect.poll(names).toEqual(['Alpha', 'Beta', 'Gamma']);
      letGo();
      await expect.poll(names).toEqual(['Gamma', 'Alpha']);
      await expect.poll(kept).toEqual(['Gamma', 'Alpha']);

      const letThrough = await refuse(page, 'PATCH', id);
      await press('Move Gamma down');
      await press('Detach Alpha');
      await page.locator('main').getByRole('alert').waitFor();
      await letThrough();
      await visitor.settled();
      expect(await kept()).toEqual(['Gamma', 'Alpha']);
      await press('Move Gamma down');
      await expect.poll(names).toEqual(['Alpha', 'Gamma']);
      await visitor.context.close();
    },
    slowMs,
  );
});
