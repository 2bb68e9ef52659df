/** Workspaces below the faces: who may do what in them, and what a deletion at the same moment leaves of other people's changes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccessKey } from '../../src/control/access-keys.ts';
import type { Caller } from '../../src/control/change.ts';
import type { FieldWords } from '../../src/control/connection-input.ts';
import { createConnection, deleteConnection, listFor } from '../../src/control/connections.ts';
import type { ControlDeps } from '../../src/control/deps.ts';
import {
  addMember,
  changeMember,
  createWorkspace,
  deleteWorkspace,
  listWorkspaces,
  mayInWorkspace,
  renameWorkspace,
  seeWorkspace,
  workspaceFor,
} from '../../src/control/workspaces.ts';
import type { Owner, WorkspaceRole } from '../../src/domain/owner.ts';
import { listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { openHouse, origin, type House, type Reply, type Resident } from '../support/house.ts';
import { interrupted } from '../support/rooms-house.ts';
import { createDatabase, needs } from '../support/postgres.ts';

const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'apiKey',
  accessKeyId: 'accessKeyId',
  model: 'model',
  settings: 'configuration',
  needsModel: false,
};
const nowhere = 'http://127.0.0.1:9/v1';
let names = 0;
const nextName = (): string => `w ${(names += 1)}`;
const input = (): { name: string; providerId: string; baseUrl: string; secret: string } => ({
  name: nextName(),
  providerId: 'custom',
  baseUrl: nowhere,
  secret: `sk-${nextName()}-0123456789`.replaceAll(' ', '-'),
});

describe.each(['sqlite', 'postgres'] as const)('%s', (engine) => {
  const describeHere = engine === 'postgres' ? needs('postgres') : describe;
  describeHere('a workspace that is deleted at the same moment', () => {
    let house: House;
    let admin: Resident;
    let caller: Caller;
    beforeAll(async () => {
      house = await openHouse({ egressAllow: '127.0.0.1:*', ...(engine === 'postgres' ? { databaseUrl: await createDatabase() } : {}) });
      admin = await house.createResident('Admin', 'administrator');
      caller = { actor: admin.actor, origin };
    });
    afterAll(() => house.close());

    const live = async (workspaceId: string): Promise<number> =>
      (
        await house.database.db
          .selectFrom('ai_configurations')
          .select('id')
          .where('owner_id', '=', workspaceId)
          .where('deleted_at', 'is', null)
          .execute()
      ).length;
    const deletedAt = async (id: string): Promise<number | null> =>
      (await house.database.db.selectFrom('workspaces').select('deleted_at').where('id', '=', id).executeTakeFirstOrThrow()).deleted_at;

    test('takes no new connection: nothing is left of it, not even a key to seal with', async () => {
      const { id } = await createWorkspace(house.deps, caller, nextName());
      const owner: Owner = { scope: 'workspace', id };
      const deps = interrupted(house.deps, () => deleteWorkspace(house.deps, caller, id));
      await expect(createConnection(deps, caller, owner, input(), words)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect([await live(id), (await listOwnerKeys(house.database, owner)).length]).toEqual([0, 0]);
      expect([...house.deps.keeper.snapshot.connections.values()].filter((one) => one.owner.id === id)).toEqual([]);
      expect(await deletedAt(id)).not.toBeNull();
    });

    test('is not deleted where the connection came first', async () => {
      const { id } = await createWorkspace(house.deps, caller, nextName());
      const deps = interrupted(house.deps, () => createConnection(house.deps, caller, { scope: 'workspace', id }, input(), words));
      await expect(deleteWorkspace(deps, caller, id)).rejects.toMatchObject({ code: 'WORKSPACE_NOT_EMPTY' });
      expect([await live(id), await deletedAt(id)]).toEqual([1, null]);
    });

    test('takes no access key and no member either', async () => {
      const guest = await house.createResident(`Guest${engine}`);
      for (const join of [
        (deps: ControlDeps, id: string) => createAccessKey(deps, caller, { name: 'k', workspaceId: id }),
        (deps: ControlDeps, id: string) => addMember(deps, caller, id, { userId: guest.id, role: 'WRITE' }),
        (deps: ControlDeps, id: string) => renameWorkspace(deps, caller, id, nextName()),
      ]) {
        const { id } = await createWorkspace(house.deps, caller, nextName());
        await expect(
          join(
            interrupted(house.deps, () => deleteWorkspace(house.deps, caller, id)),
            id,
          ),
        ).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
      const keys = await house.database.db.selectFrom('access_keys').select('id').where('revoked_at', 'is', null).execute();
      expect(keys).toEqual([]);
      expect(house.deps.keeper.snapshot.actorOf(guest.id, 'session')?.workspaces.size).toBe(0);
    });

    test('of a deletion and twenty creations at once, either all of these are refused or the deletion is', async () => {
      for (let round = 0; round < 6; round++) {
        const { id } = await createWorkspace(house.deps, caller, nextName());
        const create = (): Promise<Reply> => {
          const body = {
            name: nextName(),
            aiType: 'OTHER',
            workspaceId: id,
            endpoint: nowhere,
            defaultModel: 'm',
            secret: 'sk-0123456789-abcdef',
          };
          return house.request('POST', '/ai/llm', { token: admin.token, body });
        };
        // Asked for at another place among them in each round.
        const asked = Array.from({ length: 21 }, (_, at) =>
          at === round * 4 ? house.request('DELETE', `/workspace/${id}`, { token: admin.token }) : create(),
        );
        const answers = await Promise.all(asked);
        const [deletion] = answers.splice(round * 4, 1) as [Reply];
        const statuses = answers.map(({ status }) => status);
        const made = statuses.filter((status) => status === 200).length;
        expect(statuses.filter((status) => status !== 200 && status !== 404)).toEqual([]);
        expect(await live(id)).toBe(made);
        if (deletion.status === 200) expect([made, (await deletedAt(id)) === null]).toEqual([0, false]);
        else expect([deletion.status, deletion.body.error_code, await deletedAt(id)]).toEqual([400, 'WORKSPACE_NOT_EMPTY', null]);
      }
    });
  });
});

describe('what a role is good for', () => {
  let house: House;
  let admin: Resident;
  let outsider: Resident;
  const members = new Map<WorkspaceRole, Resident>();
  let lab: string;
  const roles = ['READ', 'WRITE', 'ADMIN'] as const;
  /** As the house knows them now: rights change while tests run. */
  const callerOf = (who: Resident): Caller => ({ actor: house.deps.keeper.snapshot.actorOf(who.id, 'session')!, origin });
  const by = (role: WorkspaceRole): Caller => callerOf(members.get(role)!);
  const refusal = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: { code?: unknown }) => error.code ?? error,
    );

  beforeAll(async () => {
    house = await openHouse({ egressAllow: '127.0.0.1:*' });
    admin = await house.createResident('Boss', 'administrator');
    outsider = await house.createResident('Outsider');
    for (const role of roles) members.set(role, await house.createResident(role));
    lab = await house.createWorkspace('Lab', [
      [members.get('ADMIN')!, 'ADMIN'],
      [members.get('WRITE')!, 'WRITE'],
      [members.get('READ')!, 'READ'],
    ]);
  });
  afterAll(() => house.close());

  test.each(roles.flatMap((has) => roles.map((needed) => [has, needed] as const)))('%s where %s is needed', async (has, needed) => {
    const isEnough = roles.indexOf(has) >= roles.indexOf(needed);
    expect(mayInWorkspace(by(has).actor, lab, needed)).toBe(isEnough);
    expect(await refusal(workspaceFor(house.deps, by(has).actor, lab, needed))).toBe(isEnough ? 'done' : 'FORBIDDEN');
  });

  test('an administrator of the installation is ADMIN in each, somebody else is nothing in those of others', async () => {
    for (const needed of roles) {
      expect(mayInWorkspace(admin.actor, lab, needed)).toBe(true);
      expect(mayInWorkspace(outsider.actor, lab, needed)).toBe(false);
      expect(await refusal(workspaceFor(house.deps, outsider.actor, lab, needed))).toBe('FORBIDDEN');
    }
  });

  test('one that does not exist is missing for everybody, whatever stands for its id', async () => {
    for (const actor of [admin.actor, outsider.actor])
      for (const id of [house.deps.ids.uuid(), 'lab', '', lab.toUpperCase(), `${lab} `])
        expect(await refusal(workspaceFor(house.deps, actor, id, 'READ'))).toBe('NOT_FOUND');
  });

  test('READ may use what is there and make nothing, WRITE makes and deletes connections, neither keeps members', async () => {
    const owner: Owner = { scope: 'workspace', id: lab };
    const { connection } = await createConnection(house.deps, by('WRITE'), owner, input(), words);
    expect((await listFor(house.deps, by('READ'), { owners: 'usable' })).items.map((one) => one.connection.id)).toContain(connection.id);
    expect(await refusal(createConnection(house.deps, by('READ'), owner, input(), words))).toBe('FORBIDDEN');
    expect(await refusal(deleteConnection(house.deps, by('READ'), connection.id, { isForced: true }))).toBe('FORBIDDEN');
    expect(await refusal(createConnection(house.deps, callerOf(outsider), owner, input(), words))).toBe('FORBIDDEN');
    expect(await refusal(deleteConnection(house.deps, by('WRITE'), connection.id, { isForced: false }))).toBe('done');
    for (const role of ['READ', 'WRITE'] as const) {
      expect(await refusal(addMember(house.deps, by(role), lab, { userId: outsider.id, role: 'READ' }))).toBe('FORBIDDEN');
      expect(await refusal(changeMember(house.deps, by(role), lab, { userId: members.get(role)!.id, role: 'ADMIN' }))).toBe('FORBIDDEN');
      expect(await refusal(renameWorkspace(house.deps, by(role), lab, 'Mine'))).toBe('FORBIDDEN');
      expect(await refusal(deleteWorkspace(house.deps, by(role), lab))).toBe('FORBIDDEN');
    }
  });

  test('a role that is given, changed and taken counts from the answer on', async () => {
    const guest = await house.createResident('Guest');
    expect(
      (await addMember(house.deps, by('ADMIN'), lab, { userId: guest.id, role: 'READ' })).members.map(({ userId, role }) => [userId, role]),
    ).toContainEqual([guest.id, 'READ']);
    expect(callerOf(guest).actor.workspaces.get(lab)).toBe('READ');
    await changeMember(house.deps, by('ADMIN'), lab, { userId: guest.id, role: 'WRITE' });
    expect(callerOf(guest).actor.workspaces.get(lab)).toBe('WRITE');
    await addMember(house.deps, by('ADMIN'), lab, { userId: guest.id, role: 'READ' });
    expect(callerOf(guest).actor.workspaces.get(lab)).toBe('READ');
    await changeMember(house.deps, by('ADMIN'), lab, { userId: guest.id, role: 'NONE' });
    expect(callerOf(guest).actor.workspaces.has(lab)).toBe(false);
    expect(await refusal(changeMember(house.deps, by('ADMIN'), lab, { userId: guest.id, role: 'READ' }))).toBe('NOT_FOUND');
    expect((await seeWorkspace(house.deps, by('READ').actor, lab)).members).toHaveLength(3);
  });

  test('a name is taken whatever its case and composition, among the living alone', async () => {
    const name = 'Büro';
    const first = await createWorkspace(house.deps, callerOf(admin), name);
    for (const same of ['büro', 'BÜRO', name.normalize('NFD'), 'Ｂüro'])
      expect(await refusal(createWorkspace(house.deps, callerOf(admin), same))).toBe('NAME_EXISTS');
    expect(await refusal(renameWorkspace(house.deps, callerOf(admin), lab, 'bÜro'))).toBe('NAME_EXISTS');
    expect((await renameWorkspace(house.deps, callerOf(admin), first.id, 'BÜRO')).name).toBe('BÜRO');
    await deleteWorkspace(house.deps, callerOf(admin), first.id);
    expect((await createWorkspace(house.deps, callerOf(admin), name)).name).toBe(name);
  });

  test('each sees the own ones, newest first, an administrator all of them, and no list holds a deleted one', async () => {
    const second = await house.createWorkspace('Second', [[members.get('READ')!, 'READ']]);
    const gone = await house.createWorkspace('Gone', [[members.get('READ')!, 'ADMIN']]);
    await deleteWorkspace(house.deps, callerOf(admin), gone);
    expect((await listWorkspaces(house.deps, by('READ').actor)).map(({ id }) => id)).toEqual([second, lab]);
    expect(await listWorkspaces(house.deps, outsider.actor)).toEqual([]);
    const all = await listWorkspaces(house.deps, admin.actor);
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining([second, lab]));
    expect(all.map(({ id }) => id)).not.toContain(gone);
    expect(all.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    expect(await refusal(seeWorkspace(house.deps, admin.actor, gone))).toBe('NOT_FOUND');
  });

  test('every change is in the audit log with who did it and what was before', async () => {
    const { id } = await createWorkspace(house.deps, callerOf(admin), 'Audited');
    await renameWorkspace(house.deps, callerOf(admin), id, 'Renamed');
    await deleteWorkspace(house.deps, callerOf(admin), id);
    const rows = await house.database.db
      .selectFrom('audit_entries')
      .select(['action', 'actor_id', 'changes'])
      .where('subject_id', '=', id)
      .orderBy('id')
      .execute();
    expect(rows.map(({ action, actor_id }) => [action, actor_id])).toEqual(
      ['workspace.create', 'workspace.update', 'workspace.delete'].map((action) => [action, admin.id]),
    );
    expect(JSON.parse(rows[1]!.changes!)).toEqual({ name: { before: 'Audited', after: 'Renamed' } });
  });
});
