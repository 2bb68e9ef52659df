/** Prices that administrators set, as rows. They are added and ended, and never changed, so that every cost can be recomputed. */
import type { PriceEntry, PriceTier } from '../domain/price.ts';
import { dayOf } from '../domain/rollup.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface StoredPrice extends PriceEntry {
  note: string | null;
  createdBy: string;
  createdAtMs: number;
  /** Of the last change; written by the database. */
  revision: number;
}

/** Prices that one list holds at most. */
export const pricesMax = 1000;

interface PriceRow {
  id: string;
  provider: string;
  model: string;
  connection_id: string | null;
  valid_from: number;
  valid_until: number | null;
  tiers: string;
}

export const priceOfRow = (row: PriceRow): PriceEntry => ({
  id: row.id,
  provider: row.provider,
  model: row.model,
  connectionId: row.connection_id,
  validFromMs: row.valid_from,
  validUntilMs: row.valid_until,
  tiers: JSON.parse(row.tiers) as PriceTier[],
});

export interface PriceFilter {
  provider?: string;
  model?: string;
  connectionId?: string;
}

/** Newest first. */
export async function listPrices({ db }: Database, filter: PriceFilter): Promise<StoredPrice[]> {
  let query = db.selectFrom('prices').selectAll();
  if (filter.provider !== undefined) query = query.where('provider', '=', filter.provider);
  if (filter.model !== undefined) query = query.where('model', '=', filter.model);
  if (filter.connectionId !== undefined) query = query.where('connection_id', '=', filter.connectionId);
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(pricesMax).execute();
  return rows.map(storedOfRow);
}

/** Every price that holds at a moment or will hold later, the oldest first; read page by page, so that none is left out however many there are. */
export async function pricesNotOver({ db }: Database, atMs: number, pageRows = pricesMax): Promise<StoredPrice[]> {
  const found: StoredPrice[] = [];
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const page = await db
      .selectFrom('prices')
      .selectAll()
      .where('id', '>', after)
      .where((of) =>
        // One that was ended before it began never holds.
        of.or([of('valid_until', 'is', null), of.and([of('valid_until', '>', atMs), of('valid_until', '>', of.ref('valid_from'))])]),
      )
      .orderBy('id')
      .limit(pageRows)
      .execute();
    found.push(...page.map(storedOfRow));
    const last = page.at(-1);
    if (!last || page.length < pageRows) return found;
    after = last.id;
  }
}

const storedOfRow = (row: PriceRow & { note: string | null; created_by: string; created_at: number; revision: number }): StoredPrice => ({
  ...priceOfRow(row),
  note: row.note,
  createdBy: row.created_by,
  createdAtMs: row.created_at,
  revision: row.revision,
});

/** What was ever said of one model, for one connection or for all of them; newest first. */
export async function pricesOfLine(
  { db }: Database,
  { provider, model, connectionId }: Pick<PriceEntry, 'provider' | 'model' | 'connectionId'>,
  rowsMax = pricesMax,
): Promise<StoredPrice[]> {
  const rows = await db
    .selectFrom('prices')
    .selectAll()
    .where('provider', '=', provider)
    .where('model', '=', model)
    .where('connection_id', connectionId === null ? 'is' : '=', connectionId)
    .orderBy('revision', 'desc')
    // One that took another's place has its revision, and came later.
    .orderBy('id', 'desc')
    .limit(rowsMax)
    .execute();
  return rows.map(storedOfRow);
}

export async function priceById({ db }: Database, id: string): Promise<StoredPrice | undefined> {
  const row = await db.selectFrom('prices').selectAll().where('id', '=', id).executeTakeFirst();
  return row && storedOfRow(row);
}

export interface UnpricedModel {
  provider: string;
  model: string;
  /** Without a known cost. */
  requests: number;
  tokensIn: number;
  tokensOut: number;
  lastUsedAtMs: number;
}

/** Models without a price that one list names. */
const unpricedMax = 200;

/** What was used since a day and had no known cost, the most used first. Read from the sums of the days. */
export async function unpricedModels({ driver }: Database, sinceMs: number): Promise<UnpricedModel[]> {
  const sum = (name: string): string => `CAST(sum(u.${name}) AS BIGINT)`;
  const rows = await driver.rows<{ provider: string; model: string; n: bigint; ti: bigint; tout: bigint; last: bigint }>(
    {
      sql: `SELECT d.provider AS provider, d.model AS model, ${sum('unpriced')} AS n, ${sum('tokens_in')} AS ti, ${sum('tokens_out')} AS tout,
          max(u.last_used_at) AS last
        FROM usage_days u JOIN usage_dimensions d ON d.id = u.dimension_id
        WHERE u.bucket >= $1 AND u.unpriced > 0 GROUP BY d.provider, d.model
        ORDER BY sum(u.unpriced) DESC, d.provider, d.model LIMIT ${unpricedMax}`,
      params: [dayOf(sinceMs)],
    },
    'analytics',
  );
  return rows.map(({ provider, model, n, ti, tout, last }) => ({
    provider,
    model,
    requests: Number(n),
    tokensIn: Number(ti),
    tokensOut: Number(tout),
    lastUsedAtMs: Number(last),
  }));
}

export const insertPrice = ({ db, compile }: Database, price: StoredPrice): Statement =>
  compile(
    db.insertInto('prices').values({
      id: price.id,
      provider: price.provider,
      model: price.model,
      connection_id: price.connectionId,
      valid_from: price.validFromMs,
      valid_until: price.validUntilMs,
      tiers: JSON.stringify(price.tiers),
      note: price.note,
      created_by: price.createdBy,
      created_at: price.createdAtMs,
      revision: thisRevision,
    }),
  );

/** Ends a price that has no end yet, or a later one. Fails as stale where somebody ended it in between. */
export const endPrice = ({ db, compile }: Database, id: string, untilMs: number): Statement => ({
  ...compile(
    db
      .updateTable('prices')
      .set({ valid_until: untilMs, revision: thisRevision })
      .where('id', '=', id)
      .where((or) => or.or([or('valid_until', 'is', null), or('valid_until', '>', untilMs)])),
  ),
  expectRows: 1,
});
