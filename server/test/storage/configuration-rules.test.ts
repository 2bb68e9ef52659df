/** What holds for every noun of configuration, on both engines: revisions, stale writers, tombstones, names, and rows of others. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../../src/storage/database.ts';
import { currentRevision } from '../../src/storage/connections.ts';
import { StaleWrite, StorageFault, UniqueViolation, UnfitParameter } from '../../src/storage/errors.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { newScene, nouns, type Noun, type Scene } from './configuration-nouns.ts';
import { onBothEngines } from './engines.ts';
import { change, footprint, hostileTexts, ids } from './rows.ts';

const writersAtOnce = 8;

onBothEngines('configuration', (bench) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await newScene(createDatabase(await bench.open({ isMigrated: true })));
  });

  const make = async (noun: Noun, name: string = ids.uuid()): Promise<{ id: string; revision: number }> => {
    const id = ids.uuid();
    return { id, revision: await change(scene.database, noun.insert(scene, id, name)) };
  };
  const write = (...steps: Parameters<typeof change>[1][]): Promise<number> => change(scene.database, ...steps);
  const countOf = async ({ table }: Noun): Promise<number> =>
    (await scene.database.driver.rows<{ n: number }>({ sql: `SELECT count(*) AS n FROM ${table}`, params: [] }))[0]!.n;
  const deltaOf = async (noun: Noun, above: number): Promise<{ id: string; isGone: boolean }[]> =>
    noun.inDelta(await loadDelta(scene.database, above));

  describe.each(nouns.map((noun) => [noun.word, noun] as const))('a %s', (_word, noun) => {
    test('carries the revision of its last change, which is one more than the one before', async () => {
      const { id, revision } = await make(noun);
      expect((await noun.find(scene, id))?.revision).toBe(revision);
      const next = await write(noun.edit(scene, id, 11, revision));
      expect(next).toBe(revision + 1);
      expect((await noun.find(scene, id))?.revision).toBe(next);
      expect(await currentRevision(scene.database)).toBe(next);
    });

    test('is not changed from an older state or from one that never was, and nothing of the attempt is kept', async () => {
      const { id, revision } = await make(noun);
      await write(noun.edit(scene, id, 21, revision));
      const [kept, before] = [await noun.find(scene, id), await footprint(scene.database)];
      for (const wrong of [revision, revision - 1, revision + 2, 0, -1]) {
        const late = write(noun.edit(scene, id, 22, wrong));
        await expect(late).rejects.toMatchObject({ name: 'StaleWrite', label: noun.staleLabel });
      }
      expect(await noun.find(scene, id)).toEqual(kept);
      expect(await footprint(scene.database)).toEqual(before);
    });

    test('is changed by exactly one of those who read the same state', async () => {
      const { id, revision } = await make(noun);
      const marks = Array.from({ length: writersAtOnce }, (_, at) => 100 + at);
      const outcomes = await Promise.allSettled(marks.map((mark) => write(noun.edit(scene, id, mark, revision))));
      const won = outcomes.flatMap((outcome, at) => (outcome.status === 'fulfilled' ? [{ mark: marks[at]!, at: outcome.value }] : []));
      expect(won).toHaveLength(1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StaleWrite);
      const found = await noun.find(scene, id);
      expect([noun.markOf(found), found?.revision]).toEqual([won[0]!.mark, won[0]!.at]);
    });

    test('leaves every other row as it is, when it is changed and when it goes', async () => {
      const [before, it, after] = [await make(noun), await make(noun), await make(noun)];
      const others = async (): Promise<unknown[]> => [await noun.find(scene, before.id), await noun.find(scene, after.id)];
      const expected = await others();
      await write(noun.edit(scene, it.id, 31, it.revision));
      expect(await others()).toEqual(expected);
      await write(noun.remove(scene, it.id));
      expect(await others()).toEqual(expected);
      expect((await deltaOf(noun, after.revision)).map(({ id }) => id)).toEqual([it.id]);
    });

    test('that is deleted stays as a row that others hear of, and neither a change nor a second deletion finds it', async () => {
      const { id, revision } = await make(noun);
      const rows = await countOf(noun);
      const gone = await write(noun.remove(scene, id));
      expect(await noun.find(scene, id)).toBeUndefined();
      expect(await countOf(noun)).toBe(rows);
      expect(await deltaOf(noun, revision)).toEqual([{ id, isGone: true }]);
      expect(await deltaOf(noun, gone)).toEqual([]);
      for (const known of [revision, gone]) await expect(write(noun.edit(scene, id, 41, known))).rejects.toBeInstanceOf(StaleWrite);
      await expect(write(noun.remove(scene, id))).rejects.toMatchObject({ label: noun.staleLabel });
      expect(await deltaOf(noun, gone)).toEqual([]);
    });

    test('is deleted by exactly one of those who do it at once', async () => {
      const { id, revision } = await make(noun);
      const outcomes = await Promise.allSettled(Array.from({ length: writersAtOnce }, () => write(noun.remove(scene, id))));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await currentRevision(scene.database)).toBe(revision + 1);
    });

    test('and everything beside it is written in one change or not at all', async () => {
      const { id, revision } = await make(noun);
      const second = ids.uuid();
      const before = [await footprint(scene.database), await countOf(noun)];
      const half = write(noun.insert(scene, second, ids.uuid()), noun.edit(scene, id, 51, revision), noun.remove(scene, ids.uuid()));
      await expect(half).rejects.toBeInstanceOf(StaleWrite);
      expect([await footprint(scene.database), await countOf(noun)]).toEqual(before);
      expect(await noun.find(scene, second)).toBeUndefined();
      expect((await noun.find(scene, id))?.revision).toBe(revision);
    });

    test('has an id of its own, whoever makes two of one id', async () => {
      const { id, revision } = await make(noun);
      await expect(write(noun.insert(scene, id, ids.uuid()))).rejects.toBeInstanceOf(UniqueViolation);
      // An id stays taken by the row that is left of a deletion.
      await write(noun.remove(scene, id));
      await expect(write(noun.insert(scene, id, ids.uuid()))).rejects.toBeInstanceOf(UniqueViolation);
      expect((await deltaOf(noun, revision)).filter((row) => row.id === id)).toEqual([{ id, isGone: true }]);
    });
  });

  describe.each(nouns.filter(({ uniqueIndex }) => uniqueIndex !== null).map((noun) => [noun.word, noun] as const))(
    'the name of a %s',
    (_word, noun) => {
      test('is taken by one of those who want it at once, and by nobody else until that one is deleted', async () => {
        const name = ids.uuid();
        const outcomes = await Promise.allSettled(Array.from({ length: writersAtOnce }, () => make(noun, name)));
        const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
        expect(won).toHaveLength(1);
        for (const outcome of outcomes)
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ constraint: noun.uniqueIndex });
        await write(noun.remove(scene, won[0]!.id));
        const second = await make(noun, name);
        await expect(make(noun, name)).rejects.toMatchObject({ constraint: noun.uniqueIndex });
        // Rows of any number may be left of one name, of which one at most lives.
        await write(noun.remove(scene, second.id));
        expect((await noun.find(scene, (await make(noun, name)).id))?.revision).toBe(await currentRevision(scene.database));
      });

      test('changes hands within one change', async () => {
        const name = ids.uuid();
        const [first, id] = [await make(noun, name), ids.uuid()];
        await write(noun.remove(scene, first.id), noun.insert(scene, id, name));
        expect([await noun.find(scene, first.id), (await noun.find(scene, id))?.revision]).toEqual([undefined, first.revision + 1]);
      });
    },
  );

  describe.each(nouns.filter(({ hasText }) => hasText).map((noun) => [noun.word, noun] as const))('the text of a %s', (_word, noun) => {
    const nameAt = async (id: string): Promise<string> => ((await noun.find(scene, id)) as unknown as { name: string }).name;

    test.each(hostileTexts.map((text) => [JSON.stringify(text).slice(0, 40), text]))('%s is kept as it is', async (_shown, text) => {
      expect(await nameAt((await make(noun, text)).id)).toBe(text);
    });

    test('with U+0000 is refused before anything is written', async () => {
      const before = [await footprint(scene.database), await countOf(noun)];
      await expect(make(noun, 'before\0after')).rejects.toBeInstanceOf(UnfitParameter);
      expect([await footprint(scene.database), await countOf(noun)]).toEqual(before);
    });

    test('that is cut within a character comes back as one that every client can read', async () => {
      const id = ids.uuid();
      await write(noun.insert(scene, id, `${id} \ud83d`));
      expect(await nameAt(id)).toBe(`${id} \ufffd`);
    });

    test('has 1 to 255 characters in the table itself, however many bytes they are', async () => {
      for (const wrong of ['', 'x'.repeat(256), 'ü'.repeat(256)]) await expect(make(noun, wrong)).rejects.toBeInstanceOf(StorageFault);
      const longest = ids.uuid().padEnd(255, 'ü');
      expect(await nameAt((await make(noun, longest)).id)).toBe(longest);
    });
  });
});
