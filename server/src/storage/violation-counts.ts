/** How much policies found in the range of a question about usage: counted by the columns that violations have. */
import type { Database } from './database.ts';
import type { UsageScope } from './usage.ts';
import type { ViolationCounts } from './violations.ts';
import { Parameters, visibleCondition } from './visibility.ts';

const columns = [
  ['connectionIds', 'connection_id'],
  ['providers', 'provider'],
  ['models', 'model'],
  ['accessKeyIds', 'access_key_id'],
  ['userIds', 'user_id'],
  ['workspaceIds', 'workspace_id'],
  ['repositoryIds', 'repository_id'],
] as const;

/** Violations of what the scope names; a use case and a purpose are not known of them, so that such a filter does not narrow them. */
export async function countFound({ driver }: Database, scope: UsageScope): Promise<ViolationCounts> {
  const parameters = new Parameters();
  const where = [`v.at >= ${parameters.add(scope.range.fromMs)}`, `v.at < ${parameters.add(scope.range.toMs)}`];
  where.push(visibleCondition(scope.visibility, 'v', parameters));
  for (const [name, column] of columns) {
    const values: readonly (string | null)[] | undefined = scope[name];
    if (values === undefined) continue;
    const named = values.filter((value) => value !== null).map((value) => parameters.add(value));
    const parts = [
      ...(named.length > 0 ? [`v.${column} IN (${named.join(', ')})`] : []),
      ...(values.includes(null) ? [`v.${column} IS NULL`] : []),
    ];
    where.push(parts.length === 0 ? 'FALSE' : `(${parts.join(' OR ')})`);
  }
  const [row] = await driver.rows<{ violations: number; alerts: number | null; blocks: number | null }>(
    {
      sql: `SELECT count(*) AS violations, sum(CASE WHEN v.action = 1 THEN 1 ELSE 0 END) AS alerts,
        sum(CASE WHEN v.is_blocked THEN 1 ELSE 0 END) AS blocks FROM policy_violations v WHERE ${where.join(' AND ')}`,
      params: parameters.values,
    },
    'analytics',
  );
  return { violations: row?.violations ?? 0, alerts: row?.alerts ?? 0, blocks: row?.blocks ?? 0 };
}
