/** A small slice of `node tools/usage-recount.ts`: every sum equals a recount of the rows, on the embedded database, in three zones. */
import { expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { openDriver } from '../../src/storage/open.ts';
import { freshDir } from '../support/throwaway.ts';
import { proveUsage } from './recount-prove.ts';
import { recordsOf, townOf } from './recount-traffic.ts';

const month = { fromMs: Date.UTC(2026, 2, 1), toMs: Date.UTC(2026, 3, 1), rows: 4_000, seed: 7 };

test('4,000 rows of a month with a change of clocks: every sum equals the recount, and a back-dated price changes its own range alone', async () => {
  const log = createLog('error');
  const driver = await openDriver({ databaseUrl: null, dataDir: freshDir('patchbay-usage-'), clock: systemClock, log });
  try {
    await migrate(driver, { clock: systemClock, log });
    const said: string[] = [];
    const proof = await proveUsage(driver, townOf(0.1), month, (line) => said.push(line));
    expect(proof.faults).toEqual([]);
    expect(proof.rows).toBe(4_000);
    expect(proof.compared).toBeGreaterThan(5_000);
    expect(said.join()).toMatch(/set back in [1-9]\d* rows/);
  } finally {
    await driver.close();
  }
});

test('the same seed makes the same month, in order of time, with every kind of row', () => {
  const records = [...recordsOf(townOf(0.1), month)];
  expect(records).toEqual([...recordsOf(townOf(0.1), month)]);
  const rows = records.filter(({ kind }) => kind !== 'settle');
  expect(rows).toHaveLength(month.rows);
  expect(new Set(records.map(({ kind }) => kind))).toEqual(new Set(['intent', 'settle', 'refused', 'hit']));
  expect(new Set(records.flatMap((record) => (record.kind === 'settle' ? [record.state] : [])))).toEqual(new Set(['settled', 'partial']));
  expect(records.filter(({ kind }) => kind === 'intent').length).toBeGreaterThan(records.filter(({ kind }) => kind === 'settle').length);
});
