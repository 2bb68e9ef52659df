/** Violations as rows of the books: nothing that a request says keeps others out, every month has its place, and counts are exact. */
import { beforeAll, expect, test } from 'vitest';
import type { Violation } from '../../src/domain/policy.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { ensurePartitions } from '../../src/storage/partitions.ts';
import { dropMonth, forgetChunk } from '../../src/storage/retention.ts';
import { countViolations, insertViolations, listViolations, type ListedViolation } from '../../src/storage/violations.ts';
import { onBothEngines } from './engines.ts';
import { seeded } from './ledger-records.ts';
import { atMs, ids } from './rows.ts';

/** One chunk of what is older than a moment. */
const sweepViolations = async (database: Database, beforeMs: number): Promise<number> =>
  (await forgetChunk(database, 'policy-findings', beforeMs, null)).removed;

const violation = (part: Partial<Violation> = {}): Violation => ({
  id: ids.uuid(),
  atMs,
  policyId: ids.uuid(),
  policyName: 'Rule',
  action: 'log',
  isBlocked: false,
  severity: 'LOW',
  stage: 'prompt',
  facts: [],
  requestId: ids.uuid(),
  workspaceId: null,
  repositoryId: null,
  accessKeyId: null,
  userId: null,
  connectionId: null,
  provider: null,
  model: null,
  host: null,
  ...part,
});

onBothEngines('rows of violations', (bench, engine) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const of = async (policyId: string, take = 100): Promise<ListedViolation[]> =>
    (await listViolations(database, { visibility: 'all', policyId, skip: 0, take })).rows;

  test.each([
    ['U+0000', 'a\0b', 'ab'],
    ['half a character', 'a\ud83d', 'a\ufffd'],
    ['more than its column holds', 'm'.repeat(70_000), 'm'.repeat(255)],
    ['a pair that the cut would part', `${'m'.repeat(254)}😀`, `${'m'.repeat(254)}\ufffd`],
  ])('a model whose name has %s is kept as far as it fits, and keeps no other out', async (_what, model, kept) => {
    const policyId = ids.uuid();
    await insertViolations(database, [
      violation({ policyId, atMs: atMs + 1 }),
      violation({ policyId, model, host: model, provider: model }),
    ]);
    const rows = await of(policyId);
    expect(rows.map((row) => [row.model, row.host])).toEqual([
      [null, null],
      [kept, kept],
    ]);
    expect(rows[1]!.provider!.length).toBe(Math.min(kept.length, 100));
  });

  test('facts come back to the last character, also those that no column of texts would take', async () => {
    const policyId = ids.uuid();
    const excerpt = 'nul \0, half \ud83d, quote "\'\\, line \n\u2028';
    const facts = [{ rule: 'keyword' as const, name: excerpt, count: Number.MAX_SAFE_INTEGER, excerpt }];
    await insertViolations(database, [violation({ policyId, facts })]);
    expect((await of(policyId))[0]!.facts).toEqual(facts);
  });

  test('a batch that two write at once stands there once', async () => {
    const policyId = ids.uuid();
    const batch = Array.from({ length: 200 }, (_, at) => violation({ policyId, atMs: atMs + (at % 7) }));
    await Promise.all([
      insertViolations(database, batch),
      insertViolations(database, batch.toReversed()),
      insertViolations(database, batch),
    ]);
    expect((await of(policyId, 1_000)).map(({ id }) => id).toSorted()).toEqual(batch.map(({ id }) => id).toSorted());
  });

  test('counts are those of the rows, of whatever is asked, from whatever moment', async () => {
    const below = seeded(77);
    const [policies, connections] = [
      [ids.uuid(), ids.uuid(), ids.uuid()],
      [ids.uuid(), ids.uuid()],
    ];
    const made = Array.from({ length: 300 }, () =>
      violation({
        policyId: policies[below(3)]!,
        connectionId: connections[below(2)]!,
        action: (['log', 'alert', 'block', 'redact'] as const)[below(4)]!,
        isBlocked: below(2) === 0,
        atMs: atMs + below(50),
      }),
    );
    await insertViolations(database, made);
    for (const [by, asked, idOf] of [
      ['policy_id', policies, (one: Violation) => one.policyId],
      ['connection_id', connections, (one: Violation) => one.connectionId],
    ] as const)
      for (const fromMs of [0, atMs + 25, atMs + 50]) {
        const expected = asked.flatMap((id) => {
          const own = made.filter((one) => idOf(one) === id && one.atMs >= fromMs);
          const [alerts, blocks] = [own.filter(({ action }) => action === 'alert'), own.filter(({ isBlocked }) => isBlocked)];
          const sums = { violations: own.length, alerts: alerts.length, blocks: blocks.length };
          return own.length === 0 ? [] : [[id, sums] as const];
        });
        const counts = await countViolations(database, by, [...asked, ids.uuid()], fromMs);
        expect(counts).toEqual(new Map(expected));
      }
  });

  test('rows of every month are found and swept in one order, those that came before their partition too', async () => {
    const policyId = ids.uuid();
    const january = Date.UTC(2031, 0, 31, 23, 59, 59, 999);
    const early = [violation({ policyId, atMs: january - 1 }), violation({ policyId, atMs: january })];
    await insertViolations(database, early);
    const made = await ensurePartitions(database.driver, january, 1);
    // January lies in the default partition by now, where it stays.
    const ofViolations = made.filter((name) => name.startsWith('policy_violations'));
    expect(ofViolations).toEqual(engine === 'postgres' ? ['policy_violations_m203102'] : []);
    const late = [violation({ policyId, atMs: january + 1 }), violation({ policyId, atMs: Date.UTC(2041, 5, 1) })];
    await insertViolations(database, [...late, ...early]);
    expect((await of(policyId)).map(({ id }) => id)).toEqual([...early, ...late].map(({ id }) => id).toReversed());
    await sweepViolations(database, january + 1);
    expect((await of(policyId)).map(({ id }) => id)).toEqual(late.map(({ id }) => id).toReversed());
    await sweepViolations(database, january + 2);
    // A month that has a table of its own goes as a whole, and not before it is over.
    if (engine === 'postgres') expect(await of(policyId)).toHaveLength(2);
    const march = Date.UTC(2031, 2, 1);
    expect(await dropMonth(database, 'policy-findings', march - 1)).toBeNull();
    expect(await dropMonth(database, 'policy-findings', march)).toBe(engine === 'postgres' ? 1 : null);
    expect((await of(policyId)).map(({ id }) => id)).toEqual([late[1]!.id]);
  });

  test('what comes while old ones are swept is not swept', async () => {
    const policyId = ids.uuid();
    const longAgoMs = Date.UTC(2019, 0, 1);
    const old = Array.from({ length: 400 }, (_, at) => violation({ policyId, atMs: longAgoMs + at }));
    await insertViolations(database, old);
    const fresh = Array.from({ length: 50 }, () => violation({ policyId }));
    const [swept, again] = await Promise.all([
      sweepViolations(database, longAgoMs + 400),
      sweepViolations(database, longAgoMs + 400),
      ...fresh.map((one) => insertViolations(database, [one])),
    ]);
    expect(swept + again).toBe(old.length);
    expect((await of(policyId)).map(({ id }) => id).toSorted()).toEqual(fresh.map(({ id }) => id).toSorted());
  });
});
