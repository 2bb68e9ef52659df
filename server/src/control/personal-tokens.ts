/** Personal tokens: what people give to programs that manage Patchbay in their name. Shown once, kept as a hash. */
import { personalTokenPrefix, type PersonalToken } from '../domain/access-key.ts';
import type { Actor } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { insertToken, listTokens as storedTokens, liveTokenOf, revokeToken as revokeStored } from '../storage/personal-tokens.ts';
import { commit, type Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { refuseExpired } from './expiry.ts';
import { issueKey } from './issued-key.ts';
import { notFound, refusing } from './stale.ts';

export interface Page {
  cursor?: string;
  limit: number;
  withEnded?: boolean;
}

/** The caller's own tokens, newest first; on wish also those that were revoked in the last 90 days. */
export const listTokens = (deps: ControlDeps, actor: Actor, page: Page): Promise<PersonalToken[]> =>
  storedTokens(deps.database, actor.userId, page, deps.clock.nowMs());

/** Makes a token with the rights of its owner. @throws Refusal VALIDATION_ERROR for an expiry in the past */
export async function createToken(
  deps: ControlDeps,
  caller: Caller,
  input: { name: string; expiresAtMs: number | null },
): Promise<{ token: PersonalToken; text: string }> {
  refuseExpired(deps, input.expiresAtMs);
  const { text, hash, last4 } = issueKey(deps.ids, personalTokenPrefix);
  const token: PersonalToken = {
    id: deps.ids.uuid(),
    userId: caller.actor.userId,
    name: input.name,
    last4,
    expiresAtMs: input.expiresAtMs,
    revokedAtMs: null,
    createdAtMs: deps.clock.nowMs(),
  };
  await commit(deps, caller, [insertToken(deps.database, token, hash)], deedOf('token.create', token));
  return { token, text };
}

/** Revokes one of the caller's own tokens. @throws Refusal NOT_FOUND, also for another person's */
export async function revokeToken(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const token = isUuid(id) ? await liveTokenOf(deps.database, caller.actor.userId, id) : undefined;
  if (!token) throw notFound();
  const committed = commit(deps, caller, [revokeStored(deps.database, id, deps.clock.nowMs())], deedOf('token.revoke', token));
  await refusing(committed, { token: notFound });
}

const deedOf = (action: string, token: PersonalToken) => ({
  action,
  subjectType: 'token',
  subjectId: token.id,
  subjectName: token.name,
  owner: { scope: 'user' as const, id: token.userId },
});
