/** Typed queries on both engines, and better-auth beside them. */
import { sql } from 'kysely';
import { betterAuth } from 'better-auth';
import { beforeAll, expect, test } from 'vitest';
import { authDatabase, accountNames, rateLimitNames } from '../../src/storage/accounts.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite, UniqueViolation } from '../../src/storage/errors.ts';
import { ensurePartitions } from '../../src/storage/partitions.ts';
import { onBothEngines } from './engines.ts';

const idOf = (n: number): string => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`;

onBothEngines('typed queries', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('a row goes in with its defaults and comes back with numbers and booleans', async () => {
    const { db } = database;
    const row = await db
      .insertInto('provider_templates')
      .values({ provider: 'openai', name: 'Fast', configuration: '{}', is_default: true })
      .returningAll()
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ provider: 'openai', name: 'Fast', description: null, configuration: '{}', is_default: true });
    expect(typeof row.created_at).toBe('number');
    const read = await db.selectFrom('provider_templates').selectAll().where('is_default', '=', true).where('id', '=', row.id).execute();
    expect(read).toEqual([row]);
    await expect(
      db.insertInto('provider_templates').values({ provider: 'openai', name: 'Other', configuration: '{}', is_default: true }).execute(),
    ).rejects.toMatchObject({
      constraint: 'provider_templates_default',
    });
  });

  test('updates and deletes say how many rows they touched', async () => {
    const { db } = database;
    await db
      .insertInto('settings')
      .values([1, 2, 3].map((n) => ({ key: `touched${n}`, value: 'a', updated_at: n })))
      .execute();
    const updated = await db
      .updateTable('settings')
      .set({ value: 'b' })
      .where('key', 'like', 'touched%')
      .where('updated_at', '>', 1)
      .executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(2n);
    const deleted = await db.deleteFrom('settings').where('key', 'like', 'touched%').executeTakeFirst();
    expect(deleted.numDeletedRows).toBe(3n);
  });

  test('compiled queries are steps of one batch', async () => {
    const { db, driver, compile } = database;
    const raise = (expected: number): ReturnType<typeof compile> =>
      compile(
        db
          .updateTable('config_revision')
          .set({ revision: sql`revision + 1` })
          .where('revision', '=', expected)
          .returning('revision'),
        { expectRows: 1, label: 'revision' },
      );
    const setting = compile(
      db
        .insertInto('settings')
        .values({ key: 'batch', value: 'v', updated_at: 1, revision: sql`(SELECT revision FROM config_revision WHERE id = 1)` }),
    );
    const [raised] = await driver.write([raise(0), setting]);
    expect(raised).toEqual([{ revision: 1 }]);
    expect(await db.selectFrom('settings').select('revision').where('key', '=', 'batch').executeTakeFirst()).toEqual({ revision: 1 });
    await expect(driver.write([raise(0), setting])).rejects.toThrow(StaleWrite);
    await expect(driver.write([raise(1), setting])).rejects.toThrow(UniqueViolation);
    expect(await db.selectFrom('config_revision').select('revision').executeTakeFirst()).toEqual({ revision: 1 });
  });

  test('a kysely transaction is refused with the way to do it', async () => {
    await expect(database.db.transaction().execute(async () => undefined)).rejects.toThrow(/a transaction is one call of driver.write/);
  });

  test('rows are read by (revision, id) whatever type the id has', async () => {
    const { db } = database;
    const organization = await db.insertInto('organizations').values({ name: 'House' }).returning('id').executeTakeFirstOrThrow();
    const rows = Array.from({ length: 9 }, (_, n) => ({
      id: idOf(n),
      organization_id: organization.id,
      name: `w${n}`,
      name_key: `w${n}`,
      revision: Math.floor(n / 3),
    }));
    await db.insertInto('workspaces').values(rows).execute();
    const after = await db
      .selectFrom('workspaces')
      .select(['id', 'revision'])
      .where(sql<boolean>`(revision, id) > (${1}, ${idOf(4)})`)
      .orderBy('revision')
      .orderBy('id')
      .limit(3)
      .execute();
    expect(after.map((row) => row.id)).toEqual([idOf(5), idOf(6), idOf(7)]);
  });

  test('upserts add up, and sums of money are exact numbers', async () => {
    const { db } = database;
    for (let n = 0; n < 3; n++) {
      await db
        .insertInto('usage_quarters')
        .values({ bucket: 900_000, dimension_id: 1, shard: 1, attempts: 1, cost_nano_usd: 3_000_000_000_000_000 })
        .onConflict((conflict) =>
          conflict.columns(['bucket', 'dimension_id', 'shard']).doUpdateSet((eb) => ({
            attempts: eb('usage_quarters.attempts', '+', eb.ref('excluded.attempts')),
            cost_nano_usd: eb('usage_quarters.cost_nano_usd', '+', eb.ref('excluded.cost_nano_usd')),
          })),
        )
        .execute();
    }
    const read = await db
      .selectFrom('usage_quarters')
      .select(({ fn }) => [fn.sum<number>('cost_nano_usd').as('cost'), fn.countAll<number>().as('n')])
      .executeTakeFirst();
    expect(read).toEqual({ cost: 9_000_000_000_000_000, n: 1 });
  });

  test("the other documents' views show the same rows in their own words", async () => {
    const { db, driver } = database;
    await driver.write([
      database.compile(
        db.insertInto('users').values({
          id: idOf(700),
          name: 'U',
          email: 'u@example.com',
          email_verified: driver.engine === 'postgres' ? true : 1,
          created_at: '2026-01-01T00:00:00.000Z',
          updated_at: '2026-01-01T00:00:00.000Z',
        }),
      ),
    ]);
    await db
      .insertInto('ai_configurations')
      .values({
        id: idOf(701),
        user_id: idOf(700),
        scope: 'organization',
        owner_id: idOf(1),
        name: 'One',
        name_key: 'one',
        provider: 'openai',
        model: 'm',
        origin: 'https://api.openai.com',
        created_at: 1_800_000_000_123,
      })
      .execute();
    const connection = await driver.rows<{ id: string }>({
      sql: 'SELECT id, base_url, api_key, default_model, created_at FROM ai_connections',
      params: [],
    });
    expect(connection).toEqual([
      { id: idOf(701), base_url: 'https://api.openai.com', api_key: '', default_model: 'm', created_at: 1_800_000_000 },
    ]);
    const models = await driver.rows({ sql: 'SELECT name, model_variant, api_url FROM ai_models', params: [] });
    expect(models).toEqual([{ name: 'One', model_variant: 'm', api_url: 'https://api.openai.com' }]);
    await db
      .insertInto('provider_usage_days')
      .values({ configuration_id: idOf(701), request_count: 2, cost_nano_usd: 1_500_000_000 })
      .execute();
    const usage = await db.selectFrom('provider_usage').select(['request_count', 'cost_usd', 'period_start']).executeTakeFirstOrThrow();
    expect(usage).toMatchObject({ request_count: 2, cost_usd: 1.5 });
    expect(usage.period_start).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  test('partitions are no concern of the embedded database', async () => {
    const { driver } = database;
    expect((await ensurePartitions(driver, Date.UTC(2030, 0, 1))).length).toBe(driver.engine === 'sqlite' ? 0 : 6);
  });
});

onBothEngines('better-auth', (bench) => {
  test('people sign up, sign in, have a session and sign out; the names in accounts.ts fit the tables', async () => {
    const driver = await bench.open({ isMigrated: true });
    const complaints: string[] = [];
    const auth = betterAuth({
      ...accountNames,
      rateLimit: { enabled: true, ...rateLimitNames },
      database: authDatabase(driver),
      advanced: { database: { generateId: 'uuid' } },
      emailAndPassword: { enabled: true },
      baseURL: 'http://127.0.0.1:8484',
      secret: 'a secret of forty characters for this test',
      telemetry: { enabled: false },
      logger: { log: (level, message) => void (level !== 'debug' && complaints.push(message)) },
    });
    const email = 'Ada@Example.com';
    const password = 'correct horse battery staple';
    const call = (path: string, body?: unknown, cookie = ''): Promise<Response> =>
      auth.handler(
        new Request(`http://127.0.0.1:8484/api/auth${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1:8484', cookie, 'x-forwarded-for': '127.0.0.1' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );
    const up = await call('/sign-up/email', { name: 'Ada', email, password });
    expect(up.status).toBe(200);
    expect((await call('/sign-up/email', { name: 'Ada', email, password })).status).toBe(422);
    expect((await call('/sign-in/email', { email, password: 'wrong horse' })).status).toBe(401);
    const signedIn = await call('/sign-in/email', { email, password });
    expect(signedIn.status).toBe(200);
    const cookie = signedIn.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const session = (await (await call('/get-session', undefined, cookie)).json()) as {
      user: { id: string; email: string; emailVerified: boolean; createdAt: string };
      session: { expiresAt: string };
    };
    expect(session.user).toMatchObject({ email: 'ada@example.com', emailVerified: false });
    expect(session.user.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Math.abs(Date.parse(session.user.createdAt) - Date.now())).toBeLessThan(60_000);
    expect(Date.parse(session.session.expiresAt)).toBeGreaterThan(Date.now());
    expect((await call('/sign-out', {}, cookie)).status).toBe(200);
    expect(await (await call('/get-session', undefined, cookie)).json()).toBeNull();
    const { db } = createDatabase(driver);
    expect(await db.selectFrom('users').select('email').execute()).toEqual([{ email: 'ada@example.com' }]);
    const counted = await db
      .selectFrom('rate_limits')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .executeTakeFirst();
    expect(counted!.n).toBeGreaterThan(0);
    expect(complaints.filter((message) => /schema|mismatch|column|table/i.test(message))).toEqual([]);
  });
});
