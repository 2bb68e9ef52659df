/** Keeps second factors readable when the master key changes: what was encrypted under an older one is encrypted anew. */
import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto';
import type { Log } from '../../lib/log.ts';
import type { Database } from '../../storage/database.ts';
import { moveFactor, storedFactors, type StoredFactor } from '../../storage/second-factors.ts';
import { secretTexts, type AuthSecret } from './auth.ts';

const factorsAtOnce = 200;

/** How an encrypted text names the version of its key. */
const versionOf = (text: string): number => Number(/^\$ba\$(\d+)\$/.exec(text)?.[1] ?? -1);

/**
 * Encrypts second factors under the newest of the given keys: all at the start, one person's after a change, because better-auth
 * itself writes under the oldest. With a single key there is nothing to do. What does not open stays as it is and is logged.
 * @returns how many were moved
 */
export async function moveFactors(
  deps: { database: Database; log: Log },
  secrets: readonly AuthSecret[],
  userId: string | null = null,
): Promise<number> {
  const newest = secrets.at(-1);
  if (!newest || secrets.length < 2) return 0;
  const keys = new Map(secretTexts(secrets).map(({ version, value }) => [version, value]));
  const key = { keys, currentVersion: newest.version };
  const again = async (text: string): Promise<string> => symmetricEncrypt({ key, data: await symmetricDecrypt({ key, data: text }) });
  let moved = 0;
  let afterId: string | null = null;
  for (;;) {
    const page: StoredFactor[] = await storedFactors(deps.database, { userId, afterId, limit: factorsAtOnce });
    for (const factor of page) {
      if ([factor.secret, factor.backupCodes].every((text) => versionOf(text) === newest.version)) continue;
      try {
        const next = { secret: await again(factor.secret), backupCodes: await again(factor.backupCodes) };
        await deps.database.driver.write([moveFactor(deps.database, factor, next)]);
        moved += 1;
      } catch (error) {
        deps.log.error({ err: error, factorId: factor.id }, 'a second factor does not open with the master keys given; it must be reset');
      }
    }
    const last = page.at(-1);
    if (!last || page.length < factorsAtOnce) return moved;
    afterId = last.id;
  }
}
