/** What an installation has one of, and what hangs on its workspaces and channels, in the configuration file. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyConfiguration, exportConfiguration, type ApplyWish, type Applied } from '../../src/control/configuration/apply.ts';
import type { Caller } from '../../src/control/change.ts';
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
  secrets: { 'env:MAIL': 'the-password-of-mail' },
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
