/** Everything that opens over a page, in both languages: found by its name, usable by everybody, and closed by Escape. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import { openTown, type Town } from '../../tools/pages/town.ts';
import { signIn } from './support/pages.ts';
import { visit, type Visitor } from './support/visitor.ts';

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

needs('browser')('over a page', () => {
  let town: Town;

  beforeAll(async () => {
    town = await openTown();
  }, 60_000);
  afterAll(async () => {
    await closeBrowser();
    await town?.close();
  });

  const come = async (language: 'en' | 'id', options: { width: number; theme: 'light' | 'dark' }): Promise<Visitor> => {
    await town.house.request('PATCH', '/api/me', { token: town.administrator.token, body: { language } });
    const visitor = await visit({ url: town.house.url, locale: language === 'id' ? 'id-ID' : 'en-US', ...options });
    await signIn(visitor, town.administrator, language);
    return visitor;
  };

  describe.each([
    { language: 'en', theme: 'dark' },
    { language: 'id', theme: 'light' },
  ] as const)('in $language', ({ language, theme }) => {
    const texts = catalogue(language);
    const textOf = (key: string, name = ''): string => {
      const found = key.split('.').reduce<string | Texts | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), texts);
      if (typeof found !== 'string') throw new Error(`no text ${key}`);
      return found.replace('{name}', name);
    };

    test('whatever opens over a page is found by name, is nothing for axe, and Escape closes it', async () => {
      const visitor = await come(language, { width: 1280, theme });
      const { page } = visitor;
      const faults: string[] = [];
      const look = async (name: string): Promise<void> => {
        faults.push(...(await visitor.axe()).map((fault) => `${name}: ${fault}`));
      };
      for (const [path, key, object] of openers) {
        await page.goto(path.replace('$id', town.connectionId).replace('$chat', town.chatId).replace('$repository', town.repositoryId));
        // A count may follow the name, as in the tray of tasks.
        await page
          .getByRole('button', { name: textOf(key, object) })
          .first()
          .click();
        await page.locator('dialog[open], [popover]:popover-open, [role="dialog"], [role="menu"], main form').first().waitFor();
        await look(`${path} ${key}`);
      }
      await page.goto('/');
      await page.getByRole('button', { name: textOf('app.account'), exact: true }).click();
      await page.locator('[popover]:popover-open').waitFor();
      await look('account');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('listbox').waitFor();
      await look('palette');
      await page.keyboard.press('Escape');
      await page.getByRole('listbox').waitFor({ state: 'detached' });
      expect(faults).toEqual([]);
      await visitor.leave();
    }, 180_000);
  });
});
