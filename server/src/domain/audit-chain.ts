/** The audit log as a chain: what of an entry is linked, and the pure rule that finds the first place where the chain was touched. */

/** Makes the hash of an entry that follows another; only the vault has the key. */
export type Link = (previous: string, entry: string) => string;

/** The columns that are linked, in the order in which they are. A new column goes to the end. */
export const auditColumns = [
  'id',
  'at',
  'actor_id',
  'actor_name',
  'actor_role',
  'via',
  'action',
  'subject_type',
  'subject_id',
  'subject_name',
  'scope',
  'owner_id',
  'outcome',
  'error_code',
  'changes',
  'request_id',
  'address',
  'agent',
  'revision',
  'duration_ms',
] as const;

export type AuditValues = readonly (string | number | null)[];

/** Before the first entry. */
export const genesisHash = '0'.repeat(64);

/** An entry as one text that can be read in one way only. */
export const canonical = (values: AuditValues): string => JSON.stringify(values);

/** A place in the chain. */
export interface ChainPlace {
  seq: number;
  hash: string;
}

export interface ChainRow extends ChainPlace {
  values: AuditValues;
}

/** A row as the text that is linked. */
export interface ChainLine extends ChainPlace {
  text: string;
}

export const lineOf = ({ seq, hash, values }: ChainRow): ChainLine => ({ seq, hash, text: canonical(values) });

export interface AuditFault {
  /**
   * `altered`: the entry is not the one that was written (or entries before it were taken away and the rest renumbered); `deleted`: entries
   * are missing; `inserted`: one that was never written; `reordered`: entries changed places; `cut`: the end is missing; `head`: the head
   * was changed; `prefix`: what was sealed at the beginning changed; `anchor`: an anchor is missing or forged; `unsealed`: an entry that
   * never passed through the chain.
   */
  kind: 'altered' | 'deleted' | 'inserted' | 'reordered' | 'cut' | 'head' | 'prefix' | 'anchor' | 'unsealed';
  /** The first number concerned; null where it is no single entry. */
  seq: number | null;
  /** The last number concerned, where several are. */
  untilSeq: number | null;
  /** The entry that stands there, where one does. */
  entryId: string | null;
}

const faultAt = (kind: AuditFault['kind'], seq: number | null, row?: ChainRow, untilSeq: number | null = null): AuditFault => ({
  kind,
  seq,
  untilSeq,
  entryId: row === undefined ? null : String(row.values[0]),
});

const continues = (link: Link, previous: string, row: ChainRow): boolean => link(previous, canonical(row.values)) === row.hash;

/** How many of the lines continue the chain from `place`; they are in the order of their numbers. */
export function soundLines(link: Link, place: ChainPlace, lines: readonly ChainLine[]): number {
  let { seq, hash } = place;
  for (const [index, line] of lines.entries()) {
    if (line.seq !== seq + 1 || link(hash, line.text) !== line.hash) return index;
    ({ seq, hash } = line);
  }
  return lines.length;
}

/** Rows after a break that are looked at to say what happened. */
export const diagnosedRows = 1_000;

/** What happened at a break: `rows` begin with the first one that does not continue the chain from `place`. */
export function faultAfter(link: Link, place: ChainPlace, rows: readonly ChainRow[]): AuditFault {
  const [first] = rows;
  const expected = place.seq + 1;
  if (!first) return faultAt('deleted', expected);
  const at = rows.findIndex((row) => continues(link, place.hash, row));
  if (first.seq !== expected) {
    // The one that belongs here stands elsewhere, or here under another number.
    if (at === 0) return faultAt('altered', first.seq, first);
    return at > 0 ? faultAt('reordered', expected, rows[at]) : faultAt('deleted', expected, undefined, first.seq - 1);
  }
  // Genuine, and not in its place; or never written by the house; or written by it and changed since.
  if (rows.length > 1 && isFromElsewhere(link, first, rows)) return faultAt('reordered', first.seq, first);
  return faultAt(at > 0 ? 'inserted' : 'altered', first.seq, first);
}

/** Whether the row continues some other row that is at hand: then it is genuine and stands in the wrong place. */
const isFromElsewhere = (link: Link, row: ChainRow, rows: readonly ChainRow[]): boolean =>
  rows.some((other) => other !== row && continues(link, other.hash, row));

/** The end of the rows against the head and the anchors: null where nothing is missing. */
export function faultAtEnd(last: ChainPlace, head: ChainPlace, anchors: readonly ChainPlace[]): AuditFault | null {
  const furthest = anchors.reduce((most, { seq }) => Math.max(most, seq), head.seq);
  if (furthest > last.seq) return faultAt('cut', last.seq + 1, undefined, furthest);
  return head.seq === last.seq && head.hash === last.hash ? null : faultAt('head', head.seq);
}

export const insertedFault = (row: ChainRow): AuditFault => faultAt('inserted', row.seq, row);
export const prefixFault = (): AuditFault => faultAt('prefix', null);
export const anchorFault = (seq: number | null): AuditFault => faultAt('anchor', seq);
export const unsealedFault = (entryId: string): AuditFault => ({ kind: 'unsealed', seq: null, untilSeq: null, entryId });

/** What an anchor's signature covers. */
export const anchorText = (anchor: { kind: string; atMs: number; seq: number; hash: string; entries: number }): string =>
  JSON.stringify([anchor.kind, anchor.atMs, anchor.seq, anchor.hash, anchor.entries]);
