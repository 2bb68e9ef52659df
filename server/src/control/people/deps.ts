/** What the rooms for people are handed beside the rest of the control plane. */
import type { ControlDeps } from '../deps.ts';
import type { Auth } from './auth.ts';
import type { Passwords } from './passwords.ts';
import type { SignInLimit } from './sign-in-limit.ts';
import type { UsedCodes } from './used-codes.ts';

export interface PeopleDeps extends ControlDeps {
  auth: Auth;
  passwords: Passwords;
  signInLimit: SignInLimit;
  /** Keeps second factors under the newest master key: one person's, after better-auth has written them. */
  moveFactors(userId: string): Promise<unknown>;
  usedCodes: UsedCodes;
}
