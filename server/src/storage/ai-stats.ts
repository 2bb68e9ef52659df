/** Rows of S3's statistics: sums per day (from the roll-ups) or minute (from the rows of a short range) and whoever used what, with what policies found. */
import type { UsageRange } from '../domain/usage-range.ts';
import type { Database } from './database.ts';
import { dimensionCondition, findsNothing, within, type UsageFilter } from './usage-parts.ts';
import { Parameters, visibleCondition, type Visibility } from './visibility.ts';

export interface AiStatsQuestion extends UsageFilter {
  range: UsageRange;
  visibility: Visibility;
  /** Of which: whole UTC days, or minutes. */
  by: 'day' | 'minute';
}

export interface AiStatsSum {
  atMs: number;
  connectionId: string | null;
  provider: string;
  model: string;
  accessKeyId: string | null;
  userId: string | null;
  repositoryId: string | null;
  requests: number;
  tokensIn: number;
  tokensOut: number;
  llmTokensIn: number;
  llmTokensOut: number;
  attempts: number;
  latencyMsSum: number;
  violations: number;
  alerts: number;
  blocks: number;
  low: number;
  medium: number;
  high: number;
}

/** Rows of one answer. */
export const aiStatsRowsMax = 10_000;
const minuteMs = 60_000;
const dayMs = 86_400_000;

const names = ['connection_id', 'provider', 'model', 'access_key_id', 'user_id', 'repository_id'] as const;
const asText = (alias: string): string =>
  names
    .map((name) => (name === 'provider' || name === 'model' ? `${alias}.${name}` : `CAST(${alias}.${name} AS TEXT)`) + ` AS ${name}`)
    .join(', ');
const grouped = (alias: string): string => names.map((name) => `${alias}.${name}`).join(', ');
const bigint = (sql: string, name: string): string => `CAST(COALESCE(sum(${sql}), 0) AS BIGINT) AS ${name}`;

function dayStatement(question: AiStatsQuestion, parameters: Parameters): string {
  const where = [within(question.range, 'u', parameters), ...dimensionCondition(question, question.visibility, 'u', parameters)];
  const asked = "d.purpose IN ('completion', 'chat')";
  return `SELECT u.bucket AS at, ${asText('d')}, ${bigint(`CASE WHEN ${asked} THEN u.requests END`, 'requests')},
      ${bigint(`CASE WHEN ${asked} THEN u.tokens_in END`, 'tokens_in')}, ${bigint(`CASE WHEN ${asked} THEN u.tokens_out END`, 'tokens_out')},
      ${bigint('u.tokens_in', 'llm_tokens_in')}, ${bigint('u.tokens_out', 'llm_tokens_out')},
      ${bigint('u.attempts', 'attempts')}, ${bigint('u.latency_ms_sum', 'latency_ms_sum')}
    FROM usage_days u JOIN usage_dimensions d ON d.id = u.dimension_id WHERE ${where.join(' AND ')}
    GROUP BY u.bucket, ${grouped('d')} ORDER BY u.bucket, ${grouped('d')} LIMIT ${aiStatsRowsMax}`;
}

/** Rows of the ledger, of a range that is short enough to be read one by one. */
function minuteStatement(question: AiStatsQuestion, parameters: Parameters): string {
  const { fromMs, toMs } = question.range;
  const where = [`e.at >= ${parameters.add(fromMs)}`, `e.at < ${parameters.add(toMs)}`, "e.state <> 'intent'"];
  where.push(...dimensionCondition(question, question.visibility, 'e', parameters));
  const asked = "e.purpose IN ('completion', 'chat')";
  const minute = `e.at / ${minuteMs} * ${minuteMs}`;
  const wasSent = 'e.saved_nano_usd IS NULL';
  return `SELECT ${minute} AS at, ${asText('e')}, ${bigint(`CASE WHEN ${asked} AND e.is_last THEN 1 END`, 'requests')},
      ${bigint(`CASE WHEN ${asked} THEN e.tokens_in END`, 'tokens_in')}, ${bigint(`CASE WHEN ${asked} THEN e.tokens_out END`, 'tokens_out')},
      ${bigint('e.tokens_in', 'llm_tokens_in')}, ${bigint('e.tokens_out', 'llm_tokens_out')},
      ${bigint(`CASE WHEN ${wasSent} THEN 1 END`, 'attempts')}, ${bigint(`CASE WHEN ${wasSent} THEN e.latency_ms END`, 'latency_ms_sum')}
    FROM usage_events e WHERE ${where.join(' AND ')}
    GROUP BY ${minute}, ${grouped('e')} ORDER BY ${minute}, ${grouped('e')} LIMIT ${aiStatsRowsMax}`;
}

const listColumns = [
  ['connectionIds', 'connection_id'],
  ['providers', 'provider'],
  ['models', 'model'],
  ['userIds', 'user_id'],
] as const;

function foundStatement(question: AiStatsQuestion, parameters: Parameters): string {
  const { range, by, visibility, anyOf } = question;
  const where = [
    `v.at >= ${parameters.add(range.fromMs)}`,
    `v.at < ${parameters.add(range.toMs)}`,
    visibleCondition(visibility, 'v', parameters),
  ];
  const among = (column: string, values: readonly (string | null)[]): string =>
    `v.${column} IN (${values.filter((value) => value !== null).map((value) => parameters.add(value)).join(', ')})`; // prettier-ignore
  for (const [name, column] of listColumns) {
    const values = question[name];
    if (values !== undefined) where.push(among(column, values));
  }
  if (anyOf) {
    const any = ([['connection_id', anyOf.connectionIds], ['access_key_id', anyOf.accessKeyIds], ['repository_id', anyOf.repositoryIds]] as const).filter(([, ids]) => ids.length > 0); // prettier-ignore
    where.push(any.length === 0 ? 'FALSE' : `(${any.map(([column, ids]) => among(column, ids)).join(' OR ')})`);
  }
  const step = by === 'day' ? dayMs : minuteMs;
  const bucket = `v.at / ${step} * ${step}`;
  const count = (when: string, name: string): string => bigint(`CASE WHEN ${when} THEN 1 END`, name);
  return `SELECT ${bucket} AS at, ${asText('v')}, count(*) AS violations, ${count('v.action = 1', 'alerts')}, ${count('v.is_blocked', 'blocks')},
      ${count("v.severity = 'LOW'", 'low')}, ${count("v.severity = 'MEDIUM'", 'medium')}, ${count("v.severity = 'HIGH'", 'high')}
    FROM policy_violations v WHERE ${where.join(' AND ')} GROUP BY ${bucket}, ${grouped('v')} ORDER BY ${bucket} LIMIT ${aiStatsRowsMax}`;
}

interface Found {
  at: number;
  connection_id: string | null;
  provider: string | null;
  model: string | null;
  access_key_id: string | null;
  user_id: string | null;
  repository_id: string | null;
  [count: string]: string | number | null;
}

const emptyOf = (row: Found): AiStatsSum => ({
  atMs: row.at,
  connectionId: row.connection_id,
  provider: row.provider ?? '',
  model: row.model ?? '',
  accessKeyId: row.access_key_id,
  userId: row.user_id,
  repositoryId: row.repository_id,
  requests: 0,
  tokensIn: 0,
  tokensOut: 0,
  llmTokensIn: 0,
  llmTokensOut: 0,
  attempts: 0,
  latencyMsSum: 0,
  violations: 0,
  alerts: 0,
  blocks: 0,
  low: 0,
  medium: 0,
  high: 0,
});

const placeOf = (row: Found): string =>
  JSON.stringify([row.at, row.connection_id, row.provider ?? '', row.model ?? '', row.access_key_id, row.user_id, row.repository_id]);

/** Oldest first; at most 10,000 rows. What policies found where no answer was asked for has a row of its own. */
export async function aiStats({ driver }: Database, question: AiStatsQuestion): Promise<AiStatsSum[]> {
  if (findsNothing(question)) return [];
  const rows = new Map<string, AiStatsSum>();
  const used = new Parameters();
  const sql = question.by === 'day' ? dayStatement(question, used) : minuteStatement(question, used);
  for (const row of await driver.rows<Found>({ sql, params: used.values }, 'analytics')) {
    rows.set(placeOf(row), {
      ...emptyOf(row),
      requests: Number(row['requests']),
      tokensIn: Number(row['tokens_in']),
      tokensOut: Number(row['tokens_out']),
      llmTokensIn: Number(row['llm_tokens_in']),
      llmTokensOut: Number(row['llm_tokens_out']),
      attempts: Number(row['attempts']),
      latencyMsSum: Number(row['latency_ms_sum']),
    });
  }
  const seen = new Parameters();
  for (const row of await driver.rows<Found>({ sql: foundStatement(question, seen), params: seen.values }, 'analytics')) {
    const sum = rows.get(placeOf(row)) ?? emptyOf(row);
    if (rows.size >= aiStatsRowsMax && !rows.has(placeOf(row))) continue;
    rows.set(placeOf(row), {
      ...sum,
      violations: Number(row['violations']),
      alerts: Number(row['alerts']),
      blocks: Number(row['blocks']),
      low: Number(row['low']),
      medium: Number(row['medium']),
      high: Number(row['high']),
    });
  }
  return [...rows.values()].toSorted((a, b) => a.atMs - b.atMs);
}
