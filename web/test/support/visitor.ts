/** Somebody in front of the browser: a fresh context on one house, every complaint of the page kept, every check within reach. */
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, Page } from 'playwright-core';
import { openBrowser } from '../../../server/test/support/browser.ts';

export interface VisitorOptions {
  url: string;
  width?: number;
  height?: number;
  locale?: 'en-US' | 'id-ID';
  theme?: 'light' | 'dark';
}

export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** Console errors, uncaught errors, reports of the content policy, and requests that left the origin. Empty on a healthy page. */
  complaints: string[];
  /** What axe finds, as `rule: element`; empty on a page that everybody can use. */
  axe(): Promise<string[]>;
  /** Closes the page. Throws if it complained of anything, or sent anything to strangers. */
  leave(): Promise<void>;
}

const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Answers with these are the page's business, yet Chromium writes them on the console as errors. */
const isExpectedAnswer = (text: string): boolean => /^Failed to load resource: the server responded with a status of 4\d\d/.test(text);

/** Runs in the page before anything else: keeps what the content policy refuses. */
function watchPolicy(): void {
  document.addEventListener('securitypolicyviolation', (event) => {
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}

export async function visit({ url, width = 1280, height = 900, locale = 'en-US', theme = 'light' }: VisitorOptions): Promise<Visitor> {
  const browser = await openBrowser();
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height },
    locale,
    colorScheme: theme,
    reducedMotion: 'reduce',
    timezoneId: 'Asia/Jakarta',
  });
  const complaints: string[] = [];
  await context.addInitScript(watchPolicy);
  const page = await context.newPage();
  page.on('console', (message) => {
    if ((message.type() === 'error' || message.type() === 'warning') && !isExpectedAnswer(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`a request left the origin: ${request.url()}`);
  });
  return {
    page,
    context,
    complaints,
    async axe() {
      const { violations } = await new AxeBuilder({ page }).withTags(axeTags).analyze();
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary ?? ''}`),
      );
    },
    async leave() {
      await context.close();
      if (complaints.length > 0) throw new Error(`the page complained:\n${complaints.join('\n')}`);
    },
  };
}

/** How far the page is wider than the window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
