/** A code of an authenticator opens once, although it is right for a minute and more (RFC 6238, 5.2): at every instance, and after a restart. */
import type { Clock } from '../../lib/clock.ts';
import type { Database } from '../../storage/database.ts';
import { takeCode } from '../../storage/second-factors.ts';
import { hashOfKey } from '../issued-key.ts';

/** A code is good in its half-minute and the ones before and after; more than these three, since clocks of instances differ. */
const goodMs = 180_000;

export interface UsedCodes {
  /** True for the first one who comes with this code for this person. Rejects where that cannot be written down. */
  take(userId: string, code: string): Promise<boolean>;
}

export const createUsedCodes = (database: Database, clock: Clock): UsedCodes => ({
  take(userId, code) {
    const nowMs = clock.nowMs();
    return takeCode(database, hashOfKey(`${userId} ${code}`), nowMs, nowMs - goodMs);
  },
});
