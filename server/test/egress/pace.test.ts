/** Who sets the pace: back-pressure down to the peer, and aborts that leave nothing behind. */
import { describe, expect, test } from 'vitest';
import { answering, listen, newEgress, okAnswer, onRequest, record, recordDone, requestTo, turn } from './wire.ts';
import { handClock } from '../support/hand-clock.ts';
import { turns, until } from '../support/wait.ts';

const chunked = (...parts: string[]): string => parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';

describe('back-pressure', () => {
  test('a sink that says no stops the peer, and resume brings the rest, byte for byte', async () => {
    const size = 24 * 1_024 * 1_024;
    let written = 0;
    const wire = await listen(
      onRequest((socket) => {
        socket.write(`${head}content-length: ${size}\r\n\r\n`);
        const block = Buffer.alloc(65_536, 'x');
        const pump = (): void => {
          while (written < size) {
            written += block.length;
            if (!socket.write(block)) return void socket.once('drain', pump);
          }
        };
        pump();
      }),
    );
    let received = 0;
    let isPaused = false;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const exchange = newEgress().dispatch(requestTo(wire.origin), {
      onHeaders: () => undefined,
      onData(chunk) {
        received += chunk.length;
        isPaused = received < size / 2;
        return !isPaused;
      },
      onEnd: end,
      onError: (error) => expect.unreachable(error.code),
    });
    await until(() => isPaused);
    const atPause = received;
    // The peer fills the socket buffers and then has to wait; nothing more is handed to the sink.
    let before = -1;
    while (before !== written) {
      before = written;
      await turns();
    }
    expect(received).toBe(atPause);
    expect(written).toBeLessThan(size);
    const isWhole = (): boolean => received === size;
    for (let round = 0; !isWhole() && round < 100_000; round += 1) {
      exchange.resume();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    expect(received).toBe(size);
  });

  test('a pause asked for before the headers, and one between chunks, hold the data back', async () => {
    const wire = await listen(onRequest((socket) => socket.write(`${head}transfer-encoding: chunked\r\n\r\n${chunked('one')}`)));
    const recorded = record(newEgress(), requestTo(wire.origin));
    recorded.exchange.pause();
    await until(() => recorded.events.includes('headers 200'));
    await turn();
    expect(recorded.body).toBe('');
    recorded.exchange.resume();
    await until(() => recorded.body === 'one');
    recorded.exchange.pause();
    for (const socket of wire.sockets) socket.write(chunked('two'));
    await until(() => recorded.body === 'onetwo');
    for (const socket of wire.sockets) socket.write(`${chunked('three')}0\r\n\r\n`);
    await turn();
    expect(recorded.body).toBe('onetwo');
    recorded.exchange.resume();
    await recorded.done;
    expect(recorded.events).toEqual(['headers 200', 'data', 'end']);
    expect(recorded.body).toBe('onetwothree');
    recorded.exchange.pause();
    recorded.exchange.resume();
  });

  test('a paused exchange that is aborted ends, and its socket is gone', async () => {
    const wire = await listen(onRequest((socket) => socket.write(`${head}content-length: 100\r\n\r\nsome`)));
    const egress = newEgress();
    const recorded = record(egress, requestTo(wire.origin), () => false);
    await until(() => recorded.body === 'some');
    recorded.exchange.abort();
    recorded.exchange.resume();
    await until(() => egress.openSockets() === 0 && wire.sockets.size === 0);
    expect(recorded.events.at(-1)).toBe('error aborted');
  });
});

describe('abort', () => {
  const moments: [string, string][] = [
    ['before the headers', ''],
    ['after the headers', `${head}transfer-encoding: chunked\r\n\r\n`],
    ['in the middle of the body', `${head}transfer-encoding: chunked\r\n\r\n${chunked('hello')}`],
  ];
  test.each(moments)('%s closes the upstream socket at once and says so once', async (_name, sent) => {
    const wire = await listen(onRequest((socket) => socket.write(sent)));
    const egress = newEgress({ clock: handClock() });
    const recorded = record(egress, requestTo(wire.origin));
    const awaited = sent === '' ? '' : sent.endsWith('hello\r\n') ? 'data' : 'headers 200';
    await until(() => wire.bytes > 0 && (recorded.events.at(-1) ?? '') === awaited);
    recorded.exchange.abort();
    recorded.exchange.abort();
    // The clock stands still: no timer of ours is what closes it.
    await until(() => wire.sockets.size === 0);
    expect(recorded.events.filter((event) => event.startsWith('error'))).toEqual(['error aborted']);
    await until(() => egress.openSockets() === 0);
  });

  test('from within the sink works as well', async () => {
    const wire = await listen(onRequest((socket) => socket.write(`${head}transfer-encoding: chunked\r\n\r\n${chunked('a')}`)));
    const recorded = record(newEgress(), requestTo(wire.origin), (_chunk, self) => self.exchange.abort());
    await recorded.done;
    expect(recorded.events).toEqual(['headers 200', 'data', 'error aborted']);
    await until(() => wire.sockets.size === 0);
  });

  test('while connecting sends nothing, and leaves the connection to the next request', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress();
    const recorded = record(egress, requestTo(wire.origin));
    recorded.exchange.abort();
    expect(recorded.events).toEqual(['error aborted']);
    await until(() => wire.connections === 1);
    await turn();
    expect((await recordDone(egress, requestTo(wire.origin))).body).toBe('ok');
    expect(wire.connections).toBe(1);
    expect(recorded.events).toEqual(['error aborted']);
  });

  test('after the end changes nothing', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress();
    const recorded = await recordDone(egress, requestTo(wire.origin));
    recorded.exchange.abort();
    expect(recorded.events).toEqual(['headers 200', 'data', 'end']);
    expect(egress.openSockets()).toBe(1);
  });
});
