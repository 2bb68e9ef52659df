/** A small slice of the proofs in tools/rotate-under-load.ts and tools/backup-under-load.ts: under load, with a kill in the middle, nothing fails and nothing is lost. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeyHouse, type KeyHouse } from './keys.ts';

const connections = 400;
const triesMax = 20;

describe('a house that is asked all the time', () => {
  let house: KeyHouse;
  beforeAll(async () => {
    house = await openKeyHouse({ connections });
  });
  afterAll(() => house.close());

  test('no request fails while the master key changes, and a backup of that time opens elsewhere with every sum', async () => {
    const load = house.load(40);
    const rotated = await house.run(['rotate-master-key', '--json']);
    expect(rotated).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(rotated.out)).toMatchObject({ state: 'done', unreadable: [] });
    const file = join(house.settings.dataDir, 'a.backup');
    const answered = load.answered();
    expect((await house.run(['backup', file])).code).toBe(0);
    const { asked, failed } = await load.stop();
    expect(asked).toBeGreaterThan(0);
    expect(failed).toBe(0);
    const elsewhere = join(house.settings.dataDir, 'elsewhere');
    mkdirSync(elsewhere);
    const key = join(house.settings.dataDir, 'master.key');
    const restored = await house.run(['restore', file, '--data', elsewhere, '--key-file', key]);
    expect(restored).toMatchObject({ code: 0, err: '' });
    const found = await house.look(elsewhere);
    expect(found).toMatchObject({ connections, wrongSecrets: 0 });
    // Everything that was answered before the backup began is in it.
    expect(found.entries).toBeGreaterThanOrEqual(answered);
  });

  /** How a rotation ends whose server is killed at its first word. One that is quicker than the kill is begun again. */
  async function killedInRotation(): Promise<{ code: number | null; err: string }> {
    for (let tries = 0; tries < triesMax; tries++) {
      const kill: { done?: Promise<void> } = {};
      const ended = await house.run(['rotate-master-key'], (child) => {
        child.stdout?.on('data', (part: Buffer) => {
          if (/\d+ of \d+ sealed/.test(String(part))) kill.done ??= house.kill();
        });
      });
      await kill.done;
      if (ended.code !== 0) return ended;
      if (kill.done) await house.start();
    }
    throw new Error(`${triesMax} rotations were over before the kill`);
  }

  test('killed in the middle of a rotation, it goes on by itself after the start, and every secret is what was entered', async () => {
    const ended = await killedInRotation();
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('run this again');
    await house.start();
    const counted = async (): Promise<{ waiting: number; values: number; unreadable: unknown[] }> =>
      JSON.parse((await house.run(['rotate-master-key', '--dry-run', '--json'])).out) as Awaited<ReturnType<typeof counted>>;
    // Under one key all of them would have to move for the next rotation, and none for this one.
    await expect
      .poll(async () => (await counted()).waiting % (await counted()).values === 0, { timeout: 120_000, interval: 500 })
      .toBe(true);
    expect((await counted()).unreadable).toEqual([]);
    await house.stop();
    expect(await house.look()).toMatchObject({ connections, wrongSecrets: 0 });
  });
});
