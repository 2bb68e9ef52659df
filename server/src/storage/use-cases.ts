/** Use cases as rows: reading them, and the statements that change them. */
import type { OrganizationRole } from '../domain/owner.ts';
import type { Injection, UseCase } from '../domain/use-case.ts';
import { thisRevision } from './changes.ts';
import { inUseLabel } from './connections.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { nameKeyOf } from './name-key.ts';

/** An installation has a few dozen; a list is cut here. */
export const useCasesMax = 1000;

interface UseCaseRow {
  id: string;
  slug: string;
  name: string;
  description: string;
  connection_id: string | null;
  model: string | null;
  system_prompt: string;
  base_knowledge: string;
  parameters: string;
  allowed_roles: string | null;
  priority: number;
  fallback: string;
  inject: string;
  is_active: boolean;
  created_by: string;
  created_at: number;
  updated_at: number;
  revision: number;
}

/** The JSON columns are written by the house alone. */
export function caseOfRow(row: UseCaseRow): UseCase {
  const parameters = JSON.parse(row.parameters) as { temperature?: number | null; maxTokens?: number | null };
  const inject = JSON.parse(row.inject) as Partial<Injection>;
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    description: row.description,
    connectionId: row.connection_id,
    model: row.model,
    systemPrompt: row.system_prompt,
    baseKnowledge: row.base_knowledge,
    temperature: parameters.temperature ?? null,
    maxTokens: parameters.maxTokens ?? null,
    allowedRoles: row.allowed_roles === null ? null : (JSON.parse(row.allowed_roles) as OrganizationRole[]),
    priority: row.priority,
    fallbackIds: JSON.parse(row.fallback) as string[],
    inject: { user: inject.user === true, time: inject.time === true, page: inject.page === true },
    isActive: row.is_active,
    createdBy: row.created_by,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    revision: row.revision,
  };
}

/** By name. */
export async function listUseCases({ db }: Database): Promise<UseCase[]> {
  const rows = await db
    .selectFrom('use_cases')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('name_key')
    .limit(useCasesMax)
    .execute();
  return rows.map(caseOfRow);
}

/** One that is not deleted. */
export async function findUseCase({ db }: Database, id: string): Promise<UseCase | undefined> {
  const row = await db.selectFrom('use_cases').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row && caseOfRow(row);
}

const columnsOf = (useCase: UseCase) => ({
  slug: useCase.slug,
  name: useCase.name,
  name_key: nameKeyOf(useCase.name),
  description: useCase.description,
  connection_id: useCase.connectionId,
  model: useCase.model,
  system_prompt: useCase.systemPrompt,
  base_knowledge: useCase.baseKnowledge,
  parameters: JSON.stringify({ temperature: useCase.temperature, maxTokens: useCase.maxTokens }),
  allowed_roles: useCase.allowedRoles === null ? null : JSON.stringify(useCase.allowedRoles),
  priority: useCase.priority,
  fallback: JSON.stringify(useCase.fallbackIds),
  inject: JSON.stringify(useCase.inject),
  is_active: useCase.isActive,
  updated_at: useCase.updatedAtMs,
  revision: thisRevision,
});

/** Throws UniqueViolation `use_cases_name` or `use_cases_slug` at the write. */
export const insertUseCase = ({ db, compile }: Database, useCase: UseCase): Statement =>
  compile(
    db
      .insertInto('use_cases')
      .values({ id: useCase.id, created_by: useCase.createdBy, created_at: useCase.createdAtMs, ...columnsOf(useCase) }),
  );

/** Label of a step that met a use case which was changed or deleted since it was read. */
export const staleUseCase = 'use-case';

/** Writes all columns of a use case that still has the revision it was read with; fails as `use-case` where it has another. */
export const updateUseCase = ({ db, compile }: Database, useCase: UseCase, readRevision: number): Statement =>
  compile(
    db
      .updateTable('use_cases')
      .set(columnsOf(useCase))
      .where('id', '=', useCase.id)
      .where('revision', '=', readRevision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleUseCase },
  );

/** Leaves a tombstone with its name for the books, without its texts. Fails as `use-case` where it is gone already. */
export const deleteUseCase = ({ db, compile }: Database, id: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('use_cases')
      .set({
        connection_id: null,
        description: '',
        system_prompt: '',
        base_knowledge: '',
        fallback: '[]',
        is_active: false,
        deleted_at: nowMs,
        revision: thisRevision,
      })
      .where('id', '=', id)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleUseCase },
  );

/** Fails the batch as `inUseLabel` where an active use case names the connection. */
export const requireUnbound = ({ db, compile }: Database, connectionId: string): Statement =>
  compile(
    db
      .selectFrom('use_cases')
      .select('id')
      .where('is_active', '=', true)
      .where('deleted_at', 'is', null)
      // The list of fallbacks is a JSON text of ids.
      .where((eb) => eb.or([eb('connection_id', '=', connectionId), eb('fallback', 'like', `%"${connectionId}"%`)]))
      .limit(1),
    { expectRows: 0, label: inUseLabel },
  );

/** Fails the batch as `connection` where one of these is no connection of the organization any more. */
export const requireConnections = ({ db, compile }: Database, ids: readonly string[]): Statement =>
  compile(
    db
      .selectFrom('ai_configurations')
      .select('id')
      .where('id', 'in', [...ids])
      .where('scope', '=', 'organization')
      .where('deleted_at', 'is', null),
    { expectRows: ids.length, label: 'connection' },
  );
