/** The server is killed under load, and its database taken away: nothing that a client saw or a provider received is lost or doubled. */
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { expectExactBooks } from '../storage/ledger-records.ts';
import { needs, startPostgres } from '../support/postgres.ts';
import { freshDir } from '../support/throwaway.ts';
import { seeded } from '../vault/parts.ts';
import { openBooksOf } from './books.ts';
import { databaseAway, killRounds } from './rounds.ts';

const folders: string[] = [];
function folder(): string {
  const dir = freshDir('chaos');
  folders.push(dir);
  return dir;
}
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

describe('kill -9 under load', () => {
  test('three kills lose nothing, double nothing, and leave what was open as unknown', async () => {
    const dataDir = folder();
    const verdict = await killRounds({ rounds: 3, draw: seeded(20_261_121), dataDir });
    expect(verdict.faults).toEqual([]);
    expect(verdict.complete).toBeGreaterThan(20);
    expect(verdict.unknown).toBeGreaterThan(0);
    expect(verdict.rows).toBeGreaterThanOrEqual(verdict.calls);
    expect(verdict.exitCode).toBe(0);
    const driver = await openBooksOf({ dataDir, port: 0, databaseUrl: null });
    try {
      await expectExactBooks(driver);
    } finally {
      await driver.close();
    }
  });
});

needs('postgres')('the database stands still for ten seconds', () => {
  test('no request of a known key fails, and every one of them is in the books afterwards', async () => {
    const postgres = await startPostgres();
    try {
      const verdict = await databaseAway({
        dataDir: folder(),
        databaseUrl: await postgres.createDatabase(),
        awayMs: 10_000,
        pause: () => postgres.pause(),
        resume: () => postgres.resume(),
      });
      expect(verdict.whileAway).toBeGreaterThan(50);
      expect(verdict.failedWhileAway).toBe(0);
      expect(verdict.faults).toEqual([]);
      expect(verdict.unknown).toBe(0);
      expect(verdict.rows).toBe(verdict.calls);
    } finally {
      await postgres.stop();
    }
  });
});
