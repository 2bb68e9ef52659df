/** A language that is changed in the middle of a form: every kind of form speaks the other one at once and keeps what was typed, where one was, and the place on the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { openTown, type Town } from '../../tools/pages/town.ts';
import { comeIn } from './support/pages.ts';
import { visit, type Visitor } from './support/visitor.ts';

type Texts = { [key: string]: string | Texts };
const textsOf = (language: 'en' | 'id'): Record<string, string> => {
  const flat = (texts: Texts, path: string): [string, string][] =>
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : flat(value, `${path}${key}.`),
    );
  return Object.fromEntries(
    flat(JSON.parse(readFileSync(join(import.meta.dirname, `../src/messages/${language}.json`), 'utf8')) as Texts, ''),
  );
};
const english = textsOf('en');
const indonesian = textsOf('id');
/** A provider is called what it is called. */
const names = new Set(['OpenAI']);
const both = new Set(Object.values(indonesian));
/** English texts without values in them that no Indonesian page says. */
const onlyEnglish = new Set(Object.values(english).filter((text) => !/[{<]/.test(text) && !both.has(text) && !names.has(text)));

const saidBy = ({ page }: Visitor): Promise<string[]> =>
  page.evaluate(() => {
    const named = [...document.querySelectorAll('[aria-label],[title],[placeholder]')].flatMap((element) =>
      ['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
    );
    return [...document.body.innerText.split('\n'), ...named].map((text) => text.trim());
  });

/** A page, the button that opens its form where one does, and the field that is half filled. */
const forms = [
  ['the wizard', '/settings/ai-connections/new?provider=openai', null, 'Name', 'Nama'],
  ['the dialog of a model', '/admin/ai_models/new', null, 'API URL', 'URL API'],
  ['a stored connection', '/connections/$id/edit', null, 'Name', 'Nama'],
  ['an access key', '/keys', 'Create Access Key', 'Budget (USD)', 'Anggaran (USD)'],
  ['an invitation', '/members', 'Invite Member', 'Email', 'Alamat email'],
  ['a workspace', '/admin/workspaces', 'Create Workspace', 'Name', 'Nama'],
  ['a personal token', '/settings/tokens', 'Create Token', 'Name', 'Nama'],
  ['the profile', '/settings/profile', null, 'Name', 'Nama'],
] as const;

needs('browser')('a change of language', () => {
  let town: Town;

  beforeAll(async () => {
    town = await openTown();
  });
  afterAll(async () => {
    await closeBrowser();
    await town?.close();
  });

  test.each(forms)('in %s keeps what was typed and leaves no English behind', async (_name, path, opener, field, indonesianField) => {
    await town.house.request('PATCH', '/api/me', { token: town.administrator.token, body: { language: 'en' } });
    const visitor = await visit({ url: town.house.url });
    const { page } = visitor;
    await comeIn(visitor, town.administrator);
    await page.goto(path.replace('$id', town.connectionId));
    if (opener !== null) await page.getByRole('button', { name: opener }).first().click();
    const input = page.getByLabel(field, { exact: true });
    await input.fill('12.5 half');
    await input.evaluate((element) => element.setAttribute('data-marked', ''));
    await page.evaluate(() => scrollTo(0, 40));
    const before = await page.evaluate(() => [scrollY, document.activeElement?.hasAttribute('data-marked')]);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search pages' }).fill('bahasa');
    await page.keyboard.press('Enter');
    await page.locator('html[lang="id"]').waitFor({ state: 'attached' });
    const same = page.getByLabel(indonesianField, { exact: true });
    await expect.poll(() => same.inputValue()).toBe('12.5 half');
    await expect.poll(() => page.evaluate(() => [scrollY, document.activeElement?.hasAttribute('data-marked')])).toEqual(before);
    await expect.poll(async () => (await saidBy(visitor)).filter((text) => onlyEnglish.has(text))).toEqual([]);
    await visitor.leave();
  });
});
