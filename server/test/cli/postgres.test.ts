/** Commands around PostgreSQL: out of the embedded database, beside a running server, and back into one file. */
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, needs } from '../support/postgres.ts';
import { createBench, type Bench } from './run.ts';

const administrator = { PATCHBAY_ADMIN_EMAIL: 'ann@example.com', PATCHBAY_ADMIN_PASSWORD: 'correct horse' };

needs('postgres')('with PostgreSQL', () => {
  let bench: Bench;
  let databaseUrl = '';
  beforeAll(async () => {
    bench = createBench();
    databaseUrl = await createDatabase();
  });
  afterAll(() => bench.clear());

  test('an embedded installation moves, goes on there, is managed beside its server, and comes back as a file', async () => {
    const first = bench.launch(['start'], administrator);
    await first.shows(/Patchbay serves/);
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    const copied = await bench.run(['copy-to-postgres', databaseUrl, '--json'], administrator);
    expect(copied).toMatchObject({ code: 0, err: '' });
    expect((JSON.parse(copied.out) as { rows: number }).rows).toBeGreaterThan(5);
    const again = await bench.run(['copy-to-postgres', databaseUrl], administrator);
    expect(again.code).toBe(78);
    expect(again.err).toContain('is not empty');
    expect((await bench.run(['copy-to-postgres', 'mysql://x'], administrator)).code).toBe(64);

    const key = readFileSync(join(bench.dir, 'data', 'master.key'), 'utf8').trim();
    const there = { ...administrator, PATCHBAY_DATABASE_URL: databaseUrl, PATCHBAY_MASTER_KEY: key };
    const house = bench.launch(['start'], { ...there, PATCHBAY_DATA_DIR: 'instance' });
    const url = (await house.shows(/Patchbay serves (http:\S+)/))[1] ?? '';
    const doctor = await bench.run(['doctor'], { ...there, PATCHBAY_DATA_DIR: 'elsewhere' });
    expect(doctor.code).toBe(0);
    expect(doctor.out).toMatch(/^ok +clock .+, as the database says$/m);
    // From another data directory there is no socket: the command changes the database, and the server hears of it.
    const made = await bench.run(['token', 'create', 'ci'], { ...there, PATCHBAY_DATA_DIR: 'elsewhere' });
    const token = made.out.trim();
    const status = async (): Promise<number> => (await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${token}` } })).status;
    await expect.poll(status).toBe(200);

    expect((await bench.run(['backup', 'a.backup'], there)).code).toBe(0);
    const restored = await bench.run(['restore', 'a.backup', '--data', 'back'], { ...administrator, PATCHBAY_MASTER_KEY: key });
    expect(restored).toMatchObject({ code: 0, err: '' });
    const exported = await bench.run(['export'], { ...administrator, PATCHBAY_DATA_DIR: 'back', PATCHBAY_MASTER_KEY: key });
    expect(exported.out).toContain('ann@example.com');
    const into = await createDatabase();
    const other = await bench.run(['restore', 'a.backup', '--data', 'third'], { ...there, PATCHBAY_DATABASE_URL: into });
    expect(other).toMatchObject({ code: 0, err: '' });
  });
});
