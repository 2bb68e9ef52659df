/** A process of its own for the tests of the lock and of crashes: opens the database, then writes when told to until it is killed. */
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { openDriver } from '../../src/storage/open.ts';

const rowsMax = 100_000;
const say = (line: string | number): void => void process.stdout.write(`${line}\n`);

try {
  const driver = await openDriver({ databaseUrl: null, dataDir: process.argv[2]!, clock: systemClock, log: createLog('silent') });
  await driver.script(
    'CREATE TABLE IF NOT EXISTS held (id INTEGER PRIMARY KEY) STRICT; INSERT INTO held (id) VALUES (1) ON CONFLICT DO NOTHING;',
  );
  say('open');
  process.stdin.once('data', () => {
    void (async () => {
      for (let id = 2; id <= rowsMax; id++) {
        await driver.write([{ sql: 'INSERT INTO held (id) VALUES ($1)', params: [id] }]);
        say(id);
      }
    })();
  });
} catch (error) {
  say((error as Error).name);
}
// Held open until it is killed or its parent is gone.
process.stdin.on('end', () => process.exit(0)).resume();
