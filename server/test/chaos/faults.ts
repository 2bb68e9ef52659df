/** The fault matrix as a table, groups A to D: what the wire does, and what the gateway must make of it. Streams are in a table of their own. */
import { gzipSync } from 'node:zlib';
import { endStream, head, pour, repeat, sendChunk, sendWhole, type Fault, type Line, type Mode, type Outcome } from './wire.ts';
import { streamFaults } from './streams.ts';
import { streamEvents, wholeBody } from '../support/fake-provider.ts';

const both: readonly Mode[] = ['whole', 'stream'];
const wholeOnly: readonly Mode[] = ['whole'];

type Refused = Extract<Outcome, { client: 'refused' }>;
const refused = (status: number, code: string, reason: string, more: Partial<Refused> = {}): Refused => ({
  client: 'refused',
  status,
  code,
  reason,
  tries: 1,
  fallback: true,
  ...more,
});
const twice = { tries: 2 };
const lost = refused(502, 'upstream_connection_lost', 'connection_lost', twice);
const protocol = refused(502, 'upstream_protocol', 'protocol');
const tls = refused(502, 'upstream_tls', 'tls');
const silent = refused(504, 'headers_timeout', 'headers_timeout');
const limited = refused(429, 'upstream_rate_limited', 'rate_limited', { ...twice, retryAfterS: 1 });
const overloaded = refused(503, 'upstream_overloaded', 'overloaded', twice);
const broken = refused(502, 'upstream_error', 'server_error', twice);
const noAnswer = refused(502, 'invalid_response', 'invalid_response', twice);
const tooLarge = refused(502, 'response_too_large', 'too_large');
const authentication = refused(502, 'provider_auth', 'auth');
const success: Outcome = { client: 'success' };
const estimated: Outcome = { client: 'success', isEstimated: true };

const nothing = (): void => undefined;
/** A sound answer, in the way that was asked for. */
function answer(line: Line): void {
  if (!line.isStream) return sendWhole(line, 200, wholeBody());
  line.socket.write(head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' }));
  sendChunk(line, streamEvents().join(''));
  endStream(line);
}

const errorOf = (type: string, code: string | null = null, message = 'the provider says no'): string =>
  JSON.stringify({ error: { message, type, param: null, code } });
const says = (id: string, row: string, status: number, body: string, expect: Outcome, headers: Record<string, string> = {}): Fault => ({
  id,
  row,
  modes: both,
  wire: (line) => sendWhole(line, status, body, headers),
  expect,
});
const raw = (id: string, row: string, text: string, expect: Outcome): Fault => ({
  id,
  row,
  modes: both,
  wire: ({ socket }) => void socket.write(text),
  expect,
});
const bodied = (id: string, row: string, body: string, expect: Outcome, headers: Record<string, string> = {}): Fault => ({
  id,
  row,
  modes: wholeOnly,
  wire: (line) => sendWhole(line, 200, body, headers),
  expect,
});

const connecting: readonly Fault[] = [
  { id: 'refused', row: 'A1', modes: both, place: 'closed', wire: nothing, expect: refused(502, 'upstream_unreachable', 'unreachable') },
  { id: 'plain-for-tls', row: 'A5', modes: both, place: 'plain-for-tls', wire: nothing, expect: tls },
  { id: 'self-signed', row: 'A6', modes: both, place: 'self-signed', wire: nothing, expect: tls },
  { id: 'reset-on-accept', row: 'A7', modes: both, place: 'resetting', wire: nothing, expect: lost },
];

const answering: readonly Fault[] = [
  { id: 'closed-before-headers', row: 'B1', modes: both, wire: ({ socket }) => void socket.end(), expect: lost },
  { id: 'reset-before-headers', row: 'B1', modes: both, wire: ({ socket }) => void socket.resetAndDestroy(), expect: lost },
  { id: 'half-a-head', row: 'B3', modes: both, wire: ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\ncontent-ty'), expect: lost },
  { id: 'silent', row: 'B4', modes: both, wire: nothing, expect: silent },
  {
    id: 'dripping-head',
    row: 'B5',
    modes: both,
    wire: (line) => repeat(line, 20, (round) => line.socket.write(slowHead[round] ?? 'x')),
    expect: silent,
  },
  raw('not-http', 'B6', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', protocol),
  raw('bad-version', 'B6', 'HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\n{}', protocol),
  raw('line-feeds-alone', 'B6', 'HTTP/1.1 200 OK\ncontent-length: 2\n\n{}', protocol),
  raw('two-lengths', 'B6', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\n{}abc', protocol),
  raw(
    'length-and-chunks',
    'B6',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    protocol,
  ),
  says('huge-header', 'B7', 200, wholeBody(), protocol, { 'x-big': 'a'.repeat(100 * 1024) }),
  {
    id: 'many-headers',
    row: 'B7',
    modes: both,
    wire: (line) => sendWhole(line, 200, wholeBody(), { 'x-n': Array.from({ length: 3000 }, (_, n) => `v${n}`) }),
    expect: protocol,
  },
  { id: 'early-hints', row: 'B8', modes: both, wire: hint, expect: success },
  says('redirect-307', 'B9', 307, '', refused(502, 'upstream_redirect', 'redirect'), { location: 'http://127.0.0.1:9/steal' }),
  says('redirect-302', 'B9', 302, '', refused(502, 'upstream_redirect', 'redirect'), { location: '/elsewhere' }),
];

const slowHead = 'HTTP/1.1 200 OK\r\nx-slow: ';

function hint(line: Line): void {
  for (let count = 0; count < 1000; count++) line.socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
  answer(line);
}

const limitBody = errorOf('rate_limit_error', 'rate_limit_exceeded');
const statuses: readonly Fault[] = [
  { ...says('limited-seconds', 'C1', 429, limitBody, limited, { 'retry-after': '1' }), waitsMs: 1_000 },
  {
    id: 'limited-once',
    row: 'C2',
    modes: both,
    wire: (line) => (line.askedBefore === 0 ? sendWhole(line, 429, limitBody, { 'retry-after-ms': '150' }) : answer(line)),
    // Who asks for patience is left for somebody who does not; alone, the wait is kept.
    expect: { client: 'success', tries: 2, fallback: true },
  },
  // The provider's clock is a year behind ours: only the distance of its own two dates counts.
  {
    ...says('limited-date', 'C3', 429, limitBody, limited, {
      date: 'Tue, 03 Jun 2025 10:00:00 GMT',
      'retry-after': 'Tue, 03 Jun 2025 10:00:01 GMT',
    }),
    waitsMs: 1_000,
  },
  says('limited', 'C4', 429, limitBody, limited),
  says('limited-garbage', 'C4', 429, limitBody, limited, { 'retry-after': 'soon' }),
  says('limited-negative', 'C4', 429, limitBody, limited, { 'retry-after': '-5' }),
  says('limited-for-a-day', 'C5', 429, limitBody, { ...limited, tries: 1, retryAfterS: 3600 }, { 'retry-after': '86400' }),
  says('quota', 'C6', 429, errorOf('insufficient_quota', 'insufficient_quota'), refused(429, 'quota_exhausted', 'quota_exhausted')),
  says('payment', 'C6', 402, errorOf('insufficient_credits'), refused(429, 'quota_exhausted', 'quota_exhausted')),
  says('status-500', 'C7', 500, errorOf('server_error'), broken),
  says('status-502', 'C7', 502, '<html>Bad Gateway</html>', broken, { 'content-type': 'text/html' }),
  says('status-503', 'C7', 503, errorOf('server_error'), overloaded),
  says('status-504', 'C7', 504, '', refused(504, 'upstream_timeout', 'request_timeout', twice)),
  says('status-529', 'C7', 529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', overloaded),
  says('status-408', 'C8', 408, '', refused(504, 'upstream_timeout', 'request_timeout', twice)),
  says('status-409', 'C8', 409, errorOf('conflict'), refused(409, 'upstream_conflict', 'conflict', twice)),
  says('status-401', 'C9', 401, errorOf('invalid_request_error', 'invalid_api_key'), authentication),
  says('status-403', 'C9', 403, errorOf('permission_error'), authentication),
  says(
    'unknown-model',
    'C10',
    404,
    errorOf('invalid_request_error', 'model_not_found', 'The model `m` does not exist'),
    refused(404, 'model_not_found', 'model_not_found'),
  ),
  says('unknown-path', 'C10', 404, '<html>not here</html>', refused(502, 'upstream_not_found', 'endpoint_not_found')),
  says(
    'too-long',
    'C11',
    400,
    errorOf('invalid_request_error', 'context_length_exceeded'),
    refused(400, 'context_length_exceeded', 'context_length', { fallback: false }),
  ),
  says('status-400', 'C12', 400, errorOf('invalid_request_error'), refused(400, 'provider_refused', 'bad_request', { fallback: false })),
  says('status-413', 'C12', 413, '', refused(413, 'provider_refused', 'bad_request', { fallback: false })),
  says('status-422', 'C12', 422, errorOf('invalid_request_error'), refused(422, 'provider_refused', 'bad_request', { fallback: false })),
  {
    id: 'key-echo',
    row: 'C13',
    modes: both,
    wire: (line) => sendWhole(line, 401, errorOf('invalid_request_error', 'invalid_api_key', `Incorrect API key provided: ${line.secret}`)),
    expect: authentication,
  },
];

const withUsage = (usage: string): string => wholeBody().replace(/"usage": \{[^}]*\}/, `"usage": ${usage}`);
const bodies: readonly Fault[] = [
  bodied('cut-json', 'D1', wholeBody().slice(0, 60), noAnswer),
  {
    id: 'short-of-its-length',
    row: 'D2',
    modes: wholeOnly,
    wire: ({ socket }) => void socket.end(`${head(200, { 'content-type': 'application/json', 'content-length': 999 })}{"id":`),
    expect: lost,
  },
  bodied('html', 'D3', '<html><body>It works!</body></html>', noAnswer, { 'content-type': 'text/html' }),
  bodied('empty', 'D3', '', noAnswer),
  bodied('error-in-200', 'D3', errorOf('server_error'), broken),
  bodied('no-choices', 'D4', '{"id":"x","object":"chat.completion"}', noAnswer),
  bodied('empty-choices', 'D4', wholeBody('x', { choices: [] }), noAnswer),
  bodied(
    'no-content',
    'D4',
    wholeBody('x', { choices: [{ index: 0, message: { role: 'assistant', content: null }, finish_reason: 'stop' }] }),
    noAnswer,
  ),
  { id: 'endless-json', row: 'D5', modes: wholeOnly, wire: endless, expect: tooLarge },
  {
    id: 'gzip',
    row: 'D6',
    modes: wholeOnly,
    wire: (line) => sendWhole(line, 200, gzipSync(wholeBody()), { 'content-encoding': 'gzip' }),
    expect: success,
  },
  bodied('gzip-lie', 'D7', wholeBody(), protocol, { 'content-encoding': 'gzip' }),
  {
    id: 'gzip-bomb',
    row: 'D8',
    modes: wholeOnly,
    wire: (line) => sendWhole(line, 200, bomb, { 'content-encoding': 'gzip' }),
    expect: tooLarge,
  },
  bodied('gzip-fifty-times', 'D9', wholeBody(), protocol, { 'content-encoding': Array(50).fill('gzip').join(', ') }),
  bodied('usage-null', 'D10', withUsage('null'), estimated),
  bodied('usage-negative', 'D10', withUsage('{"prompt_tokens":7,"completion_tokens":-500,"total_tokens":-493}'), estimated),
  bodied('usage-huge', 'D10', withUsage('{"prompt_tokens":7,"completion_tokens":1e308,"total_tokens":1e308}'), estimated),
  bodied('usage-fraction', 'D10', withUsage('{"prompt_tokens":7,"completion_tokens":1.5}'), estimated),
  bodied('usage-text', 'D10', withUsage('{"prompt_tokens":"7","completion_tokens":"5"}'), estimated),
  bodied(
    'prototype',
    'D11',
    wholeBody().replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},'),
    success,
  ),
  bodied('deep-json', 'D11', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, noAnswer),
  bodied('other-model', 'D12', wholeBody(undefined, { model: 'another-model' }), success),
  { id: 'more-after-the-end', row: 'F1', modes: wholeOnly, wire: smuggle, expect: success },
];

function smuggle(line: Line): void {
  sendWhole(line, 200, wholeBody());
  line.socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\nevil');
}

function endless(line: Line): void {
  line.socket.write(head(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }));
  sendChunk(line, '{"x":"');
  pour(line, Buffer.alloc(65_536, 0x61));
}

/** 100 MB of spaces in about 100 KB; made before anybody waits for it. */
const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, 0x20), { level: 1 });

export const faults: readonly Fault[] = [...connecting, ...answering, ...statuses, ...bodies, ...streamFaults];

export function faultOf(id: string): Fault {
  const fault = faults.find((one) => one.id === id);
  if (!fault) throw new Error(`there is no fault ${id}`);
  return fault;
}
