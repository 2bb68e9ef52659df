/** Runs with a limit on the size of its files, which is how a disk that is full looks to a write; says what became of each record. */
import { recordsIn } from '../../src/domain/ledger-line.ts';
import { openJournal, JournalUnavailable } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { ids, intentOf, settlementOf } from '../storage/ledger-records.ts';

const said = {
  errors: 0,
  written: 0,
  failed: 0,
  remembered: 0,
  refused: false,
  rememberedWhileFailing: 0,
  settledWhileFailing: 0,
  isFailing: false,
  readable: 0,
  afterFed: 0,
};
const { journal } = openJournal({ dir: process.argv[2]!, clock: systemClock, ids, onError: () => (said.errors += 1) });
const countMax = 200;
for (let count = 0; count < countMax && !journal.isFailing(); count++) {
  journal.append(intentOf(), (failure) => (failure ? (said.failed += 1) : (said.written += 1)));
  journal.append(intentOf(), (failure) => (failure ? (said.failed += 1) : (said.remembered += 1)), 'remember');
  journal.flush();
}
said.isFailing = journal.isFailing();
try {
  journal.append(intentOf());
} catch (error) {
  said.refused = error instanceof JournalUnavailable;
}
journal.append(intentOf(), (failure) => (said.rememberedWhileFailing += failure ? 0 : 1), 'remember');
journal.append(settlementOf(intentOf()), (failure) => (said.settledWhileFailing += failure ? 0 : 1));
journal.flush();
for (let seq = 0; ;) {
  const { spans } = journal.readLinesAfter(seq, 50);
  if (spans.length === 0) break;
  const records = spans.flatMap(({ text }) => recordsIn(text)).filter((one) => one.seq > seq);
  said.readable += records.length;
  seq = records.at(-1)!.seq;
}
journal.fed(journal.lastSeq());
said.afterFed = journal.readLinesAfter(journal.lastSeq(), 50).spans.length;
await new Promise((resolve) => journal.whenDurable(journal.lastSeq(), resolve));
process.stdout.write(JSON.stringify({ ...said, lastSeq: journal.lastSeq() }));
await journal.close();
