/** `node tools/backup-under-load.ts [--connections 10000] [--rate 200] [--postgres]`: backs a server up that is asked all the time, restores it elsewhere, and compares. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as waitMs } from 'node:timers/promises';
import { openKeyHouse } from '../server/test/chaos/keys.ts';
import { startPostgres } from '../server/test/support/postgres.ts';

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '200' },
    postgres: { type: 'boolean', default: false },
  },
});
const numberOf = (name: 'connections' | 'rate', most: number): number => {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  console.error(`--${name} must be a whole number from 1 to ${most}`);
  process.exit(64);
};
const connections = numberOf('connections', 100_000);
const rate = numberOf('rate', 2_000);
const warmUpMs = 5_000;
/** What was answered this long before is in the books of either database: each journal is fed four times a second. */
const fedMs = 2_000;

interface Manifest {
  days: { entries: string; costNanoUsd: string }[];
}

async function prove(databaseUrl: string | null): Promise<boolean> {
  console.log(
    `\n${connections} connections on ${databaseUrl === null ? 'the embedded database' : 'PostgreSQL'}, ${rate} requests a second`,
  );
  const masterKey = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 11) % 251)).toString('base64');
  const house = await openKeyHouse(databaseUrl === null ? { connections, masterKey } : { connections, databaseUrl, masterKey });
  try {
    const load = house.load(rate);
    await waitMs(warmUpMs);
    const answeredBefore = load.answered();
    await waitMs(fedMs);
    const file = join(house.settings.dataDir, 'a.backup');
    const startedMs = performance.now();
    const backup = await house.run(['backup', file]);
    const tookMs = performance.now() - startedMs;
    await waitMs(1_000);
    const { asked, failed, slowestMs } = await load.stop();
    console.log(`  ${asked} requests, ${failed} failed, slowest ${slowestMs} ms; the backup took ${(tookMs / 1_000).toFixed(1)} s`);
    if (backup.code !== 0) throw new Error(`the backup failed: ${backup.err}`);
    await house.stop();

    const elsewhere = join(house.settings.dataDir, 'elsewhere');
    mkdirSync(elsewhere);
    // Into an embedded database, whichever engine the backup is of.
    const restored = await house.run(['restore', file, '--data', elsewhere], undefined, { PATCHBAY_DATABASE_URL: '' });
    if (restored.code !== 0) throw new Error(`the restore failed: ${restored.err}`);
    const found = await house.look(elsewhere);
    const text = readFileSync(file).subarray(0, 1_048_576).toString('latin1');
    const { days } = JSON.parse(text.slice(0, text.indexOf('\n'))) as Manifest;
    const entries = days.reduce((sum, day) => sum + Number(day.entries), 0);
    const cost = days.reduce((sum, day) => sum + Number(day.costNanoUsd), 0);
    console.log(`  restored: ${found.connections} connections, ${found.wrongSecrets} secrets are not what was entered`);
    console.log(
      `  ${found.entries} entries (${entries} in the manifest, ${answeredBefore} were answered well before), ${found.costNanoUsd} nano-dollars (${cost})`,
    );
    const isSame = found.entries === entries && found.costNanoUsd === cost && found.entries >= answeredBefore;
    return failed === 0 && found.connections === connections && found.wrongSecrets === 0 && isSame;
  } finally {
    await house.close();
  }
}

let isSound = await prove(null);
if (values.postgres) {
  const postgres = await startPostgres();
  try {
    isSound = (await prove(await postgres.createDatabase())) && isSound;
  } finally {
    await postgres.stop();
  }
}
console.log(isSound ? '\nevery secret opens, every sum is equal' : '\nSOMETHING IS MISSING');
process.exit(isSound ? 0 : 1);
