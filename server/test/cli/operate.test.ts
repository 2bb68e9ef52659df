/** The operator's socket: who may open it, what it answers to what it does not know, and that a command finds the house wherever it is. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandFailed } from '../../src/app/ends.ts';
import { askRunningServer, openOperatorLine, operatorSocketOf } from '../../src/app/operator-line.ts';
import { operate } from '../../src/cli/operate.ts';
import { createLog } from '../../src/lib/log.ts';
import { install, type Installation } from './installation.ts';

const log = createLog('silent');
const quietly = (): void => undefined;

let place: Installation;
beforeAll(async () => {
  place = await install();
});
afterAll(() => place.close());

describe('the socket', () => {
  const dir = (name: string): string => {
    mkdirSync(join(place.dir, name), { recursive: true });
    return join(place.dir, name);
  };

  test('answers what an operation says and returns, line by line', async () => {
    const dataDir = dir('one');
    const line = await openOperatorLine({ dataDir, log }, async (name, input, say) => {
      say(`hears ${name}`);
      return { input };
    });
    const said: string[] = [];
    const answer = await askRunningServer(dataDir, 'anything', { a: 'ü'.repeat(100_000) }, (text) => void said.push(text));
    expect(said).toEqual(['hears anything']);
    expect(answer).toEqual({ result: { input: { a: 'ü'.repeat(100_000) } } });
    expect(statSync(join(dataDir, 'operator.sock')).mode & 0o777).toBe(0o600);
    await line.close();
    expect(await askRunningServer(dataDir, 'anything', {}, quietly)).toBeUndefined();
  });

  test('a failure comes with its line and its exit code, and without its secrets', async () => {
    const dataDir = dir('two');
    const line = await openOperatorLine({ dataDir, log }, async (name) => {
      throw name === 'known' ? new CommandFailed('not like this', 64) : new TypeError('broke with sk-canary0123456789abcdef');
    });
    await expect(askRunningServer(dataDir, 'known', {}, quietly)).rejects.toMatchObject({ message: 'not like this', exitCode: 64 });
    const failure = askRunningServer(dataDir, 'other', {}, quietly);
    await expect(failure).rejects.toMatchObject({ message: 'unexpected: TypeError: broke with [secret]', exitCode: 1 });
    await line.close();
  });

  test('a server that ends in the middle is told as such', async () => {
    const dataDir = dir('three');
    const never = Promise.withResolvers<never>();
    const line = await openOperatorLine({ dataDir, log }, async (_name, _input, say) => {
      say('begun');
      return never.promise;
    });
    const asked = askRunningServer(dataDir, 'long', {}, () => void line.close());
    await expect(asked).rejects.toThrow('the server ended before it had finished; run this again');
  });

  test('a socket that a killed run left does not stand in the way', async () => {
    const dataDir = dir('four');
    writeFileSync(join(dataDir, 'operator.sock'), '');
    const line = await openOperatorLine({ dataDir, log }, async () => 'here');
    expect(await askRunningServer(dataDir, 'x', {}, quietly)).toEqual({ result: 'here' });
    await line.close();
  });

  test('a body that is no JSON is refused, and the next one is answered', async () => {
    const dataDir = dir('five');
    const line = await openOperatorLine({ dataDir, log }, async () => 'here');
    const answer = await new Promise<string>((resolve, reject) => {
      const sent = request({ socketPath: join(dataDir, 'operator.sock'), method: 'POST', path: '/x' }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve(text));
      });
      sent.on('error', reject);
      sent.end('{');
    });
    expect(JSON.parse(answer)).toMatchObject({ ended: { exitCode: 1 } });
    expect(await askRunningServer(dataDir, 'x', {}, quietly)).toEqual({ result: 'here' });
    await line.close();
  });

  test('a path that is too long for a socket has none, and the server starts all the same', async () => {
    const long = join(place.dir, 'x'.repeat(120));
    expect(operatorSocketOf(long)).toBeNull();
    const line = await openOperatorLine({ dataDir: long, log }, async () => 'here');
    expect(await askRunningServer(long, 'x', {}, quietly)).toBeUndefined();
    await line.close();
  });
});

describe('an operation', () => {
  test('runs on what is stored where no server runs, and in the server where one does', async () => {
    const stopped = await operate(place.settings(), 'connections.list', {}, quietly);
    expect(stopped).toMatchObject({ isServing: false, result: { connections: [], hasDefault: false } });
    await place.serve();
    const serving = await operate(place.settings(), 'connections.list', {}, quietly);
    expect(serving).toEqual({ ...stopped, isServing: true });
  });

  test('a name that the server does not know is told as another version', async () => {
    await expect(askRunningServer(place.dataDir, 'toString', {}, quietly)).rejects.toThrow(
      /does not know toString; restart it after an update/,
    );
  });
});
