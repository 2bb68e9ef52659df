/** A process that keeps books under load until it is killed; writes down what the journal has promised. */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { feedLedger } from '../../src/jobs/feed-ledger.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { openDriver } from '../../src/storage/open.ts';
import { castOf, ids, intentOf, settlementOf } from '../storage/ledger-records.ts';

const [dataDir, databaseUrl, connectionList, promisesPath] = process.argv.slice(2) as [string, string, string, string];
const log = createLog('silent');
const { journal, recovered } = openJournal({
  dir: join(dataDir, 'journal'),
  clock: systemClock,
  ids,
  segmentBytesMax: 65_536,
  onError: (error) => {
    throw error;
  },
});
const driver = await openDriver({ databaseUrl: databaseUrl === '' ? null : databaseUrl, dataDir, clock: systemClock, log });
feedLedger({ database: createDatabase(driver), journal, recovered, clock: systemClock, ids, log });

const cast = castOf(connectionList.split(','));
const inFlightMax = 200;
const perTick = 20;
let inFlight = 0;
// A line in a file, written by one call, survives this process as the journal's own write does; one that a kill cut off has no end.
const promises = openSync(promisesPath, 'a');
writeSync(promises, '\n');
let hasPromised = false;
function say(line: string): void {
  writeSync(promises, `${line} .\n`);
  if (!hasPromised) process.stdout.write('promised\n');
  hasPromised = true;
}

function attempt(requestId: string, attemptNo: number): void {
  const connectionId = cast.connections[Math.floor(Math.random() * cast.connections.length)]!;
  const intent = intentOf({ atMs: Date.now(), requestId, attemptNo, connectionId, reservedNanoUsd: 500 });
  journal.append(intent, () => {
    say(`intent ${intent.id}`);
    setTimeout(() => settle(intent), Math.random() * 60);
  });
}

function settle(intent: ReturnType<typeof intentOf>): void {
  const isLast = intent.attemptNo === 2 || Math.random() < 0.8;
  const costNanoUsd = Math.floor(Math.random() * 1_000_000);
  const settlement = settlementOf(intent, { isLast, reason: isLast ? null : 'server_error', costNanoUsd });
  journal.append(settlement, () => say(`settle ${intent.id} ${costNanoUsd}`));
  if (isLast) inFlight -= 1;
  else setTimeout(() => attempt(intent.requestId, intent.attemptNo + 1), Math.random() * 10);
}

setInterval(() => {
  for (let count = 0; count < perTick && inFlight < inFlightMax; count++) {
    inFlight += 1;
    attempt(ids.uuid(), 1);
  }
}, 4);
