/** Setting up connections: names, TCP and TLS, and every way in which they fail. */
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { explicitPolicy } from '../../src/egress/allow.ts';
import { classifyConnectFailure, codeOf } from '../../src/egress/error.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { selfSigned, type Certificate } from './certificate.ts';
import { answering, closeServer, listen, newEgress, okAnswer, portOfServer, record, recordDone, requestTo, tableLookup } from './wire.ts';
import { handClock } from '../support/hand-clock.ts';
import { movingClock } from '../support/moving-clock.ts';
import { turns, until } from '../support/wait.ts';

const dayMs = 86_400_000;
const nowMs = systemClock.nowMs();
const valid = (name: string): Certificate => selfSigned(name, new Date(nowMs - dayMs), new Date(nowMs + dayMs));

async function listenTls(
  certificate: Certificate,
  serve: (socket: TLSSocket) => void = answering(okAnswer),
): Promise<{ port: number; server: TlsServer }> {
  const sockets = new Set<TLSSocket>();
  const server = createTlsServer({ ...certificate, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => closeServer(server, sockets));
  return { port: portOfServer(server), server };
}

function trust(certificate: Certificate): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, certificate.cert]);
  onTestFinished(() => setDefaultCACertificates(before));
}

describe('names', () => {
  test('a name that does not exist is dns_failed', async () => {
    const { error, events } = await recordDone(newEgress({ lookup: tableLookup({}) }), requestTo('http://nowhere.example'));
    expect(events).toEqual(['error dns_failed']);
    expect(error).toMatchObject({ bytesReceived: 0, socketReused: false, allowEntry: undefined });
  });

  test('an empty answer and a resolver that throws are dns_failed too', async () => {
    expect(
      (await recordDone(newEgress({ lookup: tableLookup({ 'empty.example': [] }) }), requestTo('http://empty.example'))).events,
    ).toEqual(['error dns_failed']);
    const throwing = newEgress({
      lookup: () => {
        throw new TypeError('impossible name');
      },
    });
    expect((await recordDone(throwing, requestTo('http://odd.example'))).events).toEqual(['error dns_failed']);
  });

  test('a resolver that never answers is cut off after the DNS limit, and a late answer changes nothing', async () => {
    let late: (() => void) | undefined;
    const clock = handClock();
    const egress = newEgress({
      clock,
      dnsTimeoutMs: 3_000,
      lookup: (_host, _options, answer) => {
        late = () => answer(null, [{ address: '127.0.0.1', family: 4 }]);
      },
    });
    const recorded = record(egress, requestTo('http://slow.example'));
    await until(() => late !== undefined, 'the resolver is asked');
    clock.move(2_999);
    expect(recorded.events).toEqual([]);
    clock.move(1);
    await recorded.done;
    expect(recorded.events).toEqual(['error dns_timeout']);
    late?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(egress.openSockets()).toBe(0);
  });

  test('the connect limit holds for the look-up as well', async () => {
    const egress = newEgress({ connectTimeoutMs: 30, lookup: tableLookup({ 'slow.example': null }) });
    expect((await recordDone(egress, requestTo('http://slow.example'))).events).toEqual(['error dns_timeout']);
  });

  test("the system's resolver is the default", async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress({ policy: explicitPolicy(`localhost:${wire.port}`) });
    expect((await recordDone(egress, requestTo(`http://localhost:${wire.port}`))).body).toBe('ok');
  });

  test('one dead address of two does not fail the request', async () => {
    const wire = await listen(answering(okAnswer));
    const lookup = tableLookup({ 'two.example': ['127.0.0.2', '127.0.0.1'], 'families.example': ['::1', '127.0.0.1'] });
    for (const host of ['two.example', 'families.example']) {
      const { body } = await recordDone(newEgress({ lookup }), requestTo(`http://${host}:${wire.port}`));
      expect(body).toBe('ok');
    }
  });
});

describe('TCP', () => {
  test('a closed port is connect_refused, by name and by literal', async () => {
    const wire = await listen(() => undefined);
    const egress = newEgress({ lookup: tableLookup({ 'dead.example': ['127.0.0.2', '127.0.0.3'] }) });
    expect((await recordDone(egress, requestTo(`http://dead.example:${wire.port}`))).events).toEqual(['error connect_refused']);
    expect((await recordDone(egress, requestTo(`http://127.0.0.9:${wire.port}`))).events).toEqual(['error connect_refused']);
    await until(() => egress.openSockets() === 0);
  });

  test('a TLS peer that takes the connection and stays silent is given up after the connect limit', async () => {
    const wire = await listen(() => undefined);
    const clock = movingClock();
    const egress = newEgress({ clock, connectTimeoutMs: 60_000 });
    const recorded = record(egress, requestTo(`https://127.0.0.1:${wire.port}`));
    await until(() => wire.connections === 1, 'the line is there');
    await turns();
    clock.move(60_000);
    await recorded.done;
    expect(recorded.events).toEqual(['error tls_failed']);
    await until(() => egress.openSockets() === 0 && wire.sockets.size === 0);
  });

  test('an address that swallows the SYN is connect_timeout', async () => {
    const wire = await listen(() => undefined);
    // The limit is over before the kernel could report anything about the new socket.
    const clock = { ...systemClock, after: (_delayMs: number, run: () => void) => (queueMicrotask(run), { cancel: () => undefined }) };
    const blackHole = newEgress({ clock });
    const { events } = await recordDone(blackHole, requestTo(wire.origin));
    expect(events).toEqual(['error connect_timeout']);
    await until(() => blackHole.openSockets() === 0);
  });

  test('IPv6 targets work', async () => {
    const wire = await listen(answering(okAnswer), '::1');
    expect((await recordDone(newEgress(), requestTo(wire.origin))).body).toBe('ok');
    expect(wire.received[0]).toContain(`host: [::1]:${wire.port}\r\n`);
  });

  test('a failed connection is not remembered: the next request tries again', async () => {
    const lookup = tableLookup({});
    const egress = newEgress({ lookup });
    await recordDone(egress, requestTo('http://later.example'));
    await recordDone(egress, requestTo('http://later.example'));
    expect(lookup.asked).toEqual(['later.example', 'later.example']);
  });
});

describe('TLS', () => {
  test('TLS to a plain port is tls_failed', async () => {
    const wire = await listen(answering('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const plain = await listen((socket) => socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
    expect((await recordDone(newEgress(), requestTo(`https://127.0.0.1:${plain.port}`))).events).toEqual(['error tls_failed']);
    expect(wire.bytes).toBe(0);
  });

  test('a peer that hangs up in the handshake is connect_reset', async () => {
    const closing = await listen((socket) => socket.end());
    expect((await recordDone(newEgress(), requestTo(`https://127.0.0.1:${closing.port}`))).events).toEqual(['error connect_reset']);
    const resetting = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect((await recordDone(newEgress(), requestTo(`https://127.0.0.1:${resetting.port}`))).events).toEqual(['error connect_reset']);
  });

  test('a self-signed certificate is tls_invalid and nothing is sent', async () => {
    const received: Buffer[] = [];
    const { port } = await listenTls(valid('self.example'), (socket) => socket.on('data', (chunk: Buffer) => received.push(chunk)));
    const egress = newEgress({ lookup: tableLookup({ 'self.example': ['127.0.0.1'] }) });
    expect((await recordDone(egress, requestTo(`https://self.example:${port}`))).events).toEqual(['error tls_invalid']);
    await until(() => egress.openSockets() === 0);
    expect(received).toEqual([]);
  });

  test('an expired certificate and one for another name are tls_invalid although their issuer is trusted', async () => {
    const expired = selfSigned('old.example', new Date(nowMs - 3 * dayMs), new Date(nowMs - dayMs));
    const other = valid('other.example');
    trust(expired);
    trust(other);
    const egress = newEgress({ lookup: tableLookup({ 'old.example': ['127.0.0.1'], 'wanted.example': ['127.0.0.1'] }) });
    const [first, second] = [await listenTls(expired), await listenTls(other)];
    expect((await recordDone(egress, requestTo(`https://old.example:${first.port}`))).events).toEqual(['error tls_invalid']);
    expect((await recordDone(egress, requestTo(`https://wanted.example:${second.port}`))).events).toEqual(['error tls_invalid']);
  });

  test('a trusted certificate is accepted by name and by address, over HTTP/1.1 only, and the second handshake is shorter', async () => {
    const certificate = valid('good.example');
    trust(certificate);
    const seen: { alpn: string | false | null; reused: boolean; name: string | false | null }[] = [];
    const { port } = await listenTls(certificate, (socket) => {
      seen.push({ alpn: socket.alpnProtocol, reused: socket.isSessionReused(), name: socket.servername });
      answering(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok`)(socket);
    });
    const egress = newEgress({ lookup: tableLookup({ 'good.example': ['127.0.0.1'] }) });
    for (const host of ['good.example', 'good.example', '127.0.0.1']) {
      expect((await recordDone(egress, requestTo(`https://${host}:${port}`))).body).toBe('ok');
    }
    expect(seen).toEqual([
      { alpn: 'http/1.1', reused: false, name: 'good.example' },
      { alpn: 'http/1.1', reused: true, name: 'good.example' },
      { alpn: 'http/1.1', reused: false, name: false },
    ]);
  });

  test('bytesReceived counts the response and not the TLS records around it', async () => {
    const certificate = valid('count.example');
    trust(certificate);
    const { port } = await listenTls(certificate, (socket) => socket.once('data', () => socket.end()));
    const { error } = await recordDone(newEgress(), requestTo(`https://127.0.0.1:${port}`));
    expect(error).toMatchObject({ code: 'closed_before_headers', bytesReceived: 0 });
  });
});

describe('trace', () => {
  test('measures look-up, TCP and TLS, sends nothing and hangs up', async () => {
    const certificate = valid('trace.example');
    trust(certificate);
    const received: Buffer[] = [];
    const { port } = await listenTls(certificate, (socket) => socket.on('data', (chunk: Buffer) => received.push(chunk)));
    const egress = newEgress({ lookup: tableLookup({ 'trace.example': ['127.0.0.1'] }) });
    const timings = await egress.trace(`https://trace.example:${port}`, 'member', { timeoutMs: 20_000 });
    expect(timings.resolvedMs).toBeGreaterThanOrEqual(0);
    expect(timings.connectMs).toBeGreaterThan(0);
    expect(timings.tlsMs).toBeGreaterThan(0);
    await until(() => egress.openSockets() === 0);
    expect(received).toEqual([]);
  });

  test('has no TLS time over plain HTTP, and no look-up time for a literal', async () => {
    const wire = await listen(() => undefined);
    const timings = await newEgress().trace(wire.origin, 'member', { timeoutMs: 20_000 });
    expect(timings).toMatchObject({ resolvedMs: 0, tlsMs: null });
    await until(() => wire.sockets.size === 0);
    expect(wire.bytes).toBe(0);
  });

  test('reports failures by the same codes, its own limit as timeout', async () => {
    const egress = newEgress({ lookup: tableLookup({ 'slow.example': null }) });
    await expect(egress.trace('http://slow.example', 'member', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
    await expect(egress.trace('http://gone.example', 'member', { timeoutMs: 20_000 })).rejects.toMatchObject({ code: 'dns_failed' });
    await expect(egress.trace('http://10.0.0.1', 'member', { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: 'egress_blocked',
      allowEntry: '10.0.0.1:80',
    });
    await expect(egress.trace('not a url', 'member', { timeoutMs: 20_000 })).rejects.toMatchObject({ code: 'egress_blocked' });
    await egress.close();
    await expect(egress.trace('http://127.0.0.1:1', 'member', { timeoutMs: 20_000 })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('classifyConnectFailure', () => {
  const cases: [string, boolean, string][] = [
    ['ECONNREFUSED', false, 'connect_refused'],
    ['EHOSTUNREACH', false, 'connect_refused'],
    ['ENETUNREACH', false, 'connect_refused'],
    ['EMFILE', false, 'connect_refused'],
    ['ETIMEDOUT', false, 'connect_timeout'],
    ['ECONNRESET', false, 'connect_reset'],
    ['EPIPE', true, 'connect_reset'],
    ['ECONNRESET', true, 'connect_reset'],
    ['CERT_HAS_EXPIRED', true, 'tls_invalid'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', true, 'tls_invalid'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', true, 'tls_invalid'],
    ['SELF_SIGNED_CERT_IN_CHAIN', true, 'tls_invalid'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true, 'tls_invalid'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', true, 'tls_failed'],
    ['EPROTO', true, 'tls_failed'],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', true, 'tls_failed'],
    ['SOMETHING_NEW', true, 'tls_failed'],
    ['SOMETHING_NEW', false, 'connect_refused'],
  ];
  test.each(cases)('%s (TCP open: %s) is %s', (code, tcpOpen, expected) => {
    expect(classifyConnectFailure(Object.assign(new Error('x'), { code }), tcpOpen)).toBe(expected);
  });
  test('what carries no code has an empty one', () => {
    for (const thrown of [null, undefined, 'text', 7, {}, { code: 7 }, new Error('x')]) expect(codeOf(thrown)).toBe('');
  });
});
