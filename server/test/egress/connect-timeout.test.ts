/** How long a line may take to be opened: the way out has a limit, a connection may have its own, shorter or longer. */
import { describe, expect, test } from 'vitest';
import type { LookupFunction } from 'node:net';
import { systemClock } from '../../src/lib/clock.ts';
import { message, openRig, shortTimeouts } from '../gateway/rig.ts';
import { answering, listen, newEgress, okAnswer, recordDone, requestTo, until } from './wire.ts';

/** A resolver that takes its time. */
const slowLookup =
  (delayMs: number): LookupFunction =>
  (_host, _options, answer) => {
    systemClock.after(delayMs, () => answer(null, [{ address: '127.0.0.1', family: 4 }]));
  };

describe('the limit of one request', () => {
  test('a shorter one ends the wait for a peer that never speaks TLS', async () => {
    const wire = await listen(() => undefined);
    const egress = newEgress({ connectTimeoutMs: 30_000 });
    const startedMs = systemClock.monotonicMs();
    const { events } = await recordDone(egress, requestTo(`https://127.0.0.1:${wire.port}`, { connectTimeoutMs: 60 }));
    expect(events).toEqual(['error tls_failed']);
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(5_000);
    await until(() => egress.openSockets() === 0);
  });

  test('a longer one lets a slow name through that the limit of the house would cut off', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress({ connectTimeoutMs: 20, lookup: slowLookup(80) });
    const origin = `http://slow.example:${wire.port}`;
    expect((await recordDone(egress, requestTo(origin))).events).toEqual(['error dns_timeout']);
    expect((await recordDone(egress, requestTo(origin, { connectTimeoutMs: 10_000 }))).body).toBe('ok');
  });

  test('says nothing of a line that is open already, and nothing of the next request', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress({ connectTimeoutMs: 10_000, lookup: slowLookup(40) });
    const origin = `http://slow.example:${wire.port}`;
    expect((await recordDone(egress, requestTo(origin))).body).toBe('ok');
    expect((await recordDone(egress, requestTo(origin, { connectTimeoutMs: 1 }))).body).toBe('ok');
    expect(wire.connections).toBe(1);
    for (const socket of wire.sockets) socket.destroy();
    await until(() => egress.openSockets() === 0);
    expect((await recordDone(egress, requestTo(origin, { connectTimeoutMs: 1 }))).events).toEqual(['error dns_timeout']);
    expect((await recordDone(egress, requestTo(origin))).body).toBe('ok');
  });

  test('a trace keeps it too', async () => {
    const wire = await listen(() => undefined);
    const egress = newEgress({ connectTimeoutMs: 30_000 });
    const limits = { timeoutMs: 20_000, connectTimeoutMs: 50 };
    await expect(egress.trace(`https://127.0.0.1:${wire.port}`, 'member', limits)).rejects.toMatchObject({ code: 'tls_failed' });
  });
});

test('timeouts.connectMs of a connection is what its completions and its tests wait for a line', async () => {
  const wire = await listen(() => undefined);
  const rig = await openRig({ timeouts: { ...shortTimeouts, headersMs: 20_000, firstEventMs: 20_000, totalMs: 20_000 } });
  try {
    const baseUrl = `https://127.0.0.1:${wire.port}/v1`;
    const { id } = await rig.connect({
      name: 'Silent',
      baseUrl,
      model: 'm',
      secret: 'sk-silent-0123456789',
      settings: { timeouts: { connectMs: 150 } },
    });
    const key = (await rig.issueKey()).text;
    const startedMs = systemClock.monotonicMs();
    expect((await rig.ask(key, { model: 'Silent/m', messages: message() })).status).toBe(502);
    const stored = rig.deps.keeper.snapshot.connections.get(id)!;
    const target = { ...stored, connectionId: id, secret: 'stored' as const, headers: null };
    const tested = await rig.deps.probe.test(target, { userId: rig.caller.actor.userId, workspaceId: null, requestId: 'r' });
    expect(tested).toMatchObject({ isSuccess: false, fault: 'tls' });
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(4_000);
  } finally {
    await rig.close();
  }
});
