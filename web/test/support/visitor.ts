/** Somebody in front of the browser: a fresh context on one house, every complaint of the page kept, every check within reach. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { BrowserContext, Page, Request } from 'playwright-core';
import { openBrowser } from '../../../server/test/support/browser.ts';

export interface VisitorOptions {
  url: string;
  width?: number;
  height?: number;
  locale?: 'en-US' | 'id-ID';
  theme?: 'light' | 'dark';
  /** With a finger instead of a mouse. */
  hasTouch?: boolean;
}

export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** Where the visit is, as it was asked for. */
  url: string;
  /** Console errors, uncaught errors, reports of the content policy, and requests that left the origin. Empty on a healthy page. */
  complaints: string[];
  /** What axe finds, as `rule: element`; empty on a page that everybody can use. */
  axe(): Promise<string[]>;
  /**
   * Resolves when nothing that the page asked for is on its way any more; the line of events always is. Throws with the names of what
   * never came: nothing that a page waits for takes that long.
   */
  settled(limitMs?: number): Promise<void>;
  /** Closes the page. Throws if it complained of anything, or sent anything to strangers. */
  leave(): Promise<void>;
}

/** A fifth of a second in which nothing is asked. */
const turnMs = 50;
const turnsQuiet = 4;
/** As long as `expect.poll` waits. */
const patienceMs = 30_000;

/** The page once axe is in it. */
interface PageWithAxe {
  axe: { run(options: RunOptions): Promise<AxeResults> };
}

/** The same rules as in its other file, of which each document would read a megabyte of comments. */
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Answers with these are the page's business, yet Chromium writes them on the console as errors. */
const isExpectedAnswer = (text: string): boolean =>
  /^Failed to load resource: the server responded with a status of 4\d\d/.test(text) ||
  // On plain http under a name of its own the browser says which header it leaves out; there is nothing to mend.
  text.startsWith('The Cross-Origin-Opener-Policy header has been ignored');

/** Runs in the page before anything else: keeps what the content policy refuses. */
function watchPolicy(): void {
  document.addEventListener('securitypolicyviolation', (event) => {
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}

/** Runs in the page: nothing fades or moves any more, but for what turns for ever. */
const isStill = (): boolean =>
  document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect?.getComputedTiming().endTime === Infinity);

/** What the open page has asked for and not yet got. What a page that was left had asked for does not count. */
function askedBy(page: Page): ReadonlySet<Request> {
  const asked = new Set<Request>();
  let opening: Request | null = null;
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) opening = request;
    // The line of events is open for ever, and the browser never says that the worker which holds it has come.
    if (!/\/api\/events|\/live-worker-/.test(request.url())) asked.add(request);
  });
  const came = (request: Request): void => void asked.delete(request);
  page.on('requestfinished', came);
  page.on('requestfailed', came);
  page.on('framenavigated', () => {
    // An address that a page gives itself is no other page.
    if (opening === null) return;
    asked.clear();
    opening = null;
  });
  return asked;
}

/** The page has done what was to be done before this: an answer that has come is not yet what the page makes of it. */
const hadItsTurn = (page: Page): Promise<boolean> =>
  page
    .evaluate(
      () =>
        new Promise<boolean>((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.addEventListener('message', () => resolve(true));
          port1.start();
          port2.postMessage(null);
        }),
    )
    .catch((error: unknown) => {
      // Another page took its place in this very moment.
      if (page.isClosed()) throw error;
      return false;
    });

/** Not what the house says of its health. */
const heldStatus = 204;

/**
 * Chromium goes on asking by itself for a moment after it was told to ask us first: what a page asks for in that moment is neither held
 * nor told. So whoever holds something on an open page waits until the page is asked of us.
 */
function routedAtOnce(page: Page, url: string): void {
  const route = page.route.bind(page);
  let probes = 0;
  page.route = async (...given) => {
    const kept = await route(...given);
    if (!page.url().startsWith(url)) return kept;
    probes += 1;
    const probe = new URL(`/healthz?probe=${probes}`, url).href;
    const held = await route(probe, (one) => one.fulfill({ status: heldStatus }));
    const statusOf = (): Promise<number> =>
      page
        .evaluate((at) => fetch(at).then(({ status }) => status), probe)
        .catch((error: unknown) => {
          // Another page took its place in this very moment.
          if (page.isClosed()) throw error;
          return 0;
        });
    while ((await statusOf()) !== heldStatus);
    await held.dispose();
    return kept;
  };
}

export async function visit({
  url,
  width = 1280,
  height = 900,
  locale = 'en-US',
  theme = 'light',
  hasTouch = false,
}: VisitorOptions): Promise<Visitor> {
  const browser = await openBrowser();
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height },
    locale,
    colorScheme: theme,
    reducedMotion: 'reduce',
    hasTouch,
    timezoneId: 'Asia/Jakarta',
  });
  const complaints: string[] = [];
  await context.addInitScript(watchPolicy);
  const page = await context.newPage();
  routedAtOnce(page, url);
  page.on('console', (message) => {
    if ((message.type() === 'error' || message.type() === 'warning') && !isExpectedAnswer(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`a request left the origin: ${request.url()}`);
  });
  const asked = askedBy(page);
  return {
    page,
    context,
    url,
    complaints,
    async settled(limitMs = patienceMs) {
      // A page asks again in the turn after an answer, so that it must be quiet for a while.
      for (let turn = 0, quiet = 0; quiet < turnsQuiet; turn += 1) {
        await page.waitForTimeout(turnMs);
        quiet = (await hadItsTurn(page)) && asked.size === 0 ? quiet + 1 : 0;
        if (turn * turnMs < limitMs || quiet > 0) continue;
        const names = [...asked].map((request) => `${request.method()} ${request.url().slice(url.length)}`);
        throw new Error(`on its way after ${limitMs} ms: ${names.join(', ') || 'another page'}`);
      }
    },
    async axe() {
      // A colour on its way to another one is neither of them.
      await page.waitForFunction(isStill);
      // Once for each document, and through the browser's own line, which no content policy stops. There are no frames to look into.
      if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
      const { violations } = await page.evaluate(
        (values) => (globalThis as unknown as PageWithAxe).axe.run({ runOnly: { type: 'tag', values }, resultTypes: ['violations'] }),
        axeTags,
      );
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

/** Holds back what the page asks in this way of this path; what comes back lets it go on. */
export async function holdBack(page: Page, method: string, path: string): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(
    (url) => url.pathname.endsWith(path),
    async (route) => {
      if (route.request().method() === method) await promise;
      await route.continue();
    },
  );
  return resolve;
}

/** Says no, with a 429, to what the page asks in this way of this path, until what comes back is called. */
export async function refuse(page: Page, method: string, path: string): Promise<() => Promise<void>> {
  const isMeant = (url: URL): boolean => url.pathname.endsWith(path);
  await page.route(isMeant, (route) => (route.request().method() === method ? route.fulfill({ status: 429 }) : route.continue()));
  return () => page.unroute(isMeant);
}

/** How far the page is wider than the window, without the strip that is kept for its scroll bar: the body is as wide as there is room. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.body.clientWidth);

/** The same of a window that has just become another one: a page takes a moment to follow. */
export async function overflowLeftOn(page: Page): Promise<number> {
  for (let turn = 0; turn * turnMs < patienceMs && (await overflowOf(page)) > 0; turn += 1) await page.waitForTimeout(turnMs);
  return overflowOf(page);
}
