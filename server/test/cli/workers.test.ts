/** Several workers behind one port, as real processes on a real PostgreSQL: one installation, exact books, nobody left behind. */
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as waitMs } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { judge, openBooksOf } from '../chaos/books.ts';
import { startLoad } from '../chaos/load.ts';
import {
  doneEvent,
  finishEvent,
  holdingBetween,
  plain,
  roleEvent,
  startFakeProvider,
  usageEvent,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { createDatabase, needs } from '../support/postgres.ts';
import { freePort } from '../support/throwaway.ts';
import { createBench, type Bench, type Running } from './run.ts';

const token = 'a-token-of-the-workers-tests-0123456789abcdef';
const administrator = { PATCHBAY_ADMIN_EMAIL: 'ann@example.com', PATCHBAY_ADMIN_PASSWORD: 'correct horse', PATCHBAY_ADMIN_TOKEN: token };
const masterKey = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 11 * (n % 5)) % 251)).toString('base64');

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The processes that this one has started, oldest first. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

needs('postgres')('workers', () => {
  let bench: Bench;
  let provider: FakeProvider;
  let databaseUrl = '';
  let port = 0;
  let left: number[] = [];
  beforeAll(async () => {
    provider = await startFakeProvider();
    provider.answer(plain);
  });
  afterAll(() => provider.close());
  beforeEach(async () => {
    bench = createBench();
    databaseUrl = await createDatabase();
    port = await freePort();
    left = [];
  });
  afterEach(async () => {
    for (const pid of left) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await bench.clear();
  });

  const environment = (more: Record<string, string> = {}): Record<string, string> => ({
    ...administrator,
    PATCHBAY_DATABASE_URL: databaseUrl,
    PATCHBAY_MASTER_KEY: masterKey,
    PATCHBAY_PORT: String(port),
    PATCHBAY_EGRESS_ALLOW: '127.0.0.0/8:*',
    PATCHBAY_WORKERS: '3',
    ...more,
  });

  /** Starts and waits until so many serve. */
  async function serving(count: number, more: Record<string, string> = {}): Promise<Running> {
    const house = bench.launch(['start'], environment(more));
    await house.shows(/Patchbay serves/);
    const pid = house.child.pid!;
    if (count > 1) {
      await expect.poll(() => childrenOf(pid).length).toBe(count);
      left.push(...childrenOf(pid));
      await house.shows(new RegExp(`(?:"msg":"serving"[\\s\\S]*){${count}}`));
    }
    return house;
  }

  const url = (path: string): string => `http://127.0.0.1:${port}${path}`;
  async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(url(path), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { data: T };
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer.data;
  }
  async function furnish(): Promise<string> {
    await api('POST', '/api/configurations', {
      name: 'Main',
      provider: 'openai',
      baseUrl: provider.baseUrl,
      apiKey: 'sk-CANARY-5b1d',
      model: 'gpt-4o',
    });
    return (await api<{ key: string }>('POST', '/api/access-keys', { name: 'load' })).key;
  }
  /** By a line of its own, so that it may come to any of them. */
  const ask = (key: string, body: Record<string, unknown> = {}): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const asked = httpRequest(url('/v1/chat/completions'), { method: 'POST', headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode!, text }));
        response.on('error', reject);
      });
      asked.on('error', reject);
      asked.end(JSON.stringify({ model: 'Main/gpt-4o', messages: [{ role: 'user', content: 'hi' }], ...body }));
    });
  const requestsTold = async (): Promise<number> => {
    const text = await (await fetch(url('/metrics'))).text();
    return Number(/^patchbay_requests_total\{outcome="ok"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };

  test('serve one port, each with a journal of its own; whichever is asked tells the figures of all; a signal ends them', async () => {
    const house = await serving(3);
    const key = await furnish();
    const statuses = await Promise.all(Array.from({ length: 30 }, async () => (await ask(key)).status));
    expect(statuses).toEqual(Array.from({ length: 30 }, () => 200));
    const data = join(bench.dir, 'data');
    for (const dir of [data, join(data, 'workers', '2'), join(data, 'workers', '3')]) {
      expect(readdirSync(join(dir, 'journal')).length).toBeGreaterThan(1);
    }
    for (let n = 0; n < 4; n++) expect(await requestsTold()).toBe(30);
    const figures = await (await fetch(url('/metrics'))).text();
    expect(figures).toMatch(/^patchbay_database_up 1$/m);
    expect(figures).toMatch(/^patchbay_attempt_duration_seconds_count\{provider="openai"\} 30$/m);
    const listed = async (): Promise<number> => (await api<unknown[]>('GET', '/api/requests?limit=100')).length;
    await expect.poll(listed).toBe(30);
    // The command line speaks to them, and not past them.
    const exported = await bench.run(['connections', 'list', '--json'], environment());
    expect(exported.code).toBe(0);
    expect(exported.out).toContain('"Main"');

    const children = childrenOf(house.child.pid!);
    house.child.kill('SIGTERM');
    const ended = await house.ended;
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.out.match(/Patchbay serves/g)).toHaveLength(1);
    expect(children.filter(isAlive)).toEqual([]);
  });

  test('one that is killed is followed by another with its journal, the others go on, and the books are exact', async () => {
    const house = await serving(3);
    const load = startLoad(await furnish());
    load.aim(url(''));
    for (let kills = 0; kills < 3; kills++) {
      await waitMs(700);
      const before = childrenOf(house.child.pid!);
      const told = load.told.length;
      process.kill(before[kills % before.length]!, 'SIGKILL');
      await expect.poll(() => load.told.length).toBeGreaterThan(told + 20);
      const isBack = (): boolean => {
        const now = childrenOf(house.child.pid!);
        return now.length === 3 && now.some((pid) => !before.includes(pid));
      };
      await expect.poll(isBack).toBe(true);
      left.push(...childrenOf(house.child.pid!));
    }
    await load.stop();
    house.child.kill('SIGTERM');
    expect((await house.ended).code).toBe(0);
    // Who was just starting has left a journal: the next start has it, as after any kill.
    const alone = await serving(1, { PATCHBAY_WORKERS: '1' });
    await expect.poll(() => readdirSync(join(bench.dir, 'data', 'workers'))).toEqual([]);
    alone.child.kill('SIGTERM');
    expect((await alone.ended).code).toBe(0);
    const driver = await openBooksOf({ dataDir: join(bench.dir, 'books'), databaseUrl, port });
    try {
      const verdict = await judge(
        driver,
        load.told,
        provider.received.filter(({ text }) => text.includes('"mark-')),
      );
      expect(verdict.faults).toEqual([]);
      expect(verdict.complete).toBeGreaterThan(60);
    } finally {
      await driver.close();
    }
  });

  test('with their supervisor gone they end what is under way, and then themselves', async () => {
    const house = await serving(2, { PATCHBAY_WORKERS: '2' });
    const key = await furnish();
    provider.answer(holdingBetween([roleEvent], [finishEvent, usageEvent, doneEvent]), plain);
    const streamed = ask(key, { stream: true, stream_options: { include_usage: true } });
    await expect.poll(() => provider.received.some(({ text, isAnswered }) => text.includes('include_usage') && !isAnswered)).toBe(true);
    const children = childrenOf(house.child.pid!);
    // Its output stays open for as long as one of them has it.
    const gone = once(house.child, 'exit');
    house.child.kill('SIGKILL');
    await gone;
    await waitMs(300);
    provider.release();
    expect(await streamed).toMatchObject({ status: 200, text: expect.stringMatching(/\[DONE\]\s*$/) as string });
    await expect.poll(() => children.filter(isAlive)).toEqual([]);
  });

  test('what workers left that are no more is brought into the books by the next start, however many that has', async () => {
    const house = await serving(3);
    const key = await furnish();
    await Promise.all(Array.from({ length: 30 }, () => ask(key)));
    for (const pid of [house.child.pid!, ...left]) process.kill(pid, 'SIGKILL');
    await house.ended;
    const data = join(bench.dir, 'data');
    expect(readdirSync(join(data, 'workers')).toSorted()).toEqual(['2', '3']);
    const alone = await serving(1, { PATCHBAY_WORKERS: '1' });
    await expect.poll(() => readdirSync(join(data, 'workers'))).toEqual([]);
    const listed = async (): Promise<number> => (await api<unknown[]>('GET', '/api/requests?limit=100')).length;
    await expect.poll(listed).toBe(30);
    alone.child.kill('SIGTERM');
    expect((await alone.ended).code).toBe(0);
  });

  test('one link is said for the first set-up, and it opens the house whichever worker is asked', async () => {
    const none = { PATCHBAY_ADMIN_EMAIL: '', PATCHBAY_ADMIN_PASSWORD: '', PATCHBAY_ADMIN_TOKEN: '' };
    const house = await serving(3, none);
    const link = (await house.shows(/Set it up once, with this link: (\S+)/))[1]!;
    const body = {
      token: new URL(link).searchParams.get('token'),
      name: 'Ann',
      email: 'ann@example.com',
      password: 'correct horse',
      organizationName: 'Office',
    };
    const made = await fetch(url('/api/setup'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect({ status: made.status, text: await made.text() }).toMatchObject({ status: 201 });
    house.child.kill('SIGTERM');
    const { out, code } = await house.ended;
    expect(code).toBe(0);
    expect(out.match(/Set it up once/g)).toHaveLength(1);
  });

  describe('where the first one cannot start, nobody does', () => {
    test('a wrong master key ends it with one line and exit code 78', async () => {
      const house = await serving(1, { PATCHBAY_WORKERS: '1' });
      await furnish();
      house.child.kill('SIGTERM');
      await house.ended;
      const other = Buffer.from(masterKey, 'base64')
        .toString('base64')
        .replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
      const ended = await bench.run(['start'], environment({ PATCHBAY_MASTER_KEY: other }));
      expect(ended).toMatchObject({ code: 78, signal: null });
      expect(ended.err.trim().split('\n')).toEqual([expect.stringMatching(/^patchbay: wrong master key: /)]);
      expect(existsSync(join(bench.dir, 'data', 'workers'))).toBe(false);
    });

    test('a port that is taken ends it with exit code 1', async () => {
      const taken = new URL(provider.origin).port;
      const ended = await bench.run(['start'], environment({ PATCHBAY_PORT: taken }));
      expect(ended.code).toBe(1);
      expect(ended.err).toContain(`cannot listen on 127.0.0.1:${taken}: another program listens there`);
    });

    test('another installation at the same port is refused, however many workers the two have', async () => {
      const house = await serving(2, { PATCHBAY_WORKERS: '2' });
      for (const workers of ['1', '3']) {
        const more = { PATCHBAY_DATA_DIR: `other-${workers}`, PATCHBAY_WORKERS: workers, PATCHBAY_DATABASE_URL: await createDatabase() };
        const other = await bench.run(['start'], environment(more));
        expect(other.code).toBe(1);
        expect(other.err).toContain('another program listens there');
      }
      house.child.kill('SIGTERM');
      expect((await house.ended).code).toBe(0);
    });

    test('one without a supervisor is refused as a wrong use', async () => {
      const ended = await bench.run(['start', '--worker'], environment());
      expect(ended).toMatchObject({ code: 64, out: '' });
      expect(ended.err).toContain('PATCHBAY_WORKERS');
    });
  });
});
