/** How long rows are kept, as administrators say it: whose word counts, which bounds each kind has, and two who change it at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeptEvent } from '../../src/control/events.ts';
import {
  changeRetention,
  retentionInput,
  showRetention,
  type AllRetention,
  type RetentionControlDeps,
} from '../../src/control/retention.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { retentionNouns, retentionRules, type RetentionDays, type RetentionNoun } from '../../src/domain/retention.ts';
import { settingOf } from '../../src/storage/settings.ts';
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

const roomOf = (retentionDays: RetentionDays = {}): RetentionControlDeps => ({ ...house.deps, retentionDays });
const by = ({ actor }: Resident) => ({ actor, origin });
const change = (days: Partial<Record<RetentionNoun, number | null>>, room = roomOf(), who = ada): Promise<AllRetention> =>
  changeRetention(room, by(who), days);
const wordOn = ({ rows }: AllRetention, noun: RetentionNoun): [number, string] => {
  const row = rows.find((one) => one.noun === noun)!;
  return [row.days, row.origin];
};
async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refusal)) throw new Error(`not refused: ${String(error)}`);
  return error;
}
const backToDefaults = () => change(Object.fromEntries(retentionNouns.map((noun) => [noun, null])));

test('every kind is shown with its bounds, and what nobody spoke about has its default', async () => {
  const { rows } = await showRetention(roomOf());
  expect(rows.map(({ noun }) => noun)).toEqual([...retentionNouns]);
  for (const row of rows) {
    expect([row.days, row.origin, row.lastRun]).toEqual([retentionRules[row.noun].daysDefault, 'default', null]);
    expect([row.daysMin <= row.days, row.days <= row.daysMax]).toEqual([true, true]);
  }
});

test('what is saved counts, alone of what was named, until null takes it back', async () => {
  const saved = await change({ alerts: 12, tasks: 7 });
  expect([wordOn(saved, 'alerts'), wordOn(saved, 'tasks'), wordOn(saved, 'requests')]).toEqual([
    [12, 'saved'],
    [7, 'saved'],
    [90, 'default'],
  ]);
  const back = await change({ alerts: null });
  expect([wordOn(back, 'alerts'), wordOn(back, 'tasks')]).toEqual([
    [90, 'default'],
    [7, 'saved'],
  ]);
  expect(await showRetention(roomOf())).toEqual(back);
  await backToDefaults();
});

test("the environment's word goes before the saved one, and nobody may speak against it", async () => {
  await change({ tasks: 9 });
  const room = roomOf({ tasks: 20 });
  expect(wordOn(await showRetention(room), 'tasks')).toEqual([20, 'environment']);
  for (const asked of [5, 20, null]) {
    const { code, details } = await refusalOf(change({ tasks: asked }, room));
    expect([code, details]).toMatchObject(['VALIDATION_ERROR', [{ path: 'days.tasks', code: 'set_by_environment' }]]);
  }
  // Of the others it says nothing, and what was saved waits for the day on which it is silent again.
  expect(wordOn(await change({ alerts: 40 }, room), 'alerts')).toEqual([40, 'saved']);
  expect(wordOn(await showRetention(roomOf()), 'tasks')).toEqual([9, 'saved']);
  await backToDefaults();
});

test.each(retentionNouns.map((noun) => [noun, retentionRules[noun]] as const))(
  '%s: its bounds belong to it, and one day beyond either is refused and changes nothing',
  async (noun, { daysMin, daysMax }) => {
    for (const days of [daysMin, daysMax]) expect(wordOn(await change({ [noun]: days }), noun)).toEqual([days, 'saved']);
    const before = await showRetention(roomOf());
    for (const days of [daysMin - 1, daysMax + 1]) {
      const { code, details } = await refusalOf(change({ [noun]: days }));
      expect([code, details]).toMatchObject(['VALIDATION_ERROR', [{ path: `days.${noun}`, code: 'out_of_range' }]]);
    }
    expect(await showRetention(roomOf())).toEqual(before);
    await backToDefaults();
  },
);

test('the audit log may be kept for ever, and nothing else; its word lies where it always lay', async () => {
  expect(wordOn(await change({ audit: 0 }), 'audit')).toEqual([0, 'saved']);
  for (const noun of retentionNouns.filter((one) => one !== 'audit'))
    expect((await refusalOf(change({ [noun]: 0 }))).details, noun).toMatchObject([{ path: `days.${noun}`, code: 'out_of_range' }]);
  expect(await settingOf(house.database, 'audit_retention_days')).toBe('forever');
  expect(wordOn(await change({ audit: 400 }), 'audit')).toEqual([400, 'saved']);
  expect(await settingOf(house.database, 'audit_retention_days')).toBe('400');
  expect(wordOn(await change({ audit: null }), 'audit')).toEqual([90, 'default']);
  expect(await settingOf(house.database, 'audit_retention_days')).toBeUndefined();
  const byEnvironment = await refusalOf(change({ audit: 0 }, roomOf({ audit: 30 })));
  expect(byEnvironment.details).toMatchObject([{ path: 'days.audit', code: 'set_by_environment' }]);
});

test('what the environment says by now is not asked for when an earlier state is brought back', () => {
  const state = { tasks: 9, alerts: null, audit: 0 };
  expect(retentionInput({ retentionDays: { tasks: 20 } }, state)).toMatchObject({ alerts: null, audit: 0 });
  expect(retentionInput({ retentionDays: { tasks: 20 } }, state)).not.toHaveProperty('tasks');
  expect(retentionInput({ retentionDays: {} }, state)).toMatchObject({ tasks: 9 });
});

test('one that does not fit keeps the others of the same change from being saved', async () => {
  await refusalOf(change({ alerts: 30, tasks: 0 }));
  expect(wordOn(await showRetention(roomOf()), 'alerts')).toEqual([90, 'default']);
});

test('a change from an old state is told what it is now and by whom, and one from the newest goes on', async () => {
  const { revision } = await change({ 'limit-events': 11 });
  const current = await change({ 'limit-events': 13 }, roomOf(), grace);
  expect(current.revision).toBeGreaterThan(revision);
  const expected = (from: number) => ({ revision: from, show: (now: AllRetention) => wordOn(now, 'limit-events') });
  const stale = await refusalOf(changeRetention(roomOf(), by(ada), { 'limit-events': 15 }, expected(revision)));
  expect([stale.code, stale.details]).toMatchObject([
    'CONFLICT',
    { current: [13, 'saved'], changedBy: { id: grace.id, name: 'Grace' }, changedAt: expect.any(String) as string },
  ]);
  expect(wordOn(await showRetention(roomOf()), 'limit-events')).toEqual([13, 'saved']);
  const after = await changeRetention(roomOf(), by(ada), { 'limit-events': 15 }, expected(current.revision));
  expect(wordOn(after, 'limit-events')).toEqual([15, 'saved']);
  await backToDefaults();
});

test('an answer is what its own change made, also where another one was made before it was given', async () => {
  const room = roomOf();
  const keeper = keeperWith(room.keeper, () => change({ tasks: 9 }, roomOf(), grace));
  const saved = await changeRetention({ ...room, keeper }, by(ada), { alerts: 17 });
  expect([wordOn(saved, 'alerts'), wordOn(saved, 'tasks')]).toEqual([
    [17, 'saved'],
    [30, 'default'],
  ]);
  const expected = { revision: saved.revision, show: (now: AllRetention) => wordOn(now, 'tasks') };
  const stale = await refusalOf(changeRetention(roomOf(), by(ada), { tasks: 8 }, expected));
  expect([stale.code, stale.details]).toMatchObject(['CONFLICT', { current: [9, 'saved'] }]);
  await backToDefaults();
});

test('two at once that say nothing of what they were made from are both kept', async () => {
  await Promise.all([change({ alerts: 21 }), change({ tasks: 22 }, roomOf(), grace)]);
  const now = await showRetention(roomOf());
  expect([wordOn(now, 'alerts'), wordOn(now, 'tasks')]).toEqual([
    [21, 'saved'],
    [22, 'saved'],
  ]);
  await backToDefaults();
});

test('a change stands in the audit log with what it was before, and only the pages of administrators are told', async () => {
  await change({ responses: 4 });
  const told: KeptEvent[] = [];
  const stop = house.deps.events.subscribe(
    (event) => told.push(event),
    () => undefined,
  );
  await change({ responses: 6 }, roomOf(), grace);
  await refusalOf(change({ responses: 31 }));
  stop();
  const topics = told.filter(({ name, data }) => name === 'config.changed' && (data as { topic: string }).topic === 'retention');
  expect(topics.map(({ audience }) => audience)).toEqual([{ administrators: true }]);
  const sql = "SELECT actor_id, changes FROM audit_entries WHERE action = 'retention.update' ORDER BY seq DESC LIMIT 1";
  const [entry] = await house.database.driver.rows<{ actor_id: string; changes: string }>({ sql, params: [] });
  expect([entry!.actor_id, JSON.parse(entry!.changes)]).toEqual([grace.id, { responses: { before: 4, after: 6 } }]);
});
