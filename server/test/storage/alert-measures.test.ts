/** What alert rules look at, on both engines: shares of failures, percentiles and spending as a look at every entry finds them, for each owner alone. */
import { beforeAll, expect, test } from 'vitest';
import { quarterMs } from '../../src/domain/rollup.ts';
import {
  budgetEvents,
  errorShares,
  illConnections,
  illnessesSince,
  pastTraffic,
  policyFinds,
  slowest,
  spendByQuarter,
  type MeasureScope,
} from '../../src/storage/alert-measures.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { writeLimitEvents, type LimitEventRow } from '../../src/storage/limit-events.ts';
import { insertViolations } from '../../src/storage/violations.ts';
import { onBothEngines } from './engines.ts';
import { castOf, ids, intentOf, randomRecords, seedConnections, settlementOf, startMs, type Cast } from './ledger-records.ts';

interface Entry {
  at: number;
  state: string;
  reason: string | null;
  attempt_no: number;
  purpose: string;
  connection_id: string | null;
  user_id: string | null;
  workspace_id: string | null;
  latency_ms: number | null;
  cost_nano_usd: number | null;
}

/** What the caller brought about itself says nothing about a connection. */
const callers = new Set(['bad_request', 'context_length', 'too_large', 'policy_blocked', 'caller_gone', 'conflict']);
const isFailure = ({ state, reason }: Entry): boolean => state === 'settled' && reason !== null && !callers.has(reason);
const hourMs = 3_600_000;

/** The value that nineteen of twenty do not exceed: the nearest rank. */
const p95Of = (values: readonly number[]): number | null =>
  values.toSorted((a, b) => a - b)[Math.ceil((values.length * 95) / 100) - 1] ?? null;

onBothEngines('measures of alerts', (bench) => {
  let database: Database;
  let entries: Entry[];
  let cast: Cast;
  let scopes: MeasureScope[];
  /** Within the three days of the traffic, so that every question leaves something out. */
  const fromMs = startMs + 20 * hourMs;

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    cast = castOf(await seedConnections(database.driver, 3));
    const asked = ['bad_request', 'context_length', 'server_error'].map((reason) => {
      const intent = intentOf({ connectionId: cast.connections[0]!, userId: cast.users[0]!, atMs: fromMs + hourMs });
      return [intent, settlementOf(intent, { reason, status: 400 })];
    });
    const probe = intentOf({ purpose: 'probe', connectionId: cast.connections[0]!, atMs: fromMs + hourMs });
    for (const [index, seed] of [31, 32].entries()) {
      const { books } = await openBooks(database, ids.uuid(), 1_000 + index);
      const records = [...randomRecords(seed, 250, cast), ...(index === 0 ? [...asked.flat(), probe, settlementOf(probe)] : [])];
      await applyRecords(database, books, records.map((record, at) => ({ seq: at + 1, record })), 2_000); // prettier-ignore
    }
    entries = await database.driver.rows<Entry & Record<string, never>>({ sql: 'SELECT * FROM usage_events', params: [] });
    scopes = [
      { owner: { scope: 'organization', id: ids.uuid() }, connectionId: null },
      { owner: { scope: 'organization', id: ids.uuid() }, connectionId: cast.connections[1]! },
      { owner: { scope: 'user', id: cast.users[0]! }, connectionId: null },
      { owner: { scope: 'workspace', id: cast.workspaces[0]! }, connectionId: cast.connections[2]! },
      { owner: { scope: 'user', id: ids.uuid() }, connectionId: null },
    ];
  });

  const isOf = ({ owner, connectionId }: MeasureScope, row: Entry): boolean =>
    (owner.scope === 'organization' || row[owner.scope === 'user' ? 'user_id' : 'workspace_id'] === owner.id) &&
    (connectionId === null || row.connection_id === connectionId);
  /** Attempts that say something about a connection, by connection and, where it is asked for, stretch of time. */
  function attempts(scope: MeasureScope, stepMs = Number.MAX_SAFE_INTEGER): Map<string, Entry[]> {
    const of = entries.filter(
      (row) =>
        row.at >= fromMs && ['settled', 'partial'].includes(row.state) && row.attempt_no > 0 && row.connection_id !== null &&
        ['completion', 'chat'].includes(row.purpose) && isOf(scope, row),
    ); // prettier-ignore
    return Map.groupBy(of, (row) => `${Math.floor(row.at / stepMs) * stepMs} ${row.connection_id}`);
  }
  const goodTimes = (rows: readonly Entry[]): number[] =>
    rows.filter(({ reason, latency_ms: ms }) => reason === null && ms !== null).map(({ latency_ms: ms }) => ms!);

  test('the entries that measures are compared with are there for each owner but the one who asked for nothing', () => {
    expect(scopes.map((scope) => attempts(scope).size)).toEqual([3, 1, 3, 1, 0]);
  });

  test('shares of failures are those of the attempts, without what callers brought about themselves', async () => {
    for (const scope of scopes) {
      const found = await errorShares(database, scope, fromMs);
      const expected = [...attempts(scope)].map(([key, rows]) => [key.slice(2), rows.length, rows.filter(isFailure).length]);
      expect(new Set(found.map((one) => [one.connectionId, one.attempts, one.failures].join()))).toEqual(
        new Set(expected.map((one) => one.join())),
      );
    }
    const failures = entries.filter((row) => row.at >= fromMs && row.state === 'settled' && row.reason !== null);
    expect(failures.filter((row) => !isFailure(row)).length, 'callers’ own doing is among what was counted').toBeGreaterThan(0);
  });

  test('the slow end is a time that was measured, and nineteen of twenty good answers do not exceed it', async () => {
    for (const scope of scopes) {
      const found = await slowest(database, scope, fromMs);
      const expected = [...attempts(scope)].map(([key, rows]) => [key.slice(2), goodTimes(rows).length, p95Of(goodTimes(rows))]);
      expect(new Set(found.map((one) => [one.connectionId, one.attempts, one.p95Ms].join()))).toEqual(
        new Set(expected.map((one) => one.join())),
      );
    }
  });

  test.each([hourMs, 6 * hourMs])('the past in stretches of %i ms is what each stretch was by itself', async (stepMs) => {
    for (const scope of scopes) {
      const found = await pastTraffic(database, scope, fromMs, stepMs);
      const expected = [...attempts(scope, stepMs)].map(([key, rows]) =>
        [...key.split(' '), rows.length, rows.filter(isFailure).length, p95Of(goodTimes(rows))].join(),
      );
      expect(found.map((one) => [one.bucket, one.connectionId, one.attempts, one.failures, one.p95Ms].join()).toSorted()).toEqual(
        expected.toSorted(),
      );
      expect(found.map(({ bucket }) => bucket)).toEqual(found.map(({ bucket }) => bucket).toSorted((a, b) => a - b));
    }
  });

  test('spending by quarter-hour adds up to the entries, of each owner alone', async () => {
    const firstMs = Math.ceil(fromMs / quarterMs) * quarterMs;
    for (const scope of scopes) {
      const found = await spendByQuarter(database, scope, fromMs);
      const sums = new Map<number, number>();
      for (const row of entries.filter((entry) => entry.at >= firstMs && entry.state !== 'intent' && isOf(scope, entry))) {
        const bucket = Math.floor(row.at / quarterMs) * quarterMs;
        sums.set(bucket, (sums.get(bucket) ?? 0) + (row.cost_nano_usd ?? 0));
      }
      expect(found.map(({ bucket, costNanoUsd }) => [bucket, costNanoUsd])).toEqual([...sums].toSorted(([a], [b]) => a - b));
    }
  });

  test('ill connections are those that are not expected to answer, and never for one of their models alone', async () => {
    const states = ['healthy', 'failing', 'quota', 'auth', 'unknown'];
    const made = states.map((state) => ({ connectionId: ids.uuid(), state, sinceMs: startMs }));
    await database.driver.write([
      {
        insertInto: 'connection_health',
        columns: ['connection_id', 'model', 'state', 'since', 'updated_at'],
        rows: made.flatMap((one) => [
          [one.connectionId, '', one.state, one.sinceMs, startMs],
          [one.connectionId, 'gpt-4o', 'failing', one.sinceMs, startMs],
        ]),
      },
    ]);
    const found = (await illConnections(database)).toSorted((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
    expect(found).toEqual(made.slice(1, 4));
  });

  test('illnesses are those that lasted into the time that is asked for, oldest first', async () => {
    const connectionId = ids.uuid();
    const times = [[1, 5], [2, 10], [3, null], [12, 13]] as const; // prettier-ignore
    const rows = times.map(([from, until]) => [ids.uuid(), connectionId, '', 'failing', startMs + from, until && startMs + until]);
    await database.driver.write([
      {
        insertInto: 'health_incidents',
        columns: ['id', 'connection_id', 'model', 'state', 'from_at', 'until_at'],
        rows: rows.toReversed(),
      },
    ]);
    const seen = await illnessesSince(database, startMs + 10);
    expect(seen.map((one) => [one.fromMs - startMs, one.untilMs && one.untilMs - startMs])).toEqual(times.slice(1));
  });

  test('budgets that were neared are told newest first, and rates are no budgets', async () => {
    const event = (part: Partial<LimitEventRow>): LimitEventRow => ({
      id: ids.uuid(), atMs: startMs, limitId: null, subject: { kind: 'user', id: ids.uuid() }, kind: 'money', period: 'day', event: 'soft', times: 1, used: 80, value: 100, ...part,
    }); // prettier-ignore
    const made = [
      event({ atMs: startMs - 1 }),
      event({}),
      event({ atMs: startMs + 1, kind: 'tokens', period: 'minute' }),
      event({ atMs: startMs + 2, event: 'refused' }),
    ];
    await writeLimitEvents(database, made);
    const told = [made[3]!, made[1]!].map(({ atMs, subject, period, event: what, used, value }) => ({
      atMs,
      subject,
      period,
      event: what,
      used,
      value,
    }));
    expect(await budgetEvents(database, startMs)).toEqual(told);
  });

  test('what policies found is counted by policy and stretch, without what they only log, for each owner alone', async () => {
    const [userId, policyId, other] = [ids.uuid(), ids.uuid(), ids.uuid()];
    const found = (atMs: number, action: 'log' | 'redact' | 'block', of: string, who: string | null = userId) => ({
      id: ids.uuid(), atMs, policyId: of, policyName: of, action, isBlocked: action === 'block', severity: 'HIGH' as const, stage: 'prompt' as const, facts: [],
      requestId: ids.uuid(), workspaceId: null, repositoryId: null, accessKeyId: null, userId: who, connectionId: null, provider: 'openai', model: 'gpt-4o', host: 'api.openai.com',
    }); // prettier-ignore
    const hour = Math.ceil(startMs / hourMs) * hourMs;
    await insertViolations(database, [
      found(hour - 1, 'block', policyId), found(hour, 'redact', policyId), found(hour + 5, 'block', policyId), found(hour + 6, 'log', policyId),
      found(hour + hourMs, 'block', policyId), found(hour + 7, 'block', other), found(hour + 8, 'block', other, null),
    ]); // prettier-ignore
    const of = async (scope: 'user' | 'organization') =>
      (await policyFinds(database, { owner: { scope, id: userId }, connectionId: null }, hour, hourMs)).map((one) =>
        [one.bucket - hour, one.policyName === policyId ? 'one' : 'other', one.finds].join(' '),
      );
    expect((await of('user')).toSorted()).toEqual([`${hourMs} one 1`, '0 one 2', '0 other 1'].toSorted());
    expect((await of('organization')).toSorted()).toEqual([`${hourMs} one 1`, '0 one 2', '0 other 2'].toSorted());
  });
});
