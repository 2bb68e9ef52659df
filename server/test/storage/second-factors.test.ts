/** Second factors and invitations at rest, and what is left of a person who was deleted. */
import { beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import {
  acceptInvitation,
  insertInvitation,
  invitationByHash,
  invitationById,
  listInvitations,
  revokeInvitation,
  type NewInvitation,
} from '../../src/storage/invitations.ts';
import {
  deleteOtherSessions,
  erasePerson,
  listPeople,
  noteSessionUses,
  personByEmail,
  personById,
  updatePerson,
} from '../../src/storage/people.ts';
import { dropFactor, moveFactor, storedFactors } from '../../src/storage/second-factors.ts';
import { namesOfKeys, revokeAccessKey } from '../../src/storage/access-keys.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, ids, newHash, newKey, newPerson, newToken, newWorkspace } from './rows.ts';

async function newFactor(database: Database, userId: string, secret = 'sealed'): Promise<string> {
  const id = ids.uuid();
  const isOn = database.driver.engine === 'sqlite' ? 1 : true;
  await database.db
    .insertInto('two_factors')
    .values({ id, user_id: userId, secret, backup_codes: `${secret} codes`, verified: isOn })
    .execute();
  await database.db.updateTable('users').set({ two_factor_enabled: isOn }).where('id', '=', userId).execute();
  return id;
}

onBothEngines('a second factor', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('is known of its person, and taken away whole, once', async () => {
    const [userId, other] = [await newPerson(database), await newPerson(database)];
    await newFactor(database, userId);
    await newFactor(database, other);
    expect((await personById(database, userId))?.hasSecondFactor).toBe(true);
    await database.driver.write(dropFactor(database, userId));
    expect((await personById(database, userId))?.hasSecondFactor).toBe(false);
    expect((await personById(database, other))?.hasSecondFactor).toBe(true);
    expect(await storedFactors(database, { userId, afterId: null, limit: 5 })).toEqual([]);
    await expect(database.driver.write(dropFactor(database, userId))).rejects.toMatchObject({ label: 'second-factor' });
  });

  test('comes page by page, of all or of one', async () => {
    const fresh = createDatabase(await bench.open({ isMigrated: true }));
    const made: string[] = [];
    const owners: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      owners.push(await newPerson(fresh));
      made.push(await newFactor(fresh, owners[n]!, `s${n}`));
    }
    const first = await storedFactors(fresh, { userId: null, afterId: null, limit: 2 });
    expect(first.map(({ id }) => id)).toEqual(made.slice(0, 2));
    expect(first[0]).toEqual({ id: made[0], secret: 's0', backupCodes: 's0 codes' });
    expect((await storedFactors(fresh, { userId: null, afterId: made[1]!, limit: 2 })).map(({ id }) => id)).toEqual([made[2]]);
    expect((await storedFactors(fresh, { userId: owners[1]!, afterId: null, limit: 9 })).map(({ id }) => id)).toEqual([made[1]]);
  });

  test('moves only from what was read: what somebody wrote meanwhile is not overwritten', async () => {
    const userId = await newPerson(database);
    const id = await newFactor(database, userId);
    const old = { id, secret: 'sealed', backupCodes: 'sealed codes' };
    await database.driver.write([moveFactor(database, old, { secret: 'anew', backupCodes: 'codes anew' })]);
    await database.driver.write([moveFactor(database, old, { secret: 'late', backupCodes: 'late' })]);
    expect(await storedFactors(database, { userId, afterId: null, limit: 1 })).toEqual([{ id, secret: 'anew', backupCodes: 'codes anew' }]);
  });
});

onBothEngines('an invitation', (bench) => {
  let database: Database;
  let creator: string;
  let workspaceId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    creator = await newPerson(database, { name: 'Ada' });
    workspaceId = await newWorkspace(database);
  });
  const invitationOf = (part: Partial<NewInvitation> = {}): NewInvitation => ({
    id: ids.uuid(),
    email: `${ids.uuid()}@example.org`,
    role: 'user',
    workspaceId: null,
    workspaceRole: null,
    createdBy: creator,
    expiresAtMs: atMs + 1000,
    createdAtMs: atMs,
    ...part,
  });
  async function add(part: Partial<NewInvitation> = {}): Promise<NewInvitation & { hash: string }> {
    const [invitation, hash] = [invitationOf(part), newHash()];
    await database.driver.write(insertInvitation(database, invitation, hash));
    return { ...invitation, hash };
  }

  test('is found by its hash and id until it is over, to the millisecond', async () => {
    const made = await add({ workspaceId, workspaceRole: 'WRITE' });
    const found = await invitationByHash(database, made.hash, atMs + 999);
    expect(found).toMatchObject({ id: made.id, email: made.email, workspaceId, workspaceRole: 'WRITE', creatorName: 'Ada' });
    expect(await invitationById(database, made.id, atMs + 999)).toEqual(found);
    expect(await invitationByHash(database, made.hash, atMs + 1000)).toBeUndefined();
    expect(await invitationByHash(database, newHash(), atMs)).toBeUndefined();
  });

  test('a new one to the same place ends the one before, one to another place does not', async () => {
    const first = await add();
    const elsewhere = await add({ email: first.email, workspaceId, workspaceRole: 'READ' });
    const second = await add({ email: first.email });
    const open = await Promise.all([first, elsewhere, second].map(({ hash }) => invitationByHash(database, hash, atMs)));
    expect(open.map((one) => one?.id)).toEqual([undefined, elsewhere.id, second.id]);
  });

  test('is used once, and neither after it was withdrawn nor after its end', async () => {
    const [used, withdrawn, over] = [await add(), await add(), await add()];
    await database.driver.write([acceptInvitation(database, used.id, atMs)]);
    await database.driver.write([revokeInvitation(database, withdrawn.id, atMs)]);
    for (const [id, nowMs] of [
      [used.id, atMs],
      [withdrawn.id, atMs],
      [over.id, atMs + 1000],
    ] as const)
      await expect(database.driver.write([acceptInvitation(database, id, nowMs)])).rejects.toMatchObject({ label: 'invitation' });
  });

  test('is listed newest first, of all or of some workspaces; with a deleted workspace it is gone', async () => {
    const space = await newWorkspace(database);
    const [one, two] = [await add({ workspaceId: space, workspaceRole: 'READ' }), await add({ workspaceId: space, workspaceRole: 'READ' })];
    const list = (page: { cursor?: string; limit: number }) => listInvitations(database, [space], atMs, page);
    expect((await list({ limit: 9 })).map(({ id }) => id)).toEqual([two.id, one.id]);
    expect((await list({ limit: 9, cursor: two.id })).map(({ id }) => id)).toEqual([one.id]);
    expect(await listInvitations(database, [], atMs, { limit: 9 })).toEqual([]);
    expect((await listInvitations(database, 'all', atMs, { limit: 1 })).map(({ id }) => id)).toEqual([two.id]);
    await database.db.updateTable('workspaces').set({ deleted_at: atMs }).where('id', '=', space).execute();
    expect(await list({ limit: 9 })).toEqual([]);
    expect(await invitationByHash(database, one.hash, atMs)).toBeUndefined();
  });
});

onBothEngines('a deleted person', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('is found by nothing, signs in with nothing, and leaves a free address', async () => {
    const email = 'gone@example.org';
    const userId = await newPerson(database, { email, name: 'Gone' });
    await newFactor(database, userId);
    await newKey(database, userId);
    await newToken(database, userId);
    await change(database, ...erasePerson(database, userId, atMs));
    expect(await personById(database, userId)).toBeUndefined();
    expect(await personByEmail(database, email)).toBeUndefined();
    expect((await listPeople(database, { limit: 50 })).map((one) => one.userId)).not.toContain(userId);
    for (const table of ['accounts', 'two_factors', 'sessions'] as const)
      expect(await database.db.selectFrom(table).select('id').where('user_id', '=', userId).execute(), table).toEqual([]);
    for (const table of ['access_keys', 'personal_tokens'] as const)
      expect(await database.db.selectFrom(table).select('revoked_at').where('user_id', '=', userId).execute(), table).toEqual([
        { revoked_at: atMs },
      ]);
    await newPerson(database, { email });
    await expect(change(database, ...erasePerson(database, userId, atMs))).rejects.toMatchObject({ label: 'person' });
  });
});

onBothEngines('what the house keeps beside', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('permissions are a list, an empty list, or the role’s own', async () => {
    const userId = await newPerson(database);
    for (const permissions of [['manage_ai_models'], [], null] as const) {
      await change(database, ...updatePerson(database, userId, { permissions }, atMs));
      expect((await personById(database, userId))?.permissions).toEqual(permissions);
    }
  });

  test('the last use of a session is its own, and ending the others leaves it', async () => {
    const userId = await newPerson(database);
    const [here, there] = [ids.uuid(), ids.uuid()];
    const time = new Date(atMs).toISOString();
    for (const id of [here, there])
      await database.db
        .insertInto('sessions')
        .values({ id, token: id, user_id: userId, created_at: time, updated_at: time, expires_at: new Date(atMs + 9_000).toISOString() })
        .execute();
    await noteSessionUses(database, new Map([[here, atMs + 5_000]]));
    const rows = await database.db.selectFrom('sessions').select(['id', 'updated_at']).where('user_id', '=', userId).execute();
    expect(new Map(rows.map((row) => [row.id, new Date(row.updated_at).getTime()]))).toEqual(
      new Map([
        [here, atMs + 5_000],
        [there, atMs],
      ]),
    );
    await database.driver.write([deleteOtherSessions(database, userId, here)]);
    expect(await database.db.selectFrom('sessions').select('id').where('user_id', '=', userId).execute()).toEqual([{ id: here }]);
  });

  test('names of keys are known of revoked ones too, and of many at once', async () => {
    const userId = await newPerson(database);
    const key = await newKey(database, userId, { name: 'Old' });
    await change(database, revokeAccessKey(database, key.id, atMs));
    const strangers = Array.from({ length: 1200 }, () => ids.uuid());
    expect(await namesOfKeys(database, [...strangers, key.id])).toEqual(new Map([[key.id, 'Old']]));
    expect(await namesOfKeys(database, [])).toEqual(new Map());
  });
});
