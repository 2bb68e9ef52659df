/**
 * `npm test`: every check in order, each with its time, the first that fails ends the run. `--only tidy,vitest` picks steps; what
 * else stands on the line goes to vitest (`node tools/test.ts --only vitest server/test/vault`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}` };
/** No single step may hang a build for ever. */
const stepLimitMs = 45 * 60_000;

interface Step {
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
      name: 'vitest',
      command: 'vitest',
      args: ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...forVitest],
    },
  ];
}

/** Runs one step with its output on ours; answers its exit code (128 + signal when one ended it). */
function run({ name, command, args }: Step): number {
  console.log(`\n== ${name}`);
  const startedMs = performance.now();
  const done = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', timeout: stepLimitMs });
  const code = done.status ?? (done.signal ? 128 + constants.signals[done.signal] : 1);
  if (done.error) console.error(`${command}: ${done.error.message}`);
  console.log(
    `== ${name}: ${code === 0 ? 'ok' : `failed with exit code ${code}`}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  return code;
}

/** Runs the steps up to the first that fails and says how it went. */
function runSteps(steps: readonly Step[], reportFile: string): number {
  const codes = new Map<string, number>();
  const failed = steps.find((step) => {
    codes.set(step.name, run(step));
    return codes.get(step.name) !== 0;
  });
  const counts = existsSync(reportFile) ? countsOf(JSON.parse(readFileSync(reportFile, 'utf8'))) : { passed: 0, failed: 0, skipped: 0 };
  // A step that failed before any test ran is itself the failure, so that the closing line never reads like success.
  if (failed && counts.failed === 0) counts.failed = 1;
  if (failed) console.error(`\nstopped: step ${failed.name} failed; run it alone with: node tools/test.ts --only ${failed.name}`);
  console.log(`\n${closingLine(counts)}`);
  return (failed && codes.get(failed.name)) || Math.min(counts.failed, 1);
}

function main(): number {
  const { only, forVitest } = readArguments(process.argv.slice(2));
  const dir = mkdtempSync(join(tmpdir(), 'patchbay-report-'));
  try {
    const reportFile = join(dir, 'vitest.json');
    const all = stepsOf(reportFile, forVitest);
    const unknown = only.filter((name) => !all.some((step) => step.name === name));
    if (unknown.length === 0) return runSteps(only.length === 0 ? all : all.filter((step) => only.includes(step.name)), reportFile);
    console.error(`there is no step ${unknown.join(', ')}; there are ${all.map((step) => step.name).join(', ')}`);
    return 2;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = main();
