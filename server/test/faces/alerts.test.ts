/** Alerts and their rules through the front door: who sees them, what people say of them, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { insertDeliveries } from '../../src/storage/alert-deliveries.ts';
import { insertAlert } from '../../src/storage/alerts.ts';
import { listed, pathsOf, type Found, type Seen } from '../support/connections-house.ts';
import { codeOf, nowhere, openPolicyHouse, type PolicyHouse } from '../support/policy-house.ts';
import type { Resident } from '../support/house.ts';
import { keepAlertsStill } from '../support/still-alerts.ts';

let place: PolicyHouse;
let organization: Owner;
let workspace: Owner;
let letLook: () => Promise<void>;
beforeAll(async () => {
  place = await openPolicyHouse();
  letLook = await keepAlertsStill(place.house);
  organization = { scope: 'organization', id: place.organizationId };
  workspace = { scope: 'workspace', id: place.workspaceId };
});
afterAll(() => place.close());

const ask = (who: Resident | null, method: string, path: string, body?: unknown): Promise<Seen> => place.ask(who, method, path, body);
const inWorkspace = (more: Record<string, unknown> = {}) => ({ scope: 'workspace', workspaceId: place.workspaceId, ...more });

async function alertOf(owner: Owner, part: Partial<Alert> = {}): Promise<string> {
  const { deps, database } = place.house;
  const nowMs = deps.clock.nowMs();
  const id = deps.ids.uuid();
  const alert: Alert = {
    id,
    atMs: nowMs,
    ruleId: nowhere,
    ruleName: 'Line is ill',
    kind: 'error-rate',
    severity: 'warning',
    dedupKey: `${id}:`,
    details: { subject: 'Line', value: 50, limit: 20, windowS: 300 },
    owner,
    connectionId: null,
    acknowledgedAtMs: null,
    acknowledgedBy: null,
    note: null,
    notifiedAtMs: nowMs,
    resolvedAtMs: null,
    resolvedBy: null,
    updatedAtMs: nowMs,
    ...part,
  };
  await database.driver.write([insertAlert(database, alert)]);
  return id;
}
const idsOf = (answer: Seen): string[] => listed(answer).map(({ id }) => id);
async function ruleOf(body: Record<string, unknown>, who: Resident = place.admin): Promise<Found> {
  const answer = await ask(who, 'POST', '/api/alert-rules', body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body.data;
}

describe('GET /api/alerts', () => {
  test('200 each caller sees their own, their workspaces’, and administrators the installation’s', async () => {
    const [ofAll, ofTeam, ofOther] = [
      await alertOf(organization),
      await alertOf(workspace),
      await alertOf({ scope: 'workspace', id: place.otherId }),
    ];
    const own = await alertOf({ scope: 'user', id: place.reader.id });
    const seen = async (who: Resident) =>
      idsOf(await ask(who, 'GET', '/api/alerts')).filter((id) => [ofAll, ofTeam, ofOther, own].includes(id));
    expect((await seen(place.admin)).toSorted()).toEqual([ofAll, ofTeam, ofOther].toSorted());
    expect((await seen(place.reader)).toSorted()).toEqual([ofTeam, own].toSorted());
    expect(await seen(place.outsider)).toEqual([]);
  });
  test('200 filtered by state and severity, page by page, the newest first, with sentences in the caller’s language', async () => {
    const ruleId = place.house.deps.ids.uuid();
    const made = [];
    for (const severity of ['info', 'critical', 'warning'] as const) made.push(await alertOf(workspace, { ruleId, severity }));
    const over = await alertOf(workspace, { ruleId, resolvedAtMs: 5 });
    const first = await ask(place.head, 'GET', `/api/alerts?ruleId=${ruleId}&limit=2`);
    expect(idsOf(first)).toEqual([over, made[2]]);
    const second = await ask(place.head, 'GET', `/api/alerts?ruleId=${ruleId}&limit=2&cursor=${String(first.body['nextCursor'])}`);
    expect([idsOf(second), second.body['nextCursor']]).toEqual([[made[1], made[0]], null]);
    expect(idsOf(await ask(place.head, 'GET', `/api/alerts?ruleId=${ruleId}&state=resolved`))).toEqual([over]);
    expect(idsOf(await ask(place.head, 'GET', `/api/alerts?ruleId=${ruleId}&state=active&severity=critical`))).toEqual([made[1]]);
    expect(listed(first)[0]).toMatchObject({ headline: '50% of the requests to Line fail', canChange: true, workspace: { name: 'Team' } });
    const inIndonesian = await place.house.ask(place.head, 'GET', `/api/alerts?ruleId=${ruleId}`, undefined, { 'accept-language': 'id' });
    expect(['50% of the requests to Line fail', '50% permintaan ke Line gagal']).toContain(listed(inIndonesian)[0]?.['headline']);
    expect(idsOf(await ask(place.head, 'GET', '/api/alerts?ruleId=no-uuid'))).toEqual([]);
  });
  test('400 for a state that there is not', async () =>
    expect((await ask(place.head, 'GET', '/api/alerts?state=asleep')).status).toBe(400));
  test('401 for nobody', async () => expect((await ask(null, 'GET', '/api/alerts')).status).toBe(401));
});

describe('GET /api/alerts/count', () => {
  test('200 what is going on, and what nobody looks after', async () => {
    const before = (await ask(place.head, 'GET', '/api/alerts/count')).body.data;
    const id = await alertOf(workspace);
    await alertOf(workspace);
    await ask(place.head, 'POST', `/api/alerts/${id}/acknowledge`, {});
    const after = (await ask(place.head, 'GET', '/api/alerts/count')).body.data;
    expect([
      Number(after['active']) - Number(before['active']),
      Number(after['unacknowledged']) - Number(before['unacknowledged']),
    ]).toEqual([2, 1]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'GET', '/api/alerts/count')).status).toBe(401));
});

describe('GET /api/alerts/:id', () => {
  test('200 with everything that was sent of it', async () => {
    const id = await alertOf(workspace);
    const { ids } = place.house.deps;
    const delivery = {
      id: ids.uuid(), alertId: id, channelId: nowhere, channelName: 'Ops', recipient: '', event: 'firing' as const, attemptNo: 2, nextAtMs: 7, state: 'given_up' as const,
      errorCode: 'http_500', answer: '500 no', createdAtMs: 5, finishedAtMs: 9,
    }; // prettier-ignore
    await place.house.database.driver.write([insertDeliveries([delivery])]);
    const { body } = await ask(place.reader, 'GET', `/api/alerts/${id}`);
    expect(body.data['deliveries']).toMatchObject([
      { channelName: 'Ops', attempts: 2, state: 'given_up', errorCode: 'http_500', nextAt: null },
    ]);
    expect(body.data['explanation']).toBe('Measured over 5 minutes. The rule warns from 20% on.');
  });
  test('401 for nobody', async () => expect((await ask(null, 'GET', `/api/alerts/${nowhere}`)).status).toBe(401));
  test('403 for one of a closed workspace', async () =>
    expect((await ask(place.outsider, 'GET', `/api/alerts/${await alertOf(workspace)}`)).status).toBe(403));
  test('404 for one that is somebody else’s own, as for one that never was', async () => {
    const own = await alertOf({ scope: 'user', id: place.reader.id });
    expect((await ask(place.admin, 'GET', `/api/alerts/${own}`)).status).toBe(404);
    expect((await ask(place.admin, 'GET', `/api/alerts/${nowhere}`)).status).toBe(404);
  });
});

describe('POST /api/alerts/:id/acknowledge', () => {
  test('200 with a note, and in the audit log', async () => {
    const id = await alertOf(workspace);
    const { body } = await ask(place.head, 'POST', `/api/alerts/${id}/acknowledge`, { note: 'I call them' });
    expect(body.data).toMatchObject({ note: 'I call them', acknowledgedBy: { id: place.head.id, name: 'Head' }, resolvedAt: null });
    const entry = await place.house.database.db
      .selectFrom('audit_entries')
      .select('action')
      .where('subject_id', '=', id)
      .executeTakeFirst();
    expect(entry?.action).toBe('alert.acknowledge');
  });
  test('400 for a note that is too long', async () =>
    expect((await ask(place.head, 'POST', `/api/alerts/${await alertOf(workspace)}/acknowledge`, { note: 'x'.repeat(1001) })).status).toBe(
      400,
    ));
  test('401 for nobody', async () => expect((await ask(null, 'POST', `/api/alerts/${nowhere}/acknowledge`, {})).status).toBe(401));
  test('403 for who only reads', async () =>
    expect((await ask(place.reader, 'POST', `/api/alerts/${await alertOf(workspace)}/acknowledge`, {})).status).toBe(403));
  test('404 for what is not there', async () =>
    expect((await ask(place.head, 'POST', `/api/alerts/${nowhere}/acknowledge`, {})).status).toBe(404));
  test('409 for one that is over', async () => {
    const answer = await ask(place.head, 'POST', `/api/alerts/${await alertOf(workspace, { resolvedAtMs: 5 })}/acknowledge`, {});
    expect(codeOf(answer)).toEqual([409, 'STALE']);
  });
});

describe('POST /api/alerts/:id/resolve', () => {
  test('200 ended by hand, once', async () => {
    const id = await alertOf(workspace);
    const { body } = await ask(place.head, 'POST', `/api/alerts/${id}/resolve`);
    expect(body.data).toMatchObject({ resolvedBy: { id: place.head.id } });
  });
  test('401 for nobody', async () => expect((await ask(null, 'POST', `/api/alerts/${nowhere}/resolve`)).status).toBe(401));
  test('403 for who only reads', async () =>
    expect((await ask(place.reader, 'POST', `/api/alerts/${await alertOf(workspace)}/resolve`)).status).toBe(403));
  test('404 for what is not there', async () => expect((await ask(place.head, 'POST', `/api/alerts/${nowhere}/resolve`)).status).toBe(404));
  test('409 for one that is over', async () =>
    expect((await ask(place.head, 'POST', `/api/alerts/${await alertOf(workspace, { resolvedAtMs: 5 })}/resolve`)).status).toBe(409));
});

describe('GET /api/alert-deliveries', () => {
  test('200 of one alert', async () => {
    const answer = await ask(place.head, 'GET', `/api/alert-deliveries?alertId=${await alertOf(workspace)}`);
    expect([answer.status, listed(answer), answer.body['nextCursor']]).toEqual([200, [], null]);
  });
  test('400 for a page that there is not', async () =>
    expect((await ask(place.head, 'GET', '/api/alert-deliveries?limit=0')).status).toBe(400));
  test('401 for nobody', async () => expect((await ask(null, 'GET', '/api/alert-deliveries')).status).toBe(401));
  test('403 of a closed workspace', async () =>
    expect((await ask(place.outsider, 'GET', `/api/alert-deliveries?alertId=${await alertOf(workspace)}`)).status).toBe(403));
  test('404 of nothing in particular', async () => expect((await ask(place.admin, 'GET', '/api/alert-deliveries')).status).toBe(404));
});

describe('GET /api/alert-rules', () => {
  test('200 a new installation has its rules; members see those of their workspace', async () => {
    const all = listed(await ask(place.admin, 'GET', '/api/alert-rules'));
    expect(all.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([
        'connection-failing',
        'error-rate',
        'budget',
        'key-age',
        'price-band',
        'ledger-unknown',
        'disk',
        'database',
        'policy',
        'spike',
      ]),
    );
    expect(all.every((rule) => rule['scope'] === 'organization' && rule['channelIds'] === null)).toBe(true);
    const made = await ruleOf(inWorkspace({ kind: 'error-rate' }), place.head);
    expect(listed(await ask(place.reader, 'GET', '/api/alert-rules')).map(({ id, canChange }) => [id, canChange])).toEqual([
      [made.id, false],
    ]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'GET', '/api/alert-rules')).status).toBe(401));
});

describe('POST /api/alert-rules', () => {
  test('201 what was entered, and the kind’s own where it was not; dollars stay exact', async () => {
    expect(await ruleOf({ scope: 'organization', kind: 'latency' })).toMatchObject({ value: 10_000, windowS: 300, severity: 'warning', isActive: true, isAutoResolved: true, name: null }); // prettier-ignore
    const rule = await ruleOf({
      scope: 'organization',
      kind: 'spend',
      value: '12.000000001',
      period: 'month',
      repeatS: 3600,
      name: 'Purse',
    });
    expect(rule).toMatchObject({ value: '12.000000001', period: 'month', repeatS: 3600, name: 'Purse', windowS: null });
  });
  test.each([
    [{ kind: 'error-rate', value: 101 }, 'value'],
    [{ kind: 'error-rate', value: 'many' }, 'value'],
    [{ kind: 'error-rate', windowS: 30 }, 'windowS'],
    [{ kind: 'error-rate', period: 'day' }, 'period'],
    [{ kind: 'price-band', value: 3 }, 'value'],
    [{ kind: 'spend', windowS: 300 }, 'windowS'],
    [{ kind: 'spend', value: '1.0000000001' }, 'value'],
    [{ kind: 'budget', channelIds: [nowhere] }, 'channelIds.0'],
    [{ kind: 'disk', scope: 'user' }, 'scope'],
    [{ kind: 'latency', repeatS: 5 }, 'repeatS'],
    [{ kind: 'asleep' }, 'kind'],
    [{ kind: 'latency', colour: 'red' }, 'colour'],
  ])('400 %o is told at its field', async (body, path) => {
    const answer = await ask(place.admin, 'POST', '/api/alert-rules', { scope: 'organization', ...body });
    expect([answer.status, pathsOf(answer)]).toEqual([400, [path]]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'POST', '/api/alert-rules', { kind: 'latency' })).status).toBe(401));
  test('403 the installation’s are its administrators’, a workspace’s its writers’', async () => {
    expect((await ask(place.head, 'POST', '/api/alert-rules', { scope: 'organization', kind: 'latency' })).status).toBe(403);
    expect((await ask(place.reader, 'POST', '/api/alert-rules', inWorkspace({ kind: 'latency' }))).status).toBe(403);
  });
  test('404 for a workspace or a connection that is not there', async () => {
    expect((await ask(place.head, 'POST', '/api/alert-rules', { scope: 'workspace', workspaceId: nowhere, kind: 'latency' })).status).toBe(
      404,
    );
    expect((await ask(place.head, 'POST', '/api/alert-rules', { kind: 'latency', connectionId: nowhere })).status).toBe(404);
  });
});

describe('POST /api/alert-rules/preview', () => {
  test('200 how often it would have fired; null where the past does not say', async () => {
    const times = async (kind: string) =>
      (await ask(place.admin, 'POST', '/api/alert-rules/preview', { scope: 'organization', kind })).body.data;
    for (const kind of ['connection-failing', 'error-rate', 'latency', 'spend', 'spike', 'budget', 'key-age', 'ledger-unknown', 'policy'])
      expect(await times(kind), kind).toEqual({ days: 7, times: 0 });
    for (const kind of ['disk', 'database', 'price-band']) expect(await times(kind), kind).toEqual({ days: 7, times: null });
  });
  test('400 for a value that there is not', async () =>
    expect((await ask(place.admin, 'POST', '/api/alert-rules/preview', { kind: 'budget', value: 200 })).status).toBe(400));
  test('401 for nobody', async () => expect((await ask(null, 'POST', '/api/alert-rules/preview', { kind: 'budget' })).status).toBe(401));
  test('403 for a workspace that is closed', async () =>
    expect((await ask(place.outsider, 'POST', '/api/alert-rules/preview', inWorkspace({ kind: 'budget' }))).status).toBe(403));
  test('404 for a workspace that is not there', async () =>
    expect((await ask(place.head, 'POST', '/api/alert-rules/preview', { scope: 'workspace', kind: 'budget' })).status).toBe(404));
});

describe('GET /api/alert-rules/:id', () => {
  test('200 with its revision', async () => {
    const { id, revision } = await ruleOf(inWorkspace({ kind: 'latency' }));
    const answer = await ask(place.reader, 'GET', `/api/alert-rules/${id}`);
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, `"${String(revision)}"`]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'GET', `/api/alert-rules/${nowhere}`)).status).toBe(401));
  test('403 of the installation', async () => {
    const { id } = await ruleOf({ scope: 'organization', kind: 'latency' });
    expect((await ask(place.head, 'GET', `/api/alert-rules/${id}`)).status).toBe(403);
  });
  test('404 for what is not there', async () => expect((await ask(place.head, 'GET', `/api/alert-rules/${nowhere}`)).status).toBe(404));
});

describe('PATCH /api/alert-rules/:id', () => {
  test('200 what is named changes, the rest stays', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency', value: 900, repeatS: 600 }));
    const { body } = await ask(place.head, 'PATCH', `/api/alert-rules/${id}`, { severity: 'critical', repeatS: null });
    expect(body.data).toMatchObject({ severity: 'critical', value: 900, repeatS: null });
  });
  test('400 for nothing to change, and for what the kind has not', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    expect((await ask(place.head, 'PATCH', `/api/alert-rules/${id}`, {})).status).toBe(400);
    expect(pathsOf(await ask(place.head, 'PATCH', `/api/alert-rules/${id}`, { period: 'day' }))).toEqual(['period']);
  });
  test('401 for nobody', async () =>
    expect((await ask(null, 'PATCH', `/api/alert-rules/${nowhere}`, { isActive: false })).status).toBe(401));
  test('403 for who only reads', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    expect((await ask(place.reader, 'PATCH', `/api/alert-rules/${id}`, { isActive: false })).status).toBe(403);
  });
  test('404 for what is not there', async () =>
    expect((await ask(place.head, 'PATCH', `/api/alert-rules/${nowhere}`, { isActive: false })).status).toBe(404));
  test('409 made from an older state: told what it has become, and by whom', async () => {
    const { id, revision } = await ruleOf(inWorkspace({ kind: 'latency' }));
    await ask(place.head, 'PATCH', `/api/alert-rules/${id}`, { name: 'Slow' });
    const answer = await ask(place.admin, 'PATCH', `/api/alert-rules/${id}`, { revision, name: 'Late' });
    expect(codeOf(answer)).toEqual([409, 'CONFLICT']);
    expect(answer.body.details).toMatchObject({ current: { name: 'Slow' }, changedBy: { name: 'Head' } });
  });
});

describe('POST /api/alert-rules/:id/mute', () => {
  const later = (ms: number): string => new Date(place.house.deps.clock.nowMs() + ms).toISOString();
  test('200 until a moment, and no longer where that is taken back', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    const until = later(3_600_000);
    expect((await ask(place.head, 'POST', `/api/alert-rules/${id}/mute`, { until })).body.data['mutedUntil']).toBe(until);
    expect((await ask(place.head, 'POST', `/api/alert-rules/${id}/mute`, { until: null })).body.data['mutedUntil']).toBe(null);
  });
  test('400 for a moment that is over, or far away', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    for (const ms of [-1000, 40 * 86_400_000])
      expect(pathsOf(await ask(place.head, 'POST', `/api/alert-rules/${id}/mute`, { until: later(ms) }))).toEqual(['until']);
  });
  test('401 for nobody', async () =>
    expect((await ask(null, 'POST', `/api/alert-rules/${nowhere}/mute`, { until: null })).status).toBe(401));
  test('403 for who only reads', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    expect((await ask(place.reader, 'POST', `/api/alert-rules/${id}/mute`, { until: null })).status).toBe(403);
  });
  test('404 for what is not there', async () =>
    expect((await ask(place.head, 'POST', `/api/alert-rules/${nowhere}/mute`, { until: null })).status).toBe(404));
});

describe('DELETE /api/alert-rules/:id', () => {
  test('200 and its open alerts end without a word at the next look', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    const alert = await alertOf(workspace, { ruleId: id });
    expect((await ask(place.head, 'DELETE', `/api/alert-rules/${id}`)).status).toBe(200);
    await letLook();
    await place.house.deps.alertWatch.look();
    letLook = await keepAlertsStill(place.house);
    const { body } = await ask(place.head, 'GET', `/api/alerts/${alert}`);
    expect([body.data['resolvedAt'] !== null, body.data['resolvedBy'], body.data['deliveries']]).toEqual([true, null, []]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'DELETE', `/api/alert-rules/${nowhere}`)).status).toBe(401));
  test('403 for who only reads', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    expect((await ask(place.reader, 'DELETE', `/api/alert-rules/${id}`)).status).toBe(403);
  });
  test('404 for what is gone', async () => {
    const { id } = await ruleOf(inWorkspace({ kind: 'latency' }));
    await ask(place.head, 'DELETE', `/api/alert-rules/${id}`);
    expect((await ask(place.head, 'DELETE', `/api/alert-rules/${id}`)).status).toBe(404);
  });
});
