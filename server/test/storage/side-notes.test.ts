/** What is noted beside configuration, on both engines: the last tests of connections, models that people chose, who changed a thing last, and what the database says of itself. */
import { beforeAll, describe, expect, test } from 'vitest';
import { aiSettingsDefault } from '../../src/domain/ai-settings.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import { aiSettingsAbove, aiSettingsOf, putAiSettings, staleAiSettings } from '../../src/storage/ai-settings.ts';
import { writeAudit, writeChange } from '../../src/storage/changes.ts';
import { addTestSteps, listTests, testsKeptMax } from '../../src/storage/connection-tests.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { listInstanceIds, openBooks, rereadBooks, touchInstance } from '../../src/storage/instances.ts';
import { ForeignKeyViolation } from '../../src/storage/errors.ts';
import { lastChangeAbove } from '../../src/storage/last-changes.ts';
import { listPreferences, peopleWithPreferences, setPreferenceStep } from '../../src/storage/model-preferences.ts';
import { dropSetting, putSetting, settingOf, takeSetting } from '../../src/storage/settings.ts';
import { databaseFacts, instancesSince, masterKeyAges } from '../../src/storage/system.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, entryOf, ids, newConnection, newPerson } from './rows.ts';

onBothEngines('beside configuration', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  describe('the last tests of a connection', () => {
    let userId: string;
    beforeAll(async () => {
      userId = await newPerson(database);
    });
    const added = async (connectionId: string, at: number, id: string = ids.uuid()): Promise<void> => {
      const resultJson = JSON.stringify({ at, said: 'ü “ok”' });
      await database.driver.write(addTestSteps(database, { id, connectionId, userId, atMs: at, resultJson }));
    };
    const timesOf = async (connectionId: string): Promise<number[]> => (await listTests(database, connectionId)).map((one) => one.atMs);

    test('come back as they were written, newest first, and those of another connection are its own', async () => {
      const [one, other] = [await newConnection(database, userId), await newConnection(database, userId)];
      for (const at of [atMs + 1, atMs + 3, atMs + 2]) await added(one, at);
      expect(await timesOf(one)).toEqual([atMs + 3, atMs + 2, atMs + 1]);
      expect((await listTests(database, one))[0]?.resultJson).toBe(JSON.stringify({ at: atMs + 3, said: 'ü “ok”' }));
      expect(await timesOf(other)).toEqual([]);
    });

    test('are kept up to a number: the newest stay, the oldest go with each new one, and no other connection loses any', async () => {
      const [one, other] = [await newConnection(database, userId), await newConnection(database, userId)];
      await added(other, atMs - 1_000);
      for (let at = 0; at < testsKeptMax + 5; at++) await added(one, atMs + at);
      const newest = Array.from({ length: testsKeptMax }, (_, back) => atMs + testsKeptMax + 4 - back);
      expect(await timesOf(one)).toEqual(newest);
      const rows = await database.db.selectFrom('connection_tests').select('id').where('connection_id', '=', one).execute();
      expect(rows).toHaveLength(testsKeptMax);
      expect(await timesOf(other)).toEqual([atMs - 1_000]);
    });

    test('that come late, with an older time than all that are kept, push none of them out', async () => {
      const one = await newConnection(database, userId);
      for (let at = 0; at < testsKeptMax; at++) await added(one, atMs + at);
      const before = await timesOf(one);
      await added(one, atMs - 1);
      expect(await timesOf(one)).toEqual(before);
    });

    test('of a connection that is not there are not written, and nothing is taken away for them', async () => {
      await expect(added(ids.uuid(), atMs)).rejects.toBeInstanceOf(ForeignKeyViolation);
    });
  });

  describe('models that people chose', () => {
    let people: string[];
    let connections: string[];
    beforeAll(async () => {
      people = [await newPerson(database), await newPerson(database)];
      connections = [await newConnection(database, people[0]!), await newConnection(database, people[0]!)].toSorted();
    });
    const choose = (person: number, connection: number, modelId: string, isEnabled: boolean) =>
      change(database, setPreferenceStep(database, people[person]!, { connectionId: connections[connection]!, modelId, isEnabled }, atMs));

    test('are the last word of each person on each model, and nobody else’s', async () => {
      await choose(0, 0, 'b', true);
      await choose(0, 0, 'a', false);
      await choose(0, 1, 'a', true);
      await choose(1, 0, 'a', true);
      await choose(0, 0, 'b', false);
      const [first, second] = [{ connectionId: connections[0]! }, { connectionId: connections[1]! }];
      const ofFirst = [
        { ...first, modelId: 'a', isEnabled: false },
        { ...first, modelId: 'b', isEnabled: false },
      ];
      expect(await listPreferences(database, people[0]!, null)).toEqual([...ofFirst, { ...second, modelId: 'a', isEnabled: true }]);
      expect(await listPreferences(database, people[0]!, connections[0]!)).toEqual(ofFirst);
      expect(await listPreferences(database, people[1]!, null)).toEqual([{ ...first, modelId: 'a', isEnabled: true }]);
      expect(await listPreferences(database, ids.uuid(), null)).toEqual([]);
    });

    test('count each person once, however many models that one chose', async () => {
      const [connection] = [await newConnection(database, people[0]!)];
      expect(await peopleWithPreferences(database, connection)).toBe(0);
      for (const userId of people)
        for (const modelId of ['a', 'b', 'c'])
          await change(database, setPreferenceStep(database, userId, { connectionId: connection, modelId, isEnabled: false }, atMs));
      expect(await peopleWithPreferences(database, connection)).toBe(2);
    });
  });

  describe('who changed a thing last', () => {
    const ada = { userId: ids.uuid(), name: 'Ada', role: 'administrator' as const, via: 'session' as const };
    const about = (subjectId: string, part: Partial<AuditEntry> = {}): AuditEntry =>
      entryOf({ subjectType: 'policy', subjectId, actor: ada, changes: { name: { after: 'x' } }, ...part });
    const changed = async (entry: AuditEntry): Promise<number> => (await writeChange(database, [], entry)).revision;

    test('is who made the newest change above what was read, and nobody from that one on', async () => {
      const subject = { type: 'policy', id: ids.uuid() };
      const first = await changed(about(subject.id));
      const second = await changed(about(subject.id, { atMs: atMs + 5, actor: { ...ada, name: 'Budi' } }));
      expect(await lastChangeAbove(database, subject, first - 1)).toEqual({ atMs: atMs + 5, actor: { id: ada.userId, name: 'Budi' } });
      expect((await lastChangeAbove(database, subject, first))?.actor?.name).toBe('Budi');
      expect(await lastChangeAbove(database, subject, second)).toBeUndefined();
    });

    test('is of one moment the later entry, and without a name where nobody was signed in', async () => {
      const subject = { type: 'policy', id: ids.uuid() };
      const first = await changed(about(subject.id));
      await changed(about(subject.id, { actor: null }));
      expect(await lastChangeAbove(database, subject, first - 1)).toEqual({ atMs, actor: null });
    });

    test('is nobody who was refused, who changed no field, or who changed another thing of that id', async () => {
      const subject = { type: 'policy', id: ids.uuid() };
      const read = await changed(about(ids.uuid()));
      await changed(about(subject.id, { outcome: 'failed' }));
      await changed(about(subject.id, { changes: null }));
      await changed(about(subject.id, { subjectType: 'limit' }));
      await writeAudit(database, about(subject.id, { outcome: 'refused', errorCode: 'FORBIDDEN' }));
      expect(await lastChangeAbove(database, subject, read)).toBeUndefined();
    });
  });

  describe('small facts of the installation', () => {
    test('a setting is one text: the last one, taken by whoever knows it, once', async () => {
      const key = 'setup_token_hash' as const;
      expect(await settingOf(database, key)).toBeUndefined();
      for (const value of ['old', 'new “ü”']) await change(database, putSetting(database, key, value, atMs));
      await change(database, putSetting(database, 'environment_token_id', 'stays', atMs));
      expect(await settingOf(database, key)).toBe('new “ü”');
      await expect(change(database, takeSetting(database, key, 'old'))).rejects.toMatchObject({ name: 'StaleWrite', label: key });
      expect(await settingOf(database, key)).toBe('new “ü”');
      await change(database, takeSetting(database, key, 'new “ü”'));
      await expect(change(database, takeSetting(database, key, 'new “ü”'))).rejects.toMatchObject({ label: key });
      await change(database, dropSetting(database, key));
      expect([await settingOf(database, key), await settingOf(database, 'environment_token_id')]).toEqual([undefined, 'stays']);
    });

    test('AI settings are the defaults until they are saved, and nulls come back as nulls', async () => {
      expect(await aiSettingsOf(database)).toEqual(aiSettingsDefault);
      expect(await aiSettingsAbove(database, 0)).toBeUndefined();
      const kept = { maxTokens: null, temperature: null, isEnvironmentUsed: false };
      const revision = await change(database, putAiSettings(database, kept, { readRevision: 0, nowMs: atMs }));
      expect(await aiSettingsOf(database)).toEqual({ ...kept, savedAtMs: atMs, revision });
      expect(await aiSettingsAbove(database, revision - 1)).toEqual({ ...kept, savedAtMs: atMs, revision });
      const late = putAiSettings(database, { ...kept, maxTokens: 5 }, { readRevision: 0, nowMs: atMs + 1 });
      await expect(change(database, late)).rejects.toMatchObject({ name: 'StaleWrite', label: staleAiSettings });
      expect((await aiSettingsOf(database)).maxTokens).toBeNull();
    });

    test('the database says its version and a size that grows with what is in it', async () => {
      const before = await databaseFacts(database);
      expect(before.version).toMatch(/^\d+\.\d+/);
      const text = 'x'.repeat(1_000);
      for (let round = 0; round < 4; round++)
        await database.driver.write([
          {
            insertInto: 'audit_entries',
            columns: ['id', 'at', 'actor_name', 'actor_role', 'via', 'action', 'subject_type', 'outcome', 'changes'],
            rows: Array.from({ length: 250 }, () => [ids.uuid(), atMs, '', '', 'system', 'thing.change', 'thing', 'success', text]),
          },
        ]);
      expect((await databaseFacts(database)).bytes).toBeGreaterThan(before.bytes + 500_000);
    });

    test('master keys are told by their check values, the newest first, and never with the key', async () => {
      const columns = ['version', 'kcv', 'status', 'created_at'];
      const rows = [1, 2, 3].map((version) => [version, `kcv-${version}`, version === 3 ? 'active' : 'retired', atMs + version]);
      await database.driver.write([{ insertInto: 'master_keys', columns, rows }]);
      expect(await masterKeyAges(database)).toEqual([
        { version: 3, kcv: 'kcv-3', status: 'active', createdAtMs: atMs + 3 },
        { version: 2, kcv: 'kcv-2', status: 'retired', createdAtMs: atMs + 2 },
        { version: 1, kcv: 'kcv-1', status: 'retired', createdAtMs: atMs + 1 },
      ]);
    });
  });

  describe('instances of one installation', () => {
    describe('that live', () => {
      test('are those seen since a moment, the youngest first; one that starts again is the same one', async () => {
        const [old, young] = [ids.uuid(), ids.uuid()];
        const first = await openBooks(database, old, atMs);
        await openBooks(database, young, atMs + 10);
        expect(first.lastSeenMs).toBeNull();
        const both = [
          { id: young, startedAtMs: atMs + 10, seenAtMs: atMs + 10 },
          { id: old, startedAtMs: atMs, seenAtMs: atMs },
        ];
        expect(await instancesSince(database, atMs)).toEqual(both);
        expect(await instancesSince(database, atMs + 1)).toEqual([both[0]]);
        await touchInstance(database, first.books, atMs + 20);
        expect((await instancesSince(database, atMs + 20)).map(({ id, startedAtMs }) => [id, startedAtMs])).toEqual([[old, atMs]]);
        const again = await openBooks(database, old, atMs + 30);
        expect([again.lastSeenMs, again.books.shard]).toEqual([atMs + 20, first.books.shard]);
        expect((await instancesSince(database, atMs))[0]).toEqual({ id: old, startedAtMs: atMs + 30, seenAtMs: atMs + 30 });
      });
      test('have each a shard of its own, also where they begin at once', async () => {
        const begun = await Promise.all(Array.from({ length: 4 }, () => openBooks(database, ids.uuid(), atMs - 1_000)));
        const shards = begun.map(({ books }) => books.shard);
        expect(new Set(shards).size).toBe(4);
        const inOrder = begun.toSorted((one, other) => one.books.shard - other.books.shard).map(({ books }) => books.instanceId);
        expect((await listInstanceIds(database)).filter((id) => inOrder.includes(id))).toEqual(inOrder);
      });
      test('write for themselves alone: whoever holds an older place is refused until it has read again', async () => {
        const id = ids.uuid();
        const { books: older } = await openBooks(database, id, atMs, 7);
        const { books } = await openBooks(database, id, atMs + 1);
        expect([older.appliedSeq, books.appliedSeq]).toEqual([7, 7]);
        await expect(touchInstance(database, older, atMs + 2)).rejects.toMatchObject({ name: 'StaleWrite', label: 'instance' });
        expect(older.seenAtMs).toBe(atMs);
        await rereadBooks(database, older);
        await touchInstance(database, older, atMs + 3);
        await expect(touchInstance(database, books, atMs + 4)).rejects.toMatchObject({ label: 'instance' });
      });
    });
  });
});
