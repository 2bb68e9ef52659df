/** What must hold on every page, however narrow and however grey: nothing beside the window, nothing covered, no meaning in colour alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { pathsOf } from '../../tools/pages/paths.ts';
import { openTown, type Town } from '../../tools/pages/town.ts';
import { signIn } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

/** WCAG 2.5.8; links within a sentence are excepted there, too. */
const targetPxMin = 24;

/** Runs in the page. What of a control cannot be pressed though it was brought into the middle of the window, and what is too small to be hit. */
function unreachable(sizeMin: number): string[] {
  // Under a dialog nothing is to be pressed.
  const place = document.querySelector('dialog:modal') ?? document;
  const controls = [
    ...place.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary, [role="switch"], [role="tab"]'),
  ];
  const nameOf = (control: HTMLElement): string =>
    `${control.tagName.toLowerCase()} “${control.getAttribute('aria-label') ?? control.textContent?.trim().slice(0, 40) ?? ''}”`;
  const isWithin = (control: HTMLElement, found: Element | null): boolean => {
    const label = control instanceof HTMLInputElement ? [...(control.labels ?? [])] : [];
    return found !== null && [control, ...label].some((part) => part.contains(found) || found.contains(part));
  };
  return controls.flatMap((control) => {
    const isLaid = control.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!isLaid || control.closest('[inert], dialog:not([open]), [popover]:not(:popover-open)')) return [];
    control.scrollIntoView({ block: 'center', inline: 'center' });
    const { left, right, top, bottom, width, height } = control.getBoundingClientRect();
    // What is only for those who listen, and the link that comes with the focus.
    if (width <= 1 || bottom < 0) return [];
    const inset = 3;
    // In a field the ends belong to its icons.
    const end = control instanceof HTMLInputElement ? width / 3 : inset;
    const points = [
      [left + width / 2, top + inset],
      [left + width / 2, bottom - inset],
      [left + end, top + height / 2],
      [right - end, top + height / 2],
    ] as const;
    const faults = points.every(([x, y]) => isWithin(control, document.elementFromPoint(x, y))) ? [] : [`${nameOf(control)} is covered`];
    // A label is pressed as its control is; a link in a sentence is as high as its line.
    const labels = 'labels' in control ? [...((control as HTMLInputElement).labels ?? [])] : [];
    const highest = Math.max(height, ...labels.map((label) => label.getBoundingClientRect().height));
    if (!control.matches('p a, li a, td a, th a, dd a, dt a') && highest < sizeMin) faults.push(`${nameOf(control)} is ${highest} px high`);
    return faults;
  });
}

needs('browser')('every page', () => {
  let town: Town;

  beforeAll(async () => {
    town = await openTown();
  }, 60_000);
  afterAll(async () => {
    await closeBrowser();
    await town?.close();
  });

  const come = async (language: 'en' | 'id', width: number): Promise<Visitor> => {
    await town.house.request('PATCH', '/api/me', { token: town.administrator.token, body: { language } });
    const visitor = await visit({ url: town.house.url, locale: language === 'id' ? 'id-ID' : 'en-US', width, height: 640 });
    await signIn(visitor, town.administrator, language);
    return visitor;
  };

  const closePalette = async (page: Visitor['page']): Promise<void> => {
    await page.getByRole('listbox').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('listbox').waitFor({ state: 'detached' });
  };

  // Indonesian is the longer of the two: what it does not break, English breaks on few pages, if on any.
  describe.each([
    { language: 'id', only: null },
    { language: 'en', only: new Set(['overview', 'connections', 'connection', 'add-openai', 'chat-messages', 'keys']) },
  ] as const)('in $language', ({ language, only }) => {
    test('at 320 px no page is wider than the window, and every control can be reached and hit', async () => {
      const visitor = await come(language, 320);
      const { page } = visitor;
      const faults: string[] = [];
      for (const [name, path] of Object.entries(pathsOf(town)).filter(([key]) => only?.has(key) !== false)) {
        await page.goto(path);
        await page.locator('h1').first().waitFor();
        await visitor.settled();
        // The palette lies over what is not found; its page is what is looked at here.
        if (name === 'missing') await closePalette(page);
        const overflow = await overflowOf(page);
        if (overflow > 0) faults.push(`${name}: ${overflow} px wider than the window`);
        faults.push(...(await page.evaluate(unreachable, targetPxMin)).map((fault) => `${name}: ${fault}`));
      }
      expect(faults).toEqual([]);
      await visitor.leave();
    }, 420_000);
  });

  test('without colours a state is told by its shape, and a stretch of time by its height', async () => {
    const visitor = await come('en', 1280);
    const { page } = visitor;
    await page.goto('/settings/ai-connections');
    await page.getByRole('table').waitFor();
    // One picture of each state: the icon alone, so that a word cannot be what makes them differ.
    const icons = page.locator('main [data-tone] > svg');
    const seen = new Map<string, string>();
    for (let place = 0; place < (await icons.count()); place += 1) {
      const tone = (await icons.nth(place).locator('..').getAttribute('data-tone')) ?? '';
      seen.set(tone, await icons.nth(place).innerHTML());
    }
    expect([...seen.keys()].toSorted()).toEqual(expect.arrayContaining(['bad', 'idle', 'off']));
    expect(new Set(seen.values()).size).toBe(seen.size);
    await page.goto(`/connections/${town.connectionId}/health`);
    const legend = page.getByRole('list', { name: 'What the heights mean' }).getByRole('listitem');
    await legend.first().waitFor();
    const heights = await legend.evaluateAll((items) => items.map((item) => getComputedStyle(item, '::before').height));
    expect(new Set(heights.slice(0, 3)).size).toBe(3);
    // Where nothing is known the bar is empty, whatever its height.
    const fills = await legend.evaluateAll((items) => items.map((item) => getComputedStyle(item, '::before').backgroundColor));
    expect(fills[3]).not.toBe(fills[0]);
    const summary = await page.locator('#health-title').locator('xpath=../following-sibling::p').innerText();
    expect(summary).toMatch(/\d+ attempts?/);
    await visitor.leave();
  }, 60_000);
});
