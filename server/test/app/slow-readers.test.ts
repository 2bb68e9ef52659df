/** Callers that ask and do not read: their lines are cut, and those of callers that read are not. */
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHouseServer } from '../../src/app/server.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { until } from '../support/wait.ts';

/** More than the buffers of two sockets hold. */
const body = Buffer.alloc(16 * 1024 * 1024, 120);

async function serve(unreadMs: number): Promise<{ port: number; lines: () => Promise<number> }> {
  const { server } = createHouseServer(
    { ids: createIds(systemClock) },
    { v1: (_request, response) => void response.writeHead(200, { 'content-length': body.length }).end(body), demo: null },
    (_request, response) => void response.writeHead(200, { 'content-length': 2 }).end('ok'),
    { unreadMs },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const lines = (): Promise<number> => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
  return { port: (server.address() as AddressInfo).port, lines };
}

function ask(port: number, path: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  onTestFinished(() => void socket.destroy());
  return socket;
}

const bytesUntilClose = (socket: Socket): Promise<number> =>
  new Promise((resolve) => {
    let bytes = 0;
    socket.on('data', (part: Buffer) => (bytes += part.length));
    socket.on('close', () => resolve(bytes));
  });

test('an answer that nobody reads is let go', async () => {
  const { port, lines } = await serve(200);
  const socket = ask(port, '/v1/models');
  socket.pause();
  await until(async () => (await lines()) === 1, 'the line is there');
  await until(async () => (await lines()) === 0, 'the line is cut');
  const received = await bytesUntilClose(socket.resume());
  expect(received).toBeGreaterThan(0);
  expect(received).toBeLessThan(body.length);
});

test('a caller that reads slowly gets the whole answer, however long it takes', async () => {
  // Longer than a busy machine stands still, for that is no reading either.
  const unreadMs = 6_000;
  const { port } = await serve(unreadMs);
  const socket = ask(port, '/v1/models');
  let bytes = 0;
  const startedMs = performance.now();
  await new Promise<void>((resolve) => {
    socket.on('close', resolve);
    socket.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > body.length) return resolve();
      // A rest of a twelfth of the limit after each megabyte: much more than it in all.
      if (Math.floor(bytes / 1_048_576) === Math.floor((bytes - part.length) / 1_048_576)) return;
      socket.pause();
      setTimeout(() => socket.resume(), unreadMs / 12);
    });
  });
  expect(bytes).toBeGreaterThan(body.length);
  expect(performance.now() - startedMs).toBeGreaterThan(unreadMs);
});

test('a line that is kept for the next request is not cut by the last answer', async () => {
  const unreadMs = 200;
  const socket = ask((await serve(unreadMs)).port, '/healthz');
  await new Promise((resolve) => socket.once('data', resolve));
  await new Promise((resolve) => setTimeout(resolve, 2 * unreadMs));
  expect(socket.destroyed).toBe(false);
  socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const second = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(second.toString()).toMatch(/^HTTP\/1\.1 200 /);
});
