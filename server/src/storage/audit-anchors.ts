/** Anchors of the audit log, the rows between them, its key, and the retention that only goes where an anchor is. */
import { auditColumns, lineOf, type ChainLine, type ChainPlace, type ChainRow } from '../domain/audit-chain.ts';
import { chainValues } from './audit-chain.ts';
import type { Database } from './database.ts';
import type { Row, Statement } from './driver.ts';

export interface Anchor extends ChainPlace {
  atMs: number;
  kind: 'opened' | 'hourly' | 'shutdown' | 'retention';
  /** Entries that it covers: all of the chain, or those that retention takes. */
  entries: number;
  mac: string;
}

/** More than an anchor an hour for eleven years. */
const anchorsMax = 100_000;
const deletedAtOnce = 1_000;

export const insertAnchor = ({ db, compile }: Database, id: string, anchor: Anchor): Statement =>
  compile(
    db.insertInto('audit_anchors').values({
      id,
      at: anchor.atMs,
      kind: anchor.kind,
      seq: anchor.seq,
      hash: anchor.hash,
      entries: anchor.entries,
      mac: anchor.mac,
    }),
  );

/** In the order of what they cover; for one place the older first. */
export async function listAnchors({ db }: Database): Promise<Anchor[]> {
  const rows = await db.selectFrom('audit_anchors').selectAll().orderBy('seq').orderBy('at').orderBy('id').limit(anchorsMax).execute();
  return rows.map(({ at, kind, seq, hash, entries, mac }) => ({ atMs: at, kind, seq, hash, entries, mac }));
}

/** The chain begins: from now on the database refuses entries without a hash. Fails as `audit-open` where something was written meanwhile. */
export const openHead = (from: ChainPlace, to: { hash: string; unlinked: number }, nowMs: number): Statement => ({
  sql: `UPDATE audit_head SET hash = $1, opened_at = $2 WHERE id = 1 AND seq = $3 AND hash = $4
    AND (SELECT count(*) FROM audit_entries WHERE seq IS NULL) = $5`,
  params: [to.hash, nowMs, from.seq, from.hash, to.unlinked],
  expectRows: 1,
  label: 'audit-open',
});

const chosen = ['seq', 'hash', ...auditColumns].join(', ');
const rowOf = (row: Row): ChainRow => ({
  seq: (row['seq'] as number | null) ?? 0,
  hash: (row['hash'] as string | null) ?? '',
  values: chainValues(row),
});

/** Entries above a number, in order. `untilSeq` is the last one wanted. */
export async function linkedRows({ driver }: Database, afterSeq: number, untilSeq: number, limit: number): Promise<ChainRow[]> {
  const sql = `SELECT ${chosen} FROM audit_entries WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`;
  return (await driver.rows({ sql, params: [afterSeq, untilSeq, limit] }, 'analytics')).map(rowOf);
}

/** The same entries as the texts that are linked. */
export const exactLines = async (database: Database, afterSeq: number, untilSeq: number, limit: number): Promise<ChainLine[]> =>
  (await linkedRows(database, afterSeq, untilSeq, limit)).map(lineOf);

const hashChars = 64;
const linesSql = `SELECT CAST(group_concat(line, char(10)) AS BLOB) AS page, count(*) AS entries, sum(hash_bytes IS ${hashChars}) AS plain FROM (
  SELECT octet_length(hash) AS hash_bytes, seq || ' ' || hash || ' ' || json_array(${auditColumns.join(', ')}) AS line
  FROM audit_entries WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3)`;
const newline = 10;

/**
 * As `exactLines`. The embedded database writes a whole page as one value itself, which takes a third of the time: JSON has no line breaks
 * of its own, and SQLite writes texts, whole numbers and nulls as we do. Where it ever did otherwise, the links would not hold: whoever
 * finds that asks for the exact lines.
 */
export async function linkedLines(database: Database, afterSeq: number, untilSeq: number, limit: number): Promise<ChainLine[]> {
  if (database.driver.engine !== 'sqlite') return exactLines(database, afterSeq, untilSeq, limit);
  const params = [afterSeq, untilSeq, limit];
  const [found] = await database.driver.rows<{ page: Uint8Array | null; entries: number; plain: number | null }>(
    { sql: linesSql, params },
    'analytics',
  );
  if (!found?.entries) return [];
  const lines = found.page ? linesIn(Buffer.from(found.page.buffer, found.page.byteOffset, found.page.length)) : [];
  // A line for each entry and no more: a hash that is none could hide entries behind it, or its own.
  const isPlain = found.plain === found.entries && lines.length === found.entries;
  return isPlain ? lines : exactLines(database, afterSeq, untilSeq, limit);
}

function linesIn(page: Buffer): ChainLine[] {
  const lines: ChainLine[] = [];
  for (let from = 0; from < page.length;) {
    const next = page.indexOf(newline, from);
    const end = next < 0 ? page.length : next;
    const hashAt = page.indexOf(' ', from) + 1;
    const textAt = hashAt + hashChars + 1;
    lines.push({
      seq: Number(page.toString('latin1', from, hashAt - 1)),
      hash: page.toString('latin1', hashAt, textAt - 1),
      text: page.toString('utf8', textAt, end),
    });
    from = end + 1;
  }
  return lines;
}

/** Entries from before the chain, by time. */
export async function unlinkedRows({ driver }: Database, after: { atMs: number; id: string } | null, limit: number): Promise<ChainRow[]> {
  const from = after ?? { atMs: -1, id: '00000000-0000-0000-0000-000000000000' };
  const sql = `SELECT ${chosen} FROM audit_entries WHERE seq IS NULL AND (at > $1 OR (at = $1 AND id > $2)) ORDER BY at, id LIMIT $3`;
  return (await driver.rows({ sql, params: [from.atMs, from.id, limit] }, 'analytics')).map(rowOf);
}

/** How far retention may go: everything up to `seq` is older than the moment, the prefix too. Null where nothing is. */
export async function oldUpTo({ driver }: Database, beforeMs: number): Promise<{ seq: number; hash: string; entries: number } | null> {
  const [young] = await driver.rows<{ seq: number | null; prefix: number }>(
    {
      sql: `SELECT (SELECT min(seq) FROM audit_entries WHERE seq IS NOT NULL AND at >= $1) AS seq,
        (SELECT count(*) FROM audit_entries WHERE seq IS NULL AND at >= $1) AS prefix`,
      params: [beforeMs],
    },
    'analytics',
  );
  if (!young || young.prefix > 0) return null;
  const sql = 'SELECT seq, hash FROM audit_entries WHERE seq < $1 ORDER BY seq DESC LIMIT 1';
  const [last] = await driver.rows<{ seq: number; hash: string }>({ sql, params: [young.seq ?? Number.MAX_SAFE_INTEGER] }, 'analytics');
  if (!last) return null;
  const [counted] = await driver.rows<{ entries: number }>(
    { sql: 'SELECT count(*) AS entries FROM audit_entries WHERE COALESCE(seq, 0) <= $1', params: [last.seq] },
    'analytics',
  );
  return { ...last, entries: counted?.entries ?? 0 };
}

/** Deletes some of what a retention anchor covers; 0 where nothing of it is left. */
export async function deleteCovered({ driver }: Database, seq: number): Promise<number> {
  const { touched } = await driver.run(
    {
      sql: `DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE seq IS NULL OR seq <= $1 ORDER BY COALESCE(seq, 0) LIMIT ${deletedAtOnce})`,
      params: [seq],
    },
    'write',
  );
  return touched;
}

/** The sealed key of the chain. */
export async function auditKeyOf({ db }: Database): Promise<string | undefined> {
  return (await db.selectFrom('audit_keys').select('sealed_key').where('id', '=', 1).executeTakeFirst())?.sealed_key;
}

/** The first key of a chain, or one in the place of another that is lost. Fails as `audit-key` where another instance was first. */
export function putAuditKey({ db, compile }: Database, sealedKey: string, before: string | undefined, nowMs: number): Statement {
  const query =
    before === undefined
      ? db
          .insertInto('audit_keys')
          .values({ id: 1, sealed_key: sealedKey, created_at: nowMs })
          .onConflict((conflict) => conflict.doNothing())
      : db.updateTable('audit_keys').set({ sealed_key: sealedKey }).where('id', '=', 1).where('sealed_key', '=', before);
  return compile(query, { expectRows: 1, label: 'audit-key' });
}

/** The same key in another box; where somebody wrote another meanwhile, nothing happens. */
export const replaceAuditKey = ({ db, compile }: Database, before: string, after: string): Statement =>
  compile(db.updateTable('audit_keys').set({ sealed_key: after }).where('id', '=', 1).where('sealed_key', '=', before));
