/** Who did what, and every state that configuration had: the audit log, its verdict, and the way back. */
import type { auditExportQuery, auditQuery, auditRow, auditVerdict, objectRevision } from '@patchbay/contract/audit';
import type { RevisionType } from '@patchbay/contract/revision-types';
import { eachRow } from './paging.ts';
import { segment, type Output, type Transport } from './transport.ts';

export type AuditRow = Output<typeof auditRow>;
export type AuditFilter = Partial<Output<typeof auditQuery>>;
export type AuditExportFilter = Partial<Output<typeof auditExportQuery>>;
export type AuditVerdict = Output<typeof auditVerdict>['data'];
export type ObjectRevision = Output<typeof objectRevision>;
export type { RevisionType };

export interface AuditPage {
  data: AuditRow[];
  nextCursor: string | null;
}

export interface AuditCalls {
  /** Newest first: of the installation for administrators, of a workspace for its ADMINs. */
  list(filter?: AuditFilter & { workspaceId?: string }, signal?: AbortSignal): Promise<AuditPage>;
  /** All entries, page after page, until `rowsMax` of them came. */
  each(filter: AuditFilter & { workspaceId?: string; rowsMax: number }): AsyncGenerator<AuditRow, void, undefined>;
  /** Verifies the chain and names the first fault. */
  verify(signal?: AbortSignal): Promise<AuditVerdict>;
  /** How long entries are kept, in days; null is for ever. */
  settings(signal?: AbortSignal): Promise<{ days: number | null }>;
  changeSettings(days: number | null): Promise<{ days: number | null }>;
}

export interface RevisionCalls {
  /** The states of an object, newest first. */
  list(type: RevisionType, id: string, signal?: AbortSignal): Promise<ObjectRevision[]>;
  /** Brings a state back by an ordinary change; answers the revision that the object has then. */
  rollBack(type: RevisionType, id: string, revision: number): Promise<number>;
  diff(type: RevisionType, id: string, between: { from: number; to: number }, signal?: AbortSignal): Promise<ObjectRevision['changes']>;
}

/** Where the entries of a workspace, or of the installation, are. */
export const auditPath = (workspaceId?: string): string =>
  workspaceId === undefined ? 'api/admin/audit' : `api/workspaces/${segment(workspaceId)}/audit`;

export function auditCalls(transport: Transport): AuditCalls {
  const list: AuditCalls['list'] = ({ workspaceId, ...filter } = {}, signal) =>
    transport.call('GET', auditPath(workspaceId), { query: { ...filter }, signal });
  return {
    list,
    each: ({ rowsMax, ...filter }) => eachRow((cursor) => list({ ...filter, ...(cursor === null ? {} : { cursor }) }), { rowsMax }),
    async verify(signal) {
      return (await transport.call<{ data: AuditVerdict }>('GET', 'api/admin/audit/verify', { signal })).data;
    },
    async settings(signal) {
      return (await transport.call<{ data: { days: number | null } }>('GET', 'api/admin/audit/settings', { signal })).data;
    },
    async changeSettings(days) {
      return (await transport.call<{ data: { days: number | null } }>('PUT', 'api/admin/audit/settings', { body: { days } })).data;
    },
  };
}

export function revisionCalls(transport: Transport): RevisionCalls {
  const path = (type: RevisionType, id: string): string => `api/revisions/${segment(type)}/${segment(id)}`;
  return {
    async list(type, id, signal) {
      return (await transport.call<{ data: ObjectRevision[] }>('GET', path(type, id), { signal })).data;
    },
    async rollBack(type, id, revision) {
      return (await transport.call<{ data: { revision: number } }>('POST', `${path(type, id)}/rollback`, { body: { revision } })).data
        .revision;
    },
    async diff(type, id, between, signal) {
      const query = { from: between.from, to: between.to };
      return (await transport.call<{ data: { changes: ObjectRevision['changes'] } }>('GET', `${path(type, id)}/diff`, { query, signal }))
        .data.changes;
    },
  };
}
