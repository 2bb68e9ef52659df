/** What a worker and its supervisor say to one another, and the worker's end of it. */
import { CommandFailed, exitUsage } from '../app/ends.ts';
import type { Asked, OtherWorkers, WorkerPlace } from '../app/worker.ts';
import type { Clock } from '../lib/clock.ts';

/** What a worker says. `to` is the number of the worker that asked. */
export type FromWorker =
  | { kind: 'serving' }
  | { kind: 'ask'; id: number; topic: keyof Asked; input: unknown }
  | { kind: 'answer'; id: number; to: number; answer: unknown };

/** What its supervisor says. */
export type ToWorker =
  | { kind: 'welcome'; number: number; count: number; port: number; demoKey: string }
  /** So many others were asked. */
  | { kind: 'passed-on'; id: number; count: number }
  | { kind: 'asked'; id: number; to: number; topic: keyof Asked; input: unknown }
  | { kind: 'answered'; id: number; answer: unknown };

/** The line between two processes. */
export interface Wire {
  /** FALSE where nobody is at the other end. */
  isThere: boolean;
  send(message: FromWorker): void;
  onMessage(run: (message: ToWorker) => void): void;
  /** From now on the line alone keeps nobody alive: one that could not start has to end. */
  letGo(): void;
  /** Runs when the other end is no more. */
  onGone(run: () => void): void;
}

/** A worker that is stuck must not hold up what the others do. */
const answersWaitMs = 1_000;

/** The wire of this process to its supervisor. */
export const supervisorWire: Wire = {
  isThere: process.send !== undefined,
  send: (message) => void process.send?.(message, undefined, undefined, () => undefined),
  onMessage: (run) => void process.on('message', (message) => run(message as ToWorker)),
  letGo: () => process.channel?.unref(),
  onGone: (run) => void process.once('disconnect', run),
};

/** Resolves with this worker's place once its supervisor has said it. @throws CommandFailed where there is none */
export function takePlace(wire: Wire, clock: Clock): Promise<WorkerPlace> {
  if (!wire.isThere)
    throw new CommandFailed('a worker is started by its supervisor; set PATCHBAY_WORKERS and run this without --worker', exitUsage);
  return new Promise((resolve) => {
    const line = new WorkerLine(wire, clock);
    wire.onMessage((message) => {
      if (message.kind === 'welcome') {
        const { number, count, port, demoKey } = message;
        wire.letGo();
        resolve({ number, count, port, demoKey, others: line });
      } else line.heard(message);
    });
  });
}

interface Question {
  answers: unknown[];
  /** Null until the supervisor has said how many were asked. */
  asked: number | null;
  done(): void;
}

type Answering = (input: unknown) => Promise<unknown>;

class WorkerLine implements OtherWorkers {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #questions = new Map<number, Question>();
  readonly #answering = new Map<keyof Asked, Answering>();
  #lastId = 0;

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  onAsked<Topic extends keyof Asked>(topic: Topic, answer: (input: Asked[Topic]['input']) => Promise<Asked[Topic]['answer']>): void {
    this.#answering.set(topic, answer as Answering);
  }

  ask<Topic extends keyof Asked>(topic: Topic, input: Asked[Topic]['input']): Promise<readonly Asked[Topic]['answer'][]> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const answers: Asked[Topic]['answer'][] = [];
      const done = (): void => {
        late.cancel();
        this.#questions.delete(id);
        resolve(answers);
      };
      const late = this.#clock.after(answersWaitMs, done);
      this.#questions.set(id, { answers, asked: null, done });
      this.#wire.send({ kind: 'ask', id, topic, input });
    });
  }

  heard(message: Exclude<ToWorker, { kind: 'welcome' }>): void {
    if (message.kind === 'asked') return void this.#answer(message);
    const question = this.#questions.get(message.id);
    if (!question) return;
    if (message.kind === 'passed-on') question.asked = message.count;
    else question.answers.push(message.answer);
    if (question.asked !== null && question.answers.length >= question.asked) question.done();
  }

  /** Whoever cannot answer stays silent, and is left out. */
  async #answer({ id, to, topic, input }: Extract<ToWorker, { kind: 'asked' }>): Promise<void> {
    const answering = this.#answering.get(topic);
    if (!answering) return;
    const answer = await answering(input).catch(() => undefined);
    if (answer !== undefined) this.#wire.send({ kind: 'answer', id, to, answer });
  }
}
