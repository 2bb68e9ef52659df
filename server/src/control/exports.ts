/** Long exports as tasks: requests or the audit log written into a kept file piece by piece, for those who may read what is in it. */
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import type { Task } from '../domain/task.ts';
import { isoOf } from '../lib/iso-time.ts';
import type { AuditFilter, AuditPlace, AuditRecord } from '../storage/audit-log.ts';
import { listAudit } from '../storage/audit-log.ts';
import { writeAudit } from '../storage/changes.ts';
import { StaleWrite } from '../storage/errors.ts';
import {
  addPiece,
  beginExport,
  deleteExport,
  exportBytes,
  exportPiecesMax,
  findExport,
  oldestMs,
  readPiece,
  type ExportFile,
} from '../storage/exports.ts';
import type { RequestFilter } from '../storage/request-filters.ts';
import { readCursor, writeCursor } from '../storage/requests.ts';
import { keepResult } from '../storage/tasks.ts';
import type { Visibility } from '../storage/visibility.ts';
import { noteAuditExport, scopeOf } from './audit.ts';
import { auditEntry, type Caller } from './change.ts';
import { exportFilterOf, exportPage, type NamedRequest, type RequestsMeant } from './requests.ts';
import { notFound } from './stale.ts';
import { noteTaskWish } from './task-notes.ts';
import type { TaskContext, TaskRun, Tasks } from './tasks.ts';
import { visibilityOf, type UsageDeps } from './usage.ts';

export const exportKind = 'export';
/** Rows of one file; what is older takes a narrower filter. */
export const exportRowsMax = 5_000_000;
/** How long a file is kept once it is whole. */
export const exportKeptMs = 7 * 86_400_000;
/** Packed bytes that the files of one person take together, and those of everybody. */
const ownBytesMax = 512 * 1024 * 1024;
const allBytesMax = 2 * 1024 * 1024 * 1024;
/** Rows of one look: the server has other work, and answers it in between. */
const lookRows = 250;
/** A piece is full with so many characters, or after so many looks that found little. */
const pieceCharsMin = 1024 * 1024;
const looksMax = 40;
/** A row is far below this; what unpacks to more was never packed here. */
const unpackedBytesMax = 256 * 1024 * 1024;

const deflated = promisify(deflateRaw);
const inflated = promisify(inflateRaw);

export type ExportFormat = 'csv' | 'jsonl';

/** Rows as lines of a file; the same as where they are streamed. */
export interface ExportText<Row> {
  head(format: ExportFormat): string;
  lines(rows: readonly Row[], format: ExportFormat): string;
}

export interface ExportDeps extends UsageDeps {
  tasks: Tasks;
  exportTexts: { requests: ExportText<NamedRequest>; audit: ExportText<AuditRecord> };
}

/** What is exported, as the task keeps it: rights and range as they were when it began. */
type Job = { format: ExportFormat; requestId: string } & (
  | { of: 'requests'; filter: RequestFilter }
  | { of: 'audit'; filter: AuditFilter; workspaceId: string | null }
);

export type ExportAsked = { format: ExportFormat } & (
  | { of: 'requests'; filter: RequestsMeant }
  | { of: 'audit'; filter: AuditFilter; workspaceId: string | null }
);

interface Look {
  text: string;
  rows: number;
  /** Where the next look begins; null at the end. */
  next: { place: string; atMs: number } | null;
}

/**
 * Begins an export and answers its task's id.
 * @throws Refusal FORBIDDEN, NOT_FOUND as for the log itself, VALIDATION_ERROR, EXPORTS_FULL, RATE_LIMITED, OVERLOADED
 */
export async function startExport(deps: ExportDeps, caller: Caller, asked: ExportAsked): Promise<string> {
  const { actor, origin } = caller;
  const job = await jobOf(deps, caller, asked);
  await mustHaveRoom(deps, actor.userId);
  const task = await deps.tasks.start({
    kind: exportKind,
    title: `${job.of}-${isoOf(deps.clock.nowMs()).slice(0, 10)}.${job.format}`,
    ownerUserId: actor.userId,
    ownerName: actor.name,
    input: { ...job, requestId: origin.requestId },
    run: (context) => write(deps, actor.userId, job, context),
  });
  await noteTaskWish(deps, caller, 'start', { id: task.id, kind: exportKind });
  if (job.of === 'audit') await noteAuditExport(deps, caller, job.workspaceId, job.filter);
  return task.id;
}

async function jobOf(deps: ExportDeps, { actor, origin: { requestId } }: Caller, asked: ExportAsked): Promise<Job> {
  const { format } = asked;
  if (asked.of === 'audit') {
    const nowMs = deps.clock.nowMs();
    const scope = await scopeOf(deps, actor, asked.workspaceId);
    const filter = { ...asked.filter, ...scope, toMs: Math.min(asked.filter.toMs ?? nowMs, nowMs) };
    return { of: 'audit', format, requestId, filter, workspaceId: scope.workspaceId ?? null };
  }
  // What has just happened is in the books before the end is fixed.
  await deps.books.catchUp();
  return { of: 'requests', format, requestId, filter: exportFilterOf(deps, actor, asked.filter) };
}

/** @throws Refusal EXPORTS_FULL where kept files take as much as they may */
async function mustHaveRoom({ database }: ExportDeps, userId: string): Promise<void> {
  const { all, own } = await exportBytes(database, userId);
  if (own >= ownBytesMax || all >= allBytesMax) throw new Refusal('EXPORTS_FULL');
}

/** A restart, or the end of a pause, goes on behind the last row that is in a piece, as long as the person may still read it. */
export function resumeExports(deps: ExportDeps): void {
  deps.tasks.onRestart(exportKind, (task): TaskRun | null => {
    if (!deps.keeper.snapshot.actorOf(task.createdBy.id, 'session')) return null;
    return (context) => write(deps, task.createdBy.id, jobIn(task), context);
  });
}

const jobIn = (task: Task): Job => task.input as unknown as Job;

/** Whether all that was visible when an export began still is. */
function covers(now: Visibility, then: Visibility): boolean {
  if (now === 'all') return true;
  return then !== 'all' && now.userId === then.userId && then.workspaceIds.every((id) => now.workspaceIds.includes(id));
}

/** @throws Refusal FORBIDDEN, NOT_FOUND where the rows are not this person's to read (any more) */
async function mustRead(deps: ExportDeps, actor: Actor | undefined, job: Job): Promise<void> {
  if (!actor) throw new Refusal('FORBIDDEN');
  if (job.of === 'audit') await scopeOf(deps, actor, job.workspaceId);
  else if (!covers(visibilityOf(actor), job.filter.visibility)) throw new Refusal('FORBIDDEN');
}

async function write(deps: ExportDeps, userId: string, job: Job, context: TaskContext): Promise<Record<string, unknown>> {
  const { database, clock } = deps;
  const { taskId, signal } = context;
  const nowMs = clock.nowMs();
  await beginExport(database, { taskId, createdBy: userId, nowMs, expiresAtMs: nowMs + exportKeptMs });
  try {
    let file = await findExport(database, taskId);
    const range = await rangeOf(deps, job);
    while (file && !file.isWhole && file.pieces < exportPiecesMax && !signal.aborted) {
      // Rights may have been taken away since the last piece.
      await mustRead(deps, deps.keeper.snapshot.actorOf(userId, 'session'), job);
      await mustHaveRoom(deps, userId);
      file = await writePiece(deps, job, file, range, context);
    }
    if (!file) throw notFound();
    if (!file.isWhole && !signal.aborted) throw new Refusal('EXPORTS_FULL');
    if (signal.reason === 'cancelled') await deleteExport(database, taskId);
    return resultOf(file);
  } catch (error) {
    // Another run of the task is at it, or somebody threw the file away.
    if (error instanceof StaleWrite) throw notFound();
    if (error instanceof Refusal) await deleteExport(database, taskId);
    throw error;
  }
}

const resultOf = ({ rows, isWhole, expiresAtMs }: ExportFile): Record<string, unknown> => ({
  rows,
  isCut: rows >= exportRowsMax,
  expiresAt: isWhole ? isoOf(expiresAtMs) : null,
});

/** From when to when rows can be at all: progress is how much of it has been read. */
async function rangeOf({ database }: ExportDeps, { of, filter }: Job): Promise<{ fromMs: number; toMs: number }> {
  const toMs = filter.toMs ?? 0;
  const oldest = (await oldestMs(database, of === 'audit' ? 'audit_entries' : 'usage_events')) ?? toMs;
  return { fromMs: Math.min(Math.max(oldest, filter.fromMs ?? 0), toMs), toMs };
}

async function writePiece(
  deps: ExportDeps,
  job: Job,
  before: ExportFile,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  { progress, keep, signal }: TaskContext,
): Promise<ExportFile> {
  const texts: string[] = before.pieces === 0 ? [deps.exportTexts[job.of].head(job.format)] : [];
  let rows = 0;
  let chars = 0;
  let next: Look['next'] = before.place === null ? null : { place: before.place, atMs: toMs };
  let isLast = false;
  for (let looks = 0; looks < looksMax && chars < pieceCharsMin && !isLast && !signal.aborted; looks++) {
    const look = await lookFrom(deps, job, next?.place ?? null, Math.min(lookRows, exportRowsMax - before.rows - rows));
    texts.push(look.text);
    chars += look.text.length;
    rows += look.rows;
    next = look.next;
    isLast = next === null || before.rows + rows >= exportRowsMax;
  }
  // A wish to stop is heard between two looks; what was read until then is kept.
  const packed = await deflated(Buffer.from(texts.join('')));
  const place = next?.place ?? null;
  const file = await addPiece(deps.database, before, { packed, rows, place, isLast, expiresAtMs: deps.clock.nowMs() + exportKeptMs });
  const total = Math.max(1, toMs - fromMs);
  progress(isLast ? total : Math.min(total, Math.max(0, toMs - (next?.atMs ?? toMs))), total);
  keep(resultOf(file));
  return file;
}

async function lookFrom(deps: ExportDeps, job: Job, place: string | null, limit: number): Promise<Look> {
  if (job.of === 'requests') {
    const page = await exportPage(deps, job.filter, place === null ? null : readCursor(place), limit);
    const { nextCursor } = page;
    const text = deps.exportTexts.requests.lines(page.rows, job.format);
    return { text, rows: page.rows.length, next: nextCursor && { place: writeCursor(nextCursor), atMs: nextCursor.atMs } };
  }
  const rows = await listAudit(deps.database, job.filter, placeIn(place), limit);
  const last = rows.at(-1);
  return {
    text: deps.exportTexts.audit.lines(rows, job.format),
    rows: rows.length,
    next: last && rows.length === limit ? { place: writeCursor(last), atMs: last.atMs } : null,
  };
}

const placeIn = (place: string | null): AuditPlace | null => (place === null ? null : readCursor(place));

export interface OpenedExport {
  fileName: string;
  format: ExportFormat;
  /** The file's bytes, piece by piece; it breaks off where a piece is gone. */
  pieces: AsyncGenerator<Buffer, void, undefined>;
}

/**
 * The file of a task that the caller may know of. That somebody took it away is an entry of its own; not so where `isTaken` is FALSE,
 * since only the head of the file goes out.
 * @throws Refusal NOT_FOUND where there is none (any more), FORBIDDEN where its rows are not theirs to read
 */
export async function openExport(deps: ExportDeps, caller: Caller, task: Task, isTaken: boolean): Promise<OpenedExport> {
  const file = await mustFindFile(deps, task);
  const job = jobIn(task);
  await mustRead(deps, caller.actor, job);
  if (isTaken) await noteFile(deps, caller, 'export.download', task);
  return { fileName: task.title, format: job.format, pieces: piecesOf(deps, file) };
}

async function mustFindFile({ database, clock }: ExportDeps, { id, kind }: Task): Promise<ExportFile> {
  const file = kind === exportKind ? await findExport(database, id) : undefined;
  if (!file?.isWhole || file.expiresAtMs <= clock.nowMs()) throw notFound();
  return file;
}

async function* piecesOf({ database }: ExportDeps, { taskId, pieces }: ExportFile): AsyncGenerator<Buffer, void, undefined> {
  for (let pieceNo = 0; pieceNo < pieces; pieceNo++) {
    const packed = await readPiece(database, taskId, pieceNo);
    if (!packed) throw new Error('a piece of an exported file is gone');
    yield await inflated(packed, { maxOutputLength: unpackedBytesMax });
  }
}

/** Throws the file of a finished export away; the task stays. @throws Refusal NOT_FOUND */
export async function removeExport(deps: ExportDeps, caller: Caller, task: Task): Promise<void> {
  const { taskId } = await mustFindFile(deps, task);
  await noteFile(deps, caller, 'export.delete', task);
  await keepResult(deps.database, taskId, { ...task.result, expiresAt: null });
  await deleteExport(deps.database, taskId);
}

async function noteFile(deps: ExportDeps, caller: Caller, action: string, { id, title }: Task): Promise<void> {
  const deed = { action, subjectType: 'task', subjectId: id, subjectName: title, owner: null };
  await writeAudit(deps.database, auditEntry(deps, caller, deed));
}
