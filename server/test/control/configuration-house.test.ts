/** What an installation has one of, and what hangs on its workspaces and channels, in the configuration file. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyConfiguration, exportConfiguration, type ApplyWish, type Applied } from '../../src/control/configuration/apply.ts';
import type { Caller } from '../../src/control/change.ts';
import { priceHistory } from '../../src/control/price-history.ts';
import { effectivePrice } from '../../src/control/prices.ts';
import { deleteConnection } from '../../src/control/connections.ts';
import { changeUser, deleteUser } from '../../src/control/people/users.ts';
import { deleteWorkspace, listWorkspaces } from '../../src/control/workspaces.ts';
import { pricesOfLine } from '../../src/storage/prices.ts';
import { openHouse, origin, type House } from '../support/house.ts';

let house: House;
let caller: Caller;
beforeAll(async () => {
  house = await openHouse();
  const ann = await house.createResident('Ann', 'administrator');
  caller = { actor: house.deps.keeper.snapshot.actorOf(ann.id, 'system')!, origin };
});
afterAll(() => house?.close());

const wish = (text: string, more: Partial<ApplyWish> = {}): ApplyWish => ({
  text,
  secrets: { 'env:MAIL': 'the-password-of-mail', 'env:LINE': 'sk-of-the-line-0123456789' },
  isDryRun: false,
  isPruning: false,
  ...more,
});
const apply = (text: string, more: Partial<ApplyWish> = {}): Promise<Applied> => applyConfiguration(house.deps, caller, wish(text, more));

describe('what is set once', () => {
  const text = (mail: string): string => `patchbay: 1\nmailServer: { ${mail}, sender: patchbay@example.org }\n`;
  const stepsOf = async (of: string, more: Partial<ApplyWish> = {}) =>
    (await apply(of, more)).steps.map(({ action, section, fields }) => [action, section, fields]);

  test('another password of the mail server is a change of it, and one that cannot be read is kept for its own server alone', async () => {
    const same = text('host: mail.example.org, port: 587, security: starttls, username: patchbay, password: env:MAIL');
    expect((await apply(same, { secrets: {} })).faults).toMatchObject([{ line: 2, path: 'mailServer.password' }]);
    expect(await stepsOf(same)).toEqual([['create', 'mailServer', []]]);
    expect(await stepsOf(same, { secrets: {} })).toEqual([]);
    const other = { secrets: { 'env:MAIL': 'another-password' } };
    expect(await stepsOf(same, { ...other, isDryRun: true })).toEqual([['change', 'mailServer', ['password']]]);
    expect(await stepsOf(same, other)).toEqual([['change', 'mailServer', ['password']]]);
    expect(await stepsOf(same, other)).toEqual([]);
    const elsewhere = same.replace('mail.example.org', 'mail.example.net');
    expect((await apply(elsewhere, { secrets: {} })).faults).toMatchObject([{ line: 2, path: 'mailServer.password' }]);
    expect(await stepsOf(elsewhere, other)).toEqual([['change', 'mailServer', ['host', 'password']]]);
    expect(house.deps.keeper.snapshot.alerting.mail).toMatchObject({ host: 'mail.example.net', hasPassword: true });
  });

  test('a mail server goes with --prune where the file says that there is none, and stays without', async () => {
    const none = 'patchbay: 1\nmailServer: null\n';
    expect(await stepsOf(none)).toEqual([]);
    expect(await stepsOf(none, { isPruning: true })).toEqual([['delete', 'mailServer', []]]);
    expect(await exportConfiguration(house.deps, caller)).toContain('mailServer: null');
  });

  test('days that the environment says are told with their line, and nothing is begun', async () => {
    const deps = { ...house.deps, retentionDays: { alerts: 30 } };
    const asked = 'patchbay: 1\nretention:\n  requests: 45\n  alerts: 60\n';
    const { faults, done } = await applyConfiguration(deps, caller, wish(asked));
    expect([done, faults]).toEqual([0, [{ line: 4, path: 'retention.alerts', message: 'set by PATCHBAY_RETENTION_ALERTS_DAYS' }]]);
    expect((await apply(asked.replace('45', '3'))).faults).toMatchObject([{ line: 3, path: 'retention.requests' }]);
    expect((await apply(asked)).faults).toEqual([]);
    expect(await stepsOf('patchbay: 1\nretention: { requests: 45 }\n')).toEqual([['change', 'retention', ['alerts']]]);
    expect(await exportConfiguration(house.deps, caller)).toMatch(/retention:\n  requests: 45\n$/);
  });

  test('a workspace keeps contents where the file says so, and none where it says nothing of them', async () => {
    const workspace = 'patchbay: 1\nworkspaces:\n  - { name: Research, members: [{ user: ann@example.org, role: ADMIN }] }\n';
    const keeping = workspace.replace(' }\n', ', contents: { isKept: true, days: 14 } }\n');
    expect(await stepsOf(workspace)).toEqual([['create', 'workspaces', []]]);
    expect(await stepsOf(keeping)).toEqual([['change', 'workspaces', ['contents']]]);
    expect([...house.deps.keeper.snapshot.capture.values()]).toEqual([14]);
    expect(await exportConfiguration(house.deps, caller)).toContain('contents:\n      isKept: true\n      days: 14\n');
    expect(await stepsOf(workspace)).toEqual([['change', 'workspaces', ['contents']]]);
    expect(house.deps.keeper.snapshot.capture.size).toBe(0);
  });

  test('a setting of a channel that the file leaves out is gone, its secrets stay, and a second time there is nothing to do', async () => {
    const channel = (more: string): string =>
      `patchbay: 1\nalertChannels:\n  - { name: Gateway, kind: whatsapp, url: env:HOOK, to: "62811"${more} }\n`;
    const secrets = { 'env:HOOK': 'https://gateway.example.com/send?key=0123456789', 'env:TOKEN': 'token-of-the-gateway' };
    expect(await stepsOf(channel(', token: env:TOKEN, tokenHeader: x-token'), { secrets })).toEqual([['create', 'alertChannels', []]]);
    expect(await stepsOf(channel(''), { secrets })).toEqual([['change', 'alertChannels', ['tokenHeader']]]);
    expect(await stepsOf(channel(''), { secrets })).toEqual([]);
    const exported = await exportConfiguration(house.deps, caller);
    expect(exported).toContain('token: env:ALERT_GATEWAY_TOKEN');
    expect(exported).toContain('tokenHeader: null');
  });
});

describe('a price', () => {
  const price = (input: string, more = ''): string =>
    `patchbay: 1\nprices:\n  - provider: openai\n    model: gpt-4o\n    validFrom: "2026-01-01T00:00:00Z"\n    tiers: [{ input: "${input}", output: "10"${more} }]\n`;
  const now = () => {
    const { source, entry } = effectivePrice(house.deps, 'openai', 'gpt-4o', null);
    return [source, entry?.tiers[0]?.prices.input];
  };
  const rows = () => house.database.db.selectFrom('prices').selectAll().orderBy('id').execute();
  const entries = () =>
    house.database.db.selectFrom('audit_entries').select('action').where('subject_type', '=', 'price').orderBy('id').execute();

  test('that cannot be set leaves the one before in force, and the dry run names the fault with its line', async () => {
    expect((await apply(price('2.5'))).faults).toEqual([]);
    expect(now()).toEqual(['own', 2_500_000_000]);
    const before = [await rows(), await entries()];
    for (const isDryRun of [true, false]) {
      expect(await apply(price('3,50'), { isDryRun })).toMatchObject({ done: 0, faults: [{ line: 6, path: 'prices[0].tiers[0].input' }] });
      const unordered = await apply(price('3', ', fromTokensIn: 5'), { isDryRun });
      expect(unordered).toMatchObject({ done: 0, faults: [{ line: 6, path: 'prices[0].tiers[0].fromTokensIn' }] });
      const nowhere = await apply(price('3').replace('openai', 'no-such-provider'), { isDryRun });
      expect(nowhere).toMatchObject({ done: 0, faults: [{ line: 3, message: 'UNKNOWN_PROVIDER' }] });
    }
    expect([await rows(), await entries()]).toEqual(before);
    expect(now()).toEqual(['own', 2_500_000_000]);
  });

  test('takes the place of the one before in one change, and its history has both', async () => {
    const count = (await entries()).length;
    expect(await apply(price('3.5'))).toMatchObject({ done: 1, faults: [], steps: [{ action: 'change', fields: ['tiers'] }] });
    expect(now()).toEqual(['own', 3_500_000_000]);
    const [old, next] = await rows();
    expect([old!.revision === next!.revision, old!.valid_until, next!.valid_until]).toEqual([true, next!.created_at, null]);
    expect((await entries()).slice(count)).toEqual([{ action: 'price.update' }]);
    for (const same of ['3.5', '3.50', '3.500000000']) expect(await apply(price(same))).toMatchObject({ steps: [], unchanged: 1 });
    expect(await apply(price('3.5').replace('00:00Z', '00:00.000Z'))).toMatchObject({ steps: [], unchanged: 1 });
    const told = (await priceHistory(house.deps, next!.id)).map(
      ({ state }) => (state?.['tiers'] as { input: string }[] | undefined)?.[0]?.input,
    );
    expect(told).toEqual(['3.5', '2.5']);
    expect((await pricesOfLine(house.database, { provider: 'openai', model: 'gpt-4o', connectionId: null }, 1))[0]?.id).toBe(next!.id);
    await apply(price('4'));
    expect(await priceHistory(house.deps, next!.id)).toHaveLength(3);
  });

  test('with an end keeps it: in the export, on another installation, and when its amounts change', async () => {
    const other = await openHouse();
    const ann = await other.createResident('Ann', 'administrator');
    const there = { actor: other.deps.keeper.snapshot.actorOf(ann.id, 'system')!, origin };
    const untilMs = house.deps.clock.nowMs() + 3_600_000;
    const until = new Date(untilMs).toISOString();
    const ending = price('5', ', audioInput: "32", cacheAudioRead: "0.40"').replace('    tiers', `    validUntil: "${until}"\n    tiers`);
    const openEnds = async ({ database, deps }: House) =>
      (await pricesOfLine(database, { provider: 'openai', model: 'gpt-4o', connectionId: null }))
        .filter(({ validUntilMs }) => validUntilMs === null || validUntilMs > deps.clock.nowMs())
        .map(({ validUntilMs, tiers }) => [tiers[0]?.prices.input, validUntilMs]);

    expect(await apply(ending)).toMatchObject({ faults: [], steps: [{ action: 'change', fields: ['tiers', 'validUntil'] }] });
    expect(await openEnds(house)).toEqual([[5_000_000_000, untilMs]]);
    const exported = await exportConfiguration(house.deps, caller);
    expect(exported).toContain(`validUntil: ${until}`);
    const onlyPrices = `patchbay: 1\n${exported.slice(exported.indexOf('prices:'), exported.indexOf('\ntemplates:'))}\n`;
    expect((await applyConfiguration(other.deps, there, wish(onlyPrices))).faults).toEqual([]);
    expect(await openEnds(other)).toEqual([[5_000_000_000, untilMs]]);
    const sound = { input: 5_000_000_000, output: 10_000_000_000, audioInput: 32_000_000_000, cacheAudioRead: 400_000_000 };
    expect(effectivePrice(other.deps, 'openai', 'gpt-4o', null).entry?.tiers).toEqual([{ fromTokensIn: 0, prices: sound }]);
    for (const same of [ending, ending.replace('.000Z', 'Z'), ending.replace(/ +validUntil.*\n/, '')])
      expect(await apply(same)).toMatchObject({ steps: [], faults: [] });

    // A file that says nothing of the end leaves it; null takes it away, and a moment that is past ends the price.
    expect((await apply(price('6'))).done).toBe(1);
    expect(await openEnds(house)).toEqual([[6_000_000_000, untilMs]]);
    const saying = (end: string): string => price('6').replace('    tiers', `    validUntil: ${end}\n    tiers`);
    expect(await apply(saying('null'))).toMatchObject({ done: 1, steps: [{ fields: ['validUntil'] }] });
    expect(await openEnds(house)).toEqual([[6_000_000_000, null]]);
    expect(await apply(saying('"2025-01-01T00:00:00Z"'))).toMatchObject({ done: 0, faults: [{ path: 'prices[0].validUntil' }] });
    expect((await apply(saying('"2026-01-02T00:00:00Z"'))).done).toBe(1);
    expect(await openEnds(house)).toEqual([]);
    const past = await apply(saying('"2026-01-02T00:00:00Z"'));
    expect(past).toMatchObject({ steps: [], unchanged: 1, faults: [] });
    await other.close();
  });

  test('of a connection is judged by that connection once it is there, and of one that the file makes by the rest', async () => {
    const both =
      'patchbay: 1\nconnections:\n  - { name: Line, provider: openai, model: tiny, secret: env:LINE }\nprices:\n  - provider: openai\n    model: tiny\n    connection: { name: Line }\n    validFrom: "2026-01-01T00:00:00Z"\n    tiers: [{ input: "1", output: "2" }]\n';
    expect((await apply(both, { isDryRun: true })).faults).toEqual([]);
    expect((await apply(both.replace('"1"', '"-1"'), { isDryRun: true })).faults).toMatchObject([{ path: 'prices[0].tiers[0].input' }]);
    expect(await apply(both)).toMatchObject({ done: 2, faults: [] });
    expect(await apply(both)).toMatchObject({ steps: [], faults: [] });
  });
});

describe('what belongs to somebody', () => {
  const secrets = { 'env:HOOK': 'https://hooks.example.com/in?token=hook-0123456789', 'env:LINE': 'sk-of-the-line-0123456789' };
  const owned = (email: string): string =>
    `patchbay: 1
alertChannels:
  - { name: Theirs, owner: "user:${email}", kind: webhook, url: env:HOOK }
alertRules:
  - { kind: spend, name: Dear, owner: "user:${email}", value: 3 }
connections:
  - { name: Private, owner: "user:${email}", provider: openai, model: tiny, secret: env:LINE }
`;
  const none = 'patchbay: 1\nalertChannels: []\nalertRules: []\nconnections: []\n';
  /** Whose they are, all of them. */
  const owners = (): string[] => {
    const { alerting, connections } = house.deps.keeper.snapshot;
    const mine = [...connections.values()].filter(({ name }) => name === 'Private');
    const rules = [...alerting.rules.values()].filter(({ name }) => name === 'Dear');
    return [...mine, ...rules, ...[...alerting.channels.values()].filter(({ name }) => name === 'Theirs')].map(({ owner }) => owner.id);
  };
  const come = (id: string, disabled: boolean) => changeUser(house.deps, caller, id, { disabled });

  test('who is disabled is not made as somebody else’s, and the dry run names each line', async () => {
    const budi = await house.createResident('Budi', 'user');
    const text = owned(budi.email);
    await come(budi.id, true);
    for (const isDryRun of [true, false]) {
      const { done, faults } = await apply(text, { secrets, isDryRun });
      const message = `person ${budi.email} is disabled or gone`;
      expect([done, faults.toSorted((a, b) => a.line - b.line)]).toEqual([
        0,
        [
          { line: 3, path: 'alertChannels[0].owner', message },
          { line: 5, path: 'alertRules[0].owner', message },
          { line: 7, path: 'connections[0].owner', message },
        ],
      ]);
    }
    expect(owners()).toEqual([]);
    await come(budi.id, false);
    expect(await apply(text, { secrets })).toMatchObject({ done: 3, faults: [] });
    expect(owners()).toEqual([budi.id, budi.id, budi.id]);
    await come(budi.id, true);
    expect(await apply(text, { secrets })).toMatchObject({ steps: [], faults: [] });
    const changed = await apply(text.replace('value: 3', 'value: 4'), { secrets });
    expect(changed).toMatchObject({ done: 0, faults: [{ line: 5, path: 'alertRules[0].owner' }] });
    expect(owners()).toEqual([budi.id, budi.id, budi.id]);
  });

  test('is taken away by --prune whether they are disabled, gone or there', async () => {
    const [here, away] = [await house.createResident('Citra', 'user'), await house.createResident('Dewi', 'user')];
    for (const { email } of [here, away]) expect((await apply(owned(email), { secrets })).faults).toEqual([]);
    await come(away.id, true);
    const { faults, steps, done } = await apply(none, { isPruning: true });
    expect([faults, done]).toEqual([[], steps.length]);
    expect([owners(), house.deps.keeper.snapshot.connections.size, house.deps.keeper.snapshot.alerting.rules.size]).toEqual([[], 0, 0]);
  });

  test('who is deleted, or to a workspace that is, is in no export: it is applied here and elsewhere, and a second time finds nothing', async () => {
    const other = await openHouse();
    const ann = await other.createResident('Ann', 'administrator');
    const there = { actor: other.deps.keeper.snapshot.actorOf(ann.id, 'system')!, origin };
    const eka = await house.createResident('Eka', 'user');
    const text = `${owned(eka.email)}  - { name: Shared, provider: openai, model: tiny, secret: env:LINE }
workspaces:
  - { name: Gone, members: [{ user: ann@example.org, role: ADMIN }] }
routingGroups:
  - { name: emptied, targets: [{ connection: { name: Shared } }] }
limits:
  - { of: { user: "${eka.email}" }, kind: money, period: month, value: "5" }
  - { of: { workspace: Gone }, kind: money, period: day, value: "5" }
policies:
  - { name: No cards, workspace: Gone, rules: { personalData: [card] } }
prices:
  - { provider: openai, model: twice, validFrom: "2026-01-01T00:00:00Z", tiers: [{ input: "1", output: "1" }] }
  - { provider: openai, model: twice, validFrom: "2026-01-01T00:00:00Z", tiers: [{ input: "2", output: "2" }] }
`;
    expect((await apply(text, { secrets })).faults).toEqual([]);
    expect((await apply(text, { secrets })).steps).toEqual([]);
    await deleteUser(house.deps, caller, eka.id);
    const gone = (await listWorkspaces(house.deps, caller.actor)).find(({ name }) => name === 'Gone')!;
    await deleteWorkspace(house.deps, caller, gone.id);
    const shared = [...house.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Shared')!;
    await deleteConnection(house.deps, caller, shared.id, { isForced: true });
    const exported = await exportConfiguration(house.deps, caller);
    expect(exported).not.toMatch(/deleted\.invalid|Gone|[0-9a-f]{8}-[0-9a-f]{4}/);
    expect(exported).toContain('targets: []');
    expect(await apply(exported)).toMatchObject({ steps: [], faults: [] });
    const named = { 'env:MAIL_SERVER_PASSWORD': 'the-password-of-mail', ...secrets };
    const applied = await applyConfiguration(other.deps, there, wish(exported, { secrets: named, isPruning: true }));
    expect(applied).toMatchObject({ faults: [], done: applied.steps.length });
    expect(await applyConfiguration(other.deps, there, wish(exported, { secrets: named }))).toMatchObject({ steps: [], faults: [] });
    expect(await exportConfiguration(other.deps, there)).toBe(exported);
    const priceIn = ({ deps }: House) => effectivePrice(deps, 'openai', 'twice', null).entry?.tiers[0]?.prices.input;
    expect([priceIn(house), priceIn(other)]).toEqual([2_000_000_000, 2_000_000_000]);
    await other.close();
  });
});
