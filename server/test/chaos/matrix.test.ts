/** The fault matrix through the front door: every fault alone and beside a healthy connection, asked for whole and as a stream. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requestsInFlight } from '../../src/gateway/admit.ts';
import { faults } from './faults.ts';
import { startChaosProvider, type ChaosProvider } from '../support/chaos-provider.ts';
import type { Fault, Mode, Outcome } from './wire.ts';
import { startFakeProvider, words, type FakeProvider } from '../support/fake-provider.ts';
import { canary, errorOf, message, openRig, readStream, type Rig, type Row, type Said } from '../gateway/rig.ts';
import { movingClock } from '../support/moving-clock.ts';
import { turns, until } from '../support/wait.ts';

const clock = movingClock();
let rig: Rig;
let chaos: ChaosProvider;
let healthy: FakeProvider;
let key = '';
const heard: Said[] = [];

beforeAll(async () => {
  [rig, chaos, healthy] = await Promise.all([openRig({ clock }), startChaosProvider(), startFakeProvider()]);
  // A heartbeat would be the first word of every answer that time has to pass for.
  Object.assign(rig.deps.timeouts, { heartbeatMs: 600_000 });
  key = (await rig.issueKey()).text;
});
afterAll(async () => {
  await rig.close();
  await chaos.close();
  await healthy.close();
});

interface Case {
  fault: Fault;
  mode: Mode;
  token: string;
  model: string;
}

const caseOf = (fault: Fault, mode: Mode, kind: string): Case => ({
  fault,
  mode,
  token: `${mode}-${kind}`,
  model: `${fault.id}-${mode}-${kind}`,
});

const connectIll = ({ fault, token, model }: Case) =>
  rig.connect({
    name: `Ill ${model}`,
    providerId: fault.provider ?? 'openai',
    baseUrl: chaos.baseUrlOf(fault, token),
    model,
  });

/** The limit of the house that ends such a fault; 0 where none has to. */
function waitedFor(outcome: Outcome): number {
  if (outcome.client === 'success') return 0;
  const { headersMs, firstEventMs } = rig.deps.timeouts;
  return { headers_timeout: headersMs, stalled: firstEventMs }[outcome.reason] ?? 0;
}

async function ask(one: Case): Promise<Said> {
  const { mode, model, fault, token } = one;
  const asking = rig.listen(key, { model, messages: message(), max_tokens: 50, stream: mode === 'stream' });
  if (fault.expect.client === 'cut') {
    await asking.heard('Once upon ');
    chaos.tellHeard();
  }
  const waitsMs = fault.waitsMs ?? waitedFor(fault.expect);
  if (waitsMs > 0) {
    await until(() => chaos.callsOf(fault, token) > 0, 'the ill provider is asked');
    // What it has said lies in a socket of this process, and is read before time passes.
    await turns();
    clock.move(waitsMs);
  }
  const said = await asking.said;
  heard.push(said);
  return said;
}

/** What every request leaves behind, whatever happened to it: one closed row per attempt, one of them the last. */
async function closedRows(said: Said): Promise<Row[]> {
  const rows = await rig.rowsOf(String(said.headers['x-request-id']));
  expect(rows.map((row) => row.attemptNo)).toEqual(rows.map((_, index) => index + 1));
  expect(rows.map((row) => row.isLast)).toEqual(rows.map((_, index) => index === rows.length - 1));
  for (const row of rows) {
    expect(['settled', 'partial']).toContain(row.state);
    expect(row.tokensIn).toBeGreaterThanOrEqual(0);
    expect(row.tokensOut).toBeGreaterThanOrEqual(0);
    expect(Number.isSafeInteger(row.tokensIn + row.tokensOut)).toBe(true);
  }
  return rows;
}

function expectSuccess(said: Said, mode: Mode, content?: string): void {
  expect(said.status, said.text).toBe(200);
  if (mode === 'whole') {
    const answer = JSON.parse(said.text) as { choices: { message: { content: string } }[] };
    expect(answer.choices[0]?.message.content).toBe(content ?? words.join(''));
    return;
  }
  const read = readStream(said.text);
  expect(read.error).toBeNull();
  expect(read.isDone).toBe(true);
  expect(read.finishReason).not.toBeNull();
  expect(
    read.events.filter((data) => data.includes('"choices":[]')),
    'nobody asked for a chunk with usage alone',
  ).toEqual([]);
  expect(read.content).not.toContain('AFTERWARDS');
  if (content !== undefined) expect(read.content).toBe(content);
}

/** Faults with a place of their own are not counted by the provider: nothing that it could count ever arrives. */
const triesOf = (one: Case, rows: readonly Row[]): number =>
  one.fault.place === undefined ? chaos.callsOf(one.fault, one.token) : rows.length;

function expectAlone(one: Case, said: Said, rows: readonly Row[]): void {
  const outcome: Outcome = one.fault.expect;
  const last = rows.at(-1)!;
  expect(triesOf(one, rows), 'every call is in the books').toBe(rows.length);
  if (outcome.client === 'success') {
    expectSuccess(said, one.mode, outcome.content);
    expect(rows).toHaveLength(outcome.tries ?? 1);
    expect(last).toMatchObject({ state: 'settled', reason: null, status: 200, isEstimated: outcome.isEstimated ?? false });
    expect(last.tokensIn + last.tokensOut).toBeGreaterThan(0);
    return;
  }
  if (outcome.client === 'refused') {
    expect({ status: said.status, code: errorOf(said).code }).toEqual({ status: outcome.status, code: outcome.code });
    expect(rows).toHaveLength(outcome.tries);
    for (const row of rows) expect(row).toMatchObject({ state: 'settled', reason: outcome.reason, status: outcome.status });
    if (outcome.retryAfterS !== undefined) expect(said.headers['retry-after']).toBe(String(outcome.retryAfterS));
    return;
  }
  expectCut(said, outcome, rows);
}

function expectCut(said: Said, outcome: Extract<Outcome, { client: 'cut' }>, rows: readonly Row[]): void {
  expect(said.status).toBe(200);
  const read = readStream(said.text);
  expect(read.error?.code).toBe(outcome.code);
  expect(read.error?.request_id).toBe(said.headers['x-request-id']);
  expect(read.isDone, 'a broken stream never says that it is complete').toBe(false);
  expect(read.content).toBe('Once upon ');
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ state: 'partial', reason: outcome.reason, isEstimated: true });
  expect(rows[0]!.tokensIn).toBeGreaterThan(0);
  expect(rows[0]!.tokensOut).toBeGreaterThan(0);
}

function expectBesideHealthy(one: Case, said: Said, rows: readonly Row[], healthyId: string, healthyCalls: number): void {
  const outcome: Outcome = one.fault.expect;
  if (outcome.client !== 'cut' && outcome.fallback) {
    expectSuccess(said, one.mode);
    expect(healthyCalls).toBe(1);
    expect(said.headers['x-patchbay-connection']).toBe(healthyId);
    expect(said.headers['x-patchbay-attempts']).toBe(String(rows.length));
    expect(rows.at(-1)).toMatchObject({ connectionId: healthyId, state: 'settled', reason: null, status: 200 });
    const reason = outcome.client === 'refused' ? outcome.reason : 'rate_limited';
    for (const row of rows.slice(0, -1)) expect(row.reason).toBe(reason);
    expect(triesOf(one, rows.slice(0, -1))).toBe(rows.length - 1);
    return;
  }
  expect(healthyCalls, 'nobody else is asked').toBe(0);
  expectAlone(one, said, rows);
}

for (const fault of faults) {
  describe(`${fault.row} ${fault.id}`, () => {
    for (const mode of fault.modes) {
      test(`${mode}, alone: ${fault.expect.client}, and every attempt is booked once`, async () => {
        const one = caseOf(fault, mode, 'alone');
        await connectIll(one);
        const said = await ask(one);
        expect(said.headers['x-request-id']).toBeDefined();
        expectAlone(one, said, await closedRows(said));
      });

      test(`${mode}, beside a healthy connection`, async () => {
        const one = caseOf(fault, mode, 'pair');
        await connectIll(one);
        const second = await rig.connect({ name: `Well ${one.model}`, baseUrl: healthy.baseUrl, model: one.model });
        const before = healthy.received.length;
        const said = await ask(one);
        expect(said.headers['x-request-id']).toBeDefined();
        expectBesideHealthy(one, said, await closedRows(said), second.id, healthy.received.length - before);
      });
    }
  });
}

describe('after all faults', () => {
  test('nothing is in flight, and no socket stays with a provider that misbehaved', async () => {
    expect(requestsInFlight()).toBe(0);
    rig.deps.egress.destroy();
    await until(() => chaos.openSockets() === 0, 'sockets of the chaos provider');
  });

  test('the prototype of every object is as it was', () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('the key of the connections is in no answer, no header, no log line and no row (C13)', async () => {
    expect(heard.length).toBeGreaterThan(faults.length);
    const everything = JSON.stringify([heard, rig.logged, await rig.rows()]);
    for (const form of [
      canary,
      canary.slice(0, 14),
      Buffer.from(canary).toString('base64'),
      Buffer.from(canary).toString('hex'),
      encodeURIComponent(canary),
    ])
      expect(everything).not.toContain(form);
  });

  test('nor in any file that the house has written', () => {
    const files = readdirSync(rig.dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(readFileSync(path.join(file.parentPath, file.name)).includes(canary), file.name).toBe(false);
  });

  test('every answer has a request id, and no two share one', () => {
    const requestIds = heard.map((said) => said.headers['x-request-id']);
    expect(new Set(requestIds).size).toBe(heard.length);
  });

  test('no line of the log is about a fault of ours', () => {
    expect(rig.logged.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
  });
});
