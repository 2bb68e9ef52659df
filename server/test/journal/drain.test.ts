/** The end of a journal: no new work, and every call that it knows of is waited for. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { recordsIn } from '../../src/domain/ledger-line.ts';
import { JournalUnavailable, openJournal, type Journal } from '../../src/journal/journal.ts';
import { OpenIntents } from '../../src/journal/open-intents.ts';
import { pause, systemClock } from '../../src/lib/clock.ts';
import { ids, intentOf, refusedOf, settlementOf } from '../storage/ledger-records.ts';
import { freshDir } from '../support/throwaway.ts';

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

function open(): Journal {
  const dir = freshDir('drain');
  ended.push(() => rmSync(dir, { recursive: true, force: true }));
  const failed = (error: Error): never => {
    throw error;
  };
  const { journal } = openJournal({ dir: join(dir, 'journal'), clock: systemClock, ids, onError: failed });
  ended.push(() => journal.close());
  return journal;
}

const longMs = 60_000;

describe('a journal that is drained', () => {
  test('waits for nobody where nothing is open', async () => {
    const journal = open();
    expect(await journal.drain(longMs)).toBe(0);
    const another = open();
    const intent = intentOf();
    another.append(intent);
    another.append(settlementOf(intent));
    another.append(refusedOf());
    expect(await another.drain(longMs)).toBe(0);
  });

  test('waits for the settlement of each intent that it took, and not for a refusal', async () => {
    const journal = open();
    const intents = [intentOf(), intentOf()];
    for (const intent of intents) journal.append(intent);
    let left: number | null = null;
    const drained = journal.drain(longMs).then((count) => (left = count));
    journal.append(refusedOf());
    journal.append(settlementOf(intents[0]!));
    await pause(systemClock, 20);
    expect(left).toBeNull();
    const seq = journal.append(settlementOf(intents[1]!));
    await drained;
    expect(left).toBe(0);
    await journal.close();
    const { spans } = journal.readLinesAfter(seq - 1, 10);
    expect(spans.flatMap(({ text }) => recordsIn(text)).at(-1)).toMatchObject({ seq, record: { kind: 'settle', id: intents[1]!.id } });
  });

  test('takes no intent any more, and whatever else comes', async () => {
    const journal = open();
    const intent = intentOf();
    journal.append(intent);
    const drained = journal.drain(longMs);
    expect(() => journal.append(intentOf())).toThrow(JournalUnavailable);
    expect(() => journal.append(intentOf(), undefined, 'remember')).toThrow('no new work');
    expect(journal.append(refusedOf())).toBe(2);
    expect(journal.append(settlementOf(intent))).toBe(3);
    expect(await drained).toBe(0);
  });

  test('says how many are left when its time is over', async () => {
    const journal = open();
    const intents = [intentOf(), intentOf(), intentOf()];
    for (const intent of intents) journal.append(intent);
    journal.append(settlementOf(intents[1]!));
    expect(await journal.drain(20)).toBe(2);
  });
});

describe('what is open', () => {
  test('is not waited for where its settlement could not be kept: nobody makes it a second time', async () => {
    const intents = new OpenIntents();
    intents.began('intent');
    intents.began('refused');
    intents.began('hit');
    const drained = intents.drain(systemClock, longMs);
    expect(intents.isDraining).toBe(true);
    intents.settles('refused');
    intents.settles('settle');
    expect(await drained).toBe(0);
  });

  test('is never less than nothing: a settlement without an intent lets nobody through', async () => {
    const intents = new OpenIntents();
    intents.settles('settle');
    intents.began('intent');
    expect(await intents.drain(systemClock, 20)).toBe(1);
  });
});
