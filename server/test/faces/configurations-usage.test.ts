/** S2's usage of one configuration, through the front door: sums of the roll-ups for those who may see it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConfigurationsHouse, type ConfigurationsHouse } from '../support/configurations-house.ts';
import { answersSeen, tracesOf } from '../support/connections-house.ts';

const key = 'sk-tested-0123456789abcdefQRST';

let home: ConfigurationsHouse;
let house: ConfigurationsHouse['house'];
let alice: ConfigurationsHouse['alice'];
let bob: ConfigurationsHouse['bob'];
let make: ConfigurationsHouse['make'];

beforeAll(async () => {
  home = await openConfigurationsHouse(key);
  ({ house, alice, bob, make } = home);
});

afterAll(() => home.close());

describe('GET /api/configurations/:id/usage', () => {
  test('200 zeros for what was never used', async () => {
    const made = await make(alice);
    const answer = await house.ask(alice, 'GET', `/api/configurations/${made.id}/usage?period=7d`);
    expect(answer.body).toMatchObject({
      success: true,
      data: { requestCount: 0, tokenCount: 0, costUSD: 0, averageLatency: null, errorRate: 0, lastUsed: null, series: [] },
    });
  });

  test('200 sums what the roll-ups hold of completions, and leaves tests out', async () => {
    const made = await make(alice);
    const nowMs = house.deps.clock.nowMs();
    const day = nowMs - (nowMs % 86_400_000);
    const dimension = (id: number, purpose: string) => ({
      id,
      hash: `h${id}${made.id}`.slice(0, 64),
      connection_id: made.id,
      provider: 'custom',
      model: 'small-model',
      purpose,
      access_key_id: null,
      user_id: null,
      workspace_id: null,
      repository_id: null,
      use_case_id: null,
    });
    await house.database.db
      .insertInto('usage_dimensions')
      .values([dimension(1, 'completion'), dimension(2, 'probe')])
      .execute();
    const measures = {
      shard: 0,
      attempts: 4,
      requests: 3,
      failures: 1,
      tokens_in: 100,
      tokens_out: 20,
      cost_nano_usd: 1_500_000,
      latency_ms_sum: 400,
      last_used_at: nowMs,
    };
    // Roll-ups of the running day are read by the quarter-hour, those of whole days by the day.
    const buckets = [
      { bucket: nowMs - (nowMs % 900_000), dimension_id: 1, ...measures },
      { bucket: nowMs - (nowMs % 900_000), dimension_id: 2, ...measures },
    ];
    await house.database.db.insertInto('usage_quarters').values(buckets).execute();
    const { body } = await house.ask(alice, 'GET', `/api/configurations/${made.id}/usage`);
    expect(body.data).toMatchObject({
      requestCount: 3,
      tokenCount: 120,
      tokensIn: 100,
      tokensOut: 20,
      costUSD: 0.0015,
      averageLatency: 100,
      errorRate: 0.25,
      lastUsed: new Date(nowMs).toISOString(),
    });
    expect(body.data['series']).toEqual([
      { date: new Date(day).toISOString().slice(0, 10), requestCount: 3, tokenCount: 120, costUSD: 0.0015 },
    ]);
  });

  test('400 what does not fit', async () => {
    const made = await make(alice);
    const path = `/api/configurations/${made.id}/usage`;
    expect((await house.ask(alice, 'GET', `${path}?period=1y`)).status).toBe(400);
    expect((await house.ask(alice, 'GET', `${path}?from=2026-02-01&to=2026-01-01`)).status).toBe(400);
  });

  test('401 without a token', async () => {
    const made = await make(alice);
    const path = `/api/configurations/${made.id}/usage`;
    expect((await house.ask(null, 'GET', path)).status).toBe(401);
  });

  test('404 what is not there for the caller', async () => {
    const made = await make(alice);
    const path = `/api/configurations/${made.id}/usage`;
    expect((await house.ask(bob, 'GET', path)).status).toBe(404);
  });
});

test('no answer and no line of the log ever held a key', () => {
  const all = [...answersSeen, ...house.logged].join('\n');
  expect(answersSeen.length).toBeGreaterThan(10);
  expect(tracesOf(key, all)).toEqual([]);
});
