/** The tables of counts beside the roll-ups, as kysely sees them. */

interface TallyTable {
  bucket: number;
  dimension_id: number;
  shard: number;
  counted: number;
  tally: string;
}

interface TotalTable {
  bucket: number;
  shard: number;
  requests: number;
  attempts: number;
  refusals: number;
  counted: number;
  tally: string;
}

interface UntalliedTable {
  bucket: number;
  dimension_id: number;
  shard: number;
  is_day: boolean;
}

export interface UsageSchema {
  usage_quarter_tallies: TallyTable;
  usage_day_tallies: TallyTable;
  usage_quarter_totals: TotalTable;
  usage_day_totals: TotalTable;
  usage_untallied: UntalliedTable;
}
