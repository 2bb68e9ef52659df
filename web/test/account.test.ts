/** One's own account in a real browser: profile, password, second factor, sessions, personal tokens, and the door in two steps. */
import { expect, test } from 'vitest';
import { freshCode, wrongCode } from '../../server/test/support/authenticator.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { chooseLanguage, comeIn, signOut, type Pages } from './support/pages.ts';
import { holdBack, refuse, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** Many pages in one visit, on a machine that may have other work to do. */
const slowMs = 300_000;

needs('browser')('one’s own account', () => {
  let pages: Pages;
  let visitor: Visitor;
  let count = 0;
  const someone = (): Promise<Resident> => pages.house.createResident(`Person${(count += 1)}`);
  const button = (name: string) => visitor.page.getByRole('button', { name, exact: true });

  eachVisit(
    async (opened) => {
      pages = opened;
      await pages.house.createResident('Sari');
    },
    (came) => {
      visitor = came;
    },
  );

  test('name, language and time zone are kept, and the page speaks the new language at once', async () => {
    const { page } = visitor;
    await comeIn(visitor, await someone());
    await page.goto('/settings/profile');
    await page.getByLabel('Name', { exact: true }).fill('');
    await button('Save').click();
    await page.getByText('Enter your name.').waitFor();
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('name') ?? document.activeElement?.tagName))
      .toBe('INPUT');
    await page.getByLabel('Name', { exact: true }).fill('Budi Santoso');
    await page.getByLabel('Time zone').selectOption('Asia/Jakarta');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('id');
    await button('Save').click();
    await page.getByRole('heading', { name: 'Profil', level: 1 }).waitFor();
    await page.getByText('Tersimpan').waitFor();
    await page.reload();
    await expect.poll(() => page.getByLabel('Nama', { exact: true }).inputValue()).toBe('Budi Santoso');
    await expect.poll(() => page.getByLabel('Zona waktu').inputValue()).toBe('Asia/Jakarta');
  });

  test('a language that was chosen elsewhere meanwhile is shown and not taken back by saving a name', async () => {
    const { page } = visitor;
    const person = await someone();
    await comeIn(visitor, person);
    await page.goto('/settings/profile');
    await page.getByLabel('Name', { exact: true }).fill('Budi Santoso');
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await page.getByRole('heading', { name: 'Profil', level: 1 }).waitFor();
    await expect.poll(() => page.getByRole('combobox', { name: 'Bahasa' }).inputValue()).toBe('id');
    const name = page.getByLabel('Nama', { exact: true });
    await expect.poll(() => name.inputValue()).toBe('Budi Santoso');
    const asked = page.waitForRequest((one) => one.method() === 'PATCH');
    await button('Simpan').click();
    expect((await asked).postDataJSON()).toEqual({ name: 'Budi Santoso' });
    await page.getByText('Tersimpan').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Profil', level: 1 }).waitFor();
    await expect.poll(() => name.inputValue()).toBe('Budi Santoso');
  });

  test('a wrong current password is said at its field; a right one changes it and ends the other sessions', async () => {
    const { page } = visitor;
    const person = await someone();
    const elsewhere = await pages.house.signIn(person);
    await comeIn(visitor, person);
    await page.goto('/settings/security');
    await page.getByLabel('Current password', { exact: true }).fill('not it');
    await page.getByLabel('New password', { exact: true }).fill('another long password');
    await button('Change Password').click();
    const fault = page.getByText('If it was entered, it is not right.');
    await fault.waitFor();
    expect(await visitor.axe()).toEqual([]);
    await page.getByLabel('Current password', { exact: true }).fill(person.password);
    await button('Change Password').click();
    await page.getByText('Password changed. Every other session was signed out.').waitFor();
    await expect.poll(() => page.getByLabel('New password', { exact: true }).inputValue()).toBe('');
    await expect.poll(async () => (await pages.house.request('GET', '/api/me', { cookie: elsewhere })).status).toBe(401);
  });

  /** By the page, to where the recovery codes are shown and stored. */
  async function turnOn(person: Resident): Promise<{ secret: string; codes: string[] }> {
    const { page } = visitor;
    await page.goto('/settings/security');
    await button('Set Up').click();
    await page.getByLabel('Your password', { exact: true }).fill(person.password);
    await button('Continue').click();
    await page.getByRole('img', { name: 'Square code for the authenticator app' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
    const secret = (await page.locator('code').innerText()).replaceAll(' ', '');
    await page.getByLabel('Code', { exact: true }).fill('12');
    await button('Turn On').click();
    await page.getByText('Enter six digits.').waitFor();
    await page.getByLabel('Code', { exact: true }).fill(freshCode(secret));
    await button('Turn On').click();
    const shown = page.getByRole('textbox', { name: 'Recovery codes' });
    await shown.waitFor();
    expect(await visitor.axe()).toEqual([]);
    const codes = (await shown.inputValue()).trim().split(/\s+/);
    expect(codes).toHaveLength(10);
    await page.getByLabel('I have stored these codes').check();
    await button('Done').click();
    await button('Turn Off').waitFor();
    expect(await page.content()).not.toContain(codes[0]);
    return { secret, codes };
  }

  /** The first step at the door. */
  async function password(person: Resident): Promise<void> {
    const { page } = visitor;
    await page.goto('/login?to=/settings/security');
    await page.getByLabel('Email').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await button('Sign In').click();
  }

  test(
    'a second factor is set up with a square code or its text, and the door asks for it from then on',
    async () => {
      const { page } = visitor;
      const person = await someone();
      await comeIn(visitor, person);
      const { secret, codes } = await turnOn(person);
      await signOut(visitor);
      await page.waitForURL('**/login');
      await password(person);
      const code = page.getByLabel('Code', { exact: true });
      await code.waitFor();
      expect(await visitor.axe()).toEqual([]);
      await expect
        .poll(async () => [await code.getAttribute('autocomplete'), await code.getAttribute('inputmode')])
        .toEqual(['one-time-code', 'numeric']);
      await expect.poll(() => code.evaluate((input) => input === document.activeElement)).toBe(true);
      await code.fill(wrongCode(secret));
      await page.keyboard.press('Enter');
      await page.getByRole('alert').filter({ hasText: 'code is not right' }).waitFor();
      await code.fill(freshCode(secret));
      await page.keyboard.press('Enter');
      await page.waitForURL('**/settings/security');
      await button('Turn Off').waitFor();
      await signOut(visitor);
      await password(person);
      await button('Use a Recovery Code').click();
      await page.getByLabel('Recovery code', { exact: true }).fill(codes[3]!);
      await page.keyboard.press('Enter');
      await button('Turn Off').waitFor();
      await button('Turn Off').click();
      await page.getByLabel('Your password', { exact: true }).fill('not it');
      await button('Turn Off').click();
      await page.getByText('The password is not right.').waitFor();
      await page.getByLabel('Your password', { exact: true }).fill(person.password);
      await button('Turn Off').click();
      await button('Set Up').waitFor();
    },
    slowMs,
  );

  test(
    'after too many wrong codes the door says how long to wait; after too long a pause it begins again with the password',
    async () => {
      const { page } = visitor;
      const person = await someone();
      await comeIn(visitor, person);
      const { secret } = await turnOn(person);
      await signOut(visitor);
      await page.waitForURL('**/login');
      await password(person);
      const code = page.getByLabel('Code', { exact: true });
      for (let tried = 0; tried < 6; tried += 1) {
        await code.fill(wrongCode(secret));
        const answer = page.waitForResponse('**/second-step');
        await page.keyboard.press('Enter');
        await answer;
        // The page marks what was wrong when it has read the answer; until then its button takes no other press.
        await expect.poll(() => code.evaluate((input: HTMLInputElement) => input.selectionEnd! - input.selectionStart!)).toBe(6);
        await page.locator('form button[type="submit"]:enabled').waitFor();
      }
      await page.getByRole('alert').filter({ hasText: 'Too many requests.' }).waitFor();
      expect(await visitor.axe()).toEqual([]);
      await visitor.context.clearCookies();
      await code.fill(wrongCode(secret));
      await page.keyboard.press('Enter');
      await page.getByRole('alert').filter({ hasText: 'Sign in again with your password.' }).waitFor();
      await expect.poll(() => page.getByLabel('Password', { exact: true }).isVisible()).toBe(true);
    },
    slowMs,
  );

  test(
    'recovery codes that are being replaced are shown, whatever is pressed meanwhile',
    async () => {
      const { page } = visitor;
      const person = await someone();
      await comeIn(visitor, person);
      const { codes } = await turnOn(person);
      await button('New Recovery Codes').click();
      await page.getByLabel('Your password', { exact: true }).fill(person.password);
      const release = await holdBack(page, 'POST', '/recovery-codes');
      await page.keyboard.press('Control+Enter');
      await expect.poll(() => button('Cancel').getAttribute('aria-disabled')).toBe('true');
      await page.keyboard.press('Control+Enter');
      await button('Cancel').click({ force: true });
      await page.getByRole('link', { name: 'Profile' }).click();
      const leaving = page.getByRole('dialog', { name: 'Leave without storing it?' });
      await expect.poll(() => leaving.innerText()).toContain('Recovery codes: it is being made');
      await leaving.getByRole('button', { name: 'Stay Here' }).click();
      release();
      const shown = page.getByRole('textbox', { name: 'Recovery codes' });
      await shown.waitFor();
      const made = (await shown.inputValue()).trim().split(/\s+/);
      expect(made).toHaveLength(10);
      expect(made).not.toContain(codes[0]);
    },
    slowMs,
  );

  test('sessions say where one is signed in, and end one by one or all at once', async () => {
    const { page } = visitor;
    const person = await someone();
    const others = [await pages.house.signIn(person), await pages.house.signIn(person)];
    const statusOf = async (cookie: string) => (await pages.house.request('GET', '/api/me', { cookie })).status;
    await comeIn(visitor, person);
    await page.goto('/settings/security');
    const table = page.getByRole('table', { name: 'Sessions' });
    await table.waitFor();
    await expect.poll(() => table.getByRole('row').count()).toBe(4);
    await expect.poll(() => table.getByRole('row').filter({ hasText: 'This session' }).innerText()).toContain('Chrome');
    await table
      .getByRole('button', { name: /^Sign out / })
      .first()
      .click();
    await expect.poll(() => table.getByRole('row').count()).toBe(3);
    // The button went with its row.
    const focused = () => page.evaluate(() => document.activeElement?.id);
    await expect.poll(focused).toBe('page-title');
    await button('Sign Out Everywhere Else').click();
    const question = page.getByRole('dialog', { name: 'Sign out everywhere else?' });
    await expect.poll(() => question.innerText()).toContain('1 other session');
    const confirm = question.getByRole('button', { name: 'Sign Out Everywhere Else' });
    // What fails says so where one looks, and not behind the question.
    const allow = await refuse(page, 'DELETE', '/api/me/sessions');
    await confirm.click();
    await question.getByRole('alert').waitFor();
    await allow();
    await confirm.click();
    await expect.poll(() => table.getByRole('row').count()).toBe(2);
    await expect.poll(focused).toBe('page-title');
    await expect.poll(() => Promise.all(others.map(statusOf))).toEqual([401, 401]);
  });

  test('a personal token is shown once, works, is listed by its end, and is revoked with its name in the question', async () => {
    const { page } = visitor;
    await comeIn(visitor, await someone());
    await page.goto('/settings/tokens');
    await button('Create Token').first().click();
    await page.getByLabel('Name', { exact: true }).fill('\u2060');
    await button('Create Token').last().click();
    await page.getByText('Enter a name.').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('build server');
    const release = await holdBack(page, 'POST', '/api/tokens');
    await button('Create Token').last().click();
    await expect.poll(() => button('Cancel').getAttribute('aria-disabled')).toBe('true');
    await button('Cancel').click({ force: true });
    release();
    const shown = page.getByRole('textbox', { name: 'Personal token' });
    await shown.waitFor();
    const token = await shown.inputValue();
    await expect.poll(async () => (await pages.house.request('GET', '/api/me', { token })).status).toBe(200);
    await page.getByLabel('I have stored this token').check();
    await button('Done').click();
    const row = page.getByRole('row').filter({ hasText: 'build server' });
    await row.waitFor();
    await expect.poll(() => row.innerText()).toContain(`pat-pb-…${token.slice(-4)}`);
    expect(await page.content()).not.toContain(token.slice(7, -4));
    await button('Revoke build server').click();
    const question = page.getByRole('dialog', { name: 'Revoke “build server”?' });
    await question.getByRole('button', { name: 'Revoke Token' }).click();
    await row.filter({ hasText: 'Revoked' }).waitFor();
    await expect.poll(async () => (await pages.house.request('GET', '/api/me', { token })).status).toBe(401);
  });
});
