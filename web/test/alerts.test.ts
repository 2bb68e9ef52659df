/** Alerts in a real browser: a channel is made and tried, a rule is built as a sentence, and an alert is looked after, muted and ended. */
import { createFormatter, createTranslator } from 'use-intl/core';
import { afterAll, expect, test } from 'vitest';
import { openHook, type Hook } from '../../server/test/support/alert-receivers.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { keepAlertsStill } from '../../server/test/support/still-alerts.ts';
import { insertAlert } from '../../server/src/storage/alerts.ts';
import { kindNames, kinds, sentenceOf } from '../src/features/alerts/components/alert-words.ts';
import en from '../src/messages/en.json' with { type: 'json' };
import id from '../src/messages/id.json' with { type: 'json' };
import { rollBackLastChange } from './support/history.ts';
import { comeIn, type Pages } from './support/pages.ts';
import { overflowOf, refuse, type Visitor } from './support/visitor.ts';
import { eachVisit } from './support/visits.ts';

const slowMs = 300_000;

test.each([
  ['en', en, [
    'A connection failure of chat-main lasts 1 minute',
    'The error rate of chat-main is at or above 20% within 5 minutes',
    'The latency (p95) of chat-main is at or above 10,000 ms within 5 minutes',
    'Spending of chat-main is at or above $10.00 a month',
    'Hourly spending of chat-main is at or above 5 times the usual',
    'The use of a budget is at or above 80%',
    'The age of a key of chat-main is at or above 180 days',
    'The number of policy violations is at or above 10 within 15 minutes',
    'A price is far from the known one',
    'The number of requests with an unknown outcome is at or above 1 within 1 day',
    'Free disk space is at or below 10% for 1 minute',
    'The database does not answer, or takes at least 1,000 ms for 15 seconds',
  ]],
  ['id', id, [
    'Gangguan koneksi pada chat-main berlangsung selama 1 menit',
    'Tingkat kesalahan pada chat-main mencapai atau melebihi 20% dalam 5 menit',
    'Latensi (p95) pada chat-main mencapai atau melebihi 10.000 ms dalam 5 menit',
    'Pengeluaran pada chat-main mencapai atau melebihi US$10,00 sebulan',
    'Pengeluaran per jam pada chat-main mencapai atau melebihi 5 kali lipat dari biasanya',
    'Pemakaian anggaran mencapai atau melebihi 80%',
    'Umur kunci pada chat-main mencapai atau melebihi 180 hari',
    'Jumlah pelanggaran kebijakan mencapai atau melebihi 10 dalam 15 menit',
    'Sebuah harga jauh dari harga yang diketahui',
    'Jumlah permintaan yang tidak diketahui hasilnya mencapai atau melebihi 1 dalam 1 hari',
    'Ruang disk kosong sama dengan atau di bawah 10% selama 1 menit',
    'Basis data tidak menjawab, atau butuh minimal 1.000 ms selama 15 detik',
  ]],
] as const)('a rule of each kind reads as a sentence, in %s', (locale, messages, told) => {
  const t = createTranslator({ locale, messages, namespace: 'alerts' });
  const format = createFormatter({ locale });
  const sentences = kindNames.map((kind) => {
    const { value, windowS, hasPeriod, ofConnection } = kinds[kind];
    const connection = ofConnection ? { id: 'one', name: 'chat-main' } : null;
    return sentenceOf(t, format, { kind, connection, value: value === '' ? null : value, windowS, period: hasPeriod ? 'month' : null });
  });
  expect(sentences).toEqual(told);
}); // prettier-ignore

needs('browser')('alerts', () => {
  let pages: Pages;
  let hook: Hook;
  let sari: Resident;
  let visitor: Visitor;
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });
  const field = (name: string) => visitor.page.getByLabel(name, { exact: true });
  const tab = (name: string) => visitor.page.getByRole('navigation', { name: 'Parts of Alerts' }).getByRole('link', { name });

  const comeAgain = eachVisit(
    async (opened) => {
      pages = opened;
      hook = await openHook();
      sari = await pages.house.createResident('Sari', 'administrator');
      await keepAlertsStill(pages.house);
    },
    (came) => {
      visitor = came;
    },
  );
  afterAll(() => hook?.close());

  /** An alert as a rule of the installation opens it. */
  async function begin(): Promise<void> {
    const { deps, database } = pages.house;
    const ruleId = [...deps.keeper.snapshot.alerting.rules.values()].find(({ kind }) => kind === 'error-rate')!.id;
    const nowMs = deps.clock.nowMs();
    const details = { subject: 'chat-main', value: 42, limit: 20, windowS: 300 };
    const owner = { scope: 'organization' as const, id: deps.keeper.snapshot.organizationId };
    const alert = {
      id: deps.ids.uuid(), atMs: nowMs - 300_000, ruleId, ruleName: null, kind: 'error-rate' as const, severity: 'critical' as const, dedupKey: `test:${nowMs}`, details, owner,
      connectionId: null, acknowledgedAtMs: null, acknowledgedBy: null, note: null, notifiedAtMs: nowMs, resolvedAtMs: null, resolvedBy: null, updatedAtMs: nowMs,
    }; // prettier-ignore
    await database.driver.write([insertAlert(database, alert)]);
    deps.alertsChanged();
  }

  async function makesAChannel(): Promise<void> {
    const { page } = visitor;
    await tab('Channels').click();
    await page.getByText('No channel yet').waitFor();
    expect(await visitor.axe()).toEqual([]);
    await button('Add Channel').click();
    // Each fault stands at its field, and the first has the focus.
    await button('Save').first().click();
    await page.getByText('Enter a name of at most 255 characters.').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
    await field('Kind').selectOption({ label: 'Webhook (signed)' });
    await field('Name').fill('Ops');
    await field('Address').fill('http://169.254.169.254/latest');
    await button('Save').first().click();
    await page.getByText('Enter an address that this server may reach', { exact: false }).waitFor();
    await field('Address').fill(hook.url);
    expect(await visitor.axe()).toEqual([]);
    await button('Save').first().click();
    // The secret is shown this once.
    await page.getByRole('heading', { name: 'The channel is made', exact: false }).waitFor();
    await expect.poll(() => field('Signing secret').inputValue()).toMatch(/^whsec_/);
    await page.getByLabel('I have stored the secret at the receiver').check();
    await button('Done').click();
    await button('Send Test: Ops').click();
    await page.getByText('The test arrived: 200 ok').waitFor();
    expect(hook.posts.at(-1)?.json).toMatchObject({ type: 'alert.test' });
    await button('Edit Ops').click();
    await field('Name').fill('Night');
    await button('Save').first().click();
    await button('Edit Night').click();
    await rollBackLastChange(page, 'Night', 'Sari rolled back the alert channel “Ops”', 'Ops');
    await expect.poll(() => field('Name').inputValue()).toBe('Ops');
    await button('Cancel').click();
    await button('Send Test: Ops').waitFor();
  }

  async function buildsARule(): Promise<void> {
    const { page } = visitor;
    await tab('Rules').click();
    await page.getByRole('table', { name: '10 rules' }).waitFor();
    expect(await visitor.axe()).toEqual([]);
    await button('Add Rule').click();
    await field('What').selectOption({ label: 'spending' });
    await field('Threshold').fill('a lot');
    await button('Save').click();
    await page.getByText('Enter a number from 0.01 to 1,000,000.').waitFor();
    await field('Threshold').fill('12.50');
    await field('Period').selectOption({ label: 'a month' });
    await button('Try on the Last 7 Days').click();
    await page.getByText('In the last 7 days it would have fired never.').waitFor();
    await field('Channels').selectOption({ label: 'chosen channels' });
    await page.getByRole('checkbox', { name: 'Ops' }).check();
    expect(await visitor.axe()).toEqual([]);
    await button('Save').click();
    const row = page.getByRole('row', { name: /Spending is at or above \$12\.50 a month/ });
    await expect.poll(() => row.innerText()).toMatch(/Warning[\s\S]*The installation[\s\S]*Ops/);
    await row.getByRole('button', { name: /^Mute/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Mute' }).click();
    await row.getByText('Muted until', { exact: false }).waitFor();
    const allow = await refuse(visitor.page, 'POST', '/mute');
    await row.getByRole('button', { name: /^Unmute/ }).click();
    await row.getByRole('alert').waitFor();
    await allow();
    await row.getByRole('button', { name: /^Unmute/ }).click();
    await row.getByRole('button', { name: /^Mute/ }).waitFor();
    await row.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('table', { name: '10 rules' }).waitFor();
  }

  test(
    'from a quiet page over a channel and a rule to an alert that is looked after and ended',
    async () => {
      const { page } = visitor;
      await comeIn(visitor, sari);
      await page.goto('/alerts');
      await page.getByText('Nothing is wrong').waitFor();
      await page.getByRole('link', { name: 'Alerts: none active' }).waitFor();
      await makesAChannel();
      await buildsARule();
      await tab('Active').click();
      await begin();
      // The bell and the list learn of it by themselves.
      await page.getByRole('link', { name: 'Alerts: 1 active' }).waitFor();
      const table = page.getByRole('table', { name: '1 active alert' });
      await table.getByText('42% of the requests to chat-main fail').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await button(/^Acknowledge/).click();
      await field('Note (optional)').fill('Calling the provider');
      await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
      await table.getByText('Calling the provider').waitFor();
      await table.getByText('Show what was sent').click();
      await table.getByText('Nothing was sent', { exact: false }).waitFor();
      await button(/^End/).click();
      await page.getByRole('dialog').getByRole('button', { name: 'End' }).click();
      await page.getByText('Nothing is wrong').waitFor();
      await tab('History').click();
      await page.getByRole('table', { name: 'Alerts that are over' }).getByText('ended by Sari').waitFor();
      expect(await visitor.axe()).toEqual([]);
      expect(visitor.complaints).toEqual([]);
    },
    slowMs,
  );

  test('a mail server that cannot be read is no empty form: the page says so, and asks again', async () => {
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.route('**/api/admin/mail', (route) => route.fulfill({ status: 429 }));
    await page.goto('/alerts/channels');
    const panel = page.getByRole('region', { name: 'Mail server' });
    await panel.getByRole('alert').waitFor();
    await expect.poll(() => panel.getByRole('textbox').count()).toBe(0);
    expect(await visitor.axe()).toEqual([]);
    await page.unroute('**/api/admin/mail');
    await panel.getByRole('button', { name: 'Try Again' }).click();
    await panel.getByLabel('Server', { exact: true }).waitFor();
  });

  test(
    'on a phone nothing is wider than the window, in Indonesian as well',
    async () => {
      await comeAgain({ width: 390, locale: 'id-ID', theme: 'dark' });
      await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language: 'id' } });
      await comeIn(visitor, sari);
      await begin();
      for (const path of ['/alerts', '/alerts/channels']) {
        await visitor.page.goto(path);
        await visitor.page.getByRole('heading', { level: 1, name: 'Peringatan' }).waitFor();
        await visitor.settled();
        await expect.poll(async () => [path, await overflowOf(visitor.page)]).toEqual([path, 0]);
        expect(await visitor.axe()).toEqual([]);
      }
    },
    slowMs,
  );
});
