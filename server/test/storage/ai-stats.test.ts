/** Rows of S3's statistics and counts of violations: those of the rows, by day and by minute, narrowed as asked and never wider than one may see. */
import { beforeAll, expect, test } from 'vitest';
import type { Violation } from '../../src/domain/policy.ts';
import { aiStats, type AiStatsQuestion, type AiStatsSum } from '../../src/storage/ai-stats.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { columns, rowOf, type LedgerRow } from '../../src/storage/ledger-rows.ts';
import { connectionIdsOfUser, namesOfConnections, namesOfWorkspaces } from '../../src/storage/usage-names.ts';
import { countFound } from '../../src/storage/violation-counts.ts';
import { insertViolations } from '../../src/storage/violations.ts';
import { onBothEngines } from './engines.ts';
import { castOf, ids, randomRecords, seedConnections, startMs, type Cast } from './ledger-records.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const fromMs = Math.floor(startMs / dayMs) * dayMs;
const range = { fromMs, toMs: fromMs + 5 * dayMs };

const placeOf = (
  row: Pick<AiStatsSum, 'atMs' | 'connectionId' | 'provider' | 'model' | 'accessKeyId' | 'userId' | 'repositoryId'>,
  step: number,
): string =>
  JSON.stringify([
    Math.floor(row.atMs / step) * step,
    row.connectionId,
    row.provider,
    row.model,
    row.accessKeyId,
    row.userId,
    row.repositoryId,
  ]);

/** The same sums from the rows, in plain JavaScript: calls, tokens in and out, attempts and their time. */
function expected(rows: readonly LedgerRow[], step: number): Map<string, number[]> {
  const sums = new Map<string, number[]>();
  for (const row of rows) {
    if (row.state === 'intent') continue;
    const place = placeOf(row, step);
    const sum = sums.get(place) ?? [0, 0, 0, 0, 0];
    const isAttempt = row.savedNanoUsd === null;
    const more = [row.isLast ? 1 : 0, row.usage.tokensIn, row.usage.tokensOut, isAttempt ? 1 : 0, isAttempt ? (row.latencyMs ?? 0) : 0];
    sums.set(place, sum.map((value, index) => value + more[index]!)); // prettier-ignore
  }
  return sums;
}
const found = (rows: readonly AiStatsSum[], step: number): Map<string, number[]> =>
  new Map(rows.map((row) => [placeOf(row, step), [row.requests, row.tokensIn, row.tokensOut, row.attempts, row.latencyMsSum]]));

onBothEngines('statistics of AI LLMs', (bench) => {
  let database: Database;
  let cast: Cast;
  let rows: LedgerRow[];
  const ask = (part: Partial<AiStatsQuestion>): Promise<AiStatsSum[]> =>
    aiStats(database, { range, visibility: 'all', by: 'day', ...part });
  const violation = (part: Partial<Violation>): Violation => ({
    atMs: startMs,
    id: ids.uuid(),
    policyId: ids.uuid(),
    policyName: 'A policy',
    action: 'log',
    isBlocked: false,
    severity: 'LOW',
    stage: 'prompt',
    facts: [],
    requestId: ids.uuid(),
    workspaceId: null,
    repositoryId: null,
    accessKeyId: cast.keys[0]!,
    userId: cast.users[0]!,
    connectionId: cast.connections[0]!,
    provider: 'openai',
    model: 'found-alone',
    host: null,
    ...part,
  });

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    cast = castOf(await seedConnections(database.driver, 3));
    const { books } = await openBooks(database, ids.uuid(), 1_000);
    const records = randomRecords(41, 300, cast);
    await applyRecords(database, books, records.map((record, index) => ({ seq: index + 1, record })), 2_000); // prettier-ignore
    const read = await database.driver.rows({ sql: `SELECT ${columns.join(', ')} FROM usage_events`, params: [] });
    rows = read.map(rowOf);
  });

  test.each([
    ['day', dayMs],
    ['minute', minuteMs],
  ] as const)('by %s the sums are those of the rows, oldest first', async (by, step) => {
    const answer = await ask({ by });
    expect(found(answer, step)).toEqual(expected(rows, step));
    expect(answer.map(({ atMs }) => atMs)).toEqual(answer.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  });

  test.each(['day', 'minute'] as const)(
    'by %s, connections, keys and repositories are joined by "or", everything else by "and"',
    async (by) => {
      const [connection] = cast.connections;
      const step = by === 'day' ? dayMs : minuteMs;
      const keep = (row: LedgerRow): boolean => (row.connectionId === connection || row.accessKeyId === cast.keys[1]) && row.model === 'o3';
      const anyOf = { connectionIds: [connection!], accessKeyIds: [cast.keys[1]!], repositoryIds: [] };
      expect(found(await ask({ by, anyOf, models: ['o3'] }), step)).toEqual(expected(rows.filter(keep), step));
      expect(await ask({ by, anyOf: { connectionIds: [], accessKeyIds: [], repositoryIds: [] } })).toEqual([]);
      expect(await ask({ by, connectionIds: [] })).toEqual([]);
    },
  );

  test.each(['day', 'minute'] as const)("by %s one sees one's own rows, and those of one's workspaces", async (by) => {
    const step = by === 'day' ? dayMs : minuteMs;
    const own = { userId: cast.users[0]!, workspaceIds: [] };
    expect(found(await ask({ by, visibility: own }), step)).toEqual(
      expected(
        rows.filter(({ userId }) => userId === cast.users[0]),
        step,
      ),
    );
    const both = { userId: cast.users[0]!, workspaceIds: [cast.workspaces[0]!] };
    const keep = (row: LedgerRow): boolean => row.userId === cast.users[0] || row.workspaceId === cast.workspaces[0];
    expect(found(await ask({ by, visibility: both }), step)).toEqual(expected(rows.filter(keep), step));
    expect(await ask({ by, visibility: { userId: ids.uuid(), workspaceIds: [] } })).toEqual([]);
  });

  test('what policies found stands with what was used there, or in a row of its own, and is counted by the same filters', async () => {
    const busy = rows.find(({ state, accessKeyId, connectionId }) => state === 'settled' && accessKeyId !== null && connectionId !== null);
    const there = { atMs: busy!.atMs, connectionId: busy!.connectionId!, accessKeyId: busy!.accessKeyId!, userId: busy!.userId!, provider: busy!.provider, model: busy!.model }; // prettier-ignore
    await insertViolations(database, [
      violation(there),
      violation({ ...there, action: 'block', isBlocked: true, severity: 'HIGH' }),
      violation({ action: 'alert', severity: 'MEDIUM' }),
    ]);
    const day = await ask({});
    const beside = day.find((row) => placeOf(row, dayMs) === placeOf({ ...busy!, repositoryId: busy!.repositoryId }, dayMs))!;
    expect(beside).toMatchObject({ violations: 2, blocks: 1, alerts: 0, low: 1, medium: 0, high: 1 });
    expect(beside.requests).toBeGreaterThan(0);
    expect(day.filter(({ model }) => model === 'found-alone')).toMatchObject([{ requests: 0, violations: 1, alerts: 1, medium: 1 }]);
    expect(await ask({ models: ['found-alone'], userIds: [cast.users[1]!] })).toEqual([]);
    const count = (part: object): Promise<unknown> => countFound(database, { range, visibility: 'all', ...part });
    expect(await count({})).toEqual({ violations: 3, alerts: 1, blocks: 1 });
    expect(await count({ models: ['found-alone'] })).toEqual({ violations: 1, alerts: 1, blocks: 0 });
    expect(await count({ workspaceIds: [null], accessKeyIds: [null, cast.keys[0]!], models: ['found-alone'] })).toMatchObject({
      violations: 1,
    });
    expect(await count({ connectionIds: [] })).toEqual({ violations: 0, alerts: 0, blocks: 0 });
    expect(await count({ visibility: { userId: ids.uuid(), workspaceIds: [] } })).toMatchObject({ violations: 0 });
    expect(await count({ range: { fromMs: 0, toMs: 1 } })).toEqual({ violations: 0, alerts: 0, blocks: 0 });
  });

  test('names are found by ids, a thousand at once, and what there is not has none', async () => {
    const many = [...cast.connections, ...Array.from({ length: 1_100 }, () => ids.uuid())];
    const names = await namesOfConnections(database, many);
    expect([...names.keys()].toSorted()).toEqual(cast.connections.toSorted()); // prettier-ignore
    expect(await namesOfConnections(database, [])).toEqual(new Map());
    expect(await namesOfWorkspaces(database, [ids.uuid()])).toEqual(new Map());
    const [owner] = await database.driver.rows<{ user_id: string }>({
      sql: 'SELECT CAST(user_id AS TEXT) AS user_id FROM ai_configurations WHERE id = $1',
      params: [cast.connections[0]],
    });
    expect((await connectionIdsOfUser(database, owner!.user_id)).toSorted()).toEqual(cast.connections.toSorted()); // prettier-ignore
    expect(await connectionIdsOfUser(database, ids.uuid())).toEqual([]);
  });
});
