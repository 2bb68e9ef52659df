/** What the books say of an attempt: exact where the provider counted, an estimate marked as one where it did not, nothing for what was never sent. */
import { describe, expect, test } from 'vitest';
import { UpstreamFailure, type Fault } from '../../src/domain/errors.ts';
import type { Intent, TokenUsage } from '../../src/domain/ledger.ts';
import { ruleOf } from '../../src/domain/retry.ts';
import { errorOfFailure, GatewayRefusal, refuse } from '../../src/gateway/errors.ts';
import type { Order } from '../../src/gateway/order.ts';
import { settlementOf, usageOfEnding, type Ending } from '../../src/gateway/record.ts';
import { readRequest } from '../../src/gateway/request.ts';
import type { AnswerFacts } from '../../src/providers/calling.ts';
import type { ModelPrices } from '../../src/providers/prices.ts';

const promptBytes = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(400) }] });
const order = { request: readRequest(Buffer.from(promptBytes)) } as unknown as Order;
// 400 letters at four to a token, and four for the message.
const promptEstimate = 104;
const counted: TokenUsage = { tokensIn: 100, tokensOut: 20, tokensCached: 40, tokensCacheWrite: 0, tokensReasoning: 5, isEstimated: false };
const facts = (part: Partial<AnswerFacts> = {}): AnswerFacts => ({
  usage: null,
  finishReason: null,
  modelReported: null,
  contentChars: 0,
  changed: [],
  ...part,
});
const failure = (fault: Fault): UpstreamFailure => new UpstreamFailure(fault, 'x');
const flat: ModelPrices = {
  at: () => ({ input: 1_000_000_000, output: 2_000_000_000 }),
  dearest: { input: 1_000_000_000, output: 2_000_000_000 },
  tiers: [{ fromTokensIn: 0, prices: { input: 1_000_000_000, output: 2_000_000_000 } }],
};

const everyFault = Object.keys(ruleOf) as Fault[];

describe('usage', () => {
  test("is the provider's where it counted", () => {
    expect(usageOfEnding(order, { failure: null, facts: facts({ usage: counted }), wasSent: true })).toEqual(counted);
  });

  test('is estimated from what was sent and said where it did not, and marked', () => {
    expect(usageOfEnding(order, { failure: null, facts: facts({ contentChars: 41 }), wasSent: true })).toMatchObject({
      tokensIn: promptEstimate,
      tokensOut: 11,
      isEstimated: true,
    });
  });

  test('that was counted before the stream broke is not the last word: what was heard beyond it is added as an estimate', () => {
    const usage = usageOfEnding(order, {
      failure: failure('connection_lost'),
      facts: facts({ usage: { ...counted, tokensOut: 1 }, contentChars: 400 }),
      wasSent: true,
    });
    expect(usage).toEqual({ ...counted, tokensOut: 100, isEstimated: true });
  });

  test('that came with the finish is final, also where the line broke after it', () => {
    const known = facts({ usage: counted, finishReason: 'stop', contentChars: 4_000 });
    expect(usageOfEnding(order, { failure: failure('caller_gone'), facts: known, wasSent: true })).toEqual(counted);
  });

  test.each(everyFault)('%s without a word of the answer: the prompt is charged only where the provider may have read it', (fault) => {
    const mayBill = ['headers_timeout', 'stalled', 'total_timeout', 'connection_lost', 'caller_gone'].includes(fault);
    const usage = usageOfEnding(order, { failure: failure(fault), facts: facts(), wasSent: true });
    expect(usage.tokensIn).toBe(mayBill ? promptEstimate : 0);
    expect(usage.isEstimated).toBe(mayBill);
    expect(usage.tokensOut).toBe(0);
  });

  test('of an attempt that was never sent is nothing, whatever ended it', () => {
    for (const fault of everyFault)
      expect(usageOfEnding(order, { failure: failure(fault), facts: facts(), wasSent: false })).toMatchObject({
        tokensIn: 0,
        tokensOut: 0,
        isEstimated: false,
      });
  });
});

describe('the settlement', () => {
  const intent = { id: 'attempt-1', atMs: 77 } as Intent;
  const settle = (part: Partial<Ending>) =>
    settlementOf(order, intent, {
      failure: null,
      facts: facts({ usage: counted, finishReason: 'stop', modelReported: 'm-1' }),
      isLast: true,
      wasSent: true,
      prices: flat,
      startedMs: 1_000,
      endedMs: 1_250.4,
      firstByteMs: 1_100.2,
      ...part,
    });

  test('of a success', () => {
    expect(settle({})).toEqual({
      kind: 'settle',
      id: 'attempt-1',
      atMs: 77,
      state: 'settled',
      reason: null,
      status: 200,
      isLast: true,
      usage: counted,
      costNanoUsd: 140_000,
      prices: { input: 1_000_000_000, output: 2_000_000_000 },
      modelReported: 'm-1',
      finishReason: 'stop',
      latencyMs: 250,
      firstByteMs: 100,
      changed: null,
    });
  });

  test('of a failure is settled too, at its cost or zero', () => {
    expect(settle({ failure: failure('auth'), facts: facts(), firstByteMs: null })).toMatchObject({
      state: 'settled',
      reason: 'auth',
      status: 502,
      costNanoUsd: 0,
      prices: null,
      firstByteMs: null,
    });
    expect(settle({ failure: failure('headers_timeout'), facts: facts() })).toMatchObject({
      state: 'settled',
      reason: 'headers_timeout',
      status: 504,
      costNanoUsd: promptEstimate * 1_000,
    });
  });

  test('of a broken answer is partial, with what was said', () => {
    expect(settle({ failure: failure('stalled'), facts: facts({ contentChars: 8 }) })).toMatchObject({
      state: 'partial',
      reason: 'stalled',
      usage: { tokensOut: 2, isEstimated: true },
    });
  });

  test('of a caller who left is partial, and says so', () => {
    expect(settle({ failure: failure('caller_gone'), facts: facts() })).toMatchObject({
      state: 'partial',
      reason: 'client_closed',
      status: 499,
    });
  });

  test('without a price has no cost, never a silent zero', () => {
    expect(settle({ prices: null })).toMatchObject({ costNanoUsd: null, prices: null, usage: counted });
    expect(settle({ prices: null, failure: failure('dns'), facts: facts() })).toMatchObject({ costNanoUsd: 0 });
  });

  test('is reckoned at the prices of its own length', () => {
    const tiered: ModelPrices = {
      ...flat,
      at: (tokensIn) => (tokensIn >= 100 ? { input: 9_000_000_000, output: 0 } : { input: 0, output: 0 }),
    };
    expect(settle({ prices: tiered })).toMatchObject({ costNanoUsd: 900_000, prices: { input: 9_000_000_000 } });
  });
});

describe('what the caller hears of a failure', () => {
  test.each(everyFault)('%s has a status, a code and a sentence of ours', (fault) => {
    const error = errorOfFailure(new UpstreamFailure(fault, 'INNER', { vendorMessage: 'THEIRS', vendorStatus: 418 }));
    expect(error.status).toBeGreaterThanOrEqual(400);
    expect(error.code).toMatch(/^[a-z_]+$/);
    expect(JSON.stringify(error)).not.toMatch(/INNER|THEIRS/);
    expect(error.shouldRetry, 'what could be repeated was').toBe(false);
  });

  test("a provider's 401 or 403 is never passed on: clients would throw away their own key", () => {
    for (const vendorStatus of [401, 403]) expect(errorOfFailure(new UpstreamFailure('auth', 'x', { vendorStatus })).status).toBe(502);
  });

  test.each([
    [400, 400],
    [413, 413],
    [422, 422],
    [418, 400],
    [405, 400],
    [null, 400],
  ])('a refused request of status %s is ours of status %s', (vendorStatus, status) => {
    expect(errorOfFailure(new UpstreamFailure('bad_request', 'x', { vendorStatus })).status).toBe(status);
  });

  test('how long to wait is told in whole seconds, rounded up, at least one where waiting helps', () => {
    const waitOf = (fault: Fault, retryAfterMs: number | null) =>
      errorOfFailure(new UpstreamFailure(fault, 'x', { retryAfterMs })).retryAfterS;
    expect([
      waitOf('rate_limited', null),
      waitOf('rate_limited', 1),
      waitOf('rate_limited', 1_001),
      waitOf('overloaded', 30_000),
      waitOf('quota_exhausted', null),
    ]).toEqual([1, 1, 2, 30, 1]);
    expect(waitOf('auth', null)).toBeNull();
  });
});

describe('refusals of ours', () => {
  test('say whether repeating can help: only where it is too much or too early', () => {
    expect(
      ['rate_limit_exceeded', 'ledger_unavailable', 'overloaded'].map((code) => refuse(code as 'overloaded').error.shouldRetry),
    ).toEqual([true, true, true]);
    for (const code of ['model_not_found', 'invalid_api_key', 'budget_exceeded', 'price_unknown', 'invalid_json', 'internal'] as const)
      expect(refuse(code).error.shouldRetry).toBe(false);
  });

  test('keep their code and status whatever text is given with them', () => {
    const refusal = refuse('invalid_type', { message: 'n must be a number.', param: 'n' });
    expect(refusal).toBeInstanceOf(GatewayRefusal);
    expect(refusal.error).toMatchObject({ code: 'invalid_type', status: 400, param: 'n', message: 'n must be a number.' });
  });
});
