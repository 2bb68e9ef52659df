/** People in the database: what they are, that somebody can always administrate, their sessions, and the house's small facts. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accountNames, authDatabase, kyselyForAuth } from '../../src/storage/accounts.ts';
import { currentRevision } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite, UnfitParameter } from '../../src/storage/errors.ts';
import {
  addressesOf,
  deleteSession,
  deleteSessionsOf,
  erasePerson,
  hasAdministrator,
  insertPerson,
  listPeople,
  listSessions,
  personByEmail,
  personById,
  requireAdministrator,
  requireNoAdministrator,
  requirePersonAsOf,
  updatePerson,
  type NewPerson,
  type PersonChange,
} from '../../src/storage/people.ts';
import { listRevisions, revisionSteps } from '../../src/storage/object-revisions.ts';
import { dropSetting, putSetting, settingOf, takeSetting } from '../../src/storage/settings.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, entryOf, footprint, ids, newPerson } from './rows.ts';

onBothEngines('a person', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('comes back by id and by e-mail address, with the defaults of the house', async () => {
    const userId = await newPerson(database, { email: 'ada@example.org', name: 'Ada', role: 'manager', language: 'id' });
    const expected = {
      userId,
      email: 'ada@example.org',
      name: 'Ada',
      role: 'manager',
      permissions: null,
      language: 'id',
      timeZone: 'UTC',
      theme: 'auto',
      hasSecondFactor: false,
      disabledAtMs: null,
      createdAtMs: atMs,
      updatedAtMs: atMs,
      revision: await currentRevision(database),
    };
    expect(await personById(database, userId)).toEqual(expected);
    expect(await personByEmail(database, 'ada@example.org')).toEqual(expected);
    expect(await personById(database, ids.uuid())).toBeUndefined();
    expect(await personByEmail(database, 'ADA@example.org')).toBeUndefined();
  });

  test('has an e-mail address that nobody else has; a second one leaves nothing of itself', async () => {
    await newPerson(database, { email: 'twice@example.org' });
    const before = await footprint(database);
    await expect(newPerson(database, { email: 'twice@example.org' })).rejects.toMatchObject({ constraint: 'users_email_key' });
    expect(await footprint(database)).toEqual(before);
  });

  test('of twenty who sign up with one address at once is one', async () => {
    const email = `${ids.uuid()}@example.org`;
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => newPerson(database, { email })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  const changes: PersonChange[] = [
    { name: 'Ada Lovelace' },
    { role: 'administrator' },
    { language: 'id' },
    { timeZone: 'Asia/Jakarta' },
    { theme: 'dark' },
    { disabledAtMs: atMs + 5 },
    { name: 'B', role: 'user', language: 'en', timeZone: 'UTC', theme: 'light', disabledAtMs: null },
  ];
  test.each(changes)('changes by %j in that and nothing else', async (part) => {
    const userId = await newPerson(database);
    const before = await personById(database, userId);
    const revision = await change(database, updatePerson(database, userId, part, atMs + 9));
    expect(await personById(database, userId)).toEqual({ ...before, ...part, updatedAtMs: atMs + 9, revision });
  });

  test('is enabled again by taking the time away', async () => {
    const userId = await newPerson(database);
    await change(database, updatePerson(database, userId, { disabledAtMs: atMs }, atMs));
    await change(database, updatePerson(database, userId, { theme: 'dark' }, atMs));
    expect(await personById(database, userId)).toMatchObject({ disabledAtMs: atMs, theme: 'dark' });
    await change(database, updatePerson(database, userId, { disabledAtMs: null }, atMs));
    expect(await personById(database, userId)).toMatchObject({ disabledAtMs: null });
  });

  test('who was changed since they were read is not changed by what was decided then', async () => {
    const userId = await newPerson(database);
    const read = (await personById(database, userId))!;
    const decide = (): Promise<number> =>
      change(database, requirePersonAsOf(database, userId, read.revision), updatePerson(database, userId, { name: 'Decided' }, atMs));
    await change(database, updatePerson(database, userId, { role: 'manager' }, atMs + 1));
    await expect(decide()).rejects.toMatchObject({ label: 'stale-person' });
    expect(await personById(database, userId)).toMatchObject({ role: 'manager', updatedAtMs: atMs + 1, name: read.name });
    read.revision = await currentRevision(database);
    await decide();
    expect(await personById(database, userId)).toMatchObject({ name: 'Decided' });
  });

  test('who is deleted leaves no address and no history, and the others keep theirs', async () => {
    const [gone, stays] = [await newPerson(database), await newPerson(database, { email: 'stays@example.org' })];
    const state = { name: 'n', role: 'user' };
    for (const id of [gone, stays])
      await database.driver.write(
        revisionSteps(entryOf({ subjectType: 'user', subjectId: id }), 9, {
          after: { ...state, role: 'manager' },
          before: { revision: 0, atMs, state },
        }),
      );
    expect(await listRevisions(database, 'user', gone)).toHaveLength(2);
    await change(database, erasePerson(database, gone, atMs));
    expect(await listRevisions(database, 'user', gone)).toEqual([]);
    expect(await listRevisions(database, 'user', stays)).toHaveLength(2);
    const many = Array.from({ length: 2_100 }, () => ids.uuid());
    expect(await addressesOf(database, [gone, ...many, stays])).toEqual(new Map([[stays, 'stays@example.org']]));
    expect(await addressesOf(database, [])).toEqual(new Map());
  });

  test('who is not there cannot be changed', async () => {
    const before = await footprint(database);
    await expect(change(database, updatePerson(database, ids.uuid(), { name: 'X' }, atMs))).rejects.toMatchObject({ label: 'person' });
    expect(await footprint(database)).toEqual(before);
  });

  test('has a role, and a role that the house does not know is refused', async () => {
    await expect(newPerson(database, { role: 'owner' as NewPerson['role'] })).rejects.toMatchObject({ name: 'StorageFault' });
  });
});

onBothEngines('the list of people', (bench) => {
  let database: Database;
  let everybody: string[];
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    everybody = [];
    const names = ['Ada 100%', 'Änne', 'grace_hopper', 'GRACE', 'O\'Brien "Bob"', 'back\\slash'];
    for (const [index, name] of names.entries()) everybody.push(await newPerson(database, { name, email: `p${index}@Example.org` }));
  });
  const found = async (text: string): Promise<number[]> =>
    (await listPeople(database, { limit: 100, text })).map(({ userId }) => everybody.indexOf(userId));

  test('is newest first, and its pages are the whole', async () => {
    for (const limit of [1, 2, 4, 100]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      for (let pages = 0; pages < 20; pages++) {
        const page = await listPeople(database, { limit, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.map(({ userId }) => userId));
        if (page.length < limit) break;
        cursor = page.at(-1)!.userId;
      }
      expect(seen).toEqual(everybody.toReversed());
    }
  });

  test.each([
    ['grace', [3, 2]],
    ['GRACE', [3, 2]],
    ['p1@example', [1]],
    ['%', [0]],
    ['_', [2]],
    ['\\', [5]],
    ["O'Brien", [4]],
    ['"Bob"', [4]],
    ['Änne', [1]],
    ['ÄNNE'.replace('NNE', 'nNe'), [1]],
    ['nobody', []],
    ["' OR 1=1 --", []],
  ])('searched for %j finds it in names and addresses, signs of LIKE as they stand', async (text, expected) => {
    expect(await found(text)).toEqual(expected);
  });
});

onBothEngines('somebody can always administrate', (bench) => {
  let database: Database;
  beforeEach(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const newcomer = (): NewPerson => ({
    userId: ids.uuid(),
    accountId: ids.uuid(),
    email: `${ids.uuid()}@example.org`,
    name: 'First',
    passwordHash: 'h',
    role: 'administrator',
    language: 'en',
  });

  test('the set-up is open until there was one, and of ten who set up at once one does', async () => {
    expect(await hasAdministrator(database)).toBe(false);
    await newPerson(database, { role: 'manager' });
    expect(await hasAdministrator(database)).toBe(false);
    const setUp = (): Promise<number> => change(database, requireNoAdministrator(database), insertPerson(database, newcomer(), atMs));
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, setUp));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ label: 'is-set-up' });
    expect(await hasAdministrator(database)).toBe(true);
  });

  test('stays set up when the only administrator is disabled: nobody else gets to do it again', async () => {
    const userId = await newPerson(database, { role: 'administrator' });
    await change(database, updatePerson(database, userId, { disabledAtMs: atMs }, atMs));
    expect(await hasAdministrator(database)).toBe(true);
    await expect(change(database, requireNoAdministrator(database))).rejects.toBeInstanceOf(StaleWrite);
  });

  test.each<PersonChange>([{ disabledAtMs: atMs }, { role: 'user' }])(
    'two who each take the other away by %j at once: one remains',
    async (part) => {
      const both = [await newPerson(database, { role: 'administrator' }), await newPerson(database, { role: 'administrator' })];
      const outcomes = await Promise.allSettled(
        both.map((userId) => change(database, updatePerson(database, userId, part, atMs), requireAdministrator(database))),
      );
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { label: 'last-administrator' } });
      const people = await listPeople(database, { limit: 10 });
      expect(people.filter(({ role, disabledAtMs }) => role === 'administrator' && disabledAtMs === null)).toHaveLength(1);
    },
  );
});

onBothEngines('sessions', (bench) => {
  let database: Database;
  let userId: string;
  beforeEach(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });
  const begin = async (person: string, createdAtMs: number, expiresAtMs: number, address: string | null = '127.0.0.1'): Promise<string> => {
    const id = ids.uuid();
    // As better-auth writes them: through its own way in, with Dates on PostgreSQL.
    const time = (ms: number): Date | string => (database.driver.engine === 'postgres' ? new Date(ms) : new Date(ms).toISOString());
    const row = { id, token: ids.uuid(), user_id: person, ip_address: address, user_agent: address === null ? null : 'curl' };
    const times = { created_at: time(createdAtMs), updated_at: time(createdAtMs), expires_at: time(expiresAtMs) };
    await kyselyForAuth(database.driver)
      .insertInto('sessions')
      .values({ ...row, ...times })
      .execute();
    return id;
  };

  test('are one person’s live ones, newest first, with times to the millisecond', async () => {
    const other = await newPerson(database);
    const first = await begin(userId, atMs - 2_001, atMs + 1);
    const second = await begin(userId, atMs - 1_003, atMs + 7_777, null);
    await begin(userId, atMs - 5_000, atMs);
    await begin(other, atMs, atMs + 1_000);
    expect(await listSessions(database, userId, atMs, 10)).toEqual([
      { id: second, createdAtMs: atMs - 1_003, lastSeenAtMs: atMs - 1_003, expiresAtMs: atMs + 7_777, address: null, agent: null },
      { id: first, createdAtMs: atMs - 2_001, lastSeenAtMs: atMs - 2_001, expiresAtMs: atMs + 1, address: '127.0.0.1', agent: 'curl' },
    ]);
    expect((await listSessions(database, userId, atMs, 1)).map(({ id }) => id)).toEqual([second]);
    expect(await listSessions(database, userId, atMs + 10_000, 10)).toEqual([]);
  });

  test('are ended one by one by their own person alone', async () => {
    const other = await newPerson(database);
    const id = await begin(userId, atMs, atMs + 1_000);
    await expect(change(database, deleteSession(database, other, id))).rejects.toMatchObject({ label: 'session' });
    expect(await listSessions(database, userId, atMs, 10)).toHaveLength(1);
    await change(database, deleteSession(database, userId, id));
    expect(await listSessions(database, userId, atMs, 10)).toEqual([]);
    await expect(change(database, deleteSession(database, userId, id))).rejects.toMatchObject({ label: 'session' });
  });

  test('are ended all at once, and only that person’s', async () => {
    const other = await newPerson(database);
    for (let n = 0; n < 3; n++) await begin(userId, atMs, atMs + 1_000 + n);
    await begin(other, atMs, atMs + 1_000);
    await change(database, deleteSessionsOf(database, userId));
    expect(await listSessions(database, userId, atMs, 10)).toEqual([]);
    expect(await listSessions(database, other, atMs, 10)).toHaveLength(1);
  });

  test('a Date and an absent value pass through better-auth’s way in, and through no other', async () => {
    const find = (db: Database['db'], value: unknown): Promise<unknown> =>
      db
        .selectFrom('sessions')
        .select('id')
        .where('expires_at', '>', value as Date)
        .execute();
    for (const value of [new Date(atMs), undefined]) {
      expect(await find(kyselyForAuth(database.driver), value)).toEqual([]);
      await expect(find(database.db, value)).rejects.toBeInstanceOf(UnfitParameter);
    }
    expect(authDatabase(database.driver)).toMatchObject({ type: database.driver.engine, transaction: false });
  });
});

onBothEngines('the names given to better-auth', (bench) => {
  test('are columns that exist', async () => {
    const { driver } = createDatabase(await bench.open({ isMigrated: true }));
    for (const { modelName, fields } of Object.values(accountNames)) {
      const sql = `SELECT ${['id', ...Object.values(fields)].join(', ')} FROM ${modelName}`;
      expect(await driver.rows({ sql, params: [] })).toEqual([]);
    }
  });
});

onBothEngines('a setting', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const key = 'setup_token_hash';

  test('is put, put again, and dropped', async () => {
    expect(await settingOf(database, key)).toBeUndefined();
    await change(database, putSetting(database, key, 'one', atMs));
    await change(database, putSetting(database, key, 'two', atMs));
    expect(await settingOf(database, key)).toBe('two');
    expect(await settingOf(database, 'default_workspace_id')).toBeUndefined();
    await change(database, dropSetting(database, key));
    await change(database, dropSetting(database, key));
    expect(await settingOf(database, key)).toBeUndefined();
  });

  test('that may be used once is used by one of twenty', async () => {
    await change(database, putSetting(database, key, 'token', atMs));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => change(database, takeSetting(database, key, 'token'))));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ label: key });
  });

  test('with another value than expected stays', async () => {
    await change(database, putSetting(database, key, 'token', atMs));
    for (const value of ['Token', 'token ', '', '%'])
      await expect(change(database, takeSetting(database, key, value))).rejects.toMatchObject({ label: key });
    expect(await settingOf(database, key)).toBe('token');
  });
});

describe('the names given to better-auth', () => {
  test('name each table once', () => {
    const names = Object.values(accountNames).map(({ modelName }) => modelName);
    expect(new Set(names).size).toBe(names.length);
  });
});
