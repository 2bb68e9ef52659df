/** Limits on a clock that tests own, with books that they fill: what the tests of rates, budgets and shares have in common. */
import type { AccessKey } from '../../src/domain/access-key.ts';
import type { Limit, LimitSubject } from '../../src/domain/limit.ts';
import { LimitTable, type SubjectLimits } from '../../src/domain/limit-table.ts';
import { GatewayRefusal } from '../../src/gateway/errors.ts';
import type { Booked, Hold } from '../../src/gateway/limits-money.ts';
import type { Ticket } from '../../src/gateway/limits-rates.ts';
import { createLimitNotes, type LimitEvent } from '../../src/gateway/limits-refusals.ts';
import type { Meter, SharesDeps } from '../../src/gateway/limits-share.ts';
import { createLimits, type Limits } from '../../src/gateway/limits.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';

export const minuteMs = 60_000;
let made = 0;

export const keyWith = (part: Partial<AccessKey>): AccessKey => ({
  id: `key-${++made}`,
  userId: 'u',
  workspaceId: null,
  name: 'k',
  last4: 'abcd',
  models: null,
  rpm: null,
  tpm: null,
  budgetNanoUsd: null,
  expiresAtMs: null,
  revokedAtMs: null,
  createdAtMs: 1,
  ...part,
});

export const limitOn = (subject: LimitSubject, part: Partial<Limit>): Limit => ({
  id: `limit-${++made}`,
  subject,
  kind: 'requests',
  period: part.kind === 'money' ? 'total' : part.kind === 'concurrent' ? 'none' : 'minute',
  value: 1,
  softPercent: null,
  isShadow: false,
  ...part,
});

export interface Bench {
  now: { ms: number };
  limits: Limits;
  table: LimitTable;
  /** What limits said, in order. */
  said: { limit: Limit; event: LimitEvent; used: number }[];
  /** Puts a limit into force. */
  set(limit: Limit): Limit;
  /** Rates of a key alone. */
  take(key: AccessKey, tokens: number): Ticket;
  /** Budgets of a key alone, whose books must have been read before. */
  reserve(key: AccessKey, nanoUsd: number): Hold;
  /** Reads the books of a key's budgets. */
  know(key: AccessKey): Promise<void>;
  settle(key: AccessKey, hold: Hold | null, nanoUsd: number, seq?: number): void;
}

export interface BenchOptions {
  booked?: (meter: Meter) => Booked | Promise<Booked>;
  ask?: SharesDeps['ask'] | null;
  clock?: Partial<Clock>;
  timeZone?: string;
}

const sync = <T>(value: T | Promise<T>): T => {
  if (value instanceof Promise) throw new Error('it had to wait');
  return value;
};

export function benchOf(options: BenchOptions = {}): Bench {
  const now = { ms: 1_000_000 };
  const idle = { cancel: () => undefined };
  const clock: Clock = { ...systemClock, monotonicMs: () => now.ms, nowMs: () => now.ms, every: () => idle, ...options.clock };
  const table = new LimitTable();
  table.timeZone = options.timeZone ?? 'UTC';
  const said: Bench['said'] = [];
  const limits = createLimits({
    clock,
    log: createLog('silent'),
    table: () => table,
    books: { spent: async (meter) => options.booked?.(meter) ?? { spentNanoUsd: 0, appliedSeq: 0 }, lastSeq: () => 0 },
    ask: options.ask ?? null,
    notes: createLimitNotes((limit, event, used) => said.push({ limit, event, used })),
  });
  const of = (key: AccessKey): readonly SubjectLimits[] => {
    const ofKey = table.ofKey(key);
    return ofKey ? [ofKey] : [];
  };
  return {
    now,
    limits,
    table,
    said,
    set(limit) {
      table.put([{ id: limit.id!, limit, isGone: false }]);
      return limit;
    },
    take: (key, tokens) => sync(limits.take(of(key), tokens)),
    reserve: (key, nanoUsd) => sync(limits.reserve(of(key), nanoUsd, now.ms)),
    async know(key) {
      limits.settle(await limits.reserve(of(key), 0, now.ms), [], now.ms, 0, Infinity);
    },
    settle: (key, hold, nanoUsd, seq = Infinity) => limits.settle(hold, [{ kind: 'access-key', id: key.id }], now.ms, nanoUsd, seq),
  };
}

export function refusalOf(run: () => unknown): GatewayRefusal['error'] | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof GatewayRefusal) return error.error;
    throw error;
  }
}

export async function rejectionOf(run: () => unknown): Promise<GatewayRefusal['error'] | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof GatewayRefusal) return error.error;
    throw error;
  }
}
