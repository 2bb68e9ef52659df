/** What Prometheus reads of the requests: sums that agree with the books, and labels that name nobody. */
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { heardJournal } from '../../src/app/heard-journal.ts';
import { countRequests } from '../../src/app/request-figures.ts';
import { noTokens, type Intent, type LedgerRecord, type Settlement } from '../../src/domain/ledger.ts';
import type { Journal } from '../../src/journal/journal.ts';

const intent = (id: string, provider: string, requestId = id): { kind: 'intent' } & Intent => ({
  kind: 'intent',
  id,
  atMs: 0,
  requestId,
  attemptNo: 1,
  face: 'openai.chat',
  purpose: 'completion',
  connectionId: 'c',
  provider,
  modelAsked: 'm',
  model: 'secret-model',
  accessKeyId: 'k',
  userId: 'u',
  workspaceId: null,
  isStream: false,
  reservedNanoUsd: 0,
  configRevision: 1,
  clientRequestId: null,
});
const settle = (id: string, change: Partial<Settlement> = {}): { kind: 'settle' } & Settlement => ({
  kind: 'settle',
  id,
  atMs: 0,
  provider: 'openai',
  state: 'settled',
  reason: null,
  status: 200,
  isLast: true,
  usage: { ...noTokens, tokensIn: 10, tokensOut: 5 },
  costNanoUsd: 2_000_000_000,
  prices: null,
  modelReported: null,
  finishReason: 'stop',
  latencyMs: 1500,
  firstByteMs: 300,
  changed: null,
  ...change,
});

async function figuresAfter(records: readonly LedgerRecord[]): Promise<{ text: string; of: (line: string) => number }> {
  const registry = new Registry();
  const figures = countRequests(registry);
  for (const record of records) figures.see(record);
  const text = await registry.metrics();
  return {
    text,
    of: (line) =>
      Number(
        text
          .split('\n')
          .find((one) => one.startsWith(`${line} `))
          ?.slice(line.length) ?? 0,
      ),
  };
}

describe('the figures of the requests', () => {
  test('attempts, tokens, money and times are counted by provider, requests by what came of them', async () => {
    const { of } = await figuresAfter([
      intent('a', 'openai', 'r'),
      settle('a', { isLast: false, reason: 'overloaded', status: 503, usage: noTokens, costNanoUsd: 0, firstByteMs: null }),
      intent('b', 'anthropic', 'r'),
      settle('b', { provider: 'anthropic' }),
      intent('c', 'anthropic'),
      settle('c', { provider: 'anthropic', state: 'partial', reason: 'client_closed', costNanoUsd: null }),
    ]);
    expect(of('patchbay_attempts_total{provider="openai",outcome="failed"}')).toBe(1);
    expect(of('patchbay_attempts_total{provider="anthropic",outcome="ok"}')).toBe(1);
    expect(of('patchbay_attempts_total{provider="anthropic",outcome="partial"}')).toBe(1);
    expect(of('patchbay_requests_total{outcome="ok"}')).toBe(1);
    expect(of('patchbay_requests_total{outcome="partial"}')).toBe(1);
    expect(of('patchbay_requests_total{outcome="failed"}')).toBe(0);
    expect(of('patchbay_tokens_total{provider="anthropic",direction="in"}')).toBe(20);
    expect(of('patchbay_tokens_total{provider="anthropic",direction="out"}')).toBe(10);
    expect(of('patchbay_cost_usd_total{provider="anthropic"}')).toBe(2);
    expect(of('patchbay_attempt_duration_seconds_sum{provider="anthropic"}')).toBe(3);
    expect(of('patchbay_first_byte_seconds_count{provider="openai"}')).toBe(0);
    expect(of('patchbay_first_byte_seconds_count{provider="anthropic"}')).toBe(2);
  });

  test('every attempt is counted once, however many end before anybody reads, and however often it is read', async () => {
    const registry = new Registry();
    const figures = countRequests(registry);
    const attempts = 3_000;
    for (let index = 0; index < attempts; index++) {
      figures.see(intent(`a${index}`, 'openai'));
      figures.see(settle(`a${index}`, { costNanoUsd: 1_000 }));
    }
    const texts = [await registry.metrics(), await registry.metrics()];
    for (const text of texts) {
      expect(text).toContain(`patchbay_attempts_total{provider="openai",outcome="ok"} ${attempts}\n`);
      expect(text).toContain(`patchbay_requests_total{outcome="ok"} ${attempts}\n`);
      expect(text).toContain(`patchbay_tokens_total{provider="openai",direction="in"} ${attempts * 10}\n`);
      expect(text).toContain(`patchbay_attempt_duration_seconds_count{provider="openai"} ${attempts}\n`);
      expect(text).toContain(`patchbay_attempt_duration_seconds_sum{provider="openai"} ${attempts * 1.5}\n`);
      expect(Number(/patchbay_cost_usd_total\{provider="openai"\} (\S+)/.exec(text)?.[1])).toBeCloseTo(0.003, 9);
    }
  });

  test('a request that no provider was asked for is counted by why', async () => {
    const { attemptNo: _no, reservedNanoUsd: _reserved, ...asked } = intent('a', '');
    const { of } = await figuresAfter([
      { ...asked, kind: 'refused', reason: 'model_not_found', status: 404, latencyMs: 1 },
      { ...asked, kind: 'hit', savedNanoUsd: 5, latencyMs: 1 },
      { ...asked, kind: 'hit', savedNanoUsd: 5, latencyMs: 1 },
    ]);
    expect(of('patchbay_requests_total{outcome="refused"}')).toBe(1);
    expect(of('patchbay_requests_total{outcome="cached"}')).toBe(2);
  });

  test('a settlement that was read back, and so names no provider, counts nothing', async () => {
    const { of } = await figuresAfter([settle('a', { provider: undefined }), intent('b', 'openai'), settle('b')]);
    expect(of('patchbay_attempts_total{provider="openai",outcome="ok"}')).toBe(1);
    expect(of('patchbay_requests_total{outcome="ok"}')).toBe(1);
  });

  test('no model, key, person or connection is in a label', async () => {
    const { text } = await figuresAfter([intent('a', 'openai'), settle('a')]);
    expect(text).not.toMatch(/secret-model|"[cku]"/);
  });
});

describe('a journal that is heard', () => {
  test('hands every call on, and tells of a record only when it was taken', () => {
    const calls: string[] = [];
    const named = (name: string, answer?: unknown): (() => never) =>
      (() => {
        calls.push(name);
        return answer;
      }) as () => never;
    let isFull = false;
    const journal: Journal = {
      instanceId: 'i',
      append: () => {
        if (isFull) throw new Error('full');
        return 7;
      },
      flush: named('flush'),
      whenDurable: named('whenDurable'),
      readLinesAfter: named('readLinesAfter', { spans: [], damagedLines: 0 }),
      fed: named('fed'),
      renew: named('renew', 'j'),
      lastSeq: named('lastSeq', 7),
      unfedBytes: named('unfedBytes', 3),
      isFull: named('isFull', false),
      isFailing: named('isFailing', true),
      drain: named('drain', Promise.resolve(2)),
      isDraining: named('isDraining', true),
      close: named('close', Promise.resolve()),
    };
    const heard: string[] = [];
    const own = heardJournal(journal, (record) => void heard.push(record.kind));
    expect(own.append(intent('a', 'openai'))).toBe(7);
    isFull = true;
    expect(() => own.append(intent('b', 'openai'))).toThrow('full');
    expect(heard).toEqual(['intent']);
    expect([own.instanceId, own.renew(), own.lastSeq(), own.unfedBytes(), own.isFull(), own.isFailing(), own.isDraining()]).toEqual([
      'i',
      'j',
      7,
      3,
      false,
      true,
      true,
    ]);
    own.flush();
    own.whenDurable(1, () => undefined);
    own.readLinesAfter(1, 1);
    own.fed(1);
    void own.drain(1);
    void own.close();
    expect(calls).toEqual([
      'renew',
      'lastSeq',
      'unfedBytes',
      'isFull',
      'isFailing',
      'isDraining',
      'flush',
      'whenDurable',
      'readLinesAfter',
      'fed',
      'drain',
      'close',
    ]);
  });
});
