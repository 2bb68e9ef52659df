/** The unattended first run: the administrator and the personal token that the environment names. Safe to repeat at each start. */
import type { PersonalToken } from '../../domain/access-key.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Actor, Origin } from '../../domain/owner.ts';
import type { WriteStep } from '../../storage/driver.ts';
import { personByEmail } from '../../storage/people.ts';
import { insertToken, revokeToken, tokenByHash } from '../../storage/personal-tokens.ts';
import { dropSetting, putSetting, settingOf } from '../../storage/settings.ts';
import { organizationOf } from '../../storage/workspaces.ts';
import { commit } from '../change.ts';
import { hashOfKey } from '../issued-key.ts';
import { refusing } from '../stale.ts';
import type { PeopleDeps } from './deps.ts';
import { createFirstAdministrator, isSetupNeeded } from './setup.ts';

const tokenName = 'PATCHBAY_ADMIN_TOKEN';

export interface NamedAdministrator {
  email: string | null;
  password: string | null;
  /** 32 characters or more, without a prefix of ours; null where the variable is not set. */
  token: string | null;
}

/**
 * Makes the first administrator where there is none and both e-mail and password are named; an administrator who exists keeps the
 * password they have. The named token is a personal token of that person; one that was named before and is not any more is revoked.
 * A token that somebody revoked by hand stays revoked.
 */
export async function ensureAdministrator(deps: PeopleDeps, named: NamedAdministrator): Promise<void> {
  const origin: Origin = { requestId: deps.ids.uuid(), address: '', agent: 'start' };
  const email = named.email?.trim().toLowerCase() ?? null;
  if (email !== null && named.password !== null && (await isSetupNeeded(deps))) {
    const input = { email, name: email.split('@')[0] || email, password: named.password, language: 'en' as const };
    // Another instance that started at the same moment may have been first; then it is done all the same.
    await createFirstAdministrator(deps, origin, input, []).catch((error: unknown) => {
      if (!(error instanceof Refusal && error.code === 'SETUP_DONE')) throw error;
    });
  }
  await ensureToken(deps, origin, email, named.token);
}

async function ensureToken(deps: PeopleDeps, origin: Origin, email: string | null, text: string | null): Promise<void> {
  const { database, clock } = deps;
  const person = email === null ? undefined : await personByEmail(database, email);
  const earlierId = await settingOf(database, 'environment_token_id');
  const known = text === null ? undefined : await tokenByHash(database, hashOfKey(text));
  if (known) {
    if (known.revokedAtMs !== null) deps.log.warn({ tokenId: known.id }, `the token in ${tokenName} was revoked and is not accepted`);
    return;
  }
  const nowMs = clock.nowMs();
  const organization = await organizationOf(database);
  if (organization && earlierId !== undefined) await endEarlier(deps, { organizationId: organization.id, origin }, earlierId, nowMs);
  if (text === null) return;
  if (!organization || person?.role !== 'administrator') {
    deps.log.warn(`${tokenName} is set, but PATCHBAY_ADMIN_EMAIL names no administrator: the token is not accepted`);
    return;
  }
  const token: PersonalToken = {
    id: deps.ids.uuid(),
    userId: person.userId,
    name: tokenName,
    last4: text.slice(-4),
    expiresAtMs: null,
    revokedAtMs: null,
    createdAtMs: nowMs,
  };
  const steps = [insertToken(database, token, hashOfKey(text)), putSetting(database, 'environment_token_id', token.id, nowMs)];
  // A unique violation says that another instance has just written the same token.
  await refusing(change(deps, { organizationId: organization.id, origin }, 'token.create', token.id, steps), {
    personal_tokens_hash_key: () => new Refusal('STALE'),
  }).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
  });
}

async function endEarlier(deps: PeopleDeps, by: Installation, tokenId: string, nowMs: number): Promise<void> {
  const steps = [revokeToken(deps.database, tokenId, nowMs), dropSetting(deps.database, 'environment_token_id')];
  await refusing(change(deps, by, 'token.revoke', tokenId, steps), { token: () => new Refusal('STALE') }).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
  });
}

/** Nobody is signed in at the start: the installation itself acts. */
interface Installation {
  organizationId: string;
  origin: Origin;
}

function change(
  deps: PeopleDeps,
  { organizationId, origin }: Installation,
  action: string,
  tokenId: string,
  steps: WriteStep[],
): Promise<unknown> {
  const nobody = { email: '', name: 'start', role: 'administrator', workspaces: new Map(), language: 'en', via: 'system' } as const;
  const actor: Actor = { ...nobody, userId: organizationId, organizationId };
  return commit(deps, { actor, origin }, steps, { action, subjectType: 'token', subjectId: tokenId, subjectName: tokenName, owner: null });
}
