/** The audit log through the front door: who reads what, how it is filtered and taken away, and whether it is whole. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { withoutTriggers } from '../support/audited.ts';
import { deedsOf } from '../support/entries.ts';

let house: House;
let ada: Resident;
let mia: Resident;
let ben: Resident;
let workspaceId: string;
let keyId: string;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  mia = await house.createResident('Mia');
  ben = await house.createResident('Ben');
  workspaceId = await house.createWorkspace('Team', [
    [mia, 'ADMIN'],
    [ben, 'WRITE'],
  ]);
  keyId = (await send('POST', '/api/access-keys', { name: '=HYPERLINK("x")', workspaceId }, ben)).at('data.id');
  await send('PATCH', `/api/access-keys/${keyId}`, { rpm: 5, budgetUsd: '1.5' }, ben);
  await send('POST', '/api/access-keys', { name: 'own' }, ada);
});
afterAll(() => house.close());

const send = (method: string, to: string, body?: unknown, person: Resident = ada, headers: Record<string, string> = {}): Promise<Reply> =>
  house.request(method, to, { token: person.token, body, headers });

interface Entry {
  id: string;
  seq: number;
  action: string;
  actor: { id: string; name: string } | null;
  subject: { type: string; id: string | null; name: string | null };
  owner: { scope: string; id: string } | null;
  outcome: string;
  changes: Record<string, unknown> | null;
  requestId: string;
  at: string;
  durationMs: number;
}
const rowsOf = (reply: Reply): Entry[] => (JSON.parse(reply.text) as { data: Entry[] }).data;
const list = (query = '', person = ada) => send('GET', `/api/admin/audit${query}`, undefined, person);

describe('GET /api/admin/audit', () => {
  test('200 newest first, with all that a change is documented by and no secret (D-27)', async () => {
    const change = await send('PATCH', `/api/access-keys/${keyId}`, { rpm: 9 }, ben, { 'user-agent': 'audit-test/1' });
    const [entry, ...rest] = rowsOf(await list('?limit=500'));
    expect(entry).toMatchObject({
      action: 'access-key.update',
      actor: { id: ben.id, name: 'Ben', role: 'user' },
      via: 'token',
      subject: { type: 'access-key', id: keyId, name: '=HYPERLINK("x")' },
      owner: { scope: 'workspace', id: workspaceId },
      outcome: 'success',
      errorCode: null,
      changes: { rpm: { before: 5, after: 9 } },
      requestId: change.headers.get('x-request-id'),
      address: '127.0.0.1',
      agent: 'audit-test/1',
    });
    expect(entry!.durationMs).toBeGreaterThanOrEqual(0);
    expect(rest.map(({ seq }) => seq)).toEqual(rest.map((_, at) => entry!.seq - 1 - at));
    expect(JSON.stringify([entry, ...rest])).not.toContain('pat-pb-');
  });

  test('200 each filter finds exactly what it names', async () => {
    const all = rowsOf(await list('?limit=500'));
    const found = async (query: string): Promise<Entry[]> => rowsOf(await list(`?limit=500&${query}`));
    const expectAll = async (query: string, holds: (entry: Entry) => boolean): Promise<void> => {
      const rows = await found(query);
      expect({ query, ids: rows.map(({ id }) => id) }).toEqual({ query, ids: all.filter(holds).map(({ id }) => id) });
      expect(rows.length, query).toBeGreaterThan(0);
    };
    const { requestId, at } = all.find(({ action }) => action === 'access-key.create')!;
    await expectAll(`actor=${ben.id}`, ({ actor }) => actor?.id === ben.id);
    await expectAll('actor=BE', ({ actor }) => actor?.name === 'Ben');
    await expectAll('action=access-key', ({ action }) => action.startsWith('access-key.'));
    await expectAll('action=access-key.update', ({ action }) => action === 'access-key.update');
    await expectAll(`subjectType=access-key&subjectId=${keyId}`, ({ subject }) => subject.id === keyId);
    await expectAll('object=hyper', ({ subject }) => subject.name?.startsWith('=HYPER') ?? false);
    await expectAll('outcome=success', ({ outcome }) => outcome === 'success');
    await expectAll(`requestId=${requestId}`, (entry) => entry.requestId === requestId);
    await expectAll(`from=${encodeURIComponent(at)}`, (entry) => entry.at >= at);
    expect((await found(`to=${encodeURIComponent(all.at(-1)!.at)}`)).length).toBe(0);
    expect((await found('object=%25')).length).toBe(0);
  });

  test('200 pages follow one another without a gap, and the last one says so', async () => {
    const all = rowsOf(await list('?limit=500'));
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; pages < 100 && cursor !== null; pages++) {
      const page = await list(`?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...rowsOf(page).map(({ id }) => id));
      cursor = (JSON.parse(page.text) as { nextCursor: string | null }).nextCursor;
    }
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  test('400 for a filter that is none', async () => {
    for (const query of ['?outcome=maybe', '?requestId=x', '?cursor=x', '?from=yesterday', '?action=DROP%20TABLE', '?who=me'])
      expect((await list(query)).status, query).toBe(400);
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', '/api/admin/audit')).status).toBe(401);
  });

  test('403 for an ADMIN of a workspace: the log is the whole installation', async () => {
    expect((await list('', mia)).status).toBe(403);
  });
});

describe('GET /api/admin/audit/export', () => {
  const take = (query = '', person = ada) => send('GET', `/api/admin/audit/export${query}`, undefined, person);

  test('200 CSV that no spreadsheet calculates with, and the taking is an entry itself', async () => {
    const reply = await take('?action=access-key');
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toContain('text/csv');
    expect(reply.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-\d{4}-\d\d-\d\d\.csv"$/);
    const lines = reply.text.trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^at,seq,actorId,actorName/);
    expect(lines.length).toBe(1 + rowsOf(await list('?limit=500&action=access-key')).length);
    expect(reply.text).toContain(`"'=HYPERLINK(""x"")"`);
    expect(rowsOf(await list('?limit=1'))[0]).toMatchObject({
      action: 'audit.export',
      changes: { filter: { after: { action: 'access-key' } } },
    });
  });

  test('200 JSON lines, each an entry as the list has it', async () => {
    const entries = rowsOf(await list('?limit=500&action=access-key'));
    const reply = await take('?format=jsonl&action=access-key');
    expect(reply.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);
    expect(lines).toEqual(entries);
  });

  test('200 for its head alone, of which nothing is noted, since nothing is taken away', async () => {
    const head = await send('HEAD', '/api/admin/audit/export');
    expect([head.status, head.text, head.headers.get('content-type')]).toEqual([200, '', 'text/csv; charset=utf-8']);
    expect(await deedsOf(house, head)).toEqual([]);
  });

  test('400 for another format', async () => {
    expect((await take('?format=xml')).status).toBe(400);
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', '/api/admin/audit/export')).status).toBe(401);
  });

  test('403 for everybody but administrators', async () => {
    expect((await take('', mia)).status).toBe(403);
  });
});

describe('GET /api/workspaces/:id/audit', () => {
  const read = (id: string, person = mia, query = '') => send('GET', `/api/workspaces/${id}/audit${query}`, undefined, person);

  test('200 for its ADMINs: what happened in it, and nothing of anybody else', async () => {
    const rows = rowsOf(await read(workspaceId, mia, '?limit=500'));
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.every(({ owner }) => owner?.scope === 'workspace' && owner.id === workspaceId)).toBe(true);
    expect(rows.map(({ action }) => action)).toContain('workspace.create');
    expect(rowsOf(await read(workspaceId, mia, '?action=access-key.update')).every(({ subject }) => subject.id === keyId)).toBe(true);
  });

  test('400 for a filter that is none', async () => {
    expect((await read(workspaceId, mia, '?outcome=maybe')).status).toBe(400);
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', `/api/workspaces/${workspaceId}/audit`)).status).toBe(401);
  });

  test('403 for its other members', async () => {
    expect((await read(workspaceId, ben)).status).toBe(403);
  });

  test('404 for a workspace that is none', async () => {
    expect((await read(house.deps.ids.uuid(), ada)).status).toBe(404);
    expect((await read('x', ada)).status).toBe(404);
  });
});

describe('GET /api/workspaces/:id/audit/export', () => {
  const take = (id: string, person = mia, query = '') => send('GET', `/api/workspaces/${id}/audit/export${query}`, undefined, person);

  test('200 the entries of the workspace alone', async () => {
    const reply = await take(workspaceId, mia, '?format=jsonl');
    const lines = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.every(({ owner }) => owner?.id === workspaceId)).toBe(true);
  });

  test('400 for another format', async () => {
    expect((await take(workspaceId, mia, '?format=xml')).status).toBe(400);
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', `/api/workspaces/${workspaceId}/audit/export`)).status).toBe(401);
  });

  test('403 for its other members', async () => {
    expect((await take(workspaceId, ben)).status).toBe(403);
  });

  test('404 for a workspace that is none', async () => {
    expect((await take(house.deps.ids.uuid(), ada)).status).toBe(404);
  });
});

describe('GET /api/admin/audit/settings', () => {
  test('200 ninety days until somebody says otherwise (D-27)', async () => {
    expect((await send('GET', '/api/admin/audit/settings')).body['data']).toEqual({ days: 90 });
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', '/api/admin/audit/settings')).status).toBe(401);
  });

  test('403 for everybody but administrators', async () => {
    expect((await send('GET', '/api/admin/audit/settings', undefined, mia)).status).toBe(403);
  });
});

describe('PUT /api/admin/audit/settings', () => {
  const put = (body: unknown, person = ada) => send('PUT', '/api/admin/audit/settings', body, person);

  test('200 days, or for ever, and an entry that says so', async () => {
    expect((await put({ days: null })).body['data']).toEqual({ days: null });
    expect((await put({ days: 365 })).body['data']).toEqual({ days: 365 });
    expect((await send('GET', '/api/admin/audit/settings')).body['data']).toEqual({ days: 365 });
    expect(rowsOf(await list('?limit=1'))[0]).toMatchObject({
      action: 'retention.update',
      changes: { audit: { before: 0, after: 365 } },
    });
    // One word, in two places: the list of all that is kept says the same.
    const retention = await send('GET', '/api/admin/settings/retention');
    const { rows } = retention.body['data'] as unknown as { rows: Record<string, unknown>[] };
    expect(rows.find((row) => row['noun'] === 'audit')).toMatchObject({ days: 365, origin: 'saved', mayBeForever: true });
  });

  test('400 for less than a week, and for no number', async () => {
    for (const days of [0, 6, 3651, 1.5, '90']) expect((await put({ days })).status, String(days)).toBe(400);
  });

  test('401 without a credential', async () => {
    expect((await house.request('PUT', '/api/admin/audit/settings', { body: { days: 90 } })).status).toBe(401);
  });

  test('403 for everybody but administrators', async () => {
    expect((await put({ days: 90 }, mia)).status).toBe(403);
  });
});

describe('GET /api/admin/audit/verify', () => {
  const verify = (person = ada) => send('GET', '/api/admin/audit/verify', undefined, person);

  test('200 a whole log says up to where, and an altered one what is wrong where', async () => {
    const whole = await verify();
    expect(whole.body['data']).toMatchObject({ isSound: true, prefix: 0, retainedFromSeq: 0, fault: null, lastAnchor: { seq: 0 } });
    const { database } = house;
    await withoutTriggers(database);
    const [entry] = rowsOf(await list('?limit=1&action=access-key.update'));
    await database.driver.script(`UPDATE audit_entries SET actor_name = 'Eve' WHERE id = '${entry!.id}'`);
    expect((await verify()).body['data']).toMatchObject({
      isSound: false,
      fault: { kind: 'altered', seq: entry!.seq, entryId: entry!.id },
    });
    await database.driver.script(`UPDATE audit_entries SET actor_name = 'Ben' WHERE id = '${entry!.id}'`);
    expect((await verify()).body['data']).toMatchObject({ isSound: true });
  });

  test('200 an end that this process has seen and that is gone is missed at once', async () => {
    const { driver } = house.database;
    const [last] = await driver.rows<{ seq: number }>({ sql: 'SELECT seq FROM audit_head', params: [] });
    await driver.script(`DELETE FROM audit_entries WHERE seq = ${last!.seq}`);
    await driver.script(`UPDATE audit_head SET seq = seq - 1, hash = (SELECT hash FROM audit_entries WHERE seq = ${last!.seq - 1})`);
    expect((await verify()).body['data']).toMatchObject({ isSound: false, fault: { kind: 'cut', seq: last!.seq } });
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', '/api/admin/audit/verify')).status).toBe(401);
  });

  test('403 for everybody but administrators', async () => {
    expect((await verify(mia)).status).toBe(403);
  });
});
