/** Looks at connections in the audit log: the first of each person, of each way in and at each thing, and no flood behind it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller, Deed } from '../../src/control/change.ts';
import { noteRead } from '../../src/control/noted-reads.ts';
import type { ControlDeps } from '../../src/control/deps.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';
import { movingClock, type MovingClock } from '../support/moving-clock.ts';

const quarterMs = 900_000;
let clock: MovingClock;
let house: House;
let ada: Resident;
let ben: Resident;
beforeAll(async () => {
  clock = movingClock();
  house = await openHouse({ clock });
  ada = await house.createResident('Ada', 'administrator');
  ben = await house.createResident('Ben');
});
afterAll(() => house.close());

const by = (who: Resident, via: 'session' | 'token' = 'token'): Caller => ({
  actor: house.deps.keeper.snapshot.actorOf(who.id, via)!,
  origin,
});
const lookAt = (subjectId: string, subjectType = 'connection'): Deed => ({
  action: `${subjectType}.read`,
  subjectType,
  subjectId,
  subjectName: 'Looked at',
  owner: { scope: 'user', id: ada.id },
});

interface Noted {
  actor_id: string;
  action: string;
  outcome: string;
}

async function notedOf(subjectId: string): Promise<Noted[]> {
  const sql = 'SELECT actor_id, action, outcome FROM audit_entries WHERE subject_id = $1 ORDER BY seq';
  return house.database.driver.rows<Noted & Record<string, unknown>>({ sql, params: [subjectId] });
}

test('a page that asks again and again leaves one entry, and a new one after a quarter of an hour', async () => {
  const id = house.deps.ids.uuid();
  for (let asked = 0; asked < 5; asked++) await noteRead(house.deps, by(ada), lookAt(id));
  expect(await notedOf(id)).toMatchObject([{ actor_id: ada.id, action: 'connection.read', outcome: 'success' }]);
  clock.move(quarterMs - 300_000);
  await noteRead(house.deps, by(ada), lookAt(id));
  expect(await notedOf(id)).toHaveLength(1);
  clock.move(300_000);
  await noteRead(house.deps, by(ada), lookAt(id));
  expect(await notedOf(id)).toHaveLength(2);
});

test('looks in between do not put the next entry off', async () => {
  const id = house.deps.ids.uuid();
  // Ten minutes apart: the first is noted, the second falls into its quarter of an hour, the third does not.
  for (let looked = 0; looked < 3; looked++) {
    await noteRead(house.deps, by(ada), lookAt(id));
    clock.move(600_000);
  }
  expect(await notedOf(id)).toHaveLength(2);
});

test('everybody is noted for themselves, for each way in and for each thing', async () => {
  const [one, other] = [house.deps.ids.uuid(), house.deps.ids.uuid()];
  await noteRead(house.deps, by(ada), lookAt(one));
  await noteRead(house.deps, by(ben), lookAt(one));
  await noteRead(house.deps, by(ben, 'session'), lookAt(one));
  await noteRead(house.deps, by(ada), lookAt(other));
  await noteRead(house.deps, by(ada), lookAt(one, 'alert_channel'));
  expect((await notedOf(one)).map(({ actor_id: actor, action }) => [actor, action])).toEqual([
    [ada.id, 'connection.read'],
    [ben.id, 'connection.read'],
    [ben.id, 'connection.read'],
    [ada.id, 'alert_channel.read'],
  ]);
  expect(await notedOf(other)).toHaveLength(1);
});

test('HEAD shows nothing and leaves no entry; the look behind it does', async () => {
  const body = { name: 'Headed', provider: 'custom', baseUrl: 'https://headed.example.com/v1', model: 'tiny' };
  const id = (await house.request('POST', '/api/configurations', { token: ada.token, body })).at('data.id');
  const read = async () => (await notedOf(id)).filter(({ action }) => action === 'connection.read');
  expect((await house.request('HEAD', `/api/configurations/${id}`, { token: ada.token })).status).toBe(200);
  expect(await read()).toEqual([]);
  expect((await house.request('GET', `/api/configurations/${id}`, { token: ada.token })).status).toBe(200);
  expect(await read()).toHaveLength(1);
});

test('many looks at the same moment are one entry', async () => {
  const id = house.deps.ids.uuid();
  await Promise.all(Array.from({ length: 8 }, () => noteRead(house.deps, by(ben), lookAt(id))));
  expect(await notedOf(id)).toHaveLength(1);
});

test('another instance notes for itself: it cannot know what the first has noted', async () => {
  const id = house.deps.ids.uuid();
  const { keeper } = house.deps;
  const second: ControlDeps = {
    ...house.deps,
    keeper: { snapshot: keeper.snapshot, catchUp: (revision) => keeper.catchUp(revision) },
  };
  await noteRead(house.deps, by(ada), lookAt(id));
  await noteRead(second, by(ada), lookAt(id));
  await noteRead(second, by(ada), lookAt(id));
  expect(await notedOf(id)).toHaveLength(2);
});
