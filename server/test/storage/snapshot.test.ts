/** The snapshot follows the database exactly: from any revision, in pages, and while others write. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { Snapshot, type SnapshotDelta } from '../../src/domain/snapshot.ts';
import { revokeAccessKey } from '../../src/storage/access-keys.ts';
import { currentRevision, deleteSteps } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { activateOwnerKeySteps } from '../../src/storage/owner-keys.ts';
import { updatePerson } from '../../src/storage/people.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { deleteWorkspace, putMember, renameWorkspace } from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import { beginHistory, contentOf } from './history.ts';
import { seeded } from './ledger-records.ts';
import {
  atMs,
  change,
  changeConnection,
  connectionAt,
  newConnection,
  newHash,
  newKey,
  newPerson,
  newToken,
  newWorkspace,
  theOrganization,
  userOwner,
} from './rows.ts';

const everything = -1;

const fullSnapshot = async (database: Database): Promise<Snapshot> => {
  const snapshot = new Snapshot();
  snapshot.apply(await loadDelta(database, everything));
  return snapshot;
};

onBothEngines('a delta', (bench) => {
  let database: Database;
  let userId: string;
  let above: number;
  beforeEach(async () => {
    database ??= createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    above = await currentRevision(database);
  });
  const delta = (): Promise<SnapshotDelta> => loadDelta(database, above);
  const nothing = async (): Promise<SnapshotDelta> => {
    const organizationId = await theOrganization(database);
    above = await currentRevision(database);
    return {
      revision: above,
      organizationId,
      connections: [],
      accessKeys: [],
      personalTokens: [],
      people: [],
      memberships: [],
      ownerKeys: [],
      deletedWorkspaceIds: [],
      prices: [],
      repositories: [],
      useCases: [],
      routingGroups: [],
      limits: [],
      policies: [],
      aiSettings: undefined,
      alerting: undefined,
      captures: [],
      healthSettings: undefined,
      limitSettings: undefined,
    };
  };

  test('is empty where nothing changed, and above the last revision too', async () => {
    const expected = await nothing();
    expect(await delta()).toStrictEqual(expected);
    above += 100;
    expect(await delta()).toStrictEqual(expected);
  });

  test('brings a connection with its sealed values beside it', async () => {
    const expected = await nothing();
    const sealed = { secret: 'box', accessKeyId: null, headers: 'h' };
    const id = await newConnection(database, userId, { sealed });
    const bare = await newConnection(database, userId);
    const connections = [
      { id, connection: await connectionAt(database, id), sealed },
      { id: bare, connection: await connectionAt(database, bare), sealed: null },
    ];
    expect(await delta()).toEqual({ ...expected, revision: await currentRevision(database), connections });
  });

  test('brings a deleted connection as null, without anything of it', async () => {
    const id = await newConnection(database, userId, { sealed: { secret: 'box', accessKeyId: 'box', headers: 'box' } });
    await change(database, deleteSteps(database, id, atMs));
    expect((await delta()).connections).toEqual([{ id, connection: null, sealed: null }]);
  });

  test('brings each row once, as it is now, in the order of changes', async () => {
    const [first, second] = [await newConnection(database, userId), await newConnection(database, userId)];
    await changeConnection(database, first, { name: 'twice' });
    await changeConnection(database, first, { name: 'thrice' });
    const { connections } = await delta();
    expect(connections.map(({ id }) => id)).toEqual([second, first]);
    expect(connections[1]!.connection!.name).toBe('thrice');
  });

  test('brings revoked keys and tokens as revoked', async () => {
    const key = await newKey(database, userId, { models: ['m'], rpm: 3 });
    await change(database, revokeAccessKey(database, key.id, atMs + 1));
    const token = await newToken(database, userId);
    const found = await delta();
    expect(found.accessKeys).toMatchObject([{ previousHash: null, key: { ...key, revokedAtMs: atMs + 1, previousUntilMs: null } }]);
    expect(found.personalTokens).toMatchObject([{ hash: token.hash, token: { id: token.id, userId, revokedAtMs: null } }]);
  });

  test('brings people with their rights of now, the disabled as disabled, and only two languages', async () => {
    await change(
      database,
      updatePerson(database, userId, { role: 'manager', name: 'Neu', disabledAtMs: atMs, language: 'fr' as 'en' }, atMs),
    );
    expect((await delta()).people).toEqual([
      {
        userId,
        email: `${userId}@example.org`,
        name: 'Neu',
        role: 'manager',
        permissions: null,
        language: 'en',
        timeZone: 'UTC',
        isDisabled: true,
      },
    ]);
    const snapshot = await fullSnapshot(database);
    expect(snapshot.actorOf(userId, 'token')).toBeUndefined();
  });

  test('brings removed members as null and deleted workspaces by id', async () => {
    const [kept, gone] = [await newWorkspace(database), await newWorkspace(database)];
    for (const workspaceId of [kept, gone]) await change(database, putMember(database, { workspaceId, userId, role: 'ADMIN' }, atMs));
    const snapshot = await fullSnapshot(database);
    expect([...snapshot.memberships.get(userId)!.keys()].toSorted()).toEqual([kept, gone].toSorted());
    above = snapshot.revision;
    await change(database, putMember(database, { workspaceId: kept, userId, role: 'NONE' }, atMs));
    await change(database, deleteWorkspace(database, gone, atMs));
    const found = await delta();
    expect(found.memberships).toEqual([{ workspaceId: kept, userId, role: null }]);
    expect(found.deletedWorkspaceIds).toEqual([gone]);
    expect(found).not.toHaveProperty('changedWorkspaceIds');
    above = found.revision;
    await change(database, renameWorkspace(database, kept, `renamed ${kept}`, atMs));
    expect(await delta()).toMatchObject({ changedWorkspaceIds: [kept], deletedWorkspaceIds: [] });
    snapshot.apply(found);
    expect([...snapshot.memberships.get(userId)!.keys()]).toEqual([]);
    expect([...((await fullSnapshot(database)).memberships.get(userId)?.keys() ?? [])]).toEqual([]);
  });

  test('brings the keys of an owner whole, the older versions too', async () => {
    const owner = userOwner(userId);
    const other = userOwner(await newPerson(database));
    for (const version of [1, 2])
      await change(database, activateOwnerKeySteps(database, owner, { version, salt: new Uint8Array(32).fill(version) }, atMs));
    await change(database, activateOwnerKeySteps(database, other, { version: 1, salt: new Uint8Array(32) }, atMs));
    above = await currentRevision(database);
    await change(database, activateOwnerKeySteps(database, owner, { version: 3, salt: new Uint8Array(32).fill(3) }, atMs));
    const { ownerKeys } = await delta();
    expect(ownerKeys.map((entry) => [entry.owner, entry.keys.map((key) => [key.version, key.salt[31], key.isActive])])).toEqual([
      [
        owner,
        [
          [1, 1, false],
          [2, 2, false],
          [3, 3, true],
        ],
      ],
    ]);
  });
});

onBothEngines('a history of 300 random changes', (bench) => {
  test.each([1, 20_261_120])('seed %i: whoever follows from any revision knows what a full load knows', async (seed) => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const below = seeded(seed);
    const next = await beginHistory(database, below);
    const followers: Snapshot[] = [];
    const everyStep = await fullSnapshot(database);
    let made = 0;
    for (let tries = 0; tries < 1_500 && made < 300; tries++) {
      if (!(await next())) continue;
      made += 1;
      everyStep.apply(await loadDelta(database, everyStep.revision));
      followers.push(await fullSnapshot(database));
    }
    expect(made).toBe(300);
    const expected = contentOf(await fullSnapshot(database));
    expect(expected).toMatchObject({ isIndexed: true, revision: await currentRevision(database) });
    expect(contentOf(everyStep)).toEqual(expected);
    const text = JSON.stringify(expected);
    for (const follower of followers) {
      follower.apply(await loadDelta(database, follower.revision));
      if (JSON.stringify(contentOf(follower)) !== text) expect(contentOf(follower)).toEqual(expected);
    }
  });

  test('by six writers at once: who follows meanwhile misses nothing', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const writers = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => beginHistory(database, seeded(seed))));
    const snapshot = await fullSnapshot(database);
    const over = new AbortController();
    const follow = async (): Promise<number> => {
      let loads = 0;
      for (; loads < 20_000 && !over.signal.aborted; loads++) snapshot.apply(await loadDelta(database, snapshot.revision));
      return loads;
    };
    const following = follow();
    const write = async (next: () => Promise<boolean>): Promise<void> => {
      for (let n = 0; n < 60; n++) await next();
    };
    await Promise.all(writers.map(write));
    over.abort();
    expect(await following).toBeGreaterThan(5);
    snapshot.apply(await loadDelta(database, snapshot.revision));
    const full = await fullSnapshot(database);
    expect(full.connections.size).toBeGreaterThan(20);
    expect(contentOf(snapshot)).toEqual(contentOf(full));
  });
});

onBothEngines('a load of more rows than a page', (bench) => {
  let database: Database;
  /** Two full pages and a bit, exactly two pages, and one row more than a page. */
  const counts = { connections: 12_003, accessKeys: 10_000, personalTokens: 5_001, people: 5_002, memberships: 10_001 };
  const uuid = (n: number): string => `018f0000-0000-7000-8000-${String((n * 7_919) % 100_003).padStart(12, '0')}`;
  /** A few hundred rows share a revision, so that pages end in the middle of one. */
  const revisionOf = (n: number): number => 10 + (n % 37);
  const rows = <T>(count: number, row: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => row(n));

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    const { driver } = database;
    const creator = await newPerson(database);
    const workspaces = [await newWorkspace(database), await newWorkspace(database)];
    const time = driver.engine === 'sqlite' ? '2026-01-01T00:00:00.000Z' : '2026-01-01';
    const no = driver.engine === 'sqlite' ? 0 : false;
    // The creator is one of the people, by a revision of their own.
    const more = rows(counts.people - 1, (n) => n);
    await driver.write([
      {
        insertInto: 'users',
        columns: ['id', 'name', 'email', 'email_verified', 'created_at', 'updated_at'],
        rows: more.map((n) => [uuid(n), `P${n}`, `p${n}@example.org`, no, time, time]),
      },
      { insertInto: 'people', columns: ['user_id', 'role', 'revision'], rows: more.map((n) => [uuid(n), 'user', revisionOf(n)]) },
      {
        insertInto: 'workspace_members',
        columns: ['workspace_id', 'user_id', 'role', 'revision'],
        rows: rows(counts.memberships, (n) => [workspaces[n % 2], uuid(Math.floor(n / 2)), 'READ', revisionOf(n)]),
      },
      {
        insertInto: 'ai_configurations',
        columns: ['id', 'user_id', 'scope', 'owner_id', 'name', 'name_key', 'provider', 'origin', 'api_key_encrypted', 'revision'],
        rows: rows(counts.connections, (n) => [
          uuid(n),
          creator,
          'user',
          creator,
          `c${n}`,
          `c${n}`,
          'openai',
          'https://x',
          `box ${n}`,
          revisionOf(n),
        ]),
      },
      {
        insertInto: 'access_keys',
        columns: ['id', 'user_id', 'name', 'hash', 'last4', 'revision'],
        rows: rows(counts.accessKeys, (n) => [uuid(n), creator, `k${n}`, newHash(), 'abcd', revisionOf(n)]),
      },
      {
        insertInto: 'personal_tokens',
        columns: ['id', 'user_id', 'name', 'hash', 'last4', 'revision'],
        rows: rows(counts.personalTokens, (n) => [uuid(n), creator, `t${n}`, newHash(), 'abcd', revisionOf(n)]),
      },
      { sql: 'UPDATE config_revision SET revision = 100', params: [] },
    ]);
  });

  test('brings every row once', async () => {
    const delta = await loadDelta(database, everything);
    const distinct = {
      connections: new Set(delta.connections.map(({ connection }) => connection!.name)).size,
      accessKeys: new Set(delta.accessKeys.map(({ hash }) => hash)).size,
      personalTokens: new Set(delta.personalTokens.map(({ hash }) => hash)).size,
      people: new Set(delta.people.map(({ userId }) => userId)).size,
      memberships: new Set(delta.memberships.map(({ workspaceId, userId }) => `${workspaceId} ${userId}`)).size,
    };
    expect(distinct).toEqual(counts);
    expect(Object.fromEntries(Object.keys(counts).map((kind) => [kind, delta[kind as keyof typeof counts].length]))).toEqual(counts);
    expect(delta.connections.every(({ connection, sealed }) => sealed!.secret === `box ${connection!.name.slice(1)}`)).toBe(true);
  });

  test('above a revision brings exactly the rows above it', async () => {
    const above = 28;
    const delta = await loadDelta(database, above);
    const expected = rows(counts.connections, revisionOf).filter((revision) => revision > above).length;
    expect(delta.connections.length).toBe(expected);
    expect(delta.connections.every(({ connection }) => connection!.revision > above)).toBe(true);
    expect(delta.memberships.length).toBe(rows(counts.memberships, revisionOf).filter((revision) => revision > above).length);
  });
});
