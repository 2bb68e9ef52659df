/** What ends a command becomes one line without secrets, and the exit code that a supervisor needs. */
import { expect, test } from 'vitest';
import { SettingsError } from '../../src/app/settings.ts';
import { StartRefused } from '../../src/app/start-refused.ts';
import { CommandFailed, endOf } from '../../src/app/ends.ts';
import { runCommand } from '../../src/cli/output.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { DataDirectoryLocked, StorageStartError, StorageUnavailable } from '../../src/storage/errors.ts';

test.each([
  [new SettingsError('PATCHBAY_PORT must be a whole number'), 'PATCHBAY_PORT must be a whole number'],
  [new StartRefused('wrong master key'), 'wrong master key'],
  [new StorageStartError('the database is newer than this program'), 'the database is newer than this program'],
  [new DataDirectoryLocked('the data directory is locked'), 'the data directory is locked'],
])('%s ends with 78, because only a change of configuration helps', (error, line) => {
  expect(endOf(error)).toEqual({ line, exitCode: 78 });
});

test('a database that does not answer ends with 1, because trying again may help', () => {
  expect(endOf(new StorageUnavailable('ECONNREFUSED'))).toEqual({ line: 'the database does not answer: ECONNREFUSED', exitCode: 1 });
});

test('a port that is taken names the place and the settings', () => {
  const error = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: 8484 });
  expect(endOf(error).line).toBe(
    'cannot listen on 127.0.0.1:8484: another program listens there; choose another with PATCHBAY_HOST and PATCHBAY_PORT',
  );
  expect(endOf(Object.assign(error, { code: 'EACCES' })).line).toContain('EACCES');
});

test('a refusal says what the page would say, its code, and each field', () => {
  const refusal = new Refusal('NOT_FOUND', { details: [{ path: 'newKey', code: 'used', message: 'make a new one' }] });
  expect(endOf(refusal).line).toMatch(/^[A-Z].+ \(NOT_FOUND\) newKey: make a new one$/);
  expect(endOf(refusal, 'id').line).not.toBe(endOf(refusal, 'en').line);
});

test('a command that fails says its own line with its own code', () => {
  expect(endOf(new CommandFailed('not like this', 64))).toEqual({ line: 'not like this', exitCode: 64 });
});

test('an unexpected error is one line, without secrets and without end', () => {
  const { line, exitCode } = endOf(new TypeError(`broken\n  at x\n  with sk-${'a'.repeat(40)} ${'y'.repeat(5_000)}`));
  expect(exitCode).toBe(1);
  expect(line).toMatch(/^unexpected: TypeError: broken at x with \[secret\] y+$/);
  expect(line.length).toBeLessThanOrEqual(1_000);
  expect(endOf('a text').line).toBe('unexpected: a text');
});

test('a command that throws writes one line to standard error and nothing to standard output', async () => {
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(`out ${line}`), err: (line: string) => void lines.push(`err ${line}`) };
  const failing = async (): Promise<number> => {
    throw new StartRefused('no');
  };
  expect(await runCommand(terminal, failing)).toBe(78);
  expect(await runCommand(terminal, async () => 0)).toBe(0);
  expect(lines).toEqual(['err patchbay: no']);
});
