/** Who starts when, who follows whom, and with which exit code a supervisor ends: its workers are stand-ins that a test ends as it likes. */
import { describe, expect, test } from 'vitest';
import type { FromWorker, ToWorker } from '../../src/cli/worker-line.ts';
import { takePlace, type Wire } from '../../src/cli/worker-line.ts';
import { Supervisor, type Child } from '../../src/cli/workers.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { handClock } from '../support/hand-clock.ts';

interface StandIn {
  heard: ToWorker[];
  signals: string[];
  say(message: FromWorker): void;
  end(code: number | null, signal?: string | null): void;
}

function stage(count: number) {
  const clock = handClock();
  const children: StandIn[] = [];
  const fork = (): Child => {
    let onMessage: (message: FromWorker) => void = () => undefined;
    let onExit: (code: number | null, signal: string | null) => void = () => undefined;
    const one: StandIn = {
      heard: [],
      signals: [],
      say: (message) => onMessage(message),
      end: (code, signal = null) => onExit(code, signal),
    };
    children.push(one);
    return {
      send: (message) => void one.heard.push(message),
      kill: (signal) => void one.signals.push(signal),
      onMessage: (run) => void (onMessage = run),
      onExit: (run) => void (onExit = run),
    };
  };
  const supervisor = new Supervisor({ clock, ids: createIds(clock), log: createLog('silent'), fork }, { count, port: 8_484 });
  let exitCode: number | null = null;
  void supervisor.done.then((code) => (exitCode = code));
  const serve = (...which: number[]): void => which.forEach((at) => children[at]!.say({ kind: 'serving' }));
  const ended = async (): Promise<number | null> => {
    await Promise.resolve();
    return exitCode;
  };
  return { clock, children, supervisor, serve, ended };
}

/** What was said has been heard, and answered. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('who starts', () => {
  test('the first one alone; the others once it serves, each told its number and one key of all', () => {
    const { children, serve } = stage(3);
    expect(children).toHaveLength(1);
    serve(0);
    expect(children).toHaveLength(3);
    const welcomes = children.map(({ heard }) => heard[0] as Extract<ToWorker, { kind: 'welcome' }>);
    expect(welcomes.map(({ kind, number, count, port }) => [kind, number, count, port])).toEqual([
      ['welcome', 1, 3, 8_484],
      ['welcome', 2, 3, 8_484],
      ['welcome', 3, 3, 8_484],
    ]);
    expect(new Set(welcomes.map(({ demoKey }) => demoKey)).size).toBe(1);
    expect(welcomes[0]!.demoKey.length).toBeGreaterThan(40);
    serve(1, 2);
    expect(children).toHaveLength(3);
  });

  test.each([
    ['its own exit code', 78, null, 78],
    ['one where a signal ended it', null, 'SIGKILL', 1],
  ] as const)('nobody after a first one that never served: %s', async (_, code, signal, expected) => {
    const { children, clock, ended } = stage(3);
    children[0]!.end(code, signal);
    clock.move(120_000);
    expect(children).toHaveLength(1);
    expect(await ended()).toBe(expected);
  });
});

describe('who follows', () => {
  test('another one with the same number, later each time, and soon again after one that has lived for a minute', () => {
    const { children, clock, serve } = stage(2);
    serve(0);
    const follows = (delayMs: number): void => {
      const before = children.length;
      children.at(-1)!.end(null, 'SIGKILL');
      clock.move(delayMs - 1);
      expect(children).toHaveLength(before);
      clock.move(1);
      expect(children).toHaveLength(before + 1);
      expect(children.at(-1)!.heard[0]).toMatchObject({ kind: 'welcome', number: 2 });
    };
    for (const delayMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) follows(delayMs);
    clock.move(60_000);
    follows(500);
    follows(1_000);
  });

  test('the first one too, once it has served, whatever it ended with', () => {
    const { children, clock, serve } = stage(2);
    serve(0, 1);
    children[0]!.end(78);
    clock.move(500);
    expect(children).toHaveLength(3);
    expect(children[2]!.heard[0]).toMatchObject({ number: 1 });
    serve(2);
    expect(children).toHaveLength(3);
  });
});

describe('the end', () => {
  test('a signal goes to all, again when it comes again; the last one to end ends the supervisor with 0', async () => {
    const { children, supervisor, serve, ended } = stage(2);
    serve(0, 1);
    supervisor.signal('SIGTERM');
    supervisor.signal('SIGINT');
    expect(children.map(({ signals }) => signals)).toEqual([
      ['SIGTERM', 'SIGINT'],
      ['SIGTERM', 'SIGINT'],
    ]);
    children[0]!.end(0);
    expect(await ended()).toBe(null);
    children[1]!.end(0);
    expect(await ended()).toBe(0);
  });

  test('the code of one that did not end well is the code of all', async () => {
    const { children, supervisor, serve, ended } = stage(3);
    serve(0, 1, 2);
    supervisor.signal('SIGTERM');
    children[0]!.end(0);
    children[1]!.end(1);
    children[2]!.end(0);
    expect(await ended()).toBe(1);
  });

  test('one that had hardly begun to start is ended by the signal itself, and that is no failure', async () => {
    const { children, supervisor, serve, ended } = stage(2);
    serve(0);
    supervisor.signal('SIGTERM');
    children[1]!.end(null, 'SIGTERM');
    children[0]!.end(0);
    expect(await ended()).toBe(0);
  });

  test('one that another signal ended is', async () => {
    const { children, supervisor, serve, ended } = stage(2);
    serve(0, 1);
    supervisor.signal('SIGTERM');
    children[1]!.end(null, 'SIGKILL');
    children[0]!.end(0);
    expect(await ended()).toBe(1);
  });

  test('nobody follows once a signal has come, also not whoever was waited for', async () => {
    const { children, clock, supervisor, serve, ended } = stage(2);
    serve(0, 1);
    children[1]!.end(1);
    supervisor.signal('SIGTERM');
    children[0]!.end(0);
    clock.move(60_000);
    expect(children).toHaveLength(2);
    expect(await ended()).toBe(0);
  });

  test('a signal during the start of the first one starts no others', async () => {
    const { children, supervisor, serve, ended } = stage(3);
    supervisor.signal('SIGTERM');
    serve(0);
    expect(children).toHaveLength(1);
    children[0]!.end(0);
    expect(await ended()).toBe(0);
  });

  test('where nobody is there to be told, a signal ends it at once', async () => {
    const { children, supervisor, serve, ended } = stage(2);
    serve(0);
    children[0]!.end(1);
    children[1]!.end(1);
    supervisor.signal('SIGTERM');
    expect(await ended()).toBe(0);
  });

  test('its own fault ends the workers, and itself with 1', async () => {
    const { children, supervisor, serve, ended } = stage(2);
    serve(0, 1);
    supervisor.fault(new Error('lost'));
    expect(children.map(({ signals }) => signals)).toEqual([['SIGTERM'], ['SIGTERM']]);
    children.forEach((child) => child.end(0));
    expect(await ended()).toBe(1);
  });
});

describe('what workers ask one another', () => {
  /** Joins the workers' own ends to the supervisor's: what one says, the other hears. */
  async function joined(count: number) {
    const all = stage(count);
    const placeOf = async (at: number) => {
      const child = all.children[at]!;
      let hear: (message: ToWorker) => void = () => undefined;
      let isLetGo = false;
      const wire: Wire = {
        isThere: true,
        send: (message) => child.say(message),
        onMessage: (run) => (hear = run),
        letGo: () => (isLetGo = true),
        onGone: () => undefined,
      };
      const taking = takePlace(wire, all.clock);
      for (const message of child.heard) hear(message);
      child.heard.push = (...messages) => {
        messages.forEach((message) => hear(message));
        return 0;
      };
      const place = await taking;
      expect(isLetGo).toBe(true);
      return place;
    };
    const first = await placeOf(0);
    all.serve(0);
    const places = [first];
    for (let at = 1; at < count; at++) places.push(await placeOf(at));
    return { ...all, places };
  }

  test('is answered by all others that serve', async () => {
    const { places, serve } = await joined(3);
    places.forEach(({ others, number }) => others.onAsked('figures', async () => [{ number }]));
    expect(await places[0]!.others.ask('figures', null)).toEqual([]);
    serve(1);
    expect(await places[0]!.others.ask('figures', null)).toEqual([[{ number: 2 }]]);
    serve(2);
    expect((await places[1]!.others.ask('figures', null)).toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
      [{ number: 1 }],
      [{ number: 3 }],
    ]);
  });

  test('carries what was asked, and an answer that comes late waits for nobody', async () => {
    const { places, serve, clock } = await joined(3);
    serve(1, 2);
    const seen: number[] = [];
    const late = Promise.withResolvers<null>();
    places[0]!.others.onAsked('revision', async (revision) => {
      seen.push(revision);
      return null;
    });
    places[2]!.others.onAsked('revision', () => late.promise);
    const asked = places[1]!.others.ask('revision', 41);
    await settled();
    clock.move(1_000);
    expect(await asked).toEqual([null]);
    expect(seen).toEqual([41]);
    late.resolve(null);
    await late.promise;
    const again = places[2]!.others.ask('revision', 42);
    await settled();
    // The second one was never told how to answer.
    clock.move(1_000);
    expect(await again).toEqual([null]);
    expect(seen).toEqual([41, 42]);
  });

  test('is not answered by one that cannot, or does not know how', async () => {
    const { places, serve, clock } = await joined(3);
    serve(1, 2);
    places[1]!.others.onAsked('figures', () => Promise.reject(new Error('not now')));
    const asked = places[0]!.others.ask('figures', null);
    await settled();
    clock.move(1_000);
    expect(await asked).toEqual([]);
  });

  test('an answer to somebody who has gone is dropped', async () => {
    const { places, serve, children } = await joined(2);
    serve(1);
    const answer = Promise.withResolvers<readonly object[]>();
    places[1]!.others.onAsked('figures', () => answer.promise);
    void places[0]!.others.ask('figures', null);
    await settled();
    children[0]!.end(null, 'SIGKILL');
    const toTheGone: ToWorker[] = [];
    children[0]!.heard.push = (...messages) => toTheGone.unshift(...messages);
    answer.resolve([{}]);
    await settled();
    expect(toTheGone).toEqual([]);
  });
});

test('without a supervisor nobody takes a place', () => {
  const wire: Wire = { isThere: false, send: () => undefined, onMessage: () => undefined, letGo: () => undefined, onGone: () => undefined };
  expect(() => takePlace(wire, handClock())).toThrow(/PATCHBAY_WORKERS/);
});
