/** Whose access keys somebody may see, make, widen and end: every role, every kind of key, one table. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeAccessKey, createAccessKey, listAccessKeys, revokeAccessKey, seeAccessKey } from '../../src/control/access-keys.ts';
import type { Caller } from '../../src/control/change.ts';
import { checksumOf, hashOfKey } from '../../src/control/issued-key.ts';
import { deleteWorkspace } from '../../src/control/workspaces.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let skewMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs };
let house: House;
let lab: string;
const people = new Map<string, Resident>();
const callerOf = (name: string): Caller => ({ actor: house.deps.keeper.snapshot.actorOf(people.get(name)!.id, 'session')!, origin });
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { code?: unknown }) => error.code ?? error,
  );
const pathsOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { details?: { path: string }[] }) => error.details?.map(({ path }) => path) ?? error,
  );
const make = async (by: string, workspaceId: string | null = null, limits: object = {}): Promise<string> =>
  (await createAccessKey(house.deps, callerOf(by), { name: 'key', workspaceId, ...limits })).key.id;

beforeAll(async () => {
  house = await openHouse({ clock });
  for (const name of ['Boss', 'Reader', 'Writer', 'Keeper', 'Holder', 'Stranger']) people.set(name, await house.createResident(name));
  const who = (name: string): Resident => people.get(name)!;
  lab = await house.createWorkspace('Lab', [
    [who('Keeper'), 'ADMIN'],
    [who('Writer'), 'WRITE'],
    [who('Holder'), 'WRITE'],
    [who('Reader'), 'READ'],
  ]);
});
afterAll(() => house.close());

describe('rights over a key', () => {
  // Columns: see, change, revoke.
  const table: [string, 'own' | 'of the workspace', [string, string, string]][] = [
    ['Holder', 'own', ['done', 'done', 'done']],
    ['Boss', 'own', ['done', 'done', 'done']],
    ['Keeper', 'own', ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']],
    ['Writer', 'own', ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']],
    ['Stranger', 'own', ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']],
    ['Holder', 'of the workspace', ['done', 'done', 'done']],
    ['Boss', 'of the workspace', ['done', 'done', 'done']],
    ['Keeper', 'of the workspace', ['done', 'done', 'done']],
    ['Writer', 'of the workspace', ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']],
    ['Reader', 'of the workspace', ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']],
    ['Stranger', 'of the workspace', ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']],
  ];
  test.each(table)("of %s over a key that is Holder's, %s", async (name, kind, expected) => {
    const id = await make('Holder', kind === 'own' ? null : lab);
    const said = [
      await codeOf(seeAccessKey(house.deps, callerOf(name).actor, id)),
      await codeOf(changeAccessKey(house.deps, callerOf(name), id, { rpm: 5 })),
      await codeOf(revokeAccessKey(house.deps, callerOf(name), id)),
    ];
    expect(said).toEqual(expected);
    const isRevoked = (await codeOf(seeAccessKey(house.deps, callerOf('Holder').actor, id))) === 'NOT_FOUND';
    expect(isRevoked).toBe(expected[2] === 'done');
  });

  test.each([
    ['Boss', 'done'],
    ['Keeper', 'done'],
    ['Writer', 'done'],
    ['Reader', 'FORBIDDEN'],
    ['Stranger', 'FORBIDDEN'],
  ])('%s makes one for the workspace: %s', async (name, expected) => {
    expect(await codeOf(make(name, lab))).toBe(expected);
  });

  test('a workspace that never was, or is no more, is missing for everybody', async () => {
    const gone = await house.createWorkspace('Gone', [[people.get('Writer')!, 'ADMIN']]);
    await deleteWorkspace(house.deps, callerOf('Boss'), gone);
    for (const name of ['Boss', 'Writer', 'Stranger'])
      for (const id of [gone, house.deps.ids.uuid()]) expect(await codeOf(make(name, id))).toBe('NOT_FOUND');
  });

  test('what is no id names nothing', async () => {
    for (const id of ['', 'x', '\0', lab.toUpperCase(), `${lab}'--`])
      expect(await codeOf(seeAccessKey(house.deps, callerOf('Boss').actor, id))).toBe('NOT_FOUND');
  });
});

describe('a key as it is kept', () => {
  test('is a hash that the snapshot knows with the answer, and no row, log or list holds the text', async () => {
    const { key, text } = await createAccessKey(house.deps, callerOf('Holder'), { name: 'kept', workspaceId: null });
    expect(text).toMatch(/^sk-pb-[\w-]{49}$/);
    expect(text.slice(-6)).toBe(checksumOf(text.slice(0, -6)));
    expect(house.deps.keeper.snapshot.accessKeys.get(hashOfKey(text))).toMatchObject({ id: key.id, userId: people.get('Holder')!.id });
    const rows = await house.database.db.selectFrom('access_keys').selectAll().where('id', '=', key.id).execute();
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', key.id).execute();
    expect(JSON.stringify([rows, audit, key, house.logged])).not.toContain(text.slice(6, -6));
    expect(rows[0]).toMatchObject({ hash: hashOfKey(text), last4: text.slice(-4) });
  });

  test('is out of the snapshot when it is revoked, and a second revocation finds nothing', async () => {
    const { key, text } = await createAccessKey(house.deps, callerOf('Holder'), { name: 'short', workspaceId: null });
    await revokeAccessKey(house.deps, callerOf('Holder'), key.id);
    expect(house.deps.keeper.snapshot.accessKeys.get(hashOfKey(text))?.revokedAtMs ?? 1).not.toBeNull();
    expect(await codeOf(revokeAccessKey(house.deps, callerOf('Holder'), key.id))).toBe('NOT_FOUND');
    expect(await codeOf(changeAccessKey(house.deps, callerOf('Holder'), key.id, { name: 'again' }))).toBe('NOT_FOUND');
  });

  test('a change that meets a revocation in between is refused, not made', async () => {
    const id = await make('Holder');
    const outcomes = await Promise.all([
      codeOf(revokeAccessKey(house.deps, callerOf('Boss'), id)),
      ...Array.from({ length: 5 }, (_, n) => codeOf(changeAccessKey(house.deps, callerOf('Holder'), id, { rpm: n + 1 }))),
    ]);
    expect(outcomes[0]).toBe('done');
    for (const outcome of outcomes.slice(1)) expect(['done', 'NOT_FOUND']).toContain(outcome);
    expect(await codeOf(seeAccessKey(house.deps, callerOf('Boss').actor, id))).toBe('NOT_FOUND');
  });
});

describe('limits', () => {
  test('what is not named stays, null takes away, and the audit log tells both sides', async () => {
    const id = await make('Holder', null, { models: ['gpt-*'], rpm: 10, tpm: 1000, budgetUsd: '1.5' });
    const changed = await changeAccessKey(house.deps, callerOf('Holder'), id, { rpm: null, budgetUsd: 2 });
    expect(changed).toMatchObject({ models: ['gpt-*'], rpm: null, tpm: 1000, budgetNanoUsd: 2_000_000_000, name: 'key' });
    const [entry] = await house.database.db
      .selectFrom('audit_entries')
      .select('changes')
      .where('subject_id', '=', id)
      .where('action', '=', 'access-key.update')
      .execute();
    expect(JSON.parse(entry!.changes!)).toEqual({
      rpm: { before: 10, after: null },
      budgetNanoUsd: { before: 1_500_000_000, after: 2_000_000_000 },
    });
  });

  test.each<[string | number, number | string[]]>([
    ['0', 0],
    ['0.000000001', 1],
    [0.1, 100_000_000],
    ['12.5', 12_500_000_000],
    ['-1', ['budgetUsd']],
    ['1e3', ['budgetUsd']],
    ['0.0000000001', ['budgetUsd']],
    ['9007200', ['budgetUsd']],
    [Number.NaN, ['budgetUsd']],
    ['', ['budgetUsd']],
    ['one', ['budgetUsd']],
  ])('a budget of %j', async (budgetUsd, expected) => {
    if (typeof expected === 'number') {
      const { key } = await createAccessKey(house.deps, callerOf('Holder'), { name: 'b', workspaceId: null, budgetUsd });
      expect(key.budgetNanoUsd).toBe(expected);
    } else expect(await pathsOf(make('Holder', null, { budgetUsd }))).toEqual(expected);
  });

  test('an end that has come is a mistake, one to come is kept to the millisecond', async () => {
    const nowMs = clock.nowMs();
    expect(await pathsOf(make('Holder', null, { expiresAtMs: nowMs - 1 }))).toEqual(['expiresAt']);
    const { key } = await createAccessKey(house.deps, callerOf('Holder'), { name: 'e', workspaceId: null, expiresAtMs: nowMs + 60_000 });
    expect(key.expiresAtMs).toBe(nowMs + 60_000);
    expect(await pathsOf(changeAccessKey(house.deps, callerOf('Holder'), key.id, { expiresAtMs: 0 }))).toEqual(['expiresAt']);
    skewMs += 120_000;
    // A dead key is still there to be seen, named and prolonged.
    expect((await changeAccessKey(house.deps, callerOf('Holder'), key.id, { name: 'dead' })).expiresAtMs).toBe(nowMs + 60_000);
    expect((await changeAccessKey(house.deps, callerOf('Holder'), key.id, { expiresAtMs: null })).expiresAtMs).toBeNull();
  });
});

test('a list in pages holds each key once, newest first, and only what may be seen', async () => {
  const fresh = await house.createResident('Fresh');
  people.set('Fresh', fresh);
  const ids: string[] = [];
  for (let n = 0; n < 7; n++) ids.unshift(await make('Fresh'));
  const pages: string[][] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 5; page++) {
    const rows = await listAccessKeys(house.deps, callerOf('Fresh').actor, { limit: 3, ...(cursor === undefined ? {} : { cursor }) });
    pages.push(rows.map(({ id }) => id));
    cursor = rows.at(-1)?.id;
    if (rows.length < 3) break;
  }
  expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
  expect(pages.flat()).toEqual(ids);
  expect((await listAccessKeys(house.deps, callerOf('Boss').actor, { limit: 500 })).map(({ id }) => id)).toEqual(
    expect.arrayContaining(ids),
  );
  const ofLab = await listAccessKeys(house.deps, callerOf('Keeper').actor, { limit: 500, workspaceId: lab });
  expect(ofLab.every(({ workspaceId }) => workspaceId === lab)).toBe(true);
  expect(ofLab.length).toBeGreaterThan(0);
});
