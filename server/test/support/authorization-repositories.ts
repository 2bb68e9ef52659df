/** Rows of the authorization table for repositories and their keys: whoever reads the workspace sees them, writers change them (C-50, C-54). */
import { createAccessKey } from '../../src/control/access-keys.ts';
import { createRepository, deleteRepository } from '../../src/control/repositories.ts';
import {
  always,
  caller,
  gone,
  house,
  named,
  nextName,
  person,
  random,
  ranks,
  workspaceId,
  type Make,
  type Row,
  type Rule,
} from './authorization.ts';

const words = { connectionAt: String };
let closedId: string | undefined;

/** In the workspace that the callers share, in one that only its holder sees, or deleted. */
const makeRepository: Make = async (kind) => {
  if (kind === 'random') return { id: random().id, repoId: random().id };
  if (kind === 'own') return null;
  const holder = caller(person('holder'));
  if (kind === 'foreign') closedId ??= await house.createWorkspace(nextName(), [[person('holder'), 'ADMIN']]);
  const place = kind === 'foreign' ? closedId! : workspaceId;
  const input = { workspaceId: place, name: nextName(), connectionIds: [] };
  const { id } = await createRepository(house.deps, caller(person('holder')), input, words);
  if (kind === 'deleted') await deleteRepository(house.deps, holder, id, { isForced: false });
  return { id, repoId: id };
};

/** The same with a key of it, where the path names both. */
const makeKey: Make = async (kind, subject) => {
  const made = await makeRepository(kind, subject);
  if (!made || gone.has(kind)) return made;
  const input = { name: nextName(), workspaceId: null, repositoryId: made['repoId']! };
  const { key } = await createAccessKey(house.deps, caller(person('holder')), input);
  return { ...made, id: key.id };
};

const rule =
  (needed: 'READ' | 'WRITE'): Rule =>
  (subject, kind) => {
    if (gone.has(kind)) return 404;
    if (subject === 'administrator') return 200;
    return kind === 'workspace' && (ranks[subject] ?? 0) >= ranks[needed]! ? 200 : 403;
  };
const writers =
  (status: number): Rule =>
  (subject) =>
    (ranks[subject] ?? 0) >= ranks['WRITE']! ? status : 403;
const inShared = (): unknown => ({ name: nextName(), workspaceId });

export const repositoryTable: Record<string, Row> = {
  'GET /api/repositories': { rule: always(200) },
  'POST /api/repositories': { rule: writers(201), body: inShared },
  'GET /api/repositories/:id': { rule: rule('READ'), make: makeRepository },
  'PATCH /api/repositories/:id': { rule: rule('WRITE'), make: makeRepository, body: named },
  'DELETE /api/repositories/:id': { rule: rule('WRITE'), make: makeRepository },
  'GET /repo': { rule: always(200) },
  'POST /repo': { rule: writers(200), body: inShared },
  'GET /repo/:id': { rule: rule('READ'), make: makeRepository },
  'PUT /repo/:id': { rule: rule('WRITE'), make: makeRepository, body: named },
  'DELETE /repo/:id': { rule: rule('WRITE'), make: makeRepository },
  'GET /repo/:repoId/ai/apikey': { rule: rule('READ'), make: makeRepository },
  'POST /repo/:repoId/ai/apikey': { rule: rule('WRITE'), make: makeRepository, body: named },
  'PUT /repo/:repoId/ai/apikey/:id': { rule: rule('WRITE'), make: makeKey, body: named },
  'DELETE /repo/:repoId/ai/apikey/:id': { rule: rule('WRITE'), make: makeKey },
  'POST /ai/models': { rule: rule('READ'), make: makeRepository, body: ({ id }) => ({ repoId: id }) },
};
