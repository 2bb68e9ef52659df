/** `node tools/fleet.ts [--instances 3] [--seconds 60] [--seed 1] [--kills 5]`: many instances on one PostgreSQL and one Valkey, changed and asked from all sides and killed meanwhile. */
import { parseArgs } from 'node:util';
import { runFleet } from '../server/test/chaos/fleet/run.ts';
import { startPostgres } from '../server/test/support/postgres.ts';
import { startRedis } from '../server/test/support/redis.ts';
import { wholeNumber } from './whole-number.ts';

const instancesMax = 12;
const secondsMax = 3_600;
const killsMax = 500;
/** Of each instance, with what it needs beside its pools. */
const lanesOfInstance = 24;
const faultsShown = 60;
/** Of so many the master key is changed meanwhile. */
const rotationSeconds = 40;

const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '5' },
  },
});
const instances = wholeNumber('instances', values.instances, instancesMax, 2);
const seconds = wholeNumber('seconds', values.seconds, secondsMax);
const seed = wholeNumber('seed', values.seed, 1_000_000, 0);
const kills = wholeNumber('kills', values.kills, killsMax, 0);

const postgres = await startPostgres({ max_connections: String(lanesOfInstance * (instances + 2)) });
const redis = await startRedis();
try {
  const verdict = await runFleet({
    instances,
    seconds,
    seed,
    kills,
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    isRotating: seconds >= rotationSeconds,
    onNews: (text) => console.log(text),
  });
  const changes = [...verdict.held.values()].reduce((sum, count) => sum + count, 0);
  console.log(`\n${instances} instances, ${seconds} s, seed ${seed}, ${kills} kills, slowest restart ${verdict.slowestRestartMs} ms`);
  console.log(`${changes} pairs of changes of ${verdict.held.size} kinds`);
  console.log(
    `${verdict.requests} requests, ${verdict.complete} complete, ${verdict.calls} calls, ${verdict.rows} rows, ${verdict.unknown} unknown`,
  );
  for (const [message, count] of verdict.warnings) console.log(`  warned ${count} times: ${message}`);
  for (const fault of verdict.faults.slice(0, faultsShown)) console.log(`  FAULT ${fault}`);
  console.log(verdict.faults.length === 0 ? '\nsound' : `\nNOT SOUND: ${verdict.faults.length} faults`);
  process.exitCode = verdict.faults.length === 0 ? 0 : 1;
} finally {
  await redis.stop();
  await postgres.stop();
}
