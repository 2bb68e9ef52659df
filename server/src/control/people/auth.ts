/** Sessions and passwords, kept by better-auth on the house's own database. The only file that calls it. */
import { betterAuth } from 'better-auth';
import { twoFactor } from 'better-auth/plugins/two-factor';
import { Refusal } from '../../domain/errors.ts';
import type { Origin } from '../../domain/owner.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Log } from '../../lib/log.ts';
import { accountNames, authDatabase, secondFactorNames } from '../../storage/accounts.ts';
import type { Database } from '../../storage/database.ts';
import type { Passwords } from './passwords.ts';
import { passwordCharsMax, passwordCharsMin } from '@patchbay/contract/people';
import { codeDigits } from '@patchbay/contract/second-factor';

const sessionSeconds = 30 * 24 * 3600;
/** A session that is used is prolonged at most this often. */
const prolongSeconds = 24 * 3600;
const codeSeconds = 30;
/** Under this name the address that the server itself has seen is handed to better-auth; it reads no other. */
const addressHeader = 'x-patchbay-peer';

export interface AuthDeps {
  database: Database;
  keeper: { readonly snapshot: Snapshot };
  passwords: Passwords;
  ids: Ids;
  log: Log;
  /** Told of each session that a request came with. */
  noteSeen(sessionId: string): void;
  /**
   * One for each master key that still opens, the oldest first: 32 bytes derived from it under a label of their own. The first one
   * signs the session cookies; second factors are read with any of them.
   */
  secrets: readonly AuthSecret[];
  /** Where browsers reach this server. https makes the cookie `__Host-` and Secure. */
  publicUrl: string;
}

export interface AuthSecret {
  /** The version of the master key that it was derived from. */
  version: number;
  bytes: Uint8Array;
}

/** As better-auth takes and names them. */
export const secretTexts = (secrets: readonly AuthSecret[]): { version: number; value: string }[] =>
  secrets.map(({ version, bytes }) => ({ version, value: Buffer.from(bytes).toString('base64url') }));

/** Headers as node gives them. */
export type HeaderFields = Readonly<Record<string, string | string[] | undefined>>;

/** The Cookie header that a browser would send after these Set-Cookie lines. */
export const cookieOf = (setCookies: readonly string[]): string => setCookies.map((line) => line.split(';')[0]).join('; ');

export interface CurrentSession {
  id: string;
  userId: string;
  expiresAtMs: number;
}

/** A new session: whose, and the Set-Cookie lines that give it to the browser. */
export interface StartedSession {
  userId: string;
  setCookies: string[];
}

export type Proof = { code: string } | { recoveryCode: string };

export interface Auth {
  /** Reads with this one too from now on. */
  learnSecret(secret: AuthSecret): Promise<void>;
  /** The user behind a session cookie, or null. Whether that person may still come in is the snapshot's to say. */
  userIdOf(headers: HeaderFields): Promise<string | null>;
  /** The session behind the cookie; prolongs it, where `setCookies` then has the new cookie. */
  sessionOf(headers: HeaderFields): Promise<{ session: CurrentSession | null; setCookies: string[] }>;
  /**
   * Null for a wrong address or password, or a disabled person: the same work and the same answer for all three. `userId` is null
   * where a second factor must follow: then the cookies hold the half-done sign-in and no session.
   */
  signIn(
    origin: Origin,
    input: { email: string; password: string; rememberMe?: boolean },
  ): Promise<StartedSession | { userId: null; setCookies: string[] } | null>;
  /** The second step of a sign-in, behind the cookie of the first. `refused` for a wrong code, `over` where it must begin again. */
  secondStep(headers: HeaderFields, origin: Origin, proof: Proof): Promise<StartedSession | 'refused' | 'over' | 'locked'>;
  /** Makes a secret that counts once `confirmFactor` has seen a code of it. */
  beginFactor(headers: HeaderFields, input: { password: string }): Promise<{ uri: string; recoveryCodes: string[] } | 'wrong' | 'on'>;
  /** Turns the second factor on; the session is a new one then. */
  confirmFactor(headers: HeaderFields, origin: Origin, input: { code: string }): Promise<{ setCookies: string[] } | 'refused' | 'off'>;
  newRecoveryCodes(headers: HeaderFields, input: { password: string }): Promise<string[] | 'wrong' | 'off'>;
  endFactor(headers: HeaderFields, origin: Origin, input: { password: string }): Promise<{ setCookies: string[] } | 'wrong' | 'off'>;
  /** Ends the session behind the cookie, if there is one. */
  signOut(headers: HeaderFields): Promise<{ setCookies: string[] }>;
  /** Changes the password, ends all sessions of the person and starts a new one. Null where the current password is wrong. */
  changePassword(
    headers: HeaderFields,
    origin: Origin,
    input: { currentPassword: string; newPassword: string },
  ): Promise<StartedSession | null>;
}

function createBetterAuth(deps: AuthDeps) {
  const { origin, pathname } = new URL(deps.publicUrl);
  const isHttps = origin.startsWith('https://');
  const isAtRoot = pathname === '/';
  return betterAuth({
    appName: 'Patchbay',
    baseURL: origin,
    basePath: '/api/auth',
    // As a list, because a single secret could be overruled by an environment variable of better-auth's own.
    secrets: secretTexts(deps.secrets),
    database: authDatabase(deps.database.driver),
    ...accountNames,
    session: { ...accountNames.session, expiresIn: sessionSeconds, updateAge: prolongSeconds, cookieCache: { enabled: false } },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordCharsMin,
      maxPasswordLength: passwordCharsMax,
      password: {
        hash: (password: string) => deps.passwords.hash(password),
        verify: ({ hash, password }: { hash: string; password: string }) => deps.passwords.verify(hash, password),
      },
    },
    // Guesses are counted by sign-in-limit.ts, before a password is looked at.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    databaseHooks: {
      session: {
        // A disabled person gets no session, and the answer is that for a wrong password.
        create: { before: async (session) => deps.keeper.snapshot.actorOf(session.userId, 'session') !== undefined },
      },
    },
    advanced: {
      useSecureCookies: false,
      // Below a path the cookie is for that path alone, so that the other applications of the host never see it; `__Host-` demands the root.
      cookiePrefix: !isHttps ? 'patchbay' : isAtRoot ? '__Host-patchbay' : '__Secure-patchbay',
      defaultCookieAttributes: { secure: isHttps, httpOnly: true, sameSite: 'lax', path: pathname },
      ipAddress: { ipAddressHeaders: [addressHeader], ipv6Subnet: 128 },
      database: { generateId: () => deps.ids.uuid(), validateSchema: false },
    },
    plugins: [
      // The digits and seconds that every authenticator app takes; no device is ever trusted without a code.
      twoFactor({ issuer: 'Patchbay', totpOptions: { digits: codeDigits, period: codeSeconds }, schema: secondFactorNames }),
    ],
    logger: {
      level: 'error',
      // Arguments may hold a request; the text alone is fit for the log.
      log: (_level, message) => deps.log.error({ part: 'sessions' }, message),
    },
  });
}

/** What better-auth may read: the cookies, the browser's name and the peer's address. */
function headersFor(headers: HeaderFields, origin?: Origin, isFit: (cookie: string) => boolean = () => true): Headers {
  const own = new Headers();
  if (typeof headers['cookie'] === 'string') own.set('cookie', headers['cookie'].split('; ').filter(isFit).join('; '));
  if (origin) own.set('user-agent', origin.agent);
  if (origin?.address) own.set(addressHeader, origin.address);
  return own;
}

/** Codes with which better-auth says no to a person; everything else that it throws is a fault. */
const noCodes = new Set([
  'INVALID_EMAIL_OR_PASSWORD',
  'INVALID_EMAIL',
  'INVALID_PASSWORD',
  'FAILED_TO_CREATE_SESSION',
  'CREDENTIAL_ACCOUNT_NOT_FOUND',
]);

/** A second step belongs to the sign-in that waits for it, whoever else is signed in in this browser. */
const isOfHalfSignIn = (cookie: string): boolean => !cookie.split('=')[0]!.endsWith('session_token');

/** The code with which better-auth says no; anything else that it throws is a fault and goes on its way. */
async function answerOrCode<T>(work: Promise<T>): Promise<{ answer: T } | { code: string }> {
  try {
    return { answer: await work };
  } catch (error) {
    const { body } = error as { body?: { code?: string } };
    if (body?.code === undefined) throw error;
    if (body.code === 'FAILED_TO_GET_SESSION') throw new Refusal('STORAGE_UNAVAILABLE', { retryAfterS: 2, cause: error });
    return { code: body.code };
  }
}

/** Null where better-auth says no. It hides the error of a database that does not answer; what is left is a bare 500. */
async function answerOf<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const { body, statusCode } = error as { body?: { code?: string }; statusCode?: number };
    if (body?.code !== undefined && noCodes.has(body.code)) return null;
    if (body?.code === 'FAILED_TO_GET_SESSION' && statusCode === 401) return null;
    if (body?.code === 'FAILED_TO_GET_SESSION') throw new Refusal('STORAGE_UNAVAILABLE', { retryAfterS: 2, cause: error });
    throw error;
  }
}

type Api = ReturnType<typeof createBetterAuth>['api'];

/** Codes with which a second step is over: nothing that is typed into it could still be right. */
const overCodes = new Set([
  'INVALID_TWO_FACTOR_COOKIE',
  'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
  'TOTP_NOT_ENABLED',
  'BACKUP_CODES_NOT_ENABLED',
]);
const offCodes = new Set(['TOTP_NOT_ENABLED', 'TWO_FACTOR_NOT_ENABLED']);

type FactorCalls = Pick<Auth, 'secondStep' | 'beginFactor' | 'confirmFactor' | 'newRecoveryCodes' | 'endFactor'>;

function secondFactorOf(api: Api): FactorCalls {
  return {
    async secondStep(headers, origin, proof) {
      const own = headersFor(headers, origin, isOfHalfSignIn);
      const found = await answerOrCode(
        'code' in proof
          ? api.verifyTOTP({ body: { code: proof.code }, headers: own, returnHeaders: true })
          : api.verifyBackupCode({ body: { code: proof.recoveryCode }, headers: own, returnHeaders: true }),
      );
      if ('answer' in found) return { userId: found.answer.response.user.id, setCookies: found.answer.headers.getSetCookie() };
      if (found.code === 'ACCOUNT_TEMPORARILY_LOCKED') return 'locked';
      // A person who was disabled meanwhile gets no session either.
      return overCodes.has(found.code) || found.code === 'FAILED_TO_CREATE_SESSION' ? 'over' : 'refused';
    },
    async beginFactor(headers, { password }) {
      const found = await answerOrCode(api.enableTwoFactor({ body: { password, method: 'totp' }, headers: headersFor(headers) }));
      if ('code' in found) return found.code === 'TOTP_ALREADY_ENABLED' ? 'on' : 'wrong';
      if (found.answer.method !== 'totp') throw new Error('a second factor of another kind was begun');
      return { uri: found.answer.totpURI, recoveryCodes: found.answer.backupCodes };
    },
    async confirmFactor(headers, origin, { code }) {
      const found = await answerOrCode(api.verifyTOTP({ body: { code }, headers: headersFor(headers, origin), returnHeaders: true }));
      if ('answer' in found) return { setCookies: found.answer.headers.getSetCookie() };
      return offCodes.has(found.code) ? 'off' : 'refused';
    },
    async newRecoveryCodes(headers, { password }) {
      const found = await answerOrCode(api.generateBackupCodes({ body: { password }, headers: headersFor(headers) }));
      if ('answer' in found) return found.answer.backupCodes;
      return offCodes.has(found.code) ? 'off' : 'wrong';
    },
    async endFactor(headers, origin, { password }) {
      const found = await answerOrCode(
        api.disableTwoFactor({ body: { password }, headers: headersFor(headers, origin), returnHeaders: true }),
      );
      return 'answer' in found ? { setCookies: found.answer.headers.getSetCookie() } : 'wrong';
    },
  };
}

export function createAuth(deps: AuthDeps): Auth {
  const { api, $context } = createBetterAuth(deps);
  /** Most requests carry no session cookie at all and need no look-up. */
  const hasCookie = (headers: HeaderFields): boolean =>
    typeof headers['cookie'] === 'string' && headers['cookie'].includes('patchbay.session_token=');
  return {
    async learnSecret(secret) {
      const { secretConfig } = await $context;
      if (typeof secretConfig === 'string') return;
      for (const { version, value } of secretTexts([secret])) secretConfig.keys.set(version, value);
    },
    async userIdOf(headers) {
      if (!hasCookie(headers)) return null;
      const found = await answerOf(api.getSession({ headers: headersFor(headers), query: { disableRefresh: true } }));
      if (!found) return null;
      deps.noteSeen(found.session.id);
      return found.user.id;
    },
    async sessionOf(headers) {
      if (!hasCookie(headers)) return { session: null, setCookies: [] };
      const found = await answerOf(api.getSession({ headers: headersFor(headers), returnHeaders: true }));
      const session = found?.response?.session;
      return {
        session: session ? { id: session.id, userId: session.userId, expiresAtMs: session.expiresAt.getTime() } : null,
        setCookies: found?.headers.getSetCookie() ?? [],
      };
    },
    async signIn(origin, input) {
      // A cookie that is already there is never adopted: the session is a new one in any case.
      const found = await answerOf(api.signInEmail({ body: input, headers: headersFor({}, origin), returnHeaders: true }));
      if (!found) return null;
      const userId = 'user' in found.response ? found.response.user.id : null;
      return { userId, setCookies: found.headers.getSetCookie() };
    },
    ...secondFactorOf(api),
    async signOut(headers) {
      const found = await answerOf(api.signOut({ headers: headersFor(headers), returnHeaders: true }));
      return { setCookies: found?.headers.getSetCookie() ?? [] };
    },
    async changePassword(headers, origin, input) {
      const body = { ...input, revokeOtherSessions: true };
      const found = await answerOf(api.changePassword({ body, headers: headersFor(headers, origin), returnHeaders: true }));
      return found && { userId: found.response.user.id, setCookies: found.headers.getSetCookie() };
    },
  };
}
