/** Access keys in a real browser: shown once and not lost by accident, copied for sure or not at all, listed, rotated, revoked. */
import { expect, test } from 'vitest';
import { intentOf, settlementOf } from '../../server/test/storage/ledger-records.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { comeIn, signIn, type Pages } from './support/pages.ts';
import { holdBack, visit, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** Many pages in one visit, on a machine that may have other work to do. */
const slowMs = 300_000;
const keyPattern = /sk-pb-[\w-]{49}/;

needs('browser')('access keys', () => {
  let pages: Pages;
  let sari: Resident;
  let visitor: Visitor;
  const secret = () => visitor.page.getByRole('textbox', { name: 'Access key' });
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });

  eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari');
      const body = { name: 'Local', baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o' };
      await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body });
    },
    (came) => {
      visitor = came;
    },
  );

  /** Through the form, to where the key is shown; returns the key. */
  async function createKey(name: string, { page } = visitor): Promise<string> {
    await page.goto('/keys');
    await page.getByRole('button', { name: 'Create Access Key' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByRole('button', { name: 'Create Key', exact: true }).click();
    const shown = page.getByRole('textbox', { name: 'Access key' });
    await shown.waitFor();
    const text = await shown.inputValue();
    expect(text).toMatch(keyPattern);
    return text;
  }

  const opens = async (key: string): Promise<number> => (await pages.house.request('GET', '/v1/models', { token: key })).status;

  test(
    'a new key is visible, selectable and copied, and neither Escape, a press elsewhere nor another page loses it unasked',
    async () => {
      const { page, context } = visitor;
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await comeIn(visitor, sari);
      const key = await createKey('web-prod');
      expect(await opens(key)).toBe(200);
      await expect.poll(() => page.getByRole('tabpanel').innerText()).toContain(key);
      await page.keyboard.press('Escape');
      await page.mouse.click(5, 400);
      await expect.poll(() => secret().inputValue()).toBe(key);
      await page.getByRole('link', { name: 'AI Connections' }).click();
      const question = page.getByRole('dialog', { name: 'Leave without storing it?' });
      await question.waitFor();
      expect(await visitor.axe()).toEqual([]);
      await question.getByRole('button', { name: 'Stay Here' }).click();
      await expect.poll(() => secret().inputValue()).toBe(key);
      await button('Copy').click();
      await page.getByText('Copied', { exact: true }).waitFor();
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(key);
      await button('Done').click();
      await page.getByRole('table').waitFor();
    },
    slowMs,
  );

  test('a double click makes one key: a second one would open the gateway, and nobody would have seen it', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/keys');
    await button('Create Access Key').first().click();
    await page.getByLabel('Name', { exact: true }).fill('pressed twice');
    // As near to one another as a worn mouse makes them.
    const { x, y, width, height } = (await button('Create Key').boundingBox())!;
    await page.mouse.click(x + width / 2, y + height / 2, { clickCount: 2 });
    await secret().waitFor();
    await visitor.settled();
    const { body } = await pages.house.request('GET', '/api/access-keys', { token: sari.token });
    expect((body['data'] as unknown as { name: string }[]).filter(({ name }) => name === 'pressed twice')).toHaveLength(1);
  });

  test('a server that fails names the request, one that is not there is tried again, and the form keeps what was typed', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/keys');
    await button('Create Access Key').first().click();
    await page.getByLabel('Name', { exact: true }).fill('web-prod');
    const failure = { success: false, error: 'INTERNAL', error_code: 'INTERNAL', message: '', request_id: 'req-0815' };
    for (const [answer, said] of [
      [{ status: 500, json: failure }, 'Give the request id to your administrator. Request: req-0815'],
      [{ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }, 'Try again in a moment.'],
    ] as const) {
      await page.route('**/api/access-keys', (route) => (route.request().method() === 'POST' ? route.fulfill(answer) : route.continue()));
      await button('Create Key').click();
      await page.getByRole('alert').filter({ hasText: said }).waitFor();
      await page.unroute('**/api/access-keys');
    }
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('web-prod');
    // Chromium's own words about the two answers.
    expect(visitor.complaints.splice(0)).toHaveLength(2);
  });

  test('Done says why it is out of use, to those who listen, too; a selection, a copy or the box brings it into use', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await createKey('reasoned');
    const done = button('Done');
    await expect.poll(() => done.getAttribute('aria-disabled')).toBe('true');
    await done.focus();
    const reason = page.locator(`[id="${await done.getAttribute('aria-describedby')}"]`);
    await expect.poll(() => reason.isVisible()).toBe(true);
    await expect.poll(() => reason.innerText()).toMatch(/\S+ \S+ \S+/);
    await page.keyboard.press('Enter');
    await expect.poll(() => secret().isVisible()).toBe(true);
    const box = page.getByLabel('I have stored this key');
    await box.check();
    await expect.poll(() => done.getAttribute('aria-disabled')).toBe(null);
    await box.uncheck();
    await expect.poll(() => done.getAttribute('aria-disabled')).toBe('true');
    await secret().selectText();
    await expect.poll(() => done.getAttribute('aria-disabled')).toBe(null);
    await done.click();
    await page.getByRole('table').waitFor();
  });

  test('after Done the key is nowhere: not in the page, its storage or history, nor in any later answer', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    const key = await createKey('forgotten');
    const later: string[] = [];
    page.on(
      'response',
      (answer) =>
        void answer.text().then(
          (text) => later.push(text),
          () => undefined,
        ),
    );
    await page.getByLabel('I have stored this key').check();
    await button('Done').click();
    const row = page.getByRole('row').filter({ hasText: 'forgotten' });
    await row.waitFor();
    await expect.poll(() => row.innerText()).toContain(`sk-pb-…${key.slice(-4)}`);
    await expect.poll(() => row.innerText()).toContain('Not yet');
    await page.reload();
    await row.waitFor();
    const everything = await page.evaluate(() =>
      [
        document.documentElement.outerHTML,
        JSON.stringify(localStorage),
        JSON.stringify(sessionStorage),
        JSON.stringify(history.state),
        location.href,
      ].join(),
    );
    expect(everything).not.toContain(key.slice(6, -6));
    expect(later.join()).not.toContain(key.slice(6, -6));
    await page.goBack();
    expect(await page.content()).not.toContain(key.slice(6, -6));
  });

  test(
    'on plain http the copy works by the old way, and where it is blocked the text is selected and nothing says “Copied”',
    async () => {
      const port = new URL(pages.house.url).port;
      const office = await visit({ url: `http://lan.test:${port}` });
      await signIn(office, sari);
      await expect.poll(() => office.page.evaluate(() => isSecureContext)).toBe(false);
      const key = await createKey('office', office);
      await office.page.evaluate(() => {
        document.addEventListener('copy', () => document.body.setAttribute('data-copied', getSelection()?.toString() ?? ''));
      });
      await office.page.getByRole('button', { name: 'Copy', exact: true }).click();
      await office.page.getByText('Copied', { exact: true }).waitFor();
      await expect.poll(() => office.page.locator('body').getAttribute('data-copied')).toBe(key);
      await office.page.getByRole('button', { name: 'Done' }).click();
      const blocked = await createKey('blocked', office);
      await office.page.evaluate(() => {
        document.execCommand = () => false;
      });
      await office.page.getByRole('button', { name: 'Copy', exact: true }).click();
      await office.page.getByText('press Ctrl+C').waitFor();
      await expect.poll(() => office.page.getByText('Copied', { exact: true }).count()).toBe(0);
      await expect.poll(() => office.page.evaluate(() => getSelection()?.toString())).toBe(blocked);
      await office.page.getByRole('button', { name: 'Done' }).click();
      await office.leave();
    },
    slowMs,
  );

  test('limits, an end and a budget are kept, shown and cleared again; faults are said at their fields', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/keys');
    await page.getByRole('button', { name: 'Create Access Key' }).first().click();
    await page.getByLabel('Requests per minute').fill('0');
    await page.getByLabel('Budget (USD)').fill('much');
    await button('Create Key').click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
    await page.getByText('Enter a name.').waitFor();
    await page.getByText('Enter an amount, like 50 or 12.50.').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.getByLabel('Expires').selectOption('never');
    await page.getByText('A key without an end stays good').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('limited');
    await page.getByLabel('Requests per minute').fill('60');
    await page.getByLabel('Budget (USD)').fill('12,50');
    await page.getByLabel('Allowed models').fill('gpt-4o, openai/*');
    await button('Create Key').click();
    await page.getByLabel('I have stored this key').check();
    await button('Done').click();
    const row = page.getByRole('row').filter({ hasText: 'limited' });
    for (const text of ['60 rpm', '$0.00 of $12.50', 'gpt-4o', 'Never']) await expect.poll(() => row.innerText()).toContain(text);
    await button('Edit limited').click();
    await page.getByLabel('Budget (USD)').fill('');
    await page.getByLabel('Requests per minute').fill('');
    await button('Save').click();
    await expect.poll(() => row.innerText()).not.toContain('12.50');
    await page.reload();
    await row.waitFor();
    await expect.poll(() => row.innerText()).not.toContain('rpm');
  });

  test('a key of which no price is known shows no amount, and how many attempts that are', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    const made = await pages.house.request('POST', '/api/access-keys', { token: sari.token, body: { name: 'no-price' } });
    const intent = intentOf({ accessKeyId: made.at('data.id'), userId: sari.id });
    pages.house.deps.journal.append(intent);
    pages.house.deps.journal.append(settlementOf(intent, { costNanoUsd: null, prices: null }));
    await pages.house.deps.books.catchUp();
    await page.goto('/keys');
    const row = page.getByRole('row', { name: /no-price/ });
    await expect.poll(() => row.innerText()).toMatch(/—\s*1 attempt without a price/);
  });

  test('a rotated key is shown once and the old one may stay good; a revoked one stays listed and opens nothing', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    const old = await createKey('rolling');
    await page.getByLabel('I have stored this key').check();
    await button('Done').click();
    await button('Rotate rolling').click();
    await page.getByRole('dialog').getByLabel('Old key').selectOption('24');
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate Key' }).click();
    await secret().waitFor();
    const next = await secret().inputValue();
    expect([await opens(old), await opens(next)]).toEqual([200, 200]);
    await page.getByLabel('I have stored this key').check();
    await button('Done').click();
    await button('Revoke rolling').click();
    const question = page.getByRole('dialog', { name: 'Revoke “rolling”?' });
    await expect.poll(() => question.innerText()).toContain('cannot be undone');
    await question.getByRole('button', { name: 'Revoke Key' }).click();
    await page.getByRole('row').filter({ hasText: 'rolling' }).filter({ hasText: 'Revoked' }).waitFor();
    expect([await opens(old), await opens(next)]).toEqual([401, 401]);
  });

  test(
    'while a rotation is on its way, neither Escape, Cancel nor the way back loses the new key',
    async () => {
      const { page } = visitor;
      await comeIn(visitor, sari);
      const old = await createKey('awaited');
      await page.getByLabel('I have stored this key').check();
      await button('Done').click();
      // The way back leads to another page of the same visit.
      await page.getByRole('link', { name: 'AI Connections' }).click();
      await page.getByRole('link', { name: 'Access Keys' }).click();
      const release = await holdBack(page, 'POST', '/rotate');
      await button('Rotate awaited').click();
      const question = page.getByRole('dialog', { name: /awaited/ });
      await question.getByLabel('Old key').selectOption('0');
      await question.getByRole('button', { name: 'Rotate Key' }).click();
      const cancel = question.getByRole('button', { name: 'Cancel' });
      await expect.poll(() => cancel.getAttribute('aria-disabled')).toBe('true');
      expect(await visitor.axe()).toEqual([]);
      // A browser lets a page hold a dialog open against the first Escape alone.
      for (let times = 0; times < 3; times += 1) await page.keyboard.press('Escape');
      await cancel.click({ force: true });
      await expect.poll(() => question.isVisible()).toBe(true);
      // As a browser does that closes it all the same.
      await question.evaluate((dialog: HTMLDialogElement) => dialog.close());
      await expect.poll(() => question.isVisible()).toBe(true);
      await page.evaluate(() => history.back());
      const leaving = page.getByRole('dialog', { name: 'Leave without storing it?' });
      await leaving.waitFor();
      release();
      await secret().waitFor();
      const next = await secret().inputValue();
      expect(next).toMatch(keyPattern);
      expect([await opens(old), await opens(next)]).toEqual([401, 200]);
      await expect.poll(() => new URL(page.url()).pathname).toBe('/keys');
      await expect.poll(() => leaving.count()).toBe(0);
    },
    slowMs,
  );

  test('Ctrl+Enter pressed again while a key is made makes no second one, and Cancel waits for the first', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/keys');
    await button('Create Access Key').first().click();
    const release = await holdBack(page, 'POST', '/api/access-keys');
    const made: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/api/access-keys')) made.push(request.url());
    });
    await page.getByLabel('Name', { exact: true }).fill('twin');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => button('Cancel').getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('Control+Enter');
    await button('Cancel').click({ force: true });
    await page.getByRole('link', { name: 'AI Connections' }).click();
    await page.getByRole('dialog', { name: 'Leave without storing it?' }).getByRole('button', { name: 'Stay Here' }).click();
    release();
    await secret().waitFor();
    const key = await secret().inputValue();
    expect(await opens(key)).toBe(200);
    await page.getByLabel('I have stored this key').check();
    await button('Done').click();
    await expect.poll(() => page.getByRole('row').filter({ hasText: 'twin' }).count()).toBe(1);
    expect(made).toHaveLength(1);
  });

  test('a personal key of somebody else is theirs to rotate, which the button says; ending it is possible', async () => {
    const budi = await pages.house.createResident('Budi', 'user');
    const body = { name: 'of-budi', workspaceId: null };
    expect((await pages.house.request('POST', '/api/access-keys', { token: budi.token, body })).status).toBe(201);
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/keys');
    const rotate = button('Rotate of-budi');
    await rotate.waitFor();
    await expect.poll(() => rotate.getAttribute('aria-disabled')).toBe('true');
    const reason = page.locator(`[id="${await rotate.getAttribute('aria-describedby')}"]`);
    await expect.poll(() => reason.textContent()).toBe('Only Budi can rotate this key, because whoever rotates it sees the new one.');
    await rotate.click({ force: true });
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await button('Revoke of-budi').click();
    await page.getByRole('dialog', { name: 'Revoke “of-budi”?' }).getByRole('button', { name: 'Revoke Key' }).click();
    await page.getByRole('row').filter({ hasText: 'of-budi' }).filter({ hasText: 'Revoked' }).waitFor();
  });
});
