/** Settings of the checks, and status pages that are shared by a link: who may make one, what it shows, and when it shows nothing any more. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SharedStatus, StatusShare, StatusView } from '@patchbay/contract/status';
import { looksPerMinuteMax } from '../../src/control/status-shares.ts';
import type { Resident } from '../support/house.ts';
import { openStatusHouse, statusSecret, type StatusHouse } from '../support/status-house.ts';

const dayMs = 86_400_000;
let scene: StatusHouse;
let house: StatusHouse['house'];
let ana: Resident;
let eve: Resident;
let admin: Resident;

beforeAll(async () => {
  scene = await openStatusHouse();
  ({ house, ana, eve, admin } = scene);
});
afterAll(() => scene.close());

const settings = '/api/status-settings';
const change = (person: Resident | null, body: unknown) => house.ask(person, 'PATCH', settings, body);
const share = (person: Resident | null, body: Record<string, unknown> = {}) =>
  house.ask(person, 'POST', '/api/status-shares', { name: 'Wall', workspaceId: scene.lab, ...body });
const tokenOf = async (person: Resident, body: Record<string, unknown> = {}) => String((await share(person, body)).body.data['token']);
const open = (token: string, headers: Record<string, string> = {}) =>
  house.ask(null, 'GET', `/api/status/shared/${token}`, undefined, headers);

describe('GET /api/status-settings', () => {
  test('200 everybody may know how often is checked', async () => {
    expect((await house.ask(eve, 'GET', settings)).body.data).toMatchObject({ everySeconds: 60, checkBy: 'models' });
  });
  test('401 nobody', async () => {
    expect((await house.ask(null, 'GET', settings)).status).toBe(401);
  });
});

describe('PATCH /api/status-settings', () => {
  test('200 an administrator says how often, and every connection that says nothing else follows', async () => {
    const before = (await house.ask(admin, 'GET', settings)).body.data;
    expect((await change(admin, { everySeconds: 300, checkBy: 'completion', revision: before['revision'] })).status).toBe(200);
    const own = await scene.connect(ana, 'Own pace', { configuration: { health: { everySeconds: 30, check: 'models' } } });
    const rows = ((await house.ask(ana, 'GET', '/api/status')).body.data as unknown as StatusView).connections;
    const rowOf = (id: string) => rows.find((row) => row.id === id);
    expect(rowOf(scene.everybodys)).toMatchObject({ everySeconds: 300, checkBy: 'completion' });
    expect(rowOf(own)).toMatchObject({ everySeconds: 30, checkBy: 'models' });
    expect((await change(admin, { everySeconds: 0 })).body.data).toMatchObject({ everySeconds: 0, checkBy: 'completion' });
    await change(admin, { everySeconds: 60, checkBy: 'models' });
  });
  test.each([{ everySeconds: 5 }, { everySeconds: -1 }, { everySeconds: 1.5 }, { everySeconds: 100_000 }, { checkBy: 'guess' }, {}])(
    '400 %j',
    async (body) => {
      expect((await change(admin, body)).status).toBe(400);
    },
  );
  test('401 nobody', async () => {
    expect((await change(null, { everySeconds: 60 })).status).toBe(401);
  });
  test('403 whoever is no administrator', async () => {
    expect((await change(ana, { everySeconds: 60 })).status).toBe(403);
  });
  test('409 a change that was made from an old state', async () => {
    const answer = await change(admin, { everySeconds: 60, revision: 0 });
    expect(answer.status).toBe(409);
    expect(answer.body.details).toMatchObject({ current: { everySeconds: 60 } });
  });
});

describe('POST /api/status-shares', () => {
  test('201 the token is shown once, and kept as a hash', async () => {
    const made = await share(ana);
    expect(made.status).toBe(201);
    const token = String(made.body.data['token']);
    expect(made.body.data).toMatchObject({ workspaceName: 'Lab', last4: token.slice(-4), createdBy: 'Ana', expiresAt: null });
    const rows = await house.database.driver.rows({ sql: 'SELECT * FROM status_shares', params: [] });
    expect(JSON.stringify(rows)).not.toContain(token);
  });
  test('400 a link without a name, or for no day at all', async () => {
    expect((await share(ana, { name: '' })).status).toBe(400);
    expect((await share(ana, { days: 0 })).status).toBe(400);
  });
  test('401 nobody', async () => {
    expect((await share(null)).status).toBe(401);
  });
  test('403 a member who is no ADMIN, and the organization for anybody but administrators', async () => {
    expect((await share(scene.reader)).status).toBe(403);
    expect((await share(ana, { workspaceId: null })).status).toBe(403);
  });
  test('404 an unknown workspace', async () => {
    expect((await share(ana, { workspaceId: house.deps.ids.uuid() })).status).toBe(404);
  });
});

describe('GET /api/status-shares', () => {
  test('200 the list names no token, and only those that one may withdraw', async () => {
    const of = async (person: Resident) =>
      (await house.ask(person, 'GET', '/api/status-shares')).body as unknown as { data: StatusShare[]; mayShare: unknown };
    await share(admin, { workspaceId: null });
    const anas = await of(ana);
    expect(new Set(anas.data.map(({ workspaceId }) => workspaceId))).toEqual(new Set([scene.lab]));
    expect(anas.mayShare).toEqual({ organization: false, workspaces: [{ id: scene.lab, name: 'Lab' }] });
    expect(Object.keys(anas.data[0]!)).not.toContain('token');
    expect((await of(eve)).data).toEqual([]);
    expect((await of(admin)).mayShare).toMatchObject({ organization: true });
    expect((await of(admin)).data.length).toBeGreaterThan(anas.data.length);
  });
  test('401 nobody', async () => {
    expect((await house.ask(null, 'GET', '/api/status-shares')).status).toBe(401);
  });
});

describe('DELETE /api/status-shares/:id', () => {
  test('200 a link that is withdrawn opens nothing from then on, and the log knows who did it', async () => {
    const made = await share(ana);
    const token = String(made.body.data['token']);
    expect((await open(token)).status).toBe(200);
    expect((await house.ask(ana, 'DELETE', `/api/status-shares/${made.body.data.id}`)).status).toBe(200);
    expect((await open(token)).status).toBe(404);
    const entries = await house.database.db.selectFrom('audit_entries').selectAll().where('subject_type', '=', 'status-share').execute();
    expect(entries.map(({ action }) => action)).toContain('status-share.revoke');
    expect(JSON.stringify(entries)).not.toContain(token);
    expect((await house.ask(ana, 'DELETE', `/api/status-shares/${made.body.data.id}`)).status).toBe(404);
  });
  test('401 nobody', async () => {
    expect((await house.ask(null, 'DELETE', `/api/status-shares/${house.deps.ids.uuid()}`)).status).toBe(401);
  });
  test('404 somebody else’s link', async () => {
    const made = await share(admin, { workspaceId: null });
    expect((await house.ask(ana, 'DELETE', `/api/status-shares/${made.body.data.id}`)).status).toBe(404);
  });
});

describe('GET /api/status/shared/:token', () => {
  test('200 names and states of its workspace, for everybody, and no address, model, reason or key', async () => {
    await scene.provider.become('refusing');
    for (let count = 0; count < 2; count++) await house.ask(ana, 'POST', `/api/status/${scene.labs}/check`);
    await scene.provider.become('alive');
    const shown = await open(await tokenOf(ana));
    expect(shown.status).toBe(200);
    const data = shown.body.data as unknown as SharedStatus;
    expect(data.title).toBe('Lab');
    expect(data.connections).toMatchObject([{ name: 'Lab model', state: 'failing' }]);
    expect(Object.keys(data.connections[0]!).toSorted()).toEqual(['isStale', 'name', 'since', 'state', 'strip', 'uptime']);
    const hidden = ['small-model', '127.0.0.1', 'auth', '401', 'custom', scene.labs, statusSecret.slice(0, 10)];
    for (const text of hidden) expect(shown.text).not.toContain(text);
    expect(shown.headers.get('cache-control')).toBe('no-store');
    expect(shown.headers.get('x-robots-tag')).toBe('noindex');
  });
  test('200 the organization’s, until the day that was set', async () => {
    const token = await tokenOf(admin, { workspaceId: null, days: 7 });
    expect(((await open(token)).body.data as unknown as SharedStatus).connections).toMatchObject([{ name: 'Everybody' }]);
    scene.clock.move(6.9 * dayMs);
    expect((await open(token)).status).toBe(200);
    scene.clock.move(0.2 * dayMs);
    expect((await open(token)).status).toBe(404);
  });
  test('401 credentials that open nothing do not open a shared page either', async () => {
    expect((await open('whatever', { authorization: 'Bearer pat-pb-wrong' })).status).toBe(401);
  });
  test('404 every token that opens nothing', async () => {
    for (const token of ['x', 'a'.repeat(43), encodeURIComponent('../../api/me')]) expect((await open(token)).status).toBe(404);
  });
  test('429 more looks than a wall of screens needs', async () => {
    const token = await tokenOf(ana);
    let looks = 0;
    while (looks <= looksPerMinuteMax && (await open(token)).status !== 429) looks++;
    expect(looks).toBeLessThanOrEqual(looksPerMinuteMax);
    scene.clock.move(61_000);
    expect((await open(token)).status).toBe(200);
  });
});
