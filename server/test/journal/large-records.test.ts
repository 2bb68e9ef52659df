/** Records of any size that somebody outside may choose: they are refused or cut before they hide what is written after them. */
import { expect, onTestFinished, test } from 'vitest';
import { JournalUnavailable, openJournal } from '../../src/journal/journal.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { recordsIn } from '../../src/domain/ledger-line.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { message, openRig } from '../gateway/rig.ts';
import { startFakeProvider, whole, wholeBody } from '../support/fake-provider.ts';
import { freshDir } from '../support/throwaway.ts';

const ids = createIds(systemClock);

const refusedWith = (model: string): LedgerRecord => ({
  kind: 'refused',
  id: ids.uuid(),
  atMs: systemClock.nowMs(),
  requestId: ids.uuid(),
  face: 'openai.chat',
  purpose: 'completion',
  connectionId: null,
  provider: '',
  modelAsked: model,
  model,
  accessKeyId: null,
  userId: null,
  workspaceId: null,
  isStream: false,
  configRevision: 0,
  clientRequestId: null,
  reason: 'model_not_found',
  status: 404,
  latencyMs: 0,
});

test('a record that no reader could take in is refused, its number is not used, and the next ones are read after a restart', async () => {
  const options = { dir: freshDir('large-records'), clock: systemClock, ids, onError: (error: Error) => expect.unreachable(error.message) };
  const { journal } = openJournal(options);
  journal.append(refusedWith('first'));
  expect(() => journal.append(refusedWith('m'.repeat(1_100_000)))).toThrow(JournalUnavailable);
  // The longest that is taken: three bytes for each character.
  journal.append(refusedWith('\u20ac'.repeat(520_000)));
  journal.append(refusedWith('last'));
  await journal.close();
  const again = openJournal(options).journal;
  onTestFinished(() => again.close());
  const read: number[] = [];
  for (let batch = 0; batch < 4; batch++) {
    const { spans } = again.readLinesAfter(read.at(-1) ?? 0, 100);
    read.push(...spans.flatMap(({ text }) => recordsIn(text)).map(({ seq }) => seq));
  }
  expect(read).toEqual([1, 2, 3]);
});

test('a provider that reports a name of megabytes costs the journal a line like any other', async () => {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  provider.answer(whole(wholeBody('x', { model: 'm'.repeat(4_000_000) })));
  const rig = await openRig();
  onTestFinished(() => rig.close());
  await rig.connect({ name: 'talker', baseUrl: provider.baseUrl });
  const key = await rig.issueKey();
  const said = await rig.ask(key.text, { model: 'gpt-4o', messages: message() });
  expect(said.status).toBe(200);
  expect(rig.deps.journal.unfedBytes()).toBeLessThan(10_000);
  const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
  expect(row).toMatchObject({ state: 'settled', modelReported: 'm'.repeat(1_000) });
});
