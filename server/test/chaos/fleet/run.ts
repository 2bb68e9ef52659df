/** A fleet from beginning to end: people and applications at work on every instance, kills meanwhile, and what must be true afterwards. */
import { setTimeout as waitMs } from 'node:timers/promises';
import { plain, startFakeProvider, streaming, type Answer as ProviderAnswer, type FakeProvider } from '../../support/fake-provider.ts';
import { until } from '../../support/wait.ts';
import type { Driver } from '../../../src/storage/driver.ts';
import { seeded } from '../../vault/parts.ts';
import { judge, markOf, openBooksOf, type Verdict } from '../books.ts';
import { adminToken } from '../instance.ts';
import { costOfCallNanoUsd } from '../limits.ts';
import { afterwards } from './afterwards.ts';
import { kinds, secretOf } from './kinds.ts';
import { createListener } from './lines.ts';
import { meetings } from './meetings.ts';
import { openMembers, type Members } from './members.ts';
import { openAll, rotateMeanwhile } from './rotation.ts';
import { rivalries } from './rivals.ts';
import { markPrefix, mostWithin, startTraffic, watchArrivals, type Line, type Traffic } from './traffic.ts';
import { cookieOf, data, Killed, made, untilSaid, type Person, type World } from './world.ts';

export interface FleetOptions {
  instances: number;
  seconds: number;
  seed: number;
  kills: number;
  databaseUrl: string;
  redisUrl: string | null;
  /** Changes the master key while all of it goes on; that takes half a minute. */
  isRotating?: boolean;
  onNews?: (text: string) => void;
  /** Looks at the books itself, when all have ended. */
  onBooks?: (driver: Driver) => Promise<void>;
}

export interface FleetVerdict extends Verdict {
  /** How often which change met another. */
  held: ReadonlyMap<string, number>;
  warnings: ReadonlyMap<string, number>;
  slowestRestartMs: number;
}

/** Changes that are under way at once. */
const changersAtOnce = 4;
const rate = 60;
const minuteMs = 60_000;
/** Between admission and arrival a busy machine may take so long, so that a minute of arrivals is shorter than one of admissions. */
const arrivalSpreadMs = 5_000;
const budgets = { 'budget-of-key': '0.02', 'budget-of-person': '0.03' } as const;
const nanoOf = (usd: string): number => Math.round(Number(usd) * 1e9);

const slowly: ProviderAnswer = (turn) => (turn.call.json['stream'] === true ? streaming(undefined, 8)(turn) : plain(turn));

/** Runs one. The verdict's faults are empty where every promise was kept. */
export async function runFleet(options: FleetOptions): Promise<FleetVerdict> {
  const { instances, databaseUrl, redisUrl, onNews } = options;
  const listener = createListener();
  const provider = await startFakeProvider();
  const arrivals = watchArrivals(provider, slowly);
  const members = await openMembers(instances, databaseUrl, redisUrl, listener);
  let seeds = options.seed * 1_000;
  const drawOf = (): (() => number) => seeded(seeds++);
  try {
    const world = await settle(members, listener, provider, drawOf());
    const lines = await issueKeys(world);
    const traffic = startTraffic(members, lines, drawOf);
    const changes = startChanges(world);
    const rotation = options.isRotating ? rotateMeanwhile(world) : Promise.resolve();
    const slowestRestartMs = await passTime(world, options, drawOf());
    await rotation;
    await changes.stop();
    await traffic.stop();
    onNews?.('the work has ended');
    await afterwards(world);
    await openAll(world);
    const codes = await members.stop();
    const warnings = listener.heard();
    const faults = [...members.faults, ...world.faults, ...traffic.faults, ...warnings.faults, ...overruns(arrivals)];
    if (codes.some((code) => code !== 0)) faults.push(`exit codes ${codes.join(', ')}`);
    const verdict = await booksOf(world, traffic, provider, options);
    return { ...verdict, faults: [...faults, ...verdict.faults], held: world.held, warnings: warnings.warnings, slowestRestartMs };
  } finally {
    await members.close();
    await provider.close();
  }
}

async function booksOf({ members }: World, traffic: Traffic, provider: FakeProvider, { onBooks }: FleetOptions): Promise<Verdict> {
  const driver = await openBooksOf(members.all[0]!.place);
  try {
    await onBooks?.(driver);
    return await judge(
      driver,
      traffic.told,
      // Tests of connections are calls as well, without a mark.
      provider.received.filter((call) => markOf(call).startsWith(markPrefix(''))),
    );
  } finally {
    await driver.close();
  }
}

/** People who may change everything, and the connection that all requests go to. */
async function settle(members: Members, listener: World['listener'], provider: FakeProvider, draw: () => number): Promise<World> {
  let named = 0;
  const people: Person[] = [];
  const world: World = {
    members,
    listener,
    people,
    draw,
    providerUrl: provider.baseUrl,
    fresh: (kind) => `${kind} ${++named}`,
    faults: [],
    held: new Map(),
    somebody: () => people[Math.floor(draw() * people.length)]!,
  };
  const [first] = members.all;
  const me = data(await made(world, first!, 'GET', '/api/me'));
  people.push({ id: String(me['id']), email: '', password: '', token: adminToken });
  listener.keepOut(adminToken);
  for (const name of ['berta', 'carla']) {
    const [email, password] = [`${name}@example.org`, secretOf(world)];
    const person = data(await made(world, first!, 'POST', '/api/admin/users', { email, name, role: 'administrator', password }));
    people.push({ id: String(person['id']), email, password, token: await tokenOf(world, email, password) });
  }
  await made(world, first!, 'POST', '/api/admin/models', { name: 'Main', provider: 'openai', apiUrl: provider.baseUrl, apiKey: secretOf(world), modelVariant: 'gpt-4o' }); // prettier-ignore
  return world;
}

async function tokenOf(world: World, email: string, password: string): Promise<string> {
  const [first] = world.members.all;
  const signedIn = await made(world, first!, 'POST', '/api/auth/sign-in/email', { email, password });
  const cookie = cookieOf(signedIn);
  const answer = await world.members.ask(first!, 'POST', '/api/tokens', { cookie, body: { name: 'changes' } });
  const token = String(data(answer)['token']);
  world.listener.keepOut(token);
  return token;
}

async function issueKeys(world: World): Promise<Line[]> {
  const [first, ...others] = world.members.all;
  const issue = async (name: string, body: Record<string, unknown>, token?: string): Promise<string> => {
    const key = String(data(await made(world, first!, 'POST', '/api/access-keys', { name, ...body }, token))['key']);
    world.listener.keepOut(key);
    for (const other of others)
      await untilSaid(
        world,
        other,
        'a key',
        async () => (await world.members.ask(other, 'GET', '/v1/models', { token: key })).status === 200,
      );
    return key;
  };
  const [, , spender] = world.people;
  const limit = { subjectKind: 'user', subjectId: spender!.id, kind: 'money', period: 'total', value: budgets['budget-of-person'] };
  await made(world, first!, 'POST', '/api/limits', limit);
  const free = { statuses: [200], clients: 2, pauseMs: 60, hasNewModels: true };
  // What is left cannot be found out in time where the machine is too busy: then the answer is `limits_unavailable`, and nobody overruns.
  const limited = { clients: 2, pauseMs: 150, hasNewModels: false };
  return [
    { name: 'free', key: await issue('free', {}), ...free },
    { name: 'other', key: await issue('other', {}), ...free },
    { name: 'rate', key: await issue('rate', { rpm: rate }), statuses: [200, 429, 503], ...limited },
    {
      name: 'budget-of-key',
      key: await issue('budget of key', { budgetUsd: budgets['budget-of-key'] }),
      statuses: [200, 402, 503],
      ...limited,
    },
    { name: 'budget-of-person', key: await issue('budget of person', {}, spender!.token), statuses: [200, 402, 503], ...limited },
  ];
}

/** One change after the other, several at once, on instances that are drawn; each is of two requests that meet. */
function startChanges(world: World): { stop(): Promise<void> } {
  const state = { isRunning: true, turn: 0 };
  const all = [
    ...rivalries.flatMap(([name, run, fits]) =>
      kinds.filter(fits).map((kind) => [`${kind.name}: ${name}`, run.bind(null, world, kind)] as const),
    ),
    ...meetings.map(([name, run]) => [name, run.bind(null, world)] as const),
  ];
  const order = all.map((meeting) => ({ meeting, place: world.draw() })).toSorted((a, b) => a.place - b.place);
  const changer = async (): Promise<void> => {
    while (state.isRunning) {
      const [name, run] = order[state.turn++ % order.length]!.meeting;
      const [one, other] = await world.members.two(world.draw);
      try {
        await run(one, other);
        world.held.set(name, (world.held.get(name) ?? 0) + 1);
      } catch (error) {
        if (!(error instanceof Killed)) world.faults.push(`${name}: ${String(error)}`);
      }
    }
  };
  const running = Promise.all(Array.from({ length: changersAtOnce }, changer));
  return {
    async stop() {
      state.isRunning = false;
      await running;
    },
  };
}

/** Lets the time go by, with the kills spread over it. Answers the slowest start after one. */
async function passTime(world: World, { seconds, kills, onNews }: FleetOptions, draw: () => number): Promise<number> {
  const { members } = world;
  const endMs = performance.now() + seconds * 1_000;
  const stretchMs = (seconds * 1_000) / (kills + 1);
  let slowestMs = 0;
  for (let kill = 1; kill <= kills; kill++) {
    await waitMs(stretchMs * (0.5 + draw() * 0.5));
    // Two are left to meet each other while the third one is away; of two, the other one serves alone.
    await until(() => members.all.every(({ isUp }) => isUp), 'all serve');
    const index = Math.floor(draw() * members.all.length);
    const restartMs = await members.restart(index);
    slowestMs = Math.max(slowestMs, restartMs);
    onNews?.(`kill ${kill}: instance ${index} serves again after ${restartMs} ms`);
  }
  await waitMs(Math.max(0, endMs - performance.now()));
  return slowestMs;
}

/** Limits by the provider's own count: every call that reached it, whatever became of it. */
function overruns(arrivals: readonly { mark: string; atMs: number }[]): string[] {
  const of = (name: string): number[] => arrivals.filter(({ mark }) => mark.startsWith(markPrefix(name))).map(({ atMs }) => atMs);
  const faults: string[] = [];
  const most = mostWithin(of('rate'), minuteMs - arrivalSpreadMs);
  if (most > rate) faults.push(`${most} calls within a minute, of a key that may make ${rate}`);
  for (const [name, usd] of Object.entries(budgets)) {
    const spent = of(name).length * costOfCallNanoUsd;
    if (spent > nanoOf(usd)) faults.push(`${name}: ${spent} nano-dollars were spent of ${nanoOf(usd)}`);
  }
  return faults;
}
