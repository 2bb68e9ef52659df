/** Callers who leave, and callers who read slowly: the provider is stopped at once, memory stays bounded, and the books say what was used. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requestsInFlight } from '../../src/gateway/admit.ts';
import {
  chunk,
  doneEvent,
  finishEvent,
  holding,
  holdingBetween,
  plain,
  roleEvent,
  sse,
  startFakeProvider,
  usageEvent,
  whole,
  words,
  type Answer,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { movingClock } from '../support/moving-clock.ts';
import { message, openRig, readStream, type Rig, type Row } from './rig.ts';
import { roomIn, turns, until } from '../support/wait.ts';

const clock = movingClock();
let rig: Rig;
let fake: FakeProvider;
let key = '';
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig({ clock }), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, isDefault: true });
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.answer(plain);
  fake.received.length = 0;
});

const begun = [roleEvent, sse(chunk({ content: 'Once upon ' }))];
const rest = [finishEvent, usageEvent, doneEvent];

interface Caller {
  sent: ClientRequest;
  response: Promise<IncomingMessage>;
}

function call(body: Record<string, unknown>): Caller {
  const sent = httpRequest(`${rig.url}/v1/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  });
  const response = new Promise<IncomingMessage>((resolve) => sent.on('response', resolve));
  sent.on('error', () => undefined);
  sent.end(JSON.stringify({ messages: message(), ...body }));
  return { sent, response };
}

const firstData = (response: IncomingMessage): Promise<string> =>
  new Promise((resolve) => response.once('data', (part: Buffer) => resolve(String(part))));

async function lastRow(): Promise<Row> {
  const rows = await rig.rows();
  return rows.at(-1)!;
}

/** No clock is moved meanwhile: what stops a provider is the caller who leaves, and none of the house's timers. */
const untilStopped = (): Promise<void> => until(() => (fake.received.at(-1)?.abortedAtMs ?? null) !== null, 'the provider was stopped');

describe('a caller who leaves', () => {
  test.each([
    ['a whole answer', false],
    ['a stream', true],
  ])('before the first byte of %s stops the provider, and is booked as partial with the prompt that was sent', async (_name, isStream) => {
    fake.answer(holding(plain));
    const { sent } = call({ stream: isStream });
    await until(() => fake.received.length === 1, 'the request arrived');
    sent.destroy();
    await untilStopped();
    await until(() => requestsInFlight() === 0, 'the request ended');
    expect(await lastRow()).toMatchObject({
      state: 'partial',
      reason: 'client_closed',
      status: 499,
      isLast: true,
      isEstimated: true,
      tokensOut: 0,
      isStream,
    });
    expect((await lastRow()).tokensIn).toBeGreaterThan(0);
    expect(fake.received).toHaveLength(1);
    fake.release();
  });

  test('after the first words stops the provider, and is booked with what was said', async () => {
    fake.answer(holdingBetween(begun, rest));
    const { sent, response } = call({ stream: true });
    expect(await firstData(await response)).toContain('Once upon ');
    sent.destroy();
    await untilStopped();
    await until(() => requestsInFlight() === 0, 'the request ended');
    const row = await lastRow();
    expect(row).toMatchObject({
      state: 'partial',
      reason: 'client_closed',
      isEstimated: true,
      tokensOut: Math.ceil('Once upon '.length / 4),
    });
    expect(row.cost).toBeGreaterThan(0);
    fake.release();
  });

  test('in the middle of a tool call is no different', async () => {
    fake.answer(
      holdingBetween(
        [roleEvent, sse(chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'look', arguments: '{"pla' } }] }))],
        rest,
      ),
    );
    const { sent, response } = call({ stream: true });
    await firstData(await response);
    sent.destroy();
    await untilStopped();
    await until(() => requestsInFlight() === 0, 'the request ended');
    expect(await lastRow()).toMatchObject({ state: 'partial', reason: 'client_closed', tokensOut: Math.ceil('look{"pla'.length / 4) });
    fake.release();
  });

  test('while a retry is waited for is not asked for again', async () => {
    fake.answer(({ response }) => void response.writeHead(429, { 'retry-after': '10', 'content-type': 'application/json' }).end('{}'));
    const { sent } = call({});
    await until(() => fake.received[0]?.isAnswered === true, 'the request was answered');
    // The answer lies in a socket of this process: a few turns, and the time that it asks for is being waited.
    await turns();
    expect(requestsInFlight()).toBe(1);
    const leftMs = clock.monotonicMs();
    sent.destroy();
    // Who left holds no place in limits until the time is over.
    await until(() => requestsInFlight() === 0, 'the request ended');
    expect(clock.monotonicMs() - leftMs).toBeLessThan(8_000);
    clock.move(10_000);
    await turns();
    expect(fake.received).toHaveLength(1);
    const rows = await rig.rows();
    const mine = rows.filter((row) => row.requestId === rows.at(-1)!.requestId);
    expect(mine.filter((row) => row.isLast)).toHaveLength(1);
    expect(mine.at(-1)).toMatchObject({ tokensIn: 0, tokensOut: 0 });
  });

  test('before the body was sent leaves nothing: no call, no row, nothing in flight', async () => {
    const before = (await rig.rows()).length;
    const socket: Socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"messages":`,
    );
    await turns();
    socket.destroy();
    await turns();
    expect(fake.received).toEqual([]);
    expect((await rig.rows()).length).toBe(before);
    expect(requestsInFlight()).toBe(0);
  });

  test('is never counted against the connection', async () => {
    fake.answer(holding(plain));
    for (let count = 0; count < 7; count++) {
      const { sent } = call({});
      await until(() => fake.received.length === count + 1, 'the request arrived');
      sent.destroy();
      await untilStopped();
    }
    const [id] = rig.deps.keeper.snapshot.connections.keys();
    expect(rig.deps.health.rank(id!)).toBe(0);
    fake.release();
  });

  test('a hundred at once leave nothing in flight, and a closed row each', async () => {
    const before = (await rig.rows()).length;
    fake.answer(holdingBetween(begun, rest));
    const callers = Array.from({ length: 100 }, () => call({ stream: true }));
    await Promise.all(callers.map(async ({ response }) => firstData(await response)));
    for (const { sent } of callers) sent.destroy();
    await until(() => requestsInFlight() === 0, 'all ended');
    await until(() => fake.received.every((one) => one.abortedAtMs !== null), 'all providers stopped');
    const rows = (await rig.rows()).slice(before);
    expect(rows).toHaveLength(100);
    expect(new Set(rows.map((row) => `${row.state} ${row.reason}`))).toEqual(new Set(['partial client_closed']));
    fake.release();
  });
});

interface Poured {
  bytes: number;
}

/** Waits until nothing more flows: all buffers between the provider and a caller who does not read are full. */
async function untilStuck(poured: readonly Poured[]): Promise<number> {
  let before = 0;
  await until(async () => {
    await turns();
    const now = poured.reduce((bytes, one) => bytes + one.bytes, 0);
    const isStuck = now > 0 && now === before;
    before = now;
    return isStuck;
  }, 'all buffers are full');
  return before;
}

/** Streams events of 16 KiB until somebody stops it, at the pace of its reader, and counts what it could hand over. */
function torrent(counted: Poured, bytesMax: number): Answer {
  const event = sse(chunk({ content: 'x'.repeat(16_384) }));
  return async ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    while (counted.bytes < bytesMax && !response.destroyed) {
      counted.bytes += event.length;
      if (!response.write(event)) await roomIn(response);
    }
    response.end(rest.join(''));
  };
}

describe('a caller who reads slowly', () => {
  test('slows the provider down: what lies between them is bounded', async () => {
    const counted = { bytes: 0 };
    fake.answer(torrent(counted, 64 * 1024 * 1024));
    const { response, sent } = call({ stream: true });
    (await response).pause();
    // Buffers of the kernel, of two sockets and of ours; without back-pressure all 64 MiB would have come.
    expect(await untilStuck([counted])).toBeLessThan(16 * 1024 * 1024);
    sent.destroy();
    await untilStopped();
  });

  test("who reads on in time gets everything; the silence was not the provider's", async () => {
    const counted = { bytes: 0 };
    fake.answer(torrent(counted, 24 * 1024 * 1024));
    const { response } = call({ stream: true });
    const answer = await response;
    const parts: Buffer[] = [];
    let bytes = 0;
    answer.on('data', (part: Buffer) => (bytes += parts.push(part) && part.length));
    for (let round = 1; round <= 3; round++) {
      await until(() => bytes >= round * 6 * 1024 * 1024, 'some of it was read');
      answer.pause();
      await untilStuck([counted]);
      // Longer than a provider may be silent, shorter than a reader may.
      clock.move(rig.deps.timeouts.idleMs + 10_000);
      await turns();
      answer.resume();
    }
    await new Promise((resolve) => answer.on('close', resolve));
    const read = readStream(Buffer.concat(parts).toString('utf8'));
    expect(read).toMatchObject({ isDone: true, error: null });
    expect(read.content.length).toBeGreaterThanOrEqual(Math.floor((24 * 1024 * 1024) / (16_384 + 400)) * 16_384);
    await until(() => requestsInFlight() === 0, 'the request ended');
    expect(await lastRow()).toMatchObject({ state: 'settled', reason: null });
  });

  test('who reads nothing at all is dropped after a while, and the provider with them', async () => {
    const counted = { bytes: 0 };
    fake.answer(torrent(counted, 64 * 1024 * 1024));
    const { response } = call({ stream: true });
    (await response).pause();
    await untilStuck([counted]);
    clock.move(rig.deps.timeouts.readerMs - 10_000);
    await turns();
    expect(requestsInFlight()).toBe(1);
    clock.move(10_000);
    await until(() => requestsInFlight() === 0, 'the caller was dropped');
    expect(await lastRow()).toMatchObject({ state: 'partial', reason: 'client_closed' });
  });

  test('fifty of them cost less memory than fifty answers', async () => {
    const counted = Array.from({ length: 50 }, () => ({ bytes: 0 }));
    fake.answer(...counted.map((one) => torrent(one, 16 * 1024 * 1024)), plain);
    const before = process.memoryUsage().rss;
    const callers = counted.map(() => call({ stream: true }));
    for (const { response } of callers) (await response).pause();
    await untilStuck(counted);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
    for (const { sent } of callers) sent.destroy();
    await until(() => requestsInFlight() === 0, 'all ended');
  });
});

describe('callers in a queue on one line', () => {
  test('two requests on one kept line are two answers, each with its own id', async () => {
    fake.answer(whole(), whole());
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
    const body = JSON.stringify({ messages: message() });
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    let text = '';
    socket.on('data', (part: Buffer) => (text += String(part)));
    socket.write(head + head);
    await until(() => text.split(words.join('')).length === 3, 'both were answered');
    const requestIds = [...text.matchAll(/x-request-id: (\S+)/g)].map(([, id]) => id);
    expect(new Set(requestIds).size).toBe(2);
    socket.destroy();
  });
});
