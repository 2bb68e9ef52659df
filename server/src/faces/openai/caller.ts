/** Who calls the data plane: an access key, or for the chat page a session. A personal token is refused here (C-37). */
import type { IncomingMessage } from 'node:http';
import { hashOfKey } from '../../control/issued-key.ts';
import { accessKeyPrefix, isLive, keyKindOf, type AccessKey } from '../../domain/access-key.ts';
import type { Owner } from '../../domain/owner.ts';
import { refuse } from '../../gateway/errors.ts';
import type { OpenAiFaceDeps } from './deps.ts';

export interface DataCaller {
  userId: string;
  workspaceId: string | null;
  accessKey: AccessKey | null;
  owners: readonly Owner[];
}

const bearer = /^Bearer +([^\s]{1,512})$/i;
const usualLead = `Bearer ${accessKeyPrefix}`;

/** What a bearer line carries. Most say it in these very words: what else is wrong with such a text, no digest of it is known. */
const bearerText = (header: string): string | undefined =>
  header.startsWith(usualLead) ? header.slice('Bearer '.length) : bearer.exec(header)?.[1];

/** Throws GatewayRefusal 401. A key's digest is looked up in memory: no database stands in the way. */
export function callerOfKey(deps: OpenAiFaceDeps, header: string, nowMs = deps.clock.nowMs()): DataCaller {
  const text = bearerText(header);
  if (text === undefined) throw refuse('invalid_api_key');
  if (keyKindOf(text) === 'personal-token') throw refuse('wrong_key_kind');
  const { snapshot } = deps.keeper;
  const key = snapshot.accessKeys.get(hashOfKey(text));
  if (!key || !isLive(key, nowMs)) throw refuse('invalid_api_key');
  const person = snapshot.people.get(key.userId);
  if (!person || person.isDisabled) throw refuse('invalid_api_key');
  // A member who was removed takes the keys that they made for the workspace along.
  if (key.workspaceId !== null && person.role !== 'administrator' && !snapshot.memberships.get(key.userId)?.has(key.workspaceId))
    throw refuse('invalid_api_key');
  // A key never outlives its repository, whatever the rows say.
  if (key.repositoryId && !snapshot.repositories.has(key.repositoryId)) throw refuse('invalid_api_key');
  deps.usedKeys.note(key.id);
  return { userId: key.userId, workspaceId: key.workspaceId, accessKey: key, owners: ownersOf(deps, key.userId, key.workspaceId) };
}

export async function callerOfSession(deps: OpenAiFaceDeps, request: IncomingMessage): Promise<DataCaller> {
  const userId = await deps.sessions.userIdOf(request.headers);
  const actor = userId === null ? undefined : deps.keeper.snapshot.actorOf(userId, 'session');
  if (!actor || !isOwnPage(deps, request)) throw refuse('invalid_api_key');
  return { userId: actor.userId, workspaceId: null, accessKey: null, owners: ownersOf(deps, actor.userId, null) };
}

/** A cookie comes along with every site's requests; only our own pages may spend a provider's money with it. */
function isOwnPage(deps: OpenAiFaceDeps, request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  if (request.method === 'GET' || site === 'same-origin') return true;
  const origin = request.headers.origin;
  return site === undefined && origin !== undefined && deps.isOwnOrigin(origin, request.headers.host);
}

/** Nearest first: own, workspaces, organization. A workspace's key speaks for the workspace and leaves private rows alone. */
function ownersOf(deps: OpenAiFaceDeps, userId: string, workspaceId: string | null): Owner[] {
  const { snapshot } = deps.keeper;
  const organization: Owner = { scope: 'organization', id: snapshot.organizationId };
  if (workspaceId !== null) return [{ scope: 'workspace', id: workspaceId }, organization];
  const owners: Owner[] = [{ scope: 'user', id: userId }];
  const roles = snapshot.memberships.get(userId);
  if (roles) for (const id of roles.keys()) owners.push({ scope: 'workspace', id });
  owners.push(organization);
  return owners;
}
