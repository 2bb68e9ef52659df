/** The frame of a file of visits: one house with its pages for all of them, and a fresh visitor for each, who leaves without a complaint. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { closeBrowser } from '../../../server/test/support/browser.ts';
import type { HouseOptions } from '../../../server/test/support/house.ts';
import { openPages, type Pages } from './pages.ts';
import { visit, type Visitor, type VisitorOptions } from './visitor.ts';

/** The one who is there leaves, and comes again as somebody else: with another window, language or theme. */
export type ComeAgain = (options?: Omit<VisitorOptions, 'url'>) => Promise<void>;

/**
 * @param opened furnishes the house, once
 * @param came is told who visits, before each test and whenever they come again
 */
export function eachVisit(
  opened: (pages: Pages) => Promise<void>,
  came: (visitor: Visitor) => void | Promise<void>,
  options: HouseOptions = {},
): ComeAgain {
  let pages: Pages | undefined;
  let visitor: Visitor | undefined;
  const leave = async (): Promise<void> => {
    const last = visitor;
    visitor = undefined;
    await last?.leave();
  };
  const comeAgain: ComeAgain = async (as = {}) => {
    await leave();
    visitor = await visit({ url: pages!.house.url, ...as });
    await came(visitor);
  };
  beforeAll(async () => {
    pages = await openPages(options);
    await opened(pages);
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });
  beforeEach(() => comeAgain());
  afterEach(leave);
  return comeAgain;
}
