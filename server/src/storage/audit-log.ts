/** The audit log as people read it: newest first, filtered, page by page. */
import { sql, type SqlBool } from 'kysely';
import { isUuid } from '../lib/ids.ts';
import type { Database } from './database.ts';

export interface AuditFilter {
  actor?: string;
  action?: string;
  subjectType?: string;
  subjectId?: string;
  object?: string;
  outcome?: 'success' | 'refused' | 'failed';
  requestId?: string;
  fromMs?: number;
  toMs?: number;
  /** Entries of one workspace and of what belongs to it; all where it is left out. */
  workspaceId?: string;
}

export interface AuditPlace {
  atMs: number;
  id: string;
}

export interface AuditRecord {
  id: string;
  seq: number | null;
  atMs: number;
  actor: { id: string; name: string; role: string } | null;
  via: string;
  action: string;
  subjectType: string;
  subjectId: string | null;
  subjectName: string | null;
  scope: string | null;
  ownerId: string | null;
  outcome: 'success' | 'refused' | 'failed';
  errorCode: string | null;
  changes: Record<string, { before?: unknown; after?: unknown }> | null;
  requestId: string | null;
  address: string | null;
  agent: string | null;
  revision: number;
  durationMs: number | null;
}

const escaped = (text: string): string => text.replace(/[\\%_]/g, (found) => `\\${found}`);
/** Both sides are folded by the engine: SQLite folds ASCII only, and would never find what was folded further before. */
const like = (column: string, pattern: string) => sql<SqlBool>`lower(${sql.ref(column)}) LIKE lower(CAST(${pattern} AS TEXT)) ESCAPE '\\'`;

/** Entries after a place, newest first; those of one moment in the order of their ids. */
export async function listAudit({ db }: Database, filter: AuditFilter, after: AuditPlace | null, limit: number): Promise<AuditRecord[]> {
  let query = db.selectFrom('audit_entries').selectAll().orderBy('at', 'desc').orderBy('id', 'desc').limit(limit);
  const { actor, action, workspaceId } = filter;
  if (actor !== undefined && isUuid(actor.toLowerCase())) query = query.where('actor_id', '=', actor.toLowerCase());
  else if (actor !== undefined) query = query.where(like('actor_name', `%${escaped(actor)}%`));
  if (action !== undefined && action.includes('.')) query = query.where('action', '=', action);
  else if (action !== undefined) query = query.where(like('action', `${escaped(action)}.%`));
  if (filter.subjectType !== undefined) query = query.where('subject_type', '=', filter.subjectType);
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  if (filter.object !== undefined) query = query.where(like('subject_name', `%${escaped(filter.object)}%`));
  if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
  if (filter.requestId !== undefined) query = query.where('request_id', '=', filter.requestId);
  if (filter.fromMs !== undefined) query = query.where('at', '>=', filter.fromMs);
  if (filter.toMs !== undefined) query = query.where('at', '<', filter.toMs);
  if (workspaceId !== undefined) query = query.where('scope', '=', 'workspace').where('owner_id', '=', workspaceId);
  if (after)
    // The first condition says no more than the second; by it both engines walk the index from there on.
    query = query
      .where('at', '<=', after.atMs)
      .where((where) => where.or([where('at', '<', after.atMs), where.and([where('at', '=', after.atMs), where('id', '<', after.id)])]));
  return (await query.execute()).map((row) => ({
    id: row.id,
    seq: row.seq,
    atMs: row.at,
    actor: row.actor_id === null ? null : { id: row.actor_id, name: row.actor_name, role: row.actor_role },
    via: row.via,
    action: row.action,
    subjectType: row.subject_type,
    subjectId: row.subject_id,
    subjectName: row.subject_name,
    scope: row.scope,
    ownerId: row.owner_id,
    outcome: row.outcome,
    errorCode: row.error_code,
    changes: row.changes === null ? null : (JSON.parse(row.changes) as AuditRecord['changes']),
    requestId: row.request_id,
    address: row.address,
    agent: row.agent,
    revision: row.revision,
    durationMs: row.duration_ms,
  }));
}
