/**
 * `node tools/usage-recount.ts [--rows 1000000] [--postgres]`: writes a month of traffic over 50 connections, 200 models, 300 keys and 100
 * people through the books, compares every sum with an independent recount in three time zones, and says how long charts and lists take.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../server/src/lib/clock.ts';
import { createLog } from '../server/src/lib/log.ts';
import { migrate } from '../server/src/storage/migrate.ts';
import { openDriver } from '../server/src/storage/open.ts';
import { ensurePartitions } from '../server/src/storage/partitions.ts';
import { startPostgres } from '../server/test/support/postgres.ts';
import { proveUsage } from '../server/test/storage/recount-prove.ts';
import { townOf } from '../server/test/storage/recount-traffic.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' }, postgres: { type: 'boolean', default: false } } });
const rows = Number(values.rows);
const rowsMax = 10_000_000;
if (!Number.isInteger(rows) || rows < 1_000 || rows > rowsMax) {
  console.error(`--rows must be a whole number from 1000 to ${rowsMax}`);
  process.exit(64);
}

/** With the day on which clocks go forward in New York. */
const month = { fromMs: Date.UTC(2026, 2, 1), toMs: Date.UTC(2026, 3, 1), rows, seed: 7 };
/** Lists and charts over the ledger (the goals of performance): what they should take, and what is too long. */
const goalMs = 100;
const limitMs = 300;

async function prove(databaseUrl: string | null): Promise<boolean> {
  console.log(databaseUrl === null ? 'the embedded database' : 'PostgreSQL');
  const dataDir = mkdtempSync(join(tmpdir(), 'patchbay-usage-'));
  const log = createLog('error');
  const driver = await openDriver({ databaseUrl, dataDir, clock: systemClock, log });
  try {
    await migrate(driver, { clock: systemClock, log });
    await ensurePartitions(driver, month.fromMs);
    if (databaseUrl !== null) console.log('  (figures of PostgreSQL are those of an untuned server beside this process)');
    const proof = await proveUsage(driver, townOf(), month, (line) => console.log(line));
    for (const [name, ms] of proof.times) {
      const verdict = ms <= goalMs ? '' : ms <= limitMs ? `  above ${goalMs} ms` : `  ABOVE ${limitMs} ms`;
      console.log(`  ${name.padEnd(44)} ${ms.toFixed(0).padStart(5)} ms${verdict}`);
    }
    for (const fault of proof.faults) console.log(`  DIFFERS ${fault}`);
    return proof.faults.length === 0;
  } finally {
    await driver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

let isEqual = await prove(null);
if (values.postgres) {
  const postgres = await startPostgres();
  try {
    isEqual = (await prove(await postgres.createDatabase())) && isEqual;
  } finally {
    await postgres.stop();
  }
}
console.log(isEqual ? 'every sum equals the recount' : 'SUMS DIFFER');
process.exit(isEqual ? 0 : 1);
