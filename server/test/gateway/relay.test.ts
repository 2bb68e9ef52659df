/** The relay between a provider and a caller, over the real journal: nothing before the disk has it, nothing faster than it is read. */
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Intent } from '../../src/domain/ledger.ts';
import type { GatewayError } from '../../src/gateway/errors.ts';
import { refuse } from '../../src/gateway/errors.ts';
import { newJourney, type GatewayDeps, type Journey, type Order, type Reply } from '../../src/gateway/order.ts';
import { Relay } from '../../src/gateway/relay.ts';
import { readRequest } from '../../src/gateway/request.ts';
import { openJournal, type Journal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { handClock, type HandClock } from '../support/hand-clock.ts';
import { freshDir } from '../support/throwaway.ts';
import { until } from '../support/wait.ts';

const ids = createIds(systemClock);
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

/** A caller's side of the line that remembers what it was given, in order. */
interface Line extends Reply {
  said: string[];
  isReading: boolean;
  drain(): void;
  hangUp(): void;
}

function createLine(): Line {
  const gone: (() => void)[] = [];
  const drains: (() => void)[] = [];
  const state = { isGone: false };
  const line: Line = {
    said: [],
    isReading: true,
    isGone: () => state.isGone,
    onGone: (run) => void gone.push(run),
    beginStream: (headers) => void line.said.push(`head ${headers['x-patchbay-attempts']}`),
    write(piece) {
      line.said.push(String(piece));
      return line.isReading;
    },
    onDrain: (run) => void drains.push(run),
    drop: () => line.said.push('dropped'),
    endStream: () => void line.said.push('end'),
    whole: (_headers, body) => void line.said.push(`whole ${String(body)}`),
    fail: (error: GatewayError) => void line.said.push(`fail ${error.code}`),
    drain: () => drains.splice(0).forEach((run) => run()),
    hangUp() {
      state.isGone = true;
      for (const run of gone) run();
    },
  };
  return line;
}

interface Bench {
  journal: Journal;
  relay: Relay;
  line: Line;
  journey: Journey;
  /** Appends an intent; it is not on the disk before a turn of the loop. */
  book: () => number;
  /** The relay's alone; the journal below it lives in real time. */
  clock: HandClock;
  exchange: { aborted: number; paused: number; resumed: number; abort(): void; pause(): void; resume(): void };
}

function open(isStream = true): Bench {
  const dir = freshDir('relay');
  const { journal } = openJournal({ dir, clock: systemClock, ids, onError: (error) => expect.unreachable(error.message) });
  cleanups.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => journal.close(),
  );
  const clock = handClock();
  const line = createLine();
  const journey = { ...newJourney(), attempts: 1 };
  const deps = {
    clock,
    journal,
    timeouts: { heartbeatMs: 15_000, readerMs: 120_000 },
    keeper: { snapshot: { revision: 7 } },
  } as unknown as GatewayDeps;
  const order = { request: { ...readRequest(Buffer.from('{}')), isStream } } as unknown as Order;
  const relay = new Relay(deps, order, journey, line);
  cleanups.push(() => relay.close());
  const exchange = {
    aborted: 0,
    paused: 0,
    resumed: 0,
    abort: () => void exchange.aborted++,
    pause: () => void exchange.paused++,
    resume: () => void exchange.resumed++,
  };
  relay.newAttempt();
  relay.attach(exchange, () => exchange.abort());
  return { journal, relay, line, journey, clock, exchange, book: () => journal.append({ kind: 'intent', ...intent() }) };
}

const intent = (): Intent => ({
  id: ids.uuid(),
  atMs: 1,
  requestId: ids.uuid(),
  attemptNo: 1,
  face: 'openai.chat',
  purpose: 'completion',
  connectionId: null,
  provider: 'openai',
  modelAsked: 'm',
  model: 'm',
  accessKeyId: null,
  userId: null,
  workspaceId: null,
  isStream: true,
  reservedNanoUsd: 0,
  configRevision: 1,
  clientRequestId: null,
});

describe('the first byte', () => {
  test('waits for the intent to be on the disk; then everything follows in order', async () => {
    const { relay, line, book } = open();
    const seq = book();
    expect(relay.piece('a', seq)).toBe(true);
    relay.piece('b', seq);
    expect(line.said).toEqual([]);
    await until(() => line.said.length > 0, 'the disk');
    relay.piece('c', seq);
    relay.endStream(true, seq);
    expect(line.said).toEqual(['head 1', 'a', 'b', 'c', 'end']);
  });

  test('an end that comes before the disk waits too', async () => {
    const { relay, line, book } = open();
    const seq = book();
    relay.piece('a', seq);
    relay.endStream(true, seq);
    expect(line.said).toEqual([]);
    await until(() => line.said.includes('end'), 'the disk');
    expect(line.said).toEqual(['head 1', 'a', 'end']);
  });

  test('a whole answer waits as well', async () => {
    const { relay, line, book, journey } = open(false);
    relay.whole('{}', book());
    expect(line.said).toEqual([]);
    expect(journey.contentSent, 'from here on nobody else may be asked').toBe(true);
    await until(() => line.said.length > 0, 'the disk');
    expect(line.said).toEqual(['whole {}']);
  });

  test('what is held is bounded: the provider is asked to wait, and goes on by itself', async () => {
    const { relay, line, book, exchange } = open();
    const seq = book();
    const piece = 'x'.repeat(100_000);
    expect([relay.piece(piece, seq), relay.piece(piece, seq), relay.piece(piece, seq)]).toEqual([true, true, false]);
    await until(() => line.said.length === 4, 'the disk');
    expect(exchange.resumed).toBe(1);
  });

  test('an attempt that failed unseen leaves nothing behind for the next one', async () => {
    const { relay, line, book, journal } = open();
    relay.piece('of the first', book());
    relay.newAttempt();
    relay.attach({ abort() {}, pause() {}, resume() {} }, () => undefined);
    const seq = book();
    relay.piece('of the second', seq);
    await until(() => line.said.length > 0, 'the disk');
    expect(line.said).toEqual(['head 1', 'of the second']);
    expect(journal.lastSeq()).toBe(2);
  });

  test("word of an earlier attempt's intent opens nothing for a later one", async () => {
    const { relay, line, book, journal } = open();
    const first = book();
    relay.piece('of the first', first);
    relay.newAttempt();
    // The second attempt's intent does not exist yet: only the first becomes durable.
    const durable = new Promise<void>((resolve) => journal.whenDurable(first, () => resolve()));
    await durable;
    expect(line.said).toEqual([]);
  });
});

describe('a failure', () => {
  test('before anything was shown is a plain error, and what waited is forgotten', async () => {
    const { relay, line, book, journal } = open();
    const seq = book();
    relay.piece('half an answer', seq);
    relay.fail(refuse('internal').error);
    expect(line.said).toEqual(['fail internal']);
    await new Promise<void>((resolve) => journal.whenDurable(seq, () => resolve()));
    expect(line.said).toEqual(['fail internal']);
  });

  test('after the first words comes behind them', async () => {
    const { relay, line, book } = open();
    relay.piece('a', book());
    await until(() => line.said.length > 0, 'the disk');
    relay.fail(refuse('internal').error);
    expect(line.said).toEqual(['head 1', 'a', 'fail internal']);
  });

  test('is told to nobody who has gone', () => {
    const { relay, line } = open();
    line.hangUp();
    relay.fail(refuse('internal').error);
    expect(line.said).toEqual([]);
  });
});

describe('heartbeats', () => {
  test('begin after fifteen seconds of nothing, and end with the first word', async () => {
    const { relay, line, book, clock } = open();
    clock.move(14_999);
    expect(line.said).toEqual([]);
    clock.move(1);
    expect(line.said).toEqual(['head 1', ': keep-alive\n\n']);
    clock.move(15_000);
    expect(line.said).toHaveLength(3);
    relay.piece('a', book());
    await until(() => line.said.includes('a'), 'the disk');
    clock.move(60_000);
    expect(line.said.at(-1)).toBe('a');
  });

  test('are not for whole answers, nor for who has gone, nor after the end', () => {
    const whole = open(false);
    whole.clock.move(60_000);
    expect(whole.line.said).toEqual([]);
    const left = open();
    left.line.hangUp();
    left.clock.move(60_000);
    expect(left.line.said).toEqual([]);
    const closed = open();
    closed.relay.close();
    closed.clock.move(60_000);
    expect(closed.line.said).toEqual([]);
    expect(closed.clock.waiting).toBe(0);
  });
});

describe('a caller', () => {
  test('who leaves aborts the exchange under way, once', () => {
    const { line, exchange } = open();
    line.hangUp();
    expect(exchange.aborted).toBe(1);
  });

  test('who left between two attempts aborts the next one as soon as it is there', () => {
    const { relay, line, exchange } = open();
    relay.newAttempt();
    line.hangUp();
    expect(exchange.aborted).toBe(0);
    const next = { aborted: 0 };
    relay.attach({ abort() {}, pause() {}, resume() {} }, () => void next.aborted++);
    expect(next.aborted).toBe(1);
  });

  test('who reads slowly pauses the provider until the line is free again', async () => {
    const { relay, line, book, exchange } = open();
    const seq = book();
    relay.piece('a', seq);
    await until(() => line.said.length > 0, 'the disk');
    line.isReading = false;
    expect(relay.piece('b', seq)).toBe(false);
    expect(exchange.resumed).toBe(0);
    line.isReading = true;
    line.drain();
    expect(exchange.resumed).toBe(1);
    expect(relay.piece('c', seq)).toBe(true);
    expect(line.said).toEqual(['head 1', 'a', 'b', 'c']);
  });

  test('who does not read for two minutes is dropped; who reads in time is not', async () => {
    const { relay, line, book, clock } = open();
    const seq = book();
    relay.piece('a', seq);
    await until(() => line.said.length > 0, 'the disk');
    line.isReading = false;
    relay.piece('b', seq);
    clock.move(119_999);
    line.drain();
    clock.move(1);
    expect(line.said).not.toContain('dropped');
    relay.piece('c', seq);
    clock.move(120_000);
    expect(line.said.at(-1)).toBe('dropped');
  });

  test('who is slow is waited for once, however many pieces were written meanwhile', async () => {
    const { relay, line, book, exchange, clock } = open();
    const seq = book();
    relay.piece('a', seq);
    await until(() => line.said.length > 0, 'the disk');
    line.isReading = false;
    for (let count = 0; count < 50; count++) relay.piece('x', seq);
    // The heartbeat is the other one.
    expect(clock.waiting).toBe(2);
    line.drain();
    expect(exchange.resumed).toBe(1);
  });
});
