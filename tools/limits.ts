/** `node tools/limits.ts [--rounds 5] [--postgres]`: fires at limits of real servers, kills them with kill -9 in the middle, and counts what got through. */
import { parseArgs } from 'node:util';
import { fire, openFleet, spendUnderFire, type Volley } from '../server/test/chaos/limits.ts';
import { startPostgres } from '../server/test/support/postgres.ts';

const roundsMax = 100;
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, postgres: { type: 'boolean', default: false } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax) {
  console.error(`--rounds must be a whole number from 1 to ${roundsMax}`);
  process.exit(64);
}

const limit = 100;
const requests = 1_000;
const usd = (nanoUsd: number): string => (nanoUsd / 1e9).toFixed(6);
const statusesOf = ({ statuses }: Volley): string =>
  [...statuses]
    .toSorted(([a], [b]) => a - b)
    .map(([status, count]) => `${status === 0 ? 'broken' : status}: ${count}`)
    .join('  ');

async function prove(size: number, databaseUrl: string | null): Promise<boolean> {
  console.log(`\n${size === 1 ? 'one instance' : `${size} instances`} on ${databaseUrl === null ? 'the embedded database' : 'PostgreSQL'}`);
  const fleet = await openFleet(size, databaseUrl);
  try {
    const volley = await fire(fleet, await fleet.newKey({ rpm: limit }), requests);
    console.log(
      `  ${requests} at once against ${limit} a minute: ${volley.asked} reached the provider in ${volley.elapsedMs} ms (${statusesOf(volley)})`,
    );
    const { spentNanoUsd, budgetNanoUsd, volleys } = await spendUnderFire(fleet, rounds);
    for (const [round, one] of volleys.entries())
      console.log(`  volley ${round + 1}: ${one.asked} reached the provider (${statusesOf(one)})`);
    console.log(`  spent ${usd(spentNanoUsd)} of ${usd(budgetNanoUsd)} dollars, with ${rounds} times kill -9`);
    const isExact = size === 1 ? volley.asked === limit : volley.asked <= limit;
    return isExact && spentNanoUsd <= budgetNanoUsd;
  } finally {
    await fleet.close();
  }
}

let isSound = await prove(1, null);
if (values.postgres) {
  const postgres = await startPostgres();
  try {
    isSound = (await prove(3, await postgres.createDatabase())) && isSound;
  } finally {
    await postgres.stop();
  }
}
console.log(isSound ? '\nnever above' : '\nABOVE A LIMIT');
process.exit(isSound ? 0 : 1);
