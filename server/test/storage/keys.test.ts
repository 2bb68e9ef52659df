/** Access keys and personal tokens at rest: found by hash, changed while they live, and their use is no change of configuration. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AccessKey } from '../../src/domain/access-key.ts';
import {
  accessKeyById,
  insertAccessKey,
  listAccessKeys,
  revokeAccessKey,
  rotateAccessKey,
  updateAccessKey,
  type AccessKeyScope,
} from '../../src/storage/access-keys.ts';
import { currentRevision } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { noteKeyUses } from '../../src/storage/key-uses.ts';
import { insertToken, listTokens, liveTokenOf, revokeToken, tokenByHash } from '../../src/storage/personal-tokens.ts';
import { Parameters, visibleCondition } from '../../src/storage/visibility.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, footprint, ids, keyOf, newHash, newKey, newPerson, newToken, newWorkspace, tokenOf } from './rows.ts';

onBothEngines('an access key', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });

  test('comes back as it was made: with every limit, and with none', async () => {
    const workspaceId = await newWorkspace(database);
    const limits = {
      models: ['gpt-4o', 'openai/*', 'qu"ote'],
      rpm: 60,
      tpm: 1_000_000,
      budgetNanoUsd: 9_007_199_254_740_991,
      expiresAtMs: atMs + 1,
    };
    for (const part of [{}, { workspaceId, ...limits }, { models: [] }, { budgetNanoUsd: 0 }]) {
      const key = await newKey(database, userId, part);
      expect(await accessKeyById(database, key.id)).toMatchObject({ ...key, updatedAtMs: atMs, lastUsedAtMs: null });
    }
  });

  test.each<Partial<AccessKey>>([
    { rpm: 0 },
    { rpm: -1 },
    { tpm: 0 },
    { budgetNanoUsd: -1 },
    { name: '' },
    { name: 'n'.repeat(256) },
    { last4: '12345' },
  ])('with %j is refused', async (part) => {
    await expect(newKey(database, userId, part)).rejects.toMatchObject({ name: 'StorageFault' });
  });

  test('is one per hash', async () => {
    const hash = newHash();
    await change(database, insertAccessKey(database, keyOf(userId), hash));
    await expect(change(database, insertAccessKey(database, keyOf(userId), hash))).rejects.toMatchObject({
      constraint: 'access_keys_hash_key',
    });
  });

  test('changes in its limits and name, and in nothing else', async () => {
    const key = await newKey(database, userId, { models: ['a'], rpm: 1, tpm: 2, budgetNanoUsd: 3, expiresAtMs: 4 });
    const next = { ...key, name: 'Next', models: null, rpm: 10, tpm: null, budgetNanoUsd: null, expiresAtMs: null };
    await change(database, updateAccessKey(database, { ...next, last4: 'evil', userId: ids.uuid(), createdAtMs: 1 }, atMs + 5));
    expect(await accessKeyById(database, key.id)).toMatchObject({ ...next, updatedAtMs: atMs + 5, lastUsedAtMs: null });
  });

  test('rotated has another hash, and keeps the one before for as long as it was told to', async () => {
    const made = await newKey(database, userId);
    const before = (await accessKeyById(database, made.id))!;
    const stored = () => database.db.selectFrom('access_keys').selectAll().where('id', '=', made.id).executeTakeFirstOrThrow();
    const { hash: old } = await stored();
    const [first, second] = [newHash(), newHash()];
    await change(database, rotateAccessKey(database, before, { hash: first, last4: 'next', previousUntilMs: atMs + 9 }, atMs + 5));
    expect(await stored()).toMatchObject({
      hash: first,
      last4: 'next',
      previous_hash: old,
      previous_until: atMs + 9,
      updated_at: atMs + 5,
    });
    // Whoever read the key before that comes too late.
    const late = rotateAccessKey(database, before, { hash: second, last4: 'late', previousUntilMs: null }, atMs + 6);
    await expect(change(database, late)).rejects.toMatchObject({ label: 'access-key' });
    const now = (await accessKeyById(database, made.id))!;
    await change(database, rotateAccessKey(database, now, { hash: second, last4: 'last', previousUntilMs: null }, atMs + 7));
    expect(await stored()).toMatchObject({ hash: second, previous_hash: null, previous_until: null });
  });

  test('revoked is not found, not changed and not revoked again, and its row stays for the books', async () => {
    const key = await newKey(database, userId);
    const revision = await change(database, revokeAccessKey(database, key.id, atMs + 7));
    const before = await footprint(database);
    expect(await accessKeyById(database, key.id)).toBeUndefined();
    for (const step of [updateAccessKey(database, key, atMs), revokeAccessKey(database, key.id, atMs)])
      await expect(change(database, step)).rejects.toMatchObject({ label: 'access-key' });
    expect(await footprint(database)).toEqual(before);
    const row = await database.db.selectFrom('access_keys').select(['revoked_at', 'revision']).where('id', '=', key.id).executeTakeFirst();
    expect(row).toEqual({ revoked_at: atMs + 7, revision });
  });

  test('of twenty who revoke it at once one does', async () => {
    const key = await newKey(database, userId);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => change(database, revokeAccessKey(database, key.id, atMs + n))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });
});

onBothEngines('the list of access keys', (bench) => {
  let database: Database;
  let ada: string;
  let bob: string;
  let team: string;
  let keys: string[];
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    [ada, bob, team] = [await newPerson(database), await newPerson(database), await newWorkspace(database)];
    const made = [
      await newKey(database, ada),
      await newKey(database, bob),
      await newKey(database, bob, { workspaceId: team }),
      await newKey(database, ada, { workspaceId: team }),
    ];
    keys = made.map(({ id }) => id);
    const gone = await newKey(database, ada);
    await change(database, revokeAccessKey(database, gone.id, atMs));
  });
  const listed = async (scope: AccessKeyScope, page: { limit?: number; cursor?: string; workspaceId?: string } = {}): Promise<number[]> =>
    (await listAccessKeys(database, scope, { limit: 100, ...page }, atMs)).map(({ id }) => keys.indexOf(id));

  test('holds what one may see: everything, one’s own, or one’s workspaces’ too; newest first', async () => {
    expect(await listed('all')).toEqual([3, 2, 1, 0]);
    expect(await listed({ userId: ada, workspaceIds: [] })).toEqual([3, 0]);
    expect(await listed({ userId: ada, workspaceIds: [team] })).toEqual([3, 2, 0]);
    expect(await listed({ userId: ids.uuid(), workspaceIds: [] })).toEqual([]);
    expect(await listed({ userId: ids.uuid(), workspaceIds: [ids.uuid(), team] })).toEqual([3, 2]);
  });

  test('narrows to a workspace without widening what one may see', async () => {
    expect(await listed('all', { workspaceId: team })).toEqual([3, 2]);
    expect(await listed({ userId: bob, workspaceIds: [] }, { workspaceId: team })).toEqual([2]);
  });

  test('comes in pages that together are the whole', async () => {
    for (const limit of [1, 2, 3]) {
      const seen: number[] = [];
      for (let pages = 0; pages < 10; pages++) {
        const last = seen.at(-1);
        const page = await listed('all', { limit, ...(last === undefined ? {} : { cursor: keys[last]! }) });
        seen.push(...page);
        if (page.length < limit) break;
      }
      expect(seen).toEqual([3, 2, 1, 0]);
    }
  });
});

onBothEngines('a personal token', (bench) => {
  let database: Database;
  let userId: string;
  beforeEach(async () => {
    database ??= createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });

  test('is found by its hash, revoked or not: a revoked one is told from one that never was', async () => {
    const { id, hash } = await newToken(database, userId, { name: 'Laptop', last4: 'zzzz', expiresAtMs: atMs + 1 });
    const token = { ...tokenOf(userId), id, last4: 'zzzz', expiresAtMs: atMs + 1 };
    expect(await tokenByHash(database, hash)).toEqual(token);
    await change(database, revokeToken(database, id, atMs + 2));
    expect(await tokenByHash(database, hash)).toEqual({ ...token, revokedAtMs: atMs + 2 });
    expect(await tokenByHash(database, newHash())).toBeUndefined();
    expect(await tokenByHash(database, hash.toUpperCase())).toBeUndefined();
  });

  test('is revoked once', async () => {
    const { id } = await newToken(database, userId);
    await change(database, revokeToken(database, id, atMs));
    await expect(change(database, revokeToken(database, id, atMs))).rejects.toMatchObject({ label: 'token' });
    await expect(change(database, revokeToken(database, ids.uuid(), atMs))).rejects.toMatchObject({ label: 'token' });
  });

  test('is live for its own person alone', async () => {
    const { id } = await newToken(database, userId);
    expect(await liveTokenOf(database, userId, id)).toMatchObject({ id, userId });
    expect(await liveTokenOf(database, await newPerson(database), id)).toBeUndefined();
    await change(database, revokeToken(database, id, atMs));
    expect(await liveTokenOf(database, userId, id)).toBeUndefined();
  });

  test('is listed newest first, in pages, while it lives', async () => {
    const made: string[] = [];
    for (let n = 0; n < 4; n++) made.push((await newToken(database, userId)).id);
    await newToken(database, await newPerson(database));
    await change(database, revokeToken(database, made[1]!, atMs));
    const first = await listTokens(database, userId, { limit: 2 }, atMs);
    expect(first.map(({ id }) => id)).toEqual([made[3], made[2]]);
    expect((await listTokens(database, userId, { limit: 2, cursor: made[2]! }, atMs)).map(({ id }) => id)).toEqual([made[0]]);
  });

  test('is one per hash', async () => {
    const { hash } = await newToken(database, userId);
    await expect(change(database, insertToken(database, tokenOf(userId), hash))).rejects.toMatchObject({
      constraint: 'personal_tokens_hash_key',
    });
  });
});

onBothEngines('the use of a key', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });
  const lastUseOf = async (key: AccessKey): Promise<number | null> => (await accessKeyById(database, key.id))!.lastUsedAtMs;

  test('is noted, and raises no revision: neither the house’s nor the key’s', async () => {
    const [first, second] = [await newKey(database, userId), await newKey(database, userId)];
    const before = await currentRevision(database);
    await noteKeyUses(database, [second.id, first.id, first.id], atMs + 1);
    expect(await currentRevision(database)).toBe(before);
    expect([await lastUseOf(first), await lastUseOf(second)]).toEqual([atMs + 1, atMs + 1]);
    const changed = await database.db.selectFrom('access_keys').select('id').where('revision', '>', before).execute();
    expect(changed).toEqual([]);
  });

  test('told late by another instance does not turn the time back', async () => {
    const key = await newKey(database, userId);
    await noteKeyUses(database, [key.id], atMs + 10);
    await noteKeyUses(database, [key.id], atMs + 5);
    expect(await lastUseOf(key)).toBe(atMs + 10);
    await noteKeyUses(database, [key.id], atMs + 20);
    expect(await lastUseOf(key)).toBe(atMs + 20);
  });

  test('of a key that is not there is left out, and the others are noted', async () => {
    const key = await newKey(database, userId);
    await noteKeyUses(database, [ids.uuid(), key.id], atMs + 3);
    expect(await lastUseOf(key)).toBe(atMs + 3);
    await noteKeyUses(database, [], atMs);
  });

  test('by many at once ends with the latest', async () => {
    const made = [await newKey(database, userId), await newKey(database, userId), await newKey(database, userId)];
    const all = made.map(({ id }) => id);
    await Promise.all(Array.from({ length: 30 }, (_, n) => noteKeyUses(database, n % 2 ? all : all.toReversed(), atMs + ((n * 7) % 30))));
    for (const key of made) expect(await lastUseOf(key)).toBe(atMs + 29);
  });
});

describe('whose rows of the books one may see', () => {
  test('an administrator: all, without a parameter', () => {
    const parameters = new Parameters();
    expect(visibleCondition('all', 'e', parameters)).toBe('TRUE');
    expect(parameters.values).toEqual([]);
  });
  test('anybody else: their own, and those of workspaces that they administrate; never their text in the SQL', () => {
    const parameters = new Parameters();
    parameters.add('before');
    const evil = "x' OR '1'='1";
    expect(visibleCondition({ userId: evil, workspaceIds: [] }, 'e', parameters)).toBe('e.user_id = $2');
    expect(visibleCondition({ userId: evil, workspaceIds: [evil, 'w'] }, 'd', parameters)).toBe(
      '(d.user_id = $3 OR d.workspace_id IN ($4, $5))',
    );
    expect(parameters.values).toEqual(['before', evil, evil, evil, 'w']);
  });
});
