/** The journal with somebody who hears each record that it took: figures and traces are made of what goes into the books. */
import type { LedgerRecord } from '../domain/ledger.ts';
import type { Journal } from '../journal/journal.ts';

/** `hear` must not throw: the record is in the journal by then. */
export function heardJournal(journal: Journal, hear: (record: LedgerRecord) => void): Journal {
  return {
    get instanceId() {
      return journal.instanceId;
    },
    append(record, written, onFailure) {
      const seq = journal.append(record, written, onFailure);
      hear(record);
      return seq;
    },
    flush: () => journal.flush(),
    whenDurable: (seq, durable) => journal.whenDurable(seq, durable),
    readLinesAfter: (seq, countMax) => journal.readLinesAfter(seq, countMax),
    fed: (seq) => journal.fed(seq),
    renew: () => journal.renew(),
    lastSeq: () => journal.lastSeq(),
    unfedBytes: () => journal.unfedBytes(),
    isFull: () => journal.isFull(),
    isFailing: () => journal.isFailing(),
    drain: (waitMs) => journal.drain(waitMs),
    isDraining: () => journal.isDraining(),
    close: () => journal.close(),
  };
}
