/** The shapes of `/api/routing/simulate`: assumed providers, and what the gateway's rules would make of many requests to them. */
import { z } from 'zod';
import {
  assumedFaults,
  balanceMax,
  explorationMax,
  groupTargetsMax,
  requestsPerSMax,
  simulatedRequestsMax,
  weightMax,
} from './routing-limits.ts';
import { routingStrategy } from './routing.ts';
import { trimmedText } from './text.ts';

const tokensMax = 1_000_000;
const msMax = 600_000;
const outagesMax = 10;
const secondsMax = 86_400;

export const assumedFault = z.enum(assumedFaults);
export type AssumedFault = z.output<typeof assumedFault>;

const share = z.number().min(0).max(1);
const dollarsPerMillion = z.number().min(0).max(10_000);

const assumedTarget = z.strictObject({
  name: trimmedText(1, 255),
  weight: z.number().int().min(0).max(weightMax).default(1),
  /** Median time to the first content. */
  firstByteMs: z.number().min(1).max(msMax).default(400),
  /** Share of the requests that take `slowMs` instead. */
  slowShare: share.default(0),
  slowMs: z.number().min(1).max(msMax).default(6_000),
  tokensPerS: z.number().min(0.1).max(100_000).default(80),
  /** Share of the requests that fail, and how. */
  faultShare: share.default(0),
  fault: assumedFault.default('server_error'),
  /** Share of the answers that break off in the middle. */
  brokenShare: share.default(0),
  /** Times in which every request fails. */
  outages: z
    .array(z.strictObject({ fromS: z.number().min(0).max(secondsMax), toS: z.number().min(0).max(secondsMax) }))
    .max(outagesMax)
    .default([]),
  /** US dollars per million tokens; null where no price is known. */
  inputUsd: dollarsPerMillion.nullable().default(1),
  outputUsd: dollarsPerMillion.nullable().default(4),
});

export const routingSimulation = z.strictObject({
  strategy: routingStrategy.default('ordered'),
  targets: z.array(assumedTarget).min(1).max(groupTargetsMax),
  requests: z.number().int().min(1).max(simulatedRequestsMax).default(simulatedRequestsMax),
  requestsPerS: z.number().min(0.01).max(requestsPerSMax).default(50),
  tokensIn: z.number().int().min(1).max(tokensMax).default(1_000),
  tokensOut: z.number().int().min(1).max(tokensMax).default(200),
  isStream: z.boolean().default(true),
  /** How many sessions the requests belong to; 0 for none. */
  sessions: z.number().int().min(0).max(simulatedRequestsMax).default(100),
  /** The most that a hedging request may cost in US dollars; null hedges never. */
  hedgeMaxUsd: z.number().min(0).max(1_000).nullable().default(null),
  priceWeight: z.number().min(0).max(balanceMax).default(1),
  latencyWeight: z.number().min(0).max(balanceMax).default(1),
  exploration: z.number().min(0).max(explorationMax).default(0.02),
  /** The same seed and the same assumptions give the same result. */
  seed: z.number().int().min(0).max(2_147_483_647).default(1),
});
export type RoutingSimulation = z.input<typeof routingSimulation>;

const percentiles = z.object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() });

export const simulationReport = z.object({
  requests: z.number(),
  answered: z.number(),
  attempts: z.number(),
  /** Attempts per request. */
  amplification: z.number(),
  hedges: z.number(),
  /** Decimal text. */
  costUsd: z.string(),
  /** Milliseconds that people waited for the first content, and for all of it. */
  firstByteMs: percentiles,
  wholeMs: percentiles,
  targets: z.array(
    z.object({
      name: z.string(),
      /** Requests that it was the first to be asked for. */
      chosen: z.number(),
      attempts: z.number(),
      answered: z.number(),
      failed: z.number(),
      repeated: z.number(),
      hedged: z.number(),
      costUsd: z.string(),
    }),
  ),
  /** Parts of the time, the first first; `attempts` in the order of the targets. */
  slices: z.array(z.object({ fromMs: z.number(), requests: z.number(), answered: z.number(), attempts: z.array(z.number()) })),
});
export type SimulationReportView = z.output<typeof simulationReport>;

export const simulationAnswer = z.object({ success: z.literal(true), data: simulationReport });
