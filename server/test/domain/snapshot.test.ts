/** The configuration in memory: a delta is applied whole, the indexes follow, and what was deleted is gone from every one of them. */
import { describe, expect, test } from 'vitest';
import type { AccessKey, PersonalToken } from '../../src/domain/access-key.ts';
import type { Connection, SealedSecrets } from '../../src/domain/connection.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { Snapshot, type SnapshotDelta, type SnapshotPerson } from '../../src/domain/snapshot.ts';

const ada: Owner = { scope: 'user', id: 'ada' };
const lab: Owner = { scope: 'workspace', id: 'lab' };
const sealedSecret: SealedSecrets = { secret: 'v1.sealed', accessKeyId: null, headers: null };

const connection = (id: string, owner: Owner, part: Partial<Connection> = {}): Connection => ({
  id,
  owner,
  createdBy: 'ada',
  name: id,
  providerId: 'openai',
  baseUrl: null,
  origin: 'https://api.openai.com',
  model: 'gpt-4o',
  settings: {},
  hasSecret: true,
  secretLast4: null,
  secretSetAtMs: null,
  isActive: true,
  isDefault: false,
  trust: 'member',
  createdAtMs: 1,
  updatedAtMs: 1,
  lastTestedAtMs: null,
  testStatus: null,
  revision: 1,
  ...part,
});

const person = (userId: string, part: Partial<SnapshotPerson> = {}): SnapshotPerson => ({
  userId,
  email: `${userId}@example.org`,
  name: userId,
  role: 'user',
  language: 'en',
  isDisabled: false,
  ...part,
});
const delta = (part: Partial<SnapshotDelta>): SnapshotDelta => ({
  revision: 1,
  connections: [],
  accessKeys: [],
  personalTokens: [],
  people: [],
  memberships: [],
  ownerKeys: [],
  deletedWorkspaceIds: [],
  ...part,
});
const put = (one: Connection, sealed: SealedSecrets | null = sealedSecret) => ({ id: one.id, connection: one, sealed });
const idsOf = (snapshot: Snapshot, owner: Owner): string[] => [...snapshot.connectionsOf(owner)].map(({ id }) => id).toSorted();

describe('connections', () => {
  test('are found by id and by owner, their sealed bytes apart from them', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ connections: [put(connection('a', ada)), put(connection('b', lab))] }));
    expect(snapshot.connections.get('a')?.name).toBe('a');
    expect(idsOf(snapshot, ada)).toEqual(['a']);
    expect(idsOf(snapshot, lab)).toEqual(['b']);
    expect(snapshot.sealed.get('a')).toEqual(sealedSecret);
    expect(JSON.stringify([...snapshot.connections.values()])).not.toContain('sealed');
  });

  test('a changed one replaces what was known of it', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ connections: [put(connection('a', ada))] }));
    snapshot.apply(delta({ revision: 2, connections: [put(connection('a', ada, { name: 'renamed', isActive: false }))] }));
    expect([...snapshot.connectionsOf(ada)]).toEqual([expect.objectContaining({ name: 'renamed', isActive: false })]);
  });

  test('one that moved to another owner is no longer found at its old one', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ connections: [put(connection('a', ada))] }));
    snapshot.apply(delta({ connections: [put(connection('a', lab))] }));
    expect(idsOf(snapshot, ada)).toEqual([]);
    expect(idsOf(snapshot, lab)).toEqual(['a']);
  });

  test('a deleted one is gone from every index, and its sealed bytes with it', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ connections: [put(connection('a', ada)), put(connection('b', ada))] }));
    snapshot.apply(delta({ connections: [{ id: 'a', connection: null, sealed: null }] }));
    expect(snapshot.connections.has('a')).toBe(false);
    expect(snapshot.sealed.has('a')).toBe(false);
    expect(idsOf(snapshot, ada)).toEqual(['b']);
  });

  test('a secret that was cleared is not kept', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ connections: [put(connection('a', ada))] }));
    snapshot.apply(delta({ connections: [put(connection('a', ada), null)] }));
    expect(snapshot.sealed.has('a')).toBe(false);
  });

  test('deleting what was never known changes nothing', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ connections: [{ id: 'ghost', connection: null, sealed: null }] }));
    expect(snapshot.connections.size + snapshot.byOwner.size).toBe(0);
  });

  test('an owner nobody has heard of has none', () => {
    expect(idsOf(new Snapshot(), { scope: 'user', id: 'nobody' })).toEqual([]);
  });
});

describe('keys', () => {
  const key: AccessKey = {
    id: 'k',
    userId: 'ada',
    workspaceId: null,
    name: 'k',
    last4: 'abcd',
    models: null,
    rpm: null,
    tpm: null,
    budgetNanoUsd: null,
    expiresAtMs: null,
    revokedAtMs: null,
    createdAtMs: 1,
  };
  const token: PersonalToken = { id: 't', userId: 'ada', name: 't', last4: 'abcd', expiresAtMs: null, revokedAtMs: null, createdAtMs: 1 };

  test('are found by the digest of their text', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ accessKeys: [{ hash: 'h1', key }], personalTokens: [{ hash: 'h2', token }] }));
    expect(snapshot.accessKeys.get('h1')?.id).toBe('k');
    expect(snapshot.accessKeys.get('h2')).toBeUndefined();
    expect(snapshot.personalTokens.get('h2')?.id).toBe('t');
  });

  test('a revoked one leaves memory at once, and is not taken up by a first load', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ accessKeys: [{ hash: 'h1', key }], personalTokens: [{ hash: 'h2', token }] }));
    const revoked = {
      accessKeys: [{ hash: 'h1', previousHash: 'h0', key: { ...key, revokedAtMs: 5, previousUntilMs: 99 } }],
      personalTokens: [{ hash: 'h2', token: { ...token, revokedAtMs: 5 } }],
    };
    for (const one of [snapshot, new Snapshot()]) {
      one.apply(delta(revoked));
      expect([one.accessKeys.size, one.personalTokens.size, one.knowsAccessKey('k')]).toEqual([0, 0, false]);
    }
  });

  test('a rotated one is found under both texts, the earlier one with its own end; the next rotation ends the one before', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ accessKeys: [{ hash: 'h1', key }] }));
    snapshot.apply(delta({ accessKeys: [{ hash: 'h2', previousHash: 'h1', key: { ...key, previousUntilMs: 50 } }] }));
    expect(snapshot.accessKeys.get('h2')).toMatchObject({ id: 'k', expiresAtMs: null });
    expect(snapshot.accessKeys.get('h1')).toMatchObject({ id: 'k', expiresAtMs: 50 });
    snapshot.apply(delta({ accessKeys: [{ hash: 'h3', previousHash: 'h2', key: { ...key, previousUntilMs: 80, expiresAtMs: 60 } }] }));
    expect([...snapshot.accessKeys.keys()]).toEqual(['h3', 'h2']);
    // The key's own end holds for the earlier text, too.
    expect(snapshot.accessKeys.get('h2')?.expiresAtMs).toBe(60);
    snapshot.apply(delta({ accessKeys: [{ hash: 'h4', previousHash: null, key: { ...key, previousUntilMs: null } }] }));
    expect([...snapshot.accessKeys.keys()]).toEqual(['h4']);
  });

  test('what expired long ago is forgotten, what may still be prolonged is not', () => {
    const snapshot = new Snapshot();
    snapshot.apply(
      delta({
        accessKeys: [
          { hash: 'old', key: { ...key, id: 'old', expiresAtMs: 10 } },
          { hash: 'new', previousHash: 'before', key: { ...key, id: 'new', expiresAtMs: 30, previousUntilMs: 10 } },
          { hash: 'never', key: { ...key, id: 'never' } },
        ],
        personalTokens: [
          { hash: 't1', token: { ...token, expiresAtMs: 10 } },
          { hash: 't2', token: { ...token, id: 't2', expiresAtMs: 30 } },
        ],
      }),
    );
    snapshot.forgetExpired(20);
    expect([...snapshot.accessKeys.keys()]).toEqual(['new', 'never']);
    expect([...snapshot.personalTokens.keys()]).toEqual(['t2']);
    expect(['old', 'new', 'never'].map((id) => snapshot.knowsAccessKey(id))).toEqual([false, true, true]);
    snapshot.forgetExpired(31);
    expect(snapshot.knowsAccessKey('new')).toBe(false);
  });
});

describe('people', () => {
  test('an actor has the rights of now', () => {
    const snapshot = new Snapshot();
    snapshot.apply(
      delta({
        organizationId: 'house',
        people: [person('ada', { role: 'manager', language: 'id' })],
        memberships: [{ workspaceId: 'lab', userId: 'ada', role: 'WRITE' }],
      }),
    );
    expect(snapshot.actorOf('ada', 'token')).toEqual({
      userId: 'ada',
      email: 'ada@example.org',
      name: 'ada',
      role: 'manager',
      permissions: null,
      organizationId: 'house',
      workspaces: new Map([['lab', 'WRITE']]),
      language: 'id',
      via: 'token',
    });
  });

  test('who is unknown or disabled is nobody', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ people: [person('ada', { isDisabled: true })] }));
    expect(snapshot.actorOf('ada', 'session')).toBeUndefined();
    expect(snapshot.actorOf('eve', 'session')).toBeUndefined();
  });

  test('who is in no workspace has an empty list of them', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ people: [person('ada')] }));
    expect(snapshot.actorOf('ada', 'session')?.workspaces.size).toBe(0);
  });
});

describe('memberships', () => {
  test('are given, changed and taken away', () => {
    const snapshot = new Snapshot();
    const role = () => snapshot.memberships.get('ada')?.get('lab');
    snapshot.apply(delta({ memberships: [{ workspaceId: 'lab', userId: 'ada', role: 'READ' }] }));
    expect(role()).toBe('READ');
    snapshot.apply(delta({ memberships: [{ workspaceId: 'lab', userId: 'ada', role: 'ADMIN' }] }));
    expect(role()).toBe('ADMIN');
    snapshot.apply(delta({ memberships: [{ workspaceId: 'lab', userId: 'ada', role: null }] }));
    expect(role()).toBeUndefined();
  });

  test("a deleted workspace is nobody's any more", () => {
    const snapshot = new Snapshot();
    const memberships = ['ada', 'bob'].map((userId) => ({ workspaceId: 'lab', userId, role: 'READ' as const }));
    snapshot.apply(delta({ memberships: [...memberships, { workspaceId: 'other', userId: 'ada', role: 'READ' }] }));
    snapshot.apply(delta({ deletedWorkspaceIds: ['lab'] }));
    expect([...snapshot.memberships.values()].map((roles) => [...roles.keys()])).toEqual([['other'], []]);
  });
});

describe('revision', () => {
  test('only rises: a delta that comes late does not turn it back', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ revision: 7 }));
    snapshot.apply(delta({ revision: 5 }));
    expect(snapshot.revision).toBe(7);
  });

  test('the organization stays where a delta does not name it', () => {
    const snapshot = new Snapshot();
    snapshot.apply(delta({ organizationId: 'house' }));
    snapshot.apply(delta({ revision: 2 }));
    expect(snapshot.organizationId).toBe('house');
  });

  test('owner keys are replaced whole, so that a shredded one is gone', () => {
    const snapshot = new Snapshot();
    const key = (version: number) => ({ version, salt: new Uint8Array(32), isActive: true });
    snapshot.apply(delta({ ownerKeys: [{ owner: ada, keys: [key(1), key(2)] }] }));
    snapshot.apply(delta({ ownerKeys: [{ owner: ada, keys: [key(2)] }] }));
    expect(snapshot.ownerKeys.get('user:ada')?.map(({ version }) => version)).toEqual([2]);
  });
});
