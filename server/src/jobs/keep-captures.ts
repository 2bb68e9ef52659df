/** Seals the contents that workspaces keep and brings them into the database, behind the requests; what finds no place in the queue is counted. */
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { keptText, type Captured, type CapturedSide, type CaptureSink } from '../domain/capture.ts';
import { ownerKey } from '../domain/owner.ts';
import { capturedKeyColumn, placeOfCaptured } from '../domain/sealing.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import { scrub, type Log } from '../lib/log.ts';
import { insertCaptured, type CapturedRow } from '../storage/captured-bodies.ts';
import type { Database } from '../storage/database.ts';
import { newDataKey, sealContents } from '../vault/envelope.ts';
import type { Vault } from '../vault/vault.ts';

/** So many may wait, and so much: a database that is away must not fill the memory. */
export const waitingMax = 2_000;
export const waitingBytesMax = 64 * 1024 * 1024;
const batchMax = 16;
const periodMs = 250;
const dayMs = 86_400_000;
/** One flush writes what waited when it began, and never more. */
const batchesMax = Math.ceil(waitingMax / batchMax);

export interface CaptureKeeper extends CaptureSink {
  /** Contents that found no place, or no key, since the start. */
  readonly lost: number;
  readonly waiting: number;
  /** Writes what waits now; resolves when it is written, or could not be. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface CaptureDeps {
  database: Database;
  keeper: { readonly snapshot: Snapshot };
  vault: Vault;
  clock: Clock;
  ids: Ids;
  log: Log;
}

const deflated = promisify(deflateRaw);

const sizeOf = ({ request, answer }: Captured): number => (request?.text?.length ?? 0) + (answer?.text?.length ?? 0);

/** What is said of a side beside its text. */
const factsOf = (side: CapturedSide | null) =>
  side && { mediaType: side.mediaType, bytes: side.bytes, isTruncated: side.isTruncated, isKept: side.text !== null };

type RowOrNothing = CapturedRow | 'no_key' | 'stopped';

/** One row, sealed under the workspace's key as it is now. A workspace that has stopped keeping contents meanwhile gets none. */
async function sealedRow({ keeper, vault, ids }: CaptureDeps, captured: Captured): Promise<RowOrNothing> {
  const { requestId, workspaceId, atMs, userId, request, answer } = captured;
  const keptDays = keeper.snapshot.capture.get(workspaceId);
  if (keptDays === undefined) return 'stopped';
  const place = placeOfCaptured(requestId, workspaceId);
  const key = keeper.snapshot.ownerKeys.get(ownerKey(place.owner))?.findLast(({ isActive }) => isActive);
  if (!key) return 'no_key';
  const dataKey = newDataKey(ids);
  const sealed = async (side: CapturedSide | null, column: string): Promise<string | null> => {
    if (side === null || side.text === null) return null;
    const contents = await deflated(Buffer.from(keptText(side.text, scrub, side.isTruncated)));
    return sealContents(contents, dataKey, { table: capturedKeyColumn.table, column, rowId: requestId }, ids);
  };
  return {
    requestId,
    atMs,
    expiresAtMs: atMs + keptDays * dayMs,
    workspaceId,
    userId,
    dataKeySealed: vault.seal(dataKey, place, key),
    factsJson: JSON.stringify({ request: factsOf(request), answer: factsOf(answer) }),
    request: await sealed(request, 'request'),
    answer: await sealed(answer, 'answer'),
  };
}

/** The rows of a batch, and how many have no key that they could be sealed under. */
async function sealedRows(deps: CaptureDeps, batch: readonly Captured[]): Promise<{ rows: CapturedRow[]; keyless: number }> {
  const rows: CapturedRow[] = [];
  let keyless = 0;
  for (const captured of batch) {
    const row = await sealedRow(deps, captured);
    if (row === 'no_key') keyless++;
    else if (row !== 'stopped') rows.push(row);
  }
  return { rows, keyless };
}

export function keepCaptures(deps: CaptureDeps): CaptureKeeper {
  const { database, clock, log } = deps;
  let queue: Captured[] = [];
  let bytes = 0;
  let lost = 0;
  let lostNamed = 0;
  let isClosing = false;
  let writing: Promise<void> = Promise.resolve();

  /** FALSE where the database did not take it: what waits goes on waiting. */
  async function writeBatch(): Promise<boolean> {
    const batch = queue.slice(0, batchMax);
    try {
      const { rows, keyless } = await sealedRows(deps, batch);
      await insertCaptured(database, rows);
      lost += keyless;
    } catch (error) {
      log.warn({ err: error, waiting: queue.length }, 'contents of requests could not be kept; tried again');
      return false;
    }
    queue = queue.slice(batch.length);
    for (const captured of batch) bytes -= sizeOf(captured);
    return true;
  }

  async function writeAll(): Promise<void> {
    for (let batch = 0; batch < batchesMax && queue.length > 0; batch++) if (!(await writeBatch())) return;
  }

  const flush = (): Promise<void> => {
    writing = writing.then(writeAll);
    return writing;
  };
  let isTicking = false;
  const timer = clock.every(periodMs, () => {
    if (lost > lostNamed) {
      log.error({ lost }, 'more contents of requests than can be kept');
      lostNamed = lost;
    }
    if (queue.length === 0 || isTicking) return;
    isTicking = true;
    void flush().finally(() => void (isTicking = false));
  });
  return {
    note(captured) {
      const size = sizeOf(captured);
      if (isClosing || queue.length >= waitingMax || bytes + size > waitingBytesMax) return void lost++;
      bytes += size;
      queue.push(captured);
    },
    get lost() {
      return lost;
    },
    get waiting() {
      return queue.length;
    },
    flush,
    async close() {
      isClosing = true;
      timer.cancel();
      await flush();
      if (queue.length > 0) log.error({ lost: queue.length }, 'the last contents of requests could not be kept before the end');
    },
  };
}
