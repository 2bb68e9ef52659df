/** The configuration as one file: what is exported and applied elsewhere is the same, whatever is wrong in a file is told with its line. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyConfiguration, exportConfiguration, type Applied } from '../../src/control/configuration/apply.ts';
import { readDocument } from '../../src/control/configuration/document.ts';
import type { ConfigurationDeps } from '../../src/control/configuration/kind.ts';
import type { Caller } from '../../src/control/change.ts';
import { openStored } from '../../src/control/secrets.ts';
import { retentionSettingsOf } from '../../src/storage/retention.ts';
import { findConnection } from '../../src/storage/connections.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

interface Installation {
  house: House;
  deps: ConfigurationDeps;
  caller: Caller;
  people: Resident[];
}

/** A fresh installation with the same three people. */
async function install(): Promise<Installation> {
  const house = await openHouse({ isDemoOffered: true });
  const people = [
    await house.createResident('Ann', 'administrator'),
    await house.createResident('Budi'),
    await house.createResident('Citra'),
  ];
  const actor = house.deps.keeper.snapshot.actorOf(people[0]!.id, 'system');
  if (!actor) throw new Error('nobody is there');
  return { house, deps: house.deps, caller: { actor, origin }, people };
}

const whole = `
patchbay: 1
workspaces:
  - name: Default
    members:
      - { user: ann@example.org, role: ADMIN }
  - name: Research
    members:
      - { user: ann@example.org, role: ADMIN }
      - { user: budi@example.org, role: WRITE }
    contents: { isKept: true, days: 14 }
connections:
  - name: OpenAI – production
    provider: openai
    model: gpt-4o
    secret: env:OPENAI
    settings: { temperature: 0.3, maxTokens: 900 }
    headers: { X-Team: env:TEAM }
    backups:
      - connection: { name: Claude }
        model: claude-sonnet-4-5
    isDefault: true
  - name: Claude
    provider: anthropic
    model: claude-sonnet-4-5
    secret: file:/run/secrets/claude
  - name: Lab
    owner: workspace:Research
    provider: custom
    baseUrl: https://lab.example.com/v1
    model: tiny
    secret: env:LAB
    isActive: false
  - name: Mine
    owner: user:budi@example.org
    provider: openai
    secret: env:BUDI
repositories:
  - name: Papers
    workspace: Research
    connections:
      - { owner: workspace:Research, name: Lab }
      - { name: Claude }
routingGroups:
  - name: careful
    strategy: weighted
    options: { hedgeMaxUsd: "0.05", cacheSeconds: 60 }
    targets:
      - { connection: { name: OpenAI – production }, weight: 3 }
      - { connection: { name: Claude }, region: eu }
useCases:
  - slug: summary
    name: Summary
    connection: { name: Claude }
    systemPrompt: |
      Say it briefly.
      Say it once.
    temperature: 0.2
    allowedRoles: [administrator, manager]
    fallbacks: [{ name: OpenAI – production }]
    inject: { time: true }
policies:
  - name: No cards
    action: redact
    rules: { personalData: [card] }
  - name: Only small
    workspace: Research
    repository: Papers
    action: block
    rules: { models: ['tiny*'] }
limits:
  - { of: { user: budi@example.org }, kind: money, period: month, value: "12.5", softPercent: 80 }
  - { of: { connection: { name: Claude } }, kind: requests, period: minute, value: 60 }
  - { of: { group: { name: careful } }, kind: concurrent, period: none, value: 5, isShadow: true }
prices:
  - provider: openai
    model: gpt-4o
    validFrom: "2026-01-01T00:00:00.000Z"
    tiers: [{ input: "2.5", output: "10", cacheRead: "1.25" }]
    note: contract
templates:
  - { provider: openai, name: House style, configuration: { model: gpt-4o, temperature: 0.1 }, isDefault: true }
mailServer: { host: mail.example.org, port: 587, security: starttls, username: patchbay, password: env:MAIL, sender: patchbay@example.org }
alertChannels:
  - { name: Duty, kind: webhook, url: env:HOOK, signingSecret: env:SIGN, language: id, timeZone: Asia/Jakarta }
  - { name: Mail, kind: email, recipients: [ops@example.org] }
alertRules:
  - { kind: spend, name: Too much, value: 25, period: month, severity: critical, channels: [Duty] }
  - { kind: connection-failing, name: Claude is ill, connection: { name: Claude }, channels: [Duty, Mail], repeatS: 3600 }
aiSettings: { maxTokens: 2048, temperature: 0.4, isEnvironmentUsed: false }
limitSettings: { timeZone: Asia/Jakarta, outputTokensCeiling: 4096 }
healthSettings: { everySeconds: 300, checkBy: completion }
retention: { requests: 60, audit: 0 }
`;

const secrets = {
  'env:OPENAI': 'sk-openai-0123456789',
  'env:TEAM': 'blue',
  'file:/run/secrets/claude': 'sk-ant-0123456789abc',
  'env:LAB': 'lab-key-0123456789',
  'env:BUDI': 'sk-budi-0123456789',
  'env:MAIL': 'the-password-of-mail',
  'env:HOOK': 'https://hooks.example.com/in?token=hook-0123456789',
  'env:SIGN': `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
};

const wish = (text: string, more: Partial<Parameters<typeof applyConfiguration>[2]> = {}) => ({
  text,
  secrets,
  isDryRun: false,
  isPruning: false,
  ...more,
});

const apply = ({ deps, caller }: Installation, text: string, more: Parameters<typeof wish>[1] = {}): Promise<Applied> =>
  applyConfiguration(deps, caller, wish(text, more));

/** What the references of an exported file stand for here. */
function secretsOf(text: string): Record<string, string> {
  const { configuration } = readDocument(text);
  const values = new Map([
    ['OpenAI – production', 'sk-openai-0123456789'],
    ['Claude', 'sk-ant-0123456789abc'],
    ['Lab', 'lab-key-0123456789'],
    ['Mine', 'sk-budi-0123456789'],
  ]);
  const found = (configuration?.connections ?? []).flatMap(({ name, secret, headers }) => [
    ...(secret === null ? [] : [[secret, values.get(name) ?? '']]),
    ...Object.values(headers).map((reference) => [reference, 'blue']),
  ]);
  const alerts = {
    'env:ALERT_DUTY_URL': secrets['env:HOOK'],
    'env:ALERT_DUTY_SIGNING_SECRET': secrets['env:SIGN'],
    'env:MAIL_SERVER_PASSWORD': secrets['env:MAIL'],
  };
  return { ...(Object.fromEntries(found) as Record<string, string>), ...alerts };
}

let first: Installation;
let exported = '';

beforeAll(async () => {
  first = await install();
});
afterAll(() => first.house.close());

describe('apply', () => {
  test('makes everything that the file names, in the order of what depends on what', async () => {
    const applied = await apply(first, whole);
    expect(applied.faults).toEqual([]);
    expect(applied.done).toBe(applied.steps.length);
    const created = applied.steps.filter(({ action }) => action === 'create').map(({ section, name }) => `${section} ${name}`);
    expect(created).toContain('connections Lab (workspace:Research)');
    expect(created).toContain('limits group organization/careful concurrent none');
    const { snapshot } = first.deps.keeper;
    const openai = [...snapshot.connections.values()].find(({ name }) => name === 'OpenAI – production')!;
    const claude = [...snapshot.connections.values()].find(({ name }) => name === 'Claude')!;
    expect(openai.settings['backups']).toEqual([{ connectionId: claude.id, model: 'claude-sonnet-4-5' }]);
    const stored = (await findConnection(first.deps.database, openai.id))!;
    expect((await openStored(first.deps, openai, stored.sealed.secret!, 'api_key_encrypted')).reveal()).toBe('sk-openai-0123456789');
    expect((await openStored(first.deps, openai, stored.sealed.headers!, 'headers_encrypted')).reveal()).toBe('{"x-team":"blue"}');
    expect(snapshot.aiSettings).toMatchObject({ maxTokens: 2048, temperature: 0.4, isEnvironmentUsed: false });
    expect(snapshot.limits.timeZone).toBe('Asia/Jakarta');
    expect(snapshot.healthSettings).toMatchObject({ everyS: 300, way: 'completion' });
    expect(snapshot.alerting.mail).toMatchObject({ host: 'mail.example.org', username: 'patchbay', hasPassword: true });
    expect([...snapshot.capture.values()]).toEqual([14]);
    expect((await retentionSettingsOf(first.deps.database)).days).toEqual({ requests: 60, audit: 0 });
  });

  test('a second time it finds nothing to do', async () => {
    const applied = await apply(first, whole);
    expect(applied).toMatchObject({ steps: [], done: 0, faults: [] });
    expect(applied.unchanged).toBeGreaterThan(15);
  });

  test('each object is in the audit log, under the name of who applied it', async () => {
    const rows = await first.deps.database.db.selectFrom('audit_entries').select(['action', 'actor_name']).execute();
    const actions = new Set(rows.filter((row) => row.actor_name === 'Ann').map((row) => row.action));
    for (const action of [
      'workspace.create',
      'connection.create',
      'repository.create',
      'routing-group.create',
      'use-case.create',
      'policy.create',
      'limit.create',
      'price.create',
      'template.create',
      'ai-settings.update',
      'limit-settings.update',
      'mail_server.update',
      'workspace-capture.update',
      'retention.update',
    ])
      // prettier-ignore
      expect(actions).toContain(action);
  });
});

describe('export', () => {
  test('holds no secret, and twice the same bytes', async () => {
    exported = await exportConfiguration(first.deps, first.caller);
    expect(await exportConfiguration(first.deps, first.caller)).toBe(exported);
    for (const secret of Object.values(secrets)) expect(exported).not.toContain(secret);
    expect(exported).toContain('secret: env:CONNECTION_OPENAI_PRODUCTION_KEY');
    expect(exported).toContain('systemPrompt: |');
    expect(readDocument(exported).faults).toEqual([]);
    expect(exported).toContain('password: env:MAIL_SERVER_PASSWORD');
    expect(exported).toMatch(/retention:\n  requests: 60\n  audit: 0\n/);
  });

  test('every table of configuration is a section of the file, or left out for a reason', async () => {
    const ofSections: Record<string, string> = {
      workspaces: 'workspaces',
      workspace_members: 'workspaces',
      workspace_capture: 'workspaces',
      ai_configurations: 'connections',
      repositories: 'repositories',
      routing_groups: 'routingGroups',
      use_cases: 'useCases',
      policies: 'policies',
      limits: 'limits',
      prices: 'prices',
      provider_templates: 'templates',
      mail_servers: 'mailServer',
      alert_channels: 'alertChannels',
      alert_rules: 'alertRules',
      settings: 'retention',
    };
    // People, their keys and the keys of the vault are data: a backup has them. Histories, and the count of revisions itself, are about changes.
    const leftOut = ['people', 'access_keys', 'personal_tokens', 'owner_keys', 'master_keys', 'object_revisions', 'audit_entries', 'config_revision']; // prettier-ignore
    const tables = await first.deps.database.driver.rows<{ name: string }>({
      sql: "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'revision'",
      params: [],
    });
    expect(tables.map(({ name }) => name).toSorted()).toEqual([...Object.keys(ofSections), ...leftOut].toSorted());
    for (const section of [...Object.values(ofSections), 'aiSettings', 'limitSettings', 'healthSettings'])
      expect(exported).toMatch(new RegExp(`^${section}:`, 'm'));
  });

  test('applied to another installation it gives the same configuration, and a byte-equal export', async () => {
    const second = await install();
    try {
      const applied = await apply(second, exported, { secrets: secretsOf(exported) });
      expect(applied.faults).toEqual([]);
      expect(await exportConfiguration(second.deps, second.caller)).toBe(exported);
      const mine = [...second.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Mine')!;
      expect(mine.owner).toEqual({ scope: 'user', id: second.people[1]!.id });
    } finally {
      await second.house.close();
    }
  });

  test('wiped with --prune and applied again, it is what it was', async () => {
    const empty =
      'patchbay: 1\nconnections: []\nrepositories: []\nroutingGroups: []\nuseCases: []\npolicies: []\nlimits: []\nprices: []\ntemplates: []\nmailServer: null\nretention: {}\nalertChannels: []\nalertRules: []\n';
    const wiped = await apply(first, empty, { isPruning: true });
    expect(wiped.faults).toEqual([]);
    expect(wiped.steps.filter(({ action }) => action !== 'delete')).toMatchObject([
      { section: 'retention', fields: ['requests', 'audit'] },
    ]);
    expect(first.deps.keeper.snapshot.alerting.mail).toBe(null);
    expect(first.deps.keeper.snapshot.connections.size).toBe(0);
    const again = await apply(first, exported, { secrets: secretsOf(exported) });
    expect(again.faults).toEqual([]);
    expect(await exportConfiguration(first.deps, first.caller)).toBe(exported);
  });
});

describe('a change of the file', () => {
  test('a trial says what would change, and changes nothing', async () => {
    const before = first.deps.keeper.snapshot.revision;
    const changed = exported
      .replace('model: claude-sonnet-4-5\n    secret', 'model: claude-opus-4-1\n    secret')
      .replace('weight: 3', 'weight: 4');
    const applied = await apply(first, changed, { isDryRun: true, secrets: {} });
    expect(applied.steps.map(({ action, section, name, fields }) => [action, section, name, fields])).toEqual([
      ['change', 'connections', 'Claude', ['model']],
      ['change', 'routingGroups', 'careful', ['targets']],
    ]);
    expect(first.deps.keeper.snapshot.revision).toBe(before);
  });

  test('a secret that is another one is changed, one that cannot be read here is kept', async () => {
    const other = { ...secretsOf(exported), 'env:CONNECTION_CLAUDE_KEY': 'sk-ant-another-one-99' };
    const applied = await apply(first, exported, { secrets: other });
    expect(applied.steps).toMatchObject([{ action: 'change', section: 'connections', name: 'Claude', fields: ['secret'] }]);
    expect(await apply(first, exported, { secrets: {} })).toMatchObject({ steps: [], faults: [] });
    const claude = [...first.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Claude')!;
    const stored = (await findConnection(first.deps.database, claude.id))!;
    expect((await openStored(first.deps, claude, stored.sealed.secret!, 'api_key_encrypted')).reveal()).toBe('sk-ant-another-one-99');
  });

  test('without --prune nothing goes; a section that is left out is left alone with it', async () => {
    expect(await apply(first, 'patchbay: 1\npolicies: []\n')).toMatchObject({ steps: [], faults: [] });
    const pruned = await apply(first, 'patchbay: 1\ntemplates: []\n', { isPruning: true });
    expect(pruned.steps).toMatchObject([{ action: 'delete', section: 'templates' }]);
    expect(first.deps.keeper.snapshot.connections.size).toBe(4);
  });
});

describe('a file that does not fit', () => {
  const faultsIn = async (text: string, more: Parameters<typeof wish>[1] = {}) => {
    const before = first.deps.keeper.snapshot.revision;
    const { faults, done } = await apply(first, text, more);
    expect(done).toBe(0);
    expect(first.deps.keeper.snapshot.revision).toBe(before);
    return faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  };

  test.each([
    [
      'an unknown field',
      'patchbay: 1\nconnections:\n  - name: A\n    provider: openai\n    colour: red\n',
      /^5 connections\[0\]\.colour: is not known here$/,
    ],
    ['a value of another kind', 'patchbay: 1\nuseCases:\n  - slug: a\n    name: A\n    connection: {name: Claude}\n    systemPrompt: b\n    temperature: hot\n', /^7 useCases\[0\]\.temperature: .+/], // prettier-ignore
    ['a secret in the place of a reference', 'patchbay: 1\nconnections:\n  - name: A\n    provider: openai\n    secret: sk-0123456789\n', /^5 connections\[0\]\.secret: expected env:NAME or file:/], // prettier-ignore
    ['another version', 'patchbay: 2\n', /^1 patchbay: /],
    ['a key twice', 'patchbay: 1\npolicies: []\npolicies: []\n', /^3 : Map keys must be unique/],
    ['a text that is no YAML', 'patchbay: [1\n', /^\d : /],
  ])('%s is told with its line, and nothing is begun', async (_, text, line) => {
    const faults = await faultsIn(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(line);
    expect(faults[0]).not.toContain('sk-0123456789');
  });

  test('a name that stands for nothing is told at its own line', async () => {
    const text =
      'patchbay: 1\nrepositories:\n  - name: A\n    workspace: Research\n    connections:\n      - { name: Claude }\n      - { name: Nobody }\n';
    expect(await faultsIn(text)).toEqual(['7 repositories[0].connections[1]: there is no connection Nobody of organization']);
  });

  test('a new connection whose secret cannot be read is refused before anything is made', async () => {
    const text = 'patchbay: 1\nconnections:\n  - name: New\n    provider: openai\n    secret: env:NOT_THERE\n';
    expect(await faultsIn(text, { secrets: {} })).toEqual([
      '5 connections[0].secret: env:NOT_THERE cannot be read here, and there is no stored value yet',
    ]);
  });

  test('two things of one name are told', async () => {
    const text = 'patchbay: 1\nworkspaces:\n  - name: A\n    members: [{ user: ann@example.org, role: ADMIN }]\n  - name: a\n';
    expect(await faultsIn(text)).toEqual(['5 workspaces[1]: a is named twice']);
  });

  test('what the house refuses on the way is told with its line, and what came before stays', async () => {
    const text = 'patchbay: 1\nconnections:\n  - name: Fine\n    provider: openai\n    secret: env:OPENAI\n  - name: Clear\n    provider: custom\n    baseUrl: http://far.example.com/v1\n    secret: env:OPENAI\n'; // prettier-ignore
    const { faults, done } = await apply(first, text);
    expect(done).toBe(1);
    expect(faults).toMatchObject([{ line: 8, path: 'connections Clear: baseUrl' }]);
    expect([...first.deps.keeper.snapshot.connections.values()].some(({ name }) => name === 'Fine')).toBe(true);
  });
});
