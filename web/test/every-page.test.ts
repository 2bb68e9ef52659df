/** Every page and everything that opens over one, in both languages and themes, wide and narrow: each is loaded once in a language and looked at in every way. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { pathsOf } from '../../tools/pages/paths.ts';
import { openTown, type Town } from '../../tools/pages/town.ts';
import { comeIn } from './support/pages.ts';
import { smallForFingersOn, unreachableOn, unreasonedOn } from './support/reach.ts';
import { overflowLeftOn, overflowOf, visit, type Visitor } from './support/visitor.ts';

type Theme = 'light' | 'dark';
type Texts = { [key: string]: string | Texts };
const catalogue = (language: 'en' | 'id'): Texts =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../src/messages/${language}.json`), 'utf8')) as Texts;

/** What opens over a page: the page, the button that opens it by its message, and a name within that. */
const openers = [
  ['/', 'tasks.title'],
  ['/settings/ai-connections', 'list.columns'],
  ['/settings/ai-connections', 'connections.deleteNamed', 'Budget AI'],
  ['/admin/ai_models', 'modelHelp.troubleshooting'],
  ['/connections/$id', 'detail.rotate'],
  ['/connections/$id/access', 'connections.deleteNamed', 'OpenAI — production'],
  ['/keys', 'keys.add'],
  ['/keys', 'keys.rotateNamed', 'web-prod'],
  ['/keys', 'keys.revokeNamed', 'web-prod'],
  ['/routing', 'routing.add'],
  ['/routing', 'routing.deleteNamed', 'chat-default'],
  ['/repositories', 'repositories.add'],
  ['/repositories/$repository', 'repositories.addKey'],
  ['/repositories/$repository', 'repositories.delete'],
  ['/admin/ai_use_cases', 'useCases.deleteNamed', 'Customer Support'],
  ['/alerts/rules', 'alerts.addRule'],
  ['/alerts/channels', 'alerts.addChannel'],
  ['/policies', 'policies.deleteNamed', 'No keys in prompts'],
  ['/members', 'people.inviteMember'],
  ['/members', 'capture.forget'],
  ['/admin/users', 'people.inviteUser'],
  ['/admin/users', 'people.editNamed', 'Budi'],
  ['/admin/users', 'people.deleteNamed', 'Budi'],
  ['/admin/prices', 'prices.add'],
  ['/admin/prices', 'prices.endNamed', 'gpt-4o'],
  ['/admin/templates?provider=openai', 'templates.add'],
  ['/admin/templates?provider=openai', 'templates.editNamed', 'Support answers'],
  ['/admin/templates?provider=openai', 'templates.deleteNamed', 'Support answers'],
  ['/admin/workspaces', 'workspaces.add'],
  ['/admin/system', 'system.rotate'],
  ['/settings/tokens', 'tokens.add'],
  ['/chat/$chat', 'chat.settings'],
] as const;

/** A window of 1280 by 1024 at 400 % (WCAG 1.4.10): nothing of it is wider, and most of a page is below. */
const zoomed = { width: 320, height: 256 };
const wide = { width: 1440, height: 900 };
const widthsBetween = [900, 390];

/** Tests of some minutes each, by the first part of a path; what is nowhere else is the last one's. */
const areas: readonly (readonly [string, RegExp])[] = [
  ['connections', /^\/(settings\/ai-connections|connections)/],
  ['administration', /^\/admin/],
  ['what is watched', /^\/(usage|requests|status|audit|alerts)/],
  ['all others', /^/],
];
const areaOf = (path: string): string => areas.find(([, pattern]) => pattern.test(path))![0];

/** Of the house, too, so that the browser need not begin anew, and nothing is drawn. */
const emptyPage = '/healthz';

/** Leaves the page for an empty one, and makes the window another one there: a page that is left need not follow. */
async function leaveFor({ page }: Visitor, window: { width: number; height: number }, theme: Theme): Promise<void> {
  await page.goto(emptyPage);
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize(window);
}

/** A page of which everything is shown that it has. */
async function openAt(visitor: Visitor, name: string, path: string, theme: Theme): Promise<void> {
  const { page } = visitor;
  // What comes into a narrow window is narrow from the start: nothing of the wide page is still to be taken away.
  await leaveFor(visitor, zoomed, theme);
  await page.goto(path);
  await page.locator('h1').first().waitFor();
  await visitor.settled();
  // The palette lies over what is not found; its page is what is looked at here.
  if (name === 'missing') {
    await page.getByRole('listbox').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('listbox').waitFor({ state: 'detached' });
  }
  if (/^(add|edit)-|-edit$/.test(name))
    await page.locator('main details').evaluateAll((parts: HTMLDetailsElement[]) => parts.forEach((part) => (part.open = true)));
}

/** The system turns light or dark, and the page follows. */
async function wear(page: Visitor['page'], theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.locator(`html[data-mantine-color-scheme="${theme}"]`).waitFor({ state: 'attached' });
}

needs('browser')('every page', () => {
  let town: Town;

  beforeAll(async () => {
    town = await openTown();
  });
  afterAll(async () => {
    await closeBrowser();
    await town?.close();
  });

  const come = async (language: 'en' | 'id', options: { width: number; height: number; theme: Theme }): Promise<Visitor> => {
    await town.house.request('PATCH', '/api/me', { token: town.administrator.token, body: { language } });
    const visitor = await visit({ url: town.house.url, locale: language === 'id' ? 'id-ID' : 'en-US', ...options });
    await comeIn(visitor, town.administrator);
    return visitor;
  };

  const ways = [
    { language: 'en', theme: 'dark', other: 'light' },
    { language: 'id', theme: 'light', other: 'dark' },
  ] as const;
  // Each language is a run of this file (tools/test-order.ts), so that both are looked at at once; without a choice it is both.
  const only = process.env['TEST_LANGUAGE'];
  const shown = ways.filter(({ language }) => only === undefined || only === language);
  describe.each(shown)('in $language', ({ language, theme, other }) => {
    const texts = catalogue(language);
    const textOf = (key: string, name = ''): string => {
      const found = key.split('.').reduce<string | Texts | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), texts);
      if (typeof found !== 'string') throw new Error(`no text ${key}`);
      return found.replace('{name}', name);
    };
    const shots = process.env['TEST_SHOTS_DIR'];

    /** What is wrong with the page as it stands: at 400 % in one theme, and wide in the other one. */
    async function looked(visitor: Visitor, name: string): Promise<string[]> {
      const { page } = visitor;
      const faults: string[] = [];
      const width = await overflowOf(page);
      if (width > 0) faults.push(`${width} px wider than a window of ${zoomed.width}`);
      faults.push(...(await unreachableOn(page)), ...(await unreasonedOn(page)), ...(await smallForFingersOn(page)));
      // What was scrolled to lies half below the bar of the page, by chance, and is no smaller for it.
      await page.evaluate(() => scrollTo(0, 0));
      faults.push(...(await visitor.axe()));
      if (shots) await page.screenshot({ path: join(shots, `${name}-${language}-${theme}-320.png`), fullPage: true });
      for (const between of widthsBetween) {
        await page.setViewportSize({ width: between, height: wide.height });
        const over = await overflowLeftOn(page);
        if (over > 0) faults.push(`${over} px wider than a window of ${between}`);
        if (shots) await page.screenshot({ path: join(shots, `${name}-${language}-${theme}-${between}.png`), fullPage: true });
      }
      await page.setViewportSize(wide);
      await wear(page, other);
      await page.evaluate(() => scrollTo(0, 0));
      faults.push(...(await visitor.axe()));
      if (shots) await page.screenshot({ path: join(shots, `${name}-${language}-${other}-${wide.width}.png`), fullPage: true });
      return faults.map((fault) => `${name}: ${fault}`);
    }

    test.each(areas.map(([area]) => area))(
      '%s: at 400 percent and wide, light and dark, nothing is beside the window, every control can be reached, hit and understood, by a finger too',
      async (area) => {
        const visitor = await come(language, { ...wide, theme });
        const faults: string[] = [];
        for (const [name, path] of Object.entries(pathsOf(town)).filter(([, one]) => areaOf(one) === area)) {
          await openAt(visitor, name, path, theme);
          await expect.poll(() => visitor.page.evaluate(() => document.documentElement.lang)).toBe(language);
          faults.push(...(await looked(visitor, name)));
        }
        expect(faults).toEqual([]);
        await visitor.leave();
      },
      300_000,
    );

    test('whatever opens over a page is found by name, is nothing for axe, and Escape closes it', async () => {
      const visitor = await come(language, { ...wide, theme });
      const { page } = visitor;
      const faults: string[] = [];
      const look = async (name: string): Promise<void> => {
        faults.push(...[...(await visitor.axe()), ...(await unreasonedOn(page))].map((fault) => `${name}: ${fault}`));
        await page.setViewportSize(zoomed);
        // The page has noticed when its lower bar is there.
        await page.locator(`nav[aria-label="${textOf('app.bottom')}"]`).waitFor({ state: 'attached' });
        const over = await overflowLeftOn(page);
        if (over > 0) faults.push(`${name}: ${over} px wider than the window`);
      };
      for (const [path, key, object] of openers) {
        await leaveFor(visitor, wide, theme);
        await page.goto(path.replace('$id', town.connectionId).replace('$chat', town.chatId).replace('$repository', town.repositoryId));
        // A count may follow the name, as in the tray of tasks.
        await page
          .getByRole('button', { name: textOf(key, object) })
          .first()
          .click();
        await page.locator('dialog[open], [popover]:popover-open, [role="dialog"], [role="menu"], main form').first().waitFor();
        await look(`${path} ${key}`);
      }
      await leaveFor(visitor, wide, theme);
      await page.goto('/');
      await page.getByRole('button', { name: textOf('app.account'), exact: true }).click();
      await page.locator('[popover]:popover-open').waitFor();
      await look('account');
      await page.setViewportSize(wide);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('listbox').waitFor();
      await look('palette');
      await page.setViewportSize(wide);
      await page.keyboard.press('Escape');
      await page.getByRole('listbox').waitFor({ state: 'detached' });
      expect(faults).toEqual([]);
      await visitor.leave();
    }, 300_000);
  });

  // Colours have no language: one is enough.
  test.each(shown.filter(({ language }) => language === 'en'))(
    'in $language: without colours a state is told by its shape, and a stretch of time by its height',
    async ({ language }) => {
      const visitor = await come(language, { ...wide, theme: 'light' });
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
    },
    300_000,
  );
});
