/** A disk that is slow to say yes: what waited for it under a failed attempt is never let out, and the books are told to the face before the end. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Intent, Settlement } from '../../src/domain/ledger.ts';
import { complete } from '../../src/gateway/complete.ts';
import type { GatewayDeps, Order, Reply } from '../../src/gateway/order.ts';
import { readRequest } from '../../src/gateway/request.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { chunk, plain, refusing, roleEvent, sse, startFakeProvider, whole, words, type FakeProvider } from '../support/fake-provider.ts';
import { message, openRig, type Rig } from './rig.ts';

let rig: Rig;
let provider: FakeProvider;
let connectionId = '';
beforeAll(async () => {
  [rig, provider] = await Promise.all([openRig(), startFakeProvider()]);
  connectionId = (await rig.connect({ name: 'Line', baseUrl: provider.baseUrl, model: 'shared' })).id;
});
afterAll(async () => {
  await rig.close();
  await provider.close();
});
beforeEach(() => {
  provider.answer(plain);
  provider.received.length = 0;
  rig.deps.health.forget(connectionId);
});

/** The house with a journal whose disk confirms nothing before `confirm` is called. */
function withSlowDisk(): { deps: GatewayDeps; confirm: () => void } {
  const { journal } = rig.deps;
  const waiting: (() => void)[] = [];
  let isConfirming = false;
  const slow: Journal = {
    ...journal,
    append: (...all) => journal.append(...all),
    flush: () => journal.flush(),
    isFull: () => journal.isFull(),
    whenDurable(_seq, durable) {
      if (isConfirming) durable(null);
      else waiting.push(() => durable(null));
    },
  };
  return {
    deps: Object.create(rig.deps, { journal: { value: slow } }) as GatewayDeps,
    confirm() {
      isConfirming = true;
      for (const tell of waiting.splice(0)) tell();
    },
  };
}

interface Heard {
  /** What was said and what was booked, in order. */
  events: string[];
  text(): string;
  ended: Promise<void>;
  reply: Reply;
  settled: { intent: Intent; settlement: Settlement }[];
}

/** @param onBooked hears why an attempt failed, null for one that did not */
function listen(onBooked: (reason: string | null) => void = () => undefined): Heard {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const pieces: string[] = [];
  const heard: Heard = {
    events: [],
    settled: [],
    ended,
    text: () => [...pieces.join('').matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content).join(''),
    reply: {
      isGone: () => false,
      onGone: () => undefined,
      beginStream: () => void heard.events.push('head'),
      write(piece) {
        pieces.push(String(piece));
        return true;
      },
      onDrain: () => undefined,
      drop: () => undefined,
      endStream() {
        heard.events.push('end');
        resolve();
      },
      whole(_headers, body) {
        pieces.push(String(body));
        heard.events.push('whole');
        resolve();
      },
      fail(error) {
        heard.events.push(`fail ${error.code}`);
        resolve();
      },
      booked(intent, settlement) {
        heard.events.push(`booked ${settlement.state} ${settlement.reason ?? 'well'}`);
        heard.settled.push({ intent, settlement });
        onBooked(settlement.reason);
      },
    },
  };
  return heard;
}

function orderOf(isStream: boolean): Order {
  return {
    requestId: rig.deps.ids.uuid(),
    face: 'test',
    purpose: 'chat',
    userId: rig.caller.actor.userId,
    workspaceId: null,
    accessKey: null,
    owners: [
      { scope: 'user', id: rig.caller.actor.userId },
      { scope: 'organization', id: rig.deps.keeper.snapshot.organizationId },
    ],
    asked: 'shared',
    pinnedId: connectionId,
    request: readRequest(Buffer.from(JSON.stringify({ model: 'shared', messages: message(), stream: isStream }))),
    clientRequestId: null,
    atMs: rig.deps.clock.nowMs(),
    startedMs: rig.deps.clock.monotonicMs(),
  };
}

/** Long enough for a word to arrive. */
const arriveMs = 15;

/** Says a word, lets it arrive, and breaks the line. */
const breaking = ({ response }: Parameters<typeof plain>[0]): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(roleEvent + sse(chunk({ content: 'Half an' })));
  setTimeout(() => response.destroy(), arriveMs);
};

describe('a piece that still waits for the disk when its attempt fails', () => {
  test('is never let out, though the disk confirms it while the next attempt is waited for: that one begins anew', async () => {
    // How long is waited is drawn, so once is not enough.
    for (let round = 0; round < 8; round++) {
      rig.deps.health.forget(connectionId);
      provider.answer(breaking, plain);
      const disk = withSlowDisk();
      const heard = listen((reason) => reason !== null && setImmediate(disk.confirm));
      await complete(disk.deps, orderOf(true), heard.reply);
      await heard.ended;
      expect(heard.text()).toBe(words.join(''));
      expect(heard.settled.map(({ settlement }) => [settlement.reason, settlement.isLast])).toEqual([
        ['connection_lost', false],
        [null, true],
      ]);
    }
  });

  test('is dropped with the last attempt, too: the caller hears the failure alone', async () => {
    provider.answer(breaking);
    const disk = withSlowDisk();
    const heard = listen();
    await complete(disk.deps, orderOf(true), heard.reply);
    await heard.ended;
    disk.confirm();
    expect(heard.text()).toBe('');
    expect(heard.events.at(-1)).toMatch(/^fail upstream_connection_lost/);
  });
});

describe('what is booked', () => {
  test.each([true, false])('is told before the end of the answer (stream: %s)', async (isStream) => {
    const disk = withSlowDisk();
    const heard = listen(() => setImmediate(disk.confirm));
    await complete(disk.deps, orderOf(isStream), heard.reply);
    await heard.ended;
    expect(heard.events).toEqual(isStream ? ['booked settled well', 'head', 'end'] : ['booked settled well', 'whole']);
    const [{ intent, settlement }] = heard.settled as [Heard['settled'][number]];
    expect(intent).toMatchObject({ connectionId, model: 'shared', purpose: 'chat', attemptNo: 1 });
    expect(settlement).toMatchObject({ id: intent.id, usage: { tokensIn: 11, tokensOut: 7 }, isLast: true, finishReason: 'stop' });
  });

  test('is told of a failure before the failure itself, once for each attempt, and agrees with the books', async () => {
    provider.answer(refusing(401));
    const heard = listen();
    const order = orderOf(true);
    await complete(rig.deps, order, heard.reply);
    await heard.ended;
    expect(heard.events).toEqual(['booked settled auth', 'fail provider_auth']);
    expect((await rig.rowsOf(order.requestId)).map(({ id, reason }) => [id, reason])).toEqual([[heard.settled[0]!.intent.id, 'auth']]);
  });

  test('nothing is told of what was refused before an attempt', async () => {
    const heard = listen();
    await complete(rig.deps, { ...orderOf(true), pinnedId: rig.deps.ids.uuid() }, heard.reply);
    await heard.ended;
    expect(heard.events).toEqual(['fail connection_not_found']);
  });

  test('a face that does not listen is served all the same', async () => {
    provider.answer(whole());
    const heard = listen();
    await complete(rig.deps, orderOf(false), { ...heard.reply, booked: undefined });
    await heard.ended;
    expect(heard.events).toEqual(['whole']);
  });
});
