/** People in a real browser: invited by a link, members of a workspace, users of the installation, and who may do what. */
import { expect, test } from 'vitest';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { rollBackLastChange } from './support/history.ts';
import { comeIn, signIn, type Pages } from './support/pages.ts';
import { holdBack, visit, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

/** Many pages in one visit, on a machine that may have other work to do. */
const slowMs = 300_000;

needs('browser')('people', () => {
  let pages: Pages;
  let sari: Resident;
  let budi: Resident;
  let wati: Resident;
  let visitor: Visitor;
  const button = (name: string) => visitor.page.getByRole('button', { name, exact: true });

  eachVisit(
    async (opened) => {
      pages = opened;
      sari = await pages.house.createResident('Sari');
      budi = await pages.house.createResident('Budi');
      wati = await pages.house.createResident('Wati');
      await pages.house.createWorkspace('Riset', [
        [budi, 'ADMIN'],
        [wati, 'READ'],
      ]);
    },
    (came) => {
      visitor = came;
    },
  );

  test(
    'an invitation’s link is shown once, makes the account with a password of one’s own, and is void afterwards',
    async () => {
      const { page } = visitor;
      await comeIn(visitor, budi);
      await page.goto('/members');
      await button('Invite Member').click();
      await page.getByLabel('Email', { exact: true }).fill('not an address');
      await button('Create Link').click();
      await page.getByText('Enter an email address').waitFor();
      await page.getByLabel('Email', { exact: true }).fill('dewi@example.org');
      await page.getByLabel('Role', { exact: true }).selectOption('READ');
      await button('Create Link').click();
      const shown = page.getByRole('textbox', { name: 'Invitation link' });
      await shown.waitFor();
      expect(await visitor.axe()).toEqual([]);
      const link = await shown.inputValue();
      await page.getByLabel('I have passed this link on').check();
      await button('Done').click();
      await page.getByRole('table', { name: 'Open invitations' }).waitFor();
      expect(await page.content()).not.toContain(link.slice(-30));

      const guest = await visit({ url: pages.house.url });
      await guest.page.goto(link);
      await guest.page.getByText('Budi invites you to').waitFor();
      expect(await guest.axe()).toEqual([]);
      await expect.poll(() => guest.page.getByLabel('Email').inputValue()).toBe('dewi@example.org');
      await guest.page.getByRole('button', { name: 'Create Account' }).click();
      await guest.page.getByText('Enter your name.').waitFor();
      await guest.page.getByLabel('Your name').fill('Dewi');
      await guest.page.getByLabel('Password', { exact: true }).fill('a password of my own');
      // Whoever comes back to the window is asked about anew; where that is refused, what was typed stays.
      await guest.page.route('**/api/invitations/**', (route) => route.fulfill({ status: 429 }));
      const refused = guest.page.waitForResponse((answer) => answer.status() === 429);
      await guest.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
      await refused;
      await guest.settled();
      await guest.page.unroute('**/api/invitations/**');
      await expect.poll(() => guest.page.getByLabel('Your name').inputValue()).toBe('Dewi');
      await guest.page.getByRole('button', { name: 'Create Account' }).click();
      await guest.page.locator('#page-title').waitFor();
      await guest.page.goto('/members');
      await guest.page.getByRole('row').filter({ hasText: 'Dewi (you)' }).waitFor();
      await guest.page.getByText('You can view but not change this. Ask Budi.').waitFor();
      await expect.poll(() => guest.page.getByRole('button', { name: 'Invite Member' }).count()).toBe(0);
      await guest.leave();

      const late = await visit({ url: pages.house.url });
      await late.page.goto(link);
      await late.page.getByRole('alert').filter({ hasText: 'This invitation is not valid any more.' }).waitFor();
      await late.leave();
    },
    slowMs,
  );

  test('a link that was asked for is shown, and stays, also when another workspace is chosen meanwhile', async () => {
    const { page } = visitor;
    const rini = await pages.house.createResident('Rini');
    for (const name of ['Penjualan', 'Gudang']) await pages.house.createWorkspace(name, [[rini, 'ADMIN']]);
    await comeIn(visitor, rini);
    await page.goto('/members');
    await button('Invite Member').click();
    await page.getByLabel('Email', { exact: true }).fill('eka@example.org');
    const release = await holdBack(page, 'POST', '/api/invitations');
    await button('Create Link').click();
    await expect.poll(() => button('Cancel').getAttribute('aria-disabled')).toBe('true');
    const workspace = page.getByRole('combobox', { name: 'Workspace', exact: true });
    await workspace.selectOption('Gudang');
    await page.getByText('Who works in Gudang').waitFor();
    release();
    const shown = page.getByRole('textbox', { name: 'Invitation link' });
    await shown.waitFor();
    const link = await shown.inputValue();
    await workspace.selectOption('Penjualan');
    await page.getByText('Who works in Penjualan').waitFor();
    await expect.poll(() => shown.inputValue()).toBe(link);
  });

  test('invitations that cannot be listed are told of, not left out', async () => {
    const { page } = visitor;
    await comeIn(visitor, budi);
    await page.route('**/api/invitations?**', (route) => route.fulfill({ status: 429 }));
    await page.goto('/members');
    await page.getByRole('table', { name: 'Members of' }).waitFor();
    await expect.poll(() => page.getByRole('main').getByRole('alert').count()).toBe(1);
  });

  test('roles change in the list; the last admin can be neither lowered nor removed, and the page says why', async () => {
    const { page } = visitor;
    await comeIn(visitor, budi);
    await page.goto('/members');
    const removeSelf = button('Remove Budi');
    await removeSelf.waitFor();
    await expect.poll(() => removeSelf.getAttribute('aria-disabled')).toBe('true');
    await removeSelf.focus();
    const reason = page.locator(`[id="${await removeSelf.getAttribute('aria-describedby')}"]`);
    await reason.waitFor();
    await expect.poll(() => reason.innerText()).toContain('last admin');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.getByLabel('Role of Wati').selectOption('ADMIN');
    await expect.poll(() => removeSelf.getAttribute('aria-disabled')).toBe(null);
    await page.getByLabel('Role of Wati').selectOption('READ');
    await expect.poll(() => removeSelf.getAttribute('aria-disabled')).toBe('true');
    await button('Remove Wati').click();
    const question = page.getByRole('dialog', { name: 'Remove Wati from “Riset”?' });
    await expect.poll(() => question.innerText()).toContain('stop working at once');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'hidden' });
    await expect.poll(() => button('Remove Wati').evaluate((one) => one === document.activeElement)).toBe(true);
  });

  test('whoever has an account already is added to the workspace at once', async () => {
    const { page } = visitor;
    const known = await pages.house.createResident('Tono');
    await comeIn(visitor, budi);
    await page.goto('/members');
    await button('Invite Member').click();
    await page.getByLabel('Email', { exact: true }).fill(known.email);
    await button('Create Link').click();
    await page.getByText('Tono has an account and is a member now.').first().waitFor();
    await page.getByRole('row').filter({ hasText: 'Tono' }).waitFor();
    expect(pages.house.deps.keeper.snapshot.actorOf(known.id, 'session')?.workspaces.size).toBe(1);
  });

  test(
    'administrators find, change, deactivate, and delete users; every question names the person and what follows',
    async () => {
      const { page } = visitor;
      const eko = await pages.house.createResident('Eko');
      await comeIn(visitor, sari);
      await page.goto('/admin/users');
      await page.getByLabel('Search users').fill('nobody at all');
      await page.getByText('No users match “nobody at all”.').waitFor();
      await button('Clear Search').click();
      await page.getByLabel('Search users').fill('eko');
      const row = page.getByRole('row').filter({ hasText: eko.email });
      await row.waitFor();
      await expect.poll(() => page.getByRole('table', { name: '1 user' }).count()).toBe(1);
      await button('Edit Eko').click();
      await page.getByLabel('Manage use cases').check();
      await button('Save').click();
      await row.filter({ hasText: 'use cases' }).waitFor();
      await expect
        .poll(async () => (await pages.house.request('GET', '/api/me', { token: eko.token })).body.data)
        .toMatchObject({
          permissions: ['use_ai_chat', 'manage_ai_use_cases'],
        });
      // The form beside which a state is brought back shows it.
      await button('Edit Eko').click();
      await rollBackLastChange(page, 'Eko', `Sari rolled back the user “${eko.email}”`);
      await expect.poll(() => page.getByLabel('Manage use cases').isChecked()).toBe(false);
      expect(await visitor.axe()).toEqual([]);
      await button('Cancel').click();
      await button('Deactivate Eko').click();
      await page.getByRole('dialog', { name: 'Deactivate Eko?' }).getByRole('button', { name: 'Deactivate' }).click();
      await row.filter({ hasText: 'Inactive' }).waitFor();
      await expect.poll(async () => (await pages.house.request('GET', '/api/me', { token: eko.token })).status).toBe(401);
      await button('Activate Eko').click();
      await page.getByRole('dialog', { name: 'Activate Eko?' }).getByRole('button', { name: 'Activate' }).click();
      await button('Deactivate Eko').waitFor();
      await button('Delete Eko').click();
      const question = page.getByRole('dialog', { name: 'Delete Eko for good?' });
      await expect.poll(() => question.innerText()).toContain('This cannot be undone.');
      expect(await visitor.axe()).toEqual([]);
      await question.getByRole('button', { name: 'Delete' }).click();
      await row.waitFor({ state: 'detached' });
      // The list hears of it before the question does; until that is closed nothing behind it takes a key.
      await question.waitFor({ state: 'hidden' });
      await page.getByLabel('Search users').fill('sari');
      const own = button('Delete Sari');
      await own.waitFor();
      await expect.poll(() => own.getAttribute('aria-disabled')).toBe('true');
    },
    slowMs,
  );

  test('who mends a name gives back no role that was just taken away: only what was changed is sent, and somebody else’s change is told', async () => {
    const { page } = visitor;
    const bayu = await pages.house.createResident('Bayu', 'administrator');
    const [change, revised] = [{ role: 'user' }, { name: 'Bayu Aji', revision: expect.any(Number) as number }];
    await comeIn(visitor, sari);
    await page.goto('/admin/users');
    await page.getByLabel('Search users').fill('bayu');
    await button('Edit Bayu').click();
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('Bayu Aji');
    await pages.house.request('PATCH', `/api/admin/users/${bayu.id}`, { token: sari.token, body: change });
    const asked = page.waitForRequest((one) => one.method() === 'PATCH');
    await page.keyboard.press('Enter');
    expect((await asked).postDataJSON()).toEqual(revised);
    const alert = page.getByRole('alert').filter({ hasText: 'Somebody else changed this in the meantime.' });
    await alert.waitFor();
    await expect.poll(() => name.inputValue()).toBe('Bayu Aji');
    expect(await visitor.axe()).toEqual([]);
    const stored = async () => (await pages.house.request('GET', '/api/me', { token: bayu.token })).body.data;
    await expect.poll(stored).toMatchObject({ name: 'Bayu', role: 'user' });
    await alert.getByRole('button', { name: 'Discard Mine and Reload' }).click();
    await expect.poll(() => page.getByRole('combobox', { name: 'Role' }).inputValue()).toBe('user');
    const heading = page.getByRole('heading', { name: 'Edit Bayu' });
    await expect.poll(() => heading.evaluate((one) => one === document.activeElement)).toBe(true);
    await name.fill('Bayu Aji');
    const release = await holdBack(page, 'PATCH', `/api/admin/users/${bayu.id}`);
    await button('Save').click();
    // Nobody leaves what may still be refused.
    await expect.poll(() => button('Cancel').getAttribute('aria-disabled')).toBe('true');
    release();
    await page.getByRole('row').filter({ hasText: 'Bayu Aji' }).waitFor();
    await expect.poll(stored).toMatchObject({ name: 'Bayu Aji', role: 'user', permissions: ['use_ai_chat'] });
  });

  test('workspaces are made, renamed and deleted; one that still has connections says so', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto('/admin/workspaces');
    await button('Create Workspace').click();
    // Nobody would see these: they are no name.
    await page.getByLabel('Name', { exact: true }).fill('\u200b\u3164');
    await button('Create').click();
    await page.getByText('Enter a name.').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Riset');
    await button('Create').click();
    await page.getByText('already taken').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Pemasaran');
    await button('Create').click();
    await page.getByRole('row').filter({ hasText: 'Pemasaran' }).waitFor();
    await button('Rename Pemasaran').click();
    await page.getByLabel('Name', { exact: true }).fill('Marketing');
    await button('Save').click();
    await page.getByRole('row').filter({ hasText: 'Marketing' }).waitFor();
    await button('Rename Marketing').click();
    await rollBackLastChange(page, 'Marketing', 'Sari rolled back the workspace “Pemasaran”', 'Pemasaran');
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Pemasaran');
    await button('Cancel').click();
    await button('Delete Pemasaran').click();
    const question = page.getByRole('dialog', { name: 'Delete “Pemasaran”?' });
    await expect.poll(() => question.innerText()).toContain('1 member loses it');
    await question.getByRole('button', { name: 'Delete Workspace' }).click();
    await page.getByRole('row').filter({ hasText: 'Pemasaran' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'members of Riset' }).click();
    await expect.poll(() => page.url()).toContain('/members');
    await page.getByRole('heading', { name: 'Members', level: 1 }).waitFor();
    await page.getByRole('row').filter({ hasText: 'Wati' }).waitFor();
    const keeps = page.getByRole('switch', { name: 'Keep the content of requests' });
    await keeps.check();
    await button('Save').click();
    await page.getByText('Saved', { exact: true }).waitFor({ state: 'attached' });
    await rollBackLastChange(page, 'Content of requests', 'Sari rolled back whether “Riset” keeps contents');
    await expect.poll(() => keeps.isChecked()).toBe(false);
    expect(await visitor.axe()).toEqual([]);
  });

  test('who renames a workspace takes no name back that somebody else has just given it, and is told of it', async () => {
    const { page } = visitor;
    const workspace = await pages.house.createWorkspace('Bengkel', [[budi, 'ADMIN']]);
    const stored = async () => (await pages.house.request('GET', `/workspace/${workspace}`, { token: sari.token })).body.workspace;
    await comeIn(visitor, sari);
    await page.goto('/admin/workspaces');
    await button('Rename Bengkel').click();
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('Bengkel Timur');
    await pages.house.request('PUT', `/workspace/${workspace}`, { token: sari.token, body: { name: 'Arsip' } });
    await page.keyboard.press('Enter');
    const alert = page.getByRole('alert').filter({ hasText: 'Somebody else changed this in the meantime.' });
    await alert.waitFor();
    expect(await stored()).toMatchObject({ name: 'Arsip' });
    await expect.poll(() => name.inputValue()).toBe('Bengkel Timur');
    expect(await visitor.axe()).toEqual([]);
    await alert.getByRole('button', { name: 'Discard Mine and Reload' }).click();
    await expect.poll(() => name.inputValue()).toBe('Arsip');
    await expect.poll(() => name.evaluate((one) => one === document.activeElement)).toBe(true);
    await name.fill('Arsip Timur');
    await button('Save').click();
    await page.getByRole('row').filter({ hasText: 'Arsip Timur' }).waitFor();
    expect(await stored()).toMatchObject({ name: 'Arsip Timur' });
  });

  test('who is no administrator sees neither the entries nor the page', async () => {
    const { page } = visitor;
    await signIn(visitor, wati);
    await expect.poll(() => page.getByRole('link', { name: 'Users', exact: true }).count()).toBe(0);
    await page.goto('/admin/users');
    await page.getByRole('heading', { name: 'You may not see this page' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });
});
