/** The second factor of a person: begun with the password, on once a code was seen, and taken away by an administrator in need. */
import { Refusal } from '../../domain/errors.ts';
import type { Actor } from '../../domain/owner.ts';
import { writeAudit } from '../../storage/changes.ts';
import type { WriteStep } from '../../storage/driver.ts';
import { deleteOtherSessions, deleteSessionsOf } from '../../storage/people.ts';
import { dropFactor } from '../../storage/second-factors.ts';
import { auditEntry, type Caller } from '../change.ts';
import { refusing } from '../stale.ts';
import { cookieOf, type HeaderFields } from './auth.ts';
import type { PeopleDeps } from './deps.ts';
import { userById } from './users.ts';

const wrongPassword = (): Refusal =>
  new Refusal('VALIDATION_ERROR', {
    values: { count: 1 },
    details: [{ path: 'password', code: 'wrong', message: 'the password is not right' }],
  });
const wrongCode = (): Refusal =>
  new Refusal('VALIDATION_ERROR', {
    values: { count: 1 },
    details: [{ path: 'code', code: 'wrong', message: 'the code is not right' }],
  });

async function note(
  deps: PeopleDeps,
  caller: Caller,
  action: string,
  refusal: Refusal | null = null,
  steps: WriteStep[] = [],
): Promise<void> {
  const { actor } = caller;
  const deed = { action, subjectType: 'user', subjectId: actor.userId, subjectName: actor.email, owner: null };
  await writeAudit(deps.database, auditEntry(deps, caller, deed, refusal ? 'refused' : 'success', refusal?.code ?? null), steps);
}

/** A token may not touch what protects its owner's password. Guesses count like guesses at the door. @throws Refusal FORBIDDEN, RATE_LIMITED */
function beginGuess(deps: PeopleDeps, { actor, origin }: Caller): () => void {
  requireSession(actor);
  return deps.signInLimit.begin(`factor ${actor.userId}`, origin.address);
}

function requireSession(actor: Actor): void {
  if (actor.via !== 'session') throw new Refusal('FORBIDDEN');
}

async function refuse(deps: PeopleDeps, caller: Caller, action: string, refusal: Refusal): Promise<never> {
  await note(deps, caller, action, refusal);
  throw refusal;
}

/**
 * Makes a new secret with its recovery codes, to be shown once. It counts after `confirmFactor`; until then it may be begun anew.
 * @throws Refusal FORBIDDEN for a token, RATE_LIMITED, VALIDATION_ERROR for a wrong password, SECOND_FACTOR_ON
 */
export async function beginFactor(
  deps: PeopleDeps,
  headers: HeaderFields,
  caller: Caller,
  input: { password: string },
): Promise<{ uri: string; secret: string; recoveryCodes: string[] }> {
  const giveBack = beginGuess(deps, caller);
  const begun = await deps.auth.beginFactor(headers, input);
  if (begun === 'wrong') return refuse(deps, caller, 'second-factor.begin', wrongPassword());
  giveBack();
  if (begun === 'on') throw new Refusal('SECOND_FACTOR_ON');
  await deps.moveFactors(caller.actor.userId);
  await note(deps, caller, 'second-factor.begin');
  return { ...begun, secret: new URL(begun.uri).searchParams.get('secret') ?? '' };
}

/**
 * Turns the second factor on. Every other session ends: whoever came in with the password alone must come in again.
 * @throws Refusal FORBIDDEN for a token, RATE_LIMITED, VALIDATION_ERROR for a wrong code, SECOND_FACTOR_OFF where none was begun
 */
export async function confirmFactor(
  deps: PeopleDeps,
  headers: HeaderFields,
  caller: Caller,
  input: { code: string },
): Promise<{ setCookies: string[] }> {
  const giveBack = beginGuess(deps, caller);
  const confirmed = await deps.auth.confirmFactor(headers, caller.origin, input);
  if (confirmed === 'off') throw new Refusal('SECOND_FACTOR_OFF');
  if (confirmed === 'refused') return refuse(deps, caller, 'second-factor.on', wrongCode());
  giveBack();
  // Whoever came in with the password alone must come in again; the session that turned it on goes on under a new name.
  const { session } = await deps.auth.sessionOf({ cookie: cookieOf(confirmed.setCookies) });
  await note(deps, caller, 'second-factor.on', null, session ? [deleteOtherSessions(deps.database, session.userId, session.id)] : []);
  return confirmed;
}

/** Ten new recovery codes; the old ones are void. @throws Refusal as `beginFactor`, SECOND_FACTOR_OFF */
export async function newRecoveryCodes(
  deps: PeopleDeps,
  headers: HeaderFields,
  caller: Caller,
  input: { password: string },
): Promise<string[]> {
  const giveBack = beginGuess(deps, caller);
  const codes = await deps.auth.newRecoveryCodes(headers, input);
  if (codes === 'wrong') return refuse(deps, caller, 'second-factor.codes', wrongPassword());
  giveBack();
  if (codes === 'off') throw new Refusal('SECOND_FACTOR_OFF');
  await deps.moveFactors(caller.actor.userId);
  await note(deps, caller, 'second-factor.codes');
  return codes;
}

/** Turns the second factor off. @throws Refusal as `beginFactor`, SECOND_FACTOR_OFF */
export async function endFactor(
  deps: PeopleDeps,
  headers: HeaderFields,
  caller: Caller,
  input: { password: string },
): Promise<{ setCookies: string[] }> {
  const giveBack = beginGuess(deps, caller);
  const { hasSecondFactor } = await userById(deps, caller.actor.userId);
  // Asked before, because better-auth would end the session for it all the same, and its new cookies would not leave with a refusal.
  if (!hasSecondFactor) {
    giveBack();
    throw new Refusal('SECOND_FACTOR_OFF');
  }
  const ended = await deps.auth.endFactor(headers, caller.origin, input);
  if (ended === 'wrong') return refuse(deps, caller, 'second-factor.off', wrongPassword());
  giveBack();
  if (ended === 'off') throw new Refusal('SECOND_FACTOR_OFF');
  await note(deps, caller, 'second-factor.off');
  return ended;
}

/**
 * Takes the second factor of somebody who lost it away, and ends their sessions: whoever holds the lost device is out, too.
 * @throws Refusal NOT_FOUND, SECOND_FACTOR_OFF
 */
export async function resetFactor(deps: PeopleDeps, caller: Caller, userId: string): Promise<void> {
  const person = await userById(deps, userId);
  const deed = { action: 'second-factor.reset', subjectType: 'user', subjectId: userId, subjectName: person.email, owner: null };
  const steps = [...dropFactor(deps.database, userId), deleteSessionsOf(deps.database, userId)];
  await refusing(writeAudit(deps.database, auditEntry(deps, caller, deed), steps), {
    'second-factor': () => new Refusal('SECOND_FACTOR_OFF'),
  });
}
