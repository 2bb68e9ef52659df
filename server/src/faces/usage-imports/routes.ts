/** `/api/usage-imports`: providers' usage exports, and where they differ from our books. Administrators only: these are everybody's. */
import type { Readable } from 'node:stream';
import { idParams } from '@patchbay/contract/connections';
import {
  importQuery,
  mapImportKeys,
  reconciliationAnswer,
  reconciliationQuery,
  usageImportAnswer,
  usageImportDetail,
  usageImportList,
} from '@patchbay/contract/usage-imports';
import { z } from 'zod';
import { reconcileImport, type ReconciliationDeps } from '../../control/reconciliation.ts';
import { connectionsTo, keyNamesMax, mapKeys, mustFindImport, removeImport, takeImport } from '../../control/usage-imports.ts';
import { unfit } from '../../domain/errors.ts';
import { nanoUsdOf } from '../../domain/money.ts';
import { keyNamesOf, listImports } from '../../storage/usage-imports.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { csvOf, fromImport, fromReconciliation } from './dialect.ts';

type Deps = ReconciliationDeps & PlaneDeps;

export const routes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/usage-imports',
    summary: "Providers' usage exports that were taken in, newest first",
    access: 'administrator',
    answers: { 200: usageImportList },
    statuses: [200, 401, 403],
    async handle(deps: Deps) {
      return ok({ success: true, data: (await listImports(deps.database)).map(fromImport) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/usage-imports',
    summary: "Take in a provider's export of usage or costs, CSV or the JSON of its API; read as a task. The same file again is 200",
    access: 'administrator',
    takes: 'bytes',
    query: importQuery,
    answers: { 200: usageImportAnswer, 202: usageImportAnswer },
    statuses: [200, 202, 400, 401, 403, 413, 415, 429],
    async handle(deps: Deps, { actor, origin, query, request }) {
      const pieces = request.body as Readable | undefined | null;
      if (!pieces) throw unfit({ path: 'file', code: 'empty', message: 'the file is empty' });
      const { row, isNew } = await takeImport(deps, { actor, origin }, { name: query.fileName, pieces });
      return { status: isNew ? 202 : 200, body: { success: true, data: fromImport(row) } };
    },
  }),
  route({
    method: 'GET',
    path: '/api/usage-imports/:id',
    summary: 'One of them, with the names of keys in it',
    access: 'administrator',
    params: idParams,
    answers: { 200: usageImportDetail },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { params }) {
      const row = await mustFindImport(deps, params.id);
      const keyNames = await keyNamesOf(deps.database, row.id, keyNamesMax);
      return ok({ success: true, data: { ...fromImport(row), keyNames, connections: connectionsTo(deps, row.provider) } });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/usage-imports/:id/keys',
    summary: 'Say which connections the keys of the file belong to',
    access: 'administrator',
    params: idParams,
    body: mapImportKeys,
    answers: { 200: usageImportAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params, body }) {
      return ok({ success: true, data: fromImport(await mapKeys(deps, { actor, origin }, params.id, body.keys)) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/usage-imports/:id/reconciliation',
    summary: 'Where the provider and our books differ, by key, model and day, with the most likely cause',
    access: 'administrator',
    params: idParams,
    query: reconciliationQuery,
    answers: { 200: z.union([reconciliationAnswer, z.string()]) },
    gives: ['application/json', 'text/csv'],
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { params, query, reply }) {
      const tolerance = { share: query.tolerancePercent / 100, tokens: query.toleranceTokens, nanoUsd: nanoUsdOf(query.toleranceUsd) ?? 0 };
      const found = await reconcileImport(deps, params.id, tolerance);
      if (query.format === 'json') return ok({ success: true, data: fromReconciliation(found) });
      reply.header('content-disposition', 'attachment; filename="reconciliation.csv"').type('text/csv; charset=utf-8');
      return ok(csvOf(found));
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/usage-imports/:id',
    summary: 'Forget a file and all its lines',
    access: 'administrator',
    params: idParams,
    answers: { 200: z.object({ success: z.literal(true) }) },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      await removeImport(deps, { actor, origin }, params.id);
      return ok({ success: true });
    },
  }),
];
