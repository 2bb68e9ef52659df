/** An audit log of any length, quickly, and an intruder who knows the database and not the key: alters, deletes, inserts, reorders, cuts. */
import { canonical, type AuditFault } from '../../src/domain/audit-chain.ts';
import { storedAuditSeal } from '../../src/control/audit-key.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import { readHead } from '../../src/storage/audit-chain.ts';
import { linkedStep, valuesOf } from '../../src/storage/audit-rows.ts';
import type { Database } from '../../src/storage/database.ts';
import type { SqlValue, Statement } from '../../src/storage/driver.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { auditColumns } from '../../src/domain/audit-chain.ts';
import type { Audited } from './audited.ts';

const ids = createIds(systemClock);
const batchRows = 2_000;

const entryAt = (n: number): AuditEntry => ({
  id: ids.uuid(),
  atMs: 1_780_000_000_000 + n,
  actor: { userId: '019aa000-0000-7000-8000-000000000001', name: `Person ${n % 97}`, role: 'manager', via: 'session' },
  action: n % 3 === 0 ? 'connection.update' : 'limit.create',
  subjectType: 'connection',
  subjectId: '019aa000-0000-7000-8000-000000000002',
  subjectName: 'OpenAI — production',
  owner: { scope: 'organization', id: '019aa000-0000-7000-8000-000000000003' },
  outcome: 'success',
  errorCode: null,
  changes: { name: { before: `a${n}`, after: `b${n}` }, secret: { after: 'changed' } },
  origin: { requestId: ids.uuid(), address: '192.0.2.7', agent: 'Mozilla/5.0 (X11; Linux x86_64)' },
  durationMs: n % 40,
});

/** Entries as the chain itself would have written them, many in one transaction. */
export async function growLog({ database, vault }: Audited, entries: number): Promise<void> {
  const seal = (await storedAuditSeal({ database, vault }))!;
  let { seq, hash } = await readHead(database.driver);
  for (let from = 0; from < entries; from += batchRows) {
    const before = { seq, hash };
    const rows: unknown[][] = [];
    for (let n = from; n < Math.min(from + batchRows, entries); n++) {
      const values = valuesOf(entryAt(n), 1);
      hash = seal.link(hash, canonical(values));
      seq += 1;
      rows.push([...values, seq, hash]);
    }
    await database.driver.write([
      { sql: 'UPDATE audit_head SET seq = $1, hash = $2 WHERE seq = $3', params: [seq, hash, before.seq], expectRows: 1 },
      { insertInto: 'audit_entries', columns: [...auditColumns, 'seq', 'hash'], rows },
    ]);
  }
}

/** One thing that an intruder did, how it is undone, and what the verifier should call it. */
export interface Tampering {
  name: string;
  fault: Partial<AuditFault>;
  undo(): Promise<void>;
}

type Draw = (below: number) => number;
const all = `SELECT ${[...auditColumns, 'seq', 'hash'].join(', ')} FROM audit_entries`;

async function rowAt({ driver }: Database, seq: number): Promise<SqlValue[]> {
  const [row] = await driver.rows<Record<string, SqlValue>>({ sql: `${all} WHERE seq = $1`, params: [seq] });
  return [...auditColumns, 'seq', 'hash'].map((name) => row![name] ?? null);
}

const put = (row: readonly SqlValue[]): Statement => linkedStep(row.slice(0, -2) as never, Number(row.at(-2)), String(row.at(-1)));
const drop = (seq: number): Statement => ({ sql: 'DELETE FROM audit_entries WHERE seq = $1', params: [seq] });
const renumber = (seq: number, to: number): Statement => ({ sql: 'UPDATE audit_entries SET seq = $1 WHERE seq = $2', params: [to, seq] });

const alterations: readonly [string, SqlValue][] = [
  ['actor_name', 'Eve'],
  ['outcome', 'refused'],
  ['changes', null],
  ['at', 1],
  ['address', '198.51.100.1'],
  ['revision', 99],
  ['hash', 'f'.repeat(64)],
  ['duration_ms', 1_000_000],
];

/** Does one of the things that the log must show, at a place drawn from the whole log. Triggers are switched off before. */
export async function tamper(database: Database, kind: string, seqMax: number, draw: Draw): Promise<Tampering> {
  const { driver } = database;
  const seq = 2 + draw(seqMax - 12);
  const undoWith =
    (...steps: Statement[]) =>
    async (): Promise<void> =>
      void (await driver.write(steps));
  const row = await rowAt(database, seq);
  if (kind === 'altered') {
    const [column, value] = alterations[draw(alterations.length)]!;
    await driver.write([{ sql: `UPDATE audit_entries SET ${column} = $1 WHERE seq = $2`, params: [value, seq] }]);
    return { name: `${kind} ${column} of ${seq}`, fault: { kind: 'altered', seq }, undo: undoWith(drop(seq), put(row)) };
  }
  if (kind === 'deleted') {
    await driver.write([drop(seq)]);
    return { name: `${kind} ${seq}`, fault: { kind: 'deleted', seq, untilSeq: seq }, undo: undoWith(put(row)) };
  }
  if (kind === 'inserted') {
    // One takes the number of another; those behind it move up by one.
    const behind = { sql: 'UPDATE audit_entries SET seq = -seq WHERE seq >= $1', params: [seq] };
    const made = [...row.slice(0, -2), seq, 'e'.repeat(64)];
    made[0] = ids.uuid();
    await driver.write([behind, { sql: 'UPDATE audit_entries SET seq = 1 - seq WHERE seq < 0', params: [] }, put(made)]);
    const back = { sql: 'UPDATE audit_entries SET seq = -(seq - 1) WHERE seq > $1', params: [seq] };
    return {
      name: `${kind} at ${seq}`,
      fault: { kind: 'inserted', seq },
      undo: undoWith(drop(seq), back, { sql: 'UPDATE audit_entries SET seq = -seq WHERE seq < 0', params: [] }),
    };
  }
  const other = seq + 1 + draw(9);
  await driver.write([renumber(seq, 0), renumber(other, seq), renumber(0, other)]);
  return {
    name: `${kind} ${seq} and ${other}`,
    fault: { kind: 'reordered', seq },
    undo: undoWith(renumber(seq, 0), renumber(other, seq), renumber(0, other)),
  };
}

export const tamperings = ['altered', 'deleted', 'inserted', 'reordered'] as const;

/** The last entries go, and the head is set back to look as if they had never been. */
export async function cutTail({ driver }: Database, count: number): Promise<void> {
  const { seq } = await readHead(driver);
  await driver.write([{ sql: 'DELETE FROM audit_entries WHERE seq > $1', params: [seq - count] }]);
  const sql = 'UPDATE audit_head SET seq = $1, hash = (SELECT hash FROM audit_entries WHERE seq = $1)';
  await driver.write([{ sql, params: [seq - count] }]);
}
