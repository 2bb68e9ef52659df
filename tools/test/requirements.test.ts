/** Proves that the requirements table cannot name a test that is not there, and that the closing line of a run tells the truth. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readRequirements, requirementFaults, summaryOf, tables } from '../requirements.ts';
import { countsOf } from '../second-run.ts';
import { closingLine, readArguments } from '../test.ts';

const table = [
  '| id | promise | covered by | note |',
  '|---|---|---|---|',
  '| R-001 | a | `server/test/a.test.ts` · seals<br>server/test/a.test.ts · group | |',
  '| R-002 | b | open | later |',
  '| C-01 | c | server/test/gone.test.ts · d | |',
  '| C-01 | c | server/test/a.test.ts · opens | |',
].join('\n');
const files: Record<string, string> = { 'server/test/a.test.ts': "describe('group of', () => { test('it seals well', () => {}); });" };

test('a file or a title that does not exist is a fault, and so is an id that comes twice', () => {
  expect(requirementFaults(readRequirements(table), (path) => files[path])).toEqual([
    'docs/requirements.md:5: C-01: there is no server/test/gone.test.ts',
    'docs/requirements.md:6: C-01 comes twice',
    'docs/requirements.md:6: C-01: server/test/a.test.ts has no test "opens"',
  ]);
});

test('coverage is counted per kind', () => {
  expect(summaryOf(readRequirements(table))).toEqual(['R-: 1 of 2 proven', 'C-: 2 of 2 proven', 'all: 3 of 4 proven']);
});

test('a row that says neither open nor a test is refused', () => {
  expect(() => readRequirements('| R-001 | a | server/test/a.test.ts | |')).toThrow(/:1: R-001/);
});

test('the tables of this repository hold every requirement and every point of acceptance once, and name only tests that exist', () => {
  const root = new URL('../../', import.meta.url);
  const readText = (path: string): string | undefined => {
    try {
      return readFileSync(new URL(path, root), 'utf8');
    } catch {
      return undefined;
    }
  };
  const requirements = tables.flatMap((table) => readRequirements(readText(table) ?? '', table));
  expect(requirements).toHaveLength(297 + 54 + 46 + 40);
  expect(requirementFaults(requirements, readText)).toEqual([]);
});

test('the closing line counts what vitest counted, and a file that broke as a failure', () => {
  const report = {
    numPassedTests: 5,
    numFailedTests: 1,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
      { status: 'failed', assertionResults: [] },
      { status: 'passed', assertionResults: [{ status: 'passed' }] },
    ],
  };
  expect(closingLine(countsOf(report))).toBe('5 passed, 2 failed, 3 skipped');
});

test('steps are picked by name, the rest of the line is for vitest', () => {
  expect(readArguments(['--only', 'tidy,vitest', 'server/test/vault', '-t', 'seals'])).toEqual({
    only: ['tidy', 'vitest'],
    forVitest: ['server/test/vault', '-t', 'seals'],
  });
  expect(readArguments(['--', 'server/test/vault'])).toEqual({ only: [], forVitest: ['server/test/vault'] });
});
