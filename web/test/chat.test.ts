/** The chat in a real browser: asked by keyboard, answered as it streams, stopped, switched between providers, and never harmed by what comes back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { chunk, doneEvent, finishEvent, holdingBetween, plain, refusing, roleEvent, sse, streaming, streamEvents, usageEvent } from '../../server/test/support/fake-provider.ts'; // prettier-ignore
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { filesOf, type Manifest } from '../../tools/web-size.ts';
import { builtPagesDir, comeIn, openPages, signIn, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

needs('browser')('a chat', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  let count = 0;

  const say = (text: string): string[] => [roleEvent, sse(chunk({ content: text })), finishEvent, usageEvent, doneEvent];
  const connect = async (name: string, isDefault: boolean): Promise<string> => {
    const body = { name, provider: 'custom', baseUrl: pages.provider.baseUrl, model: 'gpt-4o', apiKey: 'sk-of-the-tests-1234', isDefault };
    return (await pages.house.request('POST', '/api/configurations', { token: sari.token, body })).at('data.id');
  };
  const box = () => visitor.page.getByLabel('Message', { exact: true });
  const answers = () => visitor.page.getByRole('article', { name: 'Assistant' });
  const ask = async (text: string): Promise<void> => {
    await box().fill(text);
    await visitor.page.keyboard.press('Enter');
  };
  /** A chat with one question and its answer. */
  const chatWith = async (answer: string): Promise<void> => {
    pages.provider.answer(streaming(say(answer)), plain);
    await visitor.page.goto('/chat');
    await ask('Tell me');
    await visitor.page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    await visitor.page.getByRole('button', { name: 'Answer Again' }).waitFor();
  };

  beforeAll(async () => {
    pages = await openPages();
  });

  beforeEach(async () => {
    count += 1;
    sari = await pages.house.createResident(`Sari${count}`);
    pages.provider.answer(plain);
    visitor = await visit({ url: pages.house.url });
  });

  afterEach(() => visitor.leave());

  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('the whole way by keyboard: ask, read the answer as it streams, see what it took; the list has it under the question', async () => {
    await connect('Main', true);
    await signIn(visitor, sari);
    const { page } = visitor;
    await page.getByRole('navigation').getByRole('link', { name: 'Chat', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/chat');
    await page.getByText('Main answers.').waitFor();
    pages.provider.answer(
      holdingBetween([roleEvent, sse(chunk({ content: 'The **quick** ' }))], streamEvents(['brown fox.']).slice(1)),
      plain,
    );
    await box().focus();
    await page.keyboard.type('What jumps?');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('In short.');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    await page.locator('strong', { hasText: 'quick' }).waitFor();
    await page.getByText('AI is writing').first().waitFor();
    expect(await visitor.axe()).toEqual([]);
    pages.provider.release();
    await page.getByRole('button', { name: 'Answer Again' }).waitFor();
    await expect.poll(() => answers().innerText()).toContain('The quick brown fox.');
    const facts = page.getByRole('list', { name: 'What this answer took' });
    await expect.poll(() => facts.innerText()).toMatch(/Main\s+gpt-4o[\s\S]*11 in, 7 out[\s\S]*\d+ ms/);
    expect(pages.provider.received.at(-1)!.json['messages']).toEqual([{ role: 'user', content: 'What jumps?\nIn short.' }]);
    const list = page.getByRole('region', { name: 'Chats' });
    await expect.poll(() => list.getByRole('link', { name: 'What jumps?' }).getAttribute('aria-current')).toBe('page');
    await expect.poll(() => box().inputValue()).toBe('');
  });

  test('an Enter that ends the spelling of a word sends nothing', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    await visitor.page.goto('/chat');
    await box().fill('ことば');
    await box().dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
    await visitor.page.waitForTimeout(200);
    await expect.poll(() => box().inputValue()).toBe('ことば');
    expect(new URL(visitor.page.url()).pathname).toBe('/chat');
  });

  test('Escape stops the answer: what had come stays, also after a reload, and the next question is answered', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    const { page } = visitor;
    await page.goto('/chat');
    pages.provider.answer(holdingBetween([roleEvent, sse(chunk({ content: 'As far as it came' }))], streamEvents().slice(1)), plain);
    await ask('Tell me everything');
    await page.getByText('As far as it came').waitFor();
    await box().focus();
    await page.keyboard.press('Escape');
    await page.getByText('Stopped. What had come until then was kept.').waitFor();
    await expect.poll(() => pages.provider.received.at(-1)!.abortedAtMs).not.toBeNull();
    pages.provider.release();
    await page.reload();
    await page.getByText('As far as it came').waitFor();
    await page.getByText('Stopped. What had come until then was kept.').waitFor();
    await ask('Go on');
    await page.getByText('The quick brown fox jumps.').waitFor();
  });

  test('the gear opens LLM Settings; another connection and a parameter are applied, used at once, and survive a reload', async () => {
    await connect('Main', true);
    const other = await connect('Second', false);
    await comeIn(visitor, sari);
    const { page } = visitor;
    await chatWith('First.');
    const gear = page.getByRole('button', { name: 'LLM Settings' });
    await gear.click();
    const panel = page.getByRole('dialog', { name: 'LLM Settings' });
    await expect
      .poll(() => panel.getByLabel('AI Connection').locator('option').allInnerTexts())
      .toEqual(['Use default (Main)', 'Second', 'Main']);
    await panel.getByLabel('AI Connection').selectOption('Second');
    await panel.getByLabel('temperature').fill('9');
    await panel.getByRole('button', { name: 'Apply' }).click();
    await panel.getByText('Enter a number from 0 to 2.').waitFor();
    await expect.poll(() => panel.getByLabel('temperature').evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await visitor.axe()).toEqual([]);
    await panel.getByLabel('temperature').fill('0,3');
    await panel.getByLabel('System prompt').fill('Be brief.');
    await panel.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied to this chat.').first().waitFor();
    await ask('And now?');
    await expect.poll(() => answers().count()).toBe(2);
    await answers().nth(1).getByRole('list').getByText('Second').waitFor();
    const sent = pages.provider.received.at(-1)!.json;
    expect(sent).toMatchObject({
      temperature: 0.3,
      messages: [{ role: 'system', content: 'Be brief.' }, {}, { content: 'First.' }, { content: 'And now?' }],
    });
    await page.reload();
    await gear.click();
    await expect.poll(() => panel.getByLabel('AI Connection').inputValue()).toBe(other);
    await panel.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => panel.getByLabel('AI Connection').inputValue()).toBe('');
    await page.keyboard.press('Escape');
    await expect.poll(() => gear.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test('what comes back is never more than text: no script, no javascript link, no picture from elsewhere, no outline broken', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    const { page } = visitor;
    const hostile = [
      '##### Deep heading first',
      '<script>window.harmed = 1</script><img src=x onerror="window.harmed = 2"><iframe src="https://evil.example"></iframe>',
      '[press](javascript:window.harmed=3) [data](data:text/html,<script>window.harmed=4</script>) [fine](https://example.org/a) <https://example.org/b>',
      '![track](https://evil.example/pixel.png) ![x](javascript:window.harmed=5)',
      '[^1] and [^1]\n\n[^1]: a note with [link](vbscript:x)',
      '```html\n<script>window.harmed = 6</script>\n```',
      '| a |\n|---|\n| <b onclick="window.harmed=7">b</b> |',
      '**never *closed [bracket](http:// `tick',
    ].join('\n\n');
    await chatWith(hostile);
    await page.getByRole('link', { name: 'fine' }).waitFor();
    const found = await answers().evaluate((answer) => ({
      bad: answer.querySelectorAll('script, iframe, img, object, embed, [onclick], [onerror], style').length,
      links: [...answer.querySelectorAll('a')].map((link) => [link.getAttribute('href'), link.rel, link.target]),
    }));
    expect(found.bad).toBe(0);
    for (const [href, rel, target] of found.links)
      expect([href!.startsWith('https://'), rel, target]).toEqual([true, 'noopener noreferrer nofollow', '_blank']);
    expect(found.links.map(([href]) => href)).toContain('https://evil.example/pixel.png');
    await expect.poll(() => page.evaluate(() => 'harmed' in window)).toBe(false);
    await page.getByRole('button', { name: 'Copy Code' }).waitFor();
    // Code gets its colours as elements with a colour each, which the policy for styles allows.
    await answers().locator('pre code span[style]').first().waitFor();
    await expect.poll(() => answers().locator('pre').innerText()).toContain('<script>window.harmed = 6</script>');
    await page.setViewportSize({ width: 1280, height: 2400 });
    expect(await visitor.axe()).toEqual([]);
  });

  test.each([
    ['ten thousand nested quotes', '>'.repeat(10_000) + ' deep'],
    ['nested lists', Array.from({ length: 300 }, (_, level) => `${'  '.repeat(level)}- level`).join('\n')],
    ['open brackets', '['.repeat(5_000)],
    ['a text without an end', 'word '.repeat(60_000)],
    ['one line of code', '```js\n' + 'a+'.repeat(50_000) + '\n```'],
  ])('%s: the page stays alive and the text is there', async (_, text) => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    await chatWith(text);
    await box().fill('still here');
    await expect.poll(() => box().inputValue()).toBe('still here');
    await expect.poll(async () => (await answers().innerText()).length).toBeGreaterThan(100);
  });

  test('a failed answer says what to check and what to do; Try Again gives another version and keeps the first', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    const { page } = visitor;
    await page.goto('/chat');
    pages.provider.answer(refusing(401), plain);
    await ask('Hello?');
    const alert = page.getByRole('alert').filter({ hasText: '401 Unauthorized' });
    await alert.getByText('Check the API Key: its format and its permissions.').waitFor();
    await alert.getByText('The key might be invalid or expired. Update it.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await alert.getByRole('button', { name: 'Try Again' }).click();
    await page.getByText('The quick brown fox jumps.').waitFor();
    await page.getByText('Version 2 of 2').waitFor();
    await page.getByRole('button', { name: 'Previous Version' }).click();
    await alert.waitFor();
  });

  test('a question that is edited becomes a version: the first one and its answer can be shown again', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    const { page } = visitor;
    await chatWith('First answer.');
    const question = page.getByRole('article', { name: 'You' });
    await question.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Edit your message').fill('Tell me more');
    await page.keyboard.press('Enter');
    await page.getByText('The quick brown fox jumps.').waitFor();
    await question.getByText('Version 2 of 2').waitFor();
    await question.getByRole('button', { name: 'Previous Version' }).click();
    await page.getByText('First answer.').waitFor();
    await expect.poll(() => question.innerText()).toContain('Tell me');
    await answers().getByRole('button', { name: 'Delete From Here' }).click();
    await page.getByRole('dialog', { name: 'Delete this message?' }).getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => answers().count()).toBe(0);
  });

  test('without a connection the page says so and leads to the settings; what was typed stays', async () => {
    await comeIn(visitor, sari);
    const { page } = visitor;
    await page.goto('/chat');
    const panel = page.getByRole('alert').filter({ hasText: 'No AI connection configured' });
    await panel.getByText('Add one in Settings → AI Connections.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await ask('Anybody there?');
    await expect.poll(() => page.getByRole('button', { name: 'Send' }).isEnabled()).toBe(true);
    await expect.poll(() => box().inputValue()).toBe('Anybody there?');
    await expect.poll(async () => (await pages.house.request('GET', '/api/chats', { token: sari.token })).body['data']).toEqual([]);
    await panel.getByRole('button', { name: 'Go to Settings' }).click();
    await page.waitForURL('**/settings/ai-connections');
    await connect('Main', true);
    await page.goto('/chat');
    await expect.poll(() => box().inputValue()).toBe('Anybody there?');
  });

  test('a lost network and an expired session lose nothing that was typed', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    const { page, context } = visitor;
    await chatWith('Before.');
    await page.route('**/api/chats/*/messages', (route) =>
      route.request().method() === 'POST' ? route.abort('connectionrefused') : route.continue(),
    );
    await ask('Into the void');
    await page.getByText('The server cannot be reached.').first().waitFor();
    await expect.poll(() => box().inputValue()).toBe('Into the void');
    await page.unroute('**/api/chats/*/messages');
    const { href } = new URL(page.url());
    await context.clearCookies();
    await page.getByRole('button', { name: 'Send' }).click();
    const over = page.getByRole('dialog', { name: 'Your session has ended' });
    await over.getByLabel('Password', { exact: true }).fill(sari.password);
    await page.keyboard.press('Enter');
    await over.waitFor({ state: 'detached' });
    await expect.poll(() => box().inputValue()).toBe('Into the void');
    // Nor is it lost to who leaves and comes back by the door.
    await context.clearCookies();
    await page.getByRole('button', { name: 'Send' }).click();
    await over.getByRole('button', { name: 'Leave This Page' }).click();
    await page.waitForURL('**/login**');
    await over.waitFor({ state: 'detached' });
    await page.getByLabel('Email', { exact: true }).fill(sari.email);
    await page.getByLabel('Password', { exact: true }).fill(sari.password);
    await page.getByRole('button', { name: 'Sign In', exact: true }).click();
    await page.waitForURL(href);
    await expect.poll(() => box().inputValue()).toBe('Into the void');
    visitor.complaints.splice(
      0,
      visitor.complaints.length,
      ...visitor.complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED')),
    );
  });

  test('somebody who reads further up is not moved by new text, is told of it, and can go there', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    const { page } = visitor;
    await chatWith(Array.from({ length: 60 }, (_, line) => `Line ${line}`).join('\n\n'));
    const long = Array.from({ length: 40 }, (_, line) => sse(chunk({ content: `More ${line}\n\n` })));
    pages.provider.answer(holdingBetween([roleEvent, long[0]!], [...long.slice(1), finishEvent, usageEvent, doneEvent]), plain);
    await ask('Go on');
    await page.getByText('More 0').waitFor();
    await page.evaluate(() => scrollTo(0, 200));
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(200);
    pages.provider.release();
    const newer = page.getByRole('button', { name: 'New text below' });
    await newer.waitFor();
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(200);
    await newer.click();
    await page.getByText('More 39').waitFor();
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollHeight - innerHeight - scrollY)).toBeLessThan(100);
  });

  test('chats are found, renamed and deleted; a name wins over the question', async () => {
    await connect('Main', true);
    await comeIn(visitor, sari);
    const { page } = visitor;
    for (const question of ['About apples', 'About pears']) {
      await page.goto('/chat');
      await ask(question);
      await page.getByRole('button', { name: 'Answer Again' }).waitFor();
    }
    const list = page.getByRole('region', { name: 'Chats' });
    await list.getByLabel('Search chats').fill('apples');
    await expect.poll(() => list.getByRole('listitem').count()).toBe(1);
    await list.getByLabel('Search chats').fill('quinces');
    await list.getByText('No chats match “quinces”.').waitFor();
    await list.getByRole('button', { name: 'Clear Search' }).click();
    await list.getByRole('button', { name: 'Rename “About pears”' }).click();
    await list.getByLabel('Title').fill('Orchard');
    await page.keyboard.press('Enter');
    await list.getByRole('link', { name: 'Orchard' }).waitFor();
    await expect.poll(() => page.locator('#page-title').innerText()).toBe('Orchard');
    await list.getByRole('button', { name: 'Delete “Orchard”' }).click();
    await page.getByRole('dialog', { name: 'Delete “Orchard”?' }).getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL('**/chat');
    await expect.poll(() => list.getByRole('listitem').count()).toBe(1);
  });

  test.each([
    { language: 'en', theme: 'light', width: 1440 },
    { language: 'id', theme: 'dark', width: 320 },
  ] as const)(
    'in $language, $theme at $width px: nothing for axe to find, nothing wider than the window',
    async ({ language, theme, width }) => {
      await visitor.leave();
      // High enough that nothing lies half behind the box for the next question.
      visitor = await visit({ url: pages.house.url, theme, width, height: 2400 });
      await connect('Main', true);
      await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language } });
      const id = (await pages.house.request('POST', '/api/chats', { token: sari.token, body: {} })).at('data.id');
      const content = `# Title\n\n| ${'a very long cell '.repeat(8)} | b |\n|---|---|\n| 1 | 2 |\n\n\`\`\`ts\nconst long = '${'x'.repeat(200)}'; // comment\n\`\`\``;
      pages.provider.answer(
        streaming([roleEvent, sse(chunk({ reasoning_content: 'Let me see.' })), ...say(content).slice(1)]),
        refusing(429),
        plain,
      );
      for (const question of [`What is ${'averylongword'.repeat(20)}?`, 'And now?'])
        await pages.house.request('POST', `/api/chats/${id}/messages`, { token: sari.token, body: { content: question } });
      await comeIn(visitor, sari);
      const { page } = visitor;
      await page.goto(`/chat/${id}`);
      await page.locator('pre code span[style]').first().waitFor();
      expect(await visitor.axe()).toEqual([]);
      await expect.poll(() => overflowOf(page)).toBe(0);
      await page.getByRole('button', { name: language === 'en' ? 'LLM Settings' : 'Pengaturan LLM' }).click();
      const panel = page.getByRole('dialog');
      await panel.locator('summary').click();
      expect(await visitor.axe()).toEqual([]);
      await expect.poll(() => panel.locator('label').first().innerText()).toBe(language === 'en' ? 'AI Connection' : 'Koneksi AI');
      await expect.poll(() => panel.getByRole('button', { name: language === 'en' ? 'Apply' : 'Terapkan' }).count()).toBe(1);
      await page.keyboard.press('Escape');
      if (width < 1100) {
        await page.getByRole('button', { name: language === 'en' ? 'Chats' : 'Daftar Obrolan' }).click();
        expect(await visitor.axe()).toEqual([]);
      }
    },
    300_000,
  );

  test('the page of the chat is small: what makes Markdown and colours is loaded when there is some', () => {
    const manifest = JSON.parse(readFileSync(join(builtPagesDir, '.vite/manifest.json'), 'utf8')) as Manifest;
    const entry = filesOf(manifest, Object.keys(manifest).find((name) => manifest[name]?.isEntry) ?? '');
    const own = [...filesOf(manifest, 'src/app/ChatPage.tsx')].filter((file) => !entry.has(file));
    const bytes = own
      .map((file) => gzipSync(readFileSync(join(builtPagesDir, file)), { level: 9 }).length)
      .reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(5_000);
    // With the parts that all pages share, which are two thirds of it.
    expect(bytes).toBeLessThan(64_000);
    expect(own.some((file) => /Markdown|highlight/.test(file))).toBe(false);
  });
});
