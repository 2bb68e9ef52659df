/** `node tools/rotate-under-load.ts [--connections 10000] [--rate 200] [--kills 5] [--postgres]`: changes the master key of a server that is asked all the time, and kills it in the middle. */
import type { ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';
import { setTimeout as waitMs } from 'node:timers/promises';
import { openKeyHouse, type KeyHouse, type Load } from '../server/test/chaos/keys.ts';
import { startPostgres } from '../server/test/support/postgres.ts';

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '200' },
    kills: { type: 'string', default: '5' },
    postgres: { type: 'boolean', default: false },
  },
});
const numberOf = (name: 'connections' | 'rate' | 'kills', most: number): number => {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  console.error(`--${name} must be a whole number from 1 to ${most}`);
  process.exit(64);
};
const connections = numberOf('connections', 100_000);
const rate = numberOf('rate', 2_000);
const kills = numberOf('kills', 100);
const triesMax = 60;

interface Counted {
  waiting: number;
  values: number;
  unreadable: unknown[];
}

const told = async (load: Load): Promise<boolean> => {
  const { asked, failed, statuses, slowestMs } = await load.stop();
  console.log(
    `  ${asked} requests, ${failed} failed, slowest ${slowestMs} ms (${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')})`,
  );
  return failed === 0 && asked > 0;
};

async function count(house: KeyHouse): Promise<Counted> {
  const { code, out, err } = await house.run(['rotate-master-key', '--dry-run', '--json']);
  if (code !== 0) throw new Error(`the count failed: ${err}`);
  return JSON.parse(out) as Counted;
}

/** One rotation under load from beginning to end. */
async function rotateOnce(house: KeyHouse, more: readonly string[]): Promise<boolean> {
  const load = house.load(rate);
  const startedMs = performance.now();
  const { code, out, err } = await house.run(['rotate-master-key', '--json', ...more]);
  const tookMs = performance.now() - startedMs;
  await waitMs(1_000);
  const isServed = await told(load);
  if (code !== 0) {
    console.log(`  the rotation failed: ${err}`);
    return false;
  }
  const { resealed, values: sealed } = JSON.parse(out) as { resealed: number; values: number };
  console.log(`  ${resealed} of ${sealed} sealed values moved in ${(tookMs / 1_000).toFixed(1)} s`);
  return isServed && resealed >= connections;
}

/** Runs a rotation, and does something at a random moment of the time that it takes to seal everything anew. */
function interrupting(house: KeyHouse, args: readonly string[], interrupt: (child: ChildProcess) => Promise<void>): Promise<string | null> {
  let interrupted: Promise<void> | null = null;
  let done: string | null = null;
  const ran = house.run(args, (child) => {
    child.stdout?.on('data', (part: Buffer) => {
      const [progress] = /\d+ of \d+ sealed/.exec(String(part)) ?? [];
      if (progress === undefined) return;
      done = progress;
      const afterMs = Math.floor(Math.random() * (connections / 3));
      interrupted ??= waitMs(afterMs).then(() => interrupt(child));
    });
  });
  return ran.then(async () => {
    await interrupted;
    return done;
  });
}

/** The server itself is killed in the middle, again and again; it goes on by itself. */
async function killServer(house: KeyHouse): Promise<boolean> {
  for (let round = 1; round <= kills; round++) {
    const done = await interrupting(house, ['rotate-master-key'], () => house.kill());
    await house.start();
    let counted = await count(house);
    const left = leftOf(counted);
    for (let tries = 0; tries < triesMax && leftOf(counted) > 0; tries++) {
      await waitMs(500);
      counted = await count(house);
    }
    console.log(
      `  kill ${round} at "${done ?? 'the beginning'}": ${left} of ${counted.values} were left after the start, ${counted.unreadable.length} do not open`,
    );
    if (counted.unreadable.length > 0 || leftOf(counted) > 0) return false;
  }
  return true;
}

/** Where all values are under one key, a trial counts all of them as work for the next one: then none is left of the last. */
const leftOf = ({ waiting, values: sealed }: Counted): number => (waiting === sealed ? 0 : waiting);

/** Beside PostgreSQL the command does the work: it is killed while the server serves, and the next one goes on. */
async function killCommand(house: KeyHouse): Promise<boolean> {
  const load = house.load(rate);
  for (let round = 1; round <= kills; round++) {
    const first = round === 1 ? ['--new-key-file', `${house.settings.dataDir}/new.key`] : [];
    const done = await interrupting(house, ['rotate-master-key', ...first], async (child) => void child.kill('SIGKILL'));
    console.log(`  kill ${round} at "${done ?? 'the end'}"`);
  }
  const { code, out, err } = await house.run(['rotate-master-key', '--json']);
  if (code === 0) console.log(`  the last run moved ${(JSON.parse(out) as { resealed: number }).resealed}`);
  else console.log(`  the last run failed: ${err}`);
  return (await told(load)) && code === 0;
}

async function prove(databaseUrl: string | null): Promise<boolean> {
  console.log(
    `\n${connections} connections on ${databaseUrl === null ? 'the embedded database' : 'PostgreSQL'}, ${rate} requests a second`,
  );
  const masterKey = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 11) % 251)).toString('base64');
  const house = await openKeyHouse(databaseUrl === null ? { connections } : { connections, databaseUrl, masterKey });
  try {
    const isSound =
      databaseUrl === null
        ? (await rotateOnce(house, [])) && (await killServer(house)) && (await rotateOnce(house, []))
        : await killCommand(house);
    await house.stop();
    const { wrongSecrets: wrong } = await house.look();
    console.log(`  ${wrong} of ${connections} secrets are not what was entered`);
    return isSound && wrong === 0;
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
console.log(isSound ? '\nnothing failed, nothing lost' : '\nSOMETHING FAILED');
process.exit(isSound ? 0 : 1);
