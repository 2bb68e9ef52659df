/** Kept contents below the faces: what a workspace says of them, whom it may be read by, and what opens where it does not belong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { captureFor, changeCapture, forgetContents } from '../../src/control/capture.ts';
import { mayReadContent, readContent } from '../../src/control/captured.ts';
import type { Caller } from '../../src/control/change.ts';
import { createWorkspace, deleteWorkspace } from '../../src/control/workspaces.ts';
import type { CaptureSettings } from '../../src/domain/capture.ts';
import { listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { interrupted, nowhere, openRoomsHouse, refusalOf, type RoomsHouse } from '../support/rooms-house.ts';

const dayMs = 86_400_000;
let place: RoomsHouse;
beforeAll(async () => {
  place = await openRoomsHouse();
});
afterAll(() => place.house.close());

const deps = () => place.house.deps;
let names = 0;
async function workspaceOf(keptDays: number): Promise<string> {
  const { id } = await createWorkspace(deps(), place.admin, `Lab ${++names}`);
  await changeCapture(deps(), place.admin, id, { isOn: true, keptDays });
  return id;
}
/** The contents of a request, as the gateway hands them over. */
async function kept(workspaceId: string, by: Caller, part: { atMs?: number; text?: string | null } = {}): Promise<string> {
  const requestId = deps().ids.uuid();
  const { text = '{"q":"kept"}' } = part;
  const side = { mediaType: 'application/json', bytes: text?.length ?? 9, isTruncated: false, text };
  const atMs = part.atMs ?? deps().clock.nowMs();
  deps().captures!.note({ requestId, atMs, workspaceId, userId: by.actor.userId, request: side, answer: null });
  await deps().contents.flush();
  return requestId;
}
const expiryOf = async (requestId: string, by = place.admin): Promise<number> => (await readContent(deps(), by, requestId)).expiresAtMs;

describe('what a workspace says', () => {
  test('a shorter time holds for what is there; a longer one only for what comes', async () => {
    const id = await workspaceOf(30);
    const atMs = deps().clock.nowMs();
    const requestId = await kept(id, place.admin, { atMs });
    expect(await expiryOf(requestId)).toBe(atMs + 30 * dayMs);
    await changeCapture(deps(), place.admin, id, { isOn: true, keptDays: 5 });
    expect(await expiryOf(requestId)).toBe(atMs + 5 * dayMs);
    await changeCapture(deps(), place.admin, id, { isOn: true, keptDays: 60 });
    expect(await expiryOf(requestId)).toBe(atMs + 5 * dayMs);
    expect(await expiryOf(await kept(id, place.admin, { atMs }))).toBe(atMs + 60 * dayMs);
  });

  test('what is already older than the new time is gone at once, and another workspace’s is not touched', async () => {
    const [one, two] = [await workspaceOf(30), await workspaceOf(30)];
    const atMs = deps().clock.nowMs() - 3 * dayMs;
    const [old, other] = [await kept(one, place.admin, { atMs }), await kept(two, place.admin, { atMs })];
    await changeCapture(deps(), place.admin, one, { isOn: true, keptDays: 2 });
    expect(await refusalOf(readContent(deps(), place.admin, old))).toEqual(['NOT_FOUND']);
    expect(await expiryOf(other)).toBe(atMs + 30 * dayMs);
  });

  test('off keeps what is there and nothing more; on again seals under the same key', async () => {
    const id = await workspaceOf(7);
    const before = await kept(id, place.admin);
    await changeCapture(deps(), place.admin, id, { isOn: false, keptDays: 7 });
    const during = await kept(id, place.admin);
    await changeCapture(deps(), place.admin, id, { isOn: true, keptDays: 7 });
    expect((await readContent(deps(), place.admin, before)).request?.text).toBe('{"q":"kept"}');
    expect(await refusalOf(readContent(deps(), place.admin, during))).toEqual(['NOT_FOUND']);
    expect(await listOwnerKeys(deps().database, { scope: 'workspace', id })).toHaveLength(1);
  });

  test('a workspace that never turned it on has no key for it', async () => {
    const { id } = await createWorkspace(deps(), place.admin, 'Silent');
    await changeCapture(deps(), place.admin, id, { isOn: false, keptDays: 3 });
    expect(await captureFor(deps(), place.admin.actor, id)).toMatchObject({ isOn: false, keptDays: 3 });
    expect(await listOwnerKeys(deps().database, { scope: 'workspace', id })).toEqual([]);
  });

  test('somebody who was faster is told of to whoever says what they began from; a workspace that goes meanwhile is not there', async () => {
    const id = await workspaceOf(7);
    const { revision } = await captureFor(deps(), place.admin.actor, id);
    const late = interrupted(deps(), () => changeCapture(deps(), place.admin, id, { isOn: false, keptDays: 9 }));
    const expected = { revision, show: ({ keptDays }: CaptureSettings) => keptDays };
    const second = changeCapture(late, place.admin, id, { isOn: true, keptDays: 8 }, expected);
    await expect(second).rejects.toMatchObject({ code: 'CONFLICT', details: { current: 9, changedBy: { id: place.admin.actor.userId } } });
    expect(await captureFor(deps(), place.admin.actor, id)).toMatchObject({ isOn: false, keptDays: 9 });
    const gone = interrupted(deps(), () => deleteWorkspace(deps(), place.admin, id));
    expect(await refusalOf(changeCapture(gone, place.admin, id, { isOn: true, keptDays: 8 }))).toEqual(['NOT_FOUND']);
  });

  test('to throw away is for ADMINs, and takes that workspace’s alone', async () => {
    const other = await workspaceOf(7);
    await changeCapture(deps(), place.head, place.workspace.id, { isOn: true, keptDays: 7 });
    const [mine, theirs] = [await kept(place.workspace.id, place.reader), await kept(other, place.admin)];
    expect(await refusalOf(forgetContents(deps(), place.reader, place.workspace.id))).toEqual(['FORBIDDEN']);
    expect(await refusalOf(readContent(deps(), place.reader, mine))).toBe(null);
    await forgetContents(deps(), place.head, place.workspace.id);
    expect(await refusalOf(readContent(deps(), place.reader, mine))).toEqual(['NOT_FOUND']);
    expect(await refusalOf(readContent(deps(), place.admin, theirs))).toBe(null);
    const noted = await place.auditOf('workspace-capture.forget', place.workspace.id);
    expect(noted.at(-1)).toEqual(['success', null, place.head.actor.userId]);
  });
});

describe('who reads', () => {
  test('whoever asked, the ADMINs of the workspace and the administrators, and nobody else', () => {
    const row = { userId: place.reader.actor.userId, workspaceId: place.workspace.id };
    const readers = [place.admin, place.head, place.reader, place.outsider].map(({ actor }) => mayReadContent(actor, row));
    expect(readers).toEqual([true, true, true, false]);
    // A member of the workspace does not read what another member asked, nor anybody what no person asked elsewhere.
    expect(mayReadContent(place.reader.actor, { ...row, userId: place.head.actor.userId })).toBe(false);
    expect(mayReadContent(place.head.actor, { userId: null, workspaceId: nowhere })).toBe(false);
  });

  test('sound and pictures are told of by their size alone', async () => {
    const requestId = await kept(await workspaceOf(7), place.admin, { text: null });
    const { request, answer } = await readContent(deps(), place.admin, requestId);
    expect([request, answer]).toEqual([{ mediaType: 'application/json', bytes: 9, isTruncated: false, text: null }, null]);
  });

  test('contents that were moved to another request, or under another’s key, do not open there', async () => {
    const id = await workspaceOf(7);
    const [one, two, three] = [await kept(id, place.admin), await kept(id, place.admin), await kept(id, place.admin)];
    const { db } = deps().database;
    const from = await db.selectFrom('captured_bodies').selectAll().where('request_id', '=', one).executeTakeFirstOrThrow();
    await db.updateTable('captured_bodies').set({ request: from.request }).where('request_id', '=', two).execute();
    const both = { request: from.request, data_key_sealed: from.data_key_sealed };
    await db.updateTable('captured_bodies').set(both).where('request_id', '=', three).execute();
    for (const moved of [two, three]) expect(await refusalOf(readContent(deps(), place.admin, moved))).toEqual(['SECRET_UNREADABLE']);
    expect((await readContent(deps(), place.admin, one)).request?.text).toBe('{"q":"kept"}');
  });
});
