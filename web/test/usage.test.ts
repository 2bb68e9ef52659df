/** Usage & Cost: figures that agree with the books, an address for every view, tables behind charts, and ways out on paper and as a file. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { needs } from '../../server/test/support/parts.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { intentOf, refusedOf, seeded, settlementOf } from '../../server/test/storage/ledger-records.ts';
import { dayTime } from '../src/lib/day-time.ts';
import { linePieces } from '../src/ui/chart-scale.ts';
import { isSameView, savedViewsMax, viewsIn, withView } from '../src/features/usage/saved-views.ts';
import { bucketOf, dateIn, rangeOf, searchOf, usageSearchOf, viewOf, type View } from '../src/features/usage/view.ts';
import { openPages, signIn, type Pages } from './support/pages.ts';
import { visit, type Visitor } from './support/visitor.ts';

const dayMs = 86_400_000;
const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4', 'gemini-2.5-flash', 'llama3:8b', 'o3', 'mistral-large'];

/** Ten days of requests, of seven models: what each cost in whole micro-dollars, by model. */
function fill(pages: Pages, person: Resident, nowMs: number): Map<string, number> {
  const below = seeded(9);
  const cost = new Map<string, number>();
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

/** The latest half past midnight of a zone that lies at least a day back: its day there, and the moment. */
function halfPastMidnight(timeZone: string, nowMs: number): { day: string; atMs: number } {
  const quarterMs = 900_000;
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat('en-US', { timeZone, day: 'numeric', month: 'short' });
  const latest = Math.floor((nowMs - dayMs) / quarterMs) * quarterMs;
  // A day has a hundred quarters where the clock is put back, and half past midnight is in it once.
  const found = Array.from({ length: 100 }, (_, back) => latest - back * quarterMs).find((atMs) => clock.format(atMs) === '00:30');
  if (found === undefined) throw new Error(`no half past midnight in ${timeZone}`);
  return { day: day.format(found), atMs: found };
}

const dollars = (micro: number): string => (micro / 1e6).toFixed(2);

needs('browser')('usage and cost', () => {
  let pages: Pages;
  let visitor: Visitor;
  let sari: Resident;
  let cost: Map<string, number>;
  let nowMs = 0;

  beforeAll(async () => {
    pages = await openPages();
    nowMs = pages.house.deps.clock.nowMs();
    sari = await pages.house.createResident('Sari', 'administrator');
    await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { timeZone: 'Asia/Jakarta' } });
    visitor = await visit({ url: pages.house.url, width: 1440 });
    // The page shows the days up to the one on which all began, also where midnight comes meanwhile, here or in a zone.
    await visitor.page.clock.setFixedTime(nowMs);
    await signIn(visitor, sari);
  });
  afterAll(async () => {
    await visitor?.leave();
    await closeBrowser();
    await pages?.close();
  });

  test('an empty range says what to do, and figures, shares and the table are those of the books', async () => {
    const { page } = visitor;
    await page.goto('/usage');
    await page.getByText('No usage in this range').waitFor();
    cost = fill(pages, sari, nowMs);
    await pages.house.deps.books.catchUp();
    await page.reload();
    const figures = page.getByRole('region', { name: 'Figures of the range' });
    const total = [...cost.values()].reduce((sum, micro) => sum + micro, 0);
    await figures.getByText(`$${dollars(total)}`).waitFor();
    const table = page.getByRole('table', { name: 'Usage by model' });
    const dearest = [...cost].toSorted(([, a], [, b]) => b - a)[0]!;
    // What failed says why in words, and what has not ended says that it has not.
    await page.getByRole('row', { name: /^Overload overloaded/ }).waitFor();
    await page.getByText('Still running').first().waitFor();
    const first = table.getByRole('row').nth(1);
    // The figures may be there before the rows are.
    await expect.poll(() => first.innerText()).toContain(dearest[0]);
    // The smallest sums of the column need six decimals, so that all have them.
    await expect.poll(() => first.innerText()).toContain(`$${(dearest[1] / 1e6).toFixed(6)}`);
    // Nobody knows what it cost: a dash, and never nothing.
    await expect.poll(() => table.getByRole('row').filter({ hasText: 'llama3:8b' }).innerText()).toContain('—');
    await expect
      .poll(() => table.getByRole('link', { name: dearest[0], exact: true }).getAttribute('href'))
      .toBe(`/requests?period=7d&model=${dearest[0]}`);
  });

  test('every chart is a table too; a filter, a group and a zone are in the address, and the address is enough to come back', async () => {
    const { page } = visitor;
    const chart = page.getByRole('figure', { name: 'Cost per day, by model' });
    await chart.getByRole('button', { name: 'Show as Table' }).click();
    await expect.poll(() => chart.getByRole('table').getByRole('row').count()).toBe(8);
    await expect.poll(() => chart.getByRole('table').getByRole('columnheader', { name: 'Others' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Only this: gpt-4o', exact: true }).click();
    await expect.poll(() => page.url()).toContain('model=gpt-4o');
    const only = `$${dollars(cost.get('gpt-4o')!)}`;
    await page.getByRole('region', { name: 'Figures of the range' }).getByText(only).waitFor();
    await page.getByLabel('Group by').selectOption('user');
    await page.getByRole('table', { name: 'Usage by user' }).getByText('Sari').waitFor();
    await page.getByLabel('Time zone').selectOption('UTC');
    await page.getByText(/, UTC$/).waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe('?tz=UTC&by=user&model=gpt-4o');
    await page.reload();
    await page.getByRole('region', { name: 'Figures of the range' }).getByText(only).waitFor();
    await page.getByRole('button', { name: 'Remove filter Model: gpt-4o' }).click();
    await expect.poll(() => new URL(page.url()).search).toBe('?tz=UTC&by=user');
    await page.goBack();
    await expect.poll(() => new URL(page.url()).search).toBe('?tz=UTC&by=user&model=gpt-4o');
    // The file and the paper are of what is shown.
    const csv = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href');
    const answer = await visitor.context.request.get(new URL(csv!, pages.house.url).href);
    expect(await answer.text()).toContain('model,gpt-4o,gpt-4o');
    await expect.poll(() => page.getByRole('link', { name: 'Print Report' }).getAttribute('href')).toContain('format=html');
  });

  test.each(['UTC', 'Asia/Jakarta', 'America/Los_Angeles', 'Asia/Kolkata'])(
    'in %s, what happened half an hour after midnight is of that day, the days add up to the range, and axis and bars name the same days',
    async (zone) => {
      const { page } = visitor;
      const { day, atMs } = halfPastMidnight(zone, nowMs);
      const model = `night-of-${zone.replace('/', '-')}`;
      const begun = intentOf({ userId: sari.id, model, atMs });
      pages.house.deps.journal.append(begun);
      pages.house.deps.journal.append(settlementOf(begun, { costNanoUsd: 2_500_000_000 }));
      await pages.house.deps.books.catchUp();
      const chart = page.getByRole('figure', { name: 'Cost per day, by model' });
      const rowsOf = async (): Promise<{ day: string; usd: number[] }[]> => {
        await chart.getByRole('button', { name: 'Show as Table' }).click();
        const rows = await chart
          .getByRole('row')
          .evaluateAll((all) => all.slice(1).map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
        return rows.map(([name = '', ...sums]) => ({ day: name, usd: sums.map((sum) => Number(sum.replaceAll(/[$,]/g, ''))) }));
      };
      await page.goto(`/usage?tz=${encodeURIComponent(zone)}&model=${model}`);
      await chart.waitFor();
      const only = await rowsOf();
      expect(only.filter(({ usd }) => usd.some((sum) => sum > 0))).toEqual([{ day, usd: [2.5] }]);
      await page.goto(`/usage?tz=${encodeURIComponent(zone)}`);
      await chart.waitFor();
      const named = await chart.locator('svg title').allTextContents();
      const ends = await chart.locator('[aria-hidden] span').allTextContents();
      const days = await rowsOf();
      expect(named.map((text) => text.split(':')[0])).toEqual(days.map((one) => one.day));
      expect(ends).toEqual(expect.arrayContaining([days[0]!.day, days.at(-1)!.day]));
      const sum = days.flatMap(({ usd }) => usd).reduce((all, usd) => all + usd, 0);
      await page
        .getByRole('region', { name: 'Figures of the range' })
        .getByText(`$${sum.toFixed(2)}`, { exact: true })
        .waitFor();
    },
  );

  test('a range is chosen by dragging over a chart or by a button of its table, and left again; a view with a name is a link', async () => {
    const { page } = visitor;
    await page.goto('/usage?tz=UTC');
    const chart = page.getByRole('figure', { name: 'Cost per day, by model' });
    const search = (): string => new URL(page.url()).search;
    const drag = async (from: number, to: number): Promise<void> => {
      const box = (await page.getByRole('figure', { name: /^Cost per/ }).getByRole('img').boundingBox())!;
      const at = (share: number): [number, number] => [box.x + share * box.width, box.y + box.height / 2];
      await page.mouse.move(...at(from));
      await page.mouse.down();
      await page.mouse.move(...at(to), { steps: 4 });
      await page.mouse.up();
    };
    await chart.waitFor();
    const days = Array.from({ length: 7 }, (_, index) => dateIn('UTC', new Date(nowMs - (6 - index) * dayMs)));
    // From the fifth day back to the third.
    await drag(4.5 / 7, 2.5 / 7);
    await expect.poll(search).toBe(`?from=${days[2]}&to=${days[4]}&tz=UTC`);
    await chart.getByRole('button', { name: 'Show as Table' }).click();
    await expect.poll(() => chart.getByRole('row').count()).toBe(4);
    await chart.getByRole('button', { name: 'Zoom to' }).nth(1).press('Enter');
    await expect.poll(search).toBe(`?from=${days[3]}&to=${days[3]}&tz=UTC`);
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Reset Zoom');
    await page.getByRole('figure', { name: 'Cost per hour, by model' }).getByRole('button', { name: 'Show as Chart' }).click();
    await drag(2.5 / 24, 5.5 / 24);
    await expect.poll(search).toBe(`?from=${encodeURIComponent(`${days[3]}T02:00:00.000Z`)}&to=${encodeURIComponent(`${days[3]}T06:00:00.000Z`)}&tz=UTC`);
    await page.getByText(/2:00.*6:00.AM, UTC/).waitFor();
    await expect.poll(() => page.getByLabel('From').inputValue()).toBe(days[3]);

    await page.getByRole('button', { name: 'Save This View…' }).click();
    await page.keyboard.press('Enter');
    await page.getByText('Give the view a name.').waitFor();
    await page.keyboard.type('Night');
    await page.keyboard.press('Enter');
    const views = page.getByRole('list', { name: 'Saved views' });
    const night = search();
    await page.getByRole('button', { name: 'Reset Zoom' }).click();
    await expect.poll(search).toBe('?tz=UTC');
    await page.reload();
    await views.getByRole('link', { name: 'Night' }).click();
    await expect.poll(search).toBe(night);
    expect(await visitor.axe()).toEqual([]);
    await views.getByRole('button', { name: 'Remove view “Night”' }).click();
    await views.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => views.getByRole('link').count()).toBe(1);
  }); // prettier-ignore

  test('a budget of the month is drawn where the page is narrowed to what has one', async () => {
    const { page } = visitor;
    const limit = { subjectKind: 'user', subjectId: sari.id, kind: 'money', period: 'month', value: '50' };
    expect((await pages.house.request('POST', '/api/limits', { token: sari.token, body: limit })).status).toBe(201);
    await page.goto(`/usage?user=${sari.id}`);
    const chart = page.getByRole('figure', { name: 'Budget of this month' });
    await chart.getByRole('button', { name: 'Show as Table' }).click();
    await expect.poll(() => chart.getByRole('table').innerText()).toContain('$50.00');
  });
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

test('of what a browser has kept only views are views, and at most twenty', () => {
  const night = { name: 'Night', search: { tz: 'UTC', by: 'key' } };
  expect(viewsIn([night, null, 7, { name: '', search: {} }, { name: 'x' }, { name: 'y', search: { by: 4, evil: '1' } }])).toEqual([night, { name: 'y', search: {} }]);
  expect(viewsIn({ 0: night })).toEqual([]);
  expect(viewsIn(Array.from({ length: 30 }, () => night))).toHaveLength(savedViewsMax);
  expect(withView([night], { name: 'Night', search: {} })).toEqual([{ name: 'Night', search: {} }]);
  expect(isSameView({ by: 'key', tz: 'UTC' }, night.search) && !isSameView({ by: 'key' }, night.search)).toBe(true);
}); // prettier-ignore

test('seven days end today in the zone, whatever the day is elsewhere', () => {
  const view = viewOf({}, 'Asia/Jakarta');
  expect(rangeOf(view, new Date('2026-03-01T18:00:00Z'))).toEqual({ from: '2026-02-24', to: '2026-03-02', tz: 'Asia/Jakarta' });
  expect(rangeOf({ ...view, zone: 'UTC' }, new Date('2026-03-01T18:00:00Z'))).toEqual({ from: '2026-02-23', to: '2026-03-01', tz: 'UTC' });
  const spanOf = (from: string, to: string): string => bucketOf({ ...view, period: 'custom', from, to });
  expect([spanOf('2026-01-01', '2026-01-02'), spanOf('2026-01-01', '2026-04-01'), spanOf('2025-01-01', '2026-04-01'), spanOf('2020-01-01', '2026-04-01')]).toEqual(['hour', 'day', 'week', 'month']); // prettier-ignore
});

test('an hour has as many digits as its language gives it', () => {
  const said = (language: 'en' | 'id'): string =>
    new Intl.DateTimeFormat(language, { ...dayTime(language), timeZone: 'UTC' }).format(Date.UTC(2026, 10, 20, 3, 4));
  expect(said('en')).toMatch(/^Nov 20, 3:04\sAM$/);
  expect(said('id')).toBe('20 Nov, 03.04');
});

test('a line breaks where nothing was measured, and a point between two gaps is seen', () => {
  expect(linePieces([0, 50, 100], 100, false)).toEqual(['166.7,100.0 500.0,50.0 833.3,0.0']);
  expect(linePieces([10, null, 20, 30], 100, false)).toHaveLength(2);
  expect(linePieces([null, 10, null], 100, false)).toEqual(['500.0,90.0']);
  // The newest day alone is in the middle of its own place, where its bar is, and not at the edge.
  expect(linePieces([null, null, null, 10], 100, false)).toEqual(['875.0,90.0']);
  expect(linePieces([10], 100, false)).toEqual(['500.0,90.0']);
  expect(linePieces([null, null], 100, false)).toEqual([]);
  expect(linePieces([1, 10, 100], 100, true)).toEqual(['166.7,100.0 500.0,50.0 833.3,0.0']);
});
