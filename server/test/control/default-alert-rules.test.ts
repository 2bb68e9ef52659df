/** The default alert rules: an installation that is older than them gets them once, and nobody gets back what was deleted. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteRule, listRules } from '../../src/control/alert-rules.ts';
import { ensureDefaultRules } from '../../src/control/default-alert-rules.ts';
import { defaultRules } from '../../src/domain/alert.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const deps = () => house.deps;
const caller = () => ({ actor: ada.actor, origin });
const kinds = (): string[] => listRules(deps(), ada.actor).map(({ kind }) => kind);
const defaultKinds = defaultRules.map(({ kind }) => kind);
/** As an installation is that was set up before there were rules, and as its next start finds it. */
async function older(): Promise<void> {
  const { driver } = house.database;
  await driver.script("DELETE FROM alert_rules; DELETE FROM object_revisions; DELETE FROM settings WHERE key = 'default_alert_rules'");
  for (const id of deps().keeper.snapshot.alerting.rules.keys()) deps().keeper.snapshot.alerting.rules.delete(id);
}
const madeByStarts = async (): Promise<number> => {
  const sql = "SELECT count(*) AS n FROM audit_entries WHERE action = 'alert_rule.defaults'";
  return (await house.database.driver.rows<{ n: number }>({ sql, params: [] }))[0]!.n;
};

test('before the set-up there is nobody to be told, and nothing is noted; a set-up has them, and the next start makes none', async () => {
  expect(await ensureDefaultRules(deps())).toBe(false);
  ada = await house.createResident('Ada', 'administrator');
  expect(kinds()).toEqual(defaultKinds);
  expect(await ensureDefaultRules(deps())).toBe(false);
  expect(kinds()).toEqual(defaultKinds);
  expect(await madeByStarts()).toBe(0);
});

test('an older installation gets them once, at work at once, and the audit log says so', async () => {
  await older();
  expect(kinds()).toEqual([]);
  expect(await ensureDefaultRules(deps())).toBe(true);
  expect(kinds()).toEqual(defaultKinds);
  expect(await ensureDefaultRules(deps())).toBe(false);
  expect(kinds()).toEqual(defaultKinds);
  expect(await madeByStarts()).toBe(1);
});

test('of several instances that start at once one makes them', async () => {
  await older();
  const made = await Promise.all([1, 2, 3].map(() => ensureDefaultRules(deps())));
  expect(made.filter(Boolean)).toEqual([true]);
  expect(kinds()).toEqual(defaultKinds);
});

test('what was deleted stays deleted, also where nobody noted yet that rules were made', async () => {
  for (const { id } of listRules(deps(), ada.actor)) await deleteRule(deps(), caller(), id);
  await house.database.driver.script("DELETE FROM settings WHERE key = 'default_alert_rules'");
  for (let starts = 0; starts < 2; starts++) expect(await ensureDefaultRules(deps())).toBe(false);
  expect(kinds()).toEqual([]);
  // Not even the rows of the deleted ones have to be there: the first look was noted.
  await house.database.driver.script('DELETE FROM alert_rules');
  expect(await ensureDefaultRules(deps())).toBe(false);
  expect(kinds()).toEqual([]);
});
