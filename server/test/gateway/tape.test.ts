/** Contents that a workspace keeps: sealed, covered, cut and scrubbed, told to nobody else, and nothing at all where nobody asked for it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeCapture, forgetContents } from '../../src/control/capture.ts';
import { readContent } from '../../src/control/captured.ts';
import { createPolicy, deletePolicy } from '../../src/control/policies.ts';
import { createWorkspace, deleteWorkspace } from '../../src/control/workspaces.ts';
import { keptBytesMax } from '../../src/domain/capture.ts';
import { plain, refusing, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
let fake: FakeProvider;
let workspaceId = '';
let key = '';

const keep = (isOn: boolean, keptDays = 7): Promise<unknown> => changeCapture(rig.deps, rig.caller, workspaceId, { isOn, keptDays });
const idOf = (said: { headers: Record<string, unknown> }): string => said.headers['x-request-id'] as string;
const rowsOf = async (requestId: string) => {
  await rig.deps.contents.flush();
  return rig.deps.database.db.selectFrom('captured_bodies').selectAll().where('request_id', '=', requestId).execute();
};
const contentOf = async (requestId: string) => {
  await rig.deps.contents.flush();
  return readContent(rig.deps, rig.caller, requestId);
};
const ask = (content: string, more: Record<string, unknown> = {}) =>
  rig.ask(key, { model: 'gpt-4o', messages: [{ role: 'user', content }], ...more });

beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  workspaceId = (await createWorkspace(rig.deps, rig.caller, 'Kept')).id;
  key = (await rig.issueKey({}, workspaceId)).text;
  await rig.connect({ name: 'Line', baseUrl: fake.baseUrl, model: 'gpt-4o', settings: { wire: 'chat' } });
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(async () => {
  fake.answer(plain);
  await keep(true);
});

describe('contents of a workspace', () => {
  test('that never asked for it are not kept, nor those of requests outside of it', async () => {
    await keep(false);
    const off = await ask('a secret plan');
    await keep(true);
    const personal = (await rig.issueKey()).text;
    const outside = await rig.ask(personal, { model: 'gpt-4o', messages: [{ role: 'user', content: 'my own' }] });
    expect([off.status, outside.status]).toEqual([200, 200]);
    expect([await rowsOf(idOf(off)), await rowsOf(idOf(outside))]).toEqual([[], []]);
  });

  test('open again word for word, and the database alone holds nothing that can be read', async () => {
    const said = await ask('the heron flies at dawn');
    const content = await contentOf(idOf(said));
    expect(JSON.parse(content.request!.text!)).toMatchObject({ messages: [{ content: 'the heron flies at dawn' }] });
    expect(content.answer).toMatchObject({ mediaType: expect.stringContaining('json') as string, isTruncated: false, text: said.text });
    const [row] = await rowsOf(idOf(said));
    expect(JSON.stringify(row)).not.toContain('heron');
    expect(Buffer.from(row!.request!.slice(3), 'base64').toString('latin1')).not.toContain('heron');
    expect(row!.expires_at - row!.at).toBe(7 * 86_400_000);
  });

  test('of a stream are the events as the caller had them, without what only kept the line alive', async () => {
    const said = await ask('count', { stream: true });
    const { answer } = await contentOf(idOf(said));
    expect(answer!.mediaType).toContain('event-stream');
    expect(answer!.text).toContain('quick');
    expect(answer!.text).not.toContain('keep-alive');
  });

  test('say what was answered in the place of an answer', async () => {
    fake.answer(refusing(400));
    const said = await ask('bad');
    expect(said.status).toBe(400);
    expect((await contentOf(idOf(said))).answer!.text).toContain('"code"');
  });

  test('hold no key, whoever wrote one into a prompt, also not one that a cut went through', async () => {
    const secret = `sk-live${'A1b2C3d4'.repeat(4)}`;
    const plainly = await contentOf(idOf(await ask(`use ${secret} please`)));
    expect(plainly.request!.text).toContain('use [secret] please');
    const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: '' }] });
    const room = keptBytesMax - Buffer.byteLength(body) + '"}]}'.length - 10;
    const cut = await contentOf(idOf(await ask(`${'word '.repeat(Math.floor(room / 5))}${' '.repeat(room % 5)}${secret} and so on`)));
    expect(cut.request).toMatchObject({ isTruncated: true });
    expect(cut.request!.bytes).toBeGreaterThan(keptBytesMax);
    expect(cut.request!.text!.length).toBeLessThanOrEqual(keptBytesMax);
    expect(cut.request!.text).not.toContain('sk-live');
  });

  test('are covered where a policy covers, and a prompt that a policy refused is not kept', async () => {
    const redact = await createPolicy(rig.deps, rig.caller, { workspaceId, repositoryId: null }, { name: 'Cover', risk: 'HIGH', action: 'redact', rules: { keywords: ['kestrel'] } }); // prettier-ignore
    const block = await createPolicy(rig.deps, rig.caller, { workspaceId, repositoryId: null }, { name: 'Stop', risk: 'HIGH', action: 'block', rules: { keywords: ['falcon'] } }); // prettier-ignore
    const covered = await contentOf(idOf(await ask('the kestrel waits')));
    expect(covered.request!.text).not.toContain('kestrel');
    expect(covered.request!.text).toContain('waits');
    const refused = await ask('the falcon and a kestrel');
    expect(refused.status).toBeGreaterThanOrEqual(400);
    const content = await contentOf(idOf(refused));
    expect(content.request).toBeNull();
    expect(JSON.stringify(content)).not.toContain('kestrel');
    for (const { id } of [redact, block]) await deletePolicy(rig.deps, rig.caller, id);
  });

  test('moved to another request do not open', async () => {
    const [one, other] = [idOf(await ask('first')), idOf(await ask('second'))];
    const [row] = await rowsOf(one);
    await rowsOf(other);
    const { data_key_sealed, request, answer } = row!;
    await rig.deps.database.db.updateTable('captured_bodies').set({ request, answer }).where('request_id', '=', other).execute();
    await expect(contentOf(other)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
    await rig.deps.database.db.updateTable('captured_bodies').set({ data_key_sealed }).where('request_id', '=', other).execute();
    await expect(contentOf(other)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });

  test('end sooner where the workspace keeps them for a shorter time, and are thrown away when it says so', async () => {
    const requestId = idOf(await ask('for how long'));
    await rowsOf(requestId);
    await keep(true, 2);
    const [row] = await rowsOf(requestId);
    expect(row!.expires_at - row!.at).toBe(2 * 86_400_000);
    await forgetContents(rig.deps, rig.caller, workspaceId);
    expect(await rowsOf(requestId)).toEqual([]);
    await expect(contentOf(requestId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('go with their workspace', async () => {
    const gone = (await createWorkspace(rig.deps, rig.caller, 'Short-lived')).id;
    await changeCapture(rig.deps, rig.caller, gone, { isOn: true, keptDays: 5 });
    const said = await rig.ask((await rig.issueKey({}, gone)).text, { model: 'gpt-4o', messages: [{ role: 'user', content: 'bye' }] });
    expect(await rowsOf(idOf(said))).toHaveLength(1);
    await deleteWorkspace(rig.deps, rig.caller, gone);
    expect(await rowsOf(idOf(said))).toEqual([]);
    expect(rig.deps.keeper.snapshot.capture.has(gone)).toBe(false);
  });
});
