/** Use cases in a real browser: one is written, tried, saved, chosen in a chat and deleted; and the installation's AI settings beside it. */
import { expect, test } from 'vitest';
import { plain, refusing } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { Secret } from '../../server/src/lib/secret.ts';
import { comeIn, signIn, type Pages } from './support/pages.ts';
import { overflowOf, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** Many pages in one visit, on a machine that may have other work to do. */
const slowMs = 300_000;

needs('browser')('use cases', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let visitor: Visitor;
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });
  const field = (name: string) => visitor.page.getByLabel(name, { exact: true });
  const heading = (name: string) => visitor.page.getByRole('heading', { level: 1, name });

  const environment = { baseUrl: 'https://api.example.org/v1', model: 'env-model', secret: new Secret('sk-env-abcdefgh') };
  eachVisit(
    async (opened) => {
      pages = opened;
      pages.provider.answer(plain);
      sari = await pages.house.createResident('Sari', 'administrator');
      budi = await pages.house.createResident('Budi');
      for (const name of ['Budget AI', 'Spare AI', 'Third AI']) {
        const body = {
          name,
          modelVariant: `${name[0]!.toLowerCase()}-model`,
          apiUrl: pages.provider.baseUrl,
          apiKey: 'sk-test-abcdefghx7Qa',
        };
        await pages.house.request('POST', '/api/admin/models', { token: sari.token, body });
      }
    },
    (came) => {
      visitor = came;
    },
    { environment },
  );

  /** Every field of the form, with two fallbacks of which the second is moved up. */
  async function fillForm({ page } = visitor): Promise<void> {
    await field('Name').fill('Legal desk');
    await field('Description').fill('Questions about contracts.');
    await field('Model').selectOption({ label: 'Budget AI' });
    await page.getByLabel('Add a fallback').selectOption({ label: 'Spare AI' });
    await page.getByLabel('Add a fallback').selectOption({ label: 'Third AI' });
    await button('Move Third AI up').click();
    await field('System prompt').fill('Answer as a lawyer.');
    await field('Base knowledge').fill('The law of Indonesia.');
    await page.getByText('Facts, forms, numbers', { exact: false }).waitFor();
    await page.getByLabel('0.2 · Strict').check();
    await page.getByLabel('Selected roles').check();
    await page.getByLabel('User', { exact: true }).check();
    await page.getByLabel('Administrator', { exact: true }).check();
    await page.getByLabel('Date and time').check();
    await page.getByLabel('Another value').check();
    await field('Temperature value').fill('0,35');
  }

  /** What stands in the form is asked, and nothing has been saved. */
  async function tryIt({ page } = visitor): Promise<void> {
    await field('Question').fill('Is it binding?');
    await button('Ask').click();
    await page.getByText('The quick brown fox jumps.').waitFor();
    await page.getByText(/b-model · 11 tokens in, 7 out/).waitFor();
    await page.getByText('What the model was told').click();
    await page.getByText(/The law of Indonesia\.\s+Current date and time: /).waitFor();
    expect(pages.provider.received.at(-1)!.json).toMatchObject({ model: 'b-model', temperature: 0.35 });
    expect(await visitor.axe()).toEqual([]);
    pages.provider.answer(refusing(401));
    await button('Ask').click();
    await page.getByRole('alert').getByText(/key/i).first().waitFor();
    pages.provider.answer(plain);
  }

  /** In the chat it takes the place of connection and model. */
  async function chatWithIt({ page } = visitor): Promise<void> {
    await page.goto('/chat');
    await button('LLM Settings').click();
    const panel = page.getByRole('dialog', { name: 'LLM Settings' });
    await panel.getByLabel('Use Case', { exact: true }).selectOption({ label: 'Legal desk' });
    await panel.getByText('Questions about contracts.').waitFor();
    await expect.poll(() => panel.getByLabel('AI Connection').count()).toBe(0);
    expect(await visitor.axe()).toEqual([]);
    await panel.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('textbox').last().fill('Hi');
    await page.keyboard.press('Enter');
    await page.getByText('The quick brown fox jumps.').waitFor();
    expect(pages.provider.received.at(-1)!.json).toMatchObject({ model: 'b-model', temperature: 0.35 });
  }

  test(
    'one is written, tried before it is saved, saved, given to a chat, switched off and deleted',
    async () => {
      const { page } = visitor;
      await signIn(visitor, sari);
      await page.getByRole('link', { name: 'Use Cases', exact: true }).click();
      await heading('AI Use Cases').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('main').getByRole('link', { name: 'Add Use Case' }).first().click();
      await heading('New use case').waitFor();

      // Nothing chosen is no choice: each fault stands at its field, and the first has the focus.
      await button('Save').click();
      await page.getByText('Choose all roles, or at least one.').waitFor();
      await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
      expect(await visitor.axe()).toEqual([]);

      await fillForm();
      await tryIt();

      // Leaving asks once; staying loses nothing.
      await page.getByRole('link', { name: 'AI Models' }).click();
      const question = page.getByRole('dialog', { name: 'Leave without saving?' });
      await question.getByRole('button', { name: 'Stay' }).click();
      await expect.poll(() => field('Name').inputValue()).toBe('Legal desk');
      await button('Save').click();
      await heading('AI Use Cases').waitFor();
      const row = page.getByRole('row', { name: /Legal desk/ });
      await row.waitFor();
      await expect
        .poll(() => row.innerText())
        .toMatch(/use-case\/legal-desk[\s\S]*Budget AI[\s\S]*b-model[\s\S]*Administrator, User[\s\S]*By name/);

      // Everything that was written is there again.
      await button('Edit Legal desk').click();
      await heading('Edit Legal desk').waitFor();
      await expect.poll(() => field('Temperature value').inputValue()).toBe('0.35');
      await expect.poll(() => page.getByRole('listitem').filter({ hasText: / AI/ }).allInnerTexts()).toEqual(['Third AI', 'Spare AI']);

      await chatWithIt();

      await page.goto('/admin/ai_use_cases');
      await page.getByRole('switch', { name: 'Status of Legal desk' }).click({ force: true });
      await expect.poll(() => row.innerText()).toContain('Inactive');
      await button('Delete Legal desk').click();
      const last = page.getByRole('dialog', { name: 'Delete “Legal desk”?' });
      await expect.poll(() => last.innerText()).toContain('use-case/legal-desk');
      expect(await visitor.axe()).toEqual([]);
      await last.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('heading', { name: 'No use case yet' }).waitFor();
    },
    slowMs,
  );

  test(
    'an inactive model is not offered, and one that was switched off since is told in list and form; a second writer is told, too',
    async () => {
      const { page } = visitor;
      const send = (method: string, path: string, body?: unknown) => pages.house.request(method, path, { token: sari.token, body });
      const models = [...(await send('GET', '/api/admin/models')).body['data']!] as unknown as { id: string; name: string }[];
      const spare = models.find(({ name }) => name === 'Spare AI')!.id;
      const create = { name: 'Asisten', connectionId: spare, systemPrompt: 'Jawab.', allRoles: true };
      const id = (await send('POST', '/api/use-cases', create)).at('data.id');
      await send('PATCH', `/api/admin/models/${spare}`, { isActive: false });
      await comeIn(visitor, sari);
      await page.goto('/admin/ai_use_cases');
      await page
        .getByRole('row', { name: /Asisten/ })
        .getByText('Model inactive')
        .waitFor();
      await page.getByRole('main').getByRole('link', { name: 'Create Test Use Case' }).click();
      await heading('New use case').waitFor();
      await expect
        .poll(async () => [await field('Name').inputValue(), await page.getByLabel('Administrator', { exact: true }).isChecked()])
        .toEqual(['Test', true]);
      await expect.poll(() => field('Model').innerText()).not.toContain('Spare AI');
      await page.goto(`/admin/ai_use_cases/${id}`);
      await page.getByText('The model is inactive').waitFor();
      await expect.poll(() => page.getByRole('link', { name: 'Open the model' }).getAttribute('href')).toContain(spare);
      expect(await visitor.axe()).toEqual([]);
      await field('Description').fill('Mine.');
      await send('PATCH', `/api/use-cases/${id}`, { description: 'Theirs.' });
      await button('Save').click();
      await page.getByText('Somebody else changed this', { exact: false }).waitFor();
      await button('Load again').click();
      await expect.poll(() => field('Description').inputValue()).toBe('Theirs.');
      await send('PATCH', `/api/admin/models/${spare}`, { isActive: true });
    },
    slowMs,
  );

  test('whoever may not manage them is told so, and has no way to them in the navigation', async () => {
    const { page } = visitor;
    await signIn(visitor, budi);
    await expect.poll(() => page.getByRole('link', { name: 'Use Cases', exact: true }).count()).toBe(0);
    await page.goto('/admin/ai_use_cases');
    await page.getByText('You may not see this page').first().waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.goto('/admin/ai_settings');
    await page.getByText('You may not see this page').first().waitFor();
  });

  test('the AI settings are a proposal until they are saved; the default model and the last resort follow at once', async () => {
    const { page } = visitor;
    await page.setViewportSize({ width: 390, height: 844 });
    await comeIn(visitor, sari);
    await page.goto('/admin/ai_settings');
    await page.getByText('Nothing has been saved yet', { exact: false }).waitFor();
    await expect
      .poll(async () => [await field('Max tokens').inputValue(), await field('Temperature').inputValue()])
      .toEqual(['4096', '0.1']);
    await page.getByText('https://api.example.org/v1').waitFor();
    expect(await page.content()).not.toContain('sk-env');
    await field('Temperature').fill('2.5');
    await button('Save').first().click();
    await page.getByText('Enter a number from 0 to 2.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await expect.poll(() => overflowOf(page)).toBe(0);
    await field('Temperature').fill('0,4');
    await field('Default model').selectOption({ label: 'Budget AI · b-model' });
    await page.getByRole('switch', { name: 'Use it where nothing else is configured' }).click({ force: true });
    await button('Save').first().click();
    await page.getByText('Nothing has been saved yet', { exact: false }).waitFor({ state: 'detached' });
    const saved = await pages.house.request('GET', '/api/admin/settings/ai', { token: sari.token });
    expect(saved.body['data']).toMatchObject({
      defaultConnectionName: 'Budget AI',
      maxTokens: 4096,
      temperature: 0.4,
      isEnvironmentUsed: false,
    });
    // Somebody else saves while this one types: what was typed stays, and the second is told.
    await field('Max tokens').fill('2000');
    const { revision } = (JSON.parse(saved.text) as { data: { revision: number } }).data;
    const other = await pages.house.request('PATCH', '/api/admin/settings/ai', { token: sari.token, body: { revision, maxTokens: 1000 } });
    expect(other.status).toBe(200);
    await button('Save').first().click();
    await button('Discard Mine and Reload').waitFor();
    await expect.poll(() => field('Max tokens').inputValue()).toBe('2000');
    await button('Discard Mine and Reload').click();
    await expect.poll(() => field('Max tokens').inputValue()).toBe('1000');
    await page.goto('/settings/ai-connections');
    await page.getByText('Budget AI').first().waitFor();
    await expect.poll(() => page.getByText('Environment (.env)').count()).toBe(0);
  });
});
