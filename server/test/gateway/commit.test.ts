/** The commit point: until something was said another provider may be asked unseen; after it, never; and waiting callers are kept alive. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  chunk,
  holding,
  holdingBetween,
  plain,
  refusing,
  roleEvent,
  sse,
  startFakeProvider,
  streaming,
  streamEvents,
  words,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { movingClock } from '../support/moving-clock.ts';
import { errorOf, message, openRig, readStream, type Rig } from './rig.ts';
import { until } from '../support/wait.ts';

const clock = movingClock();
let rig: Rig;
let first: FakeProvider;
let second: FakeProvider;
let third: FakeProvider;
let key = '';
let firstId = '';
let secondId = '';
beforeAll(async () => {
  [rig, first, second, third] = await Promise.all([openRig({ clock }), startFakeProvider(), startFakeProvider(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  const ids: string[] = [];
  for (const [index, fake] of [first, second, third].entries())
    ids.push((await rig.connect({ name: `Line ${index}`, baseUrl: fake.baseUrl, model: 'shared' })).id);
  [firstId, secondId] = ids as [string, string];
});
afterAll(async () => {
  await rig.close();
  await Promise.all([first, second, third].map((fake) => fake.close()));
});
beforeEach(() => {
  for (const fake of [first, second, third]) {
    fake.answer(plain);
    fake.received.length = 0;
  }
  // What an earlier test did to a line must not reorder this one's.
  for (const id of rig.deps.keeper.snapshot.connections.keys()) rig.deps.health.forget(id);
});

const stream = { model: 'shared', messages: message(), stream: true };
const begun = [roleEvent, sse(chunk({ content: 'Once upon ' }))];

describe('before anything was said', () => {
  test('an error first in the stream is answered by the next provider, unseen', async () => {
    first.answer(streaming([sse({ error: { message: 'overloaded', type: 'overloaded_error' } })]));
    const said = await rig.ask(key, stream);
    expect(readStream(said.text)).toMatchObject({ content: words.join(''), isDone: true, error: null });
    expect(said.headers).toMatchObject({ 'x-patchbay-connection': secondId, 'x-patchbay-attempts': '3' });
    expect(said.text).not.toContain('overloaded');
  });

  test('the role alone is not an answer: what came with it is forgotten', async () => {
    first.answer(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(sse(chunk({ role: 'assistant', content: '' }, null, { system_fingerprint: 'OF-THE-FIRST' })));
      await until(() => response.writableLength === 0, 'the role was sent');
      response.destroy();
    });
    const said = await rig.ask(key, stream);
    expect(readStream(said.text).content).toBe(words.join(''));
    expect(said.text).not.toContain('OF-THE-FIRST');
  });

  test('each attempt is a row of its own, and the last one stands for the request', async () => {
    first.answer(refusing(401));
    second.answer(refusing(404, { error: { message: 'no such model', code: 'model_not_found' } }));
    const said = await rig.ask(key, { ...stream, stream: false });
    expect(said.status).toBe(200);
    const rows = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(rows.map(({ attemptNo, isLast, reason, status, tokensIn }) => [attemptNo, isLast, reason, status, tokensIn])).toEqual([
      [1, false, 'auth', 502, 0],
      [2, false, 'model_not_found', 404, 0],
      [3, true, null, 200, 11],
    ]);
  });

  test('when all fail, the failure of the last one is told', async () => {
    first.answer(refusing(401));
    second.answer(refusing(401));
    third.answer(refusing(429, { error: { message: 'slow down', code: 'rate_limit_exceeded' } }, { 'retry-after': '30' }));
    const said = await rig.ask(key, stream);
    expect(said.status).toBe(429);
    expect(said.headers).toMatchObject({ 'retry-after': '30', 'x-patchbay-attempts': '3', 'x-should-retry': 'false' });
    expect(errorOf(said).code).toBe('upstream_rate_limited');
  });

  test('a request makes at most four attempts', async () => {
    for (const fake of [first, second, third]) fake.answer(refusing(500));
    const said = await rig.ask(key, stream);
    expect(said.headers['x-patchbay-attempts']).toBe('4');
    expect(first.received.length + second.received.length + third.received.length).toBe(4);
    expect((await rig.rowsOf(String(said.headers['x-request-id']))).map((row) => row.isLast)).toEqual([false, false, false, true]);
  });

  test('a refused request is not carried elsewhere: it would be refused everywhere', async () => {
    first.answer(refusing(400, { error: { message: 'bad', type: 'invalid_request_error' } }));
    expect((await rig.ask(key, stream)).status).toBe(400);
    expect(second.received).toEqual([]);
  });

  test('a provider that fails again and again goes to the end of the line, and is asked again after a while', async () => {
    first.answer(refusing(500));
    for (let count = 0; count < 3; count++) await rig.ask(key, stream);
    first.received.length = 0;
    const said = await rig.ask(key, stream);
    expect(said.headers).toMatchObject({ 'x-patchbay-connection': secondId, 'x-patchbay-attempts': '1' });
    expect(first.received).toEqual([]);
  });

  test('when all rest, they are asked all the same: trying beats refusing', async () => {
    for (const id of rig.deps.keeper.snapshot.connections.keys())
      for (let count = 0; count < 5; count++) rig.deps.health.failed(id, 'server_error', null);
    expect((await rig.ask(key, stream)).status).toBe(200);
  });

  test('a changed connection starts with a clean record', async () => {
    for (let count = 0; count < 9; count++) rig.deps.health.failed(firstId, 'server_error', null);
    await rig.change(firstId, { settings: {} });
    expect((await rig.ask(key, stream)).headers['x-patchbay-connection']).toBe(firstId);
  });
});

describe('after the first words', () => {
  test.each([
    [
      'an error event',
      (response: { end(text: string): void }) => response.end(sse({ error: { message: 'secret words of theirs', type: 'server_error' } })),
      'upstream_error',
    ],
    ['the end of the line', (response: { destroy(): void }) => response.destroy(), 'upstream_connection_lost'],
  ] as const)('%s ends the stream with an error, no end mark, and nobody else is asked', async (_name, breakOff, code) => {
    first.answer(async ({ response, held }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(begun.join(''));
      await held();
      (breakOff as (one: typeof response) => void)(response);
    });
    const asking = rig.listen(key, stream);
    // The words reach the caller when they are in the books; only then does the line break.
    await asking.heard('Once upon ');
    first.release();
    const said = await asking.said;
    const read = readStream(said.text);
    expect(read).toMatchObject({
      content: 'Once upon ',
      isDone: false,
      error: { code, type: 'upstream_error', request_id: said.headers['x-request-id'] },
    });
    expect(said.text).not.toContain('secret words');
    expect(first.received.length + second.received.length).toBe(1);
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({ state: 'partial', isLast: true, isEstimated: true }),
    ]);
  });

  test('a provider that falls silent is given up after the idle limit', async () => {
    first.answer(holdingBetween(begun, []));
    const asking = rig.listen(key, stream);
    await asking.heard('Once upon ');
    clock.move(rig.deps.timeouts.idleMs);
    expect(readStream((await asking.said).text)).toMatchObject({
      content: 'Once upon ',
      isDone: false,
      error: { code: 'upstream_stalled' },
    });
    await until(() => first.received[0]!.abortedAtMs !== null, 'the provider was hung up on');
  });
});

describe('while nothing comes', () => {
  /** Waits until the first provider was asked, and lets the line be silent for so long that it is kept alive. */
  async function beat(): Promise<void> {
    await until(() => first.received.length === 1, 'the first provider is asked');
    clock.move(rig.deps.timeouts.heartbeatMs);
  }

  test('comments keep the line alive, and another provider may still be asked', async () => {
    first.answer(holding(plain));
    const asking = rig.listen(key, stream);
    await beat();
    await asking.heard(': keep-alive\n\n');
    clock.move(rig.deps.timeouts.headersMs);
    const said = await asking.said;
    expect(said.text.startsWith(': keep-alive\n\n')).toBe(true);
    expect(readStream(said.text)).toMatchObject({ content: words.join(''), isDone: true, error: null });
    // The head was sent when only one attempt was known; the books know better.
    expect(said.headers['x-patchbay-attempts']).toBe('1');
    expect((await rig.rowsOf(String(said.headers['x-request-id']))).map((row) => row.reason)).toEqual(['headers_timeout', null]);
    first.release();
  });

  test('a failure after they began is told as an event, because the status is gone', async () => {
    first.answer(holding(refusing(401)));
    second.answer(refusing(401));
    third.answer(refusing(401));
    const asking = rig.listen(key, stream);
    await beat();
    await asking.heard(': keep-alive\n\n');
    first.release();
    const said = await asking.said;
    expect(said.status).toBe(200);
    expect(readStream(said.text)).toMatchObject({ content: '', isDone: false, error: { code: 'provider_auth' } });
  });

  test('none are sent into a whole answer, nor once the words flow', async () => {
    first.answer(holding(plain));
    const whole = rig.listen(key, { ...stream, stream: false });
    await beat();
    first.release();
    expect((await whole.said).text).not.toContain('keep-alive');
    first.answer(holdingBetween(begun, streamEvents().slice(1)));
    const flowing = rig.listen(key, stream);
    await flowing.heard('Once upon ');
    clock.move(rig.deps.timeouts.heartbeatMs);
    first.release();
    const { text } = await flowing.said;
    expect(readStream(text)).toMatchObject({ isDone: true, error: null });
    expect(text).not.toContain('keep-alive');
  });

  test('a slow start within the limits is no fault', async () => {
    first.answer(holding(plain));
    const asking = rig.listen(key, stream);
    await beat();
    await asking.heard(': keep-alive\n\n');
    first.release();
    const said = await asking.said;
    expect(said.headers['x-patchbay-connection']).toBe(firstId);
    expect(readStream(said.text)).toMatchObject({ content: words.join(''), isDone: true, error: null });
    expect(first.received).toHaveLength(1);
  });
});

describe('the time of a request is one for all its attempts', () => {
  test('a later attempt gets what is left, not all of it again', async () => {
    // Each would wait for its first byte longer than what is left for the second.
    for (const id of [firstId, secondId]) await rig.change(id, { settings: { timeouts: { firstByteMs: 600_000 } } });
    for (const fake of [first, second]) fake.answer(holding(plain));
    const asking = rig.listen(key, { ...stream, stream: false });
    await until(() => first.received.length === 1, 'the first provider is asked');
    clock.move(600_000);
    await until(() => second.received.length === 1, 'the second provider is asked');
    clock.move(rig.deps.timeouts.totalMs - 600_000);
    expect(errorOf(await asking.said).code).toBe('total_timeout');
    for (const fake of [first, second]) fake.release();
    for (const id of [firstId, secondId]) await rig.change(id, { settings: {} });
  });
});

describe('a line that was closed while it rested (B2)', () => {
  test('200 requests over lines that die on their second use all succeed, each at the cost of one forgiven attempt at most', async () => {
    // The first request on each socket is answered; the next one on it meets a closed line, as after an idle time-out.
    let calls = 0;
    const body =
      '{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}';
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      let carried = 0;
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        if (!bytes.includes('POST ')) return;
        calls++;
        if (carried++ > 0) socket.destroy();
        else socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const racing = await rig.connect({
      name: 'Racing',
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      model: 'racing',
    });
    const statuses = new Map<number, number>();
    let attempts = 0;
    for (let count = 0; count < 200; count++) {
      const said = await rig.ask(key, { model: 'racing', messages: message() });
      statuses.set(said.status, (statuses.get(said.status) ?? 0) + 1);
      attempts += Number(said.headers['x-patchbay-attempts']);
    }
    expect([...statuses]).toEqual([[200, 200]]);
    expect(attempts).toBe(calls);
    expect(calls).toBeGreaterThan(300);
    expect((await rig.rows()).filter((row) => row.connectionId === racing.id)).toHaveLength(calls);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});

// The last of this file: its journal takes no work from here on.
describe('while the house ends', () => {
  test('what fails is not tried again, and is in the books as what it was', async () => {
    first.answer(async ({ response, held }) => {
      await held();
      response.writeHead(500).end();
    });
    const asking = rig.ask(key, { ...stream, stream: false });
    await until(() => first.received.length === 1, 'the first provider was asked');
    const drained = rig.deps.journal.drain(60_000);
    first.release();
    const said = await asking;
    expect([said.status, await drained]).toEqual([502, 0]);
    expect(second.received.length).toBe(0);
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({ state: 'settled', reason: 'server_error', attemptNo: 1, isLast: true }),
    ]);
    expect((await rig.ask(key, { ...stream, stream: false })).status).toBe(503);
  });
});
