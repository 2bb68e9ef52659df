/** One exchange on the wire: what the sink hears, exactly once and in order, under every fault of the peer. */
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { classifyExchangeFailure, EgressError } from '../../src/egress/error.ts';
import { HttpExchange } from '../../src/egress/exchange.ts';
import { answering, everyWordOf, listen, newEgress, okAnswer, onRequest, record, recordDone, requestTo } from './wire.ts';
import { until } from '../support/wait.ts';

const chunked = (...parts: string[]): string => parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';

describe('a response', () => {
  test('reaches the sink as headers, data and end, and the request is what was asked for', async () => {
    const wire = await listen(
      answering('HTTP/1.1 201 Created\r\nX-One: a\r\nSet-Cookie: b\r\nset-cookie: c\r\ncontent-length: 5\r\n\r\nhello'),
    );
    const request = requestTo(wire.origin, {
      method: 'POST',
      path: '/v1/chat?x=1',
      headers: { 'content-type': 'application/json', 'X-Team': 'red' },
      body: '{"a":1}',
    });
    const recorded = await recordDone(newEgress(), request);
    expect(recorded.events).toEqual(['headers 201', 'data', 'end']);
    expect(recorded.headers).toMatchObject({ 'x-one': 'a', 'set-cookie': ['b', 'c'] });
    expect(recorded.body).toBe('hello');
    expect(wire.received[0]).toBe(
      `POST /v1/chat?x=1 HTTP/1.1\r\nhost: 127.0.0.1:${wire.port}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\nX-Team: red\r\ncontent-length: 7\r\n\r\n{"a":1}`,
    );
  });

  test('headers may be given as names and values by turns, the body as bytes', async () => {
    const wire = await listen(answering(okAnswer));
    const body = new Uint8Array([0x68, 0xc3, 0xa9]);
    await recordDone(newEgress(), requestTo(wire.origin, { method: 'POST', headers: ['x-a', '1', 'x-b', '2'], body }));
    expect(wire.received[0]).toMatch(/x-a: 1\r\nx-b: 2\r\ncontent-length: 3\r\n\r\nh\u00c3\u00a9$/);
  });

  test.each(['GET', 'POST', 'DELETE'] as const)('%s without a body works', async (method) => {
    const wire = await listen(answering('HTTP/1.1 204 No Content\r\n\r\n'));
    expect((await recordDone(newEgress(), requestTo(wire.origin, { method }))).events).toEqual(['headers 204', 'end']);
    expect(wire.received[0]).toMatch(new RegExp(`^${method} /v1/models\\?key-like=query HTTP/1.1\r\n`));
  });

  test('the sink is not called before dispatch has returned, not even for a refusal', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress();
    for (const request of [
      requestTo(wire.origin),
      requestTo('nonsense'),
      requestTo(wire.origin, { headers: { 'bad name': 'x' } }),
      requestTo('http://10.0.0.1'),
    ]) {
      const recorded = record(egress, request);
      expect(recorded.events).toEqual([]);
      await recorded.done;
      expect(recorded.events.length).toBeGreaterThan(0);
    }
  });

  test('a thousand early hints are not taken for the answer', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n'.repeat(1_000);
    const wire = await listen(answering(`${hints}${okAnswer}`));
    expect((await recordDone(newEgress(), requestTo(wire.origin))).events).toEqual(['headers 200', 'data', 'end']);
  });

  test('a body that ends with the connection is complete', async () => {
    const wire = await listen(onRequest((socket) => socket.end(`${head}connection: close\r\n\r\nto the end`)));
    const recorded = await recordDone(newEgress(), requestTo(wire.origin));
    expect([recorded.events, recorded.body]).toEqual([['headers 200', 'data', 'end'], 'to the end']);
  });

  test('a response in single bytes arrives whole', async () => {
    const text = `${head}transfer-encoding: chunked\r\n\r\n${chunked('hel', 'lo')}0\r\n\r\n`;
    const wire = await listen(onRequest((socket) => void drip(socket, text)));
    expect((await recordDone(newEgress(), requestTo(wire.origin))).body).toBe('hello');
  });

  test('hostile header names cannot pollute anything', async () => {
    const wire = await listen(
      answering('HTTP/1.1 200 OK\r\n__proto__: polluted\r\nconstructor: x\r\ntoString: y\r\ncontent-length: 0\r\n\r\n'),
    );
    const { headers } = await recordDone(newEgress(), requestTo(wire.origin));
    expect(Object.keys(headers).toSorted()).toEqual(['__proto__', 'constructor', 'content-length', 'tostring']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

async function drip(socket: Socket, text: string): Promise<void> {
  for (const character of text) {
    socket.write(character);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('faults of the peer', () => {
  const faults: [string, (socket: Socket) => void, string[]][] = [
    ['a reset before the headers', (socket) => socket.resetAndDestroy(), ['error reset']],
    ['a close before the headers', (socket) => socket.end(), ['error closed_before_headers']],
    ['half a status line', (socket) => socket.end('HTTP/1.1 20'), ['error closed_before_headers']],
    ['half a header', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-ty'), ['error closed_before_headers']],
    ['something that is not HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'), ['error protocol']],
    ['an unknown version', (socket) => socket.end('HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n'), ['error protocol']],
    ['a status of nonsense', (socket) => socket.end('HTTP/1.1 abc OK\r\n\r\n'), ['error protocol']],
    [
      'chunked and a length',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\nhello'),
      ['error protocol'],
    ],
    ['two lengths', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!'), ['error protocol']],
    ['a length of nonsense', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'), ['error protocol']],
    [
      'a forced upgrade',
      (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'),
      ['error protocol'],
    ],
    ['an unasked continue', (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'), ['error protocol']],
    ['a header of 100 KiB', (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(102_400)}\r\n\r\n`), ['error headers_overflow']],
    ['3000 short headers', (socket) => socket.end(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(3_000)}\r\n`), ['error headers_overflow']],
    ['201 headers', (socket) => socket.end(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(201)}\r\n`), ['error headers_overflow']],
    [
      '201 headers on an early hint',
      (socket) => socket.end(`HTTP/1.1 103 Hints\r\n${'a: b\r\n'.repeat(201)}\r\n${okAnswer}`),
      ['error headers_overflow'],
    ],
    [
      'a body shorter than its length',
      (socket) => socket.end(`${head}content-length: 10\r\n\r\nhello`),
      ['headers 200', 'data', 'error truncated'],
    ],
    [
      'the same before a closing connection',
      (socket) => socket.end(`${head}connection: close\r\ncontent-length: 10\r\n\r\nhello`),
      ['headers 200', 'data', 'error truncated'],
    ],
    [
      'a chunked body without its end',
      (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\n${chunked('hello')}`),
      ['headers 200', 'data', 'error truncated'],
    ],
    [
      'the same before a closing connection',
      (socket) => socket.end(`${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunked('hello')}`),
      ['headers 200', 'data', 'error truncated'],
    ],
    [
      'a chunk size of nonsense',
      (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\n${chunked('hello')}zz\r\n`),
      ['headers 200', 'data', 'error protocol'],
    ],
  ];
  test.each(faults)('%s', async (_name, wrong, events) => {
    const wire = await listen(onRequest(wrong));
    const egress = newEgress();
    const recorded = await recordDone(egress, requestTo(wire.origin, { method: 'POST', body: '{}' }));
    expect(recorded.events).toEqual(events);
    expect(recorded.error).toMatchObject({ name: 'EgressError', socketReused: false });
    expect(recorded.error?.cause).toBeUndefined();
    expect(everyWordOf(recorded.error ?? new EgressError('aborted'))).not.toMatch(/CANARY|key-like/);
    await until(() => egress.openSockets() === 0);
    expect(wire.connections).toBe(1);
  });

  test('200 headers are still accepted', async () => {
    const wire = await listen(answering(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(199)}content-length: 0\r\n\r\n`));
    expect((await recordDone(newEgress(), requestTo(wire.origin))).events).toEqual(['headers 200', 'end']);
  });

  test('a reset in the middle of a body is told from an early end', async () => {
    const wire = await listen(onRequest((socket) => socket.write(`${head}content-length: 10\r\n\r\nhello`)));
    const recorded = record(newEgress(), requestTo(wire.origin), () => {
      for (const socket of wire.sockets) socket.resetAndDestroy();
    });
    await recorded.done;
    expect(recorded.events).toEqual(['headers 200', 'data', 'error reset']);
    expect(recorded.error?.bytesReceived).toBe(`${head}content-length: 10\r\n\r\nhello`.length);
  });

  test('a reset at the moment of accepting is an error, never an answer', async () => {
    const wire = await listen((socket) => socket.resetAndDestroy());
    const { error } = await recordDone(newEgress(), requestTo(wire.origin, { method: 'POST', body: '{}' }));
    expect(['reset', 'connect_reset']).toContain(error?.code);
    expect(error).toMatchObject({ bytesReceived: 0, socketReused: false });
  });

  test('bytes after the response do not become the next response', async () => {
    const wire = await listen(answering(`${okAnswer}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled`, okAnswer));
    const egress = newEgress();
    expect((await recordDone(egress, requestTo(wire.origin))).body).toBe('ok');
    expect((await recordDone(egress, requestTo(wire.origin))).body).toBe('ok');
    expect(wire.connections).toBe(2);
  });

  test('the wait for the headers is not ours to end: a silent peer is cut off by abort', async () => {
    const wire = await listen(() => undefined);
    const recorded = record(newEgress(), requestTo(wire.origin));
    await until(() => wire.bytes > 0);
    expect(recorded.events).toEqual([]);
    recorded.exchange.abort();
    expect(recorded.events).toEqual(['error aborted']);
  });
});

describe('kept connections', () => {
  test('are used again, and the pool tells it truthfully', async () => {
    const wire = await listen(answering(okAnswer, okAnswer, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'));
    const egress = newEgress();
    await recordDone(egress, requestTo(wire.origin));
    await recordDone(egress, requestTo(wire.origin));
    const third = record(egress, requestTo(wire.origin), () => {
      for (const socket of wire.sockets) socket.end();
    });
    await third.done;
    expect(wire.connections).toBe(1);
    expect(third.error).toMatchObject({ code: 'truncated', socketReused: true, bytesReceived: 42 });
  });

  test('one that dies as it is used again is flagged: reused, and not a byte received', async () => {
    let served = 0;
    const wire = await listen((socket) => {
      socket.on('data', () => {
        served += 1;
        if (served % 2 === 1) socket.write(okAnswer);
        else if (served % 4 === 0) socket.resetAndDestroy();
        else socket.end();
      });
    });
    const egress = newEgress();
    for (let round = 0; round < 6; round += 1) {
      expect((await recordDone(egress, requestTo(wire.origin, { method: 'POST', body: '{}' }))).body).toBe('ok');
      const { error } = await recordDone(egress, requestTo(wire.origin, { method: 'POST', body: '{}' }));
      expect(['reset', 'closed_before_headers']).toContain(error?.code);
      expect(error).toMatchObject({ socketReused: true, bytesReceived: 0 });
    }
    expect(wire.connections).toBe(6);
  });

  test('one repetition is enough against a peer that closes idle connections at the worst moment', async () => {
    // The peer hangs up a few milliseconds after each answer, while the next request may be on its way.
    const wire = await listen((socket) => {
      socket.on('data', () => {
        socket.write(okAnswer);
        setTimeout(() => socket.destroy(), 2);
      });
    });
    const egress = newEgress();
    let answered = 0;
    for (let round = 0; round < 150; round += 1) {
      let recorded = await recordDone(egress, requestTo(wire.origin, { method: 'POST', body: '{}' }));
      if (recorded.error !== null && recorded.error.socketReused && recorded.error.bytesReceived === 0) {
        recorded = await recordDone(egress, requestTo(wire.origin, { method: 'POST', body: '{}' }));
      }
      if (recorded.body === 'ok') answered += 1;
      await until(() => true);
      const waitUntilMs = performance.now() + 1 + (round % 3);
      await until(() => performance.now() >= waitUntilMs);
    }
    expect(answered).toBe(150);
  });
});

describe('a sink that throws', () => {
  const bug = new Error('a bug of ours');
  const nothing = { onHeaders: () => undefined, onData: () => undefined, onEnd: () => undefined };
  const throwBug = (): never => {
    throw bug;
  };

  test.each(['onHeaders', 'onData'] as const)(
    'in %s ends the exchange with the bug as its cause, and closes the socket',
    async (method) => {
      const wire = await listen(answering(okAnswer));
      const egress = newEgress();
      const errors: EgressError[] = [];
      egress.dispatch(requestTo(wire.origin), { ...nothing, [method]: throwBug, onError: (error) => errors.push(error) });
      await until(() => errors.length > 0 && wire.sockets.size === 0);
      expect(errors).toMatchObject([{ code: 'aborted', cause: bug }]);
    },
  );

  test.each(['onHeaders', 'onData'] as const)('in %s after it has aborted is told once', async (method) => {
    const wire = await listen(answering(okAnswer));
    const errors: EgressError[] = [];
    const exchange = newEgress().dispatch(requestTo(wire.origin), {
      ...nothing,
      [method]: () => {
        exchange.abort();
        throw bug;
      },
      onError: (error) => errors.push(error),
    });
    await until(() => errors.length > 0 && wire.sockets.size === 0);
    expect(errors.map(({ code, cause }) => [code, cause])).toEqual([['aborted', undefined]]);
  });

  test.each(['onEnd', 'onError'] as const)('in %s is not lost, and the next request is not harmed', async (method) => {
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const seen: unknown[] = [];
    process.on('uncaughtException', (error) => seen.push(error));
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    });
    const wire = await listen(answering(method === 'onEnd' ? okAnswer : 'nonsense\r\n\r\n', okAnswer));
    const egress = newEgress();
    egress.dispatch(requestTo(wire.origin), { ...nothing, onError: () => undefined, [method]: throwBug });
    await until(() => seen.length > 0);
    expect(seen).toEqual([bug]);
    expect((await recordDone(egress, requestTo(wire.origin))).body).toBe('ok');
  });
});

describe('HttpExchange against a client that does not keep to its word', () => {
  const newExchange = () => {
    const events: string[] = [];
    const owner = { inUse: 0 };
    const exchange = new HttpExchange(
      {
        onHeaders: (status) => void events.push(`headers ${status}`),
        onData: () => void events.push('data'),
        onEnd: () => void events.push('end'),
        onError: (error) => void events.push(`error ${error.code}`),
      },
      owner,
    );
    exchange.isDispatching = false;
    return { exchange, events, owner };
  };
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };

  test('nothing is heard after the end, and the use is counted down once', () => {
    const { exchange, events, owner } = newExchange();
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 200, {});
    exchange.onResponseEnd();
    exchange.onResponseEnd();
    exchange.onResponseStart(controller, 200, {});
    exchange.onResponseData(controller, Buffer.from('late'));
    exchange.onResponseError(controller, new Error('late'));
    exchange.abort();
    expect(events).toEqual(['headers 200', 'end']);
    expect(owner.inUse).toBe(0);
  });

  test('a request that was aborted in the queue is thrown out when its turn comes', () => {
    const { exchange, events } = newExchange();
    exchange.abort();
    expect(() => exchange.onRequestStart(controller)).toThrow('aborted');
    expect(events).toEqual(['error aborted']);
  });

  test('a line without a socket counts no bytes', () => {
    const { exchange, events } = newExchange();
    exchange.line = { socket: null, requests: 3, connectMs: 1 };
    exchange.onRequestStart(controller);
    exchange.onResponseError(null, Object.assign(new Error('x'), { code: 'ECONNRESET' }));
    expect([events, exchange.connectMs]).toEqual([['error reset'], null]);
  });
});

describe('classifyExchangeFailure', () => {
  const cases: [string, string, boolean, string][] = [
    ['ECONNRESET', '', false, 'reset'],
    ['EPIPE', '', true, 'reset'],
    ['ETIMEDOUT', '', true, 'reset'],
    ['UND_ERR_HEADERS_OVERFLOW', '', false, 'headers_overflow'],
    ['UND_ERR_DESTROYED', '', false, 'aborted'],
    ['UND_ERR_CLOSED', '', false, 'aborted'],
    ['UND_ERR_ABORTED', '', true, 'aborted'],
    ['UND_ERR_SOCKET', 'other side closed', false, 'closed_before_headers'],
    ['UND_ERR_SOCKET', 'other side closed', true, 'truncated'],
    ['UND_ERR_SOCKET', 'bad upgrade', false, 'protocol'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', '', false, 'protocol'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', '', true, 'truncated'],
    ['UND_ERR_INVALID_ARG', 'invalid header', false, 'protocol'],
    ['HPE_INVALID_EOF_STATE', 'Invalid EOF state', true, 'truncated'],
    ['HPE_INVALID_EOF_STATE', 'Invalid EOF state', false, 'protocol'],
    ['', 'x', true, 'protocol'],
  ];
  test.each(cases)('%s "%s" (headers seen: %s) is %s', (code, message, headersSeen, expected) => {
    expect(classifyExchangeFailure(Object.assign(new Error(message), { code }), headersSeen)).toBe(expected);
  });
});
