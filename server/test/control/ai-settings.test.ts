/** What a change of the installation's AI settings answers: what it wrote, whatever somebody else wrote before the answer was given. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeAiSettings, showAiSettings } from '../../src/control/ai-settings.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';
import { keeperWith } from './between.ts';

let house: House;
let ada: Resident;
let grace: Resident;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  grace = await house.createResident('Grace', 'administrator');
});
afterAll(() => house.close());

test('an answer is what its own change made, and going on from it meets the change that came in between', async () => {
  const keeper = keeperWith(house.deps.keeper, () => changeAiSettings(house.deps, { actor: grace.actor, origin }, { maxTokens: 777 }));
  const saved = await changeAiSettings({ ...house.deps, keeper }, { actor: ada.actor, origin }, { maxTokens: 500, temperature: 0.5 });
  expect(saved).toMatchObject({ maxTokens: 500, temperature: 0.5, isEnvironmentUsed: true, defaultConnection: null });
  expect(saved.savedAtMs).toBeGreaterThan(0);
  const expected = { revision: saved.revision, show: ({ maxTokens }: { maxTokens: number | null }) => maxTokens };
  const next = changeAiSettings(house.deps, { actor: ada.actor, origin }, { temperature: 0.7 }, expected);
  const refused = await next.catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Refusal);
  expect(refused).toMatchObject({ code: 'CONFLICT', details: { current: 777 } });
  expect(await showAiSettings(house.deps)).toMatchObject({ maxTokens: 777, temperature: 0.5 });
});
