/** Limits under fire: real servers, many requests at once, kill -9 in the middle, and a provider that counts what was really asked of it. */
import { rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { after, plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { freePort, freshDir } from '../support/throwaway.ts';
import { control, furnish, startInstance, type Instance } from './instance.ts';

/** What 11 prompt and 7 completion tokens of gpt-4o cost, which every answer of the provider comes to. */
export const costOfCallNanoUsd = 97_500;
const answerAfterMs = 30;

export interface Fleet {
  instances: Instance[];
  provider: FakeProvider;
  /** Ends one as a power switch would, and starts it again on its data. */
  restart(index: number): Promise<void>;
  kill(index: number): Promise<void>;
  start(index: number): Promise<void>;
  newKey(limits: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** So many servers on one database (`null`: one server on its own). */
export async function openFleet(size: number, databaseUrl: string | null): Promise<Fleet> {
  const provider = await startFakeProvider();
  provider.answer(after(answerAfterMs, plain));
  const places = await Promise.all(
    Array.from({ length: size }, async () => ({ dataDir: freshDir('limits'), port: await freePort(), databaseUrl })),
  );
  const instances: Instance[] = [];
  // One after the other: the first one makes the tables.
  for (const place of places) instances.push(await startInstance(place));
  await furnish(instances[0]!, provider.baseUrl);
  return {
    instances,
    provider,
    async restart(index) {
      await instances[index]!.kill();
      instances[index] = await startInstance(places[index]!);
    },
    kill: (index) => instances[index]!.kill(),
    async start(index) {
      instances[index] = await startInstance(places[index]!);
    },
    async newKey(limits) {
      const key = String((await control(instances[0]!, '/api/access-keys', { name: 'limited', ...limits }))['key']);
      // The others hear of it from the database.
      for (const instance of instances.slice(1)) await untilKnown(instance, key);
      return key;
    },
    async close() {
      for (const instance of instances) await instance.kill();
      await provider.close();
      for (const { dataDir } of places) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const knownWithinMs = 15_000;

async function untilKnown({ url }: Instance, key: string): Promise<void> {
  const untilMs = performance.now() + knownWithinMs;
  while (performance.now() < untilMs) {
    const { status } = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('an instance did not hear of the key');
}

export interface Volley {
  /** Answers by status; 0 for a line that broke. */
  statuses: Map<number, number>;
  /** Requests that the provider was asked meanwhile. */
  asked: number;
  elapsedMs: number;
}

const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say something.' }], max_tokens: 60 });

/** So many requests at once, over the instances by turns. */
export async function fire(fleet: Fleet, key: string, count: number): Promise<Volley> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const before = fleet.provider.received.length;
  const startedMs = performance.now();
  const statuses = new Map<number, number>();
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { url } = fleet.instances[index % fleet.instances.length]!;
      const status = await ask(agent, url, key);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }),
  );
  agent.destroy();
  return { statuses, asked: fleet.provider.received.length - before, elapsedMs: Math.round(performance.now() - startedMs) };
}

const ask = (agent: Agent, url: string, key: string): Promise<number> =>
  new Promise((resolve) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': String(body.length) };
    const sent = httpRequest(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });

export interface Spending {
  volleys: Volley[];
  budgetNanoUsd: number;
  /** By the provider's own count: every call that reached it, whatever became of it. */
  spentNanoUsd: number;
}

/** Parallel requests against a budget of 0.01 dollar, `rounds` times, each with a kill -9 of one instance in its middle. */
export async function spendUnderFire(fleet: Fleet, rounds: number, parallel = 200): Promise<Spending> {
  const key = await fleet.newKey({ budgetUsd: '0.01' });
  const before = fleet.provider.received.length;
  const volleys: Volley[] = [];
  for (let round = 0; round < rounds; round++) {
    const victim = round % fleet.instances.length;
    const seen = fleet.provider.received.length;
    const volley = fire(fleet, key, parallel);
    // In the middle: some are with the provider, and none of these has been answered.
    const untilMs = performance.now() + 2_000;
    while (fleet.provider.received.length === seen && performance.now() < untilMs) await new Promise((resolve) => setImmediate(resolve));
    await fleet.kill(victim);
    volleys.push(await volley);
    await fleet.start(victim);
  }
  // And what is left may be spent, to the last answer that fits.
  volleys.push(await fire(fleet, key, parallel), await fire(fleet, key, parallel));
  return { volleys, budgetNanoUsd: 10_000_000, spentNanoUsd: (fleet.provider.received.length - before) * costOfCallNanoUsd };
}
