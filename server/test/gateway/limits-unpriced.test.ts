/** Attempts without a price under a budget: what counted for them before a restart is what the books say after it, fallback or not. */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { createGroup } from '../../src/control/routing-groups.ts';
import { createLimit } from '../../src/control/limits.ts';
import type { LimitSubject } from '../../src/domain/limit.ts';
import { onBothEngines } from '../storage/engines.ts';
import { seeded } from '../storage/ledger-records.ts';
import { chunk, refusing, sse, startFakeProvider, streamEvents, streaming, usage, type Answer } from '../support/fake-provider.ts';
import { noonClock } from '../support/moving-clock.ts';
import { createDatabase } from '../support/postgres.ts';
import { freshDir } from '../support/throwaway.ts';
import { until } from '../support/wait.ts';
import { message, openRig, type Rig, type RigOptions } from './rig.ts';

const requests = 24;
/** A tier that nobody publishes a price of. */
const tier = { service_tier: 'royal' };
const usedIn = (extra: object): string => sse({ ...chunk({}), choices: [], usage, ...extra });
const broken = sse({ error: { message: 'no more', type: 'server_error', code: 'server_error' } });

const answers: Record<string, Answer> = {
  priced: streaming(),
  unpriced: streaming([...streamEvents().slice(0, -2), usedIn(tier), ...streamEvents().slice(-1)]),
  'counted, then broken': streaming([usedIn({}), broken]),
  'counted without a price, then broken': streaming([usedIn(tier), broken]),
  refused: refusing(503),
};

/** Everybody whose budget is spent here, by what each of them has used. */
async function usedOf({ deps }: Rig, subjects: readonly LimitSubject[], atMs: number): Promise<Record<string, unknown>> {
  const used: Record<string, unknown> = {};
  for (const subject of subjects) {
    const limits = deps.limits.table.of(subject.kind, subject.id)!;
    // Nothing is set aside, but it has to be known what the books say; a database that stands still says it later.
    const known = async (): Promise<boolean> => {
      try {
        deps.limits.settle(await deps.limits.reserve([limits], 0, atMs), [], atMs, 0, Infinity);
        return true;
      } catch {
        return false;
      }
    };
    await until(known, 'the books say what was spent');
    for (const period of ['total', 'month'] as const)
      used[`${subject.kind} ${subject.id} ${period}`] = deps.limits.usedOf(subject, 'money', period, atMs);
  }
  return used;
}

async function budgeted(rig: Rig, baseUrls: readonly string[]): Promise<{ subjects: LimitSubject[]; key: string }> {
  const { deps, caller } = rig;
  const connections = [];
  for (const [at, baseUrl] of baseUrls.entries()) connections.push(await rig.connect({ name: `Place ${at}`, baseUrl }));
  const owner = { scope: 'organization' as const, id: deps.keeper.snapshot.organizationId };
  const targets = connections.map(({ id }) => ({ connectionId: id, weight: 1, isEnabled: true }));
  const { group } = await createGroup(deps, caller, owner, { name: 'places', targets });
  const key = await rig.issueKey();
  const subjects: LimitSubject[] = [
    { kind: 'access-key', id: key.id },
    { kind: 'user', id: caller.actor.userId },
    { kind: 'group', id: group.id },
    ...connections.map(({ id }): LimitSubject => ({ kind: 'connection', id })),
  ];
  for (const subject of subjects)
    for (const period of ['total', 'month'] as const)
      await createLimit(deps, caller, { subject, kind: 'money', period, value: '5', isShadow: false });
  return { subjects, key: key.text };
}

onBothEngines('budgets after a restart', (_bench, engine) => {
  test('what was spent is to the nano-dollar what was counted before, whatever came of the attempts', async () => {
    const below = seeded(41);
    const names = Object.keys(answers);
    const providers = [await startFakeProvider(), await startFakeProvider()];
    onTestFinished(async () => void (await Promise.all(providers.map((provider) => provider.close()))));
    const options: RigOptions = {
      clock: noonClock(),
      dataDir: freshDir('limits-unpriced'),
      environment: { PATCHBAY_MASTER_KEY: randomBytes(32).toString('base64') },
      ...(engine === 'postgres' && { databaseUrl: await createDatabase() }),
    };
    const first = await openRig(options);
    const [{ subjects, key }, atMs] = [
      await budgeted(
        first,
        providers.map(({ baseUrl }) => baseUrl),
      ),
      first.deps.clock.nowMs(),
    ];
    for (let count = 0; count < requests; count++) {
      for (const provider of providers) provider.answer(...Array.from({ length: 4 }, () => answers[names[below(names.length)]!]!));
      await first.ask(key, { model: 'places', messages: message(), max_tokens: 10, stream: true });
    }
    const rows = await first.rows();
    const isUnpriced = ({ cost, reserved }: (typeof rows)[number]): boolean => cost === null && reserved > 0;
    // Without these the test would say nothing.
    expect(rows.some((row) => row.isLast && isUnpriced(row))).toBe(true);
    expect(rows.some((row) => !row.isLast && isUnpriced(row))).toBe(true);
    const before = await usedOf(first, subjects, atMs);
    const counted = rows.reduce((sum, { cost, reserved }) => sum + (cost ?? reserved), 0);
    for (const { kind, id } of subjects)
      if (kind !== 'connection')
        expect([kind, before[`${kind} ${id} total`], before[`${kind} ${id} month`]]).toEqual([kind, counted, counted]);
    await first.close();

    const second = await openRig(options);
    onTestFinished(() => second.close());
    expect(await usedOf(second, subjects, atMs)).toEqual(before);
  });
});
