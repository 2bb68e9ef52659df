/** Rows of the authorization table for the audit log and for histories: administrators all, ADMINs their workspace, owners their things. */
import { createAccessKey, revokeAccessKey } from '../../src/control/access-keys.ts';
import { deleteWorkspace } from '../../src/control/workspaces.ts';
import {
  caller,
  gone,
  holderOf,
  house,
  nextName,
  person,
  random,
  ranks,
  workspaceId,
  type Make,
  type Row,
  type Rule,
} from './authorization.ts';

const administratorsAlone: Rule = (subject) => (subject === 'administrator' ? 200 : 403);

/** The shared workspace, a closed one, one that is deleted, and none. */
const makeWorkspace: Make = async (kind) => {
  if (kind === 'random') return random();
  if (kind === 'own') return null;
  if (kind === 'workspace') return { id: workspaceId };
  const id = await house.createWorkspace(nextName(), [[person('holder'), 'ADMIN']]);
  if (kind === 'deleted') await deleteWorkspace(house.deps, caller(person('administrator')), id);
  return { id };
};

const workspaceRule: Rule = (subject, kind) => {
  if (gone.has(kind)) return 404;
  if (subject === 'administrator') return 200;
  return kind === 'workspace' && (ranks[subject] ?? 0) >= ranks['ADMIN']! ? 200 : 403;
};

/** The history of an access key: it tells exactly those who may see the key itself. */
const makeHistory: Make = async (kind, subject) => {
  if (kind === 'random') return { type: 'access-key', revision: '1', ...random() };
  const holder = caller(holderOf(kind, subject));
  const { key } = await createAccessKey(house.deps, holder, { name: nextName(), workspaceId: kind === 'workspace' ? workspaceId : null });
  if (kind === 'deleted') await revokeAccessKey(house.deps, holder, key.id);
  return { type: 'access-key', id: key.id, revision: String(key.revision) };
};

const keyRule: Rule = (subject, kind) => {
  if (gone.has(kind)) return 404;
  if (kind === 'own' || subject === 'administrator') return 200;
  return kind === 'workspace' && subject === 'ADMIN' ? 200 : 404;
};
/** What is gone has a history still, for administrators. */
const historyRule: Rule = (subject, kind) => (subject === 'administrator' && kind === 'deleted' ? 200 : keyRule(subject, kind));

export const auditTable: Record<string, Row> = {
  'GET /api/admin/audit': { rule: administratorsAlone },
  'GET /api/admin/audit/export': { rule: administratorsAlone },
  'GET /api/admin/audit/verify': { rule: administratorsAlone },
  'GET /api/admin/audit/settings': { rule: administratorsAlone },
  'PUT /api/admin/audit/settings': { rule: administratorsAlone, body: () => ({ days: 90 }) },
  'GET /api/workspaces/:id/audit': { rule: workspaceRule, make: makeWorkspace },
  'GET /api/workspaces/:id/audit/export': { rule: workspaceRule, make: makeWorkspace },
  'GET /api/revisions/:type/:id': { rule: historyRule, make: makeHistory },
  'GET /api/revisions/:type/:id/diff': {
    rule: historyRule,
    make: makeHistory,
    query: ({ revision }) => `?from=${revision ?? 1}&to=${revision ?? 1}`,
  },
  'POST /api/revisions/:type/:id/rollback': {
    rule: keyRule,
    make: makeHistory,
    body: ({ revision }) => ({ revision: Number(revision ?? 1) }),
  },
};
