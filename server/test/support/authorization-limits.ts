/** Rows of the authorization table for limits: whoever may do with the limited key as they like may do so with a limit that its holder set. */
import { createAccessKey } from '../../src/control/access-keys.ts';
import { createLimit, removeLimit } from '../../src/control/limits.ts';
import { caller, gone, holderOf, house, nextName, person, random, workspaceId, type Make, type Row, type Rule } from './authorization.ts';

/** A limit on a key of the caller, of somebody else, or of the workspace that the callers share. */
const makeLimit: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  const holder = caller(holderOf(kind, subject));
  const { key } = await createAccessKey(house.deps, holder, { name: nextName(), workspaceId: kind === 'workspace' ? workspaceId : null });
  const input = { subject: { kind: 'access-key' as const, id: key.id }, kind: 'requests' as const, value: 100, isShadow: false };
  const { limit } = await createLimit(house.deps, holder, input);
  if (kind === 'deleted') await removeLimit(house.deps, holder, limit.id!);
  return { id: limit.id!, keyId: key.id };
};

const rule: Rule = (subject, kind) => {
  if (gone.has(kind)) return 404;
  if (kind === 'own' || subject === 'administrator') return 200;
  return kind === 'workspace' && subject === 'ADMIN' ? 200 : 404;
};
/** A key outlives the limit that was taken away from it. */
const keyRule: Rule = (subject, kind) => (kind === 'deleted' ? 200 : rule(subject, kind));
const administratorsAlone: Rule = (subject) => (subject === 'administrator' ? 200 : 403);
const ofKey = ({ keyId }: Record<string, string>): string => `?subjectKind=access-key&subjectId=${keyId ?? random().id}`;

export const limitTable: Record<string, Row> = {
  'GET /api/limits': { rule: keyRule, make: makeLimit, query: ofKey },
  // The limits of a person are the administrators' to set, and nobody else's to know of.
  'POST /api/limits': {
    rule: (subject) => (subject === 'administrator' ? 201 : 404),
    body: () => ({ subjectKind: 'user', subjectId: person('holder').id, kind: 'requests', value: 5 }),
  },
  'GET /api/limits/:id': { rule, make: makeLimit },
  'PATCH /api/limits/:id': { rule, make: makeLimit, body: () => ({ value: 50 }) },
  'DELETE /api/limits/:id': { rule, make: makeLimit },
  'GET /api/limit-events': { rule: keyRule, make: makeLimit, query: ofKey },
  'GET /api/limit-settings': { rule: administratorsAlone },
  'PATCH /api/limit-settings': { rule: administratorsAlone, body: () => ({ outputTokensCeiling: 1_000 }) },
};
