/** Entries of the past that are priced anew: budgets know of it on every instance, whichever did the work. */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { addPrice, startRepricing, type PriceDeps } from '../../src/control/prices.ts';
import { dayMs } from '../../src/domain/rollup.ts';
import { findTask } from '../../src/storage/tasks.ts';
import { startFakeProvider } from '../support/fake-provider.ts';
import { movingClock } from '../support/moving-clock.ts';
import { createDatabase, needs } from '../support/postgres.ts';
import { message, openRig } from './rig.ts';

const asked = { model: 'gpt-4o', messages: message(), max_tokens: 10 };
const costNanoUsd = 97_500;

needs('postgres')('two instances on one PostgreSQL', () => {
  test('what one of them priced anew the other counts in its budgets, without a restart', async () => {
    const provider = await startFakeProvider();
    onTestFinished(() => provider.close());
    const shared = { databaseUrl: await createDatabase(), environment: { PATCHBAY_MASTER_KEY: randomBytes(32).toString('base64') } };
    const one = await openRig(shared);
    onTestFinished(() => one.close());
    await one.connect({ name: 'Main', baseUrl: provider.baseUrl });
    const key = await one.issueKey({ budgetUsd: '1' });
    const clock = movingClock();
    const other = await openRig({ ...shared, clock });
    onTestFinished(() => other.close());
    const used = (): number | undefined => other.deps.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', 0);
    expect((await other.ask(key.text, asked)).status).toBe(200);
    await other.rows();
    await expect.poll(used).toBe(costNanoUsd);

    const deps = one.deps as unknown as PriceDeps;
    const nowMs = one.deps.clock.nowMs();
    const tiers = [{ fromTokensIn: 0, input: '5', output: '20' }];
    const which = { provider: 'openai', model: 'gpt-4o' };
    await addPrice(deps, one.caller, { ...which, validFromMs: nowMs - dayMs, tiers, isConfirmed: true });
    const range = { fromMs: nowMs - dayMs, toMs: nowMs + dayMs, connectionId: null, isDryRun: false };
    const taskId = await startRepricing(deps, one.caller, { ...which, ...range });
    const task = () => findTask(one.started.house.database, taskId);
    await expect.poll(async () => (await task())?.state).toBe('done');
    const newNanoUsd = Number((await task())?.result?.['afterNanoUsd']);
    expect(newNanoUsd).toBeGreaterThan(costNanoUsd);

    clock.move(60_000);
    // A budget is read again with the next request; each of them costs as much as the first one does now.
    const asks = async (): Promise<number> => ((await other.ask(key.text, asked)).status === 200 ? (used() ?? 1) % newNanoUsd : 1);
    await expect.poll(asks).toBe(0);
  });
});
