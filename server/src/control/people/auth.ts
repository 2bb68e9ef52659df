/** Sessions and passwords, kept by better-auth on the house's own database. The only file that calls it. */
import { betterAuth } from 'better-auth';
import { Refusal } from '../../domain/errors.ts';
import type { Origin } from '../../domain/owner.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Log } from '../../lib/log.ts';
import { accountNames, authDatabase } from '../../storage/accounts.ts';
import type { Database } from '../../storage/database.ts';
import type { Passwords } from './passwords.ts';
import { passwordCharsMax, passwordCharsMin } from '@patchbay/contract/people';

const sessionSeconds = 30 * 24 * 3600;
/** A session that is used is prolonged at most this often. */
const prolongSeconds = 24 * 3600;
/** Under this name the address that the server itself has seen is handed to better-auth; it reads no other. */
const addressHeader = 'x-patchbay-peer';

export interface AuthDeps {
  database: Database;
  keeper: { readonly snapshot: Snapshot };
  passwords: Passwords;
  ids: Ids;
  log: Log;
  /** Signs the session cookies: 32 bytes derived from the master key under a label of their own. */
  secret: Uint8Array;
  /** Where browsers reach this server. https makes the cookie `__Host-` and Secure. */
  publicUrl: string;
}

/** Headers as node gives them. */
export type HeaderFields = Readonly<Record<string, string | string[] | undefined>>;

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

export interface Auth {
  /** The user behind a session cookie, or null. Whether that person may still come in is the snapshot's to say. */
  userIdOf(headers: HeaderFields): Promise<string | null>;
  /** The session behind the cookie; prolongs it, where `setCookies` then has the new cookie. */
  sessionOf(headers: HeaderFields): Promise<{ session: CurrentSession | null; setCookies: string[] }>;
  /** Null for a wrong address or password, or a disabled person: the same work and the same answer for all three. */
  signIn(origin: Origin, input: { email: string; password: string; rememberMe?: boolean }): Promise<StartedSession | null>;
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
  const isHttps = deps.publicUrl.startsWith('https://');
  return betterAuth({
    appName: 'Patchbay',
    baseURL: deps.publicUrl,
    basePath: '/api/auth',
    // As a list, because a single secret could be overruled by an environment variable of better-auth's own.
    secrets: [{ version: 1, value: Buffer.from(deps.secret).toString('base64url') }],
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
      cookiePrefix: isHttps ? '__Host-patchbay' : 'patchbay',
      defaultCookieAttributes: { secure: isHttps, httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [addressHeader], ipv6Subnet: 128 },
      database: { generateId: () => deps.ids.uuid(), validateSchema: false },
    },
    logger: {
      level: 'error',
      // Arguments may hold a request; the text alone is fit for the log.
      log: (_level, message) => deps.log.error({ part: 'sessions' }, message),
    },
  });
}

/** What better-auth may read: the cookies, the browser's name and the peer's address. */
function headersFor(headers: HeaderFields, origin?: Origin): Headers {
  const own = new Headers();
  if (typeof headers['cookie'] === 'string') own.set('cookie', headers['cookie']);
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

export function createAuth(deps: AuthDeps): Auth {
  const { api } = createBetterAuth(deps);
  /** Most requests carry no session cookie at all and need no look-up. */
  const hasCookie = (headers: HeaderFields): boolean =>
    typeof headers['cookie'] === 'string' && headers['cookie'].includes('patchbay.session_token=');
  return {
    async userIdOf(headers) {
      if (!hasCookie(headers)) return null;
      const found = await answerOf(api.getSession({ headers: headersFor(headers), query: { disableRefresh: true } }));
      return found?.user.id ?? null;
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
      return found && { userId: found.response.user.id, setCookies: found.headers.getSetCookie() };
    },
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
