/** Hedging on the real way of a completion: a late target is joined by a second one, one of them answers, both are booked. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noteTime } from '../../src/domain/hedge.ts';
import { chunk, holding, plain, refusing, roleEvent, sse, words, type FakeProvider } from '../support/fake-provider.ts';
import { message, readStream, type Rig } from './rig.ts';
import { turns, until } from '../support/wait.ts';
import { models, openRoutingRig, requestId, type RoutingRig } from './routing-rig.ts';
import { limitFor, policyFor } from './together-kit.ts';

let home: RoutingRig;
let rig: Rig;
let fakes: FakeProvider[];
let connections: RoutingRig['connections'];
let key = '';
const target: RoutingRig['target'] = (...args) => home.target(...args);
const group: RoutingRig['group'] = (...args) => home.group(...args);
const ask: RoutingRig['ask'] = (...args) => home.ask(...args);
const counts = (): number[] => home.counts();

beforeAll(async () => {
  home = await openRoutingRig();
  ({ rig, fakes, connections, key } = home);
});
afterAll(() => home?.close());
beforeEach(() => home.calm());

describe('hedging', () => {
  const hedged = (cap: string | null = '1') => group([target(0), target(1)], { options: { hedgeMaxUsd: cap } });
  /** As if a hundred requests had been answered in so short a time: who takes longer is late. */
  const warm = (name: string, kind = '', tookMs = 20): void => {
    const { snapshot } = rig.deps.keeper;
    const times = rig.deps.health.times(connections[0]!.id, `${models[0]!}${kind}`);
    for (let count = 0; count < 100; count++) noteTime(times, tookMs);
    rig.deps.health.hedges(snapshot.routing.named([{ scope: 'organization', id: snapshot.organizationId }], name)!.id).requests = 1_000;
  };
  const priced = async (): Promise<void> => {
    // A custom provider has no price in the catalogue: without one nobody is asked twice.
    const { snapshot } = rig.deps.keeper;
    for (const [at, model] of models.entries())
      snapshot.prices.put({
        id: `price ${at}`,
        provider: 'custom',
        model,
        connectionId: null,
        validFromMs: 0,
        validUntilMs: null,
        tiers: [{ fromTokensIn: 0, prices: { input: 1_000_000_000, output: 2_000_000_000 } }],
      });
  };

  test.each([true, false])(
    'a late first target is joined by the second; who answers first answers, the other is stopped and booked (stream %s)',
    async (isStream) => {
      await priced();
      const name = await hedged();
      warm(name, isStream ? '' : ' whole');
      fakes[0]!.answer(holding(plain));
      const said = await ask(name, { stream: isStream });
      expect(said.status).toBe(200);
      expect(said.headers).toMatchObject({ 'x-patchbay-connection': connections[1]!.id, 'x-patchbay-attempts': '2' });
      if (isStream) expect(readStream(said.text)).toMatchObject({ content: words.join(''), isDone: true, error: null });
      await until(() => fakes[0]!.received[0]!.abortedAtMs !== null, 'the loser is stopped');
      const rows = await rig.rowsOf(requestId(said));
      expect(rows).toHaveLength(2);
      const lost = rows.find(({ connectionId }) => connectionId === connections[0]!.id)!;
      const won = rows.find(({ connectionId }) => connectionId === connections[1]!.id)!;
      expect(lost).toMatchObject({ isLast: false, state: 'partial', reason: 'hedge_lost', isEstimated: true });
      expect(won).toMatchObject({ isLast: true, state: 'settled', reason: null });
      expect(lost.cost).toBeGreaterThan(0);
      // Who was slower did nothing wrong.
      expect(rig.deps.health.rank(connections[0]!.id)).toBe(0);
      expect(rig.deps.health.faced(connections[0]!.id, models[0]!).inFlight).toBe(0);
    },
  );

  test('the first may still win: then the second is stopped, and nothing of it is heard', async () => {
    await priced();
    const name = await hedged();
    warm(name);
    fakes[0]!.answer(holding(plain));
    fakes[1]!.answer(holding(plain));
    const asked = ask(name, { stream: true });
    await until(() => fakes[1]!.received.length === 1, 'the second is asked');
    fakes[0]!.release();
    const said = await asked;
    expect(said.headers['x-patchbay-connection']).toBe(connections[0]!.id);
    expect(readStream(said.text)).toMatchObject({ content: words.join(''), isDone: true });
    await until(() => fakes[1]!.received[0]!.abortedAtMs !== null, 'the second is stopped');
    const rows = await rig.rowsOf(requestId(said));
    expect(rows.filter(({ isLast }) => isLast).map(({ connectionId }) => connectionId)).toEqual([connections[0]!.id]);
  });

  test('both fail: the third is asked, and all three are booked', async () => {
    await priced();
    const name = await group([target(0), target(1), target(2)], { options: { hedgeMaxUsd: '1' } });
    warm(name);
    for (const fake of fakes.slice(0, 2)) fake.answer(holding(refusing(500)), refusing(500));
    const asked = ask(name, { stream: true });
    await until(() => fakes[1]!.received.length === 1, 'the second is asked');
    fakes[0]!.release();
    fakes[1]!.release();
    const said = await asked;
    expect(said.status).toBe(200);
    const rows = await rig.rowsOf(requestId(said));
    expect(new Set(rows.map(({ connectionId }) => connectionId)).size).toBeGreaterThanOrEqual(2);
    expect(rows.filter(({ isLast }) => isLast)).toHaveLength(1);
    expect(rows.every(({ state }) => state !== 'intent')).toBe(true);
  });

  test('a fault after the first content ends the stream: nobody else continues it', async () => {
    await priced();
    const name = await hedged();
    // Longer than the machine could make it wait: the first is not late before its first word.
    warm(name, '', 25_000);
    fakes[0]!.answer(async ({ response, held }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(roleEvent + sse(chunk({ content: 'Once upon ' })));
      await held();
      response.destroy();
    });
    const asking = rig.listen(key, { model: name, messages: message(), stream: true });
    await asking.heard('Once upon ');
    fakes[0]!.release();
    const read = readStream((await asking.said).text);
    expect(read).toMatchObject({ content: 'Once upon ', isDone: false });
    expect(read.error).not.toBe(null);
    expect(counts()).toEqual([1, 0, 0]);
  });

  test('nobody is asked twice without the option, above its cap, or before times are known', async () => {
    await priced();
    for (const [name, isWarm] of [
      [await hedged(null), true],
      [await hedged('0.000000001'), true],
      [await hedged(), false],
    ] as const) {
      if (isWarm) warm(name);
      fakes[0]!.answer(async (turn) => {
        // More than the twenty milliseconds after which it is late.
        await turns(60);
        return plain(turn);
      });
      expect((await ask(name, { stream: true })).headers['x-patchbay-attempts']).toBe('1');
      rig.deps.health.forget(connections[0]!.id);
    }
    expect(counts()[1]).toBe(0);
  });

  test('a caller that hangs up stops both', async () => {
    await priced();
    const name = await hedged();
    warm(name);
    fakes[0]!.answer(holding(plain));
    fakes[1]!.answer(holding(plain));
    const gone = new AbortController();
    const asked = fetch(`${rig.url}/v1/chat/completions`, {
      method: 'POST',
      signal: gone.signal,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: name, messages: message(), stream: true }),
    });
    await until(() => fakes[1]!.received.length === 1, 'the second is asked');
    gone.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    await until(() => fakes.slice(0, 2).every(({ received }) => received[0]!.abortedAtMs !== null), 'both are stopped');
    const rows = (await rig.rows()).filter(({ modelAsked }) => modelAsked === name);
    expect(rows.map(({ state }) => state)).toEqual(['partial', 'partial']);
    expect(rows.filter(({ isLast }) => isLast)).toHaveLength(1);
  });
});

test('what spends a budget is both attempts of a hedge', async () => {
  const limited = await rig.issueKey({ budgetUsd: '5' });
  const name = await group([target(0), target(1)], { options: { hedgeMaxUsd: '1' } });
  const { snapshot } = rig.deps.keeper;
  const times = rig.deps.health.times(connections[0]!.id, models[0]!);
  for (let count = 0; count < 100; count++) noteTime(times, 20);
  rig.deps.health.hedges(snapshot.routing.named([{ scope: 'organization', id: snapshot.organizationId }], name)!.id).requests = 1_000;
  fakes[0]!.answer(holding(plain));
  const said = await rig.ask(limited.text, { model: name, messages: message(), stream: true });
  expect(said.status).toBe(200);
  const rows = await rig.rowsOf(requestId(said));
  expect(rows).toHaveLength(2);
  for (const row of rows) expect(row.reserved).toBeGreaterThan(0);
  for (const row of rows) expect(row.cost).toBeGreaterThan(0);
});

/** Lets the first of a group be late at once, while the books, where it is read what it has spent, have something long to do. */
function firstWaits(name: string, isStream: boolean): Promise<unknown> {
  const { snapshot } = rig.deps.keeper;
  const times = rig.deps.health.times(connections[0]!.id, `${models[0]!}${isStream ? '' : ' whole'}`);
  for (let count = 0; count < 100; count++) noteTime(times, 20);
  rig.deps.health.hedges(snapshot.routing.named([{ scope: 'organization', id: snapshot.organizationId }], name)!.id).requests = 1_000;
  rig.deps.limits.reread();
  const sql = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000) SELECT max(i) AS i FROM n';
  return rig.started.house.database.driver.rows({ sql, params: [] }, 'analytics');
}

test.each([true, false])(
  "policies read the second target's answer also where the first still waits for its budget (stream %s)",
  async (isStream) => {
    const name = await group([target(0), target(1)], { options: { hedgeMaxUsd: '1' } });
    await limitFor(rig, { kind: 'connection', id: connections[0]!.id }, { kind: 'money', period: 'month', value: '100' });
    await policyFor(rig, { action: 'block', side: 'answer', rules: { keywords: ['fox'] } });
    const busy = firstWaits(name, isStream);
    const said = await ask(name, { stream: isStream });
    await busy;
    expect(said.text).not.toContain('fox');
    expect(said.text).toContain('policy_violation');
    expect(counts()).toEqual([0, 1, 0]);
  },
);

test('a first target whose own limit refuses it late leaves the second to answer, and nobody is asked twice', async () => {
  const name = await group([target(0), target(1)], { options: { hedgeMaxUsd: '1' } });
  await limitFor(rig, { kind: 'connection', id: connections[0]!.id }, { kind: 'money', period: 'month', value: '0.00000001' });
  fakes[1]!.answer(holding(plain), holding(plain));
  const busy = firstWaits(name, true);
  const asked = ask(name, { stream: true });
  await until(() => fakes[1]!.received.length === 1, 'the second is asked');
  await busy;
  // Read after what the first waits for, in the order of asking: by then it is refused.
  await rig.started.house.database.driver.rows({ sql: 'SELECT 1 AS one', params: [] }, 'analytics');
  await turns(20);
  fakes[1]!.release();
  const said = await asked;
  expect(readStream(said.text)).toMatchObject({ content: words.join(''), isDone: true });
  expect(counts()).toEqual([0, 1, 0]);
  expect(await rig.rowsOf(requestId(said))).toMatchObject([{ isLast: true, state: 'settled', reason: null }]);
});
