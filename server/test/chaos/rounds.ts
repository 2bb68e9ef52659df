/** The rounds of chaos: kill -9 under load again and again, and a database that stops answering for a while. */
import { setTimeout as waitMs } from 'node:timers/promises';
import { freePort } from '../support/throwaway.ts';
import { until } from '../support/wait.ts';
import { plain, startFakeProvider, streaming, type Answer, type FakeProvider } from '../support/fake-provider.ts';
import { judge, openBooksOf, type Verdict } from './books.ts';
import { furnish, startInstance, type Instance, type Place } from './instance.ts';
import { startLoad, type Load } from './load.ts';

/** Streams that take a while, so that a kill finds some in the middle. */
const slowly: Answer = (turn) => (turn.call.json['stream'] === true ? streaming(undefined, 4)(turn) : plain(turn));
/** What a round, and the time before the database goes, has at least: so many answers, however slow the machine is. */
const answersMin = 12;
/** The same for the time without it: known keys go on. */
const whileAwayMin = 60;

export interface KillOptions {
  rounds: number;
  /** Uniform in [0, 1). */
  draw: () => number;
  dataDir: string;
  databaseUrl?: string | null;
  onRound?: (round: number, facts: { aliveMs: number; restartMs: number; told: number }) => void;
}

/** Ends the load, closes the server in peace, and compares the books. */
async function conclude(place: Place, instance: Instance, load: Load, fake: FakeProvider): Promise<Verdict & { exitCode: number | null }> {
  load.aim(null);
  await load.stop();
  const exitCode = await instance.stop();
  const driver = await openBooksOf(place);
  try {
    return { ...(await judge(driver, load.told, fake.received)), exitCode };
  } finally {
    await driver.close();
  }
}

export async function killRounds({
  rounds,
  draw,
  dataDir,
  databaseUrl = null,
  onRound,
}: KillOptions): Promise<Verdict & { exitCode: number | null; slowestRestartMs: number }> {
  const fake = await startFakeProvider();
  fake.answer(slowly);
  const place: Place = { dataDir, port: await freePort(), databaseUrl };
  let instance = await startInstance(place);
  try {
    const load = startLoad(await furnish(instance, fake.baseUrl));
    let slowestRestartMs = 0;
    for (let round = 1; round <= rounds; round++) {
      load.aim(instance.url);
      const aliveMs = Math.round(150 + draw() * 900);
      await Promise.all([waitMs(aliveMs), untilAnswered(load, answersMin)]);
      // A kill that finds nothing under way shows little.
      await until(() => fake.received.some(({ isAnswered, abortedAtMs }) => !isAnswered && abortedAtMs === null), 'a call is under way');
      await instance.kill();
      load.aim(null);
      const startedMs = performance.now();
      instance = await startInstance(place);
      const restartMs = Math.round(performance.now() - startedMs);
      slowestRestartMs = Math.max(slowestRestartMs, restartMs);
      onRound?.(round, { aliveMs, restartMs, told: load.told.length });
    }
    return { ...(await conclude(place, instance, load, fake)), slowestRestartMs };
  } catch (error) {
    await instance.kill();
    throw error;
  } finally {
    await fake.close();
  }
}

/** Until so many more requests have been answered in full. */
function untilAnswered({ told }: Load, count: number): Promise<void> {
  const before = told.length;
  return until(() => told.slice(before).filter(({ isComplete }) => isComplete).length >= count, `${count} answers`);
}

export interface AwayOptions {
  dataDir: string;
  databaseUrl: string;
  awayMs: number;
  pause: () => void;
  resume: () => void;
}

export interface AwayVerdict extends Verdict {
  /** Requests that ended while the database was away. */
  whileAway: number;
  /** Those of them that were not answered in full. */
  failedWhileAway: number;
}

/** Serves while the database stands still, then brings everything into the books (P10). */
export async function databaseAway({ dataDir, databaseUrl, awayMs, pause, resume }: AwayOptions): Promise<AwayVerdict> {
  const fake = await startFakeProvider();
  fake.answer(slowly);
  const place: Place = { dataDir, port: await freePort(), databaseUrl };
  const instance = await startInstance(place);
  try {
    const load = startLoad(await furnish(instance, fake.baseUrl));
    load.aim(instance.url);
    await untilAnswered(load, answersMin);
    const before = load.told.length;
    pause();
    await Promise.all([waitMs(awayMs), untilAnswered(load, whileAwayMin)]);
    const whileAway = load.told.slice(before);
    resume();
    await waitMs(1_500);
    const verdict = await conclude(place, instance, load, fake);
    return { ...verdict, whileAway: whileAway.length, failedWhileAway: whileAway.filter((one) => !one.isComplete).length };
  } catch (error) {
    resume();
    await instance.kill();
    throw error;
  } finally {
    await fake.close();
  }
}
