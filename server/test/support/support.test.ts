/** Proves that the throw-away servers of the tests are real, obey, and leave nothing behind. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { closeBrowser, openBrowser } from './browser.ts';
import { available, findProgram, mayUse, needs } from './parts.ts';
import { createDatabase, startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { freePort, freshDir, processesBelow, throwaway } from './throwaway.ts';
import { until } from './wait.ts';

async function ask(url: string, text: string, limitMs = 20_000): Promise<unknown> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: limitMs, query_timeout: limitMs });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const answer = await client.query({ text, rowMode: 'array' });
    return (answer.rows as unknown[][])[0]?.[0];
  } finally {
    await client.end();
  }
}

describe('parts', () => {
  test('a program that does not exist is not found', () => {
    expect(findProgram(['patchbay-no-such-program'])).toBeUndefined();
    expect(findProgram(['patchbay-no-such-program', 'sh'])).toMatch(/\/sh$/);
  });

  test('a required part that is missing fails, another one is a skip', () => {
    expect(() => mayUse('browser', false, 'postgres, browser')).toThrow(/TEST_REQUIRE names browser/);
    expect(mayUse('browser', false, 'postgres,redis')).toBe(false);
    expect(mayUse('browser', false, '')).toBe(false);
    expect(mayUse('browser', true, 'browser')).toBe(true);
  });

  test('what is available stays so within a run', () => {
    expect(available('postgres')).toBe(available('postgres'));
  });
});

describe('a port for a server', () => {
  test('is given once, also where another process asks, and is none that a system gives to whoever asks for any', async () => {
    const port = await freePort();
    const script = `import { freePort } from './server/test/support/throwaway.ts'; console.log(await freePort(${port}));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    const others = [Number(chunk.toString('utf8')), await freePort(port)];
    expect(others.filter((other) => other === port)).toEqual([]);
    expect([port, ...others].every((one) => one >= 20_000 && one < 32_768)).toBe(true);
  });
});

/** Whether a process is one of those that sleep, and not the ashes of one. */
const isSleep = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\0');
  } catch {
    return false;
  }
};

describe('a program with others below it', () => {
  test('is killed with all of them, however soon it is gone itself', async () => {
    const count = 8;
    const script = `for i in ${Array.from({ length: count }, (_, index) => index).join(' ')}; do sleep 600 & done; echo $$; wait`;
    const server = throwaway({ program: '/bin/sh', args: ['-c', script], dir: freshDir('below'), isReady: () => Promise.resolve(true) });
    const before = new Set(processesBelow(process.pid));
    await server.start();
    const started = (): number[] => processesBelow(process.pid).filter((pid) => !before.has(pid) && isSleep(pid));
    await until(() => started().length === count);
    const below = started();
    server.signalAll('SIGKILL');
    await until(() => below.every((pid) => !isSleep(pid)));
    await server.remove();
    expect(below.filter(isSleep)).toEqual([]);
  });
});

needs('postgres')('a throw-away PostgreSQL', () => {
  test('each database is empty and its own', async () => {
    const [one, two] = [await createDatabase(), await createDatabase()];
    expect(one).not.toBe(two);
    await ask(one, 'create table kept (id int)');
    expect(await ask(one, "select to_regclass('kept')::text")).toBe('kept');
    expect(await ask(two, "select to_regclass('kept')::text")).toBeNull();
  });

  test('it pauses, resumes, restarts with its data, and comes back from being killed', async () => {
    const server = await startPostgres();
    await ask(server.url, 'create table kept as select 7 as n');
    server.pause();
    await expect(ask(server.url, 'select 1', 300)).rejects.toThrow(/timeout/i);
    server.resume();
    expect(await ask(server.url, 'select n from kept')).toBe(7);
    await server.restart();
    expect(await ask(server.url, 'select n from kept')).toBe(7);
    await server.kill();
    await expect(ask(server.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
    await server.restart();
    expect(await ask(server.url, 'select n from kept')).toBe(7);
    server.pause();
    await server.stop();
    await expect(ask(server.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('a test process that is killed leaves neither a server nor a folder', async () => {
    // Of its own, where nobody else puts anything; the server's user goes through it.
    const folder = freshDir('killed');
    chmodSync(folder, 0o755);
    const script = `import { startPostgres } from './server/test/support/postgres.ts'; console.log((await startPostgres()).url); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder },
    });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    const url = chunk.toString('utf8').trim();
    expect(await ask(url, 'select 1')).toBe(1);
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^patchbay-postgres-/)]);
    child.kill('SIGKILL');
    await expect.poll(() => readdirSync(folder)).toEqual([]);
    await expect(ask(url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
    rmdirSync(folder);
  });
});

needs('redis')('a throw-away Redis', () => {
  test('it answers, pauses, dies and comes back on its port', async () => {
    const server = await startRedis();
    const { port } = server;
    server.pause();
    server.resume();
    await server.kill();
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.url).toBe(`redis://127.0.0.1:${port}`);
    await server.stop();
  });
});

needs('browser')('the browser', () => {
  afterAll(closeBrowser);

  test('it shows a page, and is one per file', async () => {
    const browser = await openBrowser();
    expect(await openBrowser()).toBe(browser);
    const page = await browser.newPage();
    await page.setContent('<h1>Patchbay</h1>');
    expect(await page.textContent('h1')).toBe('Patchbay');
    await page.close();
  });

  test('it goes without all that Playwright would have it go without', async () => {
    const session = await (await openBrowser()).newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    const { id } = processInfo.find(({ type }) => type === 'browser')!;
    const lists = execFileSync('ps', ['-ww', '-o', 'args=', '-p', `${id}`], { encoding: 'utf8' }).match(/(?<=--disable-features=)\S+/g)!;
    expect(lists).toHaveLength(2);
    const [playwrights, ours] = lists.map((list) => list.split(','));
    expect(playwrights!.filter((name) => !ours!.includes(name))).toEqual([]);
  });
});
