/** Rows of the authorization table for the status of connections, its settings, and its shared links. */
import { createShare, withdrawShare } from '../../src/control/status-shares.ts';
import { always, caller, gone, house, nextName, person, random, workspaceId, type Make, type Row } from './authorization.ts';
import { connectionTable } from './authorization-connections.ts';

/** Whoever may use a connection may see how it is doing. */
const seen = connectionTable['GET /api/configurations/:id/health-history']!;
const checked = connectionTable['POST /api/configurations/:id/test']!;

/** `own` is the organization's, which administrators alone may share. */
const makeShare: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'own' && subject !== 'administrator') return null;
  const administrator = caller(person('administrator'));
  const input = { name: nextName(), workspaceId: kind === 'workspace' || kind === 'deleted' ? workspaceId : null, days: null };
  const { share } = await createShare(house.deps, administrator, input);
  if (kind === 'deleted') await withdrawShare(house.deps, administrator, share.id);
  return { id: share.id };
};

export const statusTable: Record<string, Row> = {
  'GET /api/status': { rule: always(200) },
  'GET /api/status/counts': { rule: always(200) },
  'GET /api/status/:id': { rule: seen.rule, make: seen.make },
  'POST /api/status/:id/check': { rule: checked.rule, make: checked.make },
  'GET /api/status-settings': { rule: always(200) },
  'PATCH /api/status-settings': { rule: (subject) => (subject === 'administrator' ? 200 : 403), body: () => ({ everySeconds: 60 }) },
  'GET /api/status-shares': { rule: always(200) },
  'POST /api/status-shares': {
    rule: (subject) => (subject === 'administrator' || subject === 'ADMIN' ? 201 : 403),
    body: () => ({ name: nextName(), workspaceId }),
  },
  'DELETE /api/status-shares/:id': {
    make: makeShare,
    rule: (subject, kind) => {
      if (gone.has(kind)) return 404;
      return subject === 'administrator' || (subject === 'ADMIN' && kind === 'workspace') ? 200 : 404;
    },
  },
  // A token that was never one opens nothing, for anybody.
  'GET /api/status/shared/:token': { rule: always(404), anonymous: 404 },
};
