/** Whatever an installation has, its export can be applied: names that nobody can see, taken once and refused now, and what lost its model. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyConfiguration, exportConfiguration, type Applied } from '../../src/control/configuration/apply.ts';
import { readDocument } from '../../src/control/configuration/document.ts';
import type { Caller } from '../../src/control/change.ts';
import { nameKeyOf } from '../../src/storage/name-key.ts';
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
