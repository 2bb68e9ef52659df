/** A house that runs for months holds in memory what can still matter, and nothing else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
let skewMs = 0;
const everyMinute: (() => void)[] = [];
const clock: Clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + skewMs,
  monotonicMs: () => systemClock.monotonicMs() + skewMs,
  every(periodMs, run) {
    if (periodMs === minuteMs) everyMinute.push(run);
    return systemClock.every(periodMs, run);
  },
};

let house: House;
let ada: Resident;
beforeAll(async () => {
  house = await openHouse({ clock });
  ada = await house.createResident('Ada');
});
afterAll(() => house.close());

const afterAMinute = (): void => everyMinute.forEach((run) => run());
const create = (path: string, body: object) => house.request('POST', path, { token: ada.token, body: { name: 'k', ...body } });

test('revoked keys and tokens leave at once, expired ones after ninety days, and neither opens anything before', async () => {
  const { snapshot } = house.deps.keeper;
  const [keys, tokens] = [snapshot.accessKeys.size, snapshot.personalTokens.size];
  for (const path of ['/api/access-keys', '/api/tokens']) {
    const { status } = await house.request('DELETE', `${path}/${(await create(path, {})).at('data.id')}`, { token: ada.token });
    expect(status).toBe(200);
  }
  expect([snapshot.accessKeys.size, snapshot.personalTokens.size]).toEqual([keys, tokens]);
  const expiresAt = new Date(clock.nowMs() + dayMs).toISOString();
  const key = (await create('/api/access-keys', { expiresAt })).at('data.key');
  await create('/api/tokens', { expiresAt });
  skewMs += 60 * dayMs;
  afterAMinute();
  expect([snapshot.accessKeys.size, snapshot.personalTokens.size]).toEqual([keys + 1, tokens + 1]);
  expect((await house.request('GET', '/v1/models', { token: key })).status).toBe(401);
  skewMs += 32 * dayMs;
  afterAMinute();
  expect([snapshot.accessKeys.size, snapshot.personalTokens.size]).toEqual([keys, tokens]);
});

test('the windows and sums of a key that was revoked leave with it', async () => {
  const { limits } = house.deps;
  afterAMinute();
  const before = limits.size();
  const made = await create('/api/access-keys', { rpm: 5, budgetUsd: '1' });
  const id = made.at('data.id');
  const key = [...house.deps.keeper.snapshot.accessKeys.values()].find((one) => one.id === id)!;
  const ofKey = limits.ofAsker({ accessKey: key, userId: key.userId, workspaceId: null });
  (await limits.take(ofKey, 0)).release();
  limits.settle(await limits.reserve(ofKey, 0, clock.nowMs()), [], clock.nowMs(), 0, Infinity);
  expect(limits.size()).toBe(before + 2);
  await house.request('DELETE', `/api/access-keys/${id}`, { token: ada.token });
  skewMs += 11 * minuteMs;
  afterAMinute();
  expect(limits.size()).toBe(before);
});
