/** Alerts below the faces: who may see and change them, what a page of them is, and two people at one alert. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertStanding, mayChangeAlerts, maySeeAlerts } from '../../src/control/alert-access.ts';
import { createChannel } from '../../src/control/alert-channels.ts';
import { acknowledge, countAlerts, deliveryLog, listAlerts, resolve, seeAlert, type AlertRoom } from '../../src/control/alerts.ts';
import type { Caller } from '../../src/control/change.ts';
import type { Alert } from '../../src/domain/alert.ts';
import type { Actor, OrganizationRole, Owner, WorkspaceRole } from '../../src/domain/owner.ts';
import { insertDeliveries } from '../../src/storage/alert-deliveries.ts';
import { insertAlert } from '../../src/storage/alerts.ts';
import { interrupted, nowhere, openRoomsHouse, refusalOf, type RoomsHouse } from '../support/rooms-house.ts';
import { keepAlertsStill } from '../support/still-alerts.ts';

let place: RoomsHouse;
beforeAll(async () => {
  place = await openRoomsHouse();
  await keepAlertsStill(place.house);
});
afterAll(() => place.house.close());

let told = 0;
const room = (): AlertRoom => ({ ...place.house.deps, alertsChanged: () => void (told += 1) });
async function alertOf(owner: Owner, part: Partial<Alert> = {}): Promise<string> {
  const { deps, database } = place.house;
  const atMs = deps.clock.nowMs();
  const id = deps.ids.uuid();
  const alert: Alert = {
    id, atMs, owner, ruleId: nowhere, ruleName: null, kind: 'latency', severity: 'warning', dedupKey: `${id}:`, details: { subject: 'Line' },
    connectionId: null, acknowledgedAtMs: null, acknowledgedBy: null, note: null, notifiedAtMs: null, resolvedAtMs: null, resolvedBy: null,
    updatedAtMs: atMs, ...part,
  }; // prettier-ignore
  await database.driver.write([insertAlert(database, alert)]);
  return id;
}
const pageOf = async (caller: Caller, more: Partial<Parameters<typeof listAlerts>[2]> = {}) => {
  const { alerts, nextCursor } = await listAlerts(room(), caller.actor, { limit: 100, ...more });
  return { ids: alerts.map(({ id }) => id), nextCursor };
};

describe('the standing of somebody with alerts', () => {
  const actor = (role: OrganizationRole, member?: WorkspaceRole): Actor => ({
    userId: 'me',
    email: '',
    name: '',
    role,
    organizationId: 'org',
    workspaces: new Map(member ? [['w', member]] : []),
    language: 'en',
    via: 'session',
  });
  const house: Owner = { scope: 'organization', id: 'org' };
  const team: Owner = { scope: 'workspace', id: 'w' };
  test.each([
    ['an administrator, of the installation', actor('administrator'), house, 'manage'],
    ['a manager, of the installation', actor('manager'), house, 'forbidden'],
    ['a user, of the installation', actor('user', 'ADMIN'), house, 'forbidden'],
    ['an administrator, of a workspace', actor('administrator'), team, 'manage'],
    ['its ADMIN', actor('user', 'ADMIN'), team, 'manage'],
    ['its writer', actor('user', 'WRITE'), team, 'manage'],
    ['its reader', actor('user', 'READ'), team, 'use'],
    ['a manager who is no member', actor('manager'), team, 'forbidden'],
    ['a person with their own', actor('user'), { scope: 'user', id: 'me' }, 'manage'],
    ['an administrator with somebody else’s own', actor('administrator'), { scope: 'user', id: 'you' }, 'hidden'],
  ] as [string, Actor, Owner, string][])('%s', (_, who, owner, standing) => {
    expect(alertStanding(who, owner)).toBe(standing);
    expect(maySeeAlerts(who, owner)).toBe(['manage', 'use'].includes(standing));
    expect(mayChangeAlerts(who, owner)).toBe(standing === 'manage');
  });
});

describe('a list of alerts', () => {
  test('comes page by page, each alert once, and says where it ends', async () => {
    const mine = place.ownOf(place.outsider);
    const made: string[] = [];
    for (let at = 0; at < 5; at++) made.push(await alertOf(mine));
    const newestFirst = made.toReversed();
    const first = await pageOf(place.outsider, { limit: 2 });
    expect(first).toEqual({ ids: newestFirst.slice(0, 2), nextCursor: newestFirst[1] });
    const second = await pageOf(place.outsider, { limit: 2, cursor: first.nextCursor! });
    expect(second).toEqual({ ids: newestFirst.slice(2, 4), nextCursor: newestFirst[3] });
    expect(await pageOf(place.outsider, { limit: 2, cursor: second.nextCursor! })).toEqual({ ids: newestFirst.slice(4), nextCursor: null });
    // As many as fit exactly are all there are.
    expect(await pageOf(place.outsider, { limit: 5 })).toEqual({ ids: newestFirst, nextCursor: null });
    for (const other of [place.admin, place.head, place.reader]) expect((await pageOf(other)).ids).not.toContain(made[0]);
  });

  test('is of one rule or one connection, and of nothing where the id is none', async () => {
    const [ruleId, connectionId] = [place.house.deps.ids.uuid(), place.house.deps.ids.uuid()];
    const ofRule = await alertOf(place.workspace, { ruleId });
    const ofLine = await alertOf(place.workspace, { connectionId });
    expect((await pageOf(place.reader, { ruleId })).ids).toEqual([ofRule]);
    expect((await pageOf(place.reader, { connectionId })).ids).toEqual([ofLine]);
    expect((await pageOf(place.reader, { connectionId, ruleId })).ids).toEqual([]);
    expect((await pageOf(place.outsider, { ruleId })).ids).toEqual([]);
    for (const nothing of [{ ruleId: 'none' }, { connectionId: '' }])
      expect(await pageOf(place.reader, nothing)).toEqual({ ids: [], nextCursor: null });
  });

  test('is counted as its reader sees it: what goes on, and what nobody looks after', async () => {
    const count = (caller: Caller) => countAlerts(room(), caller.actor);
    const [reader, outsider] = [await count(place.reader), await count(place.outsider)];
    const [one, two] = [await alertOf(place.workspace), await alertOf(place.workspace)];
    expect(await count(place.reader)).toEqual({ active: reader.active + 2, unacknowledged: reader.unacknowledged + 2 });
    await acknowledge(room(), place.head, one, null);
    expect(await count(place.reader)).toEqual({ active: reader.active + 2, unacknowledged: reader.unacknowledged + 1 });
    await resolve(room(), place.head, one);
    await resolve(room(), place.head, two);
    expect(await count(place.reader)).toEqual(reader);
    // What is somebody else's is never counted; of one's own a look at the rules may have ended some.
    expect((await count(place.outsider)).active).toBeLessThanOrEqual(outsider.active);
  });
});

describe('two people at one alert', () => {
  test('the one who looks after it last is named, with their note, and the log has both', async () => {
    const id = await alertOf(place.workspace);
    await acknowledge(room(), place.head, id, 'on it');
    const { alert } = await acknowledge(room(), place.admin, id, 'mine now');
    expect(alert).toMatchObject({ acknowledgedBy: place.admin.actor.userId, note: 'mine now', resolvedAtMs: null });
    expect(await place.auditOf('alert.acknowledge', id)).toEqual([
      ['success', null, place.head.actor.userId],
      ['success', null, place.admin.actor.userId],
    ]);
  });

  test('the one who is late is refused, nothing is written of it, and no page is told', async () => {
    const id = await alertOf(place.workspace);
    const late = interrupted(room(), () => resolve(room(), place.admin, id));
    const before = told;
    expect(await refusalOf(acknowledge(late, place.head, id, 'too late'))).toEqual(['STALE']);
    expect(told - before).toBe(1);
    const { alert } = await seeAlert(room(), place.reader, id);
    expect(alert).toMatchObject({ resolvedBy: place.admin.actor.userId, acknowledgedBy: null, note: null });
    expect(await place.auditOf('alert.acknowledge', id)).toEqual([]);
  });

  test('who may not is refused and noted; what was no id is noted without one', async () => {
    const [team, mine] = [await alertOf(place.workspace), await alertOf(place.ownOf(place.head))];
    const before = told;
    expect(await refusalOf(resolve(room(), place.reader, team))).toEqual(['FORBIDDEN']);
    expect(await refusalOf(seeAlert(room(), place.outsider, team))).toEqual(['FORBIDDEN']);
    expect(await refusalOf(resolve(room(), place.admin, mine))).toEqual(['NOT_FOUND']);
    expect(await refusalOf(seeAlert(room(), place.outsider, 'no id'))).toEqual(['NOT_FOUND']);
    expect(told).toBe(before);
    expect(await place.auditOf('alert.resolve', team)).toEqual([['refused', 'FORBIDDEN', place.reader.actor.userId]]);
    expect(await place.auditOf('alert.read', null)).toEqual([['refused', 'NOT_FOUND', place.outsider.actor.userId]]);
    expect((await seeAlert(room(), place.head, mine)).alert.resolvedAtMs).toBe(null);
  });
});

describe('the log of what was sent', () => {
  const channelOf = async (by: Caller, scope: 'user' | 'workspace'): Promise<string> => {
    const input = { scope, workspaceId: place.workspace.id, kind: 'email', name: 'Mail', recipients: ['a@example.org'] } as const;
    return (await createChannel(place.house.deps, by, input)).channel.id;
  };
  const send = async (alertId: string, channelId: string): Promise<string> => {
    const { deps, database } = place.house;
    const [id, nowMs] = [deps.ids.uuid(), deps.clock.nowMs()];
    await database.driver.write([
      insertDeliveries([
        {
          id, alertId, channelId, channelName: 'Mail', recipient: 'a@example.org', event: 'firing', attemptNo: 1, nextAtMs: nowMs, state: 'sent',
          errorCode: null, answer: '250', createdAtMs: nowMs, finishedAtMs: nowMs,
        },
      ]),
    ]); // prettier-ignore
    return id;
  };
  const log = async (caller: Caller, asked: { channelId?: string; alertId?: string; cursor?: string; limit?: number }) => {
    const { deliveries, nextCursor } = await deliveryLog(place.house.deps, caller, { limit: 10, ...asked });
    return { ids: deliveries.map(({ id }) => id), nextCursor };
  };

  test('is of one alert, of one channel, or of both, page by page', async () => {
    const [channelId, other, alertId] = [
      await channelOf(place.head, 'workspace'),
      await channelOf(place.head, 'workspace'),
      await alertOf(place.workspace),
    ];
    const sent = [await send(alertId, channelId), await send(alertId, other), await send(await alertOf(place.workspace), channelId)];
    expect(await log(place.reader, { alertId })).toEqual({ ids: [sent[1], sent[0]], nextCursor: null });
    expect(await log(place.reader, { channelId })).toEqual({ ids: [sent[2], sent[0]], nextCursor: null });
    expect(await log(place.reader, { channelId, alertId })).toEqual({ ids: [sent[0]], nextCursor: null });
    const first = await log(place.reader, { alertId, limit: 1 });
    expect(first).toEqual({ ids: [sent[1]], nextCursor: sent[1] });
    expect(await log(place.reader, { alertId, limit: 1, cursor: first.nextCursor! })).toEqual({ ids: [sent[0]], nextCursor: null });
  });

  test('is closed to who may not see both the alert and the channel, and is of nothing in particular to nobody', async () => {
    const [alertId, mine] = [await alertOf(place.workspace), await channelOf(place.head, 'user')];
    expect(await log(place.head, { alertId, channelId: mine })).toEqual({ ids: [], nextCursor: null });
    expect(await refusalOf(log(place.reader, { alertId, channelId: mine }))).toEqual(['NOT_FOUND']);
    expect(await refusalOf(log(place.outsider, { alertId }))).toEqual(['FORBIDDEN']);
    expect(await refusalOf(log(place.admin, {}))).toEqual(['NOT_FOUND']);
  });
});
