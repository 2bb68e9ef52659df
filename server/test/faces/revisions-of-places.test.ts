/** The history of what holds secrets or people: channels, the mail server, workspaces, what they keep, and users. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHook, openMailbox, type Hook, type Mailbox } from '../support/alert-receivers.ts';
import { answersSeen, pathsOf, type Found, type Seen } from '../support/connections-house.ts';
import { codeOf, nowhere, openPolicyHouse, type PolicyHouse } from '../support/policy-house.ts';
import type { Resident } from '../support/house.ts';

let place: PolicyHouse;
let hook: Hook;
let other: Hook;
let mailbox: Mailbox;
beforeAll(async () => {
  place = await openPolicyHouse();
  hook = await openHook();
  other = await openHook();
  mailbox = await openMailbox({ user: { name: 'patchbay', password: 'the password of mail' } });
});
afterAll(async () => {
  await place.close();
  await Promise.all([hook.close(), other.close(), mailbox.close()]);
});

const send = async (method: string, path: string, body?: unknown, who: Resident = place.admin): Promise<Found> => {
  const answer = await place.ask(who, method, path, body);
  expect([200, 201], answer.text).toContain(answer.status);
  return answer.body.data;
};
interface Revision {
  revision: number;
  actor: { name: string } | null;
  action: string | null;
  state: Record<string, unknown> | null;
  changes: Record<string, { before?: unknown; after?: unknown }>;
  isCurrent: boolean;
}
const historyOf = async (type: string, id: string, who?: Resident): Promise<Revision[]> =>
  (await send('GET', `/api/revisions/${type}/${id}`, undefined, who)) as unknown as Revision[];
const rollBack = (type: string, id: string, revision: number, who: Resident = place.admin): Promise<Seen> =>
  place.ask(who, 'POST', `/api/revisions/${type}/${id}/rollback`, { revision });
const entriesOf = async (id: string, action: string): Promise<Record<string, unknown>[]> =>
  (await send('GET', `/api/admin/audit?limit=5&subjectId=${id}&action=${action}`)) as unknown as Record<string, unknown>[];

let names = 0;
const nextName = (): string => `thing ${(names += 1)}`;
const makeChannel = async (more: Record<string, unknown> = {}): Promise<string> =>
  (await send('POST', '/api/alert-channels', { scope: 'organization', kind: 'webhook', name: nextName(), url: hook.url, ...more })).id;
const mail = (more: Record<string, unknown> = {}) => ({ host: '127.0.0.1', port: mailbox.port, security: 'none', username: 'patchbay', sender: 'Patchbay <patchbay@example.org>', ...more }); // prettier-ignore
const password = 'the password of mail';
const makeUser = async (): Promise<string> =>
  (await send('POST', '/api/admin/users', { email: `${nextName().replace(' ', '')}@example.org`, name: nextName() })).id;

const give = (id: string, who: Resident, role: string): Promise<Seen> =>
  place.ask(place.admin, 'POST', `/workspace/${id}/users`, { userId: who.id, role });
async function makeWorkspace(...members: [Resident, string][]): Promise<string> {
  const made = await place.ask(place.admin, 'POST', '/workspace', { name: nextName() });
  const { id } = (made.body as unknown as { workspace: { id: string } }).workspace;
  for (const [who, role] of members) expect((await give(id, who, role)).status).toBe(200);
  return id;
}

const organization = async (): Promise<string> => place.organizationId;
/** Each kind of object: how one is made and changed, through the front door. */
const kinds: Record<string, { make: () => Promise<string>; change: (id: string) => Promise<unknown> }> = {
  alert_channel: {
    make: () => makeChannel({ kind: 'whatsapp', url: hook.url, to: '62811', token: 'the token of the gateway' }),
    change: (id) => send('PATCH', `/api/alert-channels/${id}`, { name: nextName(), to: '62899', tokenHeader: 'x-token', language: 'id' }),
  },
  mail_server: {
    async make() {
      await send('PUT', '/api/admin/mail', mail({ password }));
      return organization();
    },
    change: () => send('PUT', '/api/admin/mail', mail({ sender: 'alerts@example.org' })),
  },
  workspace: {
    make: () => makeWorkspace([place.head, 'ADMIN'], [place.reader, 'READ']),
    change: (id) => place.ask(place.head, 'PUT', `/workspace/${id}`, { name: nextName() }),
  },
  'workspace-capture': {
    async make() {
      const id = await place.house.createWorkspace(nextName(), [[place.head, 'ADMIN']]);
      await send('PUT', `/api/workspaces/${id}/capture`, { isOn: true, keptDays: 7 });
      return id;
    },
    change: (id) => send('PUT', `/api/workspaces/${id}/capture`, { isOn: false, keptDays: 3 }),
  },
  user: {
    make: makeUser,
    change: (id) =>
      send('PATCH', `/api/admin/users/${id}`, { name: nextName(), role: 'manager', permissions: ['use_ai_chat'], disabled: true }),
  },
};

describe('GET /api/revisions/:type/:id', () => {
  test.each(Object.keys(kinds))('200 %s: who made which state, and never a secret; a way back is a state of its own', async (type) => {
    const { make, change } = kinds[type]!;
    const id = await make();
    const before = (await historyOf(type, id))[0]!;
    await change(id);
    const [now, first] = await historyOf(type, id);
    expect(now).toMatchObject({ isCurrent: true, actor: { name: type === 'workspace' ? 'Head' : 'Admin' } });
    expect(now!.action).toMatch(/\.update$/);
    expect(first!.state).toEqual(before.state);
    expect(Object.keys(now!.changes).length).toBeGreaterThan(0);
    for (const [field, { after }] of Object.entries(now!.changes)) expect(now!.state![field] ?? null).toEqual(after);

    const reply = await rollBack(type, id, first!.revision);
    expect(reply.status, reply.text).toBe(200);
    const [back] = await historyOf(type, id);
    expect(back).toMatchObject({ state: first!.state, isCurrent: true, actor: { name: 'Admin' } });
    expect(back!.action).toMatch(/\.rollback$/);
    expect((await entriesOf(id, `${type}.rollback`))[0]).toMatchObject({
      changes: { rollbackTo: { after: first!.revision } },
      outcome: 'success',
    });
    expect(answersSeen.join('\n')).not.toMatch(/the password of mail|the token of the gateway|of-the-test/);
  });

  test('nothing that was ever kept in a history is a secret, in the database itself', async () => {
    const rows = await place.house.deps.database.db.selectFrom('object_revisions').select(['subject_type', 'state']).execute();
    const kept = rows.map(({ state }) => state ?? '').join('\n');
    expect(new Set(rows.map((row) => row.subject_type))).toContain('mail_server');
    expect(kept).toContain('"secret":"***"');
    expect(kept).not.toMatch(/the password of mail|the token of the gateway|of-the-test|whsec_|v1\.|\$argon2|\$scrypt|passwordHash/);
  });

  test('403 for whoever may not change it: members see no history of their workspace, and people none of each other', async () => {
    for (const [type, id] of [
      ['workspace', place.workspaceId],
      ['workspace-capture', place.workspaceId],
      ['user', place.head.id],
      ['mail_server', place.organizationId],
    ] as const)
      expect(codeOf(await place.ask(place.reader, 'GET', `/api/revisions/${type}/${id}`)), type).toEqual([403, 'FORBIDDEN']);
    const id = await makeChannel({ scope: 'workspace', workspaceId: place.workspaceId });
    expect(codeOf(await place.ask(place.reader, 'GET', `/api/revisions/alert_channel/${id}`))).toEqual([403, 'FORBIDDEN']);
    expect((await historyOf('alert_channel', id, place.head)).length).toBe(1);
  });

  test('404 for what never was', async () => {
    for (const type of ['alert_channel', 'workspace', 'workspace-capture', 'user', 'mail_server'])
      expect((await place.ask(place.admin, 'GET', `/api/revisions/${type}/${nowhere}`)).status, type).toBe(404);
  });
});

describe('the secret of a channel', () => {
  const sentTo = async (id: string): Promise<unknown> => send('POST', `/api/alert-channels/${id}/test`);

  test('stays through a way back: what it sends with is what it has now', async () => {
    const id = await makeChannel();
    const [first] = await historyOf('alert_channel', id);
    await send('PATCH', `/api/alert-channels/${id}`, { name: nextName(), url: `${hook.origin}/hooks/second?key=of-the-test` });
    expect((await rollBack('alert_channel', id, first!.revision)).status).toBe(200);
    expect((await historyOf('alert_channel', id))[0]!.state).toEqual(first!.state);
    expect(await sentTo(id)).toMatchObject({ isSent: true });
    expect(hook.posts.at(-1)!.path).toBe('/hooks/second?key=of-the-test');
  });

  test('409 it does not leave for the address of then, and the attempt is in the audit log', async () => {
    const id = await makeChannel();
    const [first] = await historyOf('alert_channel', id);
    const signingSecret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    await send('PATCH', `/api/alert-channels/${id}`, { url: other.url, signingSecret });
    const reply = await rollBack('alert_channel', id, first!.revision);
    expect(codeOf(reply)).toEqual([409, 'SECRET_REQUIRED_FOR_NEW_ORIGIN']);
    expect(pathsOf(reply)).toEqual(['url']);
    expect((await entriesOf(id, 'alert_channel.rollback'))[0]).toMatchObject({
      outcome: 'refused',
      errorCode: 'SECRET_REQUIRED_FOR_NEW_ORIGIN',
    });
    const before = hook.posts.length;
    expect(await sentTo(id)).toMatchObject({ isSent: true });
    expect(hook.posts.length).toBe(before);
    expect(other.posts.length).toBeGreaterThan(0);
  });

  test('a setting that the state did not have is gone again', async () => {
    const id = await kinds['alert_channel']!.make();
    const [first] = await historyOf('alert_channel', id);
    await send('PATCH', `/api/alert-channels/${id}`, { tokenHeader: 'x-token' });
    await rollBack('alert_channel', id, first!.revision);
    expect(await send('GET', `/api/alert-channels/${id}`)).toMatchObject({ tokenHeader: null, to: '62811' });
  });

  test('404 one that is deleted has a history, and no way back', async () => {
    const id = await makeChannel();
    const [first] = await historyOf('alert_channel', id);
    await send('DELETE', `/api/alert-channels/${id}`);
    expect((await historyOf('alert_channel', id))[0]).toMatchObject({ action: 'alert_channel.delete', state: null });
    expect((await rollBack('alert_channel', id, first!.revision)).status).toBe(404);
  });
});

describe('the password of the mail server', () => {
  test('409 it does not leave for the server, the name or the open line of then', async () => {
    const states = [mail({ host: 'mail.example.org' }), mail({ username: 'somebody' }), mail({ port: 2525 }), mail()];
    for (const state of states) await send('PUT', '/api/admin/mail', { ...state, password });
    const now = mail({ security: 'starttls' });
    await send('PUT', '/api/admin/mail', now);
    const earlier = (await historyOf('mail_server', place.organizationId)).slice(1, 5);
    expect(earlier.length).toBe(4);
    for (const { revision } of earlier) {
      const reply = await rollBack('mail_server', place.organizationId, revision);
      expect(codeOf(reply)).toEqual([409, 'SECRET_REQUIRED_FOR_NEW_ORIGIN']);
      expect(pathsOf(reply)).toEqual(['password']);
    }
    expect(await send('GET', '/api/admin/mail')).toMatchObject({ ...now, hasPassword: true });
  });

  test('200 a server that had none then is not told the one of today', async () => {
    await send('PUT', '/api/admin/mail', mail({ username: null, host: 'open.example.org' }));
    const [open] = await historyOf('mail_server', place.organizationId);
    await send('PUT', '/api/admin/mail', mail({ password }));
    expect((await rollBack('mail_server', place.organizationId, open!.revision)).status).toBe(200);
    expect(await send('GET', '/api/admin/mail')).toMatchObject({ host: 'open.example.org', hasPassword: false });
  });

  test('409 where it is not there any more there is nothing to bring back; without one the server itself comes back', async () => {
    await send('PUT', '/api/admin/mail', mail({ username: null, host: 'open.example.org' }));
    await send('PUT', '/api/admin/mail', mail({ password }));
    const [withPassword, without] = await historyOf('mail_server', place.organizationId);
    await send('DELETE', '/api/admin/mail');
    expect((await historyOf('mail_server', place.organizationId))[0]).toMatchObject({ action: 'mail_server.delete', state: null });
    const reply = await rollBack('mail_server', place.organizationId, withPassword!.revision);
    expect(codeOf(reply)).toEqual([409, 'REVISION_UNUSABLE']);
    expect(pathsOf(reply)).toEqual(['password']);
    expect((await rollBack('mail_server', place.organizationId, without!.revision)).status).toBe(200);
    expect(await send('GET', '/api/admin/mail')).toMatchObject({ host: 'open.example.org' });
  });
});

describe('the members of a workspace', () => {
  const rolesOf = async (id: string) => (await historyOf('workspace', id))[0]!.state!['members'];
  const member = ({ email }: Resident): string => email;

  test('are in its history by their address, and come back with it, all or nothing', async () => {
    const id = await kinds['workspace']!.make();
    const [made] = await historyOf('workspace', id);
    expect(made!.state!['members']).toMatchObject({ [member(place.head)]: 'ADMIN', [member(place.reader)]: 'READ' });
    await give(id, place.outsider, 'WRITE');
    await place.ask(place.admin, 'DELETE', `/workspace/${id}/users/${place.reader.id}`);
    expect(await rolesOf(id)).toMatchObject({ [member(place.outsider)]: 'WRITE' });
    expect(await rolesOf(id)).not.toHaveProperty(member(place.reader));
    expect((await rollBack('workspace', id, made!.revision, place.head)).status).toBe(200);
    expect(await rolesOf(id)).toEqual(made!.state!['members']);
    expect(place.house.deps.keeper.snapshot.memberships.get(place.reader.id)?.get(id)).toBe('READ');
    expect((await place.ask(place.outsider, 'GET', `/workspace/${id}`)).status).toBe(403);
  });

  test('who was deleted stays away, and is told by no address', async () => {
    const id = await kinds['workspace']!.make();
    const gone = await place.house.createResident('Gone');
    await give(id, gone, 'WRITE');
    const [withGone] = await historyOf('workspace', id);
    await send('PATCH', `/api/admin/users/${gone.id}`, { name: 'Gone for good' });
    expect((await historyOf('user', gone.id)).length).toBe(2);
    await send('DELETE', `/api/admin/users/${gone.id}`);
    await place.ask(place.admin, 'PUT', `/workspace/${id}`, { name: nextName() });
    const [, found] = await historyOf('workspace', id);
    expect(found).toMatchObject({ action: null, actor: null });
    expect((await rollBack('workspace', id, withGone!.revision)).status).toBe(200);
    const states = await historyOf('workspace', id);
    expect(JSON.stringify(states)).not.toContain('gone@example.org');
    expect(Object.keys(states[0]!.state!['members'] as object)).not.toContain(gone.id);
    expect((await place.ask(place.admin, 'GET', `/api/revisions/user/${gone.id}`)).status).toBe(404);
    const rows = place.house.deps.database.db.selectFrom('object_revisions').select('id').where('subject_id', '=', gone.id);
    expect(await rows.execute()).toEqual([]);
  });

  test('409 a workspace does not come back without an ADMIN', async () => {
    const id = await makeWorkspace([place.head, 'ADMIN']);
    await place.ask(place.admin, 'DELETE', `/workspace/${id}/users/${place.admin.id}`);
    const [ofHead] = await historyOf('workspace', id);
    expect(ofHead!.state!['members']).toEqual({ [member(place.head)]: 'ADMIN' });
    await give(id, place.reader, 'ADMIN');
    await send('PATCH', `/api/admin/users/${place.head.id}`, { disabled: true });
    expect(codeOf(await rollBack('workspace', id, ofHead!.revision))).toEqual([409, 'LAST_WORKSPACE_ADMIN']);
    expect(await rolesOf(id)).toHaveProperty([member(place.reader)], 'ADMIN');
    await send('PATCH', `/api/admin/users/${place.head.id}`, { disabled: false });
  });

  test('changed at the same moment by several, each state holds what the one before it held', async () => {
    const id = await makeWorkspace();
    const people = [place.head, place.reader, place.outsider];
    await Promise.all(people.map((who) => give(id, who, 'WRITE')));
    const states = await historyOf('workspace', id);
    expect(states.map(({ state }) => Object.keys(state!['members'] as object).length)).toEqual([4, 3, 2, 1]);
    for (const { changes } of states.slice(0, 3)) expect(Object.keys(changes)).toEqual(['members']);
  });
});

describe('the history of a person', () => {
  test('a name that somebody gave themselves is in it, what they chose for themselves alone is not', async () => {
    const { admin } = place;
    const before = (await historyOf('user', admin.id)).length;
    await send('PATCH', '/api/me', { language: 'id', theme: 'dark' });
    expect((await historyOf('user', admin.id)).length).toBe(before);
    await send('PATCH', '/api/me', { name: 'Admin the First' });
    const [now] = await historyOf('user', admin.id);
    expect(now!.changes).toEqual({ name: { before: 'Admin', after: 'Admin the First' } });
    expect(Object.keys(now!.state!).toSorted()).toEqual(['disabled', 'name', 'permissions', 'role']);
    await send('PATCH', '/api/me', { name: 'Admin' });
  });

  test('409 the last administrator stays one, whatever a history says', async () => {
    const last = await place.house.createResident('Last');
    await send('PATCH', `/api/admin/users/${last.id}`, { role: 'administrator' });
    const [, asUser] = await historyOf('user', last.id);
    expect(asUser).toMatchObject({ state: { role: 'user' } });
    const { snapshot } = place.house.deps.keeper;
    const others = [...snapshot.people.values()].filter(({ role, userId }) => role === 'administrator' && userId !== last.id);
    for (const { userId } of others) await send('PATCH', `/api/admin/users/${userId}`, { role: 'user' }, last);
    expect(codeOf(await rollBack('user', last.id, asUser!.revision, last))).toEqual([409, 'LAST_ADMINISTRATOR']);
    expect(snapshot.people.get(last.id)!.role).toBe('administrator');
    for (const { userId } of others) await send('PATCH', `/api/admin/users/${userId}`, { role: 'administrator' }, last);
  });
});
