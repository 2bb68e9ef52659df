/** Prices past entries again, a page at a time: each row, its roll-ups and its connection's day change together or not at all. */
import type { TokenUsage, UnitPrices } from '../domain/ledger.ts';
import { dayOf, quarterOf, sixHoursOf } from '../domain/rollup.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

/** Rows of one transaction: small enough that the books never wait for it. */
export const repricePageRows = 200;

export interface RepriceFilter {
  provider: string;
  model: string;
  /** Null for all connections. */
  connectionId: string | null;
  fromMs: number;
  toMs: number;
}

/** What a re-pricing asks the books for. */
export interface PricedRowsQuery extends RepriceFilter {
  /** Faces whose entries no price per token fits: pictures and sound. Their tokens, where any are reported, are of another kind. */
  leftAlone: readonly string[];
}

/** An entry as a re-pricing sees it. */
export interface PricedRow {
  id: string;
  atMs: number;
  connectionId: string | null;
  usage: TokenUsage;
  costNanoUsd: number | null;
  instanceId: string;
  dimensionId: number | null;
  isProviderCall: boolean;
}

export interface RepriceCursor {
  atMs: number;
  id: string;
}

/**
 * The next entries that went out to the provider, in the order of their key. Entries whose provider failed cost nothing and stay out, and
 * so do those of the faces that are left alone.
 */
export async function pricedRows({ db }: Database, filter: PricedRowsQuery, after: RepriceCursor | null): Promise<PricedRow[]> {
  let query = db
    .selectFrom('usage_events')
    .select(['id', 'at', 'connection_id', 'purpose', 'instance_id', 'dimension_id', 'cost_nano_usd'])
    .select(['tokens_in', 'tokens_out', 'tokens_cached', 'tokens_cache_write', 'tokens_reasoning', 'is_estimated'])
    .select(['tokens_cache_write_hour', 'service_tier', 'tokens_audio_in', 'tokens_audio_out', 'tokens_audio_cached'])
    .where('at', '>=', after?.atMs ?? filter.fromMs)
    .where('at', '<', filter.toMs)
    .where('provider', '=', filter.provider)
    .where('model', '=', filter.model)
    .where('state', 'in', ['settled', 'partial'])
    .where((or) => or.or([or('tokens_in', '>', 0), or('tokens_out', '>', 0)]));
  if (filter.leftAlone.length > 0) query = query.where('face', 'not in', [...filter.leftAlone]);
  if (filter.connectionId !== null) query = query.where('connection_id', '=', filter.connectionId);
  if (after) query = query.where((or) => or.or([or('at', '>', after.atMs), or('id', '>', after.id)]));
  const rows = await query.orderBy('at').orderBy('id').limit(repricePageRows).execute();
  return rows.map((row) => ({
    id: row.id,
    atMs: row.at,
    connectionId: row.connection_id,
    usage: {
      tokensIn: row.tokens_in,
      tokensOut: row.tokens_out,
      tokensCached: row.tokens_cached,
      tokensCacheWrite: row.tokens_cache_write,
      tokensReasoning: row.tokens_reasoning,
      isEstimated: row.is_estimated,
      tokensCacheWriteHour: row.tokens_cache_write_hour || undefined,
      serviceTier: row.service_tier ?? undefined,
      tokensAudioIn: row.tokens_audio_in || undefined,
      tokensAudioOut: row.tokens_audio_out || undefined,
      tokensAudioCached: row.tokens_audio_cached || undefined,
    },
    costNanoUsd: row.cost_nano_usd,
    instanceId: row.instance_id,
    dimensionId: row.dimension_id,
    isProviderCall: row.purpose === 'completion',
  }));
}

export interface NewCost {
  row: PricedRow;
  costNanoUsd: number;
  prices: UnitPrices;
}

/**
 * Writes new costs of rows with what they change in the sums. Throws StaleWrite where a row is not as it was read: then nothing of this
 * page is written.
 */
export async function writeCosts({ driver }: Database, costs: readonly NewCost[]): Promise<void> {
  if (costs.length > 0) await driver.write(costs.flatMap(stepsOf));
}

function stepsOf({ row, costNanoUsd, prices }: NewCost): Statement[] {
  const more = costNanoUsd - (row.costNanoUsd ?? 0);
  const unpriced = row.costNanoUsd === null ? -1 : 0;
  const steps: Statement[] = [
    {
      sql: 'UPDATE usage_events SET cost_nano_usd = $1, prices = $2 WHERE at = $3 AND id = $4 AND cost_nano_usd IS NOT DISTINCT FROM $5',
      params: [costNanoUsd, JSON.stringify(prices), row.atMs, row.id, row.costNanoUsd],
      expectRows: 1,
    },
  ];
  if (row.dimensionId !== null) {
    // The shard that this row was added to: its sum holds at least what the row had.
    for (const [table, bucket] of [
      ['usage_quarters', quarterOf(row.atMs)],
      ['usage_six_hours', sixHoursOf(row.atMs)],
      ['usage_days', dayOf(row.atMs)],
    ] as const)
      steps.push({
        sql: `UPDATE ${table} SET cost_nano_usd = cost_nano_usd + $1, unpriced = unpriced + $2
          WHERE bucket = $3 AND dimension_id = $4 AND shard = (SELECT shard FROM instances WHERE id = $5)`,
        params: [more, unpriced, bucket, row.dimensionId, row.instanceId],
        expectRows: 1,
      });
  }
  if (row.isProviderCall && row.connectionId !== null)
    steps.push({
      sql: 'UPDATE provider_usage_days SET cost_nano_usd = cost_nano_usd + $1 WHERE configuration_id = $2 AND period_start = $3',
      params: [more, row.connectionId, new Date(dayOf(row.atMs)).toISOString().slice(0, 10)],
    });
  return steps;
}
