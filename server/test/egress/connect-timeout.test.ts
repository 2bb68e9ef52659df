/** How long a line may take to be opened: the way out has a limit, a connection may have its own, shorter or longer. */
import { describe, expect, test } from 'vitest';
import type { LookupFunction } from 'node:net';
import type { Egress, OutgoingRequest } from '../../src/egress/egress.ts';
import { message, openRig } from '../gateway/rig.ts';
import { movingClock, type MovingClock } from '../support/moving-clock.ts';
import { answering, listen, newEgress, okAnswer, recordDone, requestTo, type Wire } from './wire.ts';
import { turns, until } from '../support/wait.ts';

/** A resolver that takes its time on this clock; `asked` counts who waits for it. */
function slowLookup(clock: MovingClock, delayMs: number): LookupFunction & { asked: number } {
  const lookup: LookupFunction = (_host, _options, answer) => {
    slow.asked += 1;
    clock.after(delayMs, () => answer(null, [{ address: '127.0.0.1', family: 4 }]));
  };
  const slow = Object.assign(lookup, { asked: 0 });
  return slow;
}

/** Asks, and lets so much time pass once the resolver was asked. */
async function askAfter(egress: Egress, request: OutgoingRequest, lookup: { asked: number }, clock: MovingClock, byMs: number) {
  const before = lookup.asked;
  const asking = recordDone(egress, request);
  await until(() => lookup.asked > before, 'the resolver is asked');
  clock.move(byMs);
  return asking;
}

/** Lets the limit of a line pass that has come through to a peer. */
async function passOn(wire: Wire, clock: MovingClock, byMs: number, lines = 1): Promise<void> {
  await until(() => wire.connections === lines, 'the line is there');
  await turns();
  clock.move(byMs);
}

describe('the limit of one request', () => {
  test('a shorter one ends the wait for a peer that never speaks TLS', async () => {
    const wire = await listen(() => undefined);
    const clock = movingClock();
    const egress = newEgress({ clock, connectTimeoutMs: 600_000 });
    const asking = recordDone(egress, requestTo(`https://127.0.0.1:${wire.port}`, { connectTimeoutMs: 60_000 }));
    await passOn(wire, clock, 60_000);
    expect((await asking).events).toEqual(['error tls_failed']);
    await until(() => egress.openSockets() === 0);
  });

  test('a longer one lets a slow name through that the limit of the house would cut off', async () => {
    const wire = await listen(answering(okAnswer));
    const clock = movingClock();
    const lookup = slowLookup(clock, 80_000);
    const egress = newEgress({ clock, dnsTimeoutMs: 600_000, connectTimeoutMs: 60_000, lookup });
    const origin = `http://slow.example:${wire.port}`;
    expect((await askAfter(egress, requestTo(origin), lookup, clock, 60_000)).events).toEqual(['error dns_timeout']);
    expect((await askAfter(egress, requestTo(origin, { connectTimeoutMs: 600_000 }), lookup, clock, 80_000)).body).toBe('ok');
  });

  test('says nothing of a line that is open already, and nothing of the next request', async () => {
    const wire = await listen(answering(okAnswer));
    const clock = movingClock();
    const lookup = slowLookup(clock, 60_000);
    const egress = newEgress({ clock, dnsTimeoutMs: 600_000, connectTimeoutMs: 600_000, lookup });
    const origin = `http://slow.example:${wire.port}`;
    expect((await askAfter(egress, requestTo(origin), lookup, clock, 60_000)).body).toBe('ok');
    expect((await recordDone(egress, requestTo(origin, { connectTimeoutMs: 1 }))).body).toBe('ok');
    expect(wire.connections).toBe(1);
    for (const socket of wire.sockets) socket.destroy();
    await until(() => egress.openSockets() === 0);
    expect((await recordDone(egress, requestTo(origin, { connectTimeoutMs: 1 }))).events).toEqual(['error dns_timeout']);
    expect((await askAfter(egress, requestTo(origin), lookup, clock, 60_000)).body).toBe('ok');
  });

  test('a trace keeps it too', async () => {
    const wire = await listen(() => undefined);
    const clock = movingClock();
    const egress = newEgress({ clock, connectTimeoutMs: 600_000 });
    const limits = { timeoutMs: 300_000, connectTimeoutMs: 60_000 };
    const tracing = egress.trace(`https://127.0.0.1:${wire.port}`, 'member', limits);
    const [traced] = await Promise.allSettled([tracing, passOn(wire, clock, 60_000)]);
    expect(traced).toMatchObject({ status: 'rejected', reason: { code: 'tls_failed' } });
  });
});

test('timeouts.connectMs of a connection is what its completions and its tests wait for a line', async () => {
  const wire = await listen(() => undefined);
  const clock = movingClock();
  const rig = await openRig({ clock });
  try {
    const baseUrl = `https://127.0.0.1:${wire.port}/v1`;
    const { id } = await rig.connect({
      name: 'Silent',
      baseUrl,
      model: 'm',
      secret: 'sk-silent-0123456789',
      settings: { timeouts: { connectMs: 2_000 } },
    });
    const key = (await rig.issueKey()).text;
    const asking = rig.ask(key, { model: 'Silent/m', messages: message() });
    // Less than the five seconds that the house would wait.
    await passOn(wire, clock, 2_000);
    expect((await asking).status).toBe(502);
    const stored = rig.deps.keeper.snapshot.connections.get(id)!;
    const target = { ...stored, connectionId: id, secret: 'stored' as const, headers: null };
    const testing = rig.deps.probe.test(target, { userId: rig.caller.actor.userId, workspaceId: null, requestId: 'r' });
    await passOn(wire, clock, 2_000, 2);
    expect(await testing).toMatchObject({ isSuccess: false, fault: 'tls' });
  } finally {
    await rig.close();
  }
});
