/** Sessions on instances of which one was already given the next master key: nobody is signed out by whichever of them answers. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sayTo, startRedis, type Redis } from '../support/redis.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
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
