/** What must not leave: neither a header's value nor a query nor a response's words may reach an error. */
import { describe, expect, test } from 'vitest';
import { EgressError } from '../../src/egress/error.ts';
import { answering, everyWordOf, listen, newEgress, okAnswer, onRequest, recordDone, requestTo, secretValue } from './wire.ts';

describe('what must not leak', () => {
  const unbuildable: [string, Record<string, string> | string[]][] = [
    ['a line break in a value', { authorization: `Bearer ${secretValue}\nabc` }],
    ['a NUL in a value', { authorization: `Bearer ${secretValue}\u0000` }],
    ['a character beyond Latin-1', { authorization: `Bearer ${secretValue}\u200b` }],
    ['a secret as a name', { [`${secretValue} x`]: 'a' }],
    ['a forbidden header', { 'transfer-encoding': secretValue }],
    ['an expect header', { expect: secretValue }],
    ['a connection header of nonsense', { connection: `${secretValue} !!` }],
    ['an odd list', ['authorization', secretValue, 'x']],
  ];
  test.each(unbuildable)('a request with %s is refused without its words', async (_name, headers) => {
    const wire = await listen(answering(okAnswer));
    const { error, events } = await recordDone(newEgress(), requestTo(wire.origin, { headers }));
    expect(events).toEqual(['error protocol']);
    expect(everyWordOf(error ?? new EgressError('aborted'))).not.toMatch(/CANARY|key-like/);
    expect(wire.bytes).toBe(0);
  });

  test.each(['/v1\r\nx: 1', '/v1 HTTP/1.1', '/\u0000', '/\u20ac'])('the path %j is refused', async (path) => {
    const wire = await listen(answering(okAnswer));
    expect((await recordDone(newEgress(), requestTo(wire.origin, { path }))).events).toEqual(['error protocol']);
    expect(wire.bytes).toBe(0);
  });

  test.each(['', 'v1', 'http://127.0.0.1/', '*', '\\v1'])('the path %j does not begin with a slash and is blocked', async (path) => {
    const wire = await listen(answering(okAnswer));
    expect((await recordDone(newEgress(), requestTo(wire.origin, { path }))).events).toEqual(['error egress_blocked']);
    expect(wire.connections).toBe(0);
  });

  test('an answer that repeats the secret and then breaks does not bring it into the error', async () => {
    const wire = await listen(onRequest((socket) => socket.end(`${secretValue} is not HTTP\r\n\r\n`)));
    const { error } = await recordDone(newEgress(), requestTo(wire.origin));
    expect(error?.code).toBe('protocol');
    expect(everyWordOf(error ?? new EgressError('aborted'))).not.toContain('CANARY');
  });
});
