/** `PATCHBAY_WORKERS` above one: a supervisor that keeps so many whole servers behind one port. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { exitFailed, exitOk } from '../app/ends.ts';
import { portAt } from '../app/port.ts';
import type { Settings } from '../app/settings.ts';
import { newDemoKey } from '../app/worker.ts';
import { systemClock, type Clock, type Timer } from '../lib/clock.ts';
import { createIds, type Ids } from '../lib/ids.ts';
import { createLog, type Log } from '../lib/log.ts';
import { listenForEnds, type Signal } from './signals.ts';
import type { FromWorker, ToWorker } from './worker-line.ts';

const entry = fileURLToPath(new URL('main.mjs', import.meta.url));
/** How long a worker that ended unasked is waited for before the next one takes its place: doubled each time, until one has lived for a while. */
const firstDelayMs = 500;
const delayMsMax = 30_000;
const livedMs = 60_000;

/** A process of its own, as the supervisor sees it. */
export interface Child {
  send(message: ToWorker): void;
  kill(signal: Signal): void;
  onMessage(run: (message: FromWorker) => void): void;
  onExit(run: (code: number | null, signal: string | null) => void): void;
}

export interface SupervisorDeps {
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Starts one more worker. */
  fork: () => Child;
}

interface Place {
  child: Child | null;
  isServing: boolean;
  startedMs: number;
  delayMs: number;
  timer: Timer | null;
}

/** Runs until every worker has ended. Ends the process itself, as `start` does. Rejects where another program listens at the port. */
export async function supervise({
  workers,
  logLevel,
  host,
  port: wanted,
}: Pick<Settings, 'workers' | 'logLevel' | 'host' | 'port'>): Promise<number> {
  const port = await portAt(host, wanted);
  const deps = { clock: systemClock, ids: createIds(systemClock), log: createLog(logLevel), fork: forkWorker };
  const supervisor = new Supervisor(deps, { count: workers, port });
  const stopListening = listenForEnds(supervisor);
  try {
    process.exit(await supervisor.done);
  } finally {
    stopListening();
  }
}

function forkWorker(): Child {
  const child = fork(entry, ['start', '--worker']);
  return {
    // To one that has just gone nothing can be said; its end is heard of.
    send: (message) => void child.send(message, () => undefined),
    kill: (signal) => void child.kill(signal),
    onMessage: (run) => void child.on('message', (message) => run(message as FromWorker)),
    onExit: (run) => void child.on('exit', run),
  };
}

/**
 * Keeps `count` workers until a signal ends them all. The first one starts alone: it migrates, makes the administrator and says the set-up
 * link, and where it cannot start nobody does. A worker that ends unasked is followed by another with its number, and so with its journal.
 */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #demoKey: string;
  readonly #places = new Map<number, Place>();
  readonly #count: number;
  readonly #port: number;
  readonly #resolve: (exitCode: number) => void;
  /** Resolves with the exit code, once nobody is left. */
  readonly done: Promise<number>;
  #hasServed = false;
  #isStopping = false;
  readonly #passedOn = new Set<string>();
  #exitCode = exitOk;

  constructor(deps: SupervisorDeps, { count, port }: { count: number; port: number }) {
    this.#deps = deps;
    this.#demoKey = newDemoKey(deps.ids);
    this.#count = count;
    this.#port = port;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.done = promise;
    this.#resolve = resolve;
    this.#start(1, firstDelayMs);
  }

  /** Passed on to everybody; each drains, and is in a hurry when told again. */
  signal(name: Signal): void {
    this.#isStopping = true;
    this.#passedOn.add(name);
    for (const place of this.#places.values()) {
      place.timer?.cancel();
      place.timer = null;
      place.child?.kill(name);
    }
    this.#endIfAlone();
  }

  /** A fault of the supervisor itself: nobody would look after the workers any more, so they end too. */
  fault(error: unknown): void {
    this.#deps.log.fatal({ err: error }, 'a fault that nobody caught');
    this.#exitCode = exitFailed;
    this.signal('SIGTERM');
  }

  #start(number: number, delayMs: number): void {
    const child = this.#deps.fork();
    const place: Place = { child, isServing: false, startedMs: this.#deps.clock.monotonicMs(), delayMs, timer: null };
    this.#places.set(number, place);
    child.onMessage((message) => this.#heard(number, place, message));
    child.onExit((code, signal) => this.#ended(number, place, code, signal));
    child.send({ kind: 'welcome', number, count: this.#count, port: this.#port, demoKey: this.#demoKey });
  }

  #heard(number: number, place: Place, message: FromWorker): void {
    if (message.kind === 'ask') this.#passOn(number, place, message);
    else if (message.kind === 'answer')
      this.#places.get(message.to)?.child?.send({ kind: 'answered', id: message.id, answer: message.answer });
    else {
      place.isServing = true;
      if (this.#hasServed) return;
      this.#hasServed = true;
      if (!this.#isStopping) for (let next = 2; next <= this.#count; next++) this.#start(next, firstDelayMs);
    }
  }

  #passOn(to: number, place: Place, { id, topic, input }: Extract<FromWorker, { kind: 'ask' }>): void {
    const others = [...this.#places.values()].filter((other) => other !== place && other.isServing);
    place.child?.send({ kind: 'passed-on', id, count: others.length });
    for (const { child } of others) child?.send({ kind: 'asked', id, to, topic, input });
  }

  #ended(number: number, place: Place, code: number | null, signal: string | null): void {
    place.child = null;
    place.isServing = false;
    const { clock, log } = this.#deps;
    if (this.#isStopping || !this.#hasServed) {
      this.#isStopping = true;
      // One that had hardly begun to start does not drain: the signal itself ends it.
      if (signal === null || !this.#passedOn.has(signal)) this.#exitCode ||= code ?? exitFailed;
      return this.#endIfAlone();
    }
    const hasLived = clock.monotonicMs() - place.startedMs >= livedMs;
    const delayMs = hasLived ? firstDelayMs : place.delayMs;
    log.error({ worker: number, code, signal, delayMs }, 'a worker ended; another one follows');
    place.timer = clock.after(delayMs, () => this.#start(number, Math.min(delayMsMax, delayMs * 2)));
  }

  #endIfAlone(): void {
    if ([...this.#places.values()].every(({ child }) => child === null)) this.#resolve(this.#exitCode);
  }
}
