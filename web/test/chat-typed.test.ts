/** What is typed into a chat in a real browser, while the network is slow or the server refuses: nothing of it is lost, and nobody is led away. */
import { expect, test } from 'vitest';
import { plain } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, type Pages } from './support/pages.ts';
import { holdBack, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

needs('browser')('what is typed into a chat', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;

  eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari');
      const body = { name: 'Main', provider: 'custom', baseUrl: pages.provider.baseUrl, model: 'gpt-4o', apiKey: 'sk-of-the-tests-1234' };
      await pages.house.request('POST', '/api/configurations', { token: sari.token, body: { ...body, isDefault: true } });
      pages.provider.answer(plain);
    },
    async (came) => {
      visitor = came;
      await comeIn(visitor, sari);
      await visitor.page.goto('/chat');
    },
  );

  const box = () => visitor.page.getByLabel('Message', { exact: true });
  const again = () => visitor.page.getByRole('button', { name: 'Answer Again' });
  const isFocused = (element: Element): boolean => element === document.activeElement;
  const ask = async (text: string): Promise<void> => {
    await box().fill(text);
    await visitor.page.keyboard.press('Enter');
  };
  /** A slow network: what is asked from now on waits until the returned function is called. */
  const holdQuestions = (): Promise<() => void> => holdBack(visitor.page, 'POST', '/messages');

  test('an edited question that is refused is in its editor again, as it was typed; sent once more it becomes a version', async () => {
    const { page } = visitor;
    await ask('Tell me');
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    await again().waitFor();
    const editor = page.getByLabel('Edit your message');
    await page.getByRole('article', { name: 'You' }).getByRole('button', { name: 'Edit' }).click();
    await editor.fill('Typed and precious');
    const json = { success: false, error: 'Slow down', message: 'Slow down', error_code: 'RATE_LIMITED', request_id: 'r' };
    await page.route('**/api/chats/*/messages', (route) => route.fulfill({ status: 429, json }), { times: 1 });
    await page.keyboard.press('Enter');
    await page.getByText('Your message is still in its box.').waitFor();
    await expect.poll(() => editor.inputValue()).toBe('Typed and precious');
    await expect.poll(() => editor.evaluate(isFocused)).toBe(true);
    await again().waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: 'You' }).getByText('Version 2 of 2').waitFor();
    await again().waitFor();
    await expect.poll(() => editor.count()).toBe(0);
    await expect.poll(() => page.getByRole('article', { name: 'You' }).innerText()).toContain('Typed and precious');
  });

  test('what is typed while a question is on its way stays in the box: of a new chat, and of one that goes on', async () => {
    const { page } = visitor;
    const letGo = await holdQuestions();
    await ask('Who are you?');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.keyboard.type(' And where from?');
    letGo();
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    await expect.poll(() => box().inputValue()).toBe('And where from?');
    await expect.poll(() => box().evaluate(isFocused)).toBe(true);
    await again().waitFor();
    await page.unrouteAll();
    const letNextGo = await holdQuestions();
    await page.keyboard.press('Enter');
    await page.getByText('AI is writing').first().waitFor();
    await box().fill('Something else');
    letNextGo();
    await expect.poll(() => again().count()).toBe(2);
    await expect.poll(() => box().inputValue()).toBe('Something else');
    expect(pages.provider.received.at(-1)!.json['messages']).toMatchObject([{}, {}, { content: 'And where from?' }]);
  });

  test('who leaves a chat that is about to begin is not fetched back; it is in the list, and its question is in no box', async () => {
    const { page } = visitor;
    const letGo = await holdQuestions();
    await ask('Who goes there?');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Usage & Cost', exact: true }).click();
    await page.getByRole('heading', { name: 'Usage & Cost', level: 1 }).waitFor();
    letGo();
    const answersOf = async (): Promise<unknown> => {
      const id = (await pages.house.request('GET', '/api/chats?q=Who+goes+there', { token: sari.token })).at('data.0.id');
      return (await pages.house.request('GET', `/api/chats/${id}/messages`, { token: sari.token })).at('data.1.state');
    };
    await expect.poll(answersOf).toBe('complete');
    await visitor.settled();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/usage');
    await page.getByRole('navigation').getByRole('link', { name: 'Chat', exact: true }).click();
    await page.getByRole('region', { name: 'Chats' }).getByRole('link', { name: 'Who goes there?' }).waitFor();
    await expect.poll(() => box().inputValue()).toBe('');
  });

  test('settings that are on their way stay in sight, so that whoever would have left hears that they were refused', async () => {
    const { page } = visitor;
    await ask('Tell me');
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    await again().waitFor();
    await page.getByRole('button', { name: 'LLM Settings' }).click();
    const panel = page.getByRole('dialog', { name: 'LLM Settings' });
    await panel.getByLabel('System prompt').fill('Typed and precious');
    const { promise, resolve: answer } = Promise.withResolvers<void>();
    await page.route('**/api/chats/*', async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue();
      await promise;
      return route.fulfill({ status: 429 });
    });
    await panel.getByRole('button', { name: 'Apply' }).click();
    await expect.poll(() => panel.getByRole('button', { name: 'Cancel' }).getAttribute('aria-disabled')).toBe('true');
    // A browser closes it at the second Escape, whatever the page says.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await panel.getByRole('button', { name: 'Close LLM Settings' }).click({ force: true });
    await page.mouse.click(5, 400);
    answer();
    await panel.getByRole('alert').waitFor();
    await expect.poll(() => panel.getByLabel('System prompt').inputValue()).toBe('Typed and precious');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'hidden' });
  });

  test('settings that have not come yet are neither shown as none nor put away: the panel waits for them', async () => {
    const { page } = visitor;
    const settings = { systemPrompt: 'Be brief.' };
    const id = (await pages.house.request('POST', '/api/chats', { token: sari.token, body: { settings } })).at('data.id');
    const letCome = await holdBack(page, 'GET', `/api/chats/${id}`);
    await page.goto(`/chat/${id}`);
    await page.getByRole('button', { name: 'LLM Settings' }).click();
    const panel = page.getByRole('dialog', { name: 'LLM Settings' });
    await panel.getByText('Loading').waitFor();
    await expect.poll(() => panel.getByRole('button', { name: 'Apply' }).count()).toBe(0);
    letCome();
    await expect.poll(() => panel.getByLabel('System prompt').inputValue()).toBe('Be brief.');
    await panel.getByLabel('temperature').fill('0.5');
    await panel.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied to this chat.').first().waitFor();
    const kept = (await pages.house.request('GET', `/api/chats/${id}`, { token: sari.token })).body.data;
    expect(kept).toMatchObject({ settings: { systemPrompt: 'Be brief.', temperature: 0.5 } });
  });
});
