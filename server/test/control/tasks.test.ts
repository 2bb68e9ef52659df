/** The runner of tasks on both engines: what is kept, what a restart finds, and who may take over from whom. */
import { expect, test } from 'vitest';
import { createEvents, type Events, type KeptEvent } from '../../src/control/events.ts';
import { attemptsMax, createTasks } from '../../src/control/task-runner.ts';
import type { TaskRun, Tasks } from '../../src/control/tasks.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { taskLinesMax } from '../../src/domain/task.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { findTask, listTasks } from '../../src/storage/tasks.ts';
import { keptLog, onBothEngines } from '../storage/engines.ts';

const ids = createIds(systemClock);
const ownerUserId = ids.uuid();

interface Server {
  tasks: Tasks;
  told: KeptEvent[];
  events: Events;
  lines: Record<string, unknown>[];
  /** Lets every period of the clock come once, as if that much time had passed. */
  tick(passMs?: number): void;
  addMs(passMs: number): void;
}

/** One server on the database, with a clock that only moves by hand. */
function serve(database: Database): Server {
  let skewMs = 0;
  const periods = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + skewMs,
    monotonicMs: () => systemClock.monotonicMs() + skewMs,
    every(_, run) {
      periods.add(run);
      return { cancel: () => void periods.delete(run) };
    },
  };
  const { log, lines } = keptLog();
  const events = createEvents(ids);
  const told: KeptEvent[] = [];
  events.subscribe(
    (event) => told.push(event),
    () => undefined,
  );
  return {
    tasks: createTasks({ database, events, clock, ids, log }),
    told,
    events,
    lines,
    addMs: (passMs) => void (skewMs += passMs),
    tick(passMs = 1_000) {
      skewMs += passMs;
      for (const run of periods) run();
    },
  };
}

const forEver: TaskRun = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

onBothEngines('tasks', (bench) => {
  const open = async (): Promise<Database> => createDatabase(await bench.open({ isMigrated: true }));
  const begin = (server: Server, run: TaskRun, extra: { kind?: string; input?: Record<string, unknown> } = {}) =>
    server.tasks.start({ kind: 'test', title: 'Something', ownerUserId, ownerName: 'Ada', run, ...extra });
  const stateOf = async (database: Database, id: string) => (await findTask(database, id))?.state;

  test('a task that is done keeps its outcome, one that throws its code, and a fault of ours is logged and not shown', async () => {
    const database = await open();
    const server = serve(database);
    const done = await begin(server, async ({ progress }) => {
      progress(2, 2, 'all');
      return { found: 3 };
    });
    const refused = await begin(server, () => Promise.reject(new Refusal('NOT_FOUND')));
    const broken = await begin(server, () => Promise.reject(new Error('inner secret')));
    await expect.poll(() => stateOf(database, broken.id)).toBe('failed');
    await expect.poll(() => stateOf(database, refused.id)).toBe('failed');
    await expect.poll(() => stateOf(database, done.id)).toBe('done');
    expect(await findTask(database, done.id)).toMatchObject({ done: 2, total: 2, note: 'all', result: { found: 3 }, errorCode: null });
    expect((await findTask(database, refused.id))?.errorCode).toBe('NOT_FOUND');
    expect((await findTask(database, broken.id))?.errorCode).toBe('INTERNAL');
    expect(JSON.stringify(server.lines)).toContain('inner secret');
    expect(JSON.stringify(server.told)).not.toContain('inner secret');
    expect(server.told.every(({ audience }) => audience.userIds?.[0] === ownerUserId)).toBe(true);
    await server.tasks.close();
  });

  test('whoever hears of an end and asks at once finds the outcome, also where a write of the progress was under way', async () => {
    const database = await open();
    const server = serve(database);
    const { promise: read, resolve } = Promise.withResolvers<unknown>();
    server.events.subscribe(
      ({ data }) => (data as { state: string }).state === 'done' && resolve(findTask(database, (data as { id: string }).id)),
      () => undefined,
    );
    await begin(server, async ({ progress }) => {
      progress(1, 2);
      server.tick();
      return { found: 3 };
    });
    expect(await read).toMatchObject({ state: 'done', result: { found: 3 } });
    await server.tasks.close();
  });

  test('a note that no database can hold does not keep its task from ending', async () => {
    const database = await open();
    const server = serve(database);
    const { id } = await begin(server, async ({ progress }) => progress(1, 2, 'a\u0000b \ud83d'));
    await expect.poll(() => stateOf(database, id)).toBe('done');
    expect((await findTask(database, id))?.note).toBe('a\ufffdb \ufffd');
    await server.tasks.close();
  });

  test('a thousand steps within a second are one write, and the last one is not lost', async () => {
    const database = await open();
    const server = serve(database);
    const { promise, resolve } = Promise.withResolvers<void>();
    const { id } = await begin(server, async ({ progress }) => {
      for (let step = 1; step <= 1000; step++) progress(step, 1000);
      await promise;
    });
    await expect.poll(() => server.tasks.running((task) => task.id === id)?.done).toBe(1000);
    expect((await findTask(database, id))?.done).toBe(0);
    expect(server.told.length).toBeLessThan(5);
    server.tick();
    await expect.poll(async () => (await findTask(database, id))?.done).toBe(1000);
    expect(server.told.at(-1)?.data).toMatchObject({ progress: { done: 1000 } });
    resolve();
    await expect.poll(() => stateOf(database, id)).toBe('done');
    await server.tasks.close();
  });

  test('a restart ends as interrupted what its kind cannot take up, and says so to whoever listens', async () => {
    const database = await open();
    const before = serve(database);
    const { id } = await begin(before, forEver);
    await before.tasks.close();
    expect(await stateOf(database, id)).toBe('running');
    const after = serve(database);
    await after.tasks.recover({ isAlone: true });
    expect(await findTask(database, id)).toMatchObject({ state: 'interrupted', finishedAtMs: expect.any(Number) as number });
    expect(after.told.at(-1)?.data).toMatchObject({ id, state: 'interrupted' });
    await after.tasks.close();
  });

  test('a kind that knows how goes on after a restart with what it kept', async () => {
    const database = await open();
    const before = serve(database);
    const { id } = await begin(
      before,
      async (context) => {
        context.keep({ items: [1, 2] });
        context.progress(2, 3);
        await forEver(context);
      },
      { kind: 'knows-how', input: { of: 3 } },
    );
    await expect.poll(() => before.tasks.running((task) => task.id === id)?.done).toBe(2);
    await before.tasks.close();
    const after = serve(database);
    after.tasks.onRestart('knows-how', (task) => async ({ progress }) => {
      const items = [...((task.result?.['items'] ?? []) as number[]), Number(task.input['of'])];
      progress(items.length, 3);
      return { items };
    });
    await after.tasks.recover({ isAlone: true });
    await expect.poll(() => stateOf(database, id)).toBe('done');
    expect(await findTask(database, id)).toMatchObject({ result: { items: [1, 2, 3] }, done: 3, attempts: 2 });
    await after.tasks.close();
  });

  test('a task that a server does not survive is begun only so often', async () => {
    const database = await open();
    let server = serve(database);
    const { id } = await begin(server, forEver, { kind: 'deadly' });
    for (let attempt = 1; attempt < attemptsMax; attempt++) {
      await server.tasks.close();
      server = serve(database);
      server.tasks.onRestart('deadly', () => forEver);
      await server.tasks.recover({ isAlone: true });
      expect(await stateOf(database, id)).toBe('running');
    }
    await server.tasks.close();
    server = serve(database);
    server.tasks.onRestart('deadly', () => forEver);
    await server.tasks.recover({ isAlone: true });
    expect(await stateOf(database, id)).toBe('interrupted');
    await server.tasks.close();
  });

  test('one server leaves the tasks of another alone until nobody has spoken for them', async () => {
    const database = await open();
    const [one, other] = [serve(database), serve(database)];
    const { id } = await begin(one, forEver);
    other.addMs(30_000);
    await other.tasks.recover({ isAlone: false });
    expect(await stateOf(database, id)).toBe('running');
    other.addMs(60_000);
    await other.tasks.recover({ isAlone: false });
    await expect.poll(() => stateOf(database, id)).toBe('interrupted');
    // The first one sees that it is not its own any more, and lets go.
    one.tick(6_000);
    await expect.poll(() => one.tasks.running((task) => task.id === id)).toBeUndefined();
    expect(await stateOf(database, id)).toBe('interrupted');
    await one.tasks.close();
    await other.tasks.close();
  });

  test('a task that was begun while the clock was far ahead does not wait until it is that late', async () => {
    const database = await open();
    const [ahead, other] = [serve(database), serve(database)];
    ahead.addMs(86_400_000);
    const [one, two] = [await begin(ahead, forEver), await begin(ahead, forEver)];
    // Nothing of `ahead` is closed: it is gone as by a power cut, and the clock is right again.
    await other.tasks.recover({ isAlone: false });
    await expect.poll(() => Promise.all([one, two].map(({ id }) => stateOf(database, id)))).toEqual(['interrupted', 'interrupted']);
    const third = await begin(ahead, forEver);
    const alone = serve(database);
    await alone.tasks.recover({ isAlone: true });
    expect(await stateOf(database, third.id)).toBe('interrupted');
    await Promise.all([ahead, other, alone].map(({ tasks }) => tasks.close()));
  });

  test('a wish to cancel reaches a task on another server', async () => {
    const database = await open();
    const [one, other] = [serve(database), serve(database)];
    const { id } = await begin(one, forEver);
    expect(await other.tasks.cancel(id)).toBe(true);
    expect(await stateOf(database, id)).toBe('running');
    one.tick(6_000);
    await expect.poll(() => stateOf(database, id)).toBe('cancelled');
    expect(await other.tasks.cancel(id)).toBe(false);
    await one.tasks.close();
    await other.tasks.close();
  });

  test('a server that ends begins nothing more, and a list is by person, kind and state', async () => {
    const database = await open();
    const server = serve(database);
    const { id } = await begin(server, async () => undefined);
    await expect.poll(() => stateOf(database, id)).toBe('done');
    const all = await listTasks(database, { createdBy: ownerUserId, limit: 10 });
    expect(all.map((task) => task.id)).toEqual([id]);
    expect(await listTasks(database, { createdBy: ids.uuid(), limit: 10 })).toEqual([]);
    expect(await listTasks(database, { createdBy: null, kind: 'other', limit: 10 })).toEqual([]);
    expect(await listTasks(database, { createdBy: null, state: 'running', limit: 10 })).toEqual([]);
    await server.tasks.close();
    await expect(begin(server, forEver)).rejects.toThrow(Refusal);
  });

  /** Work that counts to `total`, one step per turn that it is given, and goes on from what it kept. */
  const counting =
    (turn: () => Promise<void>, total: number, begun = 0): TaskRun =>
    async ({ signal, keep, progress, say }) => {
      for (let done = begun; done < total; done++) {
        if (signal.aborted) return { done };
        await turn();
        keep({ done: done + 1 });
        progress(done + 1, total);
        if (done === 0) say('the first step');
      }
      return { done: total };
    };
  const countOn = (server: Server, turn: () => Promise<void>, total: number): void =>
    server.tasks.onRestart('counting', (task) => counting(turn, total, Number(task.result?.['done'] ?? 0)));
  const stepsOf = async (database: Database, id: string) => (await findTask(database, id))?.log.map(({ step }) => step);

  test('a paused task waits through a restart of the server, and goes on exactly where it stopped', async () => {
    const database = await open();
    const before = serve(database);
    const turns: (() => void)[] = [];
    const turn = (): Promise<void> => new Promise((resolve) => void turns.push(resolve));
    countOn(before, turn, 5);
    const { id } = await begin(before, counting(turn, 5), { kind: 'counting' });
    await expect.poll(() => turns.length).toBe(1);
    turns.pop()!();
    await expect.poll(() => turns.length).toBe(1);
    expect(await before.tasks.pause(id)).toBe(true);
    // The step that is under way is done, and counts.
    turns.pop()!();
    await expect.poll(() => stateOf(database, id)).toBe('paused');
    expect(before.told.at(-1)?.data).toMatchObject({ id, state: 'paused', canPause: false });
    await before.tasks.close();

    const after = serve(database);
    let steps = 0;
    countOn(after, async () => void steps++, 5);
    await after.tasks.recover({ isAlone: true });
    after.tick(3_600_000);
    expect(await stateOf(database, id)).toBe('paused');
    expect(await after.tasks.resume(id)).toBe(true);
    await expect.poll(() => stateOf(database, id)).toBe('done');
    expect(steps).toBe(3);
    expect(await findTask(database, id)).toMatchObject({ result: { done: 5 }, done: 5, total: 5, attempts: 1, pauseAskedAtMs: null });
    expect(await stepsOf(database, id)).toEqual(['begun', 'note', 'pause_asked', 'paused', 'resumed', 'done']);
    await after.tasks.close();
  });

  test.each([false, true])(
    'who cancels while a pause is still on its way has the last word, on another server: %s',
    async (isElsewhere) => {
      const database = await open();
      const [server, other] = [serve(database), serve(database)];
      const turns: (() => void)[] = [];
      const turn = (): Promise<void> => new Promise((resolve) => void turns.push(resolve));
      for (const one of [server, other]) countOn(one, turn, 5);
      const { id } = await begin(server, counting(turn, 5), { kind: 'counting' });
      await expect.poll(() => turns.length).toBe(1);
      expect([await server.tasks.pause(id), await (isElsewhere ? other : server).tasks.cancel(id)]).toEqual([true, true]);
      turns.pop()!();
      await expect.poll(() => server.told.at(-1)?.data).toMatchObject({ id, state: 'cancelled', isCancelAsked: true });
      expect((await findTask(database, id))?.finishedAtMs).not.toBeNull();
      expect((await stepsOf(database, id))?.at(-1)).toBe('cancelled');
      for (const one of [server, other]) await one.tasks.close();
    },
  );

  test('work that cannot go on later is not paused, and neither is work that is over', async () => {
    const database = await open();
    const server = serve(database);
    const { id } = await begin(server, forEver);
    expect(server.tasks.canPause('test')).toBe(false);
    expect(await server.tasks.pause(id)).toBe(false);
    expect(await server.tasks.resume(id)).toBe(false);
    expect(await stateOf(database, id)).toBe('running');
    countOn(server, async () => undefined, 1);
    const { id: over } = await begin(
      server,
      counting(async () => undefined, 1),
      { kind: 'counting' },
    );
    await expect.poll(() => stateOf(database, over)).toBe('done');
    expect([await server.tasks.pause(over), await server.tasks.resume(over)]).toEqual([false, false]);
    expect([await server.tasks.pause(ids.uuid()), await server.tasks.resume(ids.uuid())]).toEqual([false, false]);
    await server.tasks.close();
  });

  test('a paused task can be cancelled, and is over then', async () => {
    const database = await open();
    const server = serve(database);
    server.tasks.onRestart('patient', () => forEver);
    const { id } = await begin(server, forEver, { kind: 'patient' });
    await server.tasks.pause(id);
    await expect.poll(() => stateOf(database, id)).toBe('paused');
    expect(await server.tasks.cancel(id)).toBe(true);
    expect(await findTask(database, id)).toMatchObject({ state: 'cancelled', finishedAtMs: expect.any(Number) as number });
    expect(server.told.at(-1)?.data).toMatchObject({ id, state: 'cancelled' });
    expect([await server.tasks.resume(id), await server.tasks.cancel(id)]).toEqual([false, false]);
    await server.tasks.close();
  });

  test('a wish to pause reaches a task on another server, and of two that let it go on one does', async () => {
    const database = await open();
    const [one, other] = [serve(database), serve(database)];
    for (const server of [one, other]) server.tasks.onRestart('patient', () => forEver);
    const { id } = await begin(one, forEver, { kind: 'patient' });
    expect(await other.tasks.pause(id)).toBe(true);
    one.tick(6_000);
    await expect.poll(() => stateOf(database, id)).toBe('paused');
    expect((await Promise.all([one.tasks.resume(id), other.tasks.resume(id)])).toSorted()).toEqual([false, true]);
    expect(await stateOf(database, id)).toBe('running');
    await one.tasks.close();
    await other.tasks.close();
  });

  test('a server that dies between the wish and the stop leaves a paused task, not a running one', async () => {
    const database = await open();
    const before = serve(database);
    const deaf: TaskRun = () => new Promise(() => undefined);
    before.tasks.onRestart('deaf', () => deaf);
    const { id } = await begin(before, deaf, { kind: 'deaf' });
    await before.tasks.pause(id);
    // Nothing of `before` is closed: it is gone as by a power cut.
    const after = serve(database);
    after.tasks.onRestart('deaf', () => forEver);
    await after.tasks.recover({ isAlone: true });
    expect(await findTask(database, id)).toMatchObject({ state: 'paused', attempts: 2 });
    await after.tasks.close();
  });

  test('of a task that says much the newest lines are kept', async () => {
    const database = await open();
    const server = serve(database);
    const { id } = await begin(server, async ({ say }) => {
      for (let line = 1; line <= 1000; line++) say(`line ${line}`);
    });
    await expect.poll(() => stateOf(database, id)).toBe('done');
    const log = (await findTask(database, id))?.log ?? [];
    expect(log).toHaveLength(taskLinesMax);
    expect(log.slice(-2).map(({ step, text }) => [step, text])).toEqual([
      ['note', 'line 1000'],
      ['done', null],
    ]);
    await server.tasks.close();
  });
});
