/** Runs a set of tests on both engines: SQLite in a fresh folder, PostgreSQL in a fresh database. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog, type Log } from '../../src/lib/log.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { openDriver } from '../../src/storage/open.ts';
import { afterThisFile } from '../support/leavings.ts';
import { createDatabase, createFilledDatabase, needs } from '../support/postgres.ts';

export type Engine = Driver['engine'];

export interface Place {
  databaseUrl: string | null;
  dataDir: string;
}

/** A log that keeps its lines, so that a test can see what the operator would. */
export function keptLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return { log: createLog('debug', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) }), lines };
}

export const quiet = createLog('silent');

/** An empty database of the engine, or one with the product's tables; its folder goes with the test file. */
export async function freshPlace(engine: Engine, isMigrated = false): Promise<Place> {
  const dataDir = mkdtempSync(join(tmpdir(), 'patchbay-storage-'));
  afterThisFile(() => rmSync(dataDir, { recursive: true, force: true }));
  if (engine === 'sqlite') return { dataDir, databaseUrl: null };
  const fill = async (databaseUrl: string): Promise<void> => {
    const driver = await openAt({ dataDir, databaseUrl });
    await migrate(driver, { clock: systemClock, log: quiet });
    await driver.close();
  };
  return { dataDir, databaseUrl: isMigrated ? await createFilledDatabase(fill) : await createDatabase() };
}

export const openAt = (place: Place, log: Log = quiet): Promise<Driver> => openDriver({ ...place, clock: systemClock, log });

export interface Bench {
  /** A driver on a database of its own; closed after the file. `isMigrated` gives it the product's tables. */
  open(options?: { isMigrated?: boolean }): Promise<Driver>;
}

/** `describe` for each engine. Without PostgreSQL on the machine its half is skipped, or fails where TEST_REQUIRE names it. */
export function onBothEngines(name: string, define: (bench: Bench, engine: Engine) => void): void {
  for (const engine of ['sqlite', 'postgres'] as const) {
    const describeHere = engine === 'postgres' ? needs('postgres') : describe;
    describeHere(`${name} (${engine})`, () => {
      const opened: Driver[] = [];
      afterAll(async () => {
        await Promise.all(opened.map((driver) => driver.close()));
      });
      define(
        {
          async open({ isMigrated = false } = {}) {
            const driver = await openAt(await freshPlace(engine, isMigrated));
            opened.push(driver);
            if (isMigrated) await migrate(driver, { clock: systemClock, log: quiet });
            return driver;
          },
        },
        engine,
      );
    });
  }
}

/** A small table of every type, in each engine's own words, for tests of the driver alone. */
export const thingsTable = (engine: Engine): string =>
  engine === 'sqlite'
    ? `CREATE TABLE groups (id TEXT PRIMARY KEY) STRICT;
       CREATE TABLE things (id TEXT PRIMARY KEY, name TEXT, is_on INT CHECK (is_on IN (0, 1)), amount INTEGER NOT NULL DEFAULT 0,
         ratio REAL, data BLOB, group_id TEXT REFERENCES groups (id), code TEXT, UNIQUE (code, amount)) STRICT;
       CREATE UNIQUE INDEX things_one_on ON things (group_id) WHERE is_on; CREATE UNIQUE INDEX things_lower ON things (lower(name));`
    : `CREATE TABLE groups (id TEXT PRIMARY KEY);
       CREATE TABLE things (id TEXT PRIMARY KEY, name TEXT, is_on BOOLEAN, amount BIGINT NOT NULL DEFAULT 0,
         ratio DOUBLE PRECISION, data BYTEA, group_id TEXT REFERENCES groups (id), code TEXT, UNIQUE (code, amount));
       CREATE UNIQUE INDEX things_one_on ON things (group_id) WHERE is_on; CREATE UNIQUE INDEX things_lower ON things (lower(name));`;
