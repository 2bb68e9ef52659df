/** The door of the data plane: what is refused before anything is planned, reserved or sent, and what is shed when too much is under way. */
import { afterEach, describe, expect, test } from 'vitest';
import type { AccessKey } from '../../src/domain/access-key.ts';
import { admit, admitChoice, promptTokensEstimate, requestsInFlight, type Grant } from '../../src/gateway/admit.ts';
import { GatewayRefusal } from '../../src/gateway/errors.ts';
import { createLimits } from '../../src/gateway/limits.ts';
import type { GatewayDeps, Order } from '../../src/gateway/order.ts';
import type { Target } from '../../src/gateway/plan.ts';
import { readRequest } from '../../src/gateway/request.ts';
import { systemClock } from '../../src/lib/clock.ts';

const grants: Grant[] = [];
afterEach(() => {
  for (const grant of grants.splice(0)) grant.release();
});

const keyWith = (part: Partial<AccessKey>): AccessKey => ({
  id: 'k',
  userId: 'u',
  workspaceId: null,
  name: 'k',
  last4: 'abcd',
  models: null,
  rpm: null,
  tpm: null,
  budgetNanoUsd: null,
  expiresAtMs: null,
  revokedAtMs: null,
  createdAtMs: 1,
  ...part,
});
const depsWith = (isFull = false): GatewayDeps =>
  ({ limits: createLimits(systemClock), journal: { isFull: () => isFull } }) as unknown as GatewayDeps;
function orderOf(body: Record<string, unknown>, accessKey: AccessKey | null = null): Order {
  const request = readRequest(Buffer.from(JSON.stringify(body)));
  return { request, asked: request.asked, accessKey } as unknown as Order;
}

function tryAdmit(deps: GatewayDeps, order: Order): string {
  try {
    grants.push(admit(deps, order));
    return 'admitted';
  } catch (error) {
    if (error instanceof GatewayRefusal) return error.error.code;
    throw error;
  }
}

describe('overload (P16)', () => {
  test('what is too much is shed at once, and a place that is given back can be taken', () => {
    const deps = depsWith();
    const order = orderOf({ model: 'm' });
    let admitted = 0;
    while (admitted < 10_000 && tryAdmit(deps, order) === 'admitted') admitted++;
    expect(admitted).toBe(4_000);
    expect(requestsInFlight()).toBe(4_000);
    const startedMs = performance.now();
    for (let count = 0; count < 1_000; count++) expect(tryAdmit(deps, order)).toBe('overloaded');
    expect(performance.now() - startedMs).toBeLessThan(500);
    grants[0]!.release();
    expect(tryAdmit(deps, order)).toBe('admitted');
    for (const grant of grants) grant.release();
    expect(requestsInFlight()).toBe(0);
  });

  test('a place that is given back twice is one place', () => {
    const deps = depsWith();
    tryAdmit(deps, orderOf({ model: 'm' }));
    tryAdmit(deps, orderOf({ model: 'm' }));
    grants[0]!.release();
    grants[0]!.release();
    expect(requestsInFlight()).toBe(1);
  });

  test('who is refused holds no place', () => {
    const deps = depsWith(true);
    expect(tryAdmit(deps, orderOf({ model: 'm' }, keyWith({ models: [] })))).toBe('model_not_allowed');
    expect(tryAdmit(deps, orderOf({ model: 'm' }, keyWith({ budgetNanoUsd: 1 })))).toBe('ledger_unavailable');
    expect(tryAdmit(deps, orderOf({ model: 'm' }, keyWith({ rpm: 0 })))).toBe('rate_limit_exceeded');
    expect(requestsInFlight()).toBe(0);
  });
});

describe('the order of the questions', () => {
  test('a model that may not be named takes no place in the windows', () => {
    const deps = depsWith();
    const key = keyWith({ models: ['good'], rpm: 1 });
    for (let count = 0; count < 5; count++) expect(tryAdmit(deps, orderOf({ model: 'bad' }, key))).toBe('model_not_allowed');
    expect(tryAdmit(deps, orderOf({ model: 'good' }, key))).toBe('admitted');
    expect(tryAdmit(deps, orderOf({ model: 'good' }, key))).toBe('rate_limit_exceeded');
  });

  test('a full journal stops only who spends a budget', () => {
    const deps = depsWith(true);
    expect(tryAdmit(deps, orderOf({ model: 'm' }, keyWith({})))).toBe('admitted');
    expect(tryAdmit(deps, orderOf({ model: 'm' }))).toBe('admitted');
    expect(tryAdmit(deps, orderOf({ model: 'm' }, keyWith({ budgetNanoUsd: 1_000 })))).toBe('ledger_unavailable');
  });
});

describe('the estimate for the tokens of a minute', () => {
  test('is the prompt and the cap that was asked for, whichever name it has', () => {
    for (const cap of [{ max_tokens: 500 }, { max_completion_tokens: 500 }, { max_completion_tokens: 500, max_tokens: 9 }]) {
      const body = { model: 'm', ...cap };
      const estimate = promptTokensEstimate(JSON.stringify(body).length) + 500;
      expect(tryAdmit(depsWith(), orderOf(body, keyWith({ tpm: estimate - 1 })))).toBe('rate_limit_exceeded');
      expect(tryAdmit(depsWith(), orderOf(body, keyWith({ tpm: estimate })))).toBe('admitted');
    }
  });

  test('without a cap is the prompt alone', () => {
    const body = { model: 'm', max_tokens: null };
    expect(tryAdmit(depsWith(), orderOf(body, keyWith({ tpm: promptTokensEstimate(JSON.stringify(body).length) })))).toBe('admitted');
  });
});

describe('what the plan chose where nothing was named', () => {
  const target = (name: string | null, model: string): Target =>
    ({ connection: name === null ? null : { name }, model }) as unknown as Target;
  const targets = [target('Main', 'gpt-4o'), target('Other', 'gpt-4o-mini'), target(null, 'env-model')];
  const chosen = (models: string[] | null, body: Record<string, unknown> = {}): string[] =>
    admitChoice(orderOf(body, keyWith({ models })), targets).map(({ model }) => model);

  test('is held against the list of the key, by model or by connection', () => {
    expect(chosen(null)).toEqual(['gpt-4o', 'gpt-4o-mini', 'env-model']);
    expect(chosen(['gpt-4o'])).toEqual(['gpt-4o']);
    expect(chosen(['Other/*'])).toEqual(['gpt-4o-mini']);
    expect(chosen(['env-*'])).toEqual(['env-model']);
    expect(() => chosen(['nothing-of-it'])).toThrow(GatewayRefusal);
    expect(() => chosen([])).toThrow('model_not_allowed');
  });

  test('a model that was named was held against it before', () => {
    expect(chosen(['alias'], { model: 'alias' })).toHaveLength(3);
  });

  test('a session has no list', () => {
    expect(admitChoice(orderOf({}), targets)).toHaveLength(3);
  });
});
