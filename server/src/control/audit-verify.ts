/** Verifies the audit log: walks the chain from its beginning, a page at a time, and names the first place where it was touched. */
import {
  anchorFault,
  anchorText,
  canonical,
  diagnosedRows,
  faultAfter,
  faultAtEnd,
  genesisHash,
  insertedFault,
  prefixFault,
  soundLines,
  unsealedFault,
  type AuditFault,
  type ChainPlace,
  type ChainRow,
} from '../domain/audit-chain.ts';
import { readHead } from '../storage/audit-chain.ts';
import { exactLines, linkedLines, linkedRows, listAnchors, unlinkedRows, type Anchor } from '../storage/audit-anchors.ts';
import type { Database } from '../storage/database.ts';
import type { AuditSeal } from '../vault/audit-seal.ts';
import type { Vault } from '../vault/vault.ts';
import { storedAuditSeal } from './audit-key.ts';

export interface AuditVerdict {
  isSound: boolean;
  /** Entries of the chain that were verified, up to the fault where there is one. */
  checked: number;
  /** Entries from before the chain: they are as they were when the chain began; nobody can say what was before. */
  prefix: number;
  /** Entries up to this number are gone by retention; 0 where none are. */
  retainedFromSeq: number;
  head: ChainPlace;
  lastAnchor: { atMs: number; seq: number; hash: string } | null;
  fault: AuditFault | null;
}

export interface VerifyOptions {
  /** Anchors from outside the database: a line of the log, a webhook, what this process has seen. */
  anchors?: readonly ChainPlace[];
  pageRows?: number;
  /** Called after each page with the number of entries verified so far. */
  onProgress?: (checked: number) => void;
  signal?: AbortSignal;
}

const pageRowsDefault = 5_000;
/** A billion entries. */
const pagesMax = 200_000;

/**
 * Verifies the whole chain. Reads only, in pages, beside whatever is written meanwhile: entries above the head as it is at the beginning are
 * left for the next time. @throws SecretUnreadable where the chain's key cannot be opened, StorageUnavailable
 */
export async function verifyAudit(deps: { database: Database; vault: Vault }, options: VerifyOptions = {}): Promise<AuditVerdict> {
  const seal = await storedAuditSeal(deps);
  // Anchors first: one that is written meanwhile may stand beyond the head that was read before it.
  const { anchors, opened, forged } = sortAnchors(seal, await listAnchors(deps.database));
  const head = await readHead(deps.database.driver);
  const retention = anchors.findLast(({ kind }) => kind === 'retention');
  const last = anchors.reduce<Anchor | null>((newest, anchor) => (newest && newest.atMs > anchor.atMs ? newest : anchor), null);
  const verdict: AuditVerdict = {
    isSound: false,
    checked: 0,
    prefix: 0,
    retainedFromSeq: retention?.seq ?? 0,
    head: { seq: head.seq, hash: head.hash },
    lastAnchor: last && { atMs: last.atMs, seq: last.seq, hash: last.hash },
    fault: null,
  };
  // A database that no server has served yet has no chain to verify.
  if (head.openedAtMs === null && seal === null && !forged) return { ...verdict, isSound: true };
  if (seal === null || !opened || forged) return { ...verdict, fault: anchorFault(forged?.seq ?? null) };
  const isPrefixGone = retention !== undefined && retention.seq >= opened.seq;
  const prefix = await walkPrefix(deps.database, seal, opened, isPrefixGone, options);
  if (prefix.fault) return { ...verdict, prefix: prefix.count, fault: prefix.fault };
  const start = isPrefixGone ? retention : opened;
  const walked = await walkChain(deps.database, seal, start, head.seq, anchors, options);
  const fault =
    walked.fault ??
    faultAtEnd(walked.place, head, [...anchors, ...(options.anchors ?? [])]) ??
    (await faultBeyond(deps.database, walked.place));
  const checked = walked.place.seq - start.seq;
  return { ...verdict, checked, prefix: prefix.count, fault, isSound: fault === null };
}

/**
 * Those that are signed, the first anchor of the chain among them, and the first forged one. Anchors from before the chain's first one were
 * signed with a key that was lost: they say nothing any more.
 */
function sortAnchors(seal: AuditSeal | null, all: readonly Anchor[]): { anchors: Anchor[]; opened?: Anchor; forged?: Anchor } {
  if (seal === null) return { anchors: [], ...(all[0] && { forged: all[0] }) };
  const isSigned = (anchor: Anchor): boolean => seal.mac(anchorText(anchor)) === anchor.mac;
  const anchors = all.filter(isSigned);
  const opened = anchors.findLast(({ kind }) => kind === 'opened');
  const forged = all.find((anchor) => !isSigned(anchor) && anchor.atMs >= (opened?.atMs ?? 0));
  return { anchors, ...(opened && { opened }), ...(forged && { forged }) };
}

/** Entries with numbers that the head never reached. */
async function faultBeyond(database: Database, place: ChainPlace): Promise<AuditFault | null> {
  const beyond = (await linkedRows(database, place.seq, Number.MAX_SAFE_INTEGER, 1))[0];
  if (!beyond) return null;
  // What was written since is no fault: the head went with it.
  return beyond.seq <= (await readHead(database.driver)).seq ? null : insertedFault(beyond);
}

/** The digest of what stood in the log when its chain began, as the first anchor has it. */
export async function digestPrefix(
  database: Database,
  seal: AuditSeal,
  untilSeq: number,
  { pageRows = pageRowsDefault, signal }: VerifyOptions = {},
): Promise<{ hash: string; count: number; unlinked: number; firstId: string | null }> {
  let hash = genesisHash;
  let count = 0;
  let firstId: string | null = null;
  const add = (row: ChainRow): void => {
    hash = seal.link(hash, canonical(row.values));
    count += 1;
    firstId ??= String(row.values[0]);
  };
  let after: { atMs: number; id: string } | null = null;
  let seq = 0;
  for (let pages = 0; pages < pagesMax; pages++) {
    signal?.throwIfAborted();
    const rows: ChainRow[] = await unlinkedRows(database, after, pageRows);
    rows.forEach(add);
    const last = rows.at(-1);
    if (!last || rows.length < pageRows) break;
    after = { atMs: Number(last.values[1]), id: String(last.values[0]) };
  }
  const unlinked = count;
  for (let pages = 0; pages < pagesMax && seq < untilSeq; pages++) {
    signal?.throwIfAborted();
    const rows = await linkedRows(database, seq, untilSeq, pageRows);
    rows.forEach(add);
    seq = rows.at(-1)?.seq ?? untilSeq;
  }
  return { hash, count, unlinked, firstId };
}

async function walkPrefix(
  database: Database,
  seal: AuditSeal,
  opened: Anchor,
  isGone: boolean,
  options: VerifyOptions,
): Promise<{ count: number; fault: AuditFault | null }> {
  if (isGone) return { count: 0, fault: null };
  const { hash, count, firstId } = await digestPrefix(database, seal, opened.seq, options);
  if (hash === opened.hash && count === opened.entries) return { count, fault: null };
  // Nothing stood there when the chain began: what stands there now was put in.
  return { count, fault: opened.entries === 0 && firstId !== null ? unsealedFault(firstId) : prefixFault() };
}

async function walkChain(
  database: Database,
  seal: AuditSeal,
  start: ChainPlace,
  untilSeq: number,
  anchors: readonly Anchor[],
  { pageRows = pageRowsDefault, onProgress, signal, anchors: outside = [] }: VerifyOptions,
): Promise<{ place: ChainPlace; fault: AuditFault | null }> {
  const hashAt = new Map([...anchors, ...outside].map(({ seq, hash }) => [seq, hash]));
  let place: ChainPlace = { seq: start.seq, hash: start.hash };
  // The next page is read while this one is verified.
  let read = linkedLines;
  let coming = read(database, place.seq, untilSeq, pageRows);
  for (let pages = 0; pages < pagesMax; pages++) {
    signal?.throwIfAborted();
    // Beyond the head lies what was written since; an entry that nobody wrote there is found once the head has passed it.
    const lines = await coming;
    const isLast = lines.length < pageRows;
    if (!isLast) {
      coming = read(database, lines.at(-1)!.seq, untilSeq, pageRows);
      // Nobody may wait for it, where this page ends the walk.
      coming.catch(() => undefined);
    }
    const sound = soundLines(seal.link, place, lines);
    const wrong = lines.slice(0, sound).find(({ seq, hash }) => (hashAt.get(seq) ?? hash) !== hash);
    if (wrong) return { place, fault: anchorFault(wrong.seq) };
    const reached = lines[sound - 1];
    if (reached) place = { seq: reached.seq, hash: reached.hash };
    onProgress?.(place.seq - start.seq);
    if (sound < lines.length && read !== exactLines) {
      // Before anybody is accused, the rows themselves are read from here on.
      read = exactLines;
      coming = read(database, place.seq, untilSeq, pageRows);
      continue;
    }
    if (sound < lines.length) {
      const window = await linkedRows(database, place.seq, Number.MAX_SAFE_INTEGER, diagnosedRows);
      return { place, fault: faultAfter(seal.link, place, window) };
    }
    if (isLast) break;
  }
  return { place, fault: null };
}
