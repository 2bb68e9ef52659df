/** Rows of the authorization table for policies and what they found: whoever administers the level writes its policies (C-50, C-53, D-12, D-13). */
import { createPolicy, deletePolicy } from '../../src/control/policies.ts';
import { createRepository } from '../../src/control/repositories.ts';
import {
  always,
  caller,
  gone,
  house,
  named,
  nextName,
  person,
  random,
  workspaceId,
  type Make,
  type Row,
  type Rule,
} from './authorization.ts';

interface Place {
  workspaceId: string;
  repositoryId: string;
}

let sharedPlace: Place | undefined;
let closedPlace: Place | undefined;

async function withRepository(id: string): Promise<Place> {
  const input = { workspaceId: id, name: nextName(), connectionIds: [] };
  const repository = await createRepository(house.deps, caller(person('holder')), input, { connectionAt: String });
  return { workspaceId: id, repositoryId: repository.id };
}

const shared = async (): Promise<Place> => (sharedPlace ??= await withRepository(workspaceId));
const closed = async (): Promise<Place> =>
  (closedPlace ??= await withRepository(await house.createWorkspace(nextName(), [[person('holder'), 'ADMIN']])));

/** The repository that the callers share, one that is closed to them, or none. */
const makePlace: Make = async (kind) => {
  if (kind === 'own' || kind === 'deleted') return null;
  if (kind === 'random') return { workspaceId: random().id, repositoryId: random().id };
  return { ...(await (kind === 'foreign' ? closed() : shared())) };
};

/**
 * A policy of the installation in the place of one of the caller's own, of the workspace that the callers share, or of a closed
 * one; the latter two for the workspace itself or for a repository in it.
 */
const makePolicy =
  (level: 'workspace' | 'repository'): Make =>
  async (kind) => {
    if (kind === 'random') return random();
    const administrator = caller(person('administrator'));
    const inside = await (kind === 'foreign' ? closed() : shared());
    const bound = { ...inside, repositoryId: level === 'repository' ? inside.repositoryId : null };
    const place = kind === 'own' ? { workspaceId: null, repositoryId: null } : bound;
    const { id } = await createPolicy(house.deps, administrator, place, { name: nextName() });
    if (kind === 'deleted') await deletePolicy(house.deps, administrator, id);
    return { id };
  };

/** Of the shared workspace its ADMIN alone; of the installation its administrators, and every ADMIN of a workspace to read. */
const rule =
  (need: 'see' | 'change'): Rule =>
  (subject, kind) => {
    if (gone.has(kind)) return 404;
    if (subject === 'administrator') return 200;
    return subject === 'ADMIN' && (kind === 'workspace' || (kind === 'own' && need === 'see')) ? 200 : 403;
  };
const placeRule =
  (needed: 'READ' | 'ADMIN', status: number): Rule =>
  (subject, kind) => {
    if (kind === 'random') return 404;
    if (subject === 'administrator') return status;
    return kind === 'workspace' && (needed === 'READ' ? subject !== 'stranger' : subject === 'ADMIN') ? status : 403;
  };

const words = { content: 'Nothing secret.', riskType: 'LOW', actionType: 0 };
/** What was found in a closed place is an empty list, and no refusal (D-13). */
const ofPlace = ({ workspaceId: id, repositoryId }: Record<string, string>): string => `?workspaceId=${id}&repositoryId=${repositoryId}`;
const ofRepo = ({ workspaceId: id, repositoryId }: Record<string, string>): string => `?workspaceId=${id}&repoId=${repositoryId}`;
const inWorkspace = makePolicy('workspace');
const inRepository = makePolicy('repository');

export const policyTable: Record<string, Row> = {
  'GET /api/policies': { rule: always(200), make: makePlace, query: ofPlace },
  'GET /api/policies/violations': { rule: always(200), make: makePlace, query: ofPlace },
  'POST /api/policies/check': {
    rule: placeRule('READ', 200),
    make: makePlace,
    body: ({ repositoryId }) => ({ text: 'Is that allowed?', repositoryId }),
  },
  'POST /api/policies': {
    rule: placeRule('ADMIN', 201),
    make: makePlace,
    body: ({ workspaceId: id }) => ({ name: nextName(), action: 'log', workspaceId: id }),
  },
  'GET /api/policies/:id': { rule: rule('see'), make: inWorkspace },
  'PATCH /api/policies/:id': { rule: rule('change'), make: inWorkspace, body: named },
  'DELETE /api/policies/:id': { rule: rule('change'), make: inWorkspace },
  'GET /policy': {
    rule: always(200),
    make: makePlace,
    query: (params) => `${ofRepo(params)}&orgId=${house.deps.keeper.snapshot.organizationId}`,
  },
  'POST /policy': {
    rule: placeRule('ADMIN', 200),
    make: makePlace,
    body: ({ repositoryId }) => ({ ...words, name: nextName(), repoId: repositoryId }),
  },
  'GET /policy/violations': { rule: always(200), make: makePlace, query: ofRepo },
  'GET /policy/alerts': { rule: always(200), make: makePlace, query: ofRepo },
  'GET /policy/:id': { rule: rule('see'), make: inRepository },
  'PUT /policy/:id': { rule: rule('change'), make: inRepository, body: named },
  'DELETE /policy/:id': { rule: rule('change'), make: inRepository },
  'GET /policy/:id/violations': { rule: always(200), make: inRepository },
  'GET /policy/:id/alerts': { rule: always(200), make: inRepository },
};
