/** The connections of a repository as the gateway looks them up: in the order that was given, by name, provider and model. */
import { describe, expect, test } from 'vitest';
import { ConnectionIndex } from '../../src/domain/connection-index.ts';
import type { Connection } from '../../src/domain/connection.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { resolveModel, type Resolution } from '../../src/domain/resolve.ts';
import { Snapshot, type SnapshotDelta } from '../../src/domain/snapshot.ts';

const workspace: Owner = { scope: 'workspace', id: 'lab' };
const organization: Owner = { scope: 'organization', id: 'house' };

let created = 0;
const connection = (name: string, part: Partial<Connection> = {}): Connection => ({
  id: `00000000-0000-7000-8000-${String(++created).padStart(12, '0')}`,
  owner: workspace,
  createdBy: 'ada',
  name,
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
  createdAtMs: created,
  updatedAtMs: created,
  lastTestedAtMs: null,
  testStatus: null,
  revision: 1,
  ...part,
});

const all: SnapshotDelta = {
  revision: 1,
  connections: [],
  accessKeys: [],
  personalTokens: [],
  people: [],
  memberships: [],
  ownerKeys: [],
  deletedWorkspaceIds: [],
};

/** A snapshot with these connections, and a repository that holds the named ones. */
function snapshotWith(connections: readonly Connection[], attached: readonly Connection[]): Snapshot {
  const snapshot = new Snapshot();
  snapshot.apply({
    ...all,
    connections: connections.map((one) => ({ id: one.id, connection: one, sealed: null })),
    repositories: [
      { id: 'r', workspaceId: 'lab', repository: { id: 'r', workspaceId: 'lab', name: 'R', connectionIds: attached.map(({ id }) => id) } },
    ],
  });
  return snapshot;
}

const ask = (snapshot: Snapshot, asked: string | null, pinnedId: string | null = null): Resolution =>
  resolveModel({
    asked,
    pinnedId,
    owners: [workspace, organization],
    attached: snapshot.repositoryIndexOf('r') ?? new ConnectionIndex([]),
    indexOf: (owner) => snapshot.indexOf(owner),
    byId: (id) => snapshot.connections.get(id),
    listing: () => [],
    hasList: () => false,
    suggesting: () => [],
    environment: null,
  });
const names = (resolution: Resolution): string[] | string =>
  resolution.kind === 'candidates' ? resolution.candidates.map(({ connection: { name } }) => name) : JSON.stringify(resolution);
const refused = (code: string): string => JSON.stringify({ kind: 'refused', code });

describe('what is attached', () => {
  test('is tried in the order that was given, whatever is older or the default of its owner', () => {
    const [a, b, c] = [connection('A'), connection('B', { isDefault: true }), connection('C', { owner: organization })];
    const snapshot = snapshotWith([a, b, c], [c, a, b]);
    expect(names(ask(snapshot, 'gpt-4o'))).toEqual(['C', 'A', 'B']);
    expect(names(ask(snapshot, 'openai/x'))).toEqual(['C', 'A', 'B']);
  });

  test('answers to nothing else of the same owners', () => {
    const [a, loose] = [connection('A'), connection('Loose', { isDefault: true, model: 'other' })];
    const snapshot = snapshotWith([a, loose], [a]);
    expect(names(ask(snapshot, 'other'))).toBe(refused('model_not_found'));
    expect(names(ask(snapshot, 'Loose/other'))).toBe(refused('model_not_found'));
    expect(names(ask(snapshot, `${loose.id}/other`))).toBe(refused('model_not_found'));
    expect(names(ask(snapshot, 'x', loose.id))).toBe(refused('connection_not_found'));
    expect(names(ask(snapshot, 'x', a.id))).toEqual(['A']);
  });

  test('of two with one name the first one has it', () => {
    const [far, near] = [connection('Same', { owner: organization, model: 'far' }), connection('same', { model: 'near' })];
    for (const [first, second] of [
      [far, near],
      [near, far],
    ] as const) {
      const resolution = ask(snapshotWith([far, near], [first, second]), 'SAME/');
      expect(resolution).toEqual({ kind: 'candidates', candidates: [{ connection: first, model: first.model }] });
    }
  });

  test('without a name the first answers that is switched on and has a model of its own', () => {
    const [off, bare, full] = [connection('Off', { isActive: false }), connection('Bare', { model: null }), connection('Full')];
    expect(names(ask(snapshotWith([off, bare, full], [off, bare, full]), null))).toEqual(['Full']);
    expect(names(ask(snapshotWith([off, bare], [off, bare]), null))).toBe(refused('no_connection'));
    expect(names(ask(snapshotWith([full], []), null))).toBe(refused('no_connection'));
  });

  test('says of one that is switched off that it is so', () => {
    const off = connection('Off', { isActive: false });
    expect(names(ask(snapshotWith([off], [off]), 'gpt-4o'))).toBe(refused('connection_inactive'));
  });
});

describe('the snapshot', () => {
  test('looks an attached connection up anew after it was changed or deleted', () => {
    const a = connection('A');
    const snapshot = snapshotWith([a], [a]);
    expect(names(ask(snapshot, 'gpt-4o'))).toEqual(['A']);
    const changed = { ...a, name: 'New', model: 'new-model' };
    snapshot.apply({ ...all, revision: 2, connections: [{ id: a.id, connection: changed, sealed: null }] });
    expect(names(ask(snapshot, 'new/x'))).toEqual(['New']);
    expect(names(ask(snapshot, 'gpt-4o'))).toBe(refused('model_not_found'));
    snapshot.apply({ ...all, revision: 3, connections: [{ id: a.id, connection: null, sealed: null }] });
    expect(names(ask(snapshot, 'new-model'))).toBe(refused('model_not_found'));
    expect(snapshot.attachedTo('r')).toEqual([]);
  });

  test('keeps an index until something changes, so that a request pays for a look-up alone', () => {
    const a = connection('A');
    const snapshot = snapshotWith([a], [a]);
    const index = snapshot.repositoryIndexOf('r');
    expect(snapshot.repositoryIndexOf('r')).toBe(index);
    snapshot.apply({ ...all, revision: 2 });
    expect(snapshot.repositoryIndexOf('r')).toBe(index);
    snapshot.apply({ ...all, revision: 3, repositories: [{ id: 'r', workspaceId: 'lab', repository: null }] });
    expect(snapshot.repositoryIndexOf('r')).toBeUndefined();
    expect(snapshot.attachedTo('r')).toEqual([]);
  });
});
