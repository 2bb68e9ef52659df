/** The one rule about when keys and tokens may end. */
import { unfit } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';

/** A key that is dead when it is made is a mistake in the date. @throws Refusal VALIDATION_ERROR */
export function refuseExpired(deps: { clock: Clock }, expiresAtMs: number | null): void {
  if (expiresAtMs === null || expiresAtMs > deps.clock.nowMs()) return;
  throw unfit({ path: 'expiresAt', code: 'past', message: 'the time must lie in the future' });
}
