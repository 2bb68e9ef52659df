/** Usage over time, and the report of a period: sums, percentiles and shares as both sides of the wire know them. */
import { z } from 'zod';
import { flag } from './connections.ts';
import { isoTime } from './paging.ts';
import { usageBuckets, usageDimensions, usageFilterFields, usageRangeFields } from './usage-filter.ts';

/** Within 2 % of the value at that rank (and half a millisecond for times); null where nothing was measured. */
export const percentiles = z.object({ count: z.number(), p50: z.number(), p95: z.number(), p99: z.number() }).nullable();

export const usageTimes = z.object({
  /** Whole answers, ms. */
  latencyMs: percentiles,
  /** First byte, ms. */
  firstByteMs: percentiles,
  tokensPerSecond: percentiles,
  /** Failed attempts by class, the most frequent first. */
  failures: z.array(z.object({ name: z.string(), count: z.number() })),
  /** Attempts of which these figures know nothing, because they are older than the counting. */
  untimed: z.number(),
});
export type UsageTimes = z.output<typeof usageTimes>;

/** Sums as charts show them. */
const chartSums = {
  requests: z.number(),
  attempts: z.number(),
  failures: z.number(),
  unpriced: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  costUsd: z.string(),
};

export const totals = z.object({
  ...chartSums,
  partials: z.number(),
  refusals: z.number(),
  /** Entries whose outcome a crash took with it. */
  unknowns: z.number(),
  estimated: z.number(),
  tokensCached: z.number(),
  cacheHits: z.number(),
  savedUsd: z.string(),
  averageLatencyMs: z.number().nullable(),
  averageFirstByteMs: z.number().nullable(),
  errorRate: z.number(),
  times: usageTimes.nullable(),
});
export type UsageTotals = z.output<typeof totals>;

export const seriesQuery = z.strictObject({
  ...usageRangeFields,
  ...usageFilterFields,
  bucket: z.enum(usageBuckets).default('day'),
  /** One series of cost for each of the dearest five groups; the rest is the sixth. */
  split: z.enum(usageDimensions).optional(),
  /** Percentiles for each bucket too. */
  times: flag.default(false),
});

const spanTimes = z.object({ latencyMs: percentiles, firstByteMs: percentiles });

export const usageSeries = z.object({
  /** The range and the zone that were meant. */
  from: isoTime,
  to: isoTime,
  timeZone: z.string(),
  bucket: z.enum(usageBuckets),
  totals,
  /** Of the range of the same length before; null where it would begin before everything. */
  before: totals.nullable(),
  /** What policies found in the range, as long as it is kept. */
  violations: z.object({ violations: z.number(), alerts: z.number(), blocks: z.number() }),
  keys: z.array(z.object({ key: z.string().nullable(), name: z.string().nullable() })),
  spans: z.array(
    z.object({
      /** A date, a month, or a local hour with its offset. */
      label: z.string(),
      from: isoTime,
      to: isoTime,
      /** It has not ended yet. */
      isRunning: z.boolean(),
      ...chartSums,
      /** Cost of the keys in their order, and of all others together. */
      split: z.array(z.string()),
      times: spanTimes.nullable(),
    }),
  ),
  /** When the figures were read: a page that is asked for again soon gets the same ones. */
  asOf: isoTime,
});
export type UsageSeries = z.output<typeof usageSeries>;
export const seriesAnswer = z.object({ success: z.literal(true), data: usageSeries });

export const reportQuery = z.strictObject({ ...usageRangeFields, ...usageFilterFields });
/** A table for other programs, or a page to print. */
export const reportFormats = ['csv', 'html'] as const;
export const reportFileQuery = z.strictObject({ ...usageRangeFields, ...usageFilterFields, format: z.enum(reportFormats) });

/** S2's usage metrics of one group (R-170, R-171), and what else a bill is read with. */
export const reportRow = z.object({
  /** Id or name of the group, the date for days; null for what belongs to none. */
  key: z.string().nullable(),
  name: z.string().nullable(),
  requestCount: z.number(),
  attemptCount: z.number(),
  tokenCount: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  /** For display; `cost` is exact. */
  costUSD: z.number(),
  /** US dollars as a decimal text, to the nano-dollar. */
  cost: z.string(),
  saved: z.string(),
  unpricedCount: z.number(),
  estimatedCount: z.number(),
  unknownCount: z.number(),
  failureCount: z.number(),
  cacheHitCount: z.number(),
  averageLatency: z.number().nullable(),
  errorRate: z.number(),
  lastUsed: isoTime.nullable(),
});
export type UsageReportRow = z.output<typeof reportRow>;

export const usageReport = z.object({
  period: z.object({ from: isoTime, to: isoTime, timeZone: z.string() }),
  generatedAt: isoTime,
  totals: reportRow,
  times: usageTimes,
  violations: z.object({ violations: z.number(), alerts: z.number(), blocks: z.number() }),
  byConfiguration: z.array(reportRow),
  byProvider: z.array(reportRow),
  byModel: z.array(reportRow),
  byDay: z.array(reportRow),
});
export type UsageReport = z.output<typeof usageReport>;
export const reportAnswer = z.object({ success: z.literal(true), data: usageReport });
