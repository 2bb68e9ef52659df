/** Changes that meet in their own ways: settings, defaults, members, keys, prices, invitations, exports, sessions, things that others point to. */
import { idOf, layGround, secretOf } from './kinds.ts';
import type { Member } from './members.ts';
import { adminToken } from '../instance.ts';
import { both, cookieOf, data, expectOneOf, made, untilHeard, untilSaid, type World } from './world.ts';

export type Meeting = (world: World, one: Member, other: Member) => Promise<void>;
type Row = Record<string, unknown>;

const rowsOf = async (world: World, member: Member, path: string, token = adminToken): Promise<Row[]> =>
  (await made(world, member, 'GET', path, undefined, token)).body['data'] as Row[];

const newConnection = async (world: World, member: Member, more: Row = {}, token = adminToken): Promise<string> =>
  idOf(
    await made(world, member, 'POST', '/api/configurations', { name: world.fresh('connection'), provider: 'openai', baseUrl: world.providerUrl, apiKey: secretOf(world), model: 'gpt-4o', ...more }, token), // prettier-ignore
  );

/** Settings of the installation, changed from the same state. */
function settings(path: string, changes: readonly [Row, Row]): Meeting {
  return async (world, one, other) => {
    const { revision } = data(await made(world, one, 'GET', path));
    const met = await both(world, [one, 'PATCH', path, { ...changes[0], revision }], [other, 'PATCH', path, { ...changes[1], revision }]);
    // Another meeting may have changed them since they were read.
    expectOneOf(world, `${path}: two changes of one state`, met, [200, 409], [409, 409]);
  };
}

/** Two of one person's connections become the default at once: there is one. */
const defaults: Meeting = async (world, one, other) => {
  const person = world.somebody();
  const ids = await Promise.all([newConnection(world, one, {}, person.token), newConnection(world, one, {}, person.token)]);
  await untilHeard(world, one, other);
  const path = (index: number): string => `/api/configurations/${ids[index]}/default`;
  const met = await both(world, [one, 'POST', path(0), {}], [other, 'POST', path(1), {}], [person, person]);
  expectOneOf(world, 'two defaults', met, [200, 200], [200, 409]);
  const owners = Map.groupBy(
    (await rowsOf(world, one, '/api/configurations', person.token)).filter(({ isDefault }) => isDefault === true),
    ({ scope, userId, workspaceId }) => JSON.stringify([scope, workspaceId ?? userId]),
  );
  for (const [owner, rows] of owners) if (rows.length > 1) world.faults.push(`${owner} has ${rows.length} default connections`);
  for (const id of ids) await made(world, one, 'DELETE', `/api/configurations/${id}`, undefined, person.token);
};

/** Something is made that points to what is taken away: one of both is refused, or the new one says that its target is gone. */
const pointedTo =
  (path: string, pointing: (world: World, connectionId: string) => Row): Meeting =>
  async (world, one, other) => {
    const { connectionId } = await layGround(world, one);
    await untilHeard(world, one, other);
    const met = await both(
      world,
      [one, 'POST', path, pointing(world, connectionId)],
      [other, 'DELETE', `/api/admin/models/${connectionId}`],
    );
    const [madeIt, removed] = met.answers;
    if (met.statuses === null) return;
    if (madeIt.status === 201 && removed.status === 200)
      world.faults.push(`${path} points to a connection that was taken away at the same moment, and both were told that it is done`);
    expectOneOf(world, `${path}: made on what is taken away`, met, [200, 400], [200, 404], [200, 409], [201, 409], [200, 201]);
  };

/** Two prices of one model from the same moment on: whichever of them holds, it is the same one everywhere. */
const prices: Meeting = async (world, one, other) => {
  const model = world.fresh('priced').replaceAll(' ', '-');
  const body = { provider: 'openai', model, validFrom: '2026-01-01T00:00:00.000Z' };
  const met = await both(
    world,
    [one, 'POST', '/api/admin/prices', { ...body, tiers: [{ input: '1', output: '2' }] }],
    [other, 'POST', '/api/admin/prices', { ...body, tiers: [{ input: '3', output: '4' }] }],
  );
  expectOneOf(world, 'prices: made twice', met, [201, 409], [201, 201]);
  const effective = async (member: Member): Promise<string> => {
    const path = `/api/admin/prices/effective?provider=openai&model=${model}`;
    const { body: said } = await world.members.ask(member, 'GET', path, { token: adminToken });
    return JSON.stringify({ ...said, request_id: null });
  };
  for (const member of world.members.all)
    await untilSaid(world, member, `the price of ${model} as instance ${one.index} has it`, async () => {
      const expected = await effective(one);
      return expected.includes(model) && (await effective(member)) === expected;
    });
  const price = met.answers.find(({ status }) => status === 201);
  if (!price) return;
  const path = `/api/admin/prices/${idOf(price)}/end`;
  expectOneOf(world, 'a price ended twice', await both(world, [one, 'POST', path, {}], [other, 'POST', path, {}]), [200, 200], [200, 409]);
};

/** Somebody becomes a member twice, is then two roles at once, and is taken out by both. */
const members: Meeting = async (world, one, other) => {
  const { workspaceId } = await layGround(world, one);
  await untilHeard(world, one, other);
  const [, , guest] = world.people;
  const path = `/workspace/${workspaceId}/users`;
  const joins = { userId: guest!.id, role: 'READ' };
  expectOneOf(world, 'a member twice', await both(world, [one, 'POST', path, joins], [other, 'POST', path, joins]), [200, 409], [200, 200]);
  const itsPath = `${path}/${guest!.id}`;
  const roles = await both(world, [one, 'PUT', itsPath, { role: 'WRITE' }], [other, 'PUT', itsPath, { role: 'ADMIN' }]);
  expectOneOf(world, 'two roles of a member', roles, [200, 200], [200, 409]);
  expectOneOf(world, 'a member taken out twice', await both(world, [one, 'DELETE', itsPath], [other, 'DELETE', itsPath]), [200, 404]);
};

/** Two administrators of a workspace take each other's right away: one of them keeps it. */
const lastAdministrators: Meeting = async (world, one, other) => {
  const [, first, second] = world.people;
  const workspace = await made(world, one, 'POST', '/workspace', { name: world.fresh('workspace') }, first!.token);
  const path = `/workspace/${idOf(workspace)}/users`;
  await made(world, one, 'POST', path, { userId: second!.id, role: 'ADMIN' }, first!.token);
  await untilHeard(world, one, other);
  const met = await both(
    world,
    [one, 'PUT', `${path}/${second!.id}`, { role: 'READ' }],
    [other, 'DELETE', `${path}/${first!.id}`],
    [first!, second!],
  );
  if (met.statuses === null) return;
  const { users } = data(await made(world, one, 'GET', `/workspace/${idOf(workspace)}`)) as { users: { role: string }[] };
  if (!users.some(({ role }) => role === 'ADMIN'))
    world.faults.push(`a workspace without an administrator: ${met.answers.map(({ status }) => status).join(' and ')}`);
};

/** A key that is revoked: where it was done it is refused at once, elsewhere soon. */
const revoked: Meeting = async (world, one, other) => {
  const answer = await made(world, one, 'POST', '/api/access-keys', { name: world.fresh('key') });
  const key = String(data(answer)['key']);
  world.listener.keepOut(key);
  const opens = async (member: Member, token: string): Promise<number> =>
    (await world.members.ask(member, 'GET', '/v1/models', { token })).status;
  await untilSaid(world, other, 'a new key', async () => (await opens(other, key)) === 200);
  const path = `/api/access-keys/${idOf(answer)}`;
  const [administrator] = world.people;
  const turned = await both(
    world,
    [one, 'POST', `${path}/rotate`, {}],
    [other, 'POST', `${path}/rotate`, {}],
    [administrator!, administrator!],
  );
  expectOneOf(world, 'a key rotated twice', turned, [201, 409], [201, 201]);
  for (const { body } of turned.answers) {
    const next = (body['data'] as Row | undefined)?.['key'];
    if (typeof next === 'string') world.listener.keepOut(next);
  }
  await made(world, one, 'DELETE', path);
  const now = await opens(one, key);
  if (now !== 401 && now !== 0) world.faults.push(`a revoked key was answered ${now} by the instance that revoked it`);
  await untilSaid(world, other, 'a revoked key is refused', async () => (await opens(other, key)) === 401);
};

/** A personal token, and a session: made on one, used on the other, ended there, and over on the first. */
const sessions: Meeting = async (world, one, other) => {
  const [, person] = world.people;
  const signedIn = await made(world, one, 'POST', '/api/auth/sign-in/email', { email: person!.email, password: person!.password });
  const cookie = cookieOf(signedIn);
  const me = async (member: Member, sent: { token?: string; cookie?: string }): Promise<number> =>
    (await world.members.ask(member, 'GET', '/api/me', sent)).status;
  const there = await me(other, { cookie });
  if (there !== 200 && there !== 0)
    world.faults.push(`a session of instance ${one.index} was answered ${there} by instance ${other.index}`);
  const token = await made(world, one, 'POST', '/api/tokens', { name: world.fresh('token') });
  const text = String(data(token)['token']);
  world.listener.keepOut(text);
  await untilSaid(world, other, 'a new personal token', async () => (await me(other, { token: text })) === 200);
  const path = `/api/tokens/${idOf(token)}`;
  const [administrator] = world.people;
  const met = await both(world, [one, 'DELETE', path], [other, 'DELETE', path], [administrator!, administrator!]);
  expectOneOf(world, 'a token revoked twice', met, [200, 404], [200, 200]);
  await world.members.ask(other, 'POST', '/api/auth/sign-out', { cookie, body: {} });
  for (const member of [one, other])
    await untilSaid(
      world,
      member,
      'a session and a token that are over',
      async () => (await me(member, { cookie })) === 401 && (await me(member, { token: text })) === 401,
    );
};

/** One invitation, taken up twice at once: there is one person. */
const invited: Meeting = async (world, one, other) => {
  const email = `${world.fresh('guest').replaceAll(' ', '-')}@example.org`;
  const { invitation } = data(await made(world, one, 'POST', '/api/invitations', { email })) as { invitation: Row };
  const token = String(invitation['token']);
  world.listener.keepOut(token);
  const body = { token, name: 'A guest', password: secretOf(world) };
  const met = await both(world, [one, 'POST', '/api/invitations/accept', body], [other, 'POST', '/api/invitations/accept', body]);
  expectOneOf(world, 'an invitation taken up twice', met, [201, 404], [201, 409], [201, 403]);
  const people = (await rowsOf(world, one, '/api/admin/users?limit=500')).filter((row) => row['email'] === email);
  if (met.statuses !== null && people.length !== 1) world.faults.push(`${people.length} people of one invitation`);
};

/** A long export: begun on one, told and handed out by the other. */
const exported: Meeting = async (world, one, other) => {
  const started = await world.members.ask(one, 'POST', '/api/exports', { token: world.people[0]!.token, body: { requests: {} } });
  if (started.status === 409 || started.status === 429 || started.status === 0) return;
  const id = String(data(started)['taskId']);
  const stateOf = async (): Promise<string> => {
    const answer = await world.members.ask(other, 'GET', `/api/tasks/${id}`, { token: adminToken });
    return answer.status === 200 ? String(data(answer)['state']) : String(answer.status);
  };
  await untilSaid(world, other, `an export of instance ${one.index}`, async () => ['done', 'interrupted'].includes(await stateOf()));
  if ((await stateOf()) !== 'done') return;
  const file = await world.members.ask(other, 'GET', `/api/exports/${id}/file`, { token: adminToken });
  if (file.status !== 200 && file.status !== 0) world.faults.push(`the file of a finished export was answered ${file.status}`);
  const path = `/api/exports/${id}/file`;
  const [administrator] = world.people;
  const met = await both(world, [one, 'DELETE', path], [other, 'DELETE', path], [administrator!, administrator!]);
  expectOneOf(world, 'a file thrown away twice', met, [204, 204], [204, 404]);
};

/** What was brought back while somebody changed it. */
const broughtBack: Meeting = async (world, one, other) => {
  const { connectionId } = await layGround(world, one);
  const path = `/api/admin/models/${connectionId}`;
  const first = data(await made(world, one, 'GET', path))['revision'];
  await made(world, one, 'PATCH', path, { modelVariant: 'gpt-4o-mini' });
  await untilHeard(world, one, other);
  const met = await both(
    world,
    [one, 'POST', `/api/revisions/connection/${connectionId}/rollback`, { revision: first }],
    [other, 'PATCH', path, { isActive: false }],
  );
  expectOneOf(world, 'brought back and changed', met, [200, 200], [200, 409]);
};

/** A test of all connections: begun on one, stopped from the other. */
const tested: Meeting = async (world, one, other) => {
  const { run } = one;
  const started = await world.members.ask(one, 'POST', '/api/tasks', { token: adminToken, body: { kind: 'connection-tests' } });
  if (started.status !== 202) return;
  const path = `/api/tasks/${String(data(started)['taskId'] ?? data(started)['id'])}`;
  await both(world, [one, 'POST', `${path}/pause`, {}], [other, 'POST', `${path}/cancel`, {}]);
  await world.members.ask(other, 'POST', `${path}/resume`, { token: adminToken, body: {} });
  await world.members.ask(other, 'POST', `${path}/cancel`, { token: adminToken, body: {} });
  const isOver = async (): Promise<boolean> => {
    const answer = await world.members.ask(other, 'GET', path, { token: adminToken });
    return answer.status === 200 && !['running', 'paused'].includes(String(data(answer)['state']));
  };
  await untilSaid(
    world,
    other,
    `a task that was cancelled from instance ${other.index} ends`,
    async () => one.run !== run || (await isOver()),
  );
};

export const meetings: readonly (readonly [name: string, run: Meeting])[] = [
  ['AI settings', settings('/api/admin/settings/ai', [{ maxTokens: 4_000 }, { temperature: 0.4 }])],
  ['retention', settings('/api/admin/settings/retention', [{ days: { requests: 400 } }, { days: { requests: 500 } }])],
  ['limit settings', settings('/api/limit-settings', [{ timeZone: 'UTC' }, { outputTokensCeiling: 32_000 }])],
  ['status settings', settings('/api/status-settings', [{ everySeconds: 300 }, { everySeconds: 600 }])],
  ['defaults', defaults],
  [
    'use case on what goes',
    pointedTo('/api/use-cases', (world, connectionId) => ({
      name: world.fresh('use case'),
      connectionId,
      systemPrompt: 'Hi.',
      allRoles: true,
    })),
  ],
  [
    'group on what goes',
    pointedTo('/api/routing-groups', (world, connectionId) => ({
      name: world.fresh('group'),
      scope: 'organization',
      targets: [{ connectionId, model: 'gpt-4o' }],
    })),
  ],
  ['prices', prices],
  ['members', members],
  ['last administrators', lastAdministrators],
  ['revoked', revoked],
  ['sessions', sessions],
  ['invited', invited],
  ['exported', exported],
  ['brought back', broughtBack],
  ['tested', tested],
];
