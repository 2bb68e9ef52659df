/** The table of prices as kysely sees it. */

interface PriceTable {
  id: string;
  provider: string;
  model: string;
  connection_id: string | null;
  valid_from: number;
  valid_until: number | null;
  /** JSON list of tiers. */
  tiers: string;
  note: string | null;
  created_by: string;
  created_at: number;
  revision: number;
}

export interface PriceSchema {
  prices: PriceTable;
}
