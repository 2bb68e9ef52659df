/** The signature of AWS over a request, against one that is computed here by hand from the published steps; and what never travels. */
import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { credentialsOf, regionOf, secretParts, sign } from '../../src/providers/aws-signature.ts';
import { hear, jsonAnswer, playVendor } from './call-kit.ts';
import { destination } from './kit.ts';

const accessKeyId = 'AKIDEXAMPLECANARY001';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const sessionToken = 'FwoGZXIvYXdzECANARY==';
const twoPart = `${accessKeyId}:${secretAccessKey}`;
const atMs = Date.UTC(2026, 10, 21, 9, 30, 15);

const sha = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Signature Version 4, step by step (docs.aws.amazon.com, "Create a signed AWS API request"). */
function byHand(request: { method: string; host: string; path: string; body: string; token?: string; region: string }): string {
  const date = '20261121T093015Z';
  const headers: [string, string][] = [
    ['content-type', 'application/json'],
    ['host', request.host],
    ['x-amz-content-sha256', sha(request.body)],
    ['x-amz-date', date],
    ...(request.token === undefined ? [] : ([['x-amz-security-token', request.token]] as [string, string][])),
  ];
  const names = headers.map(([name]) => name).join(';');
  // Everywhere but at S3 the path is encoded once more.
  const path = request.path
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
  const canonical = [request.method, path, '', ...headers.map(([name, value]) => `${name}:${value}`), '', names, sha(request.body)].join(
    '\n',
  );
  const scope = `20261121/${request.region}/bedrock/aws4_request`;
  const key = ['20261121', request.region, 'bedrock', 'aws4_request'].reduce<Buffer>(
    (found, step) => mac(found, step),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  const signature = mac(key, ['AWS4-HMAC-SHA256', date, scope, sha(canonical)].join('\n')).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}

describe('a secret', () => {
  test('of two parts signs; any other one is a bearer key', () => {
    expect(credentialsOf(twoPart)).toEqual({ accessKeyId, secretAccessKey });
    expect(credentialsOf(`${twoPart}:${sessionToken}`)).toEqual({ accessKeyId, secretAccessKey, sessionToken });
    for (const secret of ['', 'ABSKbearer', 'bedrock-api-key-YWJj', `${accessKeyId}:short`, accessKeyId, 'a:b:c:d'])
      expect(credentialsOf(secret), secret).toBeNull();
  });

  test('of two parts names its parts, so that each is cut out of an error', () => {
    expect(secretParts(`${twoPart}:${sessionToken}`)).toEqual([accessKeyId, secretAccessKey, sessionToken]);
    expect(secretParts('ABSKbearer')).toEqual([]);
  });
});

describe('the region', () => {
  test.each([
    ['https://bedrock-runtime.eu-central-1.amazonaws.com', {}, 'eu-central-1'],
    ['https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com', {}, 'us-gov-west-1'],
    ['https://bedrock-runtime.eu-central-1.amazonaws.com', { region: 'us-west-2' }, 'us-west-2'],
    ['https://vpce-1.house.example', {}, 'us-east-1'],
  ])('%s %j', (baseUrl, settings, region) => {
    expect(regionOf({ baseUrl, settings })).toBe(region);
  });
});

describe('the signature', () => {
  const to = destination('bedrock', 'anthropic.claude-sonnet-4-v1:0');
  const path = '/model/anthropic.claude-sonnet-4-v1%3A0/converse';
  const unsigned = {
    method: 'POST' as const,
    origin: 'https://bedrock-runtime.us-east-1.amazonaws.com',
    path,
    headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'patchbay' },
    body: '{"messages":[]}',
  };
  const expected = { method: 'POST', host: 'bedrock-runtime.us-east-1.amazonaws.com', path, body: '{"messages":[]}', region: 'us-east-1' };

  test('is what the published steps come to, with and without a session', async () => {
    expect(await sign(unsigned, to, twoPart, atMs)).toMatchObject({
      authorization: byHand(expected),
      'x-amz-date': '20261121T093015Z',
      'x-amz-content-sha256': sha('{"messages":[]}'),
    });
    expect(await sign(unsigned, to, `${twoPart}:${sessionToken}`, atMs)).toMatchObject({
      authorization: byHand({ ...expected, token: sessionToken }),
      'x-amz-security-token': sessionToken,
    });
  });

  test('depends on the body and the time, and on nothing else', async () => {
    const one = await sign(unsigned, to, twoPart, atMs);
    expect(await sign(unsigned, to, twoPart, atMs)).toEqual(one);
    expect(await sign({ ...unsigned, body: '{}' }, to, twoPart, atMs)).not.toEqual(one);
    expect(await sign(unsigned, to, twoPart, atMs + 1000)).not.toEqual(one);
    expect(await sign({ ...unsigned, headers: { 'content-type': 'application/json' } }, to, twoPart, atMs)).toEqual(one);
  });

  test('is not made for a bearer key', () => {
    expect(sign(unsigned, to, 'ABSKbearer', atMs)).toBeNull();
  });
});

describe('over the wire', () => {
  const answer = { output: { message: { content: [{ text: 'x' }] } }, stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 1 } };
  const clock = {
    nowMs: () => atMs,
    monotonicMs: () => performance.now(),
    after: (delayMs: number, run: () => void) => {
      const timer = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    every: () => ({ cancel: () => undefined }),
  };

  test('the request that arrives carries the signature of its own bytes, and never the secret', async () => {
    const vendor = await playVendor(() => jsonAnswer(answer));
    const heard = await hear(
      destination('bedrock', 'amazon.nova-pro-v1:0', {}, vendor.origin),
      `${twoPart}:${sessionToken}`,
      {},
      { clock },
    );
    const [seen] = vendor.seen;
    expect(heard.end).toBe('whole');
    expect(seen?.headers['authorization']).toBe(
      byHand({
        method: 'POST',
        host: new URL(vendor.origin).host,
        path: seen?.path ?? '',
        body: seen?.text ?? '',
        token: sessionToken,
        region: 'us-east-1',
      }),
    );
    expect(JSON.stringify(seen)).not.toContain(secretAccessKey);
  });

  test('its OpenAI-compatible address is signed too', async () => {
    const vendor = await playVendor(() => jsonAnswer({}, 500));
    await hear(destination('bedrock', 'openai.gpt-oss-20b-1:0', {}, `${vendor.origin}/openai/v1`), twoPart, {}, { clock });
    expect(vendor.seen[0]?.headers['authorization']).toContain(`Credential=${accessKeyId}/20261121/us-east-1/bedrock/`);
  });

  test('an error that repeats the secret, its parts or the signature is told without them', async () => {
    const vendor = await playVendor(({ headers }) =>
      jsonAnswer({ message: `Bad ${String(headers['authorization'])} ${accessKeyId} ${secretAccessKey} ${sessionToken}` }, 403),
    );
    const heard = await hear(destination('bedrock', 'm', {}, vendor.origin), `${twoPart}:${sessionToken}`, {}, { clock });
    expect(heard.failure?.vendorMessage).toBe('Bad [secret] [secret] [secret] [secret]');
  });
});
