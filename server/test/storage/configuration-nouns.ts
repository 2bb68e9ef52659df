/** The nouns of configuration behind one face, so that a rule that holds for all of them is stated once and tried on each. */
import { groupDefaults, type RoutingGroup } from '../../src/domain/routing-group.ts';
import type { SnapshotDelta } from '../../src/domain/snapshot.ts';
import type { UseCase } from '../../src/domain/use-case.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Database } from '../../src/storage/database.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { deleteLimit, insertLimit, limitById, updateLimit, type LimitRecord } from '../../src/storage/limits.ts';
import { deletePolicy, insertPolicy, policyById, updatePolicy } from '../../src/storage/policies.ts';
import { deleteRepository, insertRepository, repositoryById, updateRepository } from '../../src/storage/repositories.ts';
import { deleteGroup, findGroup, insertGroup, updateGroup } from '../../src/storage/routing-groups.ts';
import { deleteUseCase, findUseCase, insertUseCase, updateUseCase } from '../../src/storage/use-cases.ts';
import { policyWith } from '../support/policy.ts';
import { atMs, ids, newPerson, newWorkspace } from './rows.ts';

/** Whom the rows belong to. */
export interface Scene {
  database: Database;
  userId: string;
  workspaceId: string;
}

export interface Noun {
  word: string;
  table: string;
  /** The index that refuses a second living row of the same name; null where names may repeat. */
  uniqueIndex: string | null;
  /** What a change of an older state fails as. */
  staleLabel: string;
  /** A limit has no text of its own: its name is the subject it stands on. */
  hasText: boolean;
  insert(scene: Scene, id: string, name: string): WriteStep[];
  /** A change that leaves `mark` where `markOf` finds it. */
  edit(scene: Scene, id: string, mark: number, readRevision: number): WriteStep[];
  remove(scene: Scene, id: string): WriteStep[];
  find(scene: Scene, id: string): Promise<{ revision: number } | undefined>;
  markOf(found: unknown): number;
  inDelta(delta: SnapshotDelta): { id: string; isGone: boolean }[];
}

export async function newScene(database: Database): Promise<Scene> {
  return { database, userId: await newPerson(database), workspaceId: await newWorkspace(database) };
}

const nameWith = (mark: number): string => `marked ${mark}`;
const markInName = (found: unknown): number => Number((found as { name: string }).name.slice('marked '.length));

const repositories: Noun = {
  word: 'repository',
  table: 'repositories',
  uniqueIndex: 'repositories_name',
  staleLabel: 'repository',
  hasText: true,
  insert: ({ database, workspaceId, userId }, id, name) => [insertRepository(database, { id, workspaceId, name, createdBy: userId }, atMs)],
  edit: ({ database }, id, mark, readRevision) => [updateRepository(database, id, nameWith(mark), atMs, readRevision)],
  remove: ({ database }, id) => deleteRepository(database, id, { isForced: false, nowMs: atMs }),
  find: ({ database }, id) => repositoryById(database, id),
  markOf: markInName,
  inDelta: (delta) => delta.repositories!.map(({ id, repository }) => ({ id, isGone: repository === null })),
};

const groupOf = ({ userId }: Scene, id: string, name: string): RoutingGroup => ({
  id,
  owner: { scope: 'user', id: userId },
  name,
  strategy: 'ordered',
  options: groupDefaults,
  targets: [],
  isActive: true,
  createdBy: userId,
  createdAtMs: atMs,
  updatedAtMs: atMs,
  revision: 0,
});

const routingGroups: Noun = {
  word: 'routing group',
  table: 'routing_groups',
  uniqueIndex: 'routing_groups_name',
  staleLabel: 'routing-group',
  hasText: true,
  insert: (scene, id, name) => insertGroup(scene.database, groupOf(scene, id, name)),
  edit: (scene, id, mark, readRevision) => updateGroup(scene.database, groupOf(scene, id, nameWith(mark)), readRevision),
  remove: ({ database }, id) => deleteGroup(database, id, atMs),
  find: ({ database }, id) => findGroup(database, id),
  markOf: markInName,
  inDelta: (delta) => delta.routingGroups!.map(({ id, group }) => ({ id, isGone: group === null })),
};

const caseOf = ({ userId }: Scene, id: string, name: string): UseCase => ({
  id,
  slug: id,
  name,
  description: '',
  connectionId: null,
  model: null,
  systemPrompt: 'Answer.',
  baseKnowledge: '',
  temperature: null,
  maxTokens: null,
  allowedRoles: null,
  priority: 0,
  fallbackIds: [],
  inject: { user: false, time: false, page: false },
  isActive: true,
  createdBy: userId,
  createdAtMs: atMs,
  updatedAtMs: atMs,
  revision: 0,
});

const useCases: Noun = {
  word: 'use case',
  table: 'use_cases',
  uniqueIndex: 'use_cases_name',
  staleLabel: 'use-case',
  hasText: true,
  insert: (scene, id, name) => [insertUseCase(scene.database, caseOf(scene, id, name))],
  edit: (scene, id, mark, readRevision) => [updateUseCase(scene.database, caseOf(scene, id, nameWith(mark)), readRevision)],
  remove: ({ database }, id) => [deleteUseCase(database, id, atMs)],
  find: ({ database }, id) => findUseCase(database, id),
  markOf: markInName,
  inDelta: (delta) => delta.useCases!.map(({ id, useCase }) => ({ id, isGone: useCase === null })),
};

const policyOf = ({ userId }: Scene, id: string, name: string): Policy =>
  policyWith({ keywords: ['word'] }, { id, name, createdBy: userId, updatedBy: userId, createdAtMs: atMs, updatedAtMs: atMs });

const policies: Noun = {
  word: 'policy',
  table: 'policies',
  uniqueIndex: null,
  staleLabel: 'policy',
  hasText: true,
  insert: (scene, id, name) => [insertPolicy(scene.database, policyOf(scene, id, name))],
  edit: (scene, id, mark, readRevision) => [updatePolicy(scene.database, policyOf(scene, id, nameWith(mark)), readRevision)],
  remove: ({ database, userId }, id) => [deletePolicy(database, id, userId, atMs)],
  find: ({ database }, id) => policyById(database, id),
  markOf: markInName,
  inDelta: (delta) => delta.policies!.map(({ policy, isDeleted }) => ({ id: policy.id, isGone: isDeleted })),
};

/** The same name is the same subject. */
const subjects = new Map<string, string>();
const subjectIdOf = (name: string): string => {
  const known = subjects.get(name) ?? ids.uuid();
  subjects.set(name, known);
  return known;
};

const limitOf = (id: string, name: string, part: Partial<LimitRecord> = {}): LimitRecord => ({
  id,
  subject: { kind: 'user', id: subjectIdOf(name) },
  kind: 'requests',
  period: 'minute',
  value: 60,
  softPercent: null,
  isShadow: false,
  level: 'owner',
  createdBy: null,
  createdAtMs: atMs,
  updatedAtMs: atMs,
  revision: 0,
  ...part,
});

const limits: Noun = {
  word: 'limit',
  table: 'limits',
  uniqueIndex: 'limits_meter',
  staleLabel: 'limit',
  hasText: false,
  insert: ({ database }, id, name) => [insertLimit(database, limitOf(id, name))],
  edit: ({ database }, id, mark, revision) => [updateLimit(database, limitOf(id, '', { value: mark, revision }), atMs)],
  remove: ({ database }, id) => [deleteLimit(database, limitOf(id, ''), atMs)],
  find: ({ database }, id) => limitById(database, id),
  markOf: (found) => (found as LimitRecord).value,
  inDelta: (delta) => delta.limits!.map(({ id, isGone }) => ({ id, isGone })),
};

export const nouns: readonly Noun[] = [repositories, routingGroups, useCases, policies, limits];
