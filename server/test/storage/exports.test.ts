/** Exported files at rest, on both engines: a piece and its place together or not at all, and nothing left of what is over. */
import { expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import {
  addPiece,
  beginExport,
  deleteExport,
  exportBytes,
  findExport,
  oldestMs,
  readPiece,
  sweepExports,
  type ExportFile,
} from '../../src/storage/exports.ts';
import { forgetChunk } from '../../src/storage/retention.ts';
import { insertTask } from '../../src/storage/tasks.ts';
import { onBothEngines } from './engines.ts';

const ids = createIds(systemClock);
const never = (): boolean => false;
const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 10, 21);

onBothEngines('exported files', (bench) => {
  let opened: Database | undefined;
  /** One database for all of them, empty for each. */
  const open = async (): Promise<Database> => {
    opened ??= createDatabase(await bench.open({ isMigrated: true }));
    await opened.driver.script('DELETE FROM export_pieces; DELETE FROM exports; DELETE FROM tasks;');
    return opened;
  };

  async function begin(database: Database, userId = ids.uuid(), state: Task['state'] = 'running'): Promise<ExportFile> {
    const taskId = ids.uuid();
    const task: Task = {
      id: taskId,
      kind: 'export',
      title: 'requests.csv',
      state,
      done: 0,
      total: null,
      note: null,
      input: {},
      result: null,
      errorCode: null,
      createdBy: { id: userId, name: 'Ada' },
      cancelAskedAtMs: null,
      pauseAskedAtMs: null,
      attempts: 1,
      log: [],
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      finishedAtMs: null,
    };
    await insertTask(database, task, ids.uuid());
    await beginExport(database, { taskId, createdBy: userId, nowMs, expiresAtMs: nowMs + dayMs });
    return (await findExport(database, taskId))!;
  }

  const piece = (text: string, part: Partial<Parameters<typeof addPiece>[2]> = {}) => ({
    packed: Buffer.from(text),
    rows: 2,
    place: 'a place',
    isLast: false,
    expiresAtMs: nowMs + dayMs,
    ...part,
  });
  const piecesIn = async (database: Database): Promise<number> =>
    (await database.driver.rows<{ count: number }>({ sql: 'SELECT count(*) AS count FROM export_pieces', params: [] }))[0]!.count;

  test('pieces come back byte for byte in their order, and the place is that of the last', async () => {
    const database = await open();
    const begun = await begin(database);
    expect(begun).toMatchObject({ place: null, rows: 0, pieces: 0, packedBytes: 0, isWhole: false });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const first = await addPiece(database, begun, piece('', { packed: bytes }));
    const second = await addPiece(database, first, piece('two', { place: null, isLast: true }));
    expect(second).toMatchObject({ place: null, rows: 4, pieces: 2, packedBytes: 259, isWhole: true });
    expect(await findExport(database, begun.taskId)).toEqual(second);
    expect(Buffer.from((await readPiece(database, begun.taskId, 0))!)).toEqual(bytes);
    expect(Buffer.from((await readPiece(database, begun.taskId, 1))!).toString()).toBe('two');
    expect(await readPiece(database, begun.taskId, 2)).toBeUndefined();
  });

  test('of two runs that write the same piece one is refused, and nothing of its piece is there', async () => {
    const database = await open();
    const begun = await begin(database);
    const both = await Promise.allSettled([addPiece(database, begun, piece('one')), addPiece(database, begun, piece('other'))]);
    const refused = both.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refused).toEqual([expect.any(StaleWrite)]);
    expect(await findExport(database, begun.taskId)).toMatchObject({ pieces: 1, rows: 2 });
    expect(await piecesIn(database)).toBe(1);
    const whole = await addPiece(database, (await findExport(database, begun.taskId))!, piece('end', { isLast: true }));
    await expect(addPiece(database, whole, piece('more'))).rejects.toThrow(StaleWrite);
  });

  test('a task that is taken up again begins no second file', async () => {
    const database = await open();
    const begun = await begin(database);
    const first = await addPiece(database, begun, piece('one'));
    await beginExport(database, { taskId: begun.taskId, createdBy: ids.uuid(), nowMs: nowMs + 1, expiresAtMs: nowMs + 1 });
    expect(await findExport(database, begun.taskId)).toEqual(first);
  });

  test('what files take is told of one person and of all', async () => {
    const database = await open();
    const [ada, ben] = [ids.uuid(), ids.uuid()];
    expect(await exportBytes(database, ada)).toEqual({ all: 0, own: 0 });
    await addPiece(database, await begin(database, ada), piece('12345'));
    await addPiece(database, await begin(database, ben), piece('123'));
    expect(await exportBytes(database, ada)).toEqual({ all: 8, own: 5 });
  });

  test('a file is deleted with all its pieces, also of many, and whoever writes on it meanwhile is refused', async () => {
    const database = await open();
    let file = await begin(database);
    const other = await addPiece(database, await begin(database), piece('stays'));
    for (let count = 0; count < 40; count++) file = await addPiece(database, file, piece('x'));
    expect(await deleteExport(database, file.taskId, () => true)).toBe(false);
    await expect(addPiece(database, file, piece('late'))).rejects.toThrow(StaleWrite);
    expect(await deleteExport(database, file.taskId)).toBe(true);
    expect(await findExport(database, file.taskId)).toBeUndefined();
    expect(await piecesIn(database)).toBe(1);
    expect(await findExport(database, other.taskId)).toEqual(other);
  });

  test('retention takes what is over, what ended early and what lost its task, and leaves what is written or waits', async () => {
    const database = await open();
    const of = async (state: Task['state'], expiresAtMs: number, isLast = true): Promise<string> => {
      const { taskId } = await addPiece(database, await begin(database, ids.uuid(), state), piece('x', { isLast, expiresAtMs }));
      return taskId;
    };
    const [kept, written, waiting] = [
      await of('done', nowMs + 1),
      await of('running', nowMs - 1, false),
      await of('paused', nowMs - 1, false),
    ];
    const over = [await of('done', nowMs), await of('failed', nowMs + dayMs), await of('cancelled', nowMs + dayMs)];
    const orphan = await of('done', nowMs + dayMs);
    await database.db.deleteFrom('tasks').where('id', '=', orphan).execute();
    expect(await sweepExports(database, nowMs, () => true)).toBe(0);
    expect(await sweepExports(database, nowMs, never)).toBe(over.length + 1);
    for (const taskId of [...over, orphan]) expect(await findExport(database, taskId)).toBeUndefined();
    for (const taskId of [kept, written, waiting]) expect(await findExport(database, taskId)).toBeDefined();
    expect(await sweepExports(database, nowMs, never)).toBe(0);
    expect(await piecesIn(database)).toBe(3);
  });

  test('a file that is still kept keeps its task, however short tasks are kept; with the file it goes', async () => {
    const database = await open();
    const file = await addPiece(database, await begin(database), piece('one', { isLast: true, expiresAtMs: nowMs + 5 * dayMs }));
    await database.db.updateTable('tasks').set({ state: 'done', finished_at: nowMs }).execute();
    expect(await forgetChunk(database, 'tasks', nowMs + 2 * dayMs, null)).toMatchObject({ removed: 0 });
    expect(await sweepExports(database, nowMs + 2 * dayMs, never)).toBe(0);
    expect(await readPiece(database, file.taskId, 0)).toBeDefined();
    expect(await sweepExports(database, nowMs + 5 * dayMs, never)).toBe(1);
    expect(await forgetChunk(database, 'tasks', nowMs + 5 * dayMs, null)).toMatchObject({ removed: 1 });
  });

  test('the oldest row is known, and that there is none', async () => {
    const database = await open();
    expect(await oldestMs(database, 'usage_events')).toBeNull();
    expect(await oldestMs(database, 'audit_entries')).toBeNull();
  });
});
