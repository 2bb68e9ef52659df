/**
 * `npm test`: every check in order, each with its time, and the tests beside them; the first that fails ends the run. `--only
 * tidy,vitest` picks steps; what else stands on the line goes to vitest (`node tools/test.ts --only vitest server/test/vault`). Tests of
 * the pages that fail are run once more, and named (second-run.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderInMemory } from './memory-folder.ts';
import { countsOf, failuresOf, filesForSecondRun, readReport, together, type Counts } from './second-run.ts';
import { strayErrorsVariable } from './stray-errors.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}` };
/** No single step may hang a build for ever. */
const stepLimitMs = 45 * 60_000;
/** The step that takes minutes; the others take seconds. */
const tests = 'vitest';

export interface Step {
  name: string;
  command: string;
  args: readonly string[];
  /** Environment of its own. */
  variables?: Record<string, string>;
}

/** What the command line asks for: the names of steps (empty: all) and vitest's own arguments. */
export function readArguments(args: readonly string[]): { only: string[]; forVitest: string[] } {
  const rest = args.filter((arg) => arg !== '--');
  const at = rest.indexOf('--only');
  if (at < 0) return { only: [], forVitest: rest };
  const only = (rest[at + 1] ?? '').split(',').filter((name) => name !== '');
  return { only, forVitest: [...rest.slice(0, at), ...rest.slice(at + 2)] };
}

/** The last line of the run. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The tests, whose temporary files go to `folder` where there is one. */
function testsStep(reportFile: string, forVitest: readonly string[], folder: string | null): Step {
  const reporters = ['default', 'json', 'tools/stray-errors.ts'].map((name) => `--reporter=${name}`);
  const args = ['run', ...reporters, `--outputFile.json=${reportFile}`, ...forVitest];
  return {
    name: tests,
    command: 'vitest',
    args,
    variables: { [strayErrorsVariable]: straysOf(reportFile), ...(folder === null ? {} : { TMPDIR: folder }) },
  };
}

function stepsOf(reportFile: string, forVitest: readonly string[], folder: string | null): Step[] {
  const projects = ['tsconfig.json', 'web/tsconfig.json'].filter((path) => existsSync(join(root, path)));
  return [
    { name: 'tidy', command: 'node', args: ['tools/tidy.ts'] },
    ...projects.map((path) => ({ name: path === 'tsconfig.json' ? 'tsc' : 'tsc-web', command: 'tsc', args: ['-p', path, '--noEmit'] })),
    { name: 'oxlint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
    { name: 'oxfmt', command: 'oxfmt', args: ['--check', '.'] },
    { name: 'knip', command: 'knip', args: ['--no-progress', '--no-config-hints'] },
    testsStep(reportFile, forVitest, folder),
  ];
}

interface Running {
  child: ChildProcess;
  /** The exit code, 128 + signal when one ended it. */
  code: Promise<number>;
}

/** Starts one step. The output of the tests goes on ours as it comes, that of a check in one piece when it is done. */
function start({ name, command, args, variables }: Step): Running {
  const startedMs = performance.now();
  const isKept = name !== tests;
  if (!isKept) console.log(`\n== ${name}`);
  const child = spawn(command, args, {
    cwd: root,
    env: { ...env, ...variables },
    stdio: isKept ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    timeout: stepLimitMs,
  });
  const kept: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => void kept.push(piece));
  const code = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.once('close', (status, signal) => {
      const ended = status ?? (signal ? 128 + constants.signals[signal] : 1);
      const words = ended === 0 ? 'ok' : `failed with exit code ${ended}`;
      if (isKept) process.stdout.write(`\n== ${name}\n${Buffer.concat(kept).toString('utf8')}`);
      console.log(`== ${name}: ${words}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
      resolve(ended);
    });
  });
  return { child, code };
}

interface Outcome {
  failed?: Step;
  code: number;
}

/** One check after the other, up to the first that fails. */
async function runChecks(checks: readonly Step[]): Promise<Outcome> {
  for (const failed of checks) {
    const code = await start(failed).code;
    if (code !== 0) return { failed, code };
  }
  return { code: 0 };
}

export interface TestRun {
  /** Where the tests write their report. */
  reportFile: string;
  /** Runs these files once more. */
  again?: ((files: readonly string[], reportFile: string) => Step) | undefined;
}

/** Where the tests say how many errors none of them caught. */
const straysOf = (reportFile: string): string => `${reportFile}.strays`;
const hasStrays = (reportFile: string): boolean => !existsSync(straysOf(reportFile)) || readFileSync(straysOf(reportFile), 'utf8') !== '0';

/** The second run of what may have failed by chance: the numbers of both, and the names of what passed by luck. */
async function secondRun(reportFile: string, again: NonNullable<TestRun['again']>): Promise<Counts> {
  const first = readReport(reportFile);
  const files = hasStrays(reportFile) ? [] : filesForSecondRun(root, first);
  if (files.length === 0) return countsOf(first);
  console.log(`\nonce more, by themselves: ${files.join(', ')}`);
  const secondFile = `${reportFile}.second`;
  await start(again(files, secondFile)).code;
  if (!existsSync(secondFile) || hasStrays(secondFile)) return countsOf(first);
  const second = readReport(secondFile);
  const stillFailed = new Set(failuresOf(root, second));
  for (const name of failuresOf(root, first)) if (!stillFailed.has(name)) console.log(`unsteady: ${name}`);
  return together(countsOf(first), countsOf(second));
}

/** The exit code of the tests and their numbers, after a second run where there was one. */
async function resultOf({ reportFile, again }: TestRun, code: number): Promise<{ code: number; counts: Counts }> {
  if (!existsSync(reportFile)) return { code, counts: { passed: 0, failed: 0, skipped: 0 } };
  const once = countsOf(readReport(reportFile));
  if (code === 0 || again === undefined) return { code, counts: once };
  const counts = await secondRun(reportFile, again);
  return { code: once.failed > 0 && counts.failed === 0 ? 0 : code, counts };
}

/** Runs the checks, and the tests beside them: what fails first ends the tests, and the run. Says how it went. */
export async function runSteps(steps: readonly Step[], { reportFile, again }: TestRun): Promise<number> {
  const last = steps.find(({ name }) => name === tests);
  const running = last && start(last);
  const checked = await runChecks(steps.filter((step) => step !== last));
  if (checked.failed) running?.child.kill('SIGTERM');
  const ended = (await running?.code) ?? 0;
  const { code, counts } = await resultOf(checked.failed ? { reportFile } : { reportFile, again }, ended);
  const { failed, code: failedCode } = checked.failed || code === 0 ? checked : { failed: last, code };
  // A step that failed before any test ran is itself the failure, so that the closing line never reads like success.
  if (failed && counts.failed === 0) counts.failed = 1;
  if (failed) console.error(`\nstopped: step ${failed.name} failed; run it alone with: node tools/test.ts --only ${failed.name}`);
  console.log(`\n${closingLine(counts)}`);
  return failedCode || Math.min(counts.failed, 1);
}

async function main(): Promise<number> {
  const { only, forVitest } = readArguments(process.argv.slice(2));
  const dir = mkdtempSync(join(tmpdir(), 'patchbay-report-'));
  const folder = folderInMemory();
  try {
    const reportFile = join(dir, 'vitest.json');
    const all = stepsOf(reportFile, forVitest, folder);
    const unknown = only.filter((name) => !all.some((step) => step.name === name));
    const again = (files: readonly string[], secondFile: string): Step => testsStep(secondFile, files, folder);
    const steps = only.length === 0 ? all : all.filter((step) => only.includes(step.name));
    if (unknown.length === 0) return await runSteps(steps, { reportFile, again });
    console.error(`there is no step ${unknown.join(', ')}; there are ${all.map((step) => step.name).join(', ')}`);
    return 2;
  } finally {
    for (const used of [dir, ...(folder === null ? [] : [folder])]) rmSync(used, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await main();
