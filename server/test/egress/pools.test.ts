/** Pools and the end of life: bounded, never closing what is in use, and nothing left open. */
import { describe, expect, test } from 'vitest';
import { explicitPolicy } from '../../src/egress/allow.ts';
import { answering, listen, newEgress, okAnswer, onRequest, openLoopback, record, recordDone, requestTo, turn, type Wire } from './wire.ts';
import { until } from '../support/wait.ts';

const head = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n';
const finish = (wire: Wire): void => {
  for (const socket of wire.sockets) socket.write('done');
};

describe('pools', () => {
  test('beyond the bound the least recently used origin gives up its connections', async () => {
    const wires = [await listen(answering(okAnswer)), await listen(answering(okAnswer)), await listen(answering(okAnswer))] as const;
    const egress = newEgress({ poolsMax: 2 });
    await recordDone(egress, requestTo(wires[0].origin));
    await recordDone(egress, requestTo(wires[1].origin));
    await recordDone(egress, requestTo(wires[0].origin));
    expect(egress.openSockets()).toBe(2);
    await recordDone(egress, requestTo(wires[2].origin, { trust: 'administrator' }));
    await until(() => wires[1].sockets.size === 0);
    expect([wires[0].sockets.size, wires[2].sockets.size]).toEqual([1, 1]);
    await recordDone(egress, requestTo(wires[0].origin));
    await recordDone(egress, requestTo(wires[1].origin));
    expect(wires.map((wire) => wire.connections)).toEqual([1, 2, 1]);
    await until(() => wires[2].sockets.size === 0);
  });

  test('one in use is never given up, however many others come', async () => {
    const busy = await listen(onRequest((socket) => socket.write(head)));
    const others = [await listen(answering(okAnswer)), await listen(answering(okAnswer)), await listen(answering(okAnswer))];
    const egress = newEgress({ poolsMax: 1 });
    const running = record(egress, requestTo(busy.origin));
    await until(() => running.events.length > 0);
    for (const wire of others) expect((await recordDone(egress, requestTo(wire.origin))).body).toBe('ok');
    finish(busy);
    await running.done;
    expect([running.events, running.body]).toEqual([['headers 200', 'data', 'end'], 'done']);
    await until(() => others.filter((wire) => wire.sockets.size > 0).length === 1);
  });

  test('where all are in use the bound gives way, not the exchange', async () => {
    const wires = await Promise.all(Array.from({ length: 4 }, () => listen(onRequest((socket) => socket.write(head)))));
    const egress = newEgress({ poolsMax: 1 });
    const running = wires.map((wire) => record(egress, requestTo(wire.origin)));
    await until(() => running.every((recorded) => recorded.events.length > 0));
    wires.forEach(finish);
    await Promise.all(running.map((recorded) => recorded.done));
    expect(running.map((recorded) => recorded.body)).toEqual(Array(4).fill('done'));
  });

  test('no more connections per origin than allowed; the rest wait their turn, and an aborted one gives up its place', async () => {
    // The first request of a connection is kept waiting for its body; what comes behind it is answered at once.
    const wire = await listen((socket) => {
      let asked = 0;
      socket.on('data', () => socket.write(asked++ === 0 ? head : `${head}more`));
    });
    const egress = newEgress({ connectionsPerOrigin: 2 });
    const running = Array.from({ length: 5 }, () => record(egress, requestTo(wire.origin)));
    await until(() => running.filter((recorded) => recorded.events.length > 0).length === 2);
    await turn();
    expect([wire.connections, egress.openSockets()]).toEqual([2, 2]);
    running[2]?.exchange.abort();
    expect(running[2]?.events).toEqual(['error aborted']);
    finish(wire);
    await Promise.all(running.map((recorded) => recorded.done));
    expect(running.map((recorded) => recorded.events.at(-1))).toEqual(['end', 'end', 'error aborted', 'end', 'end']);
    expect(wire.connections).toBe(2);
  });

  test('concurrent requests to one origin each get a connection of their own', async () => {
    const wire = await listen((socket) => socket.on('data', () => socket.write(head)));
    const egress = newEgress();
    const running = Array.from({ length: 50 }, () => record(egress, requestTo(wire.origin)));
    await until(() => running.every((recorded) => recorded.events.length > 0));
    expect(wire.connections).toBe(50);
    finish(wire);
    await Promise.all(running.map((recorded) => recorded.done));
    await turn();
    const next = record(egress, requestTo(wire.origin));
    await until(() => next.events.length > 0);
    expect(wire.connections).toBe(50);
  });
});

describe('a change of policy', () => {
  test('lets exchanges end that are under way, and closes their connections then', async () => {
    const wire = await listen(onRequest((socket) => socket.write(head)));
    const egress = newEgress();
    const running = record(egress, requestTo(wire.origin));
    await until(() => running.events.length > 0);
    egress.usePolicy(explicitPolicy('', 2));
    await turn();
    expect(wire.sockets.size).toBe(1);
    finish(wire);
    await running.done;
    expect(running.body).toBe('done');
    await until(() => wire.sockets.size === 0);
    await until(() => egress.openSockets() === 0);
  });

  test('of the same version is none', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress();
    await recordDone(egress, requestTo(wire.origin));
    egress.usePolicy({ ...openLoopback });
    await recordDone(egress, requestTo(wire.origin));
    expect(wire.connections).toBe(1);
  });
});

describe('closing', () => {
  test('waits for what is under way, refuses what is new, and leaves nothing open', async () => {
    const [busy, idle] = [await listen(onRequest((socket) => socket.write(head))), await listen(answering(okAnswer))];
    const egress = newEgress();
    await recordDone(egress, requestTo(idle.origin));
    const running = record(egress, requestTo(busy.origin));
    await until(() => running.events.length > 0);
    let isClosed = false;
    const closed = egress.close().then(() => {
      isClosed = true;
    });
    const refused = await recordDone(egress, requestTo(idle.origin));
    expect(refused.events).toEqual(['error aborted']);
    await until(() => idle.sockets.size === 0);
    expect(isClosed).toBe(false);
    finish(busy);
    await running.done;
    await closed;
    expect(running.body).toBe('done');
    await until(() => egress.openSockets() === 0);
    await egress.close();
  });

  test('destroy cuts everything off at once, what waits in a queue too, and frees those who wait for close', async () => {
    const wire = await listen(onRequest((socket) => socket.write(head)));
    const egress = newEgress({ connectionsPerOrigin: 1 });
    const running = record(egress, requestTo(wire.origin));
    const queued = record(egress, requestTo(wire.origin));
    await until(() => running.events.length > 0);
    const closed = egress.close();
    egress.destroy();
    await Promise.all([running.done, queued.done, closed]);
    expect(running.events).toEqual(['headers 200', 'error aborted']);
    expect(queued.events).toEqual(['error aborted']);
    await until(() => wire.sockets.size === 0 && egress.openSockets() === 0);
    expect((await recordDone(egress, requestTo(wire.origin))).events).toEqual(['error aborted']);
    await egress.close();
    egress.destroy();
  });

  test('destroy while a connection is being made leaves no socket behind', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress();
    const connecting = record(egress, requestTo(wire.origin));
    egress.destroy();
    await connecting.done;
    expect(connecting.events).toEqual(['error aborted']);
    await until(() => egress.openSockets() === 0 && wire.sockets.size === 0);
    expect(wire.bytes).toBe(0);
  });

  test('a policy that was replaced is closed and destroyed with the rest', async () => {
    const wire = await listen(onRequest((socket) => socket.write(head)));
    const egress = newEgress();
    const running = record(egress, requestTo(wire.origin));
    await until(() => running.events.length > 0);
    egress.usePolicy(explicitPolicy('127.0.0.0/8:*', 9));
    egress.destroy();
    await running.done;
    expect(running.events).toEqual(['headers 200', 'error aborted']);
    await egress.close();
  });
});
