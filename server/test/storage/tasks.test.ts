/** Tasks as rows, on both engines: read back whole, worked on by one run of the server, paused, cancelled, and taken over by one. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withLine, type Task, type TaskLine, type TaskState } from '../../src/domain/task.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { UniqueViolation } from '../../src/storage/errors.ts';
import {
  abandonedMax,
  abandonedTasks,
  askToCancel,
  askToPause,
  cancelPaused,
  findTask,
  insertTask,
  listTasks,
  noteCharsMax,
  noteStanding,
  takeOver,
  takePaused,
  titleCharsMax,
  type Standing,
  type TaskFilter,
} from '../../src/storage/tasks.ts';
import { onBothEngines } from './engines.ts';
import { atMs, hostileTexts, ids } from './rows.ts';

onBothEngines('tasks', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  const task = (part: Partial<Task> = {}): Task => ({
    id: ids.uuid(),
    kind: 'reprice',
    title: 'Prices',
    state: 'running',
    done: 0,
    total: null,
    note: null,
    input: {},
    result: null,
    errorCode: null,
    createdBy: { id: ids.uuid(), name: 'Ada' },
    cancelAskedAtMs: null,
    pauseAskedAtMs: null,
    attempts: 1,
    log: [],
    createdAtMs: atMs,
    updatedAtMs: atMs,
    finishedAtMs: null,
    ...part,
  });
  const line = (step: TaskLine['step'], text: string | null = null): TaskLine => ({ atMs, step, text });
  const standing = (part: Partial<Standing> = {}): Standing => ({
    state: 'running',
    done: 1,
    total: 10,
    note: null,
    result: null,
    errorCode: null,
    log: [],
    finishedAtMs: null,
    ...part,
  });
  const times = { seenAtMs: atMs + 1_000, nowMs: atMs + 1_000 };
  const run = ids.uuid();
  async function begun(part: Partial<Task> = {}, runId: string = run): Promise<Task> {
    const made = task(part);
    await insertTask(database, made, runId);
    return made;
  }
  /** A task that its own run brought into this state. */
  async function broughtTo(state: TaskState, part: Partial<Task> = {}): Promise<Task> {
    const made = await begun(part);
    const isOver = state !== 'running' && state !== 'paused';
    expect(await noteStanding(database, made.id, run, standing({ state, finishedAtMs: isOver ? atMs + 9 : null }), times)).not.toBeNull();
    return (await findTask(database, made.id))!;
  }
  const endings = ['done', 'failed', 'cancelled', 'interrupted'] as const;

  describe('a task', () => {
    test('comes back as it was begun', async () => {
      const made = await begun({
        title: 'ñ “x”',
        done: 3,
        total: 9_007_199_254_740_991,
        note: 'looking',
        input: { from: 1, nested: { list: [1, null, 'x'] } },
        log: [line('begun'), line('note', 'page 1')],
      });
      expect(await findTask(database, made.id)).toEqual(made);
      expect(await findTask(database, ids.uuid())).toBeUndefined();
    });
    test('is there once: a second one of its id is refused, and the first stays as it was', async () => {
      const made = await begun({ title: 'first' });
      await expect(insertTask(database, { ...made, title: 'second' }, ids.uuid())).rejects.toBeInstanceOf(UniqueViolation);
      expect(await findTask(database, made.id)).toEqual(made);
    });
    test('keeps every text as it is, also what looks like SQL', async () => {
      for (const text of hostileTexts) {
        const made = await begun({ title: text, input: { [text]: text }, createdBy: { id: ids.uuid(), name: text } });
        expect(await findTask(database, made.id)).toEqual(made);
      }
    });
    test('a title that is too long is cut, within a character too, and what is left can be read', async () => {
      const { id } = await begun({
        title: `${'x'.repeat(titleCharsMax - 1)}👩🏽‍🚀 and more`,
        createdBy: { id: ids.uuid(), name: 'y'.repeat(300) },
      });
      const read = (await findTask(database, id))!;
      expect(read.title.startsWith('x'.repeat(titleCharsMax - 1))).toBe(true);
      expect([read.title.length <= titleCharsMax, read.title.isWellFormed(), read.createdBy.name]).toEqual([true, true, 'y'.repeat(255)]);
    });
    test('keeps its newest lines where there are too many', async () => {
      let log: TaskLine[] = [];
      for (let at = 0; at < 230; at++) log = withLine(log, line('note', `${at}`));
      const { id } = await begun({ log });
      const read = (await findTask(database, id))!.log;
      expect([read.length, read[0]?.text, read.at(-1)?.text]).toEqual([200, '30', '229']);
    });
  });

  describe('the standing of a task', () => {
    test('is noted whole, and everything that was given at the beginning stays', async () => {
      const made = await begun({ title: 'stays', input: { stays: true } });
      const next = standing({
        done: 4,
        total: 8,
        note: 'half',
        result: { rows: 4 },
        errorCode: 'TIMEOUT',
        log: [line('begun'), line('note', 'a')],
      });
      expect(await noteStanding(database, made.id, run, next, times)).toEqual({ isCancelAsked: false, isPauseAsked: false });
      expect(await findTask(database, made.id)).toEqual({ ...made, ...next, updatedAtMs: times.nowMs });
    });
    test('is nobody’s to note but the run’s that works on it', async () => {
      const made = await begun();
      expect(await noteStanding(database, made.id, ids.uuid(), standing({ state: 'done' }), times)).toBeNull();
      expect(await noteStanding(database, ids.uuid(), run, standing(), times)).toBeNull();
      expect(await findTask(database, made.id)).toEqual(made);
    });
    test.each([...endings, 'paused'] as const)('is not noted any more once it is %s', async (state) => {
      const over = await broughtTo(state);
      expect(await noteStanding(database, over.id, run, standing({ done: 99 }), times)).toBeNull();
      expect(await findTask(database, over.id)).toEqual(over);
    });
    test('says what people asked meanwhile, and noting it takes no wish away', async () => {
      const { id } = await begun();
      expect(await askToPause(database, id, atMs + 5)).toBe(true);
      expect(await noteStanding(database, id, run, standing(), times)).toEqual({ isCancelAsked: false, isPauseAsked: true });
      expect(await askToCancel(database, id, atMs + 6)).toBe(true);
      expect(await noteStanding(database, id, run, standing(), times)).toEqual({ isCancelAsked: true, isPauseAsked: true });
      expect(await findTask(database, id)).toMatchObject({ pauseAskedAtMs: atMs + 5, cancelAskedAtMs: atMs + 6 });
    });
    test('a note that no database can hold does not keep a task from ending', async () => {
      const { id } = await begun();
      const note = `a\u0000b\ud800${'x'.repeat(noteCharsMax)}`;
      expect(await noteStanding(database, id, run, standing({ state: 'failed', note, finishedAtMs: atMs }), times)).not.toBeNull();
      const read = (await findTask(database, id))!;
      expect([read.state, read.note?.slice(0, 5), read.note?.length]).toEqual(['failed', 'a\ufffdb\ufffdx', noteCharsMax]);
    });
  });

  describe('a wish', () => {
    test.each(endings)('to stop what is %s comes too late and changes nothing', async (state) => {
      const over = await broughtTo(state);
      expect([await askToCancel(database, over.id, atMs + 50), await askToPause(database, over.id, atMs + 50)]).toEqual([false, false]);
      expect([await takePaused(database, over.id, run, [], atMs + 50), await cancelPaused(database, over.id, [], atMs + 50)]).toEqual([
        false,
        false,
      ]);
      expect(await findTask(database, over.id)).toEqual(over);
    });
    test('for a task that is not there is told so', async () => {
      const id = ids.uuid();
      expect([await askToCancel(database, id, atMs), await askToPause(database, id, atMs)]).toEqual([false, false]);
    });
  });

  describe('a paused task', () => {
    test('is not running for anybody: it cannot be asked to pause, and is not found abandoned however long it waits', async () => {
      const { id } = await broughtTo('paused');
      expect([await askToPause(database, id, atMs + 50), await askToCancel(database, id, atMs + 50)]).toEqual([false, false]);
      expect((await abandonedTasks(database, Number.MAX_SAFE_INTEGER)).map((one) => one.id)).not.toContain(id);
    });
    test('goes on with the run that takes it, without the wish that stopped it, and what it had done stays', async () => {
      const { id } = await begun();
      await askToPause(database, id, atMs + 5);
      await noteStanding(database, id, run, standing({ state: 'paused', done: 7, log: [line('paused')] }), times);
      const next = ids.uuid();
      const log = [line('paused'), line('resumed')];
      expect(await takePaused(database, id, next, log, atMs + 60)).toBe(true);
      expect(await findTask(database, id)).toMatchObject({ state: 'running', done: 7, pauseAskedAtMs: null, log, updatedAtMs: atMs + 60 });
      expect(await noteStanding(database, id, run, standing(), times)).toBeNull();
      expect(await noteStanding(database, id, next, standing(), times)).toEqual({ isCancelAsked: false, isPauseAsked: false });
    });
    test('is taken by exactly one of those who want it at once', async () => {
      const { id } = await broughtTo('paused');
      const taken = await Promise.all(Array.from({ length: 5 }, () => takePaused(database, id, ids.uuid(), [], atMs + 60)));
      expect(taken.filter(Boolean)).toHaveLength(1);
    });
    test('is either taken or cancelled, whoever comes first', async () => {
      const { id } = await broughtTo('paused');
      const [taken, cancelled] = await Promise.all([
        takePaused(database, id, ids.uuid(), [], atMs + 60),
        cancelPaused(database, id, [line('cancelled')], atMs + 60),
      ]);
      expect(cancelled).toBe(!taken);
      expect((await findTask(database, id))?.state).toBe(taken ? 'running' : 'cancelled');
    });
    test('ends where it is cancelled, with the time and the word of it', async () => {
      const paused = await broughtTo('paused');
      const log = [line('cancelled')];
      expect(await cancelPaused(database, paused.id, log, atMs + 70)).toBe(true);
      const at = { cancelAskedAtMs: atMs + 70, finishedAtMs: atMs + 70, updatedAtMs: atMs + 70 };
      expect(await findTask(database, paused.id)).toEqual({ ...paused, ...at, state: 'cancelled', pauseAskedAtMs: null, log });
      expect(await cancelPaused(database, paused.id, [], atMs + 80)).toBe(false);
    });
  });
});

onBothEngines('abandoned tasks and lists of tasks', (bench) => {
  let database: Database;
  beforeEach(async () => {
    database ??= createDatabase(await bench.open({ isMigrated: true }));
    await database.driver.run({ sql: 'DELETE FROM tasks', params: [] }, 'write');
  });
  const begin = async (part: Partial<Task> = {}): Promise<string> => {
    const id = ids.uuid();
    const empty = { kind: 'reprice', title: '', state: 'running' as const, done: 0, total: null, note: null, input: {}, result: null };
    const nobody = { errorCode: null, cancelAskedAtMs: null, pauseAskedAtMs: null, attempts: 1, log: [], finishedAtMs: null };
    const made = { id, ...empty, ...nobody, createdBy: { id: ids.uuid(), name: '' }, createdAtMs: atMs, updatedAtMs: atMs, ...part };
    await insertTask(database, made, ids.uuid());
    return id;
  };

  test('are those that run and that nobody has spoken for since, to the millisecond', async () => {
    const old = await begin({ createdAtMs: atMs });
    await begin({ createdAtMs: atMs + 1 });
    await begin({ createdAtMs: atMs, state: 'done' });
    const found = await abandonedTasks(database, atMs + 1);
    expect(found.map(({ id, seenAtMs }) => [id, seenAtMs])).toEqual([[old, atMs]]);
    expect(await abandonedTasks(database, atMs)).toEqual([]);
  });

  test('are taken over by exactly one, who is counted, and not by whoever read them before', async () => {
    const id = await begin();
    const [found] = await abandonedTasks(database, atMs + 1);
    const taken = await Promise.all(Array.from({ length: 5 }, () => takeOver(database, found!, ids.uuid(), atMs + 100)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect((await findTask(database, id))?.attempts).toBe(2);
    expect(await takeOver(database, found!, ids.uuid(), atMs + 200)).toBe(false);
    expect(await abandonedTasks(database, atMs + 100)).toEqual([]);
  });

  test('are found a bounded number at a time, and the next look finds the rest', async () => {
    const made = new Set<string>();
    for (let at = 0; at < abandonedMax + 3; at++) made.add(await begin());
    const first = await abandonedTasks(database, atMs + 1);
    expect(first).toHaveLength(abandonedMax);
    for (const one of first) expect(await takeOver(database, one, ids.uuid(), atMs + 100)).toBe(true);
    const rest = await abandonedTasks(database, atMs + 1);
    expect(new Set([...first, ...rest].map(({ id }) => id))).toEqual(made);
    expect(rest).toHaveLength(3);
  });

  test('a list is what a look at every row finds, for each filter alone and all of them together', async () => {
    const people = [ids.uuid(), ids.uuid()];
    const states = ['running', 'paused', 'done'] as const;
    const rows: { id: string; by: string; state: TaskState; kind: string }[] = [];
    for (let at = 0; at < 24; at++) {
      const row = { by: people[at % 2]!, state: states[at % 3]!, kind: at % 4 < 2 ? 'reprice' : 'import' };
      rows.push({ ...row, id: await begin({ state: row.state, kind: row.kind, createdBy: { id: row.by, name: '' } }) });
    }
    for (const createdBy of [null, ...people])
      for (const state of [undefined, ...states])
        for (const kind of [undefined, 'reprice', 'import', 'none']) {
          const expected = rows.filter(
            (row) => [null, row.by].includes(createdBy) && [undefined, row.state].includes(state) && [undefined, row.kind].includes(kind),
          );
          const found = await listTasks(database, { createdBy, ...(state && { state }), ...(kind && { kind }), limit: 100 });
          expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id).toReversed());
        }
  });

  test('pages of a list meet without a gap, and what begins meanwhile is on none of them twice', async () => {
    const mine = { id: ids.uuid(), name: '' };
    const made: string[] = [];
    for (let at = 0; at < 11; at++) {
      made.push(await begin({ createdBy: mine }));
      await begin();
    }
    const filter: TaskFilter = { createdBy: mine.id, limit: 4 };
    const seen: string[] = [];
    for (let page = 0; page < 5; page++) {
      const cursor = seen.at(-1);
      seen.push(...(await listTasks(database, { ...filter, ...(cursor && { cursor }) })).map(({ id }) => id));
      await begin({ createdBy: mine });
    }
    expect(seen).toEqual(made.toReversed());
  });
});
