/** How a whole run goes: which files share a process, which begin first, and what a check that fails does to the tests beside it. */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { inOrder, kindOf, longest, projects } from '../test-order.ts';
import { runSteps, type Step } from '../test.ts';

const root = join(import.meta.dirname, '../..');

describe('which files share a process', () => {
  test.each([
    ['server/test/faces/a.test.ts', "import { openHouse } from '../support/house.ts';", 'faces'],
    ['server/test/conformance/a.test.ts', '', 'gateway'],
    ['server/test/domain/a.test.ts', '', 'parts'],
    ['client/test/a.test.ts', '', 'house'],
    ['web/test/a.test.ts', '', 'web'],
    ['web/test/a.test.ts', 'process.memoryUsage()', 'web'],
    ['server/test/faces/a.test.ts', 'const before = process.memoryUsage().rss;', 'alone'],
    ['server/test/domain/a.test.ts', "import { cpuMsOf } from '../support/cpu.ts';", 'alone'],
    ['server/test/egress/a.test.ts', "process.removeAllListeners('uncaughtException');", 'alone'],
    ['server/test/chaos/a.test.ts', '', 'alone'],
    ['server/test/journal/a.test.ts', '', 'alone'],
  ])('%s with “%s” is of the kind %3$s', (path, text, kind) => expect(kindOf(path, text)).toBe(kind));

  test('every test file of the repository runs, and each once but for the one that runs in each language', () => {
    const files = ['server', 'client', 'tools', 'web'].flatMap((folder) => globSync(`${folder}/test/**/*.test.ts`, { cwd: root }));
    const run = projects(root).flatMap(({ include, env }) => include.map((path) => [path, env?.['TEST_LANGUAGE']].join(' ').trim()));
    const everyPage = 'web/test/every-page.test.ts';
    const expected = files.flatMap((path) => (path === everyPage ? [`${path} en`, `${path} id`] : [path]));
    expect(run.toSorted()).toEqual(expected.toSorted());
  });

  test('only what asks the process, and every page, has a process of its own', () => {
    const own = projects(root).filter(({ isolate }) => isolate);
    expect(own.map(({ name }) => name)).toEqual(['en', 'id', 'alone']);
  });
});

describe('which files begin first', () => {
  test('every file that is said to be long exists', () => {
    expect(longest.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('kind by kind, the long ones first, then the larger ones, whatever an earlier run took', () => {
    const [larger, smaller] = ['server/test/domain/retry.test.ts', 'server/test/vault/vault.test.ts'].toSorted(
      (a, b) => readFileSync(join(root, b)).length - readFileSync(join(root, a)).length,
    );
    const paths = [
      ['parts', smaller],
      ['web', 'web/test/money.test.ts'],
      ['parts', larger],
      ['alone', 'server/test/journal/kill.test.ts'],
      ['id', 'web/test/every-page.test.ts'],
      ['web', 'web/test/shell.test.ts'],
      ['en', 'web/test/every-page.test.ts'],
    ] as const;
    const files = paths.map(([name, path]) => ({ project: { name }, moduleId: join(root, path!) }));
    const sorted = inOrder(root, files);
    expect(sorted.map(({ project }) => project.name)).toEqual(['en', 'id', 'web', 'web', 'alone', 'parts', 'parts']);
    expect(sorted.map(({ moduleId }) => moduleId)).toEqual([6, 4, 5, 1, 3, 2, 0].map((at) => files[at]!.moduleId));
  });
});

describe('the checks and the tests beside them', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'patchbay-run-'));
    vi.spyOn(console, 'log').mockReturnValue();
    vi.spyOn(console, 'error').mockReturnValue();
  });
  afterAll(() => {
    vi.restoreAllMocks();
    rmSync(dir, { recursive: true, force: true });
  });
  const step = (name: string, program: string): Step => ({ name, command: process.execPath, args: ['-e', program] });
  const wrote = (name: string): string => `require('fs').writeFileSync(${JSON.stringify(join(dir, name))}, '')`;
  const saidLast = (): unknown => vi.mocked(console.log).mock.lastCall?.[0];

  test('a check that fails ends the tests and the checks after it, and its exit code is that of the run', async () => {
    const steps = [
      step('tidy', 'process.exitCode = 3'),
      step('knip', wrote('knip')),
      step('vitest', 'setInterval(() => undefined, 1_000)'),
    ];
    expect(await runSteps(steps, { reportFile: join(dir, 'none.json') })).toBe(3);
    expect(existsSync(join(dir, 'knip'))).toBe(false);
    expect(saidLast()).toBe('\n0 passed, 1 failed, 0 skipped');
  });

  test('tests that fail are the outcome of a run whose checks went well', async () => {
    const report = join(dir, 'report.json');
    writeFileSync(report, JSON.stringify({ numPassedTests: 4, numFailedTests: 2 }));
    const steps = [step('tidy', ''), step('knip', wrote('went-on')), step('vitest', 'process.exitCode = 1')];
    expect(await runSteps(steps, { reportFile: report })).toBe(1);
    expect(existsSync(join(dir, 'went-on'))).toBe(true);
    expect(saidLast()).toBe('\n4 passed, 2 failed, 0 skipped');
  });

  /** A step that leaves a report of these files, `path: names of the tests that fail`, and says how many errors nobody caught. */
  const reporting = (file: string, failing: Record<string, string[]>, strays = 0): Step => {
    const testResults = Object.entries(failing).map(([path, names]) => ({
      name: join(root, path),
      status: names.length > 0 ? 'failed' : 'passed',
      assertionResults: names.map((fullName) => ({ status: 'failed', fullName })),
    }));
    const report = JSON.stringify({ numPassedTests: 10, numFailedTests: Object.values(failing).flat().length, testResults });
    const write = (name: string, text: string): string => `require('fs').writeFileSync(${JSON.stringify(name)}, ${JSON.stringify(text)});`;
    const code = Object.values(failing).flat().length + strays > 0 ? 1 : 0;
    return step('vitest', `${write(file, report)}${write(`${file}.strays`, String(strays))}process.exitCode = ${code}`);
  };

  test.each<[string, number, string, { first: Record<string, string[]>; strays?: number; second: Record<string, string[]>; asked: string[] }]>([
    ['a page that fails once is run again, and named', 0, '11 passed, 0 failed, 0 skipped', { first: { 'web/test/a.test.ts': ['shows'] }, second: { 'web/test/a.test.ts': [] }, asked: ['web/test/a.test.ts'] }],
    ['a page that fails twice has failed', 1, '11 passed, 1 failed, 0 skipped', { first: { 'web/test/a.test.ts': ['shows', 'hides'] }, second: { 'web/test/a.test.ts': ['shows'] }, asked: ['web/test/a.test.ts'] }],
    ['a test of the server has no second run', 1, '10 passed, 1 failed, 0 skipped', { first: { 'server/test/vault/a.test.ts': ['seals'] }, second: {}, asked: [] }],
    ['nor has a page beside it', 1, '10 passed, 2 failed, 0 skipped', { first: { 'server/test/vault/a.test.ts': ['seals'], 'web/test/a.test.ts': ['shows'] }, second: {}, asked: [] }],
    ['what fails in many pages is no chance', 1, '10 passed, 4 failed, 0 skipped', { first: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`web/test/${name}.test.ts`, ['x']])), second: {}, asked: [] }],
    ['an error that no test caught stays one', 1, '10 passed, 1 failed, 0 skipped', { first: { 'web/test/a.test.ts': ['shows'] }, strays: 1, second: { 'web/test/a.test.ts': [] }, asked: [] }],
  ])('%s', async (_name, code, line, { first, strays = 0, second, asked }) => {
    const reportFile = join(mkdtempSync(join(dir, 'again-')), 'report.json');
    const runAgain: string[] = [];
    const again = (files: readonly string[], secondFile: string): Step => {
      runAgain.push(...files);
      return reporting(secondFile, second);
    };
    expect(await runSteps([step('tidy', ''), reporting(reportFile, first, strays)], { reportFile, again })).toBe(code);
    expect([runAgain, saidLast()]).toEqual([asked, `\n${line}`]);
    if (code === 0) expect(vi.mocked(console.log).mock.calls.flat()).toContain('unsteady: web/test/a.test.ts: shows');
  }); // prettier-ignore

  test('tests are not begun where only checks are asked for, and all well is 0', async () => {
    expect(await runSteps([step('tidy', ''), step('knip', '')], { reportFile: join(dir, 'none.json') })).toBe(0);
    expect(await runSteps([step('vitest', '')], { reportFile: join(dir, 'none.json') })).toBe(0);
  });
});
