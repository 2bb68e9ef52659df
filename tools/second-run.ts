/**
 * Tests of the pages look at a real browser, on a machine that may be busy with other things: files of them that fail are run once more,
 * by themselves, and what passes then is named as unsteady. Tests of the server get no second run: there, what passes by luck is a fault.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** What is used of vitest's JSON report. */
export interface Report {
  numPassedTests?: number;
  numFailedTests?: number;
  numPendingTests?: number;
  numTodoTests?: number;
  testResults?: { name?: string; status: string; assertionResults: { status: string; fullName?: string }[] }[];
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** More files than this do not fail by chance. */
const filesMax = 3;

export const readReport = (file: string): Report => JSON.parse(readFileSync(file, 'utf8')) as Report;

const failedIn = ({ testResults = [] }: Report) => testResults.filter(({ status }) => status === 'failed');

/** The numbers of a report. A file that could not even be read counts as one failure, since its tests are not known. */
export function countsOf(report: Report): Counts {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = report;
  const brokenFiles = failedIn(report).filter((file) => !file.assertionResults.some((test) => test.status === 'failed'));
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length, skipped: numPendingTests + numTodoTests };
}

/** The files that get a second run, below the root; none where anything else failed, or more than a few did. */
export function filesForSecondRun(root: string, report: Report): string[] {
  const failed = [...new Set(failedIn(report).map(({ name = '' }) => relative(root, name).replaceAll('\\', '/')))];
  return failed.length <= filesMax && failed.every((path) => path.startsWith('web/test/')) ? failed : [];
}

/** The names of the tests that failed. */
export const failuresOf = (root: string, report: Report): string[] =>
  failedIn(report).flatMap(({ name = '', assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName = '' }) => `${relative(root, name).replaceAll('\\', '/')}: ${fullName}`),
  );

/** Both runs as one: what failed is what failed again. */
export function together(first: Counts, second: Counts): Counts {
  return { passed: first.passed + Math.max(0, first.failed - second.failed), failed: second.failed, skipped: first.skipped };
}
