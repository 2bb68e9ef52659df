/** How many intents have no settlement yet, and who waits for the last of them. */
import type { LedgerRecord } from '../domain/ledger.ts';
import type { Clock } from '../lib/clock.ts';

export class OpenIntents {
  #count = 0;
  #settled: (() => void) | null = null;
  /** From the first `drain` on: what would begin now could not be sure of its end. */
  isDraining = false;

  /** Before the record is taken: a settlement that is refused is not made a second time, so nobody waits for it. */
  settles(kind: LedgerRecord['kind']): void {
    if (kind !== 'settle') return;
    this.#count = Math.max(0, this.#count - 1);
    if (this.#count === 0) this.#settled?.();
  }

  /** Once the record is taken. */
  began(kind: LedgerRecord['kind']): void {
    if (kind === 'intent') this.#count++;
  }

  /** Resolves with how many are left, 0 unless `waitMs` went by first. */
  async drain(clock: Clock, waitMs: number): Promise<number> {
    this.isDraining = true;
    if (this.#count > 0)
      await new Promise<void>((resolve) => {
        const timer = clock.after(waitMs, resolve);
        timer.hold?.();
        this.#settled = () => {
          timer.cancel();
          resolve();
        };
      });
    return this.#count;
  }
}
