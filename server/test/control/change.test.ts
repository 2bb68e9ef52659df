/** One change: rows, revision and audit entry together or not at all, and served before it is answered. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditEntry, commit, noteRefusal, type Caller, type Deed } from '../../src/control/change.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { StaleWrite, StorageFault } from '../../src/storage/errors.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let caller: Caller;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  caller = { actor: ada.actor, origin: { ...origin, agent: 'change-test' } };
});
afterAll(() => house.close());

const deed = (subjectId: string): Deed => ({
  action: 'thing.change',
  subjectType: 'thing',
  subjectId,
  subjectName: 'A thing',
  owner: { scope: 'user', id: ada.id },
});
const entriesOf = (subjectId: string) =>
  house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', subjectId).execute();
const revisionNow = async (): Promise<number> =>
  (await house.database.db.selectFrom('config_revision').select('revision').executeTakeFirstOrThrow()).revision;
const put = (name: string, value: string) => ({
  sql: 'INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)',
  params: [name, value, 1],
});
const valueOf = async (name: string): Promise<string | undefined> =>
  (await house.database.db.selectFrom('settings').select('value').where('key', '=', name).executeTakeFirst())?.value;

describe('a change', () => {
  test('is in the database with one more revision and one audit entry, and this house serves that revision', async () => {
    const before = await revisionNow();
    const id = house.deps.ids.uuid();
    await commit(house.deps, caller, [put('one', 'written')], deed(id));
    expect([await valueOf('one'), await revisionNow(), house.deps.keeper.snapshot.revision]).toEqual(['written', before + 1, before + 1]);
    expect(await entriesOf(id)).toMatchObject([
      {
        action: 'thing.change',
        subject_type: 'thing',
        subject_name: 'A thing',
        scope: 'user',
        owner_id: ada.id,
        outcome: 'success',
        error_code: null,
        changes: null,
        actor_id: ada.id,
        actor_name: 'Ada',
        via: 'session',
        request_id: origin.requestId,
        address: '127.0.0.1',
        agent: 'change-test',
        revision: before + 1,
      },
    ]);
  });

  test('answers what each of its steps returned, in their order', async () => {
    const returned = await commit(
      house.deps,
      caller,
      [
        { ...put('two', 'a'), sql: `${put('two', 'a').sql} RETURNING key` },
        put('three', 'b'),
        { sql: "SELECT value FROM settings WHERE key = 'three'", params: [] },
      ],
      deed(house.deps.ids.uuid()),
    );
    expect(returned).toEqual([[{ key: 'two' }], [], [{ value: 'b' }]]);
  });

  test.each([
    [
      'a step that finds other rows than it expects',
      { sql: "UPDATE settings SET value = 'x' WHERE key = 'nobody'", params: [], expectRows: 1, label: 'nobody' },
      StaleWrite,
    ],
    ['a step that the database refuses', { sql: 'INSERT INTO settings (key) VALUES ($1)', params: ['half'] }, StorageFault],
  ])('leaves nothing behind with %s: no row, no revision, no entry', async (_, step, Failure) => {
    const before = await revisionNow();
    const id = house.deps.ids.uuid();
    await expect(commit(house.deps, caller, [put(`gone-${id}`, 'x'), step], deed(id))).rejects.toThrow(Failure);
    expect(await valueOf(`gone-${id}`)).toBeUndefined();
    expect([await revisionNow(), house.deps.keeper.snapshot.revision]).toEqual([before, before]);
    expect(await entriesOf(id)).toEqual([]);
  });

  test('of many at once has a revision each, and every one is served', async () => {
    const before = await revisionNow();
    const names = Array.from({ length: 20 }, () => house.deps.ids.uuid());
    await Promise.all(names.map((id) => commit(house.deps, caller, [put(id, 'x')], deed(id))));
    expect([await revisionNow(), house.deps.keeper.snapshot.revision]).toEqual([before + 20, before + 20]);
    const entries = await house.database.db.selectFrom('audit_entries').select('revision').where('subject_id', 'in', names).execute();
    expect(new Set(entries.map(({ revision }) => revision)).size).toBe(20);
  });

  test('keeps what was changed beside the deed', async () => {
    const id = house.deps.ids.uuid();
    await commit(house.deps, caller, [], { ...deed(id), changes: { name: { before: 'A', after: 'B' } } });
    const [entry] = await entriesOf(id);
    expect(JSON.parse(entry?.changes ?? 'null')).toEqual({ name: { before: 'A', after: 'B' } });
  });
});

describe('a refusal', () => {
  test('is noted with its code, and changes nothing', async () => {
    const before = await revisionNow();
    const id = house.deps.ids.uuid();
    await noteRefusal(house.deps, caller, deed(id), new Refusal('FORBIDDEN'));
    expect(await entriesOf(id)).toMatchObject([{ outcome: 'refused', error_code: 'FORBIDDEN', actor_id: ada.id }]);
    expect(await revisionNow()).toBe(before);
  });
});

describe('an entry', () => {
  test('has an id and a time of its own, and nobody for what nobody signed did', () => {
    const nobody = { actor: null, origin };
    const beforeMs = house.deps.clock.nowMs();
    const [one, other] = [auditEntry(house.deps, nobody, deed('a')), auditEntry(house.deps, nobody, deed('a'), 'failed', 'X')];
    expect(one.id).not.toBe(other.id);
    expect(one.atMs).toBeGreaterThanOrEqual(beforeMs);
    expect(one.atMs).toBeLessThanOrEqual(house.deps.clock.nowMs());
    expect([one.actor, one.outcome, one.errorCode, one.changes]).toEqual([null, 'success', null, null]);
    expect([other.outcome, other.errorCode]).toEqual(['failed', 'X']);
  });

  test('keeps at most five hundred characters of what a client calls itself', async () => {
    const id = house.deps.ids.uuid();
    await commit(house.deps, { ...caller, origin: { ...origin, agent: 'a'.repeat(3_000) } }, [], deed(id));
    const [entry] = await entriesOf(id);
    expect(entry?.agent).toHaveLength(500);
  });
});
