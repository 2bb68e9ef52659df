/** Rules, channels and alerts as rows, on both engines: lists agree with a look at every row, changes are their own, and what others said can always be kept. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Alert, AlertChannel, AlertRule, Severity } from '../../src/domain/alert.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { channelById, deleteChannel, deleteMail, insertChannel, putMail, staleChannel, staleMail, updateChannel } from '../../src/storage/alert-channels.ts'; // prettier-ignore
import {
  claimDeliveries,
  deliveriesOf,
  finishDelivery,
  insertDeliveries,
  lastDeliveries,
  type AlertDelivery,
} from '../../src/storage/alert-deliveries.ts';
import { alertsAbove, deleteRule, insertRule, ruleById, staleRule, updateRule } from '../../src/storage/alert-rules.ts';
import { acknowledgeAlert, alertById, changedSince, countOpen, insertAlert, listAlerts, notifyAlert, resolveAlert, type AlertQuestion } from '../../src/storage/alerts.ts'; // prettier-ignore
import { currentRevision } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { ForeignKeyViolation } from '../../src/storage/errors.ts';
import { resealChannelStep, resealMailStep, sealedChannelsAfter, sealedMail } from '../../src/storage/sealed-alerts.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, hostileTexts, ids, newConnection, newPerson, theOrganization } from './rows.ts';

onBothEngines('rows of alerting', (bench) => {
  let database: Database;
  let owner: Owner;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    owner = { scope: 'organization', id: await theOrganization(database) };
  });
  const rule = (part: Partial<AlertRule> = {}): AlertRule => ({
    id: ids.uuid(), owner, name: null, kind: 'error-rate', threshold: { value: 5, windowS: 600 }, connectionId: null, severity: 'warning', channelIds: null,
    repeatS: null, cooldownS: 0, isAutoResolved: true, mutedUntilMs: null, isActive: true, createdBy: null, createdAtMs: atMs, updatedAtMs: atMs, revision: 0, ...part,
  }); // prettier-ignore
  const channel = (part: Partial<AlertChannel> = {}): AlertChannel => ({
    id: ids.uuid(), owner, name: 'Ops', kind: 'webhook', settings: {}, origin: 'https://hooks.example.com', hasSecret: true, language: 'en',
    timeZone: 'UTC', trust: 'member', isActive: true, createdBy: null, createdAtMs: atMs, updatedAtMs: atMs, revision: 0, ...part,
  }); // prettier-ignore
  const alert = (part: Partial<Alert> = {}): Alert => {
    const id = ids.uuid();
    return {
      id, atMs, ruleId: ids.uuid(), ruleName: null, kind: 'spend', severity: 'info', dedupKey: id, details: { subject: 'Line' }, owner, connectionId: null,
      acknowledgedAtMs: null, acknowledgedBy: null, note: null, notifiedAtMs: null, resolvedAtMs: null, resolvedBy: null, updatedAtMs: atMs, ...part,
    }; // prettier-ignore
  };
  const delivery = (alertId: string, part: Partial<AlertDelivery> = {}): AlertDelivery => ({
    id: ids.uuid(), alertId, channelId: ids.uuid(), channelName: 'Ops', recipient: '', event: 'firing', attemptNo: 0, nextAtMs: atMs, state: 'waiting',
    errorCode: null, answer: null, createdAtMs: atMs, finishedAtMs: null, ...part,
  }); // prettier-ignore
  const write = (...steps: Parameters<Database['driver']['write']>[0]) => database.driver.write(steps);
  async function opened(part: Partial<Alert> = {}): Promise<Alert> {
    const made = alert(part);
    await write(insertAlert(database, made));
    return made;
  }
  async function ruled(part: Partial<AlertRule> = {}): Promise<AlertRule> {
    const made = rule(part);
    return { ...made, revision: await change(database, insertRule(database, made)) };
  }

  describe('a rule', () => {
    test('comes back as it was written, with every field set and with none', async () => {
      const connectionId = await newConnection(database, await newPerson(database));
      const full = await ruled({
        name: 'ñ “x”', kind: 'spend', threshold: { value: 9_007_199_254_740_991, period: 'month' }, connectionId, severity: 'critical', channelIds: ['a', 'b'],
        repeatS: 3_600, cooldownS: 60, isAutoResolved: false, mutedUntilMs: atMs + 5, isActive: false, createdBy: ids.uuid(), updatedAtMs: atMs + 1,
      }); // prettier-ignore
      const bare = await ruled({ threshold: {} });
      for (const made of [full, bare]) expect(await ruleById(database, made.id)).toEqual(made);
      expect(await ruleById(database, ids.uuid())).toBeUndefined();
    });
    test('for no channel and for every channel are two things', async () => {
      const [none, every] = [await ruled({ channelIds: [] }), await ruled({ channelIds: null })];
      expect((await ruleById(database, none.id))?.channelIds).toEqual([]);
      expect((await ruleById(database, every.id))?.channelIds).toBeNull();
    });
    test('keeps its kind and its owner through a change, and no other rule is touched by it', async () => {
      const [made, other] = [await ruled(), await ruled()];
      const next = { ...made, name: 'Named', threshold: { value: 7 }, isActive: false, updatedAtMs: atMs + 3 };
      const moved = { ...next, kind: 'latency' as const, owner: { scope: 'user' as const, id: ids.uuid() }, createdAtMs: 5 };
      const revision = await change(database, updateRule(database, moved, made.revision));
      expect(await ruleById(database, made.id)).toEqual({ ...next, revision });
      expect(await ruleById(database, other.id)).toEqual(other);
    });
    test('of a connection that is not there is not written', async () => {
      const made = rule({ connectionId: ids.uuid() });
      await expect(change(database, insertRule(database, made))).rejects.toBeInstanceOf(ForeignKeyViolation);
      expect(await ruleById(database, made.id)).toBeUndefined();
    });
    test('that is deleted is gone for every later change', async () => {
      const made = await ruled();
      const revision = await change(database, deleteRule(database, made.id, atMs));
      for (const step of [updateRule(database, made, revision), deleteRule(database, made.id, atMs + 1)])
        await expect(change(database, step)).rejects.toMatchObject({ name: 'StaleWrite', label: staleRule });
      expect((await alertsAbove(database, revision - 1))?.rules).toEqual([{ id: made.id, owner, rule: null }]);
      expect(await alertsAbove(database, revision)).toBeUndefined();
    });
  });

  describe('a channel', () => {
    test('keeps what is in it, whatever the texts', async () => {
      for (const text of hostileTexts) {
        const made = channel({ name: text, kind: 'whatsapp', settings: { to: text, toField: text, recipients: [text] } });
        const revision = await change(database, insertChannel(database, { channel: made, sealed: text }));
        expect(await channelById(database, made.id)).toEqual({ channel: { ...made, revision }, sealed: text });
      }
    });
    test('is changed by exactly one of those who read the same state, and by nobody once it is deleted', async () => {
      const made = channel();
      const revision = await change(database, insertChannel(database, { channel: made, sealed: null }));
      const named = (name: string) => change(database, updateChannel(database, { channel: { ...made, name }, sealed: null }, revision));
      const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(named));
      const refused = outcomes.filter((one) => one.status === 'rejected').map(({ reason }) => (reason as { label: string }).label);
      expect(refused).toEqual([staleChannel, staleChannel]);
      const kept = (await channelById(database, made.id))!.channel;
      expect(kept.name).toBe(['a', 'b', 'c'][outcomes.findIndex((one) => one.status === 'fulfilled')]);
      await change(database, deleteChannel(database, made.id, atMs));
      const { revision: last } = { revision: await currentRevision(database) };
      const late = [updateChannel(database, { channel: made, sealed: 'v1.late' }, last), deleteChannel(database, made.id, atMs)];
      for (const step of late) await expect(change(database, step)).rejects.toMatchObject({ label: staleChannel });
    });
    test('gives its box to a rotation once, in the order of ids, and takes a new one for exactly the old one', async () => {
      const made = [channel(), channel({ kind: 'slack' }), channel()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
      for (const one of made) await change(database, insertChannel(database, { channel: one, sealed: `v1.${one.id}` }));
      const bare = channel({ hasSecret: false });
      await change(database, insertChannel(database, { channel: bare, sealed: null }));
      const seen: string[] = [];
      for (let page = 0; page < 50; page++) {
        const found = await sealedChannelsAfter(database, seen.at(-1) ?? '00000000-0000-0000-0000-000000000000', 2);
        if (found.length === 0) break;
        seen.push(...found.map((one) => one.channel.id));
      }
      expect(seen).toEqual([...new Set(seen)].toSorted());
      expect(seen.filter((id) => [...made, bare].some((one) => one.id === id))).toEqual(made.map(({ id }) => id));
      const [first, second] = [made[0]!, made[1]!];
      await change(
        database,
        resealChannelStep(database, first.id, 'v1.other', 'v2.wrong'),
        resealChannelStep(database, second.id, `v1.${second.id}`, 'v2.new'),
      );
      expect((await channelById(database, first.id))?.sealed).toBe(`v1.${first.id}`);
      expect((await channelById(database, second.id))?.sealed).toBe('v2.new');
    });
  });

  test('the mail server’s password is exchanged for what was read alone, and is nobody’s once the server is taken away', async () => {
    expect(await sealedMail(database)).toBeNull();
    await expect(change(database, deleteMail(database, atMs))).rejects.toMatchObject({ label: staleMail });
    const server = { host: 'mail.example.org', port: 465, security: 'tls' as const, username: null, hasPassword: true, sender: 'a@example.org', trust: 'administrator' as const, updatedAtMs: atMs, revision: 0 }; // prettier-ignore
    await change(database, putMail(database, owner.id, { server, sealed: 'v1.box' }, ids.uuid(), null));
    await change(database, resealMailStep(database, 'v1.other', 'v2.wrong'));
    expect(await sealedMail(database)).toEqual({ organizationId: owner.id, host: 'mail.example.org', port: 465, box: 'v1.box' });
    await change(database, resealMailStep(database, 'v1.box', 'v2.box'));
    expect((await sealedMail(database))?.box).toBe('v2.box');
    await change(database, deleteMail(database, atMs));
    expect(await sealedMail(database)).toBeNull();
    expect((await database.db.selectFrom('mail_servers').select('password_encrypted').execute())[0]?.password_encrypted).toBeNull();
  });

  describe('alerts', () => {
    test('a list is what a look at every row finds, for each question', async () => {
      const owners: Owner[] = (['user', 'workspace'] as const).map((scope) => ({ scope, id: ids.uuid() }));
      const severities: Severity[] = ['info', 'warning', 'critical'];
      const connections = [ids.uuid(), null];
      const rules = [ids.uuid(), ids.uuid()];
      const rows: Alert[] = [];
      for (let at = 0; at < 36; at++)
        rows.push(
          await opened({
            owner: owners[at % 2]!, severity: severities[at % 3]!, connectionId: connections[Math.floor(at / 2) % 2]!, ruleId: rules[Math.floor(at / 4) % 2]!,
            resolvedAtMs: at % 5 === 0 ? atMs : null, acknowledgedAtMs: at % 7 === 0 ? atMs : null,
          }),
        ); // prettier-ignore
      for (const asked of [owners, [owners[0]!], [owners[1]!], []])
        for (const state of [undefined, 'active', 'resolved'] as const)
          for (const more of [
            {},
            { severity: 'info' },
            { connectionId: connections[0]! },
            { ruleId: rules[1]! },
          ] as Partial<AlertQuestion>[]) {
            const expected = rows.filter(
              (row) =>
                asked.includes(row.owner) &&
                (state === undefined || (state === 'active') === (row.resolvedAtMs === null)) &&
                Object.entries(more).every(([field, value]) => row[field as 'severity'] === value),
            );
            expect(await listAlerts(database, { owners: asked, ...(state && { state }), ...more, limit: 100 })).toEqual(
              expected.toReversed(),
            );
          }
      const active = rows.filter((row) => row.resolvedAtMs === null);
      expect(await countOpen(database, owners)).toEqual({
        active: active.length,
        unacknowledged: active.filter((row) => row.acknowledgedAtMs === null).length,
      });
      expect(await countOpen(database, [])).toEqual({ active: 0, unacknowledged: 0 });
    });
    test('pages meet without a gap, also while new ones open', async () => {
      const mine: Owner = { scope: 'user', id: ids.uuid() };
      const made: string[] = [];
      for (let at = 0; at < 9; at++) made.push((await opened({ owner: mine })).id);
      const seen: string[] = [];
      for (let page = 0; page < 4; page++) {
        const cursor = seen.at(-1);
        seen.push(...(await listAlerts(database, { owners: [mine], limit: 4, ...(cursor && { cursor }) })).map(({ id }) => id));
        await opened({ owner: mine });
      }
      expect(seen).toEqual(made.toReversed());
    });
    test('whoever tells, looks after or ends one makes it known to other instances, and changes no other', async () => {
      const sinceMs = atMs + 5_000_000;
      const [told, taken, ended, still] = [await opened(), await opened(), await opened(), await opened()];
      await write(notifyAlert(database, told.id, sinceMs + 2, null));
      await write(acknowledgeAlert(database, taken.id, ids.uuid(), 'mine', sinceMs + 1));
      await write(resolveAlert(database, ended.id, sinceMs, ids.uuid()));
      expect((await changedSince(database, sinceMs)).map(({ id }) => id)).toEqual([ended.id, taken.id, told.id]);
      expect((await changedSince(database, sinceMs + 2)).map(({ id }) => id)).toEqual([told.id]);
      expect(await alertById(database, still.id)).toEqual(still);
    });
    test('can be read whatever they say: a name that is far too long is cut, and nothing else of the alert', async () => {
      const details = { value: 50.5, limit: 5, reason: 'timeout', windowS: 600, subject: '"'.repeat(5_000) };
      const { id } = await opened({ details });
      const read = (await alertById(database, id))!.details;
      expect({ ...read, subject: '' }).toEqual({ ...details, subject: '' });
      expect(details.subject.startsWith(read.subject)).toBe(true);
      expect(read.subject.length).toBeGreaterThan(200);
    });
  });

  describe('deliveries', () => {
    test('come back as they were written, and none without its alert', async () => {
      const { id } = await opened();
      const made = delivery(id, { channelName: 'ñ “x”', recipient: 'a@example.org', event: 'repeated', attemptNo: 3, state: 'given_up', errorCode: 'http_500', answer: '500 no', finishedAtMs: atMs + 1 }); // prettier-ignore
      await write(insertDeliveries([made]));
      expect(await deliveriesOf(database, { alertId: id, limit: 5 })).toEqual([made]);
      await expect(write(insertDeliveries([delivery(ids.uuid())]))).rejects.toBeInstanceOf(ForeignKeyViolation);
    });
    test('are listed by alert, by channel, and by both, in pages that meet', async () => {
      const [{ id: one }, { id: other }] = [await opened(), await opened()];
      const channels = [ids.uuid(), ids.uuid()];
      const made = Array.from({ length: 12 }, (_, at) =>
        delivery([one, other][at % 2]!, { channelId: channels[at % 3 === 0 ? 0 : 1]!, state: 'sent', recipient: `${at}` }),
      );
      await write(insertDeliveries(made));
      for (const asked of [{ alertId: one }, { channelId: channels[0]! }, { alertId: other, channelId: channels[1]! }]) {
        const expected = made.filter((row) => Object.entries(asked).every(([field, value]) => row[field as 'alertId'] === value));
        const seen: AlertDelivery[] = [];
        for (let page = 0; page < 8; page++) {
          const cursor = seen.at(-1)?.id;
          seen.push(...(await deliveriesOf(database, { ...asked, limit: 2, ...(cursor && { cursor }) })));
        }
        expect(seen).toEqual(expected.toReversed());
      }
    });
    test('the last one of a channel is its newest, unless that was too long ago', async () => {
      const { id } = await opened();
      const [busy, quiet] = [ids.uuid(), ids.uuid()];
      const made = [atMs, atMs + 1, atMs + 2].map((at) =>
        delivery(id, { channelId: busy, state: 'sent', createdAtMs: at, recipient: `${at}` }),
      );
      await write(insertDeliveries([...made, delivery(id, { channelId: quiet, state: 'sent', createdAtMs: atMs })]));
      const last = await lastDeliveries(database, [busy, quiet], atMs + 1);
      expect([...last]).toEqual([[busy, made[2]]]);
      expect((await lastDeliveries(database, [], 0)).size).toBe(0);
    });
    test('an answer that no database can hold does not keep one from its end', async () => {
      const { id } = await opened();
      const channelId = ids.uuid();
      await write(insertDeliveries([delivery(id, { channelId, nextAtMs: atMs - 1e9 })]));
      const claimed = await claimDeliveries(database, { nowMs: atMs - 1e9, untilMs: atMs, limit: 5, busyChannels: [] });
      expect(claimed.map((one) => [one.channelId, one.attemptNo])).toEqual([[channelId, 1]]);
      const answer = `500 a\u0000b\ud800 ${'x'.repeat(493)}👩🏽‍🚀`;
      await write(
        finishDelivery(database, claimed[0]!, { state: 'given_up', nextAtMs: atMs, errorCode: 'http_500', answer, finishedAtMs: atMs }),
      );
      const [read] = await deliveriesOf(database, { channelId, limit: 5 });
      expect([read?.state, read?.answer?.slice(0, 6), read?.answer?.isWellFormed()]).toEqual(['given_up', '500 ab', true]);
      expect(read?.answer?.length).toBeLessThanOrEqual(500);
    });
  });
});
