/** Who is asking: a session cookie or a personal token. An access key is refused here, as a token is on the data plane (C-37). */
import type { FastifyRequest } from 'fastify';
import { hashOfKey } from '../../control/issued-key.ts';
import { isLive, keyKindOf } from '../../domain/access-key.ts';
import { Refusal } from '../../domain/errors.ts';
import { may, type Actor, type Permission } from '../../domain/owner.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Access } from './route.ts';

/** What the kit needs to know of people; `control/people` provides it. */
export interface Sessions {
  /** The user behind a session cookie, or null. */
  userIdOf(headers: FastifyRequest['headers']): Promise<string | null>;
}

export interface AuthenticationDeps {
  keeper: { readonly snapshot: Snapshot };
  sessions: Sessions;
  clock: Clock;
  /** Origins whose pages may use a session: this server's own. */
  isOwnOrigin(origin: string, host: string | undefined): boolean;
}

const bearer = /^Bearer +([^\s]{1,512})$/i;

/** Who is asking; null for nobody. Throws UNAUTHENTICATED for a credential that opens nothing, and for a key of the other plane. */
export async function authenticate(deps: AuthenticationDeps, request: FastifyRequest): Promise<Actor | null> {
  const header = request.headers.authorization;
  if (header !== undefined) return actorOfToken(deps, header);
  const userId = await deps.sessions.userIdOf(request.headers);
  if (userId === null) return null;
  const actor = deps.keeper.snapshot.actorOf(userId, 'session');
  if (!actor) return null;
  refuseForeignSites(deps, request);
  return actor;
}

function actorOfToken(deps: AuthenticationDeps, header: string): Actor {
  const text = bearer.exec(header)?.[1];
  if (text === undefined) throw new Refusal('UNAUTHENTICATED');
  if (keyKindOf(text) === 'access-key') throw new Refusal('WRONG_KEY_KIND');
  const token = deps.keeper.snapshot.personalTokens.get(hashOfKey(text));
  if (!token || !isLive(token, deps.clock.nowMs())) throw new Refusal('UNAUTHENTICATED');
  const actor = deps.keeper.snapshot.actorOf(token.userId, 'token');
  if (!actor) throw new Refusal('UNAUTHENTICATED');
  return actor;
}

/** A cookie travels with every request of the browser, whoever made the page; a change must come from our own (OWASP CSRF). */
function refuseForeignSites(deps: AuthenticationDeps, request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin') return;
  const origin = request.headers.origin;
  if (site === undefined && origin !== undefined && deps.isOwnOrigin(origin, request.headers.host)) return;
  throw new Refusal('CSRF_REFUSED');
}

const isPermission = (access: Access): access is Permission => access !== 'open' && access !== 'signed-in' && access !== 'administrator';

/** Lets the actor pass or throws UNAUTHENTICATED / FORBIDDEN. */
export function requireAccess(access: Access, actor: Actor | null): void {
  if (access === 'open') return;
  if (!actor) throw new Refusal('UNAUTHENTICATED');
  if (access === 'administrator' && actor.role !== 'administrator') throw new Refusal('FORBIDDEN');
  if (isPermission(access) && !may(actor, access)) throw new Refusal('FORBIDDEN');
}
