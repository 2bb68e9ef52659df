/** Google's service-account keys: exchanged for an access token at Google's own address and nowhere else, and kept until it is nearly over. */
import { hash } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { UpstreamFailure } from '../domain/errors.ts';
import { EgressError, type Egress } from '../egress/egress.ts';
import type { Clock } from '../lib/clock.ts';
import { failureOfEgress } from './egress-faults.ts';
import { finite, isRecord, member, parseJson, text } from './shape.ts';
import { vendorErrorOf } from './vendor-error.ts';

/** The one place where a key may be exchanged: the key file names it too, and one that names another is refused. */
export const tokenUrl = 'https://oauth2.googleapis.com/token';
const scope = 'https://www.googleapis.com/auth/cloud-platform';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Longest life that Google gives an assertion. */
const assertionLifeS = 3600;
/** A token is not used any more this long before it ends: a request may take a while. */
const marginMs = 5 * 60_000;
/** A token that says nothing of its end lasts as long as Google documents. */
const lifeDefaultS = 3600;
const exchangeTimeoutMs = 15_000;
const exchangeBytesMax = 65_536;
const keptMax = 256;

interface Kept {
  token: string;
  untilMs: number;
}

interface Store {
  tokens: LRUCache<string, Kept>;
  /** Exchanges under way: whoever asks meanwhile waits for the same one. */
  underway: Map<string, Promise<Kept>>;
}

/** Tokens belong to the way out by which they were fetched, and are found by the digest of their key: the key itself is not held. */
const stores = new WeakMap<Egress, Store>();

function storeOf(egress: Egress): Store {
  let store = stores.get(egress);
  if (!store) stores.set(egress, (store = { tokens: new LRUCache({ max: keptMax }), underway: new Map() }));
  return store;
}

/** TRUE for the JSON text of a key file; every other secret is sent as it is. */
export const isKeyFile = (secret: string): boolean => secret.trimStart().startsWith('{');

interface KeyFile {
  email: string;
  keyId: string | undefined;
  privateKey: string;
}

const refuse = (detail: string, cause?: unknown): UpstreamFailure =>
  new UpstreamFailure('auth', detail, { vendorMessage: detail, ...(cause !== undefined && { cause }) });

/** Throws UpstreamFailure('auth') for a text that is no key file of a service account, or one whose tokens come from elsewhere. */
export function keyFileOf(secret: string): KeyFile {
  const file = parseJson(secret);
  const email = text(member(file, 'client_email'));
  const privateKey = text(member(file, 'private_key'));
  if (!isRecord(file) || email === undefined || privateKey === undefined || file['type'] !== 'service_account')
    throw refuse('the secret is not the JSON key file of a service account');
  const named = file['token_uri'];
  if (named !== undefined && named !== tokenUrl) throw refuse('the key file names another token address than that of Google');
  return { email, privateKey, keyId: text(file['private_key_id']) };
}

/** The signed assertion (RFC 7523; developers.google.com, OAuth 2.0 for server to server applications). */
export async function assertionOf({ email, privateKey, keyId }: KeyFile, nowMs: number): Promise<string> {
  const issuedS = Math.floor(nowMs / 1000);
  const key = await importPKCS8(privateKey, 'RS256').catch((cause: unknown) => {
    throw refuse('the private key of the key file cannot be read', cause);
  });
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) })
    .setIssuer(email)
    .setAudience(tokenUrl)
    .setIssuedAt(issuedS)
    .setExpirationTime(issuedS + assertionLifeS)
    .sign(key);
}

async function exchange({ egress, clock }: { egress: Egress; clock: Clock }, secret: string): Promise<Kept> {
  const assertion = await assertionOf(keyFileOf(secret), clock.nowMs());
  const { origin, pathname } = new URL(tokenUrl);
  let answer: { status: number; body: Buffer };
  try {
    answer = await egress.fetchWhole(
      {
        origin,
        path: pathname,
        method: 'POST',
        headers: { accept: 'application/json', 'accept-encoding': 'identity', 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ grant_type: grantType, assertion }).toString(),
        // Nobody's own network: the address is Google's.
        trust: 'member',
      },
      { totalTimeoutMs: exchangeTimeoutMs, bodyBytesMax: exchangeBytesMax },
    );
  } catch (error) {
    if (error instanceof EgressError) throw failureOfEgress(error);
    throw error;
  }
  const body = parseJson(answer.body.toString('utf8'));
  if (answer.status !== 200) {
    const { fault } = vendorErrorOf(answer.status, body);
    // `invalid_grant` comes as 400: the key is revoked, or was made for nobody. Its description names the account and no secret.
    const said = text(member(body, 'error_description')) ?? text(member(body, 'error')) ?? null;
    throw new UpstreamFailure(answer.status < 429 ? 'auth' : fault, `Google answered ${answer.status} to the key`, {
      vendorStatus: answer.status,
      vendorMessage: said === null ? null : said.slice(0, 500),
    });
  }
  const token = text(member(body, 'access_token'));
  if (token === undefined || token === '') throw new UpstreamFailure('invalid_response', 'the answer of the token address has no token');
  const lifeS = finite(member(body, 'expires_in')) ?? lifeDefaultS;
  return { token, untilMs: clock.nowMs() + lifeS * 1000 - marginMs };
}

/**
 * An access token for a service account's key: a kept one until five minutes before its end, else a new one. Many callers at a
 * time cause one exchange, and a failed one is forgotten at once. Rejects with UpstreamFailure.
 */
export async function accessTokenOf(deps: { egress: Egress; clock: Clock }, secret: string): Promise<string> {
  const { tokens, underway } = storeOf(deps.egress);
  const digest = hash('sha256', secret);
  const kept = tokens.get(digest);
  if (kept && kept.untilMs > deps.clock.nowMs()) return kept.token;
  let running = underway.get(digest);
  if (!running) {
    running = exchange(deps, secret).finally(() => underway.delete(digest));
    underway.set(digest, running);
    // Whoever waits hears of a failure; the map itself must not make it an unhandled one.
    running.then(
      (fresh) => void tokens.set(digest, fresh),
      () => undefined,
    );
  }
  return (await running).token;
}
