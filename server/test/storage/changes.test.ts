/** A change, its revision and its audit entry: together or not at all, and in one order for everybody. */
import { beforeAll, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/domain/audit.ts';
import { thisRevision, writeAudit, writeChange } from '../../src/storage/changes.ts';
import { currentRevision, insertStep, workspaceExists } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { ForeignKeyViolation, StaleWrite, StorageFault, UnfitParameter, UniqueViolation } from '../../src/storage/errors.ts';
import { setPreferenceStep } from '../../src/storage/model-preferences.ts';
import { claimSetting, putSetting, takeSetting } from '../../src/storage/settings.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, columnsOf, entryOf, footprint, ids, newConnection, newPerson, newWorkspace, userOwner } from './rows.ts';

interface EntryRow {
  id: string;
  revision: number;
  actor_id: string | null;
  actor_name: string;
  agent: string | null;
  changes: string | null;
}

onBothEngines('a change of configuration', (bench) => {
  let database: Database;
  let userId: string;
  let takenName: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    takenName = ids.uuid();
    await newConnection(database, userId, { name: takenName });
  });
  const entriesAt = (id: string): Promise<EntryRow[]> =>
    database.driver.rows<EntryRow>({ sql: 'SELECT * FROM audit_entries WHERE id = $1', params: [id] });
  const insertNamed = (name: string): WriteStep =>
    insertStep(database, { id: ids.uuid(), owner: userOwner(userId), createdBy: userId, nowMs: atMs, ...columnsOf({ name }) });

  test('raises the revision by one, and its rows and its entry carry the new one', async () => {
    const before = await currentRevision(database);
    const entry = entryOf();
    const id = ids.uuid();
    const step = insertStep(database, { id, owner: userOwner(userId), createdBy: userId, nowMs: atMs, ...columnsOf() });
    const written = await writeChange(database, [step], entry);
    expect(written.revision).toBe(before + 1);
    expect(await currentRevision(database)).toBe(before + 1);
    expect((await entriesAt(entry.id)).map(({ revision }) => revision)).toEqual([before + 1]);
    const row = await database.db.selectFrom('ai_configurations').select('revision').where('id', '=', id).executeTakeFirst();
    expect(row).toEqual({ revision: before + 1 });
  });

  test('hands back what each of its own steps returned, not what stands around them', async () => {
    const { db, compile } = database;
    const returning = compile(
      db.updateTable('people').set({ revision: thisRevision }).where('user_id', '=', userId).returning(['user_id', 'revision']),
    );
    const silent = putSetting(database, 'default_workspace_id', 'x', atMs);
    const { returned, revision } = await writeChange(database, [silent, returning, silent], entryOf());
    expect(returned).toEqual([[], [{ user_id: userId, revision }], []]);
  });

  const failures: [string, () => WriteStep, new (...args: never[]) => Error][] = [
    ['a taken name', () => insertNamed(takenName), UniqueViolation],
    ['a condition that no longer holds', () => takeSetting(database, 'setup_token_hash', 'never set'), StaleWrite],
    ['a claim that came second', () => claimSetting(database, 'default_workspace_id', 'second', atMs), StaleWrite],
    [
      'a reference to nothing',
      () => setPreferenceStep(database, userId, { connectionId: ids.uuid(), modelId: 'm', isEnabled: true }, atMs),
      ForeignKeyViolation,
    ],
    ['a name longer than its column', () => insertNamed('n'.repeat(4096)), StorageFault],
    ['a text with U+0000', () => insertNamed('null\0byte'), UnfitParameter],
    ['SQL that does not exist', () => ({ sql: 'UPDATE nowhere SET a = 1', params: [] }), StorageFault],
  ];
  test.each(failures)('that fails by %s leaves nothing behind, wherever the failing step stands', async (_name, failing, kind) => {
    const before = await footprint(database);
    let told = 0;
    const stop = database.driver.onConfigChange(() => (told += 1));
    for (let position = 0; position <= 3; position++) {
      const steps: WriteStep[] = [0, 1, 2].map(() => insertNamed(ids.uuid()));
      steps.splice(position, 0, failing());
      await expect(writeChange(database, steps, entryOf())).rejects.toBeInstanceOf(kind);
      expect(await footprint(database), `position ${position}`).toEqual(before);
    }
    stop();
    if (database.driver.engine === 'sqlite') expect(told).toBe(0);
  });

  test('that cannot be told in the audit log is not made', async () => {
    const before = await footprint(database);
    const unfit: Partial<AuditEntry>[] = [
      { action: 'a'.repeat(61) },
      { outcome: 'maybe' as 'success' },
      { subjectName: 'null\0byte' },
      { origin: { requestId: ids.uuid(), address: 'a'.repeat(65), agent: '' } },
      { id: 'not-an-id' },
    ];
    for (const part of unfit) {
      const failure = await writeChange(database, [insertNamed(ids.uuid())], entryOf(part)).catch((error: unknown) => error);
      expect([StorageFault, UnfitParameter].some((kind) => failure instanceof kind)).toBe(true);
      expect(await footprint(database)).toEqual(before);
    }
  });

  test('an entry of the same id twice is refused with the change that came with it', async () => {
    const entry = entryOf();
    await writeAudit(database, entry);
    const before = await footprint(database);
    const repeated = writeChange(database, [insertNamed(ids.uuid())], entry);
    await expect(repeated).rejects.toMatchObject({ constraint: 'audit_entries_pkey' });
    expect(await footprint(database)).toEqual(before);
  });

  test('is kept, and said to be, when word of it does not get out', async () => {
    const mute: Database = {
      ...database,
      driver: { ...database.driver, notifyConfigChange: () => Promise.reject(new Error('the line is dead')) },
    };
    const before = await currentRevision(database);
    const { revision } = await writeChange(mute, [insertNamed(ids.uuid())], entryOf());
    expect(revision).toBe(before + 1);
    expect(await currentRevision(database)).toBe(before + 1);
  });

  test('a workspace that a change made is there for the next', async () => {
    const id = await newWorkspace(database);
    expect(await workspaceExists(database, id)).toBe(true);
    expect(await workspaceExists(database, ids.uuid())).toBe(false);
  });
});

onBothEngines('an audit entry', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const readBack = async (entry: AuditEntry): Promise<Record<string, unknown>> =>
    (await database.driver.rows({ sql: 'SELECT * FROM audit_entries WHERE id = $1', params: [entry.id] }))[0]!;

  test('keeps who, what, on what and from where', async () => {
    const owner = { scope: 'workspace', id: ids.uuid() } as const;
    const entry = entryOf({
      actor: { userId: ids.uuid(), name: 'Ada', role: 'manager', via: 'token' },
      action: 'connection.update',
      subjectType: 'connection',
      subjectId: ids.uuid(),
      subjectName: 'Main',
      owner,
      outcome: 'refused',
      errorCode: 'FORBIDDEN',
      changes: { name: { before: 'a', after: 'b' }, secret: { after: 'changed' } },
      origin: { requestId: ids.uuid(), address: '2001:db8::1', agent: 'curl/8' },
    });
    await writeAudit(database, entry);
    expect(await readBack(entry)).toEqual({
      id: entry.id,
      at: atMs,
      actor_id: entry.actor!.userId,
      actor_name: 'Ada',
      actor_role: 'manager',
      via: 'token',
      action: 'connection.update',
      subject_type: 'connection',
      subject_id: entry.subjectId,
      subject_name: 'Main',
      scope: 'workspace',
      owner_id: owner.id,
      outcome: 'refused',
      error_code: 'FORBIDDEN',
      changes: JSON.stringify(entry.changes),
      request_id: entry.origin!.requestId,
      address: '2001:db8::1',
      agent: 'curl/8',
      revision: await currentRevision(database),
      duration_ms: null,
      // This database's chain has not begun: nobody has opened it with a vault.
      seq: null,
      hash: null,
    });
  });

  test('by itself raises no revision: a refusal is no change', async () => {
    const before = await currentRevision(database);
    await writeAudit(database, entryOf({ outcome: 'refused' }));
    expect(await currentRevision(database)).toBe(before);
  });

  test('of nobody says anonymous and has no name', async () => {
    const entry = entryOf();
    await writeAudit(database, entry);
    expect(await readBack(entry)).toMatchObject({
      actor_id: null,
      actor_name: '',
      actor_role: '',
      via: 'anonymous',
      agent: null,
      changes: null,
    });
  });

  test('cuts a long agent at 500, in the middle of a character too', async () => {
    const agents = ['a'.repeat(4000), `${'a'.repeat(499)}👩🏽‍🚀`];
    for (const agent of agents) {
      const entry = entryOf({ origin: { requestId: ids.uuid(), address: '', agent } });
      await writeAudit(database, entry);
      const kept = (await readBack(entry))['agent'] as string;
      expect(kept.slice(0, 499)).toBe('a'.repeat(499));
      expect(kept.length).toBe(500);
    }
  });

  test('stands and falls with the steps that are written beside it', async () => {
    const refused = entryOf();
    await expect(writeAudit(database, refused, [takeSetting(database, 'setup_token_hash', 'never set')])).rejects.toMatchObject({
      label: 'setup_token_hash',
      step: 0,
    });
    expect(await readBack(refused)).toBeUndefined();
    const kept = entryOf();
    await writeAudit(database, kept, [putSetting(database, 'setup_token_hash', 'h', atMs)]);
    expect(await readBack(kept)).toBeDefined();
  });
});

onBothEngines('fifty writers at once', (bench) => {
  const writers = 50;

  test('get fifty revisions in a row, and no reader ever sees a later one without the earlier ones', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const first = await currentRevision(database);
    const before = await footprint(database);
    const seen: { revision: number; entries: number }[] = [];
    const over = new AbortController();
    // The watcher asks in one statement, so that revision and rows are of one moment.
    const sql = 'SELECT (SELECT revision FROM config_revision) AS revision, (SELECT count(*) FROM audit_entries) AS entries';
    const watch = async (): Promise<void> => {
      for (let look = 0; look < 10_000 && !over.signal.aborted; look++) {
        seen.push((await database.driver.rows<{ revision: number; entries: number }>({ sql, params: [] }))[0]!);
      }
    };
    const watching = watch();
    const entries = Array.from({ length: writers }, () => entryOf());
    const written = await Promise.all(entries.map((entry) => writeChange(database, [], entry)));
    over.abort();
    await watching;
    const revisions = written.map(({ revision }) => revision);
    expect(revisions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: writers }, (_, n) => first + 1 + n));
    for (const { revision, entries: count } of seen) expect(count - (before['audit_entries'] as number)).toBe(revision - first);
    for (const [index, entry] of entries.entries()) {
      const kept = await database.driver.rows({ sql: 'SELECT revision FROM audit_entries WHERE id = $1', params: [entry.id] });
      expect(kept).toEqual([{ revision: revisions[index] }]);
    }
  });

  test('who all want the same name: one has it, the others change nothing', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const userId = await newPerson(database);
    const before = await footprint(database);
    const outcomes = await Promise.allSettled(Array.from({ length: writers }, () => newConnection(database, userId, { name: 'Main' })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ name: 'UniqueViolation', constraint: 'ai_configurations_name' });
    const after = await footprint(database);
    expect(after['revision']).toBe((before['revision'] as number) + 1);
    expect(after['audit_entries']).toBe((before['audit_entries'] as number) + 1);
  });

  test('tell a listener, at the latest with the last of them', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const last = Promise.withResolvers<void>();
    const goal = (await currentRevision(database)) + writers;
    const stop = database.driver.onConfigChange(() => {
      void currentRevision(database).then((revision) => (revision >= goal ? last.resolve() : undefined));
    });
    await Promise.all(Array.from({ length: writers }, () => change(database)));
    await last.promise;
    stop();
    expect(await currentRevision(database)).toBe(goal);
  });
});
