/** Limits and their settings below the faces: the ends of each range, who hears of a limit, and two people at one limit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limitCountMax } from '@patchbay/contract/limits';
import { createAccessKey } from '../../src/control/access-keys.ts';
import { audienceOfLimit } from '../../src/control/limit-audience.ts';
import { changeLimitSettings } from '../../src/control/limit-settings.ts';
import { changeLimit, createLimit, limitsOf, removeLimit, seeLimit, type LimitInput } from '../../src/control/limits.ts';
import { createWorkspace, deleteWorkspace } from '../../src/control/workspaces.ts';
import type { Limit } from '../../src/domain/limit.ts';
import { limitSettingsOf } from '../../src/storage/limits.ts';
import { interrupted, nowhere, openRoomsHouse, refusalOf, type RoomsHouse } from '../support/rooms-house.ts';

let place: RoomsHouse;
beforeAll(async () => {
  place = await openRoomsHouse();
});
afterAll(() => place.house.close());

const room = () => place.house.deps;
/** A connection of the workspace of its own, so that no two tests meet at one meter. */
async function line(): Promise<LimitInput['subject']> {
  return { kind: 'connection', id: await place.connectionOf(place.workspace, place.head) };
}
const set = async (more: Partial<LimitInput> = {}, by = place.head) =>
  (await createLimit(room(), by, { subject: await line(), kind: 'requests', value: 10, isShadow: false, ...more })).record!;

describe('the value of a limit', () => {
  test.each([
    ['requests', 1, 1],
    ['requests', '7', 7],
    ['requests', limitCountMax, limitCountMax],
    ['requests', String(limitCountMax), limitCountMax],
    ['requests', limitCountMax + 1, null],
    ['requests', '99999999999', null],
    ['requests', '1e3', null],
    ['requests', '', null],
    ['requests', 0.5, null],
    ['tokens', -1, null],
    ['money', '0', 0],
    ['money', '0.000000001', 1],
    ['money', 0.1, 100_000_000],
    ['money', '9007199.254740991', Number.MAX_SAFE_INTEGER],
    ['money', '9007199.254740992', null],
    ['money', 'free', null],
    ['money', -1, null],
  ] as const)('%s of %j is %j', async (kind, value, kept) => {
    const made = set({ kind, value, ...(kind === 'money' && { period: 'day' }) });
    if (kept === null) expect(await refusalOf(made)).toEqual(['VALIDATION_ERROR', 'value invalid']);
    else expect((await made).value).toBe(kept);
  });

  test('is left by a change that does not name it, and a soft mark goes with null alone', async () => {
    const { id } = await set({ value: 12, softPercent: 80, isShadow: true });
    expect((await changeLimit(room(), place.head, id, { isShadow: false })).limit).toMatchObject({
      value: 12,
      softPercent: 80,
      isShadow: false,
    });
    expect((await changeLimit(room(), place.head, id, { softPercent: null })).limit).toMatchObject({ value: 12, softPercent: null });
    expect(await refusalOf(changeLimit(room(), place.head, id, { value: 0 }))).toEqual(['VALIDATION_ERROR', 'value invalid']);
    expect((await seeLimit(room(), place.reader.actor, id)).limit.value).toBe(12);
  });
});

describe('a limit', () => {
  test('of a member is theirs to see and not to change, and of a closed workspace neither', async () => {
    const { id } = await set();
    expect((await seeLimit(room(), place.reader.actor, id)).canManage).toBe(false);
    expect((await seeLimit(room(), place.head.actor, id)).canManage).toBe(true);
    for (const change of [changeLimit(room(), place.reader, id, { value: 1 }), removeLimit(room(), place.reader, id)])
      expect(await refusalOf(change)).toEqual(['FORBIDDEN']);
    for (const look of [seeLimit(room(), place.outsider.actor, id), changeLimit(room(), place.outsider, id, { value: 1 })])
      expect(await refusalOf(look)).toEqual(['FORBIDDEN']);
    expect(await refusalOf(seeLimit(room(), place.admin.actor, 'no id'))).toEqual(['NOT_FOUND']);
  });

  test('that an administrator set stands over the owner of its subject', async () => {
    const { id } = await set({ value: 5 }, place.admin);
    expect((await seeLimit(room(), place.head.actor, id)).canManage).toBe(false);
    expect(await refusalOf(changeLimit(room(), place.head, id, { value: 500 }))).toEqual(['FORBIDDEN']);
    expect(await refusalOf(removeLimit(room(), place.head, id))).toEqual(['FORBIDDEN']);
    expect((await changeLimit(room(), place.admin, id, { value: 6 })).limit.value).toBe(6);
    // The other way round an administrator may: what the owner set is a limit like any other.
    const owners = await set();
    expect((await changeLimit(room(), place.admin, owners.id, { value: 11 })).limit.value).toBe(11);
  });

  test('of a workspace that is gone is gone with it', async () => {
    const { id } = await createWorkspace(place.house.deps, place.admin, 'Short');
    const limit = await set({ subject: { kind: 'workspace', id } }, place.admin);
    await deleteWorkspace(place.house.deps, place.admin, id);
    expect(await refusalOf(seeLimit(room(), place.admin.actor, limit.id))).toEqual(['NOT_FOUND']);
    expect(await refusalOf(set({ subject: { kind: 'workspace', id } }, place.admin))).toEqual(['NOT_FOUND']);
  });
});

describe('two people at one limit', () => {
  test('set it once: who comes second is told that it is there', async () => {
    const subject = await line();
    const late = interrupted(room(), () => set({ subject, value: 20 }));
    const second = createLimit(late, place.head, { subject, kind: 'requests', value: 30, isShadow: false });
    expect(await refusalOf(second)).toEqual(['LIMIT_EXISTS']);
    expect((await limitsOf(room(), place.reader.actor, subject)).limits.map(({ limit }) => limit.value)).toEqual([20]);
  });

  test('both change it: what each of them named stands', async () => {
    const { id } = await set();
    const late = interrupted(room(), () => changeLimit(room(), place.admin, id, { value: 44 }));
    expect((await changeLimit(late, place.head, id, { softPercent: 50 })).limit).toMatchObject({ value: 44, softPercent: 50 });
  });

  test('a change made from an older state is refused with what it has become, even where it was made meanwhile', async () => {
    const { id, revision } = await set();
    const late = interrupted(room(), () => changeLimit(room(), place.admin, id, { value: 44 }));
    const expected = { revision, show: ({ value }: Limit) => value };
    await expect(changeLimit(late, place.head, id, { value: 9 }, expected)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { current: 44 },
    });
    expect((await seeLimit(room(), place.head.actor, id)).limit.value).toBe(44);
  });

  test('one that is taken away meanwhile is not there to be changed, nor to be taken away again', async () => {
    const [one, two] = [await set(), await set()];
    const gone = (id: string) => interrupted(room(), () => removeLimit(room(), place.admin, id));
    expect(await refusalOf(changeLimit(gone(one.id), place.head, one.id, { value: 9 }))).toEqual(['NOT_FOUND']);
    expect(await refusalOf(removeLimit(gone(two.id), place.head, two.id))).toEqual(['NOT_FOUND']);
    expect(await place.auditOf('limit.delete', two.id)).toEqual([['success', null, place.admin.actor.userId]]);
  });
});

describe('who hears of a limit', () => {
  const audienceOf = (subject: LimitInput['subject']) => audienceOfLimit(place.house.deps.keeper.snapshot, subject);
  const keyOf = async (workspaceId: string | null): Promise<string> => {
    const unlimited = { budgetUsd: null, rpm: null };
    return (await createAccessKey(room(), place.head, { name: 'Key', workspaceId, ...unlimited })).key.id;
  };

  test('the person, the workspace’s ADMINs, or whoever may use the thing; administrators always', async () => {
    const { id } = await line();
    expect(audienceOf({ kind: 'user', id: nowhere })).toEqual({ administrators: true, userIds: [nowhere] });
    expect(audienceOf({ kind: 'workspace', id: nowhere })).toEqual({ administrators: true, workspaceIds: [nowhere] });
    expect(audienceOf({ kind: 'connection', id })).toEqual({ administrators: true, owners: [place.workspace] });
    // What is gone has nobody left but them.
    for (const kind of ['connection', 'group'] as const)
      expect(audienceOf({ kind, id: nowhere })).toEqual({ administrators: true, owners: [] });
    expect(audienceOf({ kind: 'access-key', id: nowhere })).toEqual({ administrators: true });
  });

  test('the holder of a key, and the ADMINs of its workspace where it has one', async () => {
    const userIds = [place.head.actor.userId];
    const [team, own] = [await keyOf(place.workspace.id), await keyOf(null)];
    expect(audienceOf({ kind: 'access-key', id: team })).toEqual({ administrators: true, userIds, workspaceIds: [place.workspace.id] });
    expect(audienceOf({ kind: 'access-key', id: own })).toEqual({ administrators: true, userIds, workspaceIds: [] });
  });
});

describe('the settings of all limits', () => {
  test('keep what is not named, take an unknown zone never, and let two changes stand', async () => {
    const { deps } = place.house;
    await changeLimitSettings(deps, place.admin, { timeZone: 'Asia/Jakarta', outputTokensCeiling: 900 });
    expect(await refusalOf(changeLimitSettings(deps, place.admin, { timeZone: 'Mars/Olympus' }))).toEqual([
      'VALIDATION_ERROR',
      'timeZone unknown_zone',
    ]);
    const late = interrupted(deps, () => changeLimitSettings(deps, place.admin, { timeZone: 'Asia/Makassar' }));
    await changeLimitSettings(late, place.admin, { outputTokensCeiling: null });
    const { revision, ...kept } = await limitSettingsOf(place.house.database);
    expect(kept).toEqual({ timeZone: 'Asia/Makassar', outputTokensCeiling: null });
    const expected = { revision: revision - 1, show: ({ timeZone }: { timeZone: string }) => timeZone };
    await expect(changeLimitSettings(deps, place.admin, { timeZone: 'UTC' }, expected)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { current: 'Asia/Makassar', changedBy: { id: place.admin.actor.userId } },
    });
  });
});
