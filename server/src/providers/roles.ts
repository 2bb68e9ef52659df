/** Who says a message. A name that nobody here knows is refused: the same words mean something else in another's mouth. */
import { UpstreamFailure } from '../domain/errors.ts';
import { text, type Json } from './shape.ts';

const roles: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

const roleCharsMax = 100;

/** Throws UpstreamFailure('bad_request'). `param` is where the caller's wire has its messages. */
export function refuseRole(role: unknown, param: string): never {
  const said = (text(role) ?? JSON.stringify(role)).replace(/[^\x20-\x7e]/g, '?').slice(0, roleCharsMax);
  throw new UpstreamFailure('bad_request', 'nobody knows who says a message', {
    told: { param, message: `The role "${said}" of a message is not known at the provider of this model.` },
  });
}

/** Throws UpstreamFailure('bad_request') for a role that no translation has a word for. */
export function checkRole({ role }: Json): void {
  if (role !== undefined && role !== null && !roles.has(role)) refuseRole(role, 'messages');
}
