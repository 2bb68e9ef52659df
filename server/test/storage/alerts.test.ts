/** Alerts and their outbox as rows, on both engines: one open alert per cause, claims that two senders never share, and what rules look at. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import {
  channelById,
  deleteChannel,
  deleteMail,
  insertChannel,
  mailServer,
  putMail,
  staleMail,
  updateChannel,
} from '../../src/storage/alert-channels.ts';
import {
  claimDeliveries,
  deliveriesOf,
  finishDelivery,
  insertDeliveries,
  lastDeliveries,
  type AlertDelivery,
} from '../../src/storage/alert-deliveries.ts';
import {
  alertsAbove,
  deleteRule,
  insertDefaultRules,
  ruleById,
  staleRule,
  updateRule,
  wasRuleEverMade,
} from '../../src/storage/alert-rules.ts';
import { acknowledgeAlert, alertById, changedSince, countOpen, insertAlert, listAlerts, notifyAlert, openAlerts, openIndex, resolveAlert, staleAlert } from '../../src/storage/alerts.ts'; // prettier-ignore
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { UniqueViolation } from '../../src/storage/errors.ts';
import { holdLease, releaseLease } from '../../src/storage/leases.ts';
import { revisionSteps } from '../../src/storage/object-revisions.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, entryOf, ids, theOrganization } from './rows.ts';

onBothEngines('alerts', (bench) => {
  let database: Database;
  let organizationId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    organizationId = await theOrganization(database);
  });

  const alert = (part: Partial<Alert> = {}): Alert => {
    const id = ids.uuid();
    return {
      id, atMs, ruleId: ids.uuid(), ruleName: 'Rule', kind: 'error-rate', severity: 'warning', dedupKey: id, details: { subject: 'Line', value: 50.5 },
      owner: { scope: 'organization', id: organizationId }, connectionId: null, acknowledgedAtMs: null, acknowledgedBy: null, note: null, notifiedAtMs: null,
      resolvedAtMs: null, resolvedBy: null, updatedAtMs: atMs, ...part,
    }; // prettier-ignore
  };
  const write = (...steps: Parameters<Database['driver']['write']>[0]) => database.driver.write(steps);
  const refusal = (work: Promise<unknown>): Promise<unknown> => work.then(() => null, (error: unknown) => error); // prettier-ignore
  async function open(part: Partial<Alert> = {}): Promise<Alert> {
    const made = alert(part);
    await write(insertAlert(database, made));
    return made;
  }

  describe('an alert', () => {
    test('comes back as it was written', async () => {
      const made = await open({ connectionId: ids.uuid(), note: 'ñ “x”' });
      expect(await alertById(database, made.id)).toEqual(made);
      expect(await alertById(database, ids.uuid())).toBeUndefined();
    });
    test('is one per cause while it is open, whoever comes second; a cause that ended may begin anew', async () => {
      const first = await open({ dedupKey: 'cause' });
      const second = await refusal(write(insertAlert(database, alert({ dedupKey: 'cause' }))));
      expect(second).toBeInstanceOf(UniqueViolation);
      expect((second as UniqueViolation).constraint).toBe(openIndex);
      await write(resolveAlert(database, first.id, atMs + 5, null));
      await open({ dedupKey: 'cause' });
    });
    test('ends once, and is told of once: the second who tries is refused', async () => {
      const made = await open();
      await write(notifyAlert(database, made.id, atMs + 1, null));
      for (const step of [notifyAlert(database, made.id, atMs + 2, null), notifyAlert(database, made.id, atMs + 2, atMs)])
        expect(await refusal(write(step))).toMatchObject({ name: 'StaleWrite', label: staleAlert });
      await write(acknowledgeAlert(database, made.id, ids.uuid(), 'mine', atMs + 3));
      await write(resolveAlert(database, made.id, atMs + 4, null));
      for (const step of [resolveAlert(database, made.id, atMs, null), acknowledgeAlert(database, made.id, ids.uuid(), null, atMs)])
        expect(await refusal(write(step))).toMatchObject({ name: 'StaleWrite', label: staleAlert });
      expect(await alertById(database, made.id)).toMatchObject({ notifiedAtMs: atMs + 1, note: 'mine', resolvedAtMs: atMs + 4 });
    });
    test('is among the open ones, and then among those that ended lately', async () => {
      const made = await open({ dedupKey: 'to end' });
      expect((await openAlerts(database, atMs)).open.map(({ id }) => id)).toContain(made.id);
      await write(resolveAlert(database, made.id, atMs + 9, null));
      const after = await openAlerts(database, atMs + 9);
      expect([after.open.some(({ id }) => id === made.id), after.ended.get('to end')]).toEqual([false, atMs + 9]);
      expect((await openAlerts(database, atMs + 10)).ended.has('to end')).toBe(false);
    });
    test('is listed and counted for its owner alone', async () => {
      const owner = { scope: 'user' as const, id: ids.uuid() };
      const [first, second] = [await open({ owner, severity: 'info' }), await open({ owner, resolvedAtMs: 5 })];
      const idsFor = async (more: Partial<Parameters<typeof listAlerts>[1]>) =>
        (await listAlerts(database, { owners: [owner], limit: 10, ...more })).map(({ id }) => id);
      expect(await idsFor({})).toEqual([second.id, first.id]);
      expect(await idsFor({ state: 'active' })).toEqual([first.id]);
      expect(await idsFor({ state: 'resolved' })).toEqual([second.id]);
      expect(await idsFor({ severity: 'info' })).toEqual([first.id]);
      expect(await idsFor({ cursor: second.id })).toEqual([first.id]);
      expect(await idsFor({ owners: [] })).toEqual([]);
      expect(await idsFor({ owners: [{ scope: 'workspace', id: owner.id }] })).toEqual([]);
      expect(await idsFor({ owners: 'all', ruleId: first.ruleId })).toEqual([first.id]);
      expect(await countOpen(database, [owner])).toEqual({ active: 1, unacknowledged: 1 });
    });
    test('says when it changed', async () => {
      const made = await open({ updatedAtMs: atMs + 1_000_000 });
      expect(await changedSince(database, atMs + 1_000_000)).toEqual([{ id: made.id, owner: made.owner, updatedAtMs: atMs + 1_000_000 }]);
    });
  });

  describe('the outbox', () => {
    const delivery = (alertId: string, part: Partial<AlertDelivery> = {}): AlertDelivery => ({
      id: ids.uuid(), alertId, channelId: ids.uuid(), channelName: 'Ops', recipient: '', event: 'firing', attemptNo: 0, nextAtMs: atMs, state: 'waiting',
      errorCode: null, answer: null, createdAtMs: atMs, finishedAtMs: null, ...part,
    }); // prettier-ignore
    const claim = (nowMs: number, busyChannels: string[] = [], limit = 50) =>
      claimDeliveries(database, { nowMs, untilMs: nowMs + 60_000, limit, busyChannels });
    const sent = { state: 'sent' as const, nextAtMs: atMs, errorCode: null, answer: '200 ok', finishedAtMs: atMs };
    /** Nothing of another test is due. */
    async function emptied(): Promise<void> {
      for (let round = 0; round < 20; round++) {
        const due = await claim(atMs + 1e9);
        if (due.length === 0) return;
        await write(...due.map((one) => finishDelivery(database, one, sent)));
      }
    }

    test('gives each delivery to one sender, and to the next one where the first died with it', async () => {
      await emptied();
      const { id } = await open();
      await write(insertDeliveries([delivery(id), delivery(id, { nextAtMs: atMs + 5 })]));
      const [first, second] = await Promise.all([claim(atMs), claim(atMs)]);
      expect([...first, ...second].map(({ attemptNo }) => attemptNo)).toEqual([1]);
      expect(await claim(atMs + 4)).toEqual([]);
      const later = await claim(atMs + 60_000);
      expect(new Set(later.map(({ attemptNo }) => attemptNo))).toEqual(new Set([1, 2]));
    });
    test('a channel gets two at a time, one that is busy gets none, and the others get theirs', async () => {
      await emptied();
      const [{ id }, crowded, busy, other] = [await open(), ids.uuid(), ids.uuid(), ids.uuid()];
      const of = (channelId: string, count: number) =>
        Array.from({ length: count }, (_, at) => delivery(id, { channelId, recipient: `${at}@example.org` }));
      await write(insertDeliveries([...of(crowded, 5), ...of(busy, 2), ...of(other, 1)]));
      const claimed = (await claim(atMs, [busy])).map(({ channelId }) => channelId);
      expect([crowded, busy, other].map((channel) => claimed.filter((one) => one === channel).length)).toEqual([2, 0, 1]);
    });
    test('the second word of an alert waits until the first has its end, for the same receiver alone', async () => {
      await emptied();
      const [{ id }, channelId] = [await open(), ids.uuid()];
      const first = delivery(id, { channelId, nextAtMs: atMs + 1_000 });
      await write(
        insertDeliveries([
          first,
          delivery(id, { channelId, event: 'resolved' }),
          delivery(id, { channelId, recipient: 'b@example.org', event: 'resolved' }),
        ]),
      );
      expect((await claim(atMs)).map(({ recipient }) => recipient)).toEqual(['b@example.org']);
      const [claimed] = await claim(atMs + 1_000);
      await write(finishDelivery(database, claimed!, { ...sent, state: 'given_up' }));
      expect((await claim(atMs + 1_000)).map(({ event }) => event)).toEqual(['resolved']);
    });
    test('an outcome counts for its own attempt, and goes with the alert in the end', async () => {
      await emptied();
      const [{ id }, channelId] = [await open(), ids.uuid()];
      await write(insertDeliveries([delivery(id, { channelId })]));
      const [first] = await claim(atMs);
      const [second] = await claim(atMs + 60_000);
      await write(finishDelivery(database, first!, sent));
      expect((await deliveriesOf(database, { alertId: id, limit: 5 }))[0]).toMatchObject({ state: 'waiting', attemptNo: 2 });
      await write(finishDelivery(database, second!, { ...sent, answer: 'x'.repeat(2000) }));
      const [last] = await deliveriesOf(database, { channelId, limit: 5 });
      expect([last?.state, last?.answer?.length]).toEqual(['sent', 500]);
      expect((await lastDeliveries(database, [channelId, ids.uuid()], atMs - 1)).get(channelId)?.id).toBe(last?.id);
      await database.driver.run({ sql: 'DELETE FROM alerts WHERE id = $1', params: [id] }, 'write');
      expect(await deliveriesOf(database, { channelId, limit: 5 })).toEqual([]);
    });
  });

  describe('rules, channels and the mail server', () => {
    test('a rule was made once, also when its row is gone and its history alone is left', async () => {
      expect(await wasRuleEverMade(database)).toBe(false);
      const entry = entryOf({ subjectType: 'alert_rule', subjectId: ids.uuid() });
      await database.driver.write(revisionSteps(entry, 1, { after: { kind: 'spend' } }));
      expect(await wasRuleEverMade(database)).toBe(true);
      await database.driver.script("DELETE FROM object_revisions WHERE subject_type = 'alert_rule'");
    });
    test('a new installation’s rules are loaded, changed by whoever read them last, and gone when they are deleted', async () => {
      await change(
        database,
        insertDefaultRules(database, organizationId, () => ids.uuid(), atMs),
      );
      const { rules } = (await alertsAbove(database, -1))!;
      expect(rules.length).toBe(10);
      const before = (await ruleById(database, rules[0]!.id))!;
      await change(database, updateRule(database, { ...before, name: 'Named', channelIds: ['a'] }, before.revision));
      expect(await ruleById(database, before.id)).toMatchObject({ name: 'Named', channelIds: ['a'], threshold: before.threshold });
      expect(await refusal(change(database, updateRule(database, before, before.revision)))).toMatchObject({ label: staleRule });
      const { revision } = (await ruleById(database, before.id))!;
      await change(database, deleteRule(database, before.id, atMs));
      expect((await alertsAbove(database, revision))?.rules).toMatchObject([{ id: before.id, rule: null }]);
    });
    test('a channel keeps its box until it is deleted', async () => {
      const channel = {
        id: ids.uuid(), owner: { scope: 'organization' as const, id: organizationId }, name: 'Ops', kind: 'slack' as const, settings: {}, origin: 'https://hooks.example.com',
        hasSecret: true, language: 'id' as const, timeZone: 'Asia/Jakarta', trust: 'member' as const, isActive: true, createdBy: null, createdAtMs: atMs, updatedAtMs: atMs, revision: 0,
      }; // prettier-ignore
      await change(database, insertChannel(database, { channel, sealed: 'v1.box' }));
      const stored = (await channelById(database, channel.id))!;
      expect(stored).toEqual({ channel: { ...channel, revision: stored.channel.revision }, sealed: 'v1.box' });
      await change(
        database,
        updateChannel(database, { channel: { ...channel, name: 'New' }, sealed: stored.sealed }, stored.channel.revision),
      );
      expect((await channelById(database, channel.id))?.channel.name).toBe('New');
      await change(database, deleteChannel(database, channel.id, atMs));
      expect(await channelById(database, channel.id)).toBeUndefined();
      expect((await alertsAbove(database, -1))?.channels).toMatchObject([{ id: channel.id, channel: null, sealed: null }]);
    });
    test('there is one mail server: set, changed from what was read, taken away, and set again', async () => {
      const server = { host: 'mail.example.org', port: 587, security: 'starttls' as const, username: 'u', hasPassword: true, sender: 'a@example.org', trust: 'administrator' as const, updatedAtMs: atMs, revision: 0 }; // prettier-ignore
      const by = ids.uuid();
      const put = (part: object, sealed: string | null, read: number | null) =>
        change(database, putMail(database, organizationId, { server: { ...server, ...part }, sealed }, by, read));
      await put({}, 'v1.box', null);
      expect(await refusal(put({}, null, null))).toMatchObject({ label: staleMail });
      const stored = (await mailServer(database))!;
      expect(stored).toEqual({ server: { ...server, revision: stored.server.revision }, sealed: 'v1.box' });
      await put({ host: 'other.example.org' }, null, stored.server.revision);
      expect(await mailServer(database)).toMatchObject({ server: { host: 'other.example.org', hasPassword: false }, sealed: null });
      await change(database, deleteMail(database, atMs));
      expect(await mailServer(database)).toBeUndefined();
      await put({}, null, null);
      expect((await mailServer(database))?.server.host).toBe('mail.example.org');
    });
  });

  test('a lease has one owner, who may prolong it; another gets it at its end, or when it is let go', async () => {
    const name = ids.uuid();
    expect(await holdLease(database, name, 'a', 0, 100)).toBe(true);
    expect([await holdLease(database, name, 'b', 99, 100), await holdLease(database, name, 'a', 99, 100)]).toEqual([false, true]);
    expect([await holdLease(database, name, 'b', 198, 100), await holdLease(database, name, 'b', 199, 100)]).toEqual([false, true]);
    await releaseLease(database, name, 'a');
    expect(await holdLease(database, name, 'a', 200, 100)).toBe(false);
    await releaseLease(database, name, 'b');
    expect(await holdLease(database, name, 'a', 200, 100)).toBe(true);
  });
});
