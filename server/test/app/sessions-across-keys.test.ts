/** Sessions and second factors on instances of which one knows the next master key better than the other: whichever of them answers knows its people. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rotateMasterKey } from '../../src/control/master-key-rotation.ts';
import { freshCode } from '../support/authenticator.ts';
import { sayTo, startRedis, type Redis } from '../support/redis.ts';
import { cookieOf, openHouse, type House, type Resident } from '../support/house.ts';
import { available } from '../support/parts.ts';
import { createDatabase, needs } from '../support/postgres.ts';
import { until } from '../support/wait.ts';

const keyOf = (factor: number): string => Buffer.from(Array.from({ length: 32 }, (_, n) => (n * factor + 7) % 251)).toString('base64');

needs('postgres')('two instances on one PostgreSQL, one of them with the next key and the one before', () => {
  let before: House;
  let after: House;
  let ada: Resident;
  let redis: Redis | null = null;
  beforeAll(async () => {
    const databaseUrl = await createDatabase();
    redis = available('redis') ? await startRedis() : null;
    const redisUrl = redis?.url ?? null;
    before = await openHouse({ databaseUrl, redisUrl, masterKey: keyOf(37) });
    ada = await before.createResident('Ada', 'administrator');
    // Something sealed, so that the next key cannot simply take the place of the first one.
    const body = { name: 'Main', apiKey: 'sk-of-main', modelVariant: 'gpt-4o' };
    (await before.request('POST', '/api/admin/models', { token: ada.token, body })).at('data.id');
    after = await openHouse({ databaseUrl, redisUrl, masterKey: keyOf(41), masterKeysPrevious: [keyOf(37)] });
  });
  afterAll(async () => {
    await Promise.all([before?.close(), after?.close()]);
    await redis?.stop();
  });

  test('a session of either is known to both', async () => {
    for (const house of [before, after]) {
      const cookie = await house.signIn(ada);
      const statuses = [before, after].map(async (one) => (await one.request('GET', '/api/me', { cookie })).status);
      expect(await Promise.all(statuses)).toEqual([200, 200]);
    }
  });

  needs('redis')('by way of Valkey', () => {
    test('they speak to each other under one name', async () => {
      const channels = async (): Promise<string[]> => (await sayTo(redis!.port, 'PUBSUB CHANNELS patchbay:*')).match(/patchbay:\S+/g) ?? [];
      await until(async () => (await channels()).length > 0, 'they listen');
      const { port } = redis!;
      const listeners = await Promise.all((await channels()).map(async (name) => sayTo(port, `PUBSUB NUMSUB ${name}`)));
      for (const said of listeners) expect(said).toContain(':2');
    });
  });
});

needs('postgres')('two instances on one PostgreSQL, one of them started again after a rotation', () => {
  const houses: House[] = [];
  afterAll(() => Promise.all(houses.map((house) => house.close())));

  test('a second factor is known to both', async () => {
    const databaseUrl = await createDatabase();
    const before = await openHouse({ databaseUrl, masterKey: keyOf(37) });
    houses.push(before);
    const ada = await before.createResident('Ada', 'administrator');
    const cookie = await before.signIn(ada);
    const begun = await before.request('POST', '/api/me/second-factor', { cookie, body: { password: ada.password } });
    const secret = begun.at('data.secret');
    const confirmed = await before.request('POST', '/api/me/second-factor/confirm', { cookie, body: { code: freshCode(secret) } });
    expect(confirmed.status, confirmed.text).toBe(200);

    const caller = { actor: ada.actor, origin: { requestId: before.deps.ids.uuid(), address: '', agent: '' } };
    const wish = { newKey: Buffer.from(keyOf(41), 'base64'), makesKey: false, isDryRun: false, hearingMs: 0 };
    expect(await rotateMasterKey(before.deps, caller, wish, () => undefined)).toMatchObject({ state: 'done' });
    houses.push(await openHouse({ databaseUrl, masterKey: keyOf(37) }));
    for (const house of houses) {
      const half = await house.request('POST', '/api/auth/sign-in/email', { body: { email: ada.email, password: ada.password } });
      const body = { code: freshCode(secret) };
      const whole = await house.request('POST', '/api/auth/sign-in/second-step', { cookie: cookieOf(half), body });
      expect(whole.status, whole.text).toBe(200);
    }
  });
});
