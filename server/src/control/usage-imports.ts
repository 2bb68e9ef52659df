/** Taking in a provider's own account of what was used: a bounded upload, read as a task, the same file once. Administrators only. */
import { Refusal, unfit } from '../domain/errors.ts';
import { dayOf, dayMs } from '../domain/rollup.ts';
import type { Task } from '../domain/task.ts';
import { ExportFault, tellsOfUse, type ExportLine } from '../domain/usage-export.ts';
import { isAdministrator } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { dropFile, FileTooLarge, hasFile, keepFile, readKept } from '../lib/kept-file.ts';
import { exportFormats, type ExportFormat } from '../providers/usage-exports/formats.ts';
import { findTask } from '../storage/tasks.ts';
import { UniqueViolation } from '../storage/errors.ts';
import {
  deleteImportStep,
  endImport,
  findImport,
  importOfFile,
  insertImportStep,
  keyNamesOf,
  refuseImport,
  setKeyMapStep,
  setTask,
  writeLines,
  type UsageImport,
} from '../storage/usage-imports.ts';
import { commit, type Caller, type Deed } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { notFound } from './stale.ts';
import type { TaskContext, TaskRun, Tasks } from './tasks.ts';
import { exportLines } from './usage-export-lines.ts';

export const importKind = 'usage-import';
export const importBytesMax = 64 * 1024 * 1024;
/** Lines that one write takes, and after which a wish to pause is heard. */
const batchLines = 1_000;
/** A file whose task has not begun by then lost its server. */
const beginsWithinMs = 60_000;
export const keyNamesMax = 500;

export interface ImportDeps extends ControlDeps {
  tasks: Tasks;
  /** Where files lie until they are read. */
  importsDir: string;
}

const deedOn = (action: string, { id, fileName }: Pick<UsageImport, 'id' | 'fileName'>, changes?: Deed['changes']): Deed => ({
  action,
  subjectType: 'usage_import',
  subjectId: id,
  subjectName: fileName,
  owner: null,
  ...(changes === undefined ? {} : { changes }),
});

/**
 * Takes a file in and begins to read it. The same file again is the import that there is already, unless nothing came of that.
 * @throws Refusal BODY_TOO_LARGE, VALIDATION_ERROR (empty), RATE_LIMITED, OVERLOADED
 */
export async function takeImport(
  deps: ImportDeps,
  caller: Caller,
  file: { name: string; pieces: AsyncIterable<Uint8Array> },
): Promise<{ row: UsageImport; isNew: boolean }> {
  const id = deps.ids.uuid();
  const kept = await kept64(deps, id, file.pieces);
  const before = await importOfFile(deps.database, kept.hash);
  if (before && !(await isLeft(deps, before))) {
    await dropFile(deps.importsDir, id);
    return { row: before, isNew: false };
  }
  if (before) await remove(deps, caller, before);
  const row: UsageImport = {
    id,
    provider: '',
    format: '',
    measure: 'tokens',
    fileName: file.name,
    fileHash: kept.hash,
    fileBytes: kept.bytes,
    state: 'reading',
    lines: 0,
    fromMs: null,
    toMs: null,
    keyMap: {},
    fault: null,
    taskId: null,
    createdBy: { id: caller.actor.userId, name: caller.actor.name },
    createdAtMs: deps.clock.nowMs(),
  };
  try {
    await commit(deps, caller, [insertImportStep(deps.database, row)], deedOn('usage-import.create', row));
  } catch (error) {
    await dropFile(deps.importsDir, id);
    // Somebody else brought the same file in this very moment.
    const other = error instanceof UniqueViolation ? await importOfFile(deps.database, kept.hash) : undefined;
    if (!other) throw error;
    return { row: other, isNew: false };
  }
  return { row: { ...row, taskId: await begin(deps, caller, row) }, isNew: true };
}

async function kept64(deps: ImportDeps, id: string, pieces: AsyncIterable<Uint8Array>): Promise<{ bytes: number; hash: string }> {
  try {
    const kept = await keepFile(deps.importsDir, id, pieces, importBytesMax);
    if (kept.bytes > 0) return kept;
  } catch (error) {
    throw error instanceof FileTooLarge ? new Refusal('BODY_TOO_LARGE', { values: { limit: '64 MiB' } }) : error;
  }
  await dropFile(deps.importsDir, id);
  throw unfit({ path: 'file', code: 'empty', message: 'the file is empty' });
}

/** An import whose task has ended without reading it to its end. */
async function isLeft(deps: ImportDeps, row: UsageImport): Promise<boolean> {
  if (row.state !== 'reading') return false;
  const task = row.taskId === null ? undefined : await findTask(deps.database, row.taskId);
  if (task === undefined) return deps.clock.nowMs() - row.createdAtMs > beginsWithinMs;
  return task.state !== 'running' && task.state !== 'paused';
}

async function begin(deps: ImportDeps, caller: Caller, row: UsageImport): Promise<string> {
  try {
    const task = await deps.tasks.start({
      kind: importKind,
      title: row.fileName,
      ownerUserId: caller.actor.userId,
      ownerName: caller.actor.name,
      input: { importId: row.id },
      total: row.fileBytes,
      run: (context) => read(deps, row.id, 0, context),
    });
    await setTask(deps.database, row.id, task.id);
    return task.id;
  } catch (error) {
    await remove(deps, caller, row);
    throw error;
  }
}

/** A restart, or the end of a pause, goes on behind the last line that was written; where the file is gone, it ends as interrupted. */
export function resumeImports(deps: ImportDeps): void {
  deps.tasks.onRestart(importKind, (task: Task): TaskRun | null => {
    const actor = deps.keeper.snapshot.actorOf(task.createdBy.id, 'session');
    const { importId } = task.input as { importId: string };
    if (!actor || !isAdministrator(actor) || !hasFile(deps.importsDir, importId)) return null;
    const lastLine = Number(task.result?.['lastLine'] ?? 0);
    return (context) => read(deps, importId, lastLine, context);
  });
}

interface Read {
  format: ExportFormat | null;
  lines: number;
  fromMs: number;
  toMs: number;
}

async function read(deps: ImportDeps, importId: string, afterLine: number, context: TaskContext): Promise<Record<string, unknown>> {
  const row = await findImport(deps.database, importId);
  if (!row) throw notFound();
  try {
    const found = await readLines(deps, row, afterLine, context);
    if (context.signal.aborted) {
      if (context.signal.reason === 'cancelled') await forget(deps, importId);
      return {};
    }
    const { format, lines } = found;
    if (format === null || lines === 0) throw new ExportFault('empty', null, null);
    const { provider, measure } = exportFormats[format];
    const keyMap = keysByName(deps, provider, await keyNamesOf(deps.database, importId, keyNamesMax));
    await endImport(deps.database, importId, { ...found, format, provider, measure, keyMap });
    await dropFile(deps.importsDir, importId);
    return { importId, lines, provider, measure };
  } catch (error) {
    if (!(error instanceof ExportFault)) throw error;
    const fault = { code: error.code, line: error.line, column: error.column };
    await refuseImport(deps.database, importId, fault);
    await dropFile(deps.importsDir, importId);
    context.keep({ importId, fault });
    context.say(`${error.code} ${error.line ?? ''} ${error.column ?? ''}`.trim());
    throw new Refusal('VALIDATION_ERROR', { values: { count: 1 }, cause: error });
  }
}

async function readLines(deps: ImportDeps, row: UsageImport, afterLine: number, context: TaskContext): Promise<Read> {
  const found: Read = { format: null, lines: 0, fromMs: Infinity, toMs: -Infinity };
  let batch: (ExportLine & { lineNo: number })[] = [];
  const write = async (bytes: number): Promise<void> => {
    await writeLines(deps.database, row.id, batch);
    const lastLine = batch.at(-1)?.lineNo;
    batch = [];
    context.progress(Math.min(bytes, row.fileBytes), row.fileBytes);
    if (lastLine !== undefined) context.keep({ importId: row.id, lines: found.lines, lastLine });
  };
  for await (const { lineNo, format, line, bytes } of exportLines(readKept(deps.importsDir, row.id))) {
    found.format = format;
    // A day without use counts as told: what we have on it is missing in theirs.
    found.fromMs = Math.min(found.fromMs, dayOf(line.fromMs));
    found.toMs = Math.max(found.toMs, dayOf(line.toMs - 1) + dayMs);
    found.lines += 1;
    if (lineNo > afterLine && tellsOfUse(line)) batch.push({ ...line, lineNo });
    if (batch.length < batchLines) continue;
    await write(bytes);
    if (context.signal.aborted) return found;
  }
  await write(row.fileBytes);
  return found;
}

/** The connections to a provider, by name. */
export function connectionsTo(deps: Pick<ControlDeps, 'keeper'>, provider: string): { id: string; name: string }[] {
  const all = [...deps.keeper.snapshot.connections.values()].filter(({ providerId }) => providerId === provider);
  return all.map(({ id, name }) => ({ id, name })).toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Keys that have the name of a connection to the same provider belong to it, until somebody says otherwise. */
function keysByName(deps: ControlDeps, provider: string, names: readonly string[]): Record<string, string> {
  const ids = new Map<string, string>();
  for (const { id, name } of connectionsTo(deps, provider)) ids.set(name.trim().toLowerCase(), id);
  const found = names.map((name) => [name, ids.get(name.toLowerCase())] as const);
  return Object.fromEntries(found.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

/** @throws Refusal NOT_FOUND */
export async function mustFindImport(deps: Pick<ControlDeps, 'database'>, id: string): Promise<UsageImport> {
  const row = isUuid(id) ? await findImport(deps.database, id) : undefined;
  if (!row) throw notFound();
  return row;
}

/** Says which connections the file's keys belong to. @throws Refusal NOT_FOUND, VALIDATION_ERROR for a connection of another provider */
export async function mapKeys(deps: ImportDeps, caller: Caller, id: string, keyMap: Record<string, string>): Promise<UsageImport> {
  const row = await mustFindImport(deps, id);
  for (const [name, connectionId] of Object.entries(keyMap))
    if (deps.keeper.snapshot.connections.get(connectionId)?.providerId !== row.provider)
      throw unfit({ path: `keys.${name}`, code: 'connection', message: 'there is no such connection to this provider' });
  const changes = { keys: { before: row.keyMap, after: keyMap } };
  await commit(deps, caller, [setKeyMapStep(deps.database, id, keyMap)], deedOn('usage-import.update', row, changes));
  return { ...row, keyMap };
}

/** Forgets a file and all its lines. @throws Refusal NOT_FOUND */
export async function removeImport(deps: ImportDeps, caller: Caller, id: string): Promise<void> {
  const row = await mustFindImport(deps, id);
  if (row.taskId !== null) await deps.tasks.cancel(row.taskId);
  await remove(deps, caller, row);
}

async function remove(deps: ImportDeps, caller: Caller, row: UsageImport): Promise<void> {
  await commit(deps, caller, [deleteImportStep(deps.database, row.id)], deedOn('usage-import.delete', row));
  await dropFile(deps.importsDir, row.id);
}

async function forget(deps: ImportDeps, id: string): Promise<void> {
  await dropFile(deps.importsDir, id);
  const row = await findImport(deps.database, id);
  if (row) await deps.database.driver.write([deleteImportStep(deps.database, id)]);
}
