/** What the pages refuse, a file of the configuration is refused too, with its line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyConfiguration } from '../../src/control/configuration/apply.ts';
import type { Caller } from '../../src/control/change.ts';
import { openHouse, origin, type House } from '../support/house.ts';

let house: House;
let caller: Caller;
beforeAll(async () => {
  house = await openHouse({ isDemoOffered: true });
  const ann = await house.createResident('Ann', 'administrator');
  caller = { actor: house.deps.keeper.snapshot.actorOf(ann.id, 'system')!, origin };
  const text = 'patchbay: 1\nconnections:\n  - { name: Demo, provider: demo, model: demo-small }\n';
  await applyConfiguration(house.deps, caller, { text, secrets: {}, isDryRun: false, isPruning: false });
});
afterAll(() => house.close());

const group = (more: string): string => `routingGroups:\n  - { name: g, ${more}, targets: [{ connection: { name: Demo } }] }\n`;
const useCase = (more: string): string => `useCases:\n  - { name: U, connection: { name: Demo }, systemPrompt: s, ${more} }\n`;
const channel = (more: string): string => `alertChannels:\n  - { name: C, ${more} }\n`;

test.each([
  ['a time zone that is none', 'limitSettings: { timeZone: Mars/Phobos, outputTokensCeiling: null }\n', 2],
  ['more tokens than there can be', 'limitSettings: { timeZone: UTC, outputTokensCeiling: 900000000000 }\n', 2],
  ['a weight below nothing', group('options: { priceWeight: -3 }'), 3],
  ['more exploration than all', group('options: { exploration: 5 }'), 3],
  ['a cache of the past', group('options: { cacheSeconds: -5 }'), 3],
  ['a target of too much weight', 'routingGroups:\n  - { name: g, targets: [{ connection: { name: Demo }, weight: 900000000 }] }\n', 3],
  ['a slug with blanks', useCase('slug: "a b/c"'), 3],
  ['more tokens than an answer has', useCase('slug: a, maxTokens: 900000000000'), 3],
  ['a priority beyond all', useCase('slug: b, priority: 900000000000'), 3],
  ['a receiver that is no address', channel('kind: email, recipients: [nobody]'), 3],
  ['two receivers in one', channel('kind: email, recipients: ["a@example.org, b@example.org"]'), 3],
  ['a field with a strange name', channel('kind: whatsapp, url: env:URL, to: "1", toField: "a b"'), 3],
  ['a part of a request', 'limits:\n  - { of: { user: ann@example.org }, kind: requests, period: minute, value: 1.5 }\n', 3],
  ['a window beyond all', 'alertRules:\n  - { kind: error-rate, windowS: 99999999999 }\n', 3],
  ['a repeat every second', 'alertRules:\n  - { kind: error-rate, repeatS: 1 }\n', 3],
  ['a rest of weeks', 'alertRules:\n  - { kind: error-rate, cooldownS: 700000 }\n', 3],
])('%s is told with its line, and nothing is begun', async (_what, body, line) => {
  const text = `patchbay: 1\n${body}`;
  const wish = { text, secrets: { 'env:URL': 'https://gate.example.com/in' }, isDryRun: false, isPruning: false };
  const applied = await applyConfiguration(house.deps, caller, wish);
  expect([applied.done, applied.faults.map((fault) => fault.line)]).toEqual([0, [line]]);
});
