/** Limits and budgets of everybody who takes part in a request: exact on one instance, never above on many. */
import type { AccessKey } from '../domain/access-key.ts';
import type { LimitKind, LimitSubject, MoneyPeriod } from '../domain/limit.ts';
import type { LimitTable, SubjectLimits } from '../domain/limit-table.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createMonies, type Hold, type LimitBooks } from './limits-money.ts';
import { createRates, type Ticket } from './limits-rates.ts';
import type { LimitNotes } from './limits-refusals.ts';
import { createShares, type Leases, type SharesDeps } from './limits-share.ts';

/** Who asks. */
export interface Asker {
  accessKey: AccessKey | null;
  userId: string;
  workspaceId: string | null;
}

export interface Limits {
  /** The limits of a key, its user and its workspace; the same empty list for everybody who has none. */
  ofAsker(asker: Asker): readonly SubjectLimits[];
  /** The limits of a connection and of the routing group that chose it. */
  ofConnection(id: string | null): SubjectLimits | undefined;
  ofGroup(id: string | undefined): SubjectLimits | undefined;
  /** Takes a place in all windows, or in none. Throws or rejects 429 for the limit that is reached, 503 where a share cannot be had. */
  take(subjects: readonly SubjectLimits[], tokens: number): Ticket | Promise<Ticket>;
  /** Sets money aside in all budgets, or in none. Throws or rejects 402 for the budget that is used up, 503 where one is not known. */
  reserve(subjects: readonly SubjectLimits[], nanoUsd: number, atMs: number): Hold | Promise<Hold>;
  /** Turns a reservation into what was spent; `seq` is that of the settlement in the journal, Infinity where it is in none. */
  settle(hold: Hold | null, subjects: readonly LimitSubject[], atMs: number, costNanoUsd: number, seq: number): void;
  /** Begins the windows with what an earlier run admitted `ageMs` ago, for whoever has a limit; oldest first, before anything is taken. */
  replay(subjects: readonly SubjectLimits[], ageMs: number, tokens: number): void;
  /** TRUE where nobody would hear of a settlement. */
  isUnspent(): boolean;
  /** This instance's present use. Money is undefined where it is not known here. */
  usedOf(subject: LimitSubject, kind: LimitKind, period: MoneyPeriod | null, atMs: number): number | undefined;
  readonly table: LimitTable;
  /** Entries of the past were priced anew: what was spent is read again. */
  reread(): void;
  /** Drops what says nothing any more. To be called now and then. */
  sweep(): void;
  /** How many windows and sums are held. */
  size(): number;
  /** Renews and returns shares, besides the clock's own rounds. */
  renew(): Promise<void>;
  /** Gives back every share. */
  close(): Promise<void>;
}

export interface LimitsDeps {
  clock: Clock;
  log: Log;
  /** The snapshot's. */
  table(): LimitTable;
  books: LimitBooks;
  /** Where shares are leased; null on an instance that is alone by its nature. */
  ask: SharesDeps['ask'] | null;
  notes: LimitNotes;
}

const none: readonly SubjectLimits[] = [];

export function createLimits(deps: LimitsDeps): Limits {
  const { clock, log, notes } = deps;
  const leases: Leases | null = deps.ask ? createShares({ clock, log, ask: deps.ask }) : null;
  const rates = createRates({ clock, leases, notes });
  const monies = createMonies({ clock, log, books: deps.books, leases, notes, timeZone: () => deps.table().timeZone });
  return {
    get table() {
      return deps.table();
    },
    ofAsker({ accessKey, userId, workspaceId }) {
      const table = deps.table();
      const ofKey = accessKey === null ? undefined : table.ofKey(accessKey);
      if (table.size === 0) return ofKey === undefined ? none : [ofKey];
      const ofUser = table.of('user', userId);
      const ofWorkspace = workspaceId === null ? undefined : table.of('workspace', workspaceId);
      if (!ofKey && !ofUser && !ofWorkspace) return none;
      return [ofKey, ofUser, ofWorkspace].filter((limits) => limits !== undefined);
    },
    ofConnection: (id) => (id === null ? undefined : deps.table().of('connection', id)),
    ofGroup: (id) => (id === undefined ? undefined : deps.table().of('group', id)),
    take: (subjects, tokens) => rates.take(subjects, tokens),
    reserve: (subjects, nanoUsd, atMs) => monies.reserve(subjects, nanoUsd, atMs),
    settle: (...what) => monies.settle(...what),
    replay(subjects, ageMs, tokens) {
      const atMs = clock.monotonicMs() - ageMs;
      for (const { subject, requests, tokens: ofTokens } of subjects)
        if (requests !== null || ofTokens !== null) rates.replay(subject, atMs, tokens);
    },
    isUnspent: () => monies.isEmpty(),
    usedOf(subject, kind, period, atMs) {
      if (kind !== 'money') return rates.usedOf(subject, kind);
      const account = monies.usedOf(subject, period ?? 'total', atMs);
      return account === undefined || account.late !== null ? undefined : account.spentNanoUsd + account.reservedNanoUsd;
    },
    reread: () => monies.forget(),
    sweep() {
      rates.sweep();
      monies.sweep();
    },
    size: () => rates.size() + monies.size(),
    renew: () => leases?.renew() ?? Promise.resolve(),
    close: () => leases?.close() ?? Promise.resolve(),
  };
}
