/** Keys and members without a mouse, in both languages: every step by Tab, Enter, Space and Escape, with the focus always in sight. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { focusedName, tabTo } from './support/keyboard.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { visit, type Visitor } from './support/visitor.ts';

/** A step is many presses, on a machine that may have other work to do. */
const slowMs = 300_000;

type Texts = { [key: string]: string | Texts };
const catalogue = (language: 'en' | 'id'): Texts =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../src/messages/${language}.json`), 'utf8')) as Texts;

needs('browser').each(['en', 'id'] as const)('by keyboard alone, in %s', (language) => {
  const texts = catalogue(language);
  const t = (key: string, values: Record<string, string> = {}): string => {
    const found = key.split('.').reduce<string | Texts | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), texts);
    if (typeof found !== 'string') throw new Error(`no text ${key}`);
    return found.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  };
  let pages: Pages;
  let budi: Resident;
  let visitor: Visitor;

  beforeAll(async () => {
    pages = await openPages();
    await pages.house.createResident('Sari');
    budi = await pages.house.createResident('Budi', 'user');
    const wati = await pages.house.createResident('Wati', 'user');
    await pages.house.createWorkspace('Riset', [
      [budi, 'ADMIN'],
      [wati, 'READ'],
    ]);
    await pages.house.request('PATCH', '/api/me', { token: budi.token, body: { language } });
    visitor = await visit({ url: pages.house.url, locale: language === 'id' ? 'id-ID' : 'en-US' });
    await visitor.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signIn(visitor, budi, language);
  });
  afterAll(async () => {
    await visitor?.leave();
    await closeBrowser();
    await pages?.close();
  });

  /** Opens the page as somebody who has just typed its address. */
  const open = async (path: string): Promise<void> => {
    await visitor.page.goto(path);
    await visitor.page.locator('#page-title').waitFor();
    await visitor.settled();
  };
  const press = async (name: string): Promise<void> => {
    await tabTo(visitor.page, name);
    await visitor.page.keyboard.press('Enter');
  };

  /** Out of a question; it is gone when its words are. */
  const escape = async (page: Visitor['page']): Promise<void> => {
    await page.keyboard.press('Escape');
    await page.locator('dialog h2').waitFor({ state: 'detached' });
  };

  test(
    'an access key is made, copied, changed, kept after a second thought, and revoked',
    async () => {
      const { page } = visitor;
      await open('/keys');
      await press(t('keys.add'));
      // What opens takes the focus, and would take it out of a field that was come to before.
      await expect.poll(() => focusedName(page)).toBe(t('keys.addTitle'));
      await tabTo(page, t('keys.name'));
      await page.keyboard.type('no mouse');
      await press(t('keys.create'));
      await page.getByRole('textbox', { name: t('keys.secretLabel'), exact: true }).waitFor();
      await press(t('secret.copy'));
      await page.getByText(t('secret.copied'), { exact: true }).waitFor();
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/^sk-pb-/);
      await press(t('secret.done'));
      await page.getByRole('table').waitFor();
      // A question that is left with Escape gives the focus back to what asked it.
      const rotate = t('keys.rotateNamed', { name: 'no mouse' });
      await press(rotate);
      await page.getByRole('dialog', { name: t('keys.rotateTitle', { name: 'no mouse' }) }).waitFor();
      await escape(page);
      await expect.poll(() => focusedName(page)).toBe(rotate);
      await page.keyboard.press('Shift+Tab');
      await expect.poll(() => focusedName(page)).toBe(t('keys.editNamed', { name: 'no mouse' }));
      await page.keyboard.press('Enter');
      await expect.poll(() => focusedName(page)).toBe(t('keys.editTitle', { name: 'no mouse' }));
      await tabTo(page, t('keys.name'));
      await page.keyboard.press('End');
      await page.keyboard.type(' at all');
      await press(t('keys.save'));
      const revoke = t('keys.revokeNamed', { name: 'no mouse at all' });
      await page.getByRole('button', { name: revoke }).waitFor();
      // The row is new as soon as anybody tells of it; the page gives the focus back when it has its own answer.
      await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('page-title');
      await press(revoke);
      await page.getByRole('dialog', { name: t('keys.revokeTitle', { name: 'no mouse at all' }) }).waitFor();
      await press(t('keys.revokeKey'));
      await page
        .getByRole('row')
        .filter({ hasText: t('keys.revoked') })
        .waitFor();
      await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('page-title');
    },
    slowMs,
  );

  test(
    'a member is invited, given another role, and removed after a second thought',
    async () => {
      const { page } = visitor;
      await open('/members');
      await press(t('people.inviteMember'));
      await tabTo(page, t('people.email'));
      await page.keyboard.type('dewi@example.org');
      await press(t('people.invite'));
      await page.getByRole('textbox', { name: t('people.link'), exact: true }).waitFor();
      await tabTo(page, t('people.linkStored'));
      await page.keyboard.press('Space');
      await press(t('secret.done'));
      await page.getByText('dewi@example.org').waitFor();
      const role = t('people.roleOf', { name: 'Wati' });
      await tabTo(page, role);
      await page.keyboard.press('ArrowDown');
      await expect.poll(() => page.getByRole('combobox', { name: role }).inputValue()).not.toBe('READ');
      const remove = t('people.removeNamed', { name: 'Wati' });
      await press(remove);
      const question = page.getByRole('dialog', { name: t('people.removeTitle', { name: 'Wati', workspace: 'Riset' }) });
      await question.waitFor();
      await escape(page);
      await expect.poll(() => focusedName(page)).toBe(remove);
      await page.keyboard.press('Enter');
      await press(t('people.remove'));
      await page.getByRole('row').filter({ hasText: 'Wati' }).waitFor({ state: 'detached' });
      await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('page-title');
    },
    slowMs,
  );
});
