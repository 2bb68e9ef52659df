/** The words of sign-in and set-up: what a browser is told of a session. */
import type { Actor } from '../../domain/owner.ts';

export const userOf = (actor: Pick<Actor, 'userId' | 'name' | 'email'>): { id: string; name: string; email: string } => ({
  id: actor.userId,
  name: actor.name,
  email: actor.email,
});
