/** What a connection does where its provider cannot be told all that was asked: refuse it, say so, or leave it to the books. */
import type { ConnectionSettings } from '../domain/connection.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import type { Change } from '../domain/ledger.ts';
import { bodyOf } from './call.ts';
import type { Asking } from './calling.ts';
import { isLoss } from './defaults.ts';
import { wireOf } from './wires.ts';

/** `strict` sends nothing that is less than what was asked, `warn` names it in the answer's header, `drop` in the books alone. */
export type ParameterMode = 'strict' | 'warn' | 'drop';

export const modeOf = (settings: ConnectionSettings): ParameterMode =>
  settings['parameterMode'] === 'strict' || settings['parameterMode'] === 'drop' ? settings['parameterMode'] : 'warn';

/** Why a connection would rather not be asked: the parameter that it cannot pass on, and our words for the caller. */
export interface Unsaid {
  param: string;
  message: string;
}

const parameterCharsMax = 100;

/** Parameters come from outside: long ones are cut, and what is no plain character is replaced. */
const shown = (parameter: string): string => parameter.replace(/[^\x20-\x7e]/g, '?').slice(0, parameterCharsMax);

const verbs: Readonly<Record<'dropped' | 'clamped' | 'approximated', string>> = {
  dropped: 'is not supported by the provider of this model',
  clamped: 'is out of the bounds of the provider of this model',
  approximated: 'can only be approximated at the provider of this model',
};

const sayOf = ({ parameter, what }: Change): Unsaid => ({
  param: shown(parameter),
  message: `The parameter "${shown(parameter)}" ${verbs[what as keyof typeof verbs]}.`,
});

/** What the connection itself put in and its provider refuses is its owner's affair, and no reason to refuse a caller. */
const lossOf = (changed: readonly Change[]): Change | undefined => {
  const own = new Set(changed.filter(({ what }) => what === 'added').map(({ parameter }) => parameter));
  return changed.find((change) => isLoss(change) && !own.has(change.parameter));
};

/** What a strict connection says of these changes; null where nothing is lost by them. */
export function unsaidIn(changed: readonly Change[]): Unsaid | null {
  const loss = lossOf(changed);
  return loss === undefined ? null : sayOf(loss);
}

/**
 * What a connection refuses to go without, found before anything leaves; null where it may be asked. Strict ones refuse every loss;
 * others a tool that runs at the provider and has no counterpart, unless they say `warn` or `drop` themselves. The body is made for
 * these two alone: everybody else pays nothing.
 */
export function unsaidAt(asked: Asking): Unsaid | null {
  const { to, request } = asked;
  if (request.operation !== undefined) return null;
  const mode = to.settings['parameterMode'];
  const mayMissTool =
    mode === undefined && request.wire !== undefined && request.scan.members.has('tools') && wireOf(to.row) !== request.wire.id;
  if (mode !== 'strict' && !mayMissTool) return null;
  try {
    const { changed } = bodyOf(asked);
    return mode === 'strict' ? unsaidIn(changed) : null;
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    // Whatever else is wrong with the body is said by the attempt, which books it.
    return error.told === null ? null : { param: error.told.param, message: error.told.message };
  }
}
