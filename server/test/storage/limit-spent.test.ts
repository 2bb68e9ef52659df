/** What a budget has spent by the books, on both engines: every subject, every moment, instance by instance, and nothing twice. */
import { expect, test } from 'vitest';
import type { LimitSubjectKind } from '../../src/domain/limit.ts';
import { dayMs } from '../../src/domain/rollup.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { spentByInstance, usedIn, usedOfEach, type SpentOfInstance } from '../../src/storage/limit-spent.ts';
import { onBothEngines } from './engines.ts';
import { castOf, intentOf, randomRecords, seedConnections, settlementOf } from './ledger-records.ts';
import { ids } from './rows.ts';

async function apply(database: Database, books: Books, records: readonly LedgerRecord[]): Promise<void> {
  for (let from = 0; from < records.length; from += 200) {
    const part = records.slice(from, from + 200).map((record, index) => ({ seq: books.appliedSeq + index + 1, record }));
    await applyRecords(database, books, part, 1_001 + books.appliedSeq);
  }
}

interface Row {
  at: number;
  instance_id: string;
  state: string;
  cost: number | null;
  reserved: number;
  subject: string | null;
}

const columns: Record<LimitSubjectKind, string> = {
  'access-key': 'access_key_id',
  user: 'user_id',
  workspace: 'workspace_id',
  connection: 'connection_id',
  group: 'routing_group_id',
};

/** The same by looking at every row: settled (what had no price with all that was set aside), unknown and open. */
async function counted(database: Database, kind: LimitSubjectKind, id: string, fromMs: number): Promise<Map<string, number[]>> {
  const rows = await database.driver.rows<Row & Record<string, unknown>>({
    sql: `SELECT at, instance_id, state, cost_nano_usd AS cost, reserved_nano_usd AS reserved, ${columns[kind]} AS subject FROM usage_events`,
    params: [],
  });
  const sums = new Map<string, number[]>();
  for (const row of rows) {
    if (row.subject !== id || row.at < fromMs) continue;
    const sum = sums.get(row.instance_id) ?? [0, 0, 0];
    if (row.state === 'settled' || row.state === 'partial') sum[0]! += row.cost ?? row.reserved;
    if (row.state === 'unknown') sum[1]! += row.reserved;
    if (row.state === 'intent') sum[2]! += row.reserved;
    sums.set(row.instance_id, sum);
  }
  return sums;
}

const sumsOf = (spent: readonly SpentOfInstance[]): Map<string, number[]> =>
  new Map(
    spent
      .map((one): [string, number[]] => [one.instanceId, [one.settledNanoUsd, one.unknownNanoUsd, one.openNanoUsd]])
      .filter(([, [settled, unknown, open]]) => settled! + unknown! + open! > 0),
  );
const withSome = (sums: Map<string, number[]>): Map<string, number[]> =>
  new Map([...sums].filter(([, sum]) => sum.some((value) => value > 0)));

onBothEngines('what a budget has spent', (bench) => {
  test('is the sum of its settled rows and of what is set aside for its open, unknown and unpriced ones, from any moment on', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const cast = castOf(await seedConnections(database.driver, 2));
    const groupId = ids.uuid();
    const [first, second] = [(await openBooks(database, ids.uuid(), 1_000)).books, (await openBooks(database, ids.uuid(), 1_000)).books];
    const [keyId, otherKey] = cast.keys as [string, string];
    const atMs = 20_000 * dayMs + 5 * 3_600_000;
    const part = {
      userId: cast.users[0]!,
      workspaceId: ids.uuid(),
      connectionId: cast.connections[0]!,
      accessKeyId: keyId,
      routingGroupId: groupId,
    };
    const records = (books: number): LedgerRecord[] => {
      const all: LedgerRecord[] = [...randomRecords(70 + books, 160, cast)];
      for (let hour = 0; hour < 60; hour++) {
        const intent = intentOf({ ...part, atMs: atMs + hour * 3_600_000, reservedNanoUsd: 1_000 + hour });
        all.push(intent);
        if (hour % 4 === 1) all.push(settlementOf(intent, { costNanoUsd: null, isLast: true }));
        else if (hour % 4 !== 0) all.push(settlementOf(intent, { costNanoUsd: 7 * hour, isLast: true }));
      }
      return all;
    };
    await apply(database, first, records(1));
    await apply(database, second, records(2));
    // One of them is over; what it had open nobody will ever know.
    await markUnknown(database, second, second.appliedSeq, 2_000, 3_000);
    const subjects: [LimitSubjectKind, string][] = [
      ['access-key', keyId],
      ['access-key', otherKey],
      ['user', part.userId],
      ['workspace', part.workspaceId],
      ['connection', part.connectionId],
      ['group', groupId],
      ['user', ids.uuid()],
    ];
    for (const [kind, id] of subjects)
      // All of time, a day, a day of another zone, a border within a day, and after everything.
      for (const fromMs of [0, 20_000 * dayMs, 20_001 * dayMs, 20_001 * dayMs - 7 * 3_600_000, atMs + 900_000 * 7, atMs + 90 * dayMs]) {
        const spent = await spentByInstance(database, { kind, id }, fromMs);
        expect(sumsOf(spent), `${kind} from ${fromMs}`).toEqual(withSome(await counted(database, kind, id, fromMs)));
        expect((await usedOfEach(database, kind, fromMs)).get(id) ?? 0, `each ${kind} from ${fromMs}`).toBe(usedIn(spent));
        expect(new Set(spent.map(({ appliedSeq }) => appliedSeq))).toEqual(new Set([first.appliedSeq, second.appliedSeq]));
      }
    expect(sumsOf(await spentByInstance(database, { kind: 'group', id: groupId }, 0)).size).toBe(2);
    expect(sumsOf(await spentByInstance(database, { kind: 'user', id: ids.uuid() }, 0)).size).toBe(0);
  });
});
