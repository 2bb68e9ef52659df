/** The end of a growing answer in a real browser: whoever is there stays there, however fast it grows. */
import { expect, test } from 'vitest';
import { chunk, doneEvent, finishEvent, plain, roleEvent, sse, streaming, usageEvent } from '../../server/test/support/fake-provider.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, type Pages } from './support/pages.ts';
import type { Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** Runs in the page: the text grows, is followed, and grows again before the browser has told of the way to its end. */
const growTwice = (): Promise<void> =>
  new Promise((done) => {
    const grow = (): void => {
      const more = document.createElement('div');
      more.style.height = '300px';
      document.querySelector('[role="log"]')!.append(more);
    };
    requestAnimationFrame(() => {
      grow();
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener('message', () => {
        grow();
        done();
      });
      port1.start();
      port2.postMessage(null);
    });
  });

needs('browser')('the end of an answer', () => {
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

  test('text that grows before the last way to the end is told of does not leave its reader behind', async () => {
    const sari = await pages.house.createResident('Sari');
    const body = { name: 'Main', provider: 'custom', baseUrl: pages.provider.baseUrl, model: 'gpt-4o', apiKey: 'sk-of-the-tests-1234' };
    await pages.house.request('POST', '/api/configurations', { token: sari.token, body: { ...body, isDefault: true } });
    await comeIn(visitor, sari);
    const { page } = visitor;
    const text = Array.from({ length: 60 }, (_, line) => `Line ${line}`).join('\n\n');
    pages.provider.answer(streaming([roleEvent, sse(chunk({ content: text })), finishEvent, usageEvent, doneEvent]), plain);
    await page.goto('/chat');
    await page.getByLabel('Message', { exact: true }).fill('Tell me');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Answer Again' }).waitFor();
    const toEnd = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight - scrollY);
    await expect.poll(toEnd).toBeLessThan(10);
    await page.evaluate(growTwice);
    await expect.poll(toEnd).toBeLessThan(10);
  });
});
