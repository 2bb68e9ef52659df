/** The door of the data plane: what is refused before anything is planned, reserved or sent, and what is shed when too much is under way. */
import { afterEach, describe, expect, test } from 'vitest';
import type { AccessKey } from '../../src/domain/access-key.ts';
import {
  addRates,
  admit,
  admitChoice,
  durationText,
  promptTokensEstimate,
  ratesLeft,
  requestsInFlight,
  type Grant,
} from '../../src/gateway/admit.ts';
import { GatewayRefusal } from '../../src/gateway/errors.ts';
import type { GatewayDeps, Order } from '../../src/gateway/order.ts';
import type { Target } from '../../src/gateway/plan.ts';
import { readRequest } from '../../src/gateway/request.ts';
import { benchOf, limitOn } from './limits-bench.ts';

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
  ({ limits: benchOf().limits, journal: { isFull: () => isFull } }) as unknown as GatewayDeps;
function orderOf(body: Record<string, unknown>, accessKey: AccessKey | null = null): Order {
  const request = readRequest(Buffer.from(JSON.stringify(body)));
  return { request, asked: request.asked, accessKey } as unknown as Order;
}

function tryAdmit(deps: GatewayDeps, order: Order): string {
  try {
    const grant = admit(deps, order);
    if (grant instanceof Promise) throw new Error('nobody is asked for a share here');
    grants.push(grant);
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
    for (let count = 0; count < 1_000; count++) expect(tryAdmit(deps, order)).toBe('overloaded');
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

  test('without a cap is the longest answer of the model, which is sent as the cap', () => {
    for (const [model, longest] of [
      ['gpt-4o', 16_384],
      ['main/gpt-4o', 16_384],
      ['nobody-knows-it', 4_096],
    ] as const) {
      const deps = depsWith();
      const body = { model, max_tokens: null };
      const key = keyWith({ tpm: 1_000_000 });
      expect(tryAdmit(deps, orderOf(body, key))).toBe('admitted');
      expect(grants.at(-1)!.outputTokensMax).toBe(longest);
      expect(deps.limits.usedOf({ kind: 'access-key', id: 'k' }, 'tokens', null, 0)).toBe(
        promptTokensEstimate(JSON.stringify(body).length) + longest,
      );
    }
  });

  test('without a cap is never more than the installation says, and never more than an empty window holds', () => {
    const bench = benchOf();
    const deps = { limits: bench.limits, journal: { isFull: () => false } } as unknown as GatewayDeps;
    const body = { model: 'gpt-4o', n: 2 };
    const promptTokens = promptTokensEstimate(JSON.stringify(body).length);
    const capFor = (tpm: number): number | null | undefined => {
      expect(tryAdmit(deps, orderOf(body, keyWith({ id: `key of ${tpm}`, tpm })))).toBe('admitted');
      return grants.at(-1)!.outputTokensMax;
    };
    expect(capFor(1_000)).toBe(Math.floor((1_000 - promptTokens) / 2));
    bench.table.outputTokensCeiling = 300;
    expect(capFor(100_000)).toBe(300);
    expect(bench.limits.usedOf({ kind: 'access-key', id: 'key of 100000' }, 'tokens', null, 0)).toBe(promptTokens + 600);
    // A prompt that fills the window by itself is for the window to refuse, not for the cap.
    expect(tryAdmit(deps, orderOf(body, keyWith({ id: 'small', tpm: promptTokens })))).toBe('rate_limit_exceeded');
  });

  test('a limit that only counts leaves the request as it came', () => {
    const bench = benchOf();
    const deps = { limits: bench.limits, journal: { isFull: () => false } } as unknown as GatewayDeps;
    bench.set(limitOn({ kind: 'access-key', id: 'k' }, { kind: 'tokens', value: 10, isShadow: true }));
    expect(tryAdmit(deps, orderOf({ model: 'gpt-4o' }, keyWith({})))).toBe('admitted');
    expect(grants.at(-1)!.outputTokensMax).toBeNull();
  });
});

describe('the headers of what is left', () => {
  const rateHeaders = (grant: Grant): Record<string, string> | null => {
    const left = ratesLeft(grant);
    if (left === null) return null;
    const headers: Record<string, string> = {};
    addRates(headers, left);
    return headers;
  };

  test('are OpenAI’s, for what is limited and for nothing else', () => {
    const deps = depsWith();
    tryAdmit(deps, orderOf({ model: 'm', max_tokens: 100 }, keyWith({ rpm: 60, tpm: 5_000 })));
    expect(rateHeaders(grants.at(-1)!)).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1m0s',
      'x-ratelimit-limit-tokens': '5000',
      'x-ratelimit-remaining-tokens': String(5_000 - 100 - promptTokensEstimate(JSON.stringify({ model: 'm', max_tokens: 100 }).length)),
      'x-ratelimit-reset-tokens': '1m0s',
    });
    tryAdmit(deps, orderOf({ model: 'm' }, keyWith({ id: 'other', rpm: 2 })));
    expect(Object.keys(rateHeaders(grants.at(-1)!)!)).toHaveLength(3);
    tryAdmit(deps, orderOf({ model: 'm' }, keyWith({})));
    expect(rateHeaders(grants.at(-1)!)).toBeNull();
  });

  test('write durations as people of that API know them', () => {
    expect([0, 0.2, 850, 999.5, 1_000, 1_001, 59_000, 59_001, 60_000, 61_500].map(durationText)).toEqual([
      '0ms', '1ms', '850ms', '1s', '1s', '2s', '59s', '1m0s', '1m0s', '1m2s',
    ]); // prettier-ignore
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
