/** How this face shows an audit entry, on a page and in a file. */
import { Readable } from 'node:stream';
import type { auditExportQuery, auditFormats, auditRow } from '@patchbay/contract/audit';
import type { z } from 'zod';
import type { ExportText } from '../../control/exports.ts';
import { csvLine } from '../../lib/csv.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { Log } from '../../lib/log.ts';
import type { AuditFilter, AuditRecord } from '../../storage/audit-log.ts';

type Row = z.input<typeof auditRow>;
type Format = (typeof auditFormats)[number];

export function fromEntry(entry: AuditRecord): Row {
  const { id, seq, atMs, actor, via, action, subjectType, subjectId, subjectName, scope, ownerId, ...rest } = entry;
  return {
    id,
    seq,
    at: isoOf(atMs),
    actor,
    via,
    action,
    subject: { type: subjectType, id: subjectId, name: subjectName },
    owner: scope === null || ownerId === null ? null : { scope: scope as NonNullable<Row['owner']>['scope'], id: ownerId },
    outcome: rest.outcome,
    errorCode: rest.errorCode,
    changes: rest.changes,
    requestId: rest.requestId,
    address: rest.address,
    agent: rest.agent,
    revision: rest.revision,
    durationMs: rest.durationMs,
  };
}

export function filterOf(query: Omit<z.output<typeof auditExportQuery>, 'format'>): AuditFilter {
  const { from, to, actor, action, subjectType, subjectId, object, outcome, requestId } = query;
  return {
    ...(actor !== undefined && { actor }),
    ...(action !== undefined && { action }),
    ...(subjectType !== undefined && { subjectType }),
    ...(subjectId !== undefined && { subjectId }),
    ...(object !== undefined && { object }),
    ...(outcome !== undefined && { outcome }),
    ...(requestId !== undefined && { requestId }),
    ...(from !== undefined && { fromMs: Date.parse(from) }),
    ...(to !== undefined && { toMs: Date.parse(to) }),
  };
}

export const mediaTypes: Readonly<Record<Format, string>> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson; charset=utf-8',
};

const csvColumns = [
  'at', 'seq', 'actorId', 'actorName', 'actorRole', 'via', 'action', 'subjectType', 'subjectId', 'subjectName', 'scope', 'ownerId', 'outcome',
  'errorCode', 'changes', 'requestId', 'address', 'agent', 'revision', 'durationMs', 'id',
] as const; // prettier-ignore

const cellsOf = (row: Row): (string | number | null)[] => [
  row.at, row.seq, row.actor?.id ?? null, row.actor?.name ?? null, row.actor?.role ?? null, row.via, row.action, row.subject.type, row.subject.id,
  row.subject.name, row.owner?.scope ?? null, row.owner?.id ?? null, row.outcome, row.errorCode, row.changes && JSON.stringify(row.changes),
  row.requestId, row.address, row.agent, row.revision, row.durationMs, row.id,
]; // prettier-ignore

/** The file's parts: the same lines, streamed or written by a task. */
export const auditText: ExportText<AuditRecord> = {
  head: (format) => (format === 'csv' ? csvLine(csvColumns) : ''),
  lines: (entries, format) => {
    const rows = entries.map(fromEntry);
    return rows.map((row) => (format === 'csv' ? csvLine(cellsOf(row)) : `${JSON.stringify(row)}\n`)).join('');
  },
};

async function* written(pages: AsyncIterable<readonly AuditRecord[]>, format: Format): AsyncGenerator<string, void, undefined> {
  if (format === 'csv') yield auditText.head(format);
  for await (const entries of pages) yield auditText.lines(entries, format);
}

/** The file as a stream that goes as fast as it is read. A failure in the middle cuts the line: half a file must not look whole. */
export function auditStream(pages: AsyncIterable<readonly AuditRecord[]>, format: Format, log: Log): Readable {
  const stream = Readable.from(written(pages, format), { encoding: 'utf8', highWaterMark: 1 });
  stream.once('error', (error) => log.warn({ err: error }, 'an export of the audit log broke off'));
  return stream;
}
