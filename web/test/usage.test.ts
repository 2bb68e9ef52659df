/** Usage & Cost: figures that agree with the books, an address for every view, tables behind charts, and ways out on paper and as a file. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { intentOf, refusedOf, seeded, settlementOf } from '../../server/test/storage/ledger-records.ts';
import { linePieces } from '../src/ui/chart-scale.ts';
import { bucketOf, rangeOf, searchOf, usageSearchOf, viewOf, type View } from '../src/features/usage/view.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

const dayMs = 86_400_000;
const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4', 'gemini-2.5-flash', 'llama3:8b', 'o3', 'mistral-large'];

/** Ten days of requests, of seven models: what each cost in whole micro-dollars, by model. */
function fill(pages: Pages, person: Resident): Map<string, number> {
  const below = seeded(9);
  const cost = new Map<string, number>();
  const nowMs = pages.house.deps.clock.nowMs();
  for (let count = 0; count < 900; count++) {
    const model = models[Math.min(below(models.length), below(models.length))]!;
    const atMs = nowMs - below(6 * dayMs) - 60_000;
    if (below(25) === 0) {
      pages.house.deps.journal.append(refusedOf({ userId: person.id, model, atMs }));
      continue;
    }
    const begun = intentOf({ userId: person.id, model, atMs, isStream: true });
    const isFailed = below(20) === 0;
    const micro = isFailed ? 0 : 500 + below(40_000);
    if (model !== 'llama3:8b') cost.set(model, (cost.get(model) ?? 0) + micro);
    pages.house.deps.journal.append(begun);
    pages.house.deps.journal.append(
      settlementOf(begun, {
        reason: isFailed ? 'overloaded' : null,
        status: isFailed ? 503 : 200,
        costNanoUsd: model === 'llama3:8b' ? null : micro * 1_000,
        latencyMs: 300 + below(4_000),
        firstByteMs: 80 + below(300),
      }),
    );
  }
  return cost;
}

const dollars = (micro: number): string => (micro / 1e6).toFixed(2);

needs('browser')('usage and cost', () => {
  let pages: Pages;
  let visitor: Visitor;
  let sari: Resident;
  let cost: Map<string, number>;

  beforeAll(async () => {
    pages = await openPages();
    sari = await pages.house.createResident('Sari', 'administrator');
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { timeZone: 'Asia/Jakarta' } });
    visitor = await visit({ url: pages.house.url, width: 1440 });
    await signIn(visitor, sari);
  }, 60_000);
  afterAll(async () => {
    await visitor?.leave();
    await closeBrowser();
    await pages?.close();
  });

  test('an empty range says what to do, and figures, shares and the table are those of the books', async () => {
    const { page } = visitor;
    await page.goto('/usage');
    await page.getByText('No usage in this range').waitFor();
    cost = fill(pages, sari);
    await pages.house.deps.books.catchUp();
    await page.reload();
    const figures = page.getByRole('region', { name: 'Figures of the range' });
    const total = [...cost.values()].reduce((sum, micro) => sum + micro, 0);
    await figures.getByText(`$${dollars(total)}`).waitFor();
    const table = page.getByRole('table', { name: 'Usage by model' });
    const dearest = [...cost].toSorted(([, a], [, b]) => b - a)[0]!;
    const first = await table.getByRole('row').nth(1).innerText();
    expect(first).toContain(dearest[0]);
    // The smallest sums of the column need six decimals, so that all have them.
    expect(first).toContain(`$${(dearest[1] / 1e6).toFixed(6)}`);
    // Nobody knows what it cost: a dash, and never nothing.
    expect(await table.getByRole('row').filter({ hasText: 'llama3:8b' }).innerText()).toContain('—');
    expect(await table.getByRole('link', { name: dearest[0], exact: true }).getAttribute('href')).toBe(
      `/requests?period=7d&model=${dearest[0]}`,
    );
  }, 30_000);

  test('every chart is a table too; a filter, a group and a zone are in the address, and the address is enough to come back', async () => {
    const { page } = visitor;
    const chart = page.getByRole('figure', { name: 'Cost per day, by model' });
    await chart.getByRole('button', { name: 'Show as table' }).click();
    expect(await chart.getByRole('table').getByRole('row').count()).toBe(8);
    expect(await chart.getByRole('table').getByRole('columnheader', { name: 'Others' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Only this: gpt-4o', exact: true }).click();
    await expect.poll(() => page.url(), { timeout: 10_000 }).toContain('model=gpt-4o');
    const only = `$${dollars(cost.get('gpt-4o')!)}`;
    await page.getByRole('region', { name: 'Figures of the range' }).getByText(only).waitFor();
    await page.getByLabel('Group by').selectOption('user');
    await page.getByRole('table', { name: 'Usage by user' }).getByText('Sari').waitFor();
    await page.getByLabel('Time zone').selectOption('UTC');
    await page.getByText(/, UTC$/).waitFor();
    expect(new URL(page.url()).search).toBe('?tz=UTC&by=user&model=gpt-4o');
    await page.reload();
    await page.getByRole('region', { name: 'Figures of the range' }).getByText(only).waitFor();
    await page.getByRole('button', { name: 'Remove filter Model: gpt-4o' }).click();
    await expect.poll(() => new URL(page.url()).search, { timeout: 10_000 }).toBe('?tz=UTC&by=user');
    await page.goBack();
    await expect.poll(() => new URL(page.url()).search, { timeout: 10_000 }).toBe('?tz=UTC&by=user&model=gpt-4o');
    // The file and the paper are of what is shown.
    const csv = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href');
    const answer = await visitor.context.request.get(new URL(csv!, pages.house.url).href);
    expect(await answer.text()).toContain('model,gpt-4o,gpt-4o');
    expect(await page.getByRole('link', { name: 'Print report' }).getAttribute('href')).toContain('format=html');
  }, 30_000);

  test('a budget of the month is drawn where the page is narrowed to what has one', async () => {
    const { page } = visitor;
    const limit = { subjectKind: 'user', subjectId: sari.id, kind: 'money', period: 'month', value: '50' };
    expect((await pages.house.request('POST', '/api/limits', { token: sari.token, body: limit })).status).toBe(201);
    await page.goto(`/usage?user=${sari.id}`);
    const chart = page.getByRole('figure', { name: 'Budget of this month' });
    await chart.getByRole('button', { name: 'Show as table' }).click();
    expect(await chart.getByRole('table').innerText()).toContain('$50.00');
  }, 30_000);

  test.each([
    { language: 'en', theme: 'light', width: 1440 },
    { language: 'id', theme: 'dark', width: 390 },
  ] as const)(
    'in $language, $theme, at $width pixels it fits, and everybody can use it',
    async ({ language, theme, width }) => {
      await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language } });
      const other = await visit({ url: pages.house.url, width, theme, locale: language === 'id' ? 'id-ID' : 'en-US' });
      await signIn(other, sari, language);
      await other.page.goto('/usage');
      await other.page.getByRole('table', { name: language === 'id' ? 'Penggunaan menurut model' : 'Usage by model' }).waitFor();
      await other.settled();
      const shots = process.env['TEST_SHOTS_DIR'];
      if (shots) await other.page.screenshot({ path: `${shots}/usage-${language}-${theme}-${width}.png`, fullPage: true });
      expect(await overflowOf(other.page)).toBe(0);
      expect(await other.axe()).toEqual([]);
      await other.leave();
    },
    60_000,
  );
});

test('an address that says nothing sensible is the usual view, and every view has an address that says it again', () => {
  const usual = viewOf({}, 'Asia/Jakarta');
  expect(usual).toEqual({ period: '7d', from: '', to: '', zone: 'Asia/Jakarta', by: 'model', filters: {} });
  const odd = usageSearchOf({ period: 'century', tz: 'Mars/Olympus', by: 'colour', from: '2026-02-30', model: 7, x: 'y' });
  expect(viewOf(odd, 'Asia/Jakarta')).toEqual(usual);
  const view: View = {
    period: 'custom',
    from: '2026-01-01',
    to: '2026-03-01',
    zone: 'UTC',
    by: 'key',
    filters: { model: ['a,b', 'c%2C', 'ü'], key: ['none'] },
  };
  expect(viewOf(usageSearchOf(searchOf(view, 'Asia/Jakarta')), 'Asia/Jakarta')).toEqual(view);
  expect(searchOf(usual, 'Asia/Jakarta')).toEqual({});
  expect(viewOf({ from: '2026-03-02', to: '2026-03-01' }, 'UTC').period, 'backwards').toBe('7d');
});

test('seven days end today in the zone, whatever the day is elsewhere', () => {
  const view = viewOf({}, 'Asia/Jakarta');
  expect(rangeOf(view, new Date('2026-03-01T18:00:00Z'))).toEqual({ from: '2026-02-24', to: '2026-03-02', tz: 'Asia/Jakarta' });
  expect(rangeOf({ ...view, zone: 'UTC' }, new Date('2026-03-01T18:00:00Z'))).toEqual({ from: '2026-02-23', to: '2026-03-01', tz: 'UTC' });
  const spanOf = (from: string, to: string): string => bucketOf({ ...view, period: 'custom', from, to });
  expect([spanOf('2026-01-01', '2026-01-02'), spanOf('2026-01-01', '2026-04-01'), spanOf('2025-01-01', '2026-04-01'), spanOf('2020-01-01', '2026-04-01')]).toEqual(['hour', 'day', 'week', 'month']); // prettier-ignore
});

test('a line breaks where nothing was measured, and a point between two gaps is seen', () => {
  expect(linePieces([0, 50, 100], 100, false)).toEqual(['0.0,100.0 500.0,50.0 1000.0,0.0']);
  expect(linePieces([10, null, 20, 30], 100, false)).toHaveLength(2);
  expect(linePieces([null, 10, null], 100, false)).toEqual(['496.0,90 504.0,90']);
  expect(linePieces([null, null], 100, false)).toEqual([]);
  expect(linePieces([1, 10, 100], 100, true)).toEqual(['0.0,100.0 500.0,50.0 1000.0,0.0']);
});
