/** Measures Patchbay against nginx and Portkey in one interleaved run on pinned cores, and prints the figures beside their goals. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Bench, type CandidateName, direct, nginx, portkey, relay, type Serving, type Starter } from './candidates.ts';
import { details, goalRows, type Run } from './figures.ts';
import { measure, type Loading, type Measurement } from './measure.ts';
import { type Options, readOptions, usage } from './options.ts';
import { patchbay } from './patchbay.ts';
import { phases } from './phases.ts';
import { detailTable, goalTable, startTable } from './print.ts';
import { freePort, killAll, rssKiBOf, startPinned, stop, untilIdle, untilReady } from './processes.ts';
import { profileText, summariesIn } from './profile.ts';

const makers: Record<CandidateName, (bench: Bench) => Promise<Starter>> = { direct, nginx, relay, patchbay, portkey };
const compileMsMax = 60_000;
const restMs = 1_000;
const settleMsMax = 10_000;
const execute = promisify(execFile);

/** Goals that need millions of rows or a browser, and are measured elsewhere. */
const elsewhere = ['event-loop lag under load with dashboards open', 'request list and day chart over 5 million ledger rows'];

async function compile(name: string, dir: string): Promise<string> {
  const binary = join(dir, name);
  await execute('cc', ['-O2', '-o', binary, join(import.meta.dirname, `${name}.c`)], { timeout: compileMsMax });
  return binary;
}

/** Keeps this process, and the programs that it starts without a core of their own, off the core of the gateways. */
async function leaveGatewayCore(options: Options): Promise<void> {
  if (availableParallelism() < 2) throw new Error('the benchmark needs two cores: one for the gateway, one for the load');
  await execute('taskset', ['-a', '-c', '-p', String(options.loadCore), String(process.pid)]);
}

const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, index) => list[(index + by) % list.length] as T);

async function runRounds(options: Options, bench: Bench, loading: Loading): Promise<Run> {
  const run: Run = { starts: [], measurements: [] };
  const starters: Starter[] = [];
  for (const name of options.candidates) {
    progress(`preparing ${name}`);
    starters.push(await makers[name](bench));
  }
  for (let round = 0; round < options.rounds; round++) {
    const serving: Serving[] = [];
    try {
      for (const start of rotated(starters, round)) {
        const one = await start();
        serving.push(one);
        if (one.pid !== null) await settle(one.pid);
        run.starts.push({ round, candidate: one.name, readyMs: one.readyMs, rssIdleKiB: one.pid === null ? 0 : rssKiBOf(one.pid) });
      }
      for (const [index, phase] of phases.entries()) {
        if (!options.phases.includes(phase.name)) continue;
        for (const one of rotated(serving, index)) {
          // Without a gateway there is no memory or CPU to look at: `direct` is there for latencies.
          if (one.pid === null && phase.name === 'slow') continue;
          const measurement = await measure(loading, round, phase, one);
          progress(lineOf(measurement));
          run.measurements.push(measurement);
        }
      }
    } finally {
      for (const one of serving) await one.stop();
    }
  }
  return run;
}

async function settle(pid: number): Promise<void> {
  await wait(restMs);
  await untilIdle(pid, settleMsMax);
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

function lineOf({ round, phase, candidate, cpuUs, perSecond, chunksPerSecond, p50Us, rssKiB, fault }: Measurement): string {
  const parts = [
    `round ${round + 1} ${phase} ${candidate}:`,
    cpuUs === null ? '' : `${cpuUs.toFixed(1)} us each,`,
    chunksPerSecond > 0 ? `${chunksPerSecond.toFixed(0)} chunks/s,` : `${perSecond.toFixed(0)}/s, p50 ${p50Us.toFixed(0)} us,`,
    rssKiB === null ? '' : `${(rssKiB / 1_024).toFixed(0)} MiB`,
    fault === null ? '' : `VOID: ${fault}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function print(options: Options, run: Run, environment: Environment): void {
  const rows = goalRows(run, options.rounds);
  const voids = run.measurements.filter(({ fault }) => fault !== null);
  console.log(`\n${environment.cpu}, node ${process.version}, ${options.rounds} rounds, load average ${environment.loadAverage}\n`);
  console.log(`${goalTable(rows)}\n`);
  console.log(`Not measured by this tool: ${elsewhere.join('; ')}.\n`);
  console.log(`${detailTable(details(run, options.phases, options.candidates))}\n`);
  console.log(startTable(run));
  if (voids.length > 0)
    console.log(`\n${voids.length} of ${run.measurements.length} measurements are VOID:\n${voids.map(lineOf).join('\n')}`);
  if (options.profileDir !== null) {
    console.log('\nProfiled: the figures above are not measurements.');
    for (const summary of summariesIn(options.profileDir)) console.log(`\n${profileText(summary)}`);
  }
}

interface Environment {
  cpu: string;
  /** Before the run: what else this machine was doing. */
  loadAverage: string;
}

async function main(options: Options): Promise<void> {
  const environment: Environment = {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    loadAverage: loadavg()
      .map((each) => each.toFixed(1))
      .join(' '),
  };
  const dir = mkdtempSync(join(tmpdir(), 'patchbay-bench-run-'));
  process.once('exit', () => {
    killAll();
    rmSync(dir, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  await leaveGatewayCore(options);
  mkdirSync(options.cacheDir, { recursive: true, mode: 0o700 });
  if (options.profileDir !== null) mkdirSync(options.profileDir, { recursive: true });
  const [loadBinary, upstreamBinary] = await Promise.all([compile('load', dir), compile('upstream', dir)]);
  const upstreamPort = await freePort();
  const upstream = startPinned(upstreamBinary, [String(upstreamPort)], { core: options.loadCore, nice: options.nice });
  await untilReady(upstream, `http://127.0.0.1:${upstreamPort}/v1/models`, performance.now(), restMs * 5);
  const { gatewayCore, cacheDir, profileDir, loadCore, nice, measureMs, warmMsMin } = options;
  const run = await runRounds(
    options,
    { dir, cacheDir, gatewayCore, nice, upstreamPort, profileDir },
    { loadBinary, loadCore, nice, measureMs, warmMsMin, dir },
  );
  await stop(upstream);
  print(options, run, environment);
  if (options.jsonFile !== null) {
    const record = {
      ...environment,
      node: process.version,
      at: new Date().toISOString(),
      options,
      goals: goalRows(run, options.rounds),
      ...run,
    };
    writeFileSync(options.jsonFile, `${JSON.stringify(record, null, 2)}\n`);
  }
  if (run.measurements.some(({ fault }) => fault !== null)) process.exitCode = 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else await main(options);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  // What was started is killed at exit.
  process.exit(1);
}
