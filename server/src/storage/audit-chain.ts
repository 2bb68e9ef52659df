/** Continues the audit log's chain: one writer at a time in this process, and a guard in the database against all others. */
import { auditColumns, canonical, type ChainPlace } from '../domain/audit-chain.ts';
import type { AuditEntry } from '../domain/audit.ts';
import { pause, type Clock } from '../lib/clock.ts';
import { linkedStep, valuesOf } from './audit-rows.ts';
import type { Driver, Row, Statement } from './driver.ts';
import { StaleWrite, StorageBusy } from './errors.ts';

/** Said by the guards: another instance continued the chain first, so that nothing was written and the head must be read again. */
const lostRace = 'audit-head';
/** Races that one change may lose; each lost one means that somebody else's change was kept. */
const triesMax = 40;
const waitingMax = 2_000;
/** Longest that a change waits for those before it. */
const waitMsMax = 10_000;
/** After a lost race this process leaves the others room for a while: a loser has to read before it can try again. */
const politeForMs = 2_000;
const politePauseMs = 4;
const backOffMsMax = 25;

interface Known extends ChainPlace {
  /** The configuration's revision; whoever raises it continues the chain too. */
  revision: number;
}

export interface SealedEntries {
  /** The revision that the entries carry. */
  revision: number;
  /** Before the change: raises the revision, where it does. */
  first: readonly Statement[];
  /** After the change: the new head and the entries. */
  last: readonly Statement[];
}

export interface SealOptions {
  raisesRevision: boolean;
  /** `write` may find that there is nothing to do, and then leaves the entries out too. */
  maySkip?: boolean;
}

export interface AuditChain {
  /**
   * Runs `write` with the steps that make the entries part of the chain, and again where another instance was first. Its other failures
   * come out as they are. @throws StorageBusy where too many wait
   */
  sealed<T>(
    driver: Pick<Driver, 'rows'>,
    entries: readonly AuditEntry[],
    options: SealOptions,
    write: (sealed: SealedEntries) => Promise<T>,
  ): Promise<T>;
  /** Where this process last saw the head; null before its first entry. An older head in the database is a cut tail. */
  seen(): ChainPlace | null;
}

export async function readHead({ rows }: Pick<Driver, 'rows'>): Promise<Known & { openedAtMs: number | null }> {
  const sql = 'SELECT h.seq, h.hash, h.opened_at, c.revision FROM audit_head h, config_revision c WHERE h.id = $1 AND c.id = $2';
  const [head] = await rows<{ seq: number; hash: string; opened_at: number | null; revision: number }>({ sql, params: [1, 1] }, 'write');
  return { seq: head!.seq, hash: head!.hash, openedAtMs: head!.opened_at, revision: head!.revision };
}

const raiseFrom = (revision: number): Statement => ({
  sql: 'UPDATE config_revision SET revision = revision + 1 WHERE id = 1 AND revision = $1 RETURNING revision',
  params: [revision],
  expectRows: 1,
  label: lostRace,
});

const moveHead = (from: ChainPlace, to: ChainPlace): Statement => ({
  sql: 'UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1 AND seq = $3 AND hash = $4',
  params: [to.seq, to.hash, from.seq, from.hash],
  expectRows: 1,
  label: lostRace,
});

/** @param link the vault's hash of an entry that follows another */
export function createAuditChain({ clock, link }: { clock: Clock; link: (previous: string, entry: string) => string }): AuditChain {
  let tail: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let known: Known | null = null;
  let last: ChainPlace | null = null;
  let politeUntilMs = 0;

  /** The steps for these entries after a head, and where the head is then. */
  const seal = (head: Known, entries: readonly AuditEntry[], raisesRevision: boolean): { sealed: SealedEntries; next: Known } => {
    const revision = head.revision + (raisesRevision ? 1 : 0);
    const steps: Statement[] = [];
    let place: ChainPlace = head;
    for (const entry of entries) {
      const values = valuesOf(entry, revision);
      place = { seq: place.seq + 1, hash: link(place.hash, canonical(values)) };
      steps.push(linkedStep(values, place.seq, place.hash));
    }
    const first = raisesRevision ? [raiseFrom(head.revision)] : [];
    // The head moves behind the change, so that others wait for its row no longer than the commit takes, and before the entries, so that
    // a lost race is known by it.
    return { sealed: { revision, first, last: [moveHead(head, place), ...steps] }, next: { ...place, revision } };
  };

  const attempt = async <T>(
    driver: Pick<Driver, 'rows'>,
    entries: readonly AuditEntry[],
    { raisesRevision, maySkip = false }: SealOptions,
    write: (sealed: SealedEntries) => Promise<T>,
  ): Promise<T> => {
    for (let tries = 1; ; tries++) {
      const head: Known = known ?? (await readHead(driver));
      const { sealed, next } = seal(head, entries, raisesRevision);
      // Whatever goes wrong, the head may have moved: after a lost answer to a commit nobody knows.
      known = null;
      try {
        const result = await write(sealed);
        if (!maySkip) last = known = next;
        return result;
      } catch (error) {
        if (!(error instanceof StaleWrite) || error.label !== lostRace) throw error;
        politeUntilMs = clock.monotonicMs() + politeForMs;
        if (tries >= triesMax) throw new StorageBusy('other instances keep continuing the audit log', { cause: error });
        if (tries > 2) await pause(clock, Math.min(tries, backOffMsMax));
      }
    }
  };

  return {
    async sealed(driver, entries, options, write) {
      if (waiting >= waitingMax) throw new StorageBusy(`${waitingMax} changes wait for their turn in the audit log`);
      const sinceMs = clock.monotonicMs();
      const turn = tail.then(async () => {
        if (clock.monotonicMs() - sinceMs > waitMsMax) throw new StorageBusy('the changes before this one took too long');
        const result = await attempt(driver, entries, options, write);
        return result;
      });
      waiting += 1;
      const isOver = async (): Promise<void> => {
        waiting -= 1;
        if (waiting > 0 && clock.monotonicMs() < politeUntilMs) await pause(clock, politePauseMs);
      };
      tail = turn.then(isOver, isOver);
      return turn;
    },
    seen: () => last,
  };
}

/** A row as the chain reads it. */
export const chainValues = (row: Row): (string | number | null)[] => auditColumns.map((name) => row[name] as string | number | null);
