/** Real instances on one PostgreSQL and one Valkey, each with its own data directory, that are killed and come back while they are asked. */
import { rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { freePort, freshDir } from '../../support/throwaway.ts';
import { until } from '../../support/wait.ts';
import { startInstance, type Instance, type Place } from '../instance.ts';
import { createListener, type Listener } from './lines.ts';

const startsMax = 3;

export interface Member {
  index: number;
  url: string;
  place: Place;
  isUp: boolean;
  /** Rises with every kill: who asked an earlier run of it may have had no answer. */
  run: number;
}

/** How a member answered. `status` is 0 where it was killed meanwhile: then nobody knows whether it was done. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Members {
  all: readonly Member[];
  /** Two different ones that serve; waits until there are. */
  two(draw: () => number): Promise<readonly [Member, Member]>;
  ask(member: Member, method: string, path: string, sent: { token?: string; cookie?: string; body?: unknown }): Promise<Answer>;
  /** As a power switch would, and starts it again on its data. Answers how long the start took. */
  restart(index: number): Promise<number>;
  /** Asks all to end; answers their exit codes. */
  stop(): Promise<(number | null)[]>;
  /** What must not have been; each line is one broken promise. */
  faults: string[];
  close(): Promise<void>;
}

export async function openMembers(
  size: number,
  databaseUrl: string,
  redisUrl: string | null,
  listener: Listener = createListener(),
): Promise<Members> {
  const faults: string[] = [];
  const all: Member[] = [];
  const instances: Instance[] = [];
  const settings = { PATCHBAY_LOG_LEVEL: 'info', ...(redisUrl !== null && { PATCHBAY_REDIS_URL: redisUrl }) };
  for (let index = 0; index < size; index++) {
    const place: Place = { dataDir: freshDir('fleet'), port: await freePort(), databaseUrl, settings, hears: listener.of(index) };
    all.push({ index, url: `http://127.0.0.1:${place.port}`, place, isUp: true, run: 0 });
    // One after the other: the first one makes the tables.
    instances.push(await startInstance(place));
  }
  const lookForTheDead = setInterval(() => {
    for (const member of all)
      if (member.isUp && instances[member.index]!.hasEnded()) {
        member.isUp = false;
        faults.push(`instance ${member.index} ended by itself:\n${instances[member.index]!.output().slice(-2_000)}`);
      }
  }, 100).unref();

  return {
    all,
    faults,
    async two(draw) {
      await until(() => all.filter(({ isUp }) => isUp).length > 1, 'two instances serve');
      const up = all.filter(({ isUp }) => isUp);
      const first = Math.floor(draw() * up.length);
      const second = (first + 1 + Math.floor(draw() * (up.length - 1))) % up.length;
      return [up[first]!, up[second]!];
    },
    async ask(member, method, path, sent) {
      const { run } = member;
      const answer = await exchange(member.url, method, path, sent);
      const said = `${method} ${path} on instance ${member.index}`;
      if (answer.status >= 500) faults.push(`${said} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      if (answer.status === 0 && run === member.run && member.isUp) faults.push(`${said}: the line broke, and nobody had killed it`);
      return answer;
    },
    async restart(index) {
      const member = all[index]!;
      member.isUp = false;
      member.run++;
      await instances[index]!.kill();
      const startedMs = performance.now();
      instances[index] = await startedAgain(member, faults);
      member.isUp = true;
      return Math.round(performance.now() - startedMs);
    },
    stop() {
      clearInterval(lookForTheDead);
      return Promise.all(instances.map((instance) => instance.stop()));
    },
    async close() {
      clearInterval(lookForTheDead);
      for (const instance of instances) await instance.kill();
      for (const { place } of all) rmSync(place.dataDir, { recursive: true, force: true });
    },
  };
}

async function startedAgain({ index, place }: Member, faults: string[]): Promise<Instance> {
  for (let starts = 1; ; starts++)
    try {
      return await startInstance(place);
    } catch (error) {
      faults.push(`instance ${index} did not start: ${String(error)}`);
      if (starts === startsMax) throw error;
    }
}

const answerLimitMs = 60_000;

/** By a line of its own: one that a killed instance left must not break the next request. */
function exchange(
  url: string,
  method: string,
  path: string,
  { token, cookie, body }: { token?: string; cookie?: string; body?: unknown },
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(cookie !== undefined && { cookie, origin: url }),
    ...(text !== undefined && { 'content-type': 'application/json' }),
  };
  return new Promise((resolve) => {
    const broken = (): void => resolve({ status: 0, body: {}, headers: {} });
    const sent = httpRequest(`${url}${path}`, { method, headers, agent: false, timeout: answerLimitMs }, (response) => {
      let answered = '';
      response.setEncoding('utf8').on('data', (part: string) => (answered += part));
      response.on('error', () => undefined);
      response.on('close', () =>
        response.complete ? resolve({ status: response.statusCode ?? 0, body: parsed(answered), headers: response.headers }) : broken(),
      );
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', broken);
    sent.end(text);
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : { list: value };
  } catch {
    return { text };
  }
}
