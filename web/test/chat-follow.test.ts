/** The end of a growing answer in a real browser: whoever is there stays there, however fast it grows. */
import { expect, test } from 'vitest';
import {
  chunk,
  doneEvent,
  finishEvent,
  holdingBetween,
  plain,
  roleEvent,
  sse,
  streaming,
  usageEvent,
} from '../../server/test/support/fake-provider.ts';
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

/** Runs in the page before anything else: what watches for growth hears of it as late as in a browser that is busy drawing. */
const drawLate = (): void => {
  const Watcher = globalThis.ResizeObserver;
  globalThis.ResizeObserver = class extends Watcher {
    constructor(tell: ResizeObserverCallback) {
      super((entries, watcher) => {
        const { lateMs = 0 } = globalThis as { lateMs?: number };
        if (lateMs === 0) tell(entries, watcher);
        else setTimeout(() => tell(entries, watcher), lateMs);
      });
    }
  };
};

needs('browser')('the end of an answer', () => {
  let pages: Pages;
  let visitor: Visitor;
  let people = 0;

  eachVisit(
    async (opened) => {
      pages = opened;
    },
    (came) => {
      visitor = came;
    },
  );

  const answered = async (): Promise<void> => {
    const sari = await pages.house.createResident(`Sari${++people}`);
    const body = { name: 'Main', provider: 'custom', baseUrl: pages.provider.baseUrl, model: 'gpt-4o', apiKey: 'sk-of-the-tests-1234' };
    await pages.house.request('POST', '/api/configurations', { token: sari.token, body: { ...body, isDefault: true } });
    await comeIn(visitor, sari);
    const text = Array.from({ length: 60 }, (_, line) => `Line ${line}`).join('\n\n');
    pages.provider.answer(streaming([roleEvent, sse(chunk({ content: text })), finishEvent, usageEvent, doneEvent]), plain);
    await visitor.page.goto('/chat');
    await ask('Tell me');
    await visitor.page.getByRole('button', { name: 'Answer Again' }).waitFor();
  };
  const ask = async (text: string): Promise<void> => {
    await visitor.page.getByLabel('Message', { exact: true }).fill(text);
    await visitor.page.keyboard.press('Enter');
  };

  test('new text whose end comes before the browser has drawn it is told of to whoever reads further up', async () => {
    const { page } = visitor;
    await page.addInitScript(drawLate);
    await answered();
    const rest = Array.from({ length: 40 }, (_, line) => sse(chunk({ content: `More ${line + 1}\n\n` })));
    const last = [...rest, finishEvent, usageEvent, doneEvent].join('');
    pages.provider.answer(holdingBetween([roleEvent, sse(chunk({ content: 'More 0\n\n' }))], [last]), plain);
    await ask('Go on');
    await page.getByText('More 0').waitFor();
    await page.evaluate(() => scrollTo(0, 200));
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(200);
    await page.evaluate(() => void ((globalThis as { lateMs?: number }).lateMs = 1_500));
    pages.provider.release();
    await page.getByRole('button', { name: 'New text below' }).waitFor();
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(200);
  });

  test('text that grows before the last way to the end is told of does not leave its reader behind', async () => {
    await answered();
    const { page } = visitor;
    const toEnd = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight - scrollY);
    await expect.poll(toEnd).toBeLessThan(10);
    await page.evaluate(growTwice);
    await expect.poll(toEnd).toBeLessThan(10);
  });
});
