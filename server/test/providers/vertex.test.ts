/** Gemini on Vertex AI: where it is asked, and the token that a service account's key is exchanged for. */
import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { EgressError, type Egress, type OutgoingRequest } from '../../src/egress/egress.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { accessTokenOf, assertionOf, isKeyFile, keyFileOf } from '../../src/providers/google-token.ts';
import { gemini } from '../../src/providers/gemini/protocol.ts';
import { newEgress } from '../egress/wire.ts';
import { hear, jsonAnswer, playVendor } from './call-kit.ts';
import { destination } from './kit.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keyFile = (more = {}): string =>
  JSON.stringify(
    {
      type: 'service_account',
      project_id: 'house',
      private_key_id: 'key-1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'house@house.iam.gserviceaccount.com',
      token_uri: 'https://oauth2.googleapis.com/token',
      ...more,
    },
    null,
    2,
  );
const secret = keyFile();

/** A clock that stands where a test puts it. */
const clockAt = (start: number): Clock & { nowMsValue: number } => {
  const clock = {
    nowMsValue: start,
    nowMs: () => clock.nowMsValue,
    monotonicMs: () => performance.now(),
    after: (delayMs: number, run: () => void) => {
      const timer = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    every: () => ({ cancel: () => undefined }),
  };
  return clock;
};
const startMs = Date.UTC(2026, 10, 21);

/** A way out whose exchanges with Google's token address this test answers; everything else goes the real way. */
function tokenEgress(answer: (count: number) => { status?: number; body: unknown } | EgressError): {
  egress: Egress;
  asked: OutgoingRequest[];
} {
  const asked: OutgoingRequest[] = [];
  const real = newEgress();
  const egress: Egress = {
    ...real,
    fetchWhole: (request) => {
      asked.push(request);
      const said = answer(asked.length);
      if (said instanceof EgressError) return Promise.reject(said);
      const body = Buffer.from(JSON.stringify(said.body));
      return Promise.resolve({ status: said.status ?? 200, headers: {}, body, timings: { connectMs: null, firstByteMs: 1, totalMs: 1 } });
    },
  };
  return { egress, asked };
}
const failureOf = async (asked: Promise<unknown>): Promise<UpstreamFailure> => {
  const error = await asked.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof UpstreamFailure) return error;
  throw new Error(`no failure: ${String(error)}`);
};

describe('where it is asked', () => {
  const path = (settings: Record<string, unknown>, entered: string | null = null, isStream = false): string =>
    gemini.chatPath(destination('vertex', 'gemini-3.5-flash', settings, entered), isStream);

  test.each([
    [{ project: 'house' }, null, '/v1/projects/house/locations/global/publishers/google/models/gemini-3.5-flash:generateContent'],
    [
      { project: 'house', location: 'europe-west4' },
      null,
      '/v1/projects/house/locations/europe-west4/publishers/google/models/gemini-3.5-flash:generateContent',
    ],
    [
      { project: 'house' },
      'https://us-central1-aiplatform.googleapis.com',
      '/v1/projects/house/locations/us-central1/publishers/google/models/gemini-3.5-flash:generateContent',
    ],
    [{}, null, '/v1/publishers/google/models/gemini-3.5-flash:generateContent'],
    [
      {},
      'https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/l/publishers/google',
      '/v1beta1/projects/p/locations/l/publishers/google/models/gemini-3.5-flash:generateContent',
    ],
  ])('%j at %s', (settings, entered, expected) => {
    expect(path(settings, entered)).toBe(expected);
  });

  test('a stream is asked for in the same place, and a name cannot leave its segment', () => {
    expect(path({ project: '../x' }, null, true)).toBe(
      '/v1/projects/..%2Fx/locations/global/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse',
    );
  });

  test('an API key travels in its own header, a key file never', () => {
    const to = destination('vertex', 'm');
    expect(gemini.authHeaders(to, 'AQ.key')).toEqual({ 'x-goog-api-key': 'AQ.key' });
    expect(gemini.authHeaders(to, secret)).toEqual({});
    expect([isKeyFile(secret), isKeyFile('AQ.key')]).toEqual([true, false]);
  });
});

describe('the exchange', () => {
  test('sends a signed assertion to Google’s token address, and to no other', async () => {
    const { egress, asked } = tokenEgress(() => ({ body: { access_token: 'ya29.CANARY', expires_in: 3600 } }));
    expect(await accessTokenOf({ egress, clock: clockAt(startMs) }, secret)).toBe('ya29.CANARY');
    expect(asked[0]).toMatchObject({ origin: 'https://oauth2.googleapis.com', path: '/token', method: 'POST', trust: 'member' });
    const form = new URLSearchParams(asked[0]?.body as string);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
      currentDate: new Date(startMs),
      audience: 'https://oauth2.googleapis.com/token',
      issuer: 'house@house.iam.gserviceaccount.com',
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'JWT', kid: 'key-1' });
    expect(payload).toMatchObject({
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      iat: startMs / 1000,
      exp: startMs / 1000 + 3600,
    });
  });

  test('a token is kept until five minutes before its end, for each key by itself', async () => {
    const { egress, asked } = tokenEgress((count) => ({ body: { access_token: `t${count}`, expires_in: 3600 } }));
    const clock = clockAt(startMs);
    const ask = (of = secret): Promise<string> => accessTokenOf({ egress, clock }, of);
    expect([await ask(), await ask()]).toEqual(['t1', 't1']);
    clock.nowMsValue = startMs + 55 * 60_000 - 1;
    expect(await ask()).toBe('t1');
    clock.nowMsValue = startMs + 55 * 60_000;
    expect(await ask()).toBe('t2');
    expect(await ask(keyFile({ client_email: 'other@house.iam.gserviceaccount.com' }))).toBe('t3');
    expect(asked).toHaveLength(3);
  });

  test('many callers at a time cause one exchange; a failed one is forgotten at once', async () => {
    const { egress, asked } = tokenEgress((count) => (count === 1 ? { status: 503, body: {} } : { body: { access_token: 'later' } }));
    const clock = clockAt(startMs);
    const first = await Promise.all(Array.from({ length: 20 }, () => failureOf(accessTokenOf({ egress, clock }, secret))));
    expect([asked.length, new Set(first.map(({ fault }) => fault))]).toEqual([1, new Set(['overloaded'])]);
    const later = await Promise.all(Array.from({ length: 20 }, () => accessTokenOf({ egress, clock }, secret)));
    expect([asked.length, new Set(later)]).toEqual([2, new Set(['later'])]);
  });

  test('a key file that names another token address is refused, and nobody is asked', async () => {
    const { egress, asked } = tokenEgress(() => ({ body: { access_token: 'x' } }));
    for (const uri of [
      'https://evil.example/token',
      'https://oauth2.googleapis.com.evil.example/token',
      'http://oauth2.googleapis.com/token',
      7,
    ]) {
      const failure = await failureOf(accessTokenOf({ egress, clock: clockAt(startMs) }, keyFile({ token_uri: uri })));
      expect(failure.fault).toBe('auth');
    }
    expect(asked).toEqual([]);
    expect(keyFileOf(keyFile({ token_uri: undefined })).email).toBe('house@house.iam.gserviceaccount.com');
  });

  test.each([
    ['no JSON', '{nothing'],
    ['another kind of file', keyFile({ type: 'authorized_user' })],
    ['no key', keyFile({ private_key: undefined })],
    ['no address', keyFile({ client_email: 5 })],
    ['a key that is none', keyFile({ private_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' })],
  ])('%s is refused as a secret', async (_name, of) => {
    const { egress, asked } = tokenEgress(() => ({ body: {} }));
    const failure = await failureOf(accessTokenOf({ egress, clock: clockAt(startMs) }, of));
    expect([failure.fault, asked.length]).toEqual(['auth', 0]);
    expect(failure.vendorMessage ?? '').not.toContain('PRIVATE KEY');
  });

  test.each([
    [{ status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } }, 'auth'],
    [{ status: 401, body: { error: 'invalid_client' } }, 'auth'],
    [{ status: 429, body: {} }, 'rate_limited'],
    [{ status: 500, body: {} }, 'server_error'],
    [{ body: {} }, 'invalid_response'],
    [{ body: { access_token: '' } }, 'invalid_response'],
    [new EgressError('timeout'), 'headers_timeout'],
  ])('an exchange that ends in %j', async (said, fault) => {
    const { egress } = tokenEgress(() => said);
    expect((await failureOf(accessTokenOf({ egress, clock: clockAt(startMs) }, secret))).fault).toBe(fault);
  });

  test('an assertion of one moment is the same each time', async () => {
    const file = keyFileOf(secret);
    expect(await assertionOf(file, startMs)).toBe(await assertionOf(file, startMs));
  });
});

describe('over the wire', () => {
  const answer = {
    candidates: [{ content: { parts: [{ text: 'Hi.' }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2 },
  };

  test('the request carries the token, and nothing of the key', async () => {
    const { egress } = tokenEgress(() => ({ body: { access_token: 'ya29.CANARY', expires_in: 3600 } }));
    const vendor = await playVendor(() => jsonAnswer(answer));
    const heard = await hear(
      destination('vertex', 'gemini-3.5-flash', { project: 'house' }, vendor.origin),
      secret,
      {},
      { egress, clock: clockAt(startMs) },
    );
    expect(heard.answer?.choices[0]?.message.content).toBe('Hi.');
    expect(vendor.seen[0]?.headers).toMatchObject({ authorization: 'Bearer ya29.CANARY' });
    expect(vendor.seen[0]?.headers).not.toHaveProperty('x-goog-api-key');
    expect(JSON.stringify(vendor.seen)).not.toMatch(/PRIVATE KEY|client_email/);
  });

  test('an express key goes as it is, without an exchange', async () => {
    const { egress, asked } = tokenEgress(() => ({ body: {} }));
    const vendor = await playVendor(() => jsonAnswer(answer));
    await hear(destination('vertex', 'gemini-3.5-flash', {}, vendor.origin), 'AQ.express', {}, { egress });
    expect([asked.length, vendor.seen[0]?.headers['x-goog-api-key']]).toEqual([0, 'AQ.express']);
  });

  test('without a token nobody is asked, and a token that is echoed is told without it', async () => {
    const broken = tokenEgress(() => ({ status: 400, body: { error: 'invalid_grant' } }));
    const vendor = await playVendor(() => jsonAnswer({ error: { message: 'Bad token ya29.CANARY', status: 'UNAUTHENTICATED' } }, 401));
    const to = destination('vertex', 'm', { project: 'house' }, vendor.origin);
    const refused = await hear(to, secret, {}, { egress: broken.egress, clock: clockAt(startMs) });
    expect([refused.failure?.fault, vendor.seen.length]).toEqual(['auth', 0]);
    const { egress } = tokenEgress(() => ({ body: { access_token: 'ya29.CANARY' } }));
    const echoed = await hear(to, secret, {}, { egress, clock: clockAt(startMs) });
    expect(echoed.failure).toMatchObject({ fault: 'auth', vendorMessage: 'Bad token [secret]' });
  });
});
