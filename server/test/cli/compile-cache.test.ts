/** What was compiled once is not compiled again, in no thread; and it lies where nobody else may write, since it is run as it is. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, type Bench } from './run.ts';

const timeout = 180_000;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const besidePackages = path.join(root, 'node_modules/.cache/patchbay');
/** Node itself tells where each file came from. Threads tell at once, so that a line may stand in the middle of another one. */
const telling = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
const fromCache = /retrieving transpile cache for StrippedTypeScript (file:\S+?\.ts)\.\.\./g;
const withoutCache = /no transpile cache for StrippedTypeScript (file:\S+?\.ts)$/gm;

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

async function startAndStop(environment: Record<string, string>): Promise<{ code: number | null; told: string }> {
  const house = bench.launchTelling(['start'], { ...telling, ...environment });
  await house.shows(/Patchbay serves/);
  house.child.kill('SIGTERM');
  const { code, err } = await house.ended;
  return { code, told: err };
}

/** Files whose types were taken out of them before, and those that had to be done anew. */
function filesIn(told: string): { known: string[]; anew: string[] } {
  const named = (pattern: RegExp): string[] => [...told.matchAll(pattern)].map(([, url]) => path.relative(root, fileURLToPath(url!)));
  return { known: named(fromCache), anew: named(withoutCache) };
}

const placesIn = (told: string): string[] => [...told.matchAll(/reading cache from (\S+)/g)].map(([, place]) => place!);

test('the second start takes every file from the cache beside the packages, the threads of the database too', { timeout }, async () => {
  expect((await startAndStop({})).code).toBe(0);
  const { code, told } = await startAndStop({});
  const { known, anew } = filesIn(told);
  expect(code).toBe(0);
  expect(anew).toEqual([]);
  expect(known).toEqual(
    expect.arrayContaining(['cli/program.ts', 'app/start.ts', 'storage/sqlite/worker.ts'].map((file) => `server/src/${file}`)),
  );
  expect(placesIn(told).filter((place) => !place.startsWith(besidePackages))).toEqual([]);
});

test('who names a place has everything there', { timeout }, async () => {
  const place = path.join(bench.dir, 'compiled');
  const { code, told } = await startAndStop({ NODE_COMPILE_CACHE: place });
  expect([code, readdirSync(place).length > 0]).toEqual([0, true]);
  const places = placesIn(told);
  expect([
    places.length > 100,
    filesIn(told).anew.includes('server/src/app/start.ts'),
    places.filter((one) => !one.startsWith(place)),
  ]).toEqual([true, true, []]);
});
