/** The visitor that every test of the pages goes with: it waits for what is on its way however long that takes, and says what never came. */
import { expect, test } from 'vitest';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, type Pages } from './support/pages.ts';
import { holdBack, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** Long enough for everything that comes by itself. */
const shortMs = 5_000;

needs('browser')('a page settles', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari');
    },
    (came) => {
      visitor = came;
    },
  );

  /** A page that has asked for something which does not come; what comes back lets it come. */
  async function openHeld(): Promise<() => void> {
    const { page } = visitor;
    await comeIn(visitor, sari);
    const letGo = await holdBack(page, 'GET', '/api/routing-groups');
    const isAsked = page.waitForRequest(/\/api\/routing-groups/);
    await page.goto('/routing');
    await isAsked;
    return letGo;
  }

  test('not before the last answer has come, whatever address the page gives itself meanwhile', async () => {
    const { page } = visitor;
    const letGo = await openHeld();
    await page.evaluate(() => history.replaceState(history.state, '', '/routing?a=b'));
    await expect(visitor.settled(shortMs)).rejects.toThrow(/^on its way after 5000 ms: GET \/api\/routing-groups$/);
    letGo();
    await visitor.settled();
    await page.getByRole('heading', { name: 'No routing groups yet' }).waitFor();
  });

  test('while the line of events is open', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/settings/ai-connections');
    await expect.poll(() => pages.house.deps.events.listeners).toBe(1);
    await visitor.settled();
    expect(pages.house.deps.events.listeners).toBe(1);
  });

  test('without what the page before it had asked for', async () => {
    const { page } = visitor;
    const letGo = await openHeld();
    await page.goto('/settings/appearance');
    await expect(visitor.settled()).resolves.toBeUndefined();
    letGo();
  });
});
