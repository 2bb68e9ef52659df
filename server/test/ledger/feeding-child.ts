/** A process that keeps books under load until it is killed; says on its output what the journal has promised. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { feedLedger } from '../../src/jobs/feed-ledger.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { openDriver } from '../../src/storage/open.ts';
import { castOf, ids, intentOf, settlementOf } from './records.ts';

const [dataDir, databaseUrl, connectionList] = process.argv.slice(2) as [string, string, string];
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
// A line on a pipe, written by one call, survives this process as the journal's own write does.
const say = (line: string): void => void writeSync(1, `${line}\n`);

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
