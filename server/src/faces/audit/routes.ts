/** `/api/admin/audit` and `/api/workspaces/:id/audit`: who did what, when and from where, with export and the chain's verdict. */
import { auditExportQuery, auditPage, auditQuery, auditSettingsAnswer, auditSettingsBody, auditVerdict } from '@patchbay/contract/audit';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import { auditRetentionOf, changeAuditRetention } from '../../control/audit-settings.ts';
import { exportAudit, readAudit, verdictOf } from '../../control/audit.ts';
import type { Caller } from '../../control/change.ts';
import type { RetentionControlDeps } from '../../control/retention.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { AuditPlace } from '../../storage/audit-log.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Answer, type Call, type Route } from '../kit/route.ts';
import { auditStream, filterOf, fromEntry, mediaTypes } from './dialect.ts';

export type AuditFaceDeps = RetentionControlDeps & PlaneDeps;

const byWorkspace = z.object({ id: pathId });

const placeOf = (cursor: string | undefined): AuditPlace | null => {
  const [atMs, id] = cursor?.split('.') ?? [];
  return atMs === undefined || id === undefined ? null : { atMs: Number(atMs), id };
};

async function page(
  deps: AuditFaceDeps,
  { actor }: Caller,
  workspaceId: string | null,
  query: z.output<typeof auditQuery>,
): Promise<Answer> {
  const { cursor, limit, ...filter } = query;
  const { rows, next } = await readAudit(deps, actor, workspaceId, filterOf(filter), { after: placeOf(cursor), limit });
  return ok({ success: true, data: rows.map(fromEntry), nextCursor: next && `${next.atMs}.${next.id}` });
}

async function file(
  deps: AuditFaceDeps,
  { actor, origin, query, request, reply }: Call<unknown, z.output<typeof auditExportQuery>, unknown>,
  workspaceId: string | null,
): Promise<Answer> {
  const { format, ...filter } = query;
  const pages = await exportAudit(deps, { actor, origin }, workspaceId, filterOf(filter), request.method !== 'HEAD');
  const day = isoOf(deps.clock.nowMs()).slice(0, 10);
  reply.type(mediaTypes[format]).header('content-disposition', `attachment; filename="audit-${day}.${format}"`);
  return ok(auditStream(pages, format, deps.log));
}

export const routes: readonly Route<AuditFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/audit',
    summary: 'Audit entries of the installation, newest first',
    access: 'administrator',
    query: auditQuery,
    answers: { 200: auditPage },
    statuses: [200, 400, 401, 403],
    handle: (deps: AuditFaceDeps, call) => page(deps, call, null, call.query),
  }),
  route({
    method: 'GET',
    path: '/api/admin/audit/export',
    summary: 'Audit entries of the installation as a file, CSV or JSON lines',
    access: 'administrator',
    query: auditExportQuery,
    answers: { 200: z.string() },
    gives: ['text/csv', 'application/x-ndjson'],
    statuses: [200, 400, 401, 403],
    handle: (deps: AuditFaceDeps, call) => file(deps, call, null),
  }),
  route({
    method: 'GET',
    path: '/api/admin/audit/verify',
    summary: 'Verify the chain of the audit log and name the first fault',
    access: 'administrator',
    answers: { 200: auditVerdict },
    statuses: [200, 401, 403],
    async handle(deps: AuditFaceDeps) {
      const { atMs, lastAnchor, ...verdict } = await verdictOf(deps);
      const anchor = lastAnchor && { at: isoOf(lastAnchor.atMs), seq: lastAnchor.seq, hash: lastAnchor.hash };
      return ok({ success: true, data: { ...verdict, checkedAt: isoOf(atMs), lastAnchor: anchor } });
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/audit/settings',
    summary: 'How long audit entries are kept',
    access: 'administrator',
    answers: { 200: auditSettingsAnswer },
    statuses: [200, 401, 403],
    handle: async (deps: AuditFaceDeps) => ok({ success: true, data: await auditRetentionOf(deps) }),
  }),
  route({
    method: 'PUT',
    path: '/api/admin/audit/settings',
    summary: 'Change how long audit entries are kept',
    access: 'administrator',
    body: auditSettingsBody,
    answers: { 200: auditSettingsAnswer },
    statuses: [200, 400, 401, 403],
    handle: async (deps: AuditFaceDeps, { actor, origin, body }) =>
      ok({ success: true, data: await changeAuditRetention(deps, { actor, origin }, body.days) }),
  }),
  route({
    method: 'GET',
    path: '/api/workspaces/:id/audit',
    summary: 'Audit entries of a workspace, for its ADMINs, newest first',
    access: 'signed-in',
    params: byWorkspace,
    query: auditQuery,
    answers: { 200: auditPage },
    statuses: [200, 400, 401, 403, 404],
    handle: (deps: AuditFaceDeps, call) => page(deps, call, call.params.id, call.query),
  }),
  route({
    method: 'GET',
    path: '/api/workspaces/:id/audit/export',
    summary: 'Audit entries of a workspace as a file, CSV or JSON lines',
    access: 'signed-in',
    params: byWorkspace,
    query: auditExportQuery,
    answers: { 200: z.string() },
    gives: ['text/csv', 'application/x-ndjson'],
    statuses: [200, 400, 401, 403, 404],
    handle: (deps: AuditFaceDeps, call) => file(deps, call, call.params.id),
  }),
];
