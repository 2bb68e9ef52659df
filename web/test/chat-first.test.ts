/** The first chat where nothing answers by itself: whoever is there is a press away, and the question is not lost. */
import { expect, test } from 'vitest';
import { chunk, doneEvent, finishEvent, plain, roleEvent, sse, streaming, usageEvent } from '../../server/test/support/fake-provider.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, type Pages } from './support/pages.ts';
import type { Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

needs('browser')('a chat without a default connection', () => {
  let pages: Pages;
  let visitor: Visitor;

  eachVisit(
    async (opened) => {
      pages = opened;
    },
    (came) => {
      visitor = came;
    },
  );

  const withoutDefault = async (name: string) => {
    const resident = await pages.house.createResident(name);
    const body = { provider: 'custom', baseUrl: pages.provider.baseUrl, model: 'gpt-4o', apiKey: 'sk-of-the-tests-1234' };
    const add = (more: object) => pages.house.request('POST', '/api/configurations', { token: resident.token, body: { ...body, ...more } });
    await add({ name: 'Spare' });
    await add({ name: 'Asleep', isActive: false });
    pages.provider.answer(streaming([roleEvent, sse(chunk({ content: 'Hello from Spare.' })), finishEvent, usageEvent, doneEvent]), plain);
    await comeIn(visitor, resident);
    await visitor.page.goto('/chat');
    await visitor.page.getByRole('heading', { name: 'No connection answers here' }).waitFor();
  };
  const notices = () => visitor.page.getByRole('heading', { name: 'No connection answers here' }).count();
  const box = () => visitor.page.getByLabel('Message', { exact: true });
  const answer = () => visitor.page.getByRole('article', { name: 'Assistant' }).getByText('Hello from Spare.');

  test('a new chat offers the connections that could answer, and goes on in the box with the one that is pressed', async () => {
    await withoutDefault('Rini');
    const { page } = visitor;
    await expect.poll(() => page.getByRole('button', { name: /^Chat with/ }).allTextContents()).toEqual(['Chat with Spare']);
    await page.getByRole('button', { name: 'Chat with Spare' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Spare answers.').waitFor();
    await expect.poll(notices).toBe(0);
    await expect.poll(() => box().evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type('Hello?');
    await page.keyboard.press('Enter');
    await answer().waitFor();
  });

  test('a question that nobody took stays in the box, and goes to the connection that is chosen then', async () => {
    await withoutDefault('Dewi');
    const { page } = visitor;
    await box().fill('Is anybody there?');
    // A chat that nobody could answer in is given up last; until then the box takes no other question.
    const givenUp = page.waitForResponse((answer) => answer.request().method() === 'DELETE');
    await page.keyboard.press('Enter');
    await givenUp;
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor();
    await expect.poll(() => box().inputValue()).toBe('Is anybody there?');
    // It is said once, where the chat is still empty.
    await expect.poll(notices).toBe(1);
    await page.getByRole('button', { name: 'Chat with Spare' }).click();
    await page.getByText('Spare answers.').waitFor();
    await expect.poll(notices).toBe(0);
    await page.keyboard.press('Enter');
    await answer().waitFor();
  });

  test('a chat that goes on when its last connection is gone says why its question was not taken', async () => {
    const nia = await pages.house.createResident('Nia');
    const body = { name: 'Only', provider: 'custom', baseUrl: pages.provider.baseUrl, model: 'gpt-4o', apiKey: 'sk-of-the-tests-1234', isDefault: true }; // prettier-ignore
    const made = await pages.house.request('POST', '/api/configurations', { token: nia.token, body });
    pages.provider.answer(plain);
    await comeIn(visitor, nia);
    const { page } = visitor;
    await page.goto('/chat');
    await box().fill('First question');
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: 'Assistant' }).getByText('The quick brown fox jumps.').waitFor();
    expect((await pages.house.request('DELETE', `/api/configurations/${made.at('data.id')}`, { token: nia.token })).status).toBe(200);
    await page.reload();
    await box().fill('Second question');
    await page.keyboard.press('Enter');
    const said = page.getByRole('alert').getByRole('heading', { name: 'No AI connection configured' });
    await said.waitFor();
    await expect.poll(() => box().inputValue()).toBe('Second question');
    await expect.poll(() => said.count()).toBe(1);
  });
});
