/** Coming in and going out: sessions begin, rotate and end here, each with its audit entry. */
import type { AuditEntry } from '../../domain/audit.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Actor, Origin } from '../../domain/owner.ts';
import { isUuid } from '../../lib/ids.ts';
import { writeAudit } from '../../storage/changes.ts';
import type { WriteStep } from '../../storage/driver.ts';
import { deleteOtherSessions, deleteSession, deleteSessionsOf } from '../../storage/people.ts';
import { auditEntry } from '../change.ts';
import { hashOfKey } from '../issued-key.ts';
import { notFound, refusing } from '../stale.ts';
import { cookieOf, type HeaderFields, type Proof, type StartedSession } from './auth.ts';
import type { PeopleDeps } from './deps.ts';

type Outcome = Pick<AuditEntry, 'outcome' | 'errorCode'>;
const success: Outcome = { outcome: 'success', errorCode: null };

async function note(
  deps: PeopleDeps,
  who: { actor: Actor | null; email: string },
  origin: Origin,
  action: string,
  how: Outcome,
  steps: WriteStep[] = [],
): Promise<void> {
  const deed = { action, subjectType: 'user', subjectId: who.actor?.userId ?? null, subjectName: who.email, owner: null };
  const caller = who.actor ? { actor: who.actor, origin } : { actor: null, origin };
  await writeAudit(deps.database, auditEntry(deps, caller, deed, how.outcome, how.errorCode), steps);
}

/**
 * Signs a person in and ends the session that this browser may have had before (ASVS 7.2.4).
 * @param input.email in lower case
 * @throws Refusal RATE_LIMITED, SIGN_IN_REFUSED (the same for an unknown address, a wrong password and a disabled person)
 */
export async function signIn(
  deps: PeopleDeps,
  headers: HeaderFields,
  origin: Origin,
  input: { email: string; password: string; rememberMe?: boolean },
): Promise<{ actor: Actor | null; setCookies: string[] }> {
  const giveBack = deps.signInLimit.begin(input.email, origin.address);
  const started = await deps.auth.signIn(origin, input);
  if (started?.userId === null) {
    giveBack();
    return { actor: null, setCookies: started.setCookies };
  }
  const actor = started && deps.keeper.snapshot.actorOf(started.userId, 'session');
  if (!started || !actor) {
    await note(deps, { actor: null, email: input.email }, origin, 'session.sign-in', { outcome: 'refused', errorCode: 'SIGN_IN_REFUSED' });
    throw new Refusal('SIGN_IN_REFUSED');
  }
  giveBack();
  return begin(deps, headers, origin, { ...started, actor });
}

/** The answer's own cookies replace the ones that ending the earlier session sets. */
async function begin(
  deps: PeopleDeps,
  headers: HeaderFields,
  origin: Origin,
  { actor, setCookies }: { actor: Actor; setCookies: string[] },
): Promise<{ actor: Actor; setCookies: string[] }> {
  await deps.auth.signOut(headers);
  await note(deps, { actor, email: actor.email }, origin, 'session.sign-in', success);
  return { actor, setCookies };
}

const halfCookie = /(?:^|;\s*)(?:__Host-|__Secure-)?patchbay\.two_factor=([^;]*)/;

/** Wrong codes are counted by better-auth, per sign-in and per account; this is how long it locks an account. */
const lockedS = 900;

/**
 * The second step of a sign-in: a code of the authenticator, which opens once, or a recovery code, which is used up.
 * @throws Refusal RATE_LIMITED, SECOND_FACTOR_REFUSED, SIGN_IN_EXPIRED
 */
export async function secondStep(
  deps: PeopleDeps,
  headers: HeaderFields,
  origin: Origin,
  proof: Proof,
): Promise<{ actor: Actor; setCookies: string[] }> {
  const half = halfCookie.exec(String(headers['cookie'] ?? ''))?.[1];
  if (half === undefined) throw new Refusal('SIGN_IN_EXPIRED');
  // This cookie of the half-done sign-in stands for the account, which nobody knows before the code is right. It is remembered by its
  // digest: others beside it would make a new account of each guess, and long ones would fill the memory.
  const giveBack = deps.signInLimit.begin(`second step ${hashOfKey(half)}`, origin.address);
  const refuse = async (code: 'SECOND_FACTOR_REFUSED' | 'SIGN_IN_EXPIRED' | 'RATE_LIMITED', who: Actor | null): Promise<never> => {
    await note(deps, { actor: who, email: who?.email ?? '' }, origin, 'session.second-step', { outcome: 'refused', errorCode: code });
    throw new Refusal(code, code === 'RATE_LIMITED' ? { values: { seconds: lockedS }, retryAfterS: lockedS } : {});
  };
  const started = await deps.auth.secondStep(headers, origin, proof);
  if (started === 'locked') return refuse('RATE_LIMITED', null);
  if (typeof started === 'string') return refuse(started === 'over' ? 'SIGN_IN_EXPIRED' : 'SECOND_FACTOR_REFUSED', null);
  const actor = deps.keeper.snapshot.actorOf(started.userId, 'session');
  if (!actor) return refuse('SIGN_IN_EXPIRED', null);
  if ('code' in proof && !(await deps.usedCodes.take(actor.userId, proof.code))) {
    await deps.auth.signOut({ cookie: cookieOf(started.setCookies) });
    return refuse('SECOND_FACTOR_REFUSED', actor);
  }
  if ('recoveryCode' in proof) await deps.moveFactors(actor.userId);
  giveBack();
  return begin(deps, headers, origin, { actor, setCookies: started.setCookies });
}

/** Ends the session behind the cookie; without one there is nothing to do, which is no error. */
export async function signOut(
  deps: PeopleDeps,
  headers: HeaderFields,
  origin: Origin,
  actor: Actor | null,
): Promise<{ setCookies: string[] }> {
  const ended = await deps.auth.signOut(headers);
  if (actor?.via === 'session') await note(deps, { actor, email: actor.email }, origin, 'session.sign-out', success);
  return ended;
}

/**
 * Changes the password of the person behind the session: all sessions end and a new one begins.
 * A personal token may not do this, or it would outgrow itself.
 * @throws Refusal FORBIDDEN for a token, RATE_LIMITED, VALIDATION_ERROR where the current password is wrong
 */
export async function changePassword(
  deps: PeopleDeps,
  headers: HeaderFields,
  caller: { actor: Actor; origin: Origin },
  input: { currentPassword: string; newPassword: string },
): Promise<StartedSession> {
  const { actor, origin } = caller;
  if (actor.via !== 'session') throw new Refusal('FORBIDDEN');
  const giveBack = deps.signInLimit.begin(actor.email, origin.address);
  const started = await deps.auth.changePassword(headers, origin, input);
  if (!started) {
    await note(deps, { actor, email: actor.email }, origin, 'user.password', { outcome: 'refused', errorCode: 'VALIDATION_ERROR' });
    throw new Refusal('VALIDATION_ERROR', {
      values: { count: 1 },
      details: [{ path: 'currentPassword', code: 'wrong', message: 'the current password is not right' }],
    });
  }
  giveBack();
  await note(deps, { actor, email: actor.email }, origin, 'user.password', success);
  return started;
}

/** Ends one of the caller's own sessions. @throws Refusal NOT_FOUND */
export async function endSession(deps: PeopleDeps, caller: { actor: Actor; origin: Origin }, sessionId: string): Promise<void> {
  const { actor, origin } = caller;
  if (!isUuid(sessionId)) throw notFound();
  const step = deleteSession(deps.database, actor.userId, sessionId);
  await refusing(note(deps, { actor, email: actor.email }, origin, 'session.revoke', success, [step]), { session: notFound });
}

/** Ends all of the caller's sessions but the one that asks; a token's owner loses all of them. */
export async function endOtherSessions(deps: PeopleDeps, headers: HeaderFields, caller: { actor: Actor; origin: Origin }): Promise<void> {
  const { actor, origin } = caller;
  const { session } = actor.via === 'session' ? await deps.auth.sessionOf(headers) : { session: null };
  const step = session ? deleteOtherSessions(deps.database, actor.userId, session.id) : deleteSessionsOf(deps.database, actor.userId);
  await note(deps, { actor, email: actor.email }, origin, 'session.revoke-others', success, [step]);
}
