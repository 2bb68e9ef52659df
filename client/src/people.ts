/** People and what lets them in: set-up, sessions, oneself, personal tokens, and the people of the house. */
import type {
  Me,
  Session,
  Token,
  User,
  meChange,
  setupBody,
  setupStatus,
  signedIn,
  signInAnswer,
  tokenCreated,
  userChange,
  userCreate,
  userCreated,
} from '@patchbay/contract/people';
import type { factorBegun, recoveryCodesAnswer, secondStepBody } from '@patchbay/contract/second-factor';
import { segment, type Input, type Output, type Transport } from './transport.ts';

/** How every newer face wraps its answers. */
export interface Envelope<Data> {
  success: true;
  data: Data;
}

/** One page of a list; `nextCursor` is null on the last one. */
export interface Page<Row> {
  data: Row[];
  nextCursor: string | null;
}

export interface PageQuery {
  cursor?: string | null;
  limit?: number;
}

export interface SetupCalls {
  status(signal?: AbortSignal): Promise<Output<typeof setupStatus>['data']>;
  /** Makes the first administrator and signs the browser in as them. */
  run(input: Input<typeof setupBody>): Promise<void>;
}

export function setupCalls(transport: Transport): SetupCalls {
  return {
    async status(signal) {
      return (await transport.call<Output<typeof setupStatus>>('GET', 'api/setup', { signal })).data;
    },
    async run(input) {
      await transport.call('POST', 'api/setup', { body: input });
    },
  };
}

export interface SessionCalls {
  /** In a browser the session's cookie comes with the answer; elsewhere use a personal token. */
  signIn(input: { email: string; password: string; rememberMe?: boolean }): Promise<Output<typeof signInAnswer>['data']>;
  /** Where `signIn` answered `secondFactor`: a code of the authenticator, or a recovery code. */
  secondStep(proof: Input<typeof secondStepBody>): Promise<Output<typeof signedIn>['data']>;
  signOut(): Promise<void>;
  changePassword(input: { currentPassword: string; newPassword: string }): Promise<void>;
}

export function sessionCalls(transport: Transport): SessionCalls {
  return {
    async signIn(input) {
      return (await transport.call<Output<typeof signInAnswer>>('POST', 'api/auth/sign-in/email', { body: input })).data;
    },
    async secondStep(proof) {
      return (await transport.call<Output<typeof signedIn>>('POST', 'api/auth/sign-in/second-step', { body: proof })).data;
    },
    async signOut() {
      await transport.call('POST', 'api/auth/sign-out');
    },
    async changePassword(input) {
      await transport.call('POST', 'api/auth/change-password', { body: input });
    },
  };
}

export interface MeCalls {
  get(signal?: AbortSignal): Promise<Me>;
  update(change: Input<typeof meChange>): Promise<Me>;
  sessions(signal?: AbortSignal): Promise<Session[]>;
  endSession(id: string): Promise<void>;
  /** All but the one that asks. */
  endOtherSessions(): Promise<void>;
  /** The only answer that ever holds the secret. It counts after `confirmSecondFactor`. */
  beginSecondFactor(password: string): Promise<Output<typeof factorBegun>['data']>;
  confirmSecondFactor(code: string): Promise<void>;
  newRecoveryCodes(password: string): Promise<string[]>;
  endSecondFactor(password: string): Promise<void>;
}

export function meCalls(transport: Transport): MeCalls {
  return {
    async get(signal) {
      return (await transport.call<Envelope<Me>>('GET', 'api/me', { signal })).data;
    },
    async update(change) {
      return (await transport.call<Envelope<Me>>('PATCH', 'api/me', { body: change })).data;
    },
    async sessions(signal) {
      return (await transport.call<Envelope<Session[]>>('GET', 'api/me/sessions', { signal })).data;
    },
    async endSession(id) {
      await transport.call('DELETE', `api/me/sessions/${segment(id)}`);
    },
    async endOtherSessions() {
      await transport.call('DELETE', 'api/me/sessions');
    },
    async beginSecondFactor(password) {
      return (await transport.call<Output<typeof factorBegun>>('POST', 'api/me/second-factor', { body: { password } })).data;
    },
    async confirmSecondFactor(code) {
      await transport.call('POST', 'api/me/second-factor/confirm', { body: { code } });
    },
    async newRecoveryCodes(password) {
      const path = 'api/me/second-factor/recovery-codes';
      return (await transport.call<Output<typeof recoveryCodesAnswer>>('POST', path, { body: { password } })).data.recoveryCodes;
    },
    async endSecondFactor(password) {
      await transport.call('POST', 'api/me/second-factor/off', { body: { password } });
    },
  };
}

export interface TokenCalls {
  /** `ended` lists those too that were revoked in the last 90 days. */
  list(query?: PageQuery & { ended?: boolean }, signal?: AbortSignal): Promise<Page<Token>>;
  /** The only answer that ever holds the token. */
  create(input: { name: string; expiresAt?: string | null }): Promise<Output<typeof tokenCreated>['data']>;
  revoke(id: string): Promise<void>;
}

export function tokenCalls(transport: Transport): TokenCalls {
  return {
    list: (query, signal) => transport.call('GET', 'api/tokens', { query: { ...query }, signal }),
    async create(input) {
      return (await transport.call<Output<typeof tokenCreated>>('POST', 'api/tokens', { body: input })).data;
    },
    async revoke(id) {
      await transport.call('DELETE', `api/tokens/${segment(id)}`);
    },
  };
}

export interface UserCalls {
  list(query?: PageQuery & { q?: string }, signal?: AbortSignal): Promise<Page<User>>;
  /** Without a password one is made, and this answer alone shows it. */
  create(input: Input<typeof userCreate>): Promise<Output<typeof userCreated>['data']>;
  update(id: string, change: Input<typeof userChange>): Promise<User>;
  /** For good, with what was theirs alone. */
  delete(id: string): Promise<void>;
  resetSecondFactor(id: string): Promise<void>;
}

export function userCalls(transport: Transport): UserCalls {
  return {
    list: (query, signal) => transport.call('GET', 'api/admin/users', { query: { ...query }, signal }),
    async create(input) {
      return (await transport.call<Output<typeof userCreated>>('POST', 'api/admin/users', { body: input })).data;
    },
    async update(id, change) {
      return (await transport.call<Envelope<User>>('PATCH', `api/admin/users/${segment(id)}`, { body: change })).data;
    },
    async delete(id) {
      await transport.call('DELETE', `api/admin/users/${segment(id)}`);
    },
    async resetSecondFactor(id) {
      await transport.call('DELETE', `api/admin/users/${segment(id)}/second-factor`);
    },
  };
}
