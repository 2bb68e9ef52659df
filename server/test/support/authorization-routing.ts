/** Rows of the authorization table for routing groups: private ones, and those of a workspace, by its roles (C-50); anybody may simulate. */
import { createGroup, removeGroup } from '../../src/control/routing-groups.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { always, caller, gone, holderOf, house, named, nextName, person, random, ranks, workspaceId } from './authorization.ts';
import type { Make, Row, Rule } from './authorization.ts';

let sharedId: string | undefined;
let closedId: string | undefined;

/** A model of the organization, which may stand in everybody's groups; nobody listens there. */
async function shared(): Promise<string> {
  const body = { name: nextName(), modelVariant: 'gpt-4o', apiUrl: 'http://127.0.0.1:9/v1' };
  sharedId ??= (await house.request('POST', '/api/admin/models', { token: person('administrator').token, body })).at('data.id');
  return sharedId;
}

const target = (connectionId: string) => ({ connectionId, weight: 1, isEnabled: true });

/** A group of the caller, of somebody else, or of the workspace that the callers share. */
const makeGroup: Make = async (kind, subject) => {
  const connectionId = await shared();
  if (kind === 'random') return { ...random(), connectionId };
  const holder = holderOf(kind, subject);
  const owner: Owner = kind === 'workspace' ? { scope: 'workspace', id: workspaceId } : { scope: 'user', id: holder.id };
  const { group } = await createGroup(house.deps, caller(holder), owner, { name: nextName(), targets: [target(connectionId)] });
  if (kind === 'deleted') await removeGroup(house.deps, caller(holder), group.id);
  return { id: group.id, connectionId };
};

/** Where the new group shall be: with the caller, in the workspace that the callers share, in one that only its holder sees, or nowhere. */
const makePlace: Make = async (kind) => {
  if (kind === 'deleted') return null;
  const made: Record<string, string> = { connectionId: await shared() };
  if (kind === 'own') return made;
  if (kind === 'foreign') closedId ??= await house.createWorkspace(nextName(), [[person('holder'), 'ADMIN']]);
  return { ...made, workspaceId: kind === 'random' ? random().id : kind === 'foreign' ? closedId! : workspaceId };
};

const rule =
  (needed: 'READ' | 'WRITE'): Rule =>
  (subject, kind) => {
    if (kind === 'own') return 200;
    // What a person keeps privately is hidden from administrators too.
    if (kind !== 'workspace') return 404;
    return (ranks[subject] ?? 0) >= ranks[needed]! ? 200 : 403;
  };
const placeRule: Rule = (subject, kind) => {
  if (gone.has(kind)) return 404;
  if (kind === 'own' || subject === 'administrator') return 201;
  return kind === 'workspace' && (ranks[subject] ?? 0) >= ranks['WRITE']! ? 201 : 403;
};
const newGroup = ({ connectionId, workspaceId: place }: Record<string, string>): unknown => ({
  name: nextName(),
  targets: [{ connectionId: connectionId ?? random().id }],
  ...(place !== undefined && { scope: 'workspace', workspaceId: place }),
});

export const routingTable: Record<string, Row> = {
  'GET /api/routing-groups': { rule: always(200) },
  'POST /api/routing-groups': { rule: placeRule, make: makePlace, body: newGroup },
  'GET /api/routing-groups/:id': { rule: rule('READ'), make: makeGroup },
  'PATCH /api/routing-groups/:id': {
    rule: rule('WRITE'),
    make: makeGroup,
    body: ({ connectionId }) => ({ ...(named() as object), targets: [{ connectionId: connectionId ?? random().id, weight: 2 }] }),
  },
  'DELETE /api/routing-groups/:id': { rule: rule('WRITE'), make: makeGroup },
  'POST /api/routing/simulate': { rule: always(200), body: () => ({ targets: [{ name: 'one' }], requests: 10 }) },
};
