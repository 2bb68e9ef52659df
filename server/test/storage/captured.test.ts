/** Kept contents and who wants them, at rest: written once, gone with whoever they belong to, and read by rotation page by page. */
import { beforeAll, describe, expect, test } from 'vitest';
import { dayMs } from '../../src/domain/rollup.ts';
import { captureOf, capturesAbove, putCapture, staleCapture } from '../../src/storage/capture.ts';
import {
  findCaptured,
  forgetCaptured,
  forgetCapturedOf,
  insertCaptured,
  resealCapturedStep,
  sealedKeysAfter,
  shortenCaptured,
  type CapturedRow,
} from '../../src/storage/captured-bodies.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { erasePerson } from '../../src/storage/people.ts';
import { StorageFault } from '../../src/storage/errors.ts';
import { forgetChunk } from '../../src/storage/retention.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { deleteWorkspace } from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, ids, newPerson, newWorkspace } from './rows.ts';

const firstId = '00000000-0000-0000-0000-000000000000';

onBothEngines('kept contents', (bench) => {
  let database: Database;
  let workspaceId: string;
  let userId: string;
  const row = (part: Partial<CapturedRow> = {}): CapturedRow => ({
    requestId: ids.uuid(),
    atMs,
    expiresAtMs: atMs + 7 * dayMs,
    workspaceId,
    userId,
    dataKeySealed: 'v1.box',
    factsJson: '{"request":null,"answer":null}',
    request: 'e1.request',
    answer: null,
    ...part,
  });
  const isThere = async (requestId: string, nowMs = atMs): Promise<boolean> =>
    (await findCaptured(database, requestId, nowMs)) !== undefined;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    workspaceId = await newWorkspace(database, 'Lab');
  });

  test('come back as they were written, and a second writing changes nothing', async () => {
    const one = row({ answer: 'x'.repeat(400_000) });
    await insertCaptured(database, [one]);
    await insertCaptured(database, [{ ...one, request: 'another' }, row()]);
    expect(await findCaptured(database, one.requestId, atMs)).toEqual(one);
    await insertCaptured(database, []);
    expect(await isThere(ids.uuid())).toBe(false);
  });

  test('are gone to the millisecond when their time is over, swept or not', async () => {
    const one = row();
    await insertCaptured(database, [one]);
    expect([await isThere(one.requestId, one.expiresAtMs - 1), await isThere(one.requestId, one.expiresAtMs)]).toEqual([true, false]);
    await forgetChunk(database, 'contents', one.expiresAtMs, null);
    expect(await isThere(one.requestId, 0)).toBe(true);
    await forgetChunk(database, 'contents', one.expiresAtMs + 1, null);
    expect(await isThere(one.requestId, 0)).toBe(false);
  });

  test('go with their workspace and with their person, and nobody else’s do', async () => {
    const [other, gone, somebody] = [
      await newWorkspace(database, 'Other'),
      await newWorkspace(database, 'Gone'),
      await newPerson(database),
    ];
    const [mine, inOther, inGone, theirs] = [row(), row({ workspaceId: other }), row({ workspaceId: gone }), row({ userId: somebody })];
    await insertCaptured(database, [mine, inOther, inGone, theirs]);
    await change(database, forgetCaptured(database, other));
    expect([await isThere(mine.requestId), await isThere(inOther.requestId)]).toEqual([true, false]);
    await change(database, deleteWorkspace(database, gone, atMs));
    expect([await isThere(mine.requestId), await isThere(inGone.requestId)]).toEqual([true, false]);
    await change(database, erasePerson(database, somebody, atMs));
    expect([await isThere(mine.requestId), await isThere(theirs.requestId)]).toEqual([true, false]);
    await change(database, forgetCapturedOf(database, userId));
    expect(await isThere(mine.requestId)).toBe(false);
  });

  test('end sooner where their workspace says so, and never later', async () => {
    const [long, short] = [row({ expiresAtMs: atMs + 30 * dayMs }), row({ expiresAtMs: atMs + dayMs })];
    await insertCaptured(database, [long, short]);
    await change(database, shortenCaptured(database, workspaceId, 5 * dayMs));
    const ends = await Promise.all([long, short].map(async ({ requestId }) => (await findCaptured(database, requestId, 0))!.expiresAtMs));
    expect(ends).toEqual([atMs + 5 * dayMs, atMs + dayMs]);
  });

  test('give their keys to a rotation once each, in the order of ids', async () => {
    const made = Array.from({ length: 7 }, () => row({ dataKeySealed: `v1.${ids.uuid()}` }));
    await insertCaptured(database, made);
    const seen: string[] = [];
    for (let after = firstId, pages = 0; pages < 100; pages++) {
      const page = await sealedKeysAfter(database, after, 3);
      seen.push(...page.map(({ requestId }) => requestId));
      if (page.length < 3) break;
      after = page.at(-1)!.requestId;
    }
    expect(seen).toEqual(seen.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
    for (const { requestId } of made) expect(seen).toContain(requestId);
    const [first] = made;
    await change(database, resealCapturedStep(database, first!.requestId, 'not the old one', 'v1.new'));
    expect((await findCaptured(database, first!.requestId, 0))!.dataKeySealed).toBe(first!.dataKeySealed);
    await change(database, resealCapturedStep(database, first!.requestId, first!.dataKeySealed, 'v1.new'));
    expect((await findCaptured(database, first!.requestId, 0))!.dataKeySealed).toBe('v1.new');
  });

  describe('the wish for them', () => {
    test('is off where nobody said anything, and reaches the snapshot by its revision', async () => {
      expect(await captureOf(database, workspaceId)).toEqual({ isOn: false, keptDays: 7, revision: 0 });
      const revision = await change(database, putCapture(database, { workspaceId, isOn: true, keptDays: 20, revision: 0 }, { userId, nowMs: atMs })); // prettier-ignore
      expect(await captureOf(database, workspaceId)).toEqual({ isOn: true, keptDays: 20, revision });
      expect(await capturesAbove(database, revision - 1)).toEqual([{ workspaceId, isOn: true, keptDays: 20, revision }]);
      expect(await capturesAbove(database, revision)).toEqual([]);
      expect((await loadDelta(database, revision - 1)).captures).toMatchObject([{ workspaceId, isOn: true, keptDays: 20 }]);
    });

    test('fails for whoever had read an older one, and then nothing is written', async () => {
      const before = await captureOf(database, workspaceId);
      const late = putCapture(database, { workspaceId, isOn: false, keptDays: 1, revision: before.revision - 1 }, { userId, nowMs: atMs });
      await expect(change(database, late)).rejects.toMatchObject({ label: staleCapture });
      expect(await captureOf(database, workspaceId)).toEqual(before);
    });

    test.each([0, 91, -1])('is refused by the database for %i days', async (keptDays) => {
      const { revision } = await captureOf(database, workspaceId);
      const unfit = putCapture(database, { workspaceId, isOn: true, keptDays, revision }, { userId, nowMs: atMs });
      await expect(change(database, unfit)).rejects.toBeInstanceOf(StorageFault);
    });
  });
});
