/** Compressed answers that nobody asked for: opened, counted, and never more than the cap. */
import { brotliCompressSync, constants, createGzip, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Egress, Exchange, OutgoingRequest, ResponseSink } from '../../src/egress/egress.ts';
import { EgressError } from '../../src/egress/error.ts';
import { contentCoding, dispatchInflating } from '../../src/egress/inflate.ts';
import { listen, newEgress, onRequest, record, recordDone, requestTo, type Recorded, type Wire } from './wire.ts';
import { movingClock } from '../support/moving-clock.ts';
import { turns, until } from '../support/wait.ts';

const text = 'data: {"choices":[]}\n\n'.repeat(500);

function serving(body: Buffer, coding: string): Promise<Wire> {
  return listen(
    onRequest((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n\r\n`,
      );
      socket.write(body);
    }),
  );
}

function inflating(egress: Egress, bytesMax = 1_000_000): Pick<Egress, 'dispatch'> {
  return { dispatch: (request, sink) => dispatchInflating(egress, request, sink, bytesMax) };
}

async function inflated(wire: Wire, bytesMax?: number): Promise<Recorded> {
  const recorded = record(inflating(newEgress(), bytesMax), requestTo(wire.origin));
  await recorded.done;
  return recorded;
}

describe('contentCoding', () => {
  const cases: [string | string[] | undefined, string][] = [
    [undefined, 'identity'],
    ['', 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip'],
    [' GZIP ', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['br', 'br'],
    ['zstd', 'unsupported'],
    ['gzip, gzip', 'unsupported'],
    ['gzip, identity', 'unsupported'],
    [['gzip', 'gzip'], 'unsupported'],
    [['gzip'], 'gzip'],
  ];
  test.each(cases)('%j is %s', (value, expected) => {
    expect(contentCoding(value === undefined ? {} : { 'content-encoding': value })).toBe(expected);
  });
});

describe('dispatchInflating', () => {
  const codings: [string, string, Buffer][] = [
    ['gzip', 'gzip', gzipSync(text)],
    ['deflate in the zlib format', 'deflate', deflateSync(text)],
    ['deflate as a bare stream', 'deflate', deflateRawSync(text)],
    ['brotli', 'br', brotliCompressSync(text)],
  ];
  test.each(codings)('%s comes out as it was, without the headers that no longer hold', async (_name, coding, body) => {
    const recorded = await inflated(await serving(body, coding));
    expect(recorded.events).toEqual(['headers 200', 'data', 'end']);
    expect(recorded.body).toBe(text);
    expect(recorded.headers).toEqual({ 'content-type': 'text/event-stream' });
  });

  test('what is not compressed passes untouched, beyond the cap as well', async () => {
    const recorded = await inflated(await serving(Buffer.from(text), 'identity'), 10);
    expect(recorded.body).toBe(text);
    expect(recorded.headers['content-length']).toBe(String(text.length));
  });

  test.each(['gzip', 'deflate', 'br'])('an empty %s body is an empty body', async (coding) => {
    const recorded = await inflated(await serving(Buffer.alloc(0), coding));
    expect(recorded.events).toEqual(['headers 200', 'end']);
  });

  test('a bomb is cut at the cap: 200 MB in 200 KB cost neither memory nor the rest of the download', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1_024 * 1_024));
    expect(bomb.length).toBeLessThan(250_000);
    const wire = await serving(bomb, 'gzip');
    const egress = newEgress();
    let seen = 0;
    const recorded = record(inflating(egress, 1_000_000), requestTo(wire.origin), (chunk) => {
      seen += chunk.length;
    });
    await recorded.done;
    expect(recorded.error).toMatchObject({ code: 'body_too_large' });
    expect(seen).toBeLessThanOrEqual(1_000_000);
    expect(recorded.error?.bytesReceived).toBeLessThan(1_100_000);
    await until(() => egress.openSockets() === 0);
  });

  test('a body of exactly the cap passes, one byte more does not', async () => {
    const wire = await serving(gzipSync(text), 'gzip');
    expect((await inflated(wire, text.length)).body).toHaveLength(text.length);
    expect((await inflated(wire, text.length - 1)).error?.code).toBe('body_too_large');
  });

  test('fifty layers are refused unopened', async () => {
    let body: Buffer = Buffer.from(text);
    for (let layer = 0; layer < 50; layer += 1) body = gzipSync(body);
    const wire = await serving(body, Array(50).fill('gzip').join(', '));
    const egress = newEgress();
    const recorded = record(inflating(egress), requestTo(wire.origin));
    await recorded.done;
    expect(recorded.events).toEqual(['error protocol']);
    await until(() => egress.openSockets() === 0);
  });

  test('a lie about the coding is protocol, a cut stream truncated', async () => {
    expect((await inflated(await serving(Buffer.from(text), 'gzip'))).error?.code).toBe('protocol');
    expect((await inflated(await serving(Buffer.from('\u0000\u0001 nonsense'), 'br'))).error?.code).toBe('protocol');
    expect((await inflated(await serving(gzipSync(text).subarray(0, 40), 'gzip'))).error?.code).toBe('truncated');
  });

  test('a fault of the wire in the middle keeps its own code', async () => {
    const body = gzipSync(text);
    const wire = await listen(
      onRequest((socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\nxx`)),
    );
    expect(['truncated', 'protocol']).toContain((await inflated(wire)).error?.code);
    const early = await listen(onRequest((socket) => socket.end()));
    expect((await inflated(early)).error?.code).toBe('closed_before_headers');
  });

  test('a compressed stream comes event by event, not at its end', async () => {
    const wire = await listen(
      onRequest((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n');
        const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
        gzip.on('data', (chunk: Buffer) => socket.write(chunk));
        gzip.write('data: first\n\n');
      }),
    );
    const recorded = record(inflating(newEgress()), requestTo(wire.origin));
    await until(() => recorded.body === 'data: first\n\n');
    expect(recorded.events).toEqual(['headers 200', 'data']);
    recorded.exchange.abort();
    expect(recorded.events.at(-1)).toBe('error aborted');
    await until(() => wire.sockets.size === 0);
  });

  test('a sink that says no stops the decoder and, through it, the peer', async () => {
    const size = 64 * 1_024 * 1_024;
    const body = gzipSync(Buffer.alloc(size, 'abcdefghij'), { level: 0 });
    const wire = await serving(body, 'gzip');
    let received = 0;
    const recorded = record(inflating(newEgress(), size), requestTo(wire.origin), (chunk) => {
      received += chunk.length;
      return false;
    });
    recorded.body = '';
    await until(() => received > 0);
    let before = -1;
    while (before !== received) {
      before = received;
      await turns();
    }
    expect(received).toBeLessThan(1_000_000);
    let rounds = 0;
    while (!recorded.events.includes('end') && rounds < 1_000_000) {
      rounds += 1;
      recorded.body = '';
      recorded.exchange.resume();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(received).toBe(size);
  });

  test('pause and abort reach the wire before there is a decoder, and the decoder afterwards', async () => {
    const wire = await serving(gzipSync(text), 'gzip');
    const recorded = record(inflating(newEgress()), requestTo(wire.origin));
    recorded.exchange.pause();
    await until(() => recorded.events.length > 0);
    expect(recorded.body).toBe('');
    recorded.exchange.pause();
    recorded.exchange.resume();
    await recorded.done;
    expect(recorded.body).toBe(text);
    const second = record(inflating(newEgress()), requestTo(wire.origin));
    second.exchange.abort();
    expect(second.events).toEqual(['error aborted']);
  });

  test('an abort while the decoder still works on a finished response is heard once', async () => {
    const body = gzipSync(Buffer.alloc(8 * 1_024 * 1_024));
    const wire = await serving(body, 'gzip');
    const recorded = record(inflating(newEgress(), 100_000_000), requestTo(wire.origin), (_chunk, self) => {
      self.exchange.pause();
      self.exchange.abort();
    });
    await recorded.done;
    await until(() => true);
    expect(recorded.events).toEqual(['headers 200', 'data', 'error aborted']);
  });

  test('calls that come too late are not heard', () => {
    let inner: ResponseSink | undefined;
    const still: Exchange = { abort: () => undefined, pause: () => undefined, resume: () => undefined };
    const silent = {
      dispatch: (_request: OutgoingRequest, sink: ResponseSink) => {
        inner = sink;
        return still;
      },
    };
    const recorded = record({ dispatch: (request, sink) => dispatchInflating(silent, request, sink, 10) }, requestTo('http://h.example'));
    inner?.onHeaders(200, {});
    recorded.exchange.pause();
    recorded.exchange.resume();
    inner?.onError(new EgressError('reset'));
    inner?.onData(Buffer.from('late'));
    inner?.onEnd();
    recorded.exchange.abort();
    expect(recorded.events).toEqual(['headers 200', 'error reset']);
  });
});

describe('fetchWhole', () => {
  const whole = { totalTimeoutMs: 60_000, bodyBytesMax: 1_000_000 };

  test('answers status, headers, the inflated body and where the time went', async () => {
    const wire = await serving(gzipSync(text), 'gzip');
    const egress = newEgress();
    const first = await egress.fetchWhole(requestTo(wire.origin), whole);
    expect([first.status, first.body.toString()]).toEqual([200, text]);
    expect(first.headers).toEqual({ 'content-type': 'text/event-stream' });
    expect(first.timings.connectMs).toBeGreaterThan(0);
    expect(first.timings.firstByteMs).toBeGreaterThan(0);
    expect(first.timings.totalMs).toBeGreaterThanOrEqual(first.timings.firstByteMs);
  });

  test('a kept connection has no time for connecting', async () => {
    const wire = await listen((socket) => socket.on('data', () => socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')));
    const egress = newEgress();
    expect((await egress.fetchWhole(requestTo(wire.origin), whole)).timings.connectMs).toBeGreaterThan(0);
    await recordDone(egress, requestTo(wire.origin));
    const again = await egress.fetchWhole(requestTo(wire.origin), whole);
    expect([again.status, again.body.length, again.timings.connectMs]).toEqual([404, 0, null]);
  });

  test('a redirect is an answer like any other', async () => {
    const wire = await listen(
      onRequest((socket) => socket.write('HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n')),
    );
    expect((await newEgress().fetchWhole(requestTo(wire.origin), whole)).status).toBe(307);
  });

  test('its deadline covers everything, and the socket is closed with it', async () => {
    const silent = await listen(() => undefined);
    const dripping = await listen(onRequest((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')));
    const clock = movingClock();
    const egress = newEgress({ clock });
    for (const [peer, bytesReceived] of [
      [silent, 0],
      [dripping, 3],
    ] as const) {
      const passOn = async (): Promise<void> => {
        await until(() => peer.bytes > 0);
        // What the peer has said lies in a socket of this process.
        await turns();
        clock.move(whole.totalTimeoutMs);
      };
      const [fetched] = await Promise.allSettled([egress.fetchWhole(requestTo(peer.origin), whole), passOn()]);
      expect(fetched).toMatchObject({ status: 'rejected', reason: { code: 'timeout', bytesReceived } });
    }
    await until(() => egress.openSockets() === 0);
  });

  test('its cap counts plain and inflated bytes alike', async () => {
    const plain = await serving(Buffer.alloc(2_000), 'identity');
    const bomb = await serving(gzipSync(Buffer.alloc(50_000_000)), 'gzip');
    const egress = newEgress();
    for (const wire of [plain, bomb]) {
      await expect(egress.fetchWhole(requestTo(wire.origin), { ...whole, bodyBytesMax: 1_999 })).rejects.toMatchObject({
        code: 'body_too_large',
      });
    }
    expect((await egress.fetchWhole(requestTo(plain.origin), { ...whole, bodyBytesMax: 2_000 })).body).toHaveLength(2_000);
  });

  test('failures keep their code', async () => {
    const egress = newEgress();
    await expect(egress.fetchWhole(requestTo('http://10.0.0.1:8000'), whole)).rejects.toMatchObject({
      code: 'egress_blocked',
      allowEntry: '10.0.0.1:8000',
    });
    await expect(egress.fetchWhole(requestTo('http://10.0.0.1:8000', { path: 'x' }), whole)).rejects.toMatchObject({
      code: 'egress_blocked',
    });
    const broken = await listen(onRequest((socket) => socket.end('nonsense\r\n\r\n')));
    await expect(egress.fetchWhole(requestTo(broken.origin), whole)).rejects.toMatchObject({ code: 'protocol' });
  });
});
