/** Against a real server: what is kept and told, that nothing of it can be read or made there, and that one that hangs is not waited for. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { answerLimitMs, openValkey, underWayBytesMax, valkeyFault, wordBytesMax, type Valkey } from '../../src/valkey/valkey.ts';
import { createSharedBox } from '../../src/vault/shared-box.ts';
import { keptLog } from '../storage/engines.ts';
import { needs } from '../support/parts.ts';
import { sayTo, startRedis, type Redis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { canary, newMaster } from '../vault/parts.ts';

const ids = createIds(systemClock);
const master = newMaster(1);
const opened: Valkey[] = [];
let server: Redis;
let name = '';
let number = 0;

interface Opened {
  valkey: Valkey;
  lines: Record<string, unknown>[];
  /** Monotonic time that the test adds. */
  skew: { ms: number };
  /** What the clock would do every few seconds. */
  beat: () => void;
}

/** As patient as a busy machine needs, where a test is not about that. */
async function open({ url = server.url, key = master, instance = ids.uuid(), limitMs = 5_000 } = {}): Promise<Opened> {
  const { log, lines } = keptLog();
  const skew = { ms: 0 };
  let beat = (): void => undefined;
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + skew.ms,
    every: (_periodMs, run) => ({ cancel: () => (beat = () => undefined), run: (beat = run) }),
  };
  const valkey = await openValkey({ url, name, instance, sealing: createSharedBox([key], ids), clock, log, limitMs });
  opened.push(valkey);
  return { valkey, lines, skew, beat: () => beat() };
}

const isUp = (valkey: Valkey): Promise<unknown> => until(() => valkey.isUp(), 'it is up');
async function openUp(options?: Parameters<typeof open>[0]): Promise<Opened> {
  const made = await open(options);
  await isUp(made.valkey);
  return made;
}

/** Another eye than the library's. */
const rawly = (...lines: string[]): Promise<string> => sayTo(server.port, ...lines);

async function kept(valkey: Valkey, key: string): Promise<Buffer | null> {
  await until(async () => (await valkey.get(key)) !== null, `${key} is kept`);
  return valkey.get(key);
}

needs('redis')('valkey', () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    name = `t${++number}`;
  });
  afterEach(() => opened.splice(0).forEach((valkey) => valkey.close()));

  describe('values', () => {
    test('are found by another instance, byte for byte, and only under their name', async () => {
      const [one, other] = [await openUp(), await openUp()];
      const value = Buffer.from([0, 255, 10, 13, 0, 1]);
      one.valkey.set('a', value, 60_000);
      expect(await kept(other.valkey, 'a')).toEqual(value);
      expect(await other.valkey.get('b')).toBe(null);
    });

    test('are gone when their time is over', async () => {
      const { valkey } = await openUp();
      valkey.set('short', Buffer.from('x'), 1);
      valkey.set('long', Buffer.from('x'), 60_000);
      await kept(valkey, 'long');
      await until(async () => (await valkey.get('short')) === null, 'it is gone');
      expect(Number(/:(\d+)/.exec(await rawly(`PTTL patchbay:${name}:long`))![1])).toBeLessThanOrEqual(60_000);
    });

    test('cannot be read at the server, nor can any part of what is told', async () => {
      const [one, other] = [await openUp(), await openUp()];
      const heard: unknown[] = [];
      other.valkey.hear('word', (message) => heard.push(message));
      const ear = connect({ host: '127.0.0.1', port: server.port });
      const parts: Buffer[] = [];
      ear.on('data', (part: Buffer) => parts.push(part));
      ear.write(`SUBSCRIBE patchbay:${name}:word\r\n`);
      await until(() => parts.length > 0, 'the ear is open');
      one.valkey.set('secret', Buffer.from(canary), 60_000);
      one.valkey.tell('word', { canary });
      await until(() => heard.length > 0, 'it is heard');
      await kept(other.valkey, 'secret');
      await until(() => Buffer.concat(parts).includes('message'), 'the ear has it');
      ear.destroy();
      const seen = `${await rawly(`GET patchbay:${name}:secret`)}${Buffer.concat(parts).toString('latin1')}`;
      expect(seen).toContain(`patchbay:${name}:word`);
      for (const shown of [canary, Buffer.from(canary).toString('base64'), 'from', 'topic']) expect(seen).not.toContain(shown);
      expect(heard).toEqual([{ canary }]);
    });

    test('of a stranger, or moved to another name, are none', async () => {
      const { valkey } = await openUp();
      const stranger = await openUp({ key: newMaster(1) });
      stranger.valkey.set('a', Buffer.from('x'), 60_000);
      await kept(stranger.valkey, 'a');
      expect(await valkey.get('a')).toBe(null);
      valkey.set('b', Buffer.from('x'), 60_000);
      await kept(valkey, 'b');
      await rawly(`COPY patchbay:${name}:b patchbay:${name}:c`, `SET patchbay:${name}:d anything`, `LPUSH patchbay:${name}:e list`);
      for (const key of ['c', 'd', 'e']) expect(await valkey.get(key)).toBe(null);
    });

    test('of another installation of the same keys lie under its own name', async () => {
      const { valkey } = await openUp();
      valkey.set('a', Buffer.from('x'), 60_000);
      await kept(valkey, 'a');
      name = `${name}-other`;
      expect(await (await openUp()).valkey.get('a')).toBe(null);
    });

    test('more than may be under way are not sent, and nothing is held for later', async () => {
      const { valkey } = await openUp();
      const large = Buffer.alloc(underWayBytesMax / 4, 1);
      for (const at of [1, 2, 3, 4, 5]) valkey.set(`large${at}`, large, 60_000);
      valkey.set('small', Buffer.from('x'), 60_000);
      await kept(valkey, 'small');
      expect(await rawly(`EXISTS patchbay:${name}:large5`)).toContain(':0');
      valkey.set('later', large, 60_000);
      await kept(valkey, 'later');
    });
  });

  describe('word', () => {
    test('is heard by all others, in its order, and not by whoever tells it', async () => {
      const all = [await openUp(), await openUp(), await openUp()];
      const heard = all.map(({ valkey }) => {
        const mine: unknown[] = [];
        valkey.hear('count', (message) => mine.push(message));
        return mine;
      });
      for (let at = 0; at < 50; at++) all[0]!.valkey.tell('count', at);
      await until(() => heard.slice(1).every((mine) => mine.length === 50), 'all is heard');
      expect(heard).toEqual([[], ...[1, 2].map(() => Array.from({ length: 50 }, (_, at) => at))]);
    });

    test('of a topic that nobody knows, forged, or too long does nothing, and the next is heard', async () => {
      const [one, other] = [await openUp(), await openUp()];
      const heard: unknown[] = [];
      other.valkey.hear('known', (message) => heard.push(message));
      one.valkey.tell('unknown', 1);
      one.valkey.tell('known', 'x'.repeat(wordBytesMax));
      await rawly(`PUBLISH patchbay:${name}:word {"from":"x","topic":"known","message":2}`, `PUBLISH patchbay:${name}:word ""`);
      one.valkey.tell('known', 3);
      await until(() => heard.length > 0, 'it is heard');
      expect(heard).toEqual([3]);
    });

    test('that a listener stumbles over is told to the operator, and the next is heard', async () => {
      const [one, other] = [await openUp(), await openUp()];
      const heard: unknown[] = [];
      other.valkey.hear('known', (message) => {
        if (message === null) throw new Error('not understood');
        heard.push(message);
      });
      one.valkey.tell('known', null);
      one.valkey.tell('known', 1);
      await until(() => heard.length > 0, 'it is heard');
      expect(other.lines.map(({ msg }) => msg)).toContain('word of another instance was not understood');
    });

    test('that is sealed, but is no word, does nothing', async () => {
      const { valkey, lines } = await openUp();
      const box = createSharedBox([master], ids);
      const heard: unknown[] = [];
      valkey.hear('known', (message) => heard.push(message));
      const other = await openUp();
      const publish = async (text: string): Promise<void> => {
        const bytes = box.seal(Buffer.from(text), `patchbay:${name}:word`);
        const socket = connect({ host: '127.0.0.1', port: server.port });
        socket.write(
          Buffer.concat([
            Buffer.from(`*3\r\n$7\r\nPUBLISH\r\n$${name.length + 14}\r\npatchbay:${name}:word\r\n$${bytes.length}\r\n`),
            bytes,
            Buffer.from('\r\n'),
          ]),
        );
        await new Promise((resolve) => socket.once('data', resolve));
        socket.destroy();
      };
      for (const text of ['{}', '{"from":1,"topic":"known"}', '{"from":"x","topic":7}', 'no json']) await publish(text);
      other.valkey.tell('known', 1);
      await until(() => heard.length > 0, 'it is heard');
      expect(heard).toEqual([1]);
      expect(lines.map(({ msg }) => msg)).toContain('word of another instance was not understood');
    });
  });

  describe('a server that is not well', () => {
    test('is not there at the start: nothing waits, it is said once, and used when it comes', async () => {
      const away = await startRedis();
      await away.kill();
      const { valkey, lines } = await open({ url: away.url.replace('redis://', 'redis://user:hidden-word@') });
      await until(() => lines.length > 0, 'it is said');
      expect(await valkey.get('a')).toBe(null);
      valkey.set('a', Buffer.from('x'), 60_000);
      valkey.tell('word', 1);
      expect(valkey.isUp()).toBe(false);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ level: 40, reason: 'ECONNREFUSED' });
      expect(JSON.stringify(lines)).not.toContain('hidden-word');
      valkey.close();
      await away.stop();
    });

    test('refuses the password: said without it', async () => {
      const { lines, valkey } = await open({ url: server.url.replace('redis://', 'redis://nobody:hidden-word@') });
      await until(() => lines.length > 0, 'it is said');
      expect(lines[0]).toMatchObject({ level: 40, reason: 'WRONGPASS' });
      expect(JSON.stringify(lines)).not.toContain('hidden-word');
      expect(valkey.isUp()).toBe(false);
    });

    test('dies and comes back empty: what it had is gone, word is heard again, and that is told', async () => {
      const own = await startRedis();
      const [one, other] = [await openUp({ url: own.url }), await openUp({ url: own.url })];
      const heard: unknown[] = [];
      let times = 0;
      other.valkey.hear('word', (message) => heard.push(message));
      other.valkey.onBack(() => times++);
      one.valkey.set('a', Buffer.from('x'), 60_000);
      await kept(other.valkey, 'a');
      await own.kill();
      await until(() => !one.valkey.isUp() && !other.valkey.isUp(), 'it is missed');
      expect(await one.valkey.get('a')).toBe(null);
      await own.restart();
      await Promise.all([isUp(one.valkey), isUp(other.valkey)]);
      expect(await one.valkey.get('a')).toBe(null);
      await until(() => times === 1, 'word may have been missed');
      one.valkey.tell('word', 'again');
      await until(() => heard.length > 0, 'it is heard');
      expect(one.lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('does not answer'), 'Valkey answers again']);
      await own.stop();
    });

    test('hangs: after five that were waited for nothing is asked any more, and it is used again once it goes on', async () => {
      const own = await startRedis();
      const { valkey, lines, skew } = await openUp({ url: own.url, limitMs: answerLimitMs });
      own.pause();
      for (let count = 0; count < 5; count++) expect(await valkey.get('a')).toBe(null);
      expect(valkey.isUp()).toBe(false);
      expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('does not answer')]);
      // Nothing is sent now, so nothing piles up for a server that does not read.
      for (let count = 0; count < 100; count++) valkey.set(`k${count}`, Buffer.alloc(1_000_000), 60_000);
      own.resume();
      skew.ms += 5_000;
      await until(async () => {
        valkey.set('b', Buffer.from('x'), 60_000);
        return (await valkey.get('b')) !== null;
      }, 'it is used again');
      await own.stop();
    });

    test('hangs where only word is heard: the line is found dead, and made anew', async () => {
      const own = await startRedis();
      const { valkey, beat } = await openUp({ url: own.url });
      let times = 0;
      valkey.onBack(() => times++);
      beat();
      expect(valkey.isUp()).toBe(true);
      own.pause();
      beat();
      await until(() => !valkey.isUp(), 'it is found dead');
      own.resume();
      await isUp(valkey);
      expect(times).toBe(1);
      await own.stop();
    });

    test('hangs while nobody asks for anything: the heartbeat finds that it is well again', async () => {
      const own = await startRedis();
      const { valkey, lines, skew, beat } = await openUp({ url: own.url, limitMs: answerLimitMs });
      own.pause();
      for (let count = 0; count < 5; count++) await valkey.get('a');
      own.resume();
      skew.ms += 5_000;
      await until(() => (beat(), valkey.isUp()), 'it is well again');
      expect(lines.at(-1)!['msg']).toBe('Valkey answers again');
      await own.stop();
    });

    test('lets nobody subscribe: values are kept all the same, and once it is allowed, word is heard', async () => {
      const own = await startRedis();
      const { valkey, lines, beat } = await openUp({ url: own.url });
      const set = (rule: string): Promise<unknown> => sayTo(own.port, `ACL SETUSER default ${rule}`);
      await set('resetchannels');
      await sayTo(own.port, 'CLIENT KILL TYPE pubsub');
      await until(() => lines.some(({ reason }) => reason === 'NOPERM'), 'it is said');
      valkey.set('a', Buffer.from('x'), 60_000);
      await kept(valkey, 'a');
      expect(valkey.isUp()).toBe(false);
      beat();
      await set('allchannels');
      await until(() => (beat(), valkey.isUp()), 'word is heard');
      await own.stop();
    });

    test('is full: what cannot be kept is not kept, and what is asked of it is answered', async () => {
      const own = await startRedis();
      const { valkey } = await openUp({ url: own.url });
      await sayTo(own.port, 'CONFIG SET maxmemory 1');
      for (let count = 0; count < 3; count++) valkey.set('a', Buffer.from('x'), 60_000);
      expect(await sayTo(own.port, 'SET a x')).toContain('OOM');
      expect([await valkey.get('a'), valkey.isUp()]).toEqual([null, true]);
      await own.stop();
    });
  });

  test('is looked at from outside: that it answers, or why not, never with its password', async () => {
    expect(await valkeyFault(server.url)).toBe(null);
    expect(await valkeyFault(server.url.replace('redis://', 'redis://nobody:hidden-word@'))).toBe('WRONGPASS');
    const away = await startRedis();
    await away.kill();
    expect(await valkeyFault(away.url)).toBe('ECONNREFUSED');
    await away.restart();
    away.pause();
    expect(await valkeyFault(away.url)).toMatch(/^(?:Command|ETIMEDOUT|late)$/);
    away.resume();
    await away.stop();
  });

  test('closed, it asks and hears nothing any more and leaves no connection behind', async () => {
    const { valkey } = await openUp();
    const clients = async (): Promise<number> => (await rawly('CLIENT LIST')).split('name=patchbay').length - 1;
    await until(async () => (await clients()) === 2, 'one asks and one hears');
    valkey.close();
    await until(async () => (await clients()) === 0, 'both are gone');
    expect(await valkey.get('a')).toBe(null);
    expect(valkey.isUp()).toBe(false);
  });
});
