/** Removes kept responses whose time is over, and the oldest of whoever has too many, a few at a time. */
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../storage/database.ts';
import { sweepResponses, sweepRowsMax, trimOwners } from '../storage/responses.ts';

/** Batches of one round; what is left waits for the next. Together they take away more than a busy house keeps in that time. */
const batchesMax = 40;
/** What one owner may have kept; the oldest go first. */
export const ownerRowsMax = 10_000;

/** One round. Answers how many rows are gone. */
export async function sweepOnce({ database, clock }: { database: Database; clock: Clock }, rowsMax = ownerRowsMax): Promise<number> {
  let swept = 0;
  for (let batch = 0; batch < batchesMax; batch++) {
    const gone = await sweepResponses(database, clock.nowMs());
    swept += gone;
    if (gone < sweepRowsMax) break;
  }
  for (let batch = 0; batch < batchesMax; batch++) {
    const gone = await trimOwners(database, rowsMax);
    if (gone === 0) break;
    swept += gone;
  }
  return swept;
}
