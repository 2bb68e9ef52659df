/** What only PostgreSQL can do to us: go away, come back, stand still; and what it is asked for beyond the portable part. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from 'pg';
import type { Driver, Row } from '../../src/storage/driver.ts';
import { StorageBusy, StorageStartError, StorageUnavailable } from '../../src/storage/errors.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { ensurePartitions } from '../../src/storage/partitions.ts';
import { openDriver } from '../../src/storage/open.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { needs, startPostgres, type Postgres } from '../support/postgres.ts';
import { whileMoving } from '../support/own-time.ts';
import { until } from '../support/wait.ts';
import { quiet } from './engines.ts';

const one = { sql: 'SELECT 1 AS one', params: [] };
const open = (databaseUrl: string): Promise<Driver> => openDriver({ databaseUrl, dataDir: '/nonexistent', clock: systemClock, log: quiet });
const answers = (driver: Driver): Promise<boolean> =>
  driver.rows(one).then(
    () => true,
    () => false,
  );

needs('postgres')('a PostgreSQL that has its moods', () => {
  let server: Postgres;
  const drivers: Driver[] = [];
  const openHere = async (url = server.url): Promise<Driver> => {
    const driver = await open(url);
    drivers.push(driver);
    return driver;
  };
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await Promise.all(drivers.map((driver) => driver.close()));
    await server.stop();
  });

  test('a restart is a StorageUnavailable at most, and the driver recovers by itself', async () => {
    const driver = await openHere();
    await driver.script('CREATE TABLE kept (id BIGINT PRIMARY KEY)');
    await driver.write([{ sql: 'INSERT INTO kept (id) VALUES (1)', params: [] }]);
    await server.kill();
    await expect(driver.rows(one)).rejects.toThrow(StorageUnavailable);
    await expect(driver.write([{ sql: 'INSERT INTO kept (id) VALUES (2)', params: [] }])).rejects.toThrow(StorageUnavailable);
    expect(driver.isHealthy()).toBe(false);
    let changes = 0;
    driver.onConfigChange(() => changes++);
    await server.restart();
    // Nobody calls: health comes back through the connection that listens.
    await until(() => driver.isHealthy());
    expect(await driver.rows({ sql: 'SELECT id FROM kept', params: [] })).toEqual([{ id: 1 }]);
    // What was announced while nobody listened may have been missed, so a reconnection counts as a change.
    await until(() => changes > 0);
    const before = changes;
    await driver.notifyConfigChange();
    await until(() => changes > before);
  });

  test('a server that stands still is a bounded wait, and then an error', async () => {
    const driver = await openHere();
    expect(await answers(driver)).toBe(true);
    server.pause();
    const startedMs = performance.now();
    try {
      const results = await Promise.allSettled([driver.rows(one), driver.write([one]), driver.rows(one)]);
      expect(performance.now() - startedMs).toBeLessThan(20_000);
      expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
      for (const result of results) expect((result as PromiseRejectedResult).reason).toBeInstanceOf(StorageUnavailable);
      expect(driver.isHealthy()).toBe(false);
    } finally {
      server.resume();
    }
    await until(() => answers(driver));
    await until(() => driver.isHealthy());
  });

  test('word of a change in one instance reaches the others', async () => {
    const url = await server.createDatabase();
    const [first, second] = await Promise.all([openHere(url), openHere(url)]);
    await until(() => first.isHealthy() && second.isHealthy());
    let heard = 0;
    second.onConfigChange(() => heard++);
    await until(async () => {
      await first.notifyConfigChange();
      return heard > 0;
    });
    expect(heard).toBeGreaterThan(0);
  });

  test('a query that is too long for its lane ends as busy, and the connection goes on', async () => {
    const driver = await openHere();
    await whileMoving(async () => {
      await until(() => answers(driver));
      await expect(driver.rows({ sql: 'SELECT pg_sleep(30)', params: [] })).rejects.toThrow(StorageBusy);
      expect(driver.isHealthy()).toBe(true);
      expect(await answers(driver)).toBe(true);
    });
  });

  test('a start without the server is no error; the driver is healthy once the server is', async () => {
    const url = await server.createDatabase();
    await server.kill();
    const driver = await openHere(url);
    expect(driver.isHealthy()).toBe(false);
    await expect(migrate(driver, { clock: systemClock, log: quiet })).rejects.toThrow(StorageUnavailable);
    await server.restart();
    await until(() => driver.isHealthy());
    expect(await whileMoving(() => migrate(driver, { clock: systemClock, log: quiet }))).toBeGreaterThan(0);
  });

  test('a database that does not exist is refused with one clear line that does not repeat the URL', async () => {
    const url = server.url.replace(/\/postgres$/, '/no_such_database');
    const refusal = open(url.replace('patchbay@', 'patchbay:hunter2@'));
    await expect(refusal).rejects.toThrow(StorageStartError);
    await expect(refusal).rejects.toThrow(/no_such_database/);
    await expect(refusal).rejects.not.toThrow(/hunter2/);
    await expect(open('mysql://x')).rejects.toThrow(/must begin with postgres:\/\//);
  });

  test('a database in another encoding than UTF8 is refused', async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    await client.end();
    await expect(open(server.url.replace(/\/postgres$/, '/latin'))).rejects.toThrow(/must be in UTF8; it is in LATIN1/);
  });

  test('the ledger gets its monthly partitions ahead of time, once, and keeps months that have begun elsewhere', async () => {
    const driver = await openHere(await server.createDatabase());
    await migrate(driver, { clock: systemClock, log: quiet });
    const novemberMs = Date.UTC(2026, 10, 20);
    const insertAt = (at: number, n: number): Promise<Row[][]> =>
      driver.write([
        {
          insertInto: 'usage_events',
          columns: [
            'at',
            'id',
            'request_id',
            'attempt_no',
            'instance_id',
            'seq',
            'state',
            'face',
            'purpose',
            'provider',
            'model_asked',
            'model',
          ],
          rows: [0, 1].map((k) => {
            const id = `018f0000-0000-7000-8000-0000000000${n}${k}`;
            return [at + k, id, id, 1, id, k, 'settled', 'openai', 'completion', 'openai', 'gpt', 'gpt'];
          }),
        },
      ]);
    await insertAt(Date.UTC(2026, 11, 5), 1);
    const made = await Promise.all([ensurePartitions(driver, novemberMs), ensurePartitions(driver, novemberMs)]);
    expect([...new Set(made.flat())].toSorted()).toEqual([
      'policy_violations_m202611',
      'policy_violations_m202612',
      'policy_violations_m202701',
      'usage_events_m202611',
      'usage_events_m202701',
    ]);
    expect(await ensurePartitions(driver, novemberMs)).toEqual([]);
    await insertAt(Date.UTC(2026, 10, 30, 23, 59, 59, 998), 2);
    await insertAt(Date.UTC(2027, 0, 1), 3);
    const rows = await driver.rows({
      sql: 'SELECT CAST(tableoid::regclass AS TEXT) AS part, count(*) AS n FROM usage_events GROUP BY 1 ORDER BY 1',
      params: [],
    });
    expect(rows).toEqual([
      { part: 'usage_events_default', n: 2 },
      { part: 'usage_events_m202611', n: 2 },
      { part: 'usage_events_m202701', n: 2 },
    ]);
    await expect(insertAt(Date.UTC(2027, 0, 1), 3)).rejects.toMatchObject({ name: 'UniqueViolation', constraint: 'usage_events_pkey' });
    await expect(insertAt(Date.UTC(2026, 11, 5), 1)).rejects.toMatchObject({ name: 'UniqueViolation', constraint: 'usage_events_pkey' });
  });
});
