/**
 * What instances of one installation leave for each other in Valkey (or Redis): values that may be gone, and word of what one of them found.
 * Never truth: a server that is away, frozen or emptied costs time that is bounded here, and nothing else.
 */
import type { Redis, RedisOptions } from 'ioredis';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

/** An answer that takes longer is not waited for: what it would spare is not worth more (`reliability-and-security.md`, table of limits). */
export const answerLimitMs = 50;
/** Faults in a row after which nothing is asked for a while. */
export const faultsToRest = 5;
export const restMs = 5_000;
/** Bytes on their way to the server; more is not sent, since nobody waits for it. */
export const underWayBytesMax = 8 * 1024 * 1024;
/** Word of one thing. Whatever is longer was not meant to be one. */
export const wordBytesMax = 64 * 1024;
const connectLimitMs = 2_000;
/** A connection that hears word is silent for hours, so it is asked whether it still is one. */
const heartbeatMs = 5_000;
const reconnectMsMin = 100;
const reconnectMsMax = 5_000;

/** Seals and opens what leaves this process, bound to its place; null for what none of this installation sealed. */
export interface Sealing {
  seal(contents: Uint8Array, place: string): Buffer;
  open(bytes: Uint8Array, place: string): Buffer | null;
}

export interface ValkeyOptions {
  url: string;
  /** Of the installation: what begins with another name is another's. */
  name: string;
  /** Of this process: its own word comes back to it and is not heard. */
  instance: string;
  sealing: Sealing;
  clock: Clock;
  log: Log;
  /** Another `answerLimitMs`. */
  limitMs?: number;
}

export interface Valkey {
  /** Null where there is none, and where the server does not answer in time. Never rejects. */
  get(key: string): Promise<Buffer | null>;
  /** Nobody is told whether it is kept. @param ttlMs at least 1 */
  set(key: string, value: Uint8Array, ttlMs: number): void;
  /** Tells every other instance that hears at this moment. `message` is written as JSON. */
  tell(topic: string, message: unknown): void;
  /** Hears what others tell. What they say was sealed by this installation, but maybe by another release of it. */
  hear(topic: string, listener: (message: unknown) => void): void;
  /** Runs whenever word can be told and heard (again): what was told before was missed, here and by others. */
  onBack(run: () => void): void;
  /** Whether it is asked now, and word is heard. */
  isUp(): boolean;
  close(): void;
}

/** Connects by itself, again and again, and does not wait for it: the house stands without it. */
export async function openValkey(options: ValkeyOptions): Promise<Valkey> {
  // Its code is read only where it is used.
  const { Redis } = await import('ioredis');
  return valkeyWith(new Redis(options.url, clientOptions), new Redis(options.url, clientOptions), options);
}

/** Whether a server answers there: null, or why not, in one word. For a look from outside; nothing is left open. */
export async function valkeyFault(url: string): Promise<string | null> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url, { ...clientOptions, lazyConnect: true, retryStrategy: () => null });
  let fault: unknown = null;
  client.on('error', (error) => (fault ??= error));
  try {
    await client.connect();
    await client.ping();
    return null;
  } catch (error) {
    // The first thing that went wrong says more than that the line is closed.
    return reasonOf(fault ?? error);
  } finally {
    client.disconnect();
  }
}

function valkeyWith(
  asking: Redis,
  hearing: Redis,
  { name, instance, sealing, clock, log, limitMs = answerLimitMs }: ValkeyOptions,
): Valkey {
  const channel = `patchbay:${name}:word`;
  const listeners = new Map<string, (message: unknown) => void>();
  const returns: (() => void)[] = [];
  const pulse = createPulse(asking, hearing, { channel, clock, log, onBack: () => returns.forEach((run) => run()) });
  const keyOf = (key: string): string => `patchbay:${name}:${key}`;
  let underWayBytes = 0;

  /** Sent without anybody waiting for it. */
  const send = (bytes: number, run: () => Promise<unknown>): void => {
    if (underWayBytes + bytes > underWayBytesMax) return;
    underWayBytes += bytes;
    void pulse.counted(run).finally(() => (underWayBytes -= bytes));
  };
  hearing.on('messageBuffer', (_channel: Buffer, bytes: Buffer) => {
    try {
      const word = bytes.length <= wordBytesMax ? wordIn(sealing.open(bytes, channel)) : null;
      if (word !== null && word.from !== instance) listeners.get(word.topic)?.(word.message);
    } catch (error) {
      // Another release may say what this one does not understand; the house goes on.
      log.warn({ err: error }, 'word of another instance was not understood');
    }
  });
  return {
    async get(key) {
      if (!pulse.mayAsk()) return null;
      const bytes = await pulse.counted(() => within(clock, limitMs, asking.getBuffer(keyOf(key))));
      return bytes ? sealing.open(bytes, key) : null;
    },
    set(key, value, ttlMs) {
      if (!pulse.mayAsk()) return;
      const bytes = sealing.seal(value, key);
      send(bytes.length, () => asking.set(keyOf(key), bytes, 'PX', Math.ceil(ttlMs)));
    },
    tell(topic, message) {
      if (!pulse.mayAsk()) return;
      const bytes = sealing.seal(Buffer.from(JSON.stringify({ from: instance, topic, message })), channel);
      if (bytes.length <= wordBytesMax) send(bytes.length, () => asking.publish(channel, bytes));
    },
    hear: (topic, listener) => void listeners.set(topic, listener),
    onBack: (run) => void returns.push(run),
    isUp: () => pulse.isUp(),
    close: () => pulse.close(),
  };
}

const clientOptions: RedisOptions = {
  // For what nobody waits for; the first words of a connection are among it.
  commandTimeout: connectLimitMs,
  connectTimeout: connectLimitMs,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  connectionName: 'patchbay',
  retryStrategy: (times) => Math.min(reconnectMsMin * 2 ** Math.min(times, 10), reconnectMsMax),
  // A replica that was the primary before: the name leads to the new one.
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
};

/** Rejects when it is late. What a busy process has not read yet is not late: its sockets are looked at once more. */
function within<T>(clock: Clock, limitMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer = clock.after(limitMs, () => {
      timer = clock.after(0, () => reject(Object.assign(new Error('late'), { code: 'late' })));
    });
    void answer.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** What the operator hears of it: that it is away, once, and that it is back. */
function createTeller(log: Log) {
  /** Why it is away, as was told last; null while it is not. */
  let saidReason: string | null = null;
  return {
    away(error: unknown): void {
      const reason = reasonOf(error);
      // One line for all that a line that is down brings with it; what the server itself refuses is another matter.
      const isNews = saidReason === null || (reason !== saidReason && (error as Error).name === 'ReplyError');
      if (!isNews) return;
      saidReason = reason;
      log.warn({ reason }, 'Valkey does not answer: answers and word of the other instances are missed until it does');
    },
    back(): void {
      if (saidReason !== null) log.info('Valkey answers again');
      saidReason = null;
    },
  };
}

type PulseOptions = Pick<ValkeyOptions, 'clock' | 'log'> & { channel: string; onBack: () => void };

/** Whether the server is well: after some faults in a row it is left alone for a while, and its connection is made anew. */
function createPulse(asking: Redis, hearing: Redis, { channel, clock, log, onBack }: PulseOptions) {
  let faults = 0;
  let restUntilMs = 0;
  /** It answers and word is heard, as far as is known. */
  let isWell = false;
  let isSubscribed = false;
  let isClosed = false;
  const told = createTeller(log);
  const mayAsk = (): boolean => asking.status === 'ready' && clock.monotonicMs() >= restUntilMs;
  const away = (error: unknown): void => {
    isWell = false;
    if (!isClosed) told.away(error);
  };
  const failed = (error: unknown): void => {
    if (isClosed || ++faults < faultsToRest) return;
    faults = 0;
    restUntilMs = clock.monotonicMs() + restMs;
    away(error);
    // What waits in its line is of no use to anybody any more.
    if (asking.status === 'ready') asking.disconnect(true);
  };
  const well = (): void => {
    faults = 0;
    if (isWell || !isSubscribed) return;
    isWell = true;
    told.back();
    onBack();
  };
  const look = (): void => {
    if (!isWell && mayAsk()) void counted(() => asking.ping());
  };
  const subscribe = (): void => {
    hearing.subscribe(channel).then(() => {
      isSubscribed = true;
      look();
    }, away);
  };
  for (const client of [asking, hearing]) client.on('error', away).on('close', () => away({ code: 'closed' }));
  asking.on('ready', look);
  hearing.on('ready', subscribe).on('close', () => (isSubscribed = false));
  const heartbeat = clock.every(heartbeatMs, () => {
    if (hearing.status === 'ready' && !isSubscribed) subscribe();
    else if (isSubscribed) hearing.ping().catch(() => isClosed || hearing.disconnect(true));
    // Where nobody asks for anything, nobody else would find that it is well again.
    look();
  });
  /** Null where it fails. */
  async function counted<T>(run: () => Promise<T>): Promise<T | null> {
    try {
      const answer = await run();
      well();
      return answer;
    } catch (error) {
      failed(error);
      return null;
    }
  }
  return {
    mayAsk,
    counted,
    isUp: (): boolean => isWell && mayAsk(),
    close(): void {
      isClosed = true;
      heartbeat.cancel();
      asking.disconnect();
      hearing.disconnect();
    },
  };
}

const reasonOf = (error: unknown): string => {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message).split(' ', 1)[0]!;
};

interface Word {
  from: string;
  topic: string;
  message: unknown;
}

function wordIn(bytes: Buffer | null): Word | null {
  if (bytes === null) return null;
  const { from, topic, message } = JSON.parse(bytes.toString('utf8')) as Partial<Word>;
  return typeof from === 'string' && typeof topic === 'string' ? { from, topic, message } : null;
}
