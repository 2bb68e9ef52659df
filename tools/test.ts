/**
 * `npm test`: every check in order, each with its time, and the tests beside them; the first that fails ends the run. `--only
 * tidy,vitest` picks steps; what else stands on the line goes to vitest (`node tools/test.ts --only vitest server/test/vault`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What the command line asks for: the names of steps (empty: all) and vitest's own arguments. */
export function readArguments(args: readonly string[]): { only: string[]; forVitest: string[] } {
  const rest = args.filter((arg) => arg !== '--');
  const at = rest.indexOf('--only');
  if (at < 0) return { only: [], forVitest: rest };
  const only = (rest[at + 1] ?? '').split(',').filter((name) => name !== '');
  return { only, forVitest: [...rest.slice(0, at), ...rest.slice(at + 2)] };
}

/** The numbers of vitest's JSON report. A file that could not even be read counts as one failure, since its tests are not known. */
export function countsOf(report: unknown): Counts {
  const {
    numPassedTests = 0,
    numFailedTests = 0,
    numPendingTests = 0,
    numTodoTests = 0,
    testResults = [],
  } = report as {
    numPassedTests?: number;
    numFailedTests?: number;
    numPendingTests?: number;
    numTodoTests?: number;
    testResults?: { status: string; assertionResults: { status: string }[] }[];
  };
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length, skipped: numPendingTests + numTodoTests };
}

/** The last line of the run. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function stepsOf(reportFile: string, forVitest: readonly string[]): Step[] {
  const projects = ['tsconfig.json', 'web/tsconfig.json'].filter((path) => existsSync(join(root, path)));
  return [
    { name: 'tidy', command: 'node', args: ['tools/tidy.ts'] },
    ...projects.map((path) => ({ name: path === 'tsconfig.json' ? 'tsc' : 'tsc-web', command: 'tsc', args: ['-p', path, '--noEmit'] })),
    { name: 'oxlint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
    { name: 'oxfmt', command: 'oxfmt', args: ['--check', '.'] },
    { name: 'knip', command: 'knip', args: ['--no-progress', '--no-config-hints'] },
    {
      name: tests,
      command: 'vitest',
      args: ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...forVitest],
    },
  ];
}

interface Running {
  child: ChildProcess;
  /** The exit code, 128 + signal when one ended it. */
  code: Promise<number>;
}

/** Starts one step. The output of the tests goes on ours as it comes, that of a check in one piece when it is done. */
function start({ name, command, args }: Step): Running {
  const startedMs = performance.now();
  const isKept = name !== tests;
  if (!isKept) console.log(`\n== ${name}`);
  const child = spawn(command, args, { cwd: root, env, stdio: isKept ? ['ignore', 'pipe', 'pipe'] : 'inherit', timeout: stepLimitMs });
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

/** Runs the checks, and the tests beside them: what fails first ends the tests, and the run. Says how it went. */
export async function runSteps(steps: readonly Step[], reportFile: string): Promise<number> {
  const last = steps.find(({ name }) => name === tests);
  const running = last && start(last);
  const checked = await runChecks(steps.filter((step) => step !== last));
  if (checked.failed) running?.child.kill('SIGTERM');
  const code = (await running?.code) ?? 0;
  const { failed, code: failedCode } = checked.failed || code === 0 ? checked : { failed: last, code };
  const counts = existsSync(reportFile) ? countsOf(JSON.parse(readFileSync(reportFile, 'utf8'))) : { passed: 0, failed: 0, skipped: 0 };
  // A step that failed before any test ran is itself the failure, so that the closing line never reads like success.
  if (failed && counts.failed === 0) counts.failed = 1;
  if (failed) console.error(`\nstopped: step ${failed.name} failed; run it alone with: node tools/test.ts --only ${failed.name}`);
  console.log(`\n${closingLine(counts)}`);
  return failedCode || Math.min(counts.failed, 1);
}

async function main(): Promise<number> {
  const { only, forVitest } = readArguments(process.argv.slice(2));
  const dir = mkdtempSync(join(tmpdir(), 'patchbay-report-'));
  try {
    const reportFile = join(dir, 'vitest.json');
    const all = stepsOf(reportFile, forVitest);
    const unknown = only.filter((name) => !all.some((step) => step.name === name));
    if (unknown.length === 0) return await runSteps(only.length === 0 ? all : all.filter((step) => only.includes(step.name)), reportFile);
    console.error(`there is no step ${unknown.join(', ')}; there are ${all.map((step) => step.name).join(', ')}`);
    return 2;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await main();
