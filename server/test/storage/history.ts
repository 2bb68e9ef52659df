/** Random histories of configuration from a seed: every kind of change that there is, in any order. */
import type { AccessKey } from '../../src/domain/access-key.ts';
import { ownerKey, type Owner } from '../../src/domain/owner.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import { revokeAccessKey, updateAccessKey } from '../../src/storage/access-keys.ts';
import { clearDefaultStep, deleteSteps, findConnection, recordTestStep, resealStep, updateStep } from '../../src/storage/connections.ts';
import type { Database } from '../../src/storage/database.ts';
import { StaleWrite, UniqueViolation } from '../../src/storage/errors.ts';
import { activateOwnerKeySteps, listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { updatePerson } from '../../src/storage/people.ts';
import { revokeToken } from '../../src/storage/personal-tokens.ts';
import { deleteWorkspace, putMember, renameWorkspace, requireWorkspace } from '../../src/storage/workspaces.ts';
import { atMs, change, columnsOf, ids, newConnection, newKey, newPerson, newToken, newWorkspace, userOwner } from './rows.ts';

/** Ids of everything that was ever made; what was deleted since is refused when it is drawn again, as it would be in life. */
interface World {
  people: string[];
  workspaces: string[];
  connections: string[];
  keys: AccessKey[];
  tokens: string[];
}

interface Scene {
  database: Database;
  world: World;
  below: (limit: number) => number;
}

type Deed = (scene: Scene) => Promise<unknown>;

const pick = <T>({ below }: Scene, list: readonly T[]): T => list[below(list.length)]!;

const anOwner = (scene: Scene): Owner =>
  scene.below(3) === 0 ? { scope: 'workspace', id: pick(scene, scene.world.workspaces) } : userOwner(pick(scene, scene.world.people));

const makeConnection: Deed = async (scene) => {
  const box = (): string | null => (scene.below(3) === 0 ? null : ids.uuid());
  const sealed = { secret: box(), accessKeyId: box(), headers: box() };
  const owner = anOwner(scene);
  const isActive = scene.below(5) > 0;
  scene.world.connections.push(await newConnection(scene.database, pick(scene, scene.world.people), { owner, sealed, isActive }));
};

const editConnection: Deed = async (scene) => {
  const { database } = scene;
  const id = pick(scene, scene.world.connections);
  const { connection, sealed } = (await findConnection(database, id))!;
  const isDefault = scene.below(2) === 0;
  const row = {
    ...columnsOf({ ...connection, sealed }),
    name: ids.uuid(),
    isDefault,
    nowMs: atMs + scene.below(1000),
    resetTest: scene.below(2) === 0,
  };
  const write = updateStep(database, id, connection.revision, row);
  await change(database, ...(isDefault ? [clearDefaultStep(database, connection.owner, id)] : []), write);
};

const reseal: Deed = async (scene) => {
  const id = pick(scene, scene.world.connections);
  const { sealed } = (await findConnection(scene.database, id))!;
  if (sealed.secret !== null) await change(scene.database, resealStep(scene.database, id, 'api_key_encrypted', sealed.secret, ids.uuid()));
};

const runTest: Deed = async (scene) => {
  const tested = (await findConnection(scene.database, pick(scene, scene.world.connections)))!;
  await scene.database.driver.write([recordTestStep(scene.database, tested, { atMs, status: 'success', resultJson: '{}' })]);
};

const changeMember: Deed = async (scene) => {
  const { database, world } = scene;
  const workspaceId = pick(scene, world.workspaces);
  const role = pick(scene, ['READ', 'WRITE', 'ADMIN', 'NONE', 'NONE'] as const);
  await change(
    database,
    requireWorkspace(database, workspaceId),
    putMember(database, { workspaceId, userId: pick(scene, world.people), role }, atMs),
  );
};

const rotateOwnerKey: Deed = async (scene) => {
  const owner = anOwner(scene);
  const version = (await listOwnerKeys(scene.database, owner)).length + 1;
  await change(scene.database, activateOwnerKeySteps(scene.database, owner, { version, salt: ids.bytes(32) }, atMs));
};

const changePerson: Deed = async (scene) => {
  const part = pick(scene, [
    { name: ids.uuid() },
    { role: 'manager' as const },
    { language: 'id' as const },
    { disabledAtMs: scene.below(2) === 0 ? null : atMs },
  ]);
  await change(scene.database, updatePerson(scene.database, pick(scene, scene.world.people), part, atMs));
};

const editKey: Deed = async (scene) => {
  const key = pick(scene, scene.world.keys);
  await change(scene.database, updateAccessKey(scene.database, { ...key, rpm: 1 + scene.below(100), models: [ids.uuid()] }, atMs));
};

/** Making stands in the list more than once, so that there is something to change. */
const deeds: readonly Deed[] = [
  async (scene) => void scene.world.people.push(await newPerson(scene.database)),
  async (scene) => void scene.world.workspaces.push(await newWorkspace(scene.database)),
  makeConnection,
  makeConnection,
  makeConnection,
  editConnection,
  editConnection,
  editConnection,
  reseal,
  runTest,
  changeMember,
  changeMember,
  changeMember,
  rotateOwnerKey,
  changePerson,
  async (scene) => void scene.world.keys.push(await newKey(scene.database, pick(scene, scene.world.people), { rpm: 5 })),
  async (scene) => {
    const workspaceId = pick(scene, scene.world.workspaces);
    const key = await newKey(scene.database, pick(scene, scene.world.people), { workspaceId });
    scene.world.keys.push(key);
  },
  editKey,
  async (scene) => void scene.world.tokens.push((await newToken(scene.database, pick(scene, scene.world.people))).id),
  (scene) => change(scene.database, deleteSteps(scene.database, pick(scene, scene.world.connections), atMs)),
  (scene) => change(scene.database, renameWorkspace(scene.database, pick(scene, scene.world.workspaces), ids.uuid(), atMs)),
  (scene) => change(scene.database, deleteWorkspace(scene.database, pick(scene, scene.world.workspaces), atMs)),
  (scene) => change(scene.database, revokeAccessKey(scene.database, pick(scene, scene.world.keys).id, atMs)),
  (scene) => change(scene.database, revokeToken(scene.database, pick(scene, scene.world.tokens), atMs)),
];

/** Returns what makes the next change of a history; true where it was made, false where the rows' state refused it. */
export async function beginHistory(database: Database, below: (limit: number) => number): Promise<() => Promise<boolean>> {
  const people = [await newPerson(database), await newPerson(database)];
  const scene: Scene = {
    database,
    below,
    world: {
      people,
      workspaces: [await newWorkspace(database), await newWorkspace(database)],
      connections: [await newConnection(database, people[0]!)],
      keys: [await newKey(database, people[0]!)],
      tokens: [(await newToken(database, people[0]!)).id],
    },
  };
  return async () => {
    try {
      await pick(scene, deeds)(scene);
      return true;
    } catch (error) {
      if (error instanceof StaleWrite || error instanceof UniqueViolation) return false;
      throw error;
    }
  };
}

const sortedEntries = <V>(map: ReadonlyMap<string, V>): [string, V][] => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

/**
 * Everything that a snapshot answers with, in a form that can be compared. Connections of an owner keep their order, since
 * lookups depend on it; results of tests are left out, because they are read from the database and not from here.
 */
export function contentOf(snapshot: Snapshot): object {
  return {
    revision: snapshot.revision,
    organizationId: snapshot.organizationId,
    connections: sortedEntries(snapshot.connections).map(([, { testStatus: _status, lastTestedAtMs: _atMs, ...connection }]) => connection),
    sealed: sortedEntries(snapshot.sealed),
    byOwner: sortedEntries(snapshot.byOwner).flatMap(([owner, own]) => (own.size === 0 ? [] : [[owner, [...own.keys()]]])),
    isIndexed: [...snapshot.connections.values()].every(
      (connection) => snapshot.byOwner.get(ownerKey(connection.owner))?.get(connection.id) === connection,
    ),
    accessKeys: sortedEntries(snapshot.accessKeys),
    personalTokens: sortedEntries(snapshot.personalTokens),
    people: sortedEntries(snapshot.people),
    memberships: sortedEntries(snapshot.memberships).flatMap(([userId, roles]) =>
      roles.size === 0 ? [] : [[userId, sortedEntries(roles)]],
    ),
    ownerKeys: sortedEntries(snapshot.ownerKeys).map(([owner, keys]) => [owner, keys.map((key) => ({ ...key, salt: [...key.salt] }))]),
  };
}
