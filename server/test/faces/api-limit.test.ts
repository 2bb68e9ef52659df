/** The allowance of the management API: generous, per person, and refilled evenly. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createApiLimit } from '../../src/faces/kit/api-limit.ts';
import type { PlaneDeps } from '../../src/faces/kit/plane.ts';
import { ok, route } from '../../src/faces/kit/route.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openPlane } from './plane.ts';
import { secondsOfMinute } from '../support/wait.ts';

const person = { email: '', name: '', role: 'user' as const, permissions: null, language: 'en' as const, isDisabled: false };

const clockAt = (now: { ms: number }) => ({ ...systemClock, monotonicMs: () => now.ms });
const refusedIn = (run: () => void): number | null => {
  try {
    run();
    return null;
  } catch (error) {
    expect(error).toMatchObject({ code: 'RATE_LIMITED' });
    return (error as { retryAfterS: number }).retryAfterS;
  }
};

test('a burst may use all of it, then one must wait for as long as is said, and no longer', () => {
  const now = { ms: 0 };
  const limit = createApiLimit(clockAt(now), 60);
  for (let count = 0; count < 60; count++) expect(refusedIn(() => limit.take('ada'))).toBe(null);
  expect(refusedIn(() => limit.take('ada'))).toBe(1);
  expect(refusedIn(() => limit.take('budi'))).toBe(null);
  now.ms = 999;
  expect(refusedIn(() => limit.take('ada'))).toBe(1);
  now.ms = 1_001;
  expect(refusedIn(() => limit.take('ada'))).toBe(null);
  expect(refusedIn(() => limit.take('ada'))).toBe(1);
});

test('what was refused costs nothing, and a minute fills it up and no further', () => {
  const now = { ms: 0 };
  const limit = createApiLimit(clockAt(now), 10);
  for (let count = 0; count < 10; count++) limit.take('ada');
  for (let count = 0; count < 100; count++) expect(refusedIn(() => limit.take('ada'))).not.toBe(null);
  now.ms = 3_600_000;
  let passed = 0;
  while (passed < 100 && refusedIn(() => limit.take('ada')) === null) passed++;
  expect(passed).toBe(10);
});

test('429 a plain read beyond it, with Retry-After; other people and the open routes are not held up', async () => {
  const routes = (['signed-in', 'open'] as const).map((access) =>
    route({
      method: 'GET',
      path: `/${access}`,
      summary: 'Answers',
      access,
      answers: { 200: z.object({}) },
      statuses: [200, 401],
      handle: (_deps: PlaneDeps) => ok({}),
    }),
  );
  const { app, snapshot } = await openPlane({ routes, isSessionKnown: true, requestsPerMinuteMax: 2 });
  for (const userId of ['flood', 'calm']) {
    snapshot.people.set(userId, { ...person, userId });
  }
  const read = (userId: string, path = '/signed-in') => app.inject({ method: 'GET', url: path, headers: { cookie: `session=${userId}` } });
  const leftS = secondsOfMinute();
  expect([(await read('flood')).statusCode, (await read('flood')).statusCode]).toEqual([200, 200]);
  const refused = await read('flood');
  expect(refused.statusCode).toBe(429);
  expect(refused.json()).toMatchObject({ success: false, error_code: 'RATE_LIMITED' });
  // One of two a minute comes back after half of it.
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(leftS() - 30);
  expect((await read('calm')).statusCode).toBe(200);
  expect((await read('flood', '/open')).statusCode).toBe(200);
});
