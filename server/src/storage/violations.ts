/** What policies found: written in batches behind the requests, listed newest first, counted, and swept when it is old. */
import { policyActions, type PolicyAction, type PolicyStage, type Risk, type Violation, type ViolationFact } from '../domain/policy.ts';
import type { Database } from './database.ts';
import { textOrNull } from './fit.ts';
import { Parameters, visibleCondition, type Visibility } from './visibility.ts';

const columns = [
  'at', 'id', 'policy_id', 'policy_name', 'action', 'is_blocked', 'severity', 'stage', 'facts', 'request_id', 'workspace_id', 'repository_id',
  'access_key_id', 'user_id', 'connection_id', 'provider', 'model', 'host',
] as const; // prettier-ignore

const providerCharsMax = 100;
const nameCharsMax = 255;

/** A request may name a model by any text: one that does not fit its column must not keep the others of the batch out. */
const valuesOf = (found: Violation): unknown[] => [
  found.atMs, found.id, found.policyId, found.policyName, policyActions.indexOf(found.action), found.isBlocked, found.severity, found.stage,
  JSON.stringify(found.facts), found.requestId, found.workspaceId, found.repositoryId, found.accessKeyId, found.userId, found.connectionId,
  textOrNull(found.provider, providerCharsMax), textOrNull(found.model, nameCharsMax), textOrNull(found.host, nameCharsMax),
]; // prettier-ignore

/** Writes a batch; one that was written before changes nothing. */
export async function insertViolations({ driver }: Database, found: readonly Violation[]): Promise<void> {
  if (found.length === 0) return;
  await driver.write([{ insertInto: 'policy_violations', columns, rows: found.map(valuesOf), onConflict: '(at, id) DO NOTHING' }]);
}

export interface ViolationQuestion {
  visibility: Visibility;
  policyId?: string;
  workspaceId?: string;
  repositoryId?: string;
  fromMs?: number;
  /** Exclusive. */
  toMs?: number;
  providers?: readonly string[];
  models?: readonly string[];
  hosts?: readonly string[];
  severities?: readonly Risk[];
  isBlocked?: boolean;
  actions?: readonly PolicyAction[];
  skip: number;
  take: number;
}

/** A violation with the names of what it is about, as they are now. */
export interface ListedViolation extends Violation {
  userName: string | null;
  accessKeyName: string | null;
  repositoryName: string | null;
  workspaceName: string | null;
}

interface ViolationRow {
  at: number;
  id: string;
  policy_id: string;
  policy_name: string;
  action: number;
  is_blocked: boolean;
  severity: Risk;
  stage: PolicyStage;
  facts: string;
  request_id: string;
  workspace_id: string | null;
  repository_id: string | null;
  access_key_id: string | null;
  user_id: string | null;
  connection_id: string | null;
  provider: string | null;
  model: string | null;
  host: string | null;
  user_name: string | null;
  key_name: string | null;
  repository_name: string | null;
  workspace_name: string | null;
}

const listedOf = (row: ViolationRow): ListedViolation => ({
  id: row.id,
  atMs: row.at,
  policyId: row.policy_id,
  policyName: row.policy_name,
  action: policyActions[row.action] ?? 'log',
  isBlocked: row.is_blocked,
  severity: row.severity,
  stage: row.stage,
  facts: JSON.parse(row.facts) as ViolationFact[],
  requestId: row.request_id,
  workspaceId: row.workspace_id,
  repositoryId: row.repository_id,
  accessKeyId: row.access_key_id,
  userId: row.user_id,
  connectionId: row.connection_id,
  provider: row.provider,
  model: row.model,
  host: row.host,
  userName: row.user_name,
  accessKeyName: row.key_name,
  repositoryName: row.repository_name,
  workspaceName: row.workspace_name,
});

function conditionsOf(question: ViolationQuestion, parameters: Parameters): string {
  const equal = (column: string, value: unknown): string[] => (value === undefined ? [] : [`v.${column} = ${parameters.add(value)}`]);
  const among = (column: string, values: readonly unknown[] | undefined): string[] =>
    values === undefined || values.length === 0 ? [] : [`v.${column} IN (${values.map((value) => parameters.add(value)).join(', ')})`];
  return [
    visibleCondition(question.visibility, 'v', parameters),
    ...equal('policy_id', question.policyId),
    ...equal('workspace_id', question.workspaceId),
    ...equal('repository_id', question.repositoryId),
    ...equal('is_blocked', question.isBlocked),
    ...(question.fromMs === undefined ? [] : [`v.at >= ${parameters.add(question.fromMs)}`]),
    ...(question.toMs === undefined ? [] : [`v.at < ${parameters.add(question.toMs)}`]),
    ...among('provider', question.providers),
    ...among('model', question.models),
    ...among('host', question.hosts),
    ...among('severity', question.severities),
    ...among(
      'action',
      question.actions?.map((action) => policyActions.indexOf(action)),
    ),
  ].join(' AND ');
}

/** One page, newest first, and how many there are in all. */
export async function listViolations(
  { driver }: Database,
  question: ViolationQuestion,
): Promise<{ rows: ListedViolation[]; total: number }> {
  const counted = new Parameters();
  const [count] = await driver.rows<{ total: number }>(
    { sql: `SELECT count(*) AS total FROM policy_violations v WHERE ${conditionsOf(question, counted)}`, params: counted.values },
    'analytics',
  );
  const parameters = new Parameters();
  const where = conditionsOf(question, parameters);
  const page = `LIMIT ${parameters.add(question.take)} OFFSET ${parameters.add(question.skip)}`;
  const rows = await driver.rows<ViolationRow>(
    {
      sql: `SELECT v.*, u.name AS user_name, k.name AS key_name, r.name AS repository_name, w.name AS workspace_name
        FROM (SELECT ${columns.map((name) => `v.${name}`).join(', ')} FROM policy_violations v WHERE ${where} ORDER BY v.at DESC, v.id DESC ${page}) v
        LEFT JOIN users u ON u.id = v.user_id
        LEFT JOIN access_keys k ON k.id = v.access_key_id
        LEFT JOIN repositories r ON r.id = v.repository_id
        LEFT JOIN workspaces w ON w.id = v.workspace_id
        ORDER BY v.at DESC, v.id DESC`,
      params: parameters.values,
    },
    'analytics',
  );
  return { rows: rows.map(listedOf), total: count?.total ?? 0 };
}

export interface ViolationCounts {
  violations: number;
  alerts: number;
  blocks: number;
}

/** Ids that one question may name. */
const idsAtOnce = 500;

/** How much was found by connection or by policy; what nothing was found of is missing. */
export async function countViolations(
  { driver }: Database,
  by: 'connection_id' | 'policy_id',
  ids: readonly string[],
  fromMs = 0,
): Promise<Map<string, ViolationCounts>> {
  const counts = new Map<string, ViolationCounts>();
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const parameters = new Parameters();
    const list = ids.slice(at, at + idsAtOnce).map((id) => parameters.add(id));
    const rows = await driver.rows<{ id: string; violations: number; alerts: number; blocks: number }>(
      {
        sql: `SELECT v.${by} AS id, count(*) AS violations, sum(CASE WHEN v.action = 1 THEN 1 ELSE 0 END) AS alerts,
          sum(CASE WHEN v.is_blocked THEN 1 ELSE 0 END) AS blocks
          FROM policy_violations v WHERE v.${by} IN (${list.join(', ')}) AND v.at >= ${parameters.add(fromMs)} GROUP BY v.${by}`,
        params: parameters.values,
      },
      'analytics',
    );
    for (const { id, violations, alerts, blocks } of rows) counts.set(id, { violations, alerts, blocks });
  }
  return counts;
}

/** Findings that one request shows. */
const findingsMax = 100;

/** What policies found in one request, as far as the caller may see it, in the order that it was found. */
export async function violationsIn({ driver }: Database, requestId: string, visibility: Visibility): Promise<Violation[]> {
  const parameters = new Parameters();
  const id = parameters.add(requestId);
  const rows = await driver.rows<ViolationRow>({
    sql: `SELECT ${columns.map((name) => `v.${name}`).join(', ')}, NULL AS user_name, NULL AS key_name, NULL AS repository_name, NULL AS workspace_name
      FROM policy_violations v WHERE v.request_id = ${id} AND ${visibleCondition(visibility, 'v', parameters)} ORDER BY v.at, v.id LIMIT ${findingsMax}`,
    params: parameters.values,
  });
  return rows.map(listedOf);
}
