/** Where limits begin: budgets not before the books have everything that was written down, and windows with the minute that was. */
import { expect, onTestFinished, test } from 'vitest';
import { createLimit } from '../../src/control/limits.ts';
import { createLimitBooks } from '../../src/gateway/limits-books.ts';
import type { Meter } from '../../src/gateway/limits-share.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { startFakeProvider } from '../support/fake-provider.ts';
import { noonClock } from '../support/moving-clock.ts';
import { freshDir } from '../support/throwaway.ts';
import { errorOf, message, openRig, type Rig } from './rig.ts';

const asked = { model: 'gpt-4o', messages: message(), max_tokens: 10 };
const costNanoUsd = 97_500;

async function rigAt(dataDir: string, origin: { baseUrl: string }, clock: Clock = systemClock): Promise<Rig> {
  const rig = await openRig({ dataDir, clock });
  if (rig.deps.keeper.snapshot.connections.size === 0) await rig.connect({ name: 'Main', baseUrl: origin.baseUrl });
  return rig;
}

test('a budget waits for a feeder that is behind, however long the start took, and then counts what it brought', async () => {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const rig = await rigAt(freshDir('limits-books'), provider);
  onTestFinished(() => rig.close());
  const key = await rig.issueKey();
  expect((await rig.ask(key.text, asked)).status).toBe(200);
  const { database, feeder } = rig.started.house;
  const { journal } = rig.deps;
  let isBehind = true;
  let fed = 0;
  const books = createLimitBooks({
    database,
    journal,
    clock: rig.deps.clock,
    feeder: {
      async feed() {
        fed++;
        // The first rounds find a database that takes nothing.
        if (fed > 3) isBehind = false;
        if (!isBehind) await feeder.feed();
      },
      isCaughtUp: () => !isBehind && feeder.isCaughtUp(),
      fedUpTo: () => (isBehind ? -1 : feeder.fedUpTo()),
    },
  });
  const meter: Meter = { subject: { kind: 'access-key', id: key.id }, kind: 'money', period: 'total', fromMs: 0, used: () => 0 };
  const { spentNanoUsd, appliedSeq } = await books.spent(meter);
  expect(fed).toBeGreaterThan(3);
  expect(spentNanoUsd).toBe(costNanoUsd);
  expect(appliedSeq).toBeGreaterThanOrEqual(2);
  expect(books.lastSeq()).toBe(journal.lastSeq());
});

test('books that never catch up are an error after a minute, never a budget that is taken for untouched', async () => {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const rig = await rigAt(freshDir('limits-books'), provider);
  onTestFinished(() => rig.close());
  let nowMs = 0;
  const clock: Clock = {
    ...rig.deps.clock,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      nowMs += delayMs;
      return rig.deps.clock.after(0, run);
    },
  };
  const books = createLimitBooks({
    database: rig.started.house.database,
    journal: rig.deps.journal,
    clock,
    feeder: { feed: async () => undefined, isCaughtUp: () => false, fedUpTo: () => -1 },
  });
  const meter: Meter = { subject: { kind: 'user', id: rig.caller.actor.userId }, kind: 'money', period: 'total', fromMs: 0, used: () => 0 };
  await expect(books.spent(meter)).rejects.toThrow('not up to');
  expect(nowMs).toBeGreaterThanOrEqual(60_000);
});

test('a restart is no new minute: what was admitted before it is in the windows of key, user and connection', async () => {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const dataDir = freshDir('limits-restart');
  const clock = noonClock();
  const first = await rigAt(dataDir, provider, clock);
  const key = await first.issueKey({ rpm: 5, tpm: 1_000 });
  const connectionId = [...first.deps.keeper.snapshot.connections.keys()][0]!;
  await createLimit(first.deps, first.caller, {
    subject: { kind: 'connection', id: connectionId },
    kind: 'requests',
    value: 100,
    isShadow: false,
  });
  for (let count = 0; count < 3; count++) expect((await first.ask(key.text, asked)).status).toBe(200);
  await first.close();
  const second = await rigAt(dataDir, provider, clock);
  onTestFinished(() => second.close());
  const used = (kind: 'access-key' | 'connection', id: string, what: 'requests' | 'tokens') =>
    second.deps.limits.usedOf({ kind, id }, what, null, 0);
  expect([used('access-key', key.id, 'requests'), used('access-key', key.id, 'tokens')]).toEqual([3, 3 * 18]);
  expect(used('connection', connectionId, 'requests')).toBe(3);
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) statuses.push((await second.ask(key.text, asked)).status);
  expect(statuses).toEqual([200, 200, 429, 429]);
});

test('a budget holds over a restart to the last answer, and one that is set on a busy key counts what is still on its way', async () => {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const dataDir = freshDir('limits-restart');
  const first = await rigAt(dataDir, provider);
  const key = await first.issueKey();
  await createLimit(first.deps, first.caller, {
    subject: { kind: 'access-key', id: key.id },
    kind: 'money',
    period: 'day',
    value: '0.001',
    isShadow: false,
  });
  let answered = 0;
  for (let count = 0; count < 4; count++) answered += (await first.ask(key.text, asked)).status === 200 ? 1 : 0;
  await first.close();
  const second = await rigAt(dataDir, provider);
  onTestFinished(() => second.close());
  for (let count = 0; count < 12; count++) {
    const said = await second.ask(key.text, asked);
    if (said.status === 200) answered++;
    else expect([said.status, errorOf(said).limit?.name]).toEqual([402, 'access-key.money.day']);
  }
  expect(answered * costNanoUsd).toBeLessThanOrEqual(1_000_000);
  expect(second.deps.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'day', second.deps.clock.nowMs())).toBe(
    answered * costNanoUsd,
  );
});

test('entries that are priced anew count anew', async () => {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const rig = await rigAt(freshDir('limits-books'), provider);
  onTestFinished(() => rig.close());
  const key = await rig.issueKey({ budgetUsd: '1' });
  expect((await rig.ask(key.text, asked)).status).toBe(200);
  await rig.rows();
  await rig.started.house.database.driver.write([{ sql: 'UPDATE usage_days SET cost_nano_usd = cost_nano_usd * 3', params: [] }]);
  rig.deps.limits.reread();
  expect((await rig.ask(key.text, asked)).status).toBe(200);
  expect(rig.deps.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', 0)).toBe(4 * costNanoUsd);
});
