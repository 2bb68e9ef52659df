/** The last tests of each connection. They have no revision: a test changes nothing that people set (C-10). */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

/** Tests that are kept of one connection. */
export const testsKeptMax = 50;
/** Older ones that one new test takes away; more than one only where several were written at once. */
const testsDroppedMax = 100;

export interface StoredTest {
  atMs: number;
  /** JSON as `addTestSteps` was given it. */
  resultJson: string;
}

/** Adds a test and drops what is too old by it. */
export function addTestSteps(
  { db, compile }: Database,
  test: StoredTest & { id: string; connectionId: string; userId: string },
): Statement[] {
  const old = db
    .selectFrom('connection_tests')
    .select('id')
    .where('connection_id', '=', test.connectionId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(testsDroppedMax)
    .offset(testsKeptMax);
  return [
    compile(
      db.insertInto('connection_tests').values({
        id: test.id,
        connection_id: test.connectionId,
        at: test.atMs,
        user_id: test.userId,
        result: test.resultJson,
      }),
    ),
    compile(db.deleteFrom('connection_tests').where('id', 'in', old)),
  ];
}

/** Newest first. */
export async function listTests({ db }: Database, connectionId: string): Promise<StoredTest[]> {
  const rows = await db
    .selectFrom('connection_tests')
    .select(['at', 'result'])
    .where('connection_id', '=', connectionId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(testsKeptMax)
    .execute();
  return rows.map((row) => ({ atMs: row.at, resultJson: row.result }));
}
