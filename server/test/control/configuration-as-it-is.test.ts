/** Whatever an installation has, its export can be applied: names that nobody can see, taken once and refused now, and what lost its model. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyConfiguration, exportConfiguration, type Applied } from '../../src/control/configuration/apply.ts';
import { readDocument } from '../../src/control/configuration/document.ts';
import type { Caller } from '../../src/control/change.ts';
import { deleteConnection } from '../../src/control/connections.ts';
import { bindingFor, createUseCase } from '../../src/control/use-cases.ts';
import { changeMember } from '../../src/control/workspaces.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { nameKeyOf } from '../../src/storage/name-key.ts';
import { listPolicies } from '../../src/storage/policies.ts';
import { openHouse, origin, type House } from '../support/house.ts';

interface Installation {
  house: House;
  caller: Caller;
}

async function install(): Promise<Installation> {
  const house = await openHouse();
  const ann = await house.createResident('Ann', 'administrator');
  return { house, caller: { actor: house.deps.keeper.snapshot.actorOf(ann.id, 'system')!, origin } };
}

const everything = `
patchbay: 1
workspaces:
  - { name: Research, members: [{ user: ann@example.org, role: ADMIN }] }
connections:
  - { name: Line, provider: openai, model: tiny, secret: env:KEY, backups: [{ connection: { name: Other } }] }
  - { name: Other, provider: openai, model: tiny, secret: env:KEY }
  - { name: Lab, owner: workspace:Research, provider: openai, model: tiny, secret: env:KEY }
repositories:
  - { name: Papers, workspace: Research, connections: [{ name: Line }] }
routingGroups:
  - { name: careful, targets: [{ connection: { name: Line } }] }
  - { name: other, targets: [{ connection: { name: Other } }] }
useCases:
  - { slug: summary, name: Summary, connection: { name: Line }, systemPrompt: Briefly., fallbacks: [{ name: Other }] }
policies:
  - { name: No cards, workspace: Research, repository: Papers, rules: { personalData: [card] } }
  - { name: Judged, workspace: Research, judge: { connection: { owner: 'workspace:Research', name: Lab }, model: tiny } }
limits:
  - { of: { workspace: Research }, kind: requests, period: minute, value: 60 }
  - { of: { connection: { name: Line } }, kind: requests, period: minute, value: 60 }
  - { of: { group: { name: careful } }, kind: concurrent, period: none, value: 5 }
prices:
  - { provider: openai, model: tiny, connection: { name: Line }, validFrom: "2026-01-01T00:00:00.000Z", tiers: [{ input: "1", output: "2" }] }
templates:
  - { provider: openai, name: House style, configuration: { model: gpt-4o } }
alertChannels:
  - { name: Mail, kind: email, recipients: [ops@example.org] }
  - { name: Hook, kind: webhook, url: env:HOOK, signingSecret: env:A_SIGNING_SECRET }
alertRules:
  - { kind: connection-failing, name: Ill, connection: { name: Line }, channels: [Mail, Hook] }
`;

/** Every place of a secret that the file names has one. */
function apply({ house, caller }: Installation, text: string): Promise<Applied> {
  const references = [...text.matchAll(/env:[A-Z_0-9]+/g)].map(([reference]) => reference);
  const valueOf = (reference: string): string => {
    if (reference.endsWith('_SIGNING_SECRET')) return `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    return /HOOK|URL/.test(reference) ? 'https://hooks.example.com/in' : 'sk-0123456789abcdef';
  };
  const secrets = Object.fromEntries(references.map((one) => [one, valueOf(one)]));
  return applyConfiguration(house.deps, caller, { text, secrets, isDryRun: false, isPruning: false });
}

const exportOf = ({ house, caller }: Installation): Promise<string> => exportConfiguration(house.deps, caller);

let first: Installation;
let second: Installation;
beforeAll(async () => {
  [first, second] = await Promise.all([install(), install()]);
});
afterAll(() => Promise.all([first.house.close(), second.house.close()]));

test('an export of things with such names is applied where it came from without a step, and elsewhere as it is', async () => {
  expect((await apply(first, everything)).faults).toEqual([]);
  const { database, keeper } = first.house.deps;
  const tables = [
    ['workspaces', 'name_key'], ['ai_configurations', 'name_key'], ['repositories', 'name_key'], ['routing_groups', 'name_key'],
    ['use_cases', 'name_key'], ['policies'], ['provider_templates'], ['alert_channels'],
  ]; // prettier-ignore
  let length = 0;
  for (const [table, key] of tables) {
    const rows = await database.driver.rows<{ id: string }>({ sql: `SELECT id FROM ${table!} WHERE name <> 'Default'`, params: [] });
    expect(rows.length, table).toBeGreaterThan(0);
    for (const { id } of rows) {
      const name = '\u200b'.repeat((length += 1));
      const sets = key === undefined ? 'name = $1' : `name = $1, ${key} = $3`;
      const sql = `UPDATE ${table!} SET ${sets}, revision = (SELECT revision + 1 FROM config_revision) WHERE id = $2`;
      await database.driver.run({ sql, params: key === undefined ? [name, id] : [name, id, nameKeyOf(name)] }, 'write');
    }
  }
  await database.driver.run({ sql: 'UPDATE config_revision SET revision = revision + 1', params: [] }, 'write');
  await keeper.catchUp(keeper.snapshot.revision + 1);
  const exported = await exportOf(first);
  expect(exported).not.toContain('\u200b');
  expect(exported).not.toMatch(/Research|Line|Other|Lab\b|Papers|careful|Summary|No cards|House style|Mail|Hook/);
  expect(readDocument(exported).faults).toEqual([]);
  expect(await apply(first, exported)).toMatchObject({ faults: [], steps: [] });
  expect(await apply(second, exported)).toMatchObject({ faults: [] });
  expect(await exportOf(second)).toBe(exported);
  // What is changed by the file is called there as the file calls it.
  const isOff = exported.replace(/(provider: openai\n(?: {4}.*\n)*? {4}isActive: )true/, '$1false');
  expect(await apply(first, isOff)).toMatchObject({ faults: [], steps: [{ section: 'connections', fields: ['isActive'] }] });
  expect([...keeper.snapshot.connections.values()].filter(({ name }) => name.startsWith('unnamed '))).toHaveLength(1);
});

test('an export of what points to connections that sleep, or lost their model, is applied elsewhere as it is', async () => {
  const [here, there] = await Promise.all([install(), install()]);
  expect((await apply(here, everything)).faults).toEqual([]);
  const beginning = everything.slice(0, everything.indexOf('repositories:'));
  expect(
    (await apply(here, beginning.replaceAll(' model: tiny,', '').replaceAll('secret: env', 'isActive: false, secret: env'))).faults,
  ).toEqual([]);
  // A price for a connection that goes to another provider by now holds for nothing.
  const moved = beginning.replace('{ name: Line, provider: openai', '{ name: Line, isActive: false, provider: anthropic');
  expect((await apply(here, moved.replaceAll(' model: tiny,', ''))).faults).toEqual([]);
  const exported = await exportOf(here);
  expect(await apply(there, exported)).toMatchObject({ faults: [] });
  expect(await exportOf(there)).toBe(exported);
  await Promise.all([here.house.close(), there.house.close()]);
});

/** The connection that the file calls so. */
const connectionCalled = ({ house }: Installation, name: string) =>
  [...house.deps.keeper.snapshot.connections.values()].find((one) => one.name === name)!;

test('a policy whose judge is gone is applied as one whose judge is gone, and not as one without', async () => {
  const [here, there] = await Promise.all([install(), install()]);
  const judgeOf = async ({ house }: Installation): Promise<Policy['judge']> =>
    (await listPolicies(house.deps.database, null)).find(({ name }) => name === 'Judged')!.judge;
  expect((await apply(here, everything)).faults).toEqual([]);
  await deleteConnection(here.house.deps, here.caller, connectionCalled(here, 'Lab').id, { isForced: true });
  const exported = await exportOf(here);
  expect(await apply(here, exported)).toMatchObject({ faults: [], steps: [] });
  expect(await apply(there, exported)).toMatchObject({ faults: [] });
  expect(await exportOf(there)).toBe(exported);
  // Whoever cannot be asked has found fault: the gateway knows no connection by that id.
  const judge = await judgeOf(there);
  expect(judge).toMatchObject({ model: 'tiny' });
  expect(there.house.deps.keeper.snapshot.connections.has(judge!.connectionId)).toBe(false);
  // Something else of it may be changed, and a judge that is named takes the place.
  const told = exported.replace(/(name: Judged\n(?: {4}.*\n)*? {4}content: )""/, '$1Be kind.');
  expect(await apply(there, told)).toMatchObject({ faults: [], steps: [{ section: 'policies', fields: ['content'] }] });
  expect(await judgeOf(there)).toEqual(judge);
  const named = told.replace('connection: null\n      model: tiny', 'connection:\n        name: Line\n      model: tiny');
  expect(await apply(there, named)).toMatchObject({ faults: [], steps: [{ section: 'policies', fields: ['judge'] }] });
  expect(await judgeOf(there)).toEqual({ connectionId: connectionCalled(there, 'Line').id, model: 'tiny' });
  // And one may lose it again by the file.
  expect(await apply(there, told)).toMatchObject({ faults: [], steps: [{ section: 'policies', fields: ['judge'] }] });
  expect(await exportOf(there)).toBe(told);
  await Promise.all([here.house.close(), there.house.close()]);
});

test('a private group whose owner has left the workspace of a target, and one whose targets became equal, are applied as they are', async () => {
  const [here, there] = await Promise.all([install(), install()]);
  const bob = await here.house.createResident('Bob');
  await there.house.createResident('Bob');
  const members = '{ user: ann@example.org, role: ADMIN }';
  const groups = `routingGroups:
  - { name: twice, targets: [{ connection: { name: Line } }, { connection: { name: Line }, model: small, weight: 2 }] }
  - { name: mine, owner: "user:bob@example.org", targets: [{ connection: { owner: "workspace:Research", name: Lab } }] }
`;
  const before = everything
    .replace(members, `${members}, { user: bob@example.org, role: READ }`)
    .replace(/routingGroups:\n(?: {2}.*\n)*/, groups)
    .replace(/.*group: .*\n/, '');
  expect((await apply(here, before)).faults).toEqual([]);
  await changeMember(here.house.deps, here.caller, connectionCalled(here, 'Lab').owner.id, { userId: bob.id, role: 'NONE' });
  // The model of the connection is now what the other target names.
  const line = 'patchbay: 1\nconnections:\n  - { name: Line, provider: openai, model: small, secret: env:KEY }\n';
  expect((await apply(here, line)).faults).toEqual([]);
  const exported = await exportOf(here);
  expect(await apply(here, exported)).toMatchObject({ faults: [], steps: [] });
  expect(await apply(there, exported)).toMatchObject({ faults: [] });
  expect(await exportOf(there)).toBe(exported);
  // The same two words twice are none that an installation has come to.
  const doubled = exported.replace('model: small\n        weight: 2', 'model: null\n        weight: 2');
  expect((await apply(there, doubled)).faults).toMatchObject([{ message: 'this connection and model are in the group already' }]);
  await Promise.all([here.house.close(), there.house.close()]);
});

test('a use case whose connection is gone is applied as one that answers nobody, until it is given another', async () => {
  const [here, there] = await Promise.all([install(), install()]);
  const before = everything.replace(/limits:\n(?: {2}.*\n)*/, '').replace(/prices:\n(?: {2}.*\n)*/, '');
  expect((await apply(here, before)).faults).toEqual([]);
  await deleteConnection(here.house.deps, here.caller, connectionCalled(here, 'Line').id, { isForced: true });
  const exported = await exportOf(here);
  expect(exported).toMatch(/slug: summary\n(?: {4}.*\n)*? {4}connection: null\n/);
  expect(await apply(here, exported)).toMatchObject({ faults: [], steps: [] });
  expect(await apply(there, exported)).toMatchObject({ faults: [] });
  expect(await exportOf(there)).toBe(exported);
  expect(await apply(there, exported)).toMatchObject({ faults: [], steps: [] });
  const bindingThere = () => bindingFor(there.house.deps, there.house.deps.keeper.snapshot.useCases.bySlug.get('summary')!);
  // Its fallback is there, and is not asked: a model that is gone must be missed.
  expect(bindingThere()).toEqual({ kind: 'unbound', why: 'gone' });
  // Something else of it may be changed; what an older file names is given to it, and a newer one takes it away again.
  const told = exported.replace('Briefly.', 'At length.');
  expect(await apply(there, told)).toMatchObject({
    faults: [],
    steps: [{ action: 'change', section: 'useCases', fields: ['systemPrompt'] }],
  });
  const bound = told.replace(
    /(slug: summary\n(?: {4}.*\n)*?) {4}connection: null\n((?: {4}.*\n)*?) {4}fallbacks:\n(?: {6}.*\n)*/,
    '$1    connection: { name: Other }\n$2',
  );
  expect(await apply(there, bound)).toMatchObject({
    faults: [],
    steps: [{ action: 'change', section: 'useCases', fields: ['connection', 'fallbacks'] }],
  });
  expect(bindingThere()).toMatchObject({ kind: 'bound', candidates: [{ connection: { name: 'Other' } }] });
  expect(await apply(there, told)).toMatchObject({
    faults: [],
    steps: [{ action: 'change', section: 'useCases', fields: ['connection', 'fallbacks'] }],
  });
  expect(bindingThere()).toEqual({ kind: 'unbound', why: 'gone' });
  expect(await exportOf(there)).toBe(told);
  // Whoever leaves the field out has said nothing, and people still name one.
  const unsaid = readDocument('patchbay: 1\nuseCases: [{ slug: summary, name: Summary, systemPrompt: Briefly. }]\n');
  expect(unsaid.faults).toMatchObject([{ path: 'useCases[0].connection' }]);
  const input = { name: 'Nobody', systemPrompt: 'Briefly.', connectionId: null, allRoles: true };
  await expect(createUseCase(there.house.deps, there.caller, input)).rejects.toMatchObject({
    details: [{ path: 'connectionId', code: 'unknown_connection' }],
  });
  await Promise.all([here.house.close(), there.house.close()]);
});
