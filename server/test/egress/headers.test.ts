/** Custom headers: what may be added, and what may never be steered by them. */
import { describe, expect, test } from 'vitest';
import { checkCustomHeaders, EgressHeaderError, mayCarryKey, type EgressHeaderFault } from '../../src/egress/headers.ts';

function faultOf(headers: Record<string, string>): EgressHeaderFault | 'accepted' {
  try {
    checkCustomHeaders(headers);
    return 'accepted';
  } catch (error) {
    if (error instanceof EgressHeaderError) return error.reason;
    throw error;
  }
}

describe('checkCustomHeaders', () => {
  test('ordinary headers come back by lower-case name, in an object that cannot be polluted', () => {
    const checked = checkCustomHeaders({ 'OpenAI-Organization': 'org-1', 'anthropic-beta': 'tools, files', 'X-Empty': '' });
    expect({ ...checked }).toEqual({ 'openai-organization': 'org-1', 'anthropic-beta': 'tools, files', 'x-empty': '' });
    expect(Object.getPrototypeOf(checked)).toBeNull();
  });

  test.each([
    'host',
    'Host',
    'CONNECTION',
    'Keep-Alive',
    'te',
    'Trailer',
    'upgrade',
    'Transfer-Encoding',
    'content-length',
    'Content-LENGTH',
    'expect',
    'proxy-authorization',
    'Proxy-Connection',
    'authorization',
    'Authorization',
    'x-api-key',
    'X-API-Key',
    'api-key',
    'x-goog-api-key',
    'cookie',
    'Cookie2',
    'forwarded',
    'via',
    'x-forwarded-for',
    'X-Forwarded-Host',
    'x-real-ip',
    'metadata-flavor',
    'Metadata',
    'X-aws-ec2-metadata-token',
    'X-aws-ec2-metadata-token-ttl-seconds',
    'x-google-metadata-request',
    'sec-fetch-site',
    'Sec-WebSocket-Key',
    'constructor',
    'prototype',
  ])('%s is denied in any case', (name) => expect(faultOf({ [name]: 'x' })).toBe('denied'));

  test('__proto__ as a key of parsed JSON is denied', () => {
    expect(faultOf(JSON.parse('{"__proto__":"x"}') as Record<string, string>)).toBe('denied');
  });

  test.each(['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a\u0000', '(a)', 'x'.repeat(65)])('the name %j is refused', (name) => {
    expect(faultOf({ [name]: 'x' })).toBe('name');
  });
  test.each(['a\r\nx-injected: 1', 'a\nb', 'a\u0000', 'caf\u00e9', '\u200b', '\t', ' a', 'a ', 'x'.repeat(2_049)])(
    'the value %j is refused',
    (value) => {
      expect(faultOf({ 'x-a': value })).toBe('value');
    },
  );
  test('a value that is no text is refused', () => {
    expect(faultOf(JSON.parse('{"x-a":1}') as Record<string, string>)).toBe('value');
    expect(faultOf(JSON.parse('{"x-a":["a","b"]}') as Record<string, string>)).toBe('value');
  });

  test('two spellings of one name are refused', () => {
    expect(faultOf({ 'X-Team': 'a', 'x-team': 'b' })).toBe('duplicate');
  });

  test('twenty headers of full size pass, one more does not', () => {
    const many = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_unused, index) => [`x-${index}`.padEnd(64, 'a'), 'v'.repeat(2_048)]));
    expect(faultOf(many(20))).toBe('accepted');
    expect(faultOf(many(21))).toBe('too_many');
  });

  test('the refusal names the header and never shows the value', () => {
    let thrown: unknown;
    try {
      checkCustomHeaders({ 'X-Key': 'sk-CANARY\u0000' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ reason: 'value', header: 'x-key' });
    expect(`${String(thrown)}${JSON.stringify(thrown)}`).not.toContain('CANARY');
  });
});

describe('mayCarryKey', () => {
  test.each(['authorization', 'X-Api-Key', 'api-key', 'x-goog-api-key', 'x-key', 'Ocp-Apim-Subscription-Key'])(
    'a key may travel as %s',
    (name) => expect(mayCarryKey(name)).toBe(true),
  );

  test.each([
    'Host',
    'content-length',
    'Transfer-Encoding',
    'connection',
    'cookie',
    'x-forwarded-for',
    'Metadata-Flavor',
    'proxy-authorization',
    'expect',
  ])('a key never travels as %s', (name) => expect(mayCarryKey(name)).toBe(false));
});
