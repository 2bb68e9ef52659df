/** What is left of people and workspaces that are deleted, by a deletion and by the migration for those before it: nobody is told, nothing is sealed. */
import { copyFileSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defaultRules, type AlertChannel } from '../../src/domain/alert.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { insertChannel } from '../../src/storage/alert-channels.ts';
import { insertDeliveries } from '../../src/storage/alert-deliveries.ts';
import { alertsAbove, insertRule } from '../../src/storage/alert-rules.ts';
import { insertAlert } from '../../src/storage/alerts.ts';
import { currentRevision } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { insertLimit, limitsAbove } from '../../src/storage/limits.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { listRevisions, revisionSteps } from '../../src/storage/object-revisions.ts';
import { erasePerson } from '../../src/storage/people.ts';
import { insertPolicy, policyById } from '../../src/storage/policies.ts';
import { deleteWorkspace } from '../../src/storage/workspaces.ts';
import { policyWith } from '../support/policy.ts';
import { onBothEngines, quiet } from './engines.ts';
import { atMs, change, entryOf, ids, newPerson, newWorkspace } from './rows.ts';

const mail = 'private@example.org';
const goneAtMs = atMs + 7;

/** What hangs on an owner: a rule, two channels of which one was deleted by hand, a delivery to it, a limit, and a workspace's policy. */
interface Hung {
  owner: Owner;
  rule: string;
  channels: string[];
  delivery: string;
  limit: string;
  policy: string | null;
}

async function hang(database: Database, owner: Owner): Promise<Hung> {
  const hung: Hung = { owner, rule: ids.uuid(), channels: [ids.uuid(), ids.uuid()], delivery: ids.uuid(), limit: ids.uuid(), policy: null };
  const [alertId, by] = [ids.uuid(), null];
  const common = { owner, createdBy: by, createdAtMs: atMs, updatedAtMs: atMs, revision: 0, isActive: true, name: 'Mine' };
  const channel = (id: string): AlertChannel => ({
    ...common, id, kind: 'email', settings: { recipients: [mail] }, origin: '', hasSecret: true, language: 'en', timeZone: 'UTC', trust: 'member',
  }); // prettier-ignore
  const rule = { ...common, ...defaultRules[0]!, id: hung.rule, connectionId: null, channelIds: null, isAutoResolved: true, mutedUntilMs: null }; // prettier-ignore
  await change(database, insertRule(database, rule));
  for (const id of hung.channels) await change(database, insertChannel(database, { channel: channel(id), sealed: 'sealed bytes' }));
  await change(database, [
    { sql: 'UPDATE alert_channels SET deleted_at = $1 WHERE id = $2', params: [atMs + 1, hung.channels[1]] },
    insertLimit(database, {
      id: hung.limit, subject: { kind: owner.scope === 'user' ? 'user' : 'workspace', id: owner.id }, kind: 'money', period: 'month', value: 5,
      softPercent: null, isShadow: false, level: 'administrator', createdBy: by, createdAtMs: atMs, updatedAtMs: atMs,
    }), // prettier-ignore
    insertAlert(database, {
      id: alertId, atMs, ruleId: hung.rule, ruleName: null, kind: 'spend', severity: 'info', dedupKey: alertId, details: { subject: 'Line' }, owner,
      connectionId: null, acknowledgedAtMs: null, acknowledgedBy: null, note: null, notifiedAtMs: atMs, resolvedAtMs: null, resolvedBy: null,
      updatedAtMs: atMs,
    }), // prettier-ignore
    insertDeliveries([{
      id: hung.delivery, alertId, channelId: hung.channels[0]!, channelName: 'Mine', recipient: mail, event: 'firing', attemptNo: 0, nextAtMs: atMs,
      state: 'waiting', errorCode: null, answer: null, createdAtMs: atMs, finishedAtMs: null,
    }]), // prettier-ignore
  ]);
  for (const [subjectType, subjectId] of [
    ['alert_channel', hung.channels[0]!],
    ['alert_rule', hung.rule],
  ] as const)
    // prettier-ignore
    await database.driver.write(revisionSteps(entryOf({ subjectType, subjectId, owner }), 9, { after: { settings: { recipients: [mail] } } }));
  if (owner.scope !== 'workspace') return hung;
  hung.policy = ids.uuid();
  const words = { keywords: ['a'], patterns: [], attachmentKinds: [] };
  await change(database, insertPolicy(database, policyWith(words, { id: hung.policy, level: 'workspace', workspaceId: owner.id })));
  return hung;
}

/** What of it is still there, and what other instances hear above a revision. */
async function left(database: Database, { owner, rule, channels, delivery, limit, policy }: Hung, above: number) {
  const rows = await database.db.selectFrom('alert_channels').selectAll().where('owner_id', '=', owner.id).orderBy('id').execute();
  const heard = await alertsAbove(database, above);
  const sent = await database.db.selectFrom('alert_deliveries').selectAll().where('id', '=', delivery).executeTakeFirst();
  return {
    isRuleOver: heard?.rules.some(({ id, rule: one }) => id === rule && one === null) ?? false,
    areChannelsOver: channels.every((id) => heard?.channels.some((one) => one.id === id && one.channel === null && one.sealed === null)),
    isLimitOver: (await limitsAbove(database, above)).some(({ id, isGone }) => id === limit && isGone),
    isPolicyOver: policy === null ? null : (await policyById(database, policy)) === undefined,
    sealed: rows.filter(({ secret_encrypted: sealed }) => sealed !== null).length,
    addresses: [...rows.map(({ settings }) => settings), sent?.recipient ?? '?'].filter((text) => text.includes(mail)).length,
    history: [...(await listRevisions(database, 'alert_channel', channels[0]!)), ...(await listRevisions(database, 'alert_rule', rule))]
      .length,
    deletedAtMs: rows.map(({ deleted_at: at }) => at),
  };
}
const whole = { isRuleOver: false, areChannelsOver: false, isLimitOver: false, sealed: 2, addresses: 3, history: 2 };
const over = { isRuleOver: true, areChannelsOver: true, isLimitOver: true, sealed: 0, addresses: 0 };

onBothEngines('with an owner', (bench) => {
  let database: Database;
  let [person, workspace]: Owner[] = [];
  beforeAll(async () => void (database = createDatabase(await bench.open({ isMigrated: true }))));
  beforeEach(async () => {
    person = { scope: 'user', id: await newPerson(database) };
    workspace = { scope: 'workspace', id: await newWorkspace(database) };
  });

  test('who is deleted everything ends that tells them or limits them, and others keep theirs', async () => {
    const [gone, stays] = [await hang(database, person!), await hang(database, { scope: 'user', id: await newPerson(database) })];
    const above = await currentRevision(database);
    await change(database, erasePerson(database, person!.id, goneAtMs));
    expect(await left(database, gone, above)).toMatchObject({ ...over, history: 0, deletedAtMs: [goneAtMs, atMs + 1] });
    expect(await left(database, stays, above)).toMatchObject({ ...whole, deletedAtMs: [null, atMs + 1] });
  });

  test('that is a workspace its policies end too, and its history stays for those who were in it', async () => {
    const [gone, stays] = [
      await hang(database, workspace!),
      await hang(database, { scope: 'workspace', id: await newWorkspace(database) }),
    ];
    const above = await currentRevision(database);
    await change(database, deleteWorkspace(database, workspace!.id, goneAtMs));
    expect(await left(database, gone, above)).toMatchObject({ ...over, history: 2, isPolicyOver: true });
    expect(await left(database, stays, above)).toMatchObject({ ...whole, isPolicyOver: false });
  });

  test('of one scope, the same id in another scope means nobody else', async () => {
    const twin = await hang(database, { scope: 'organization', id: person!.id });
    const above = await currentRevision(database);
    await change(database, erasePerson(database, person!.id, goneAtMs));
    expect(await left(database, twin, above)).toMatchObject(whole);
  });
});

onBothEngines('those who were deleted by an earlier version', (bench) => {
  const own = join(import.meta.dirname, '../../src/storage/migrations');
  /** The migrations of the version before. */
  const earlier = (): string => {
    const directory = mkdtempSync(join(tmpdir(), 'patchbay-migrations-'));
    for (const name of readdirSync(own).filter((file) => file < '0033')) copyFileSync(join(own, name), join(directory, name));
    return directory;
  };
  const deps = { clock: systemClock, log: quiet };

  describe('are told nothing after an update', () => {
    test('and whoever is there keeps everything', async () => {
      const driver = await bench.open();
      await migrate(driver, { ...deps, directory: earlier() });
      const database = createDatabase(driver);
      const people = [await newPerson(database), await newPerson(database)] as const;
      const places = [await newWorkspace(database), await newWorkspace(database)] as const;
      const hung: Hung[] = [];
      for (const id of people) hung.push(await hang(database, { scope: 'user', id }));
      for (const id of places) hung.push(await hang(database, { scope: 'workspace', id }));
      await change(database, [
        { sql: 'UPDATE people SET deleted_at = $1, disabled_at = $1 WHERE user_id = $2', params: [goneAtMs, people[0]] },
        { sql: 'UPDATE people SET disabled_at = $1 WHERE user_id = $2', params: [goneAtMs, people[1]] },
        { sql: 'UPDATE workspaces SET deleted_at = $1 WHERE id = $2', params: [goneAtMs, places[0]] },
      ]);
      const above = await currentRevision(database);
      await migrate(driver, deps);
      expect(await currentRevision(database)).toBe(above + 1);
      const found = [];
      for (const one of hung) found.push(await left(database, one, above));
      expect(found).toMatchObject([
        { ...over, history: 0 },
        whole,
        { ...over, history: 2, isPolicyOver: true },
        { ...whole, isPolicyOver: false },
      ]);
      expect(found[0]!.deletedAtMs[1]).toBe(atMs + 1);
      expect(Math.abs(found[0]!.deletedAtMs[0]! - systemClock.nowMs())).toBeLessThan(600_000);
    });
    test('and where nobody was deleted nothing changes', async () => {
      const driver = await bench.open();
      await migrate(driver, { ...deps, directory: earlier() });
      const database = createDatabase(driver);
      const hung = await hang(database, { scope: 'user', id: await newPerson(database) });
      const above = await currentRevision(database);
      await migrate(driver, deps);
      expect(await currentRevision(database)).toBe(above);
      expect(await left(database, hung, above)).toMatchObject(whole);
    });
  });
});
