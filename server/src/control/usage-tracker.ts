/** S2's UsageTracker: usage under S2's names, for one caller at a time (C-41). */
import type { UsageMetrics, UsageQuery } from '@patchbay/contract/configurations';
import type { UsageReport } from '@patchbay/contract/usage-report';
import { Refusal } from '../domain/errors.ts';
import { noTokens } from '../domain/ledger.ts';
import { nanoUsdOf } from '../domain/money.ts';
import type { Journal } from '../journal/journal.ts';
import { connectionIdsOfUser } from '../storage/usage-names.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { fieldFault } from './connection-input.ts';
import { usageOf } from './connection-usage.ts';
import { generateUsageReport } from './usage-report.ts';
import type { SeriesDeps } from './usage-series.ts';

export interface TrackerDeps extends SeriesDeps {
  journal: Pick<Journal, 'append'>;
}

/** One request that was made elsewhere with a configuration, as S2 measures it. */
export interface RequestMetrics {
  tokensIn: number;
  tokensOut: number;
  /** US dollars, as a number or a decimal text; left out where nobody knows. */
  costUSD?: number | string;
  latencyMs: number;
  /** Whether it failed. */
  isError?: boolean;
  model?: string;
}

/** Tokens of one request, and how long it took: more is a fault of whoever counted. */
const tokensMax = 1_000_000_000;
const latencyMsMax = 86_400_000;

function wholeNumber(field: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw fieldFault(field, 'invalid_number', `${field} is no whole number up to ${max}`);
  return value;
}

function costOf(costUSD: RequestMetrics['costUSD']): number | null {
  if (costUSD === undefined) return null;
  const nanoUsd = nanoUsdOf(costUSD);
  if (nanoUsd === null) throw fieldFault('costUSD', 'invalid_amount', 'costUSD is no amount of dollars');
  return nanoUsd;
}

/** Made per request with its caller, as ConfigurationService is. */
export class UsageTracker {
  readonly #deps: TrackerDeps;
  readonly #caller: Caller;

  constructor(deps: TrackerDeps, caller: Caller) {
    this.#deps = deps;
    this.#caller = caller;
  }

  /** Adds one request's metrics to the books: a row of the ledger like any other, on its way to disk when this resolves. */
  async recordUsage(configId: string, metrics: RequestMetrics): Promise<void> {
    const { clock, ids, journal, keeper } = this.#deps;
    const { connection } = await findFor(this.#deps, this.#caller, configId, 'use', 'connection.usage');
    const usage = {
      ...noTokens,
      tokensIn: wholeNumber('tokensIn', metrics.tokensIn, tokensMax),
      tokensOut: wholeNumber('tokensOut', metrics.tokensOut, tokensMax),
    };
    const latencyMs = wholeNumber('latencyMs', metrics.latencyMs, latencyMsMax);
    const costNanoUsd = costOf(metrics.costUSD);
    const entry = { id: ids.uuid(), atMs: clock.nowMs() };
    const model = metrics.model ?? connection.model ?? 'unknown';
    journal.append({
      kind: 'intent',
      ...entry,
      requestId: ids.uuid(),
      attemptNo: 1,
      face: 'tracker',
      purpose: 'completion',
      connectionId: connection.id,
      provider: connection.providerId,
      modelAsked: model,
      model,
      accessKeyId: null,
      userId: this.#caller.actor.userId,
      workspaceId: connection.owner.scope === 'workspace' ? connection.owner.id : null,
      isStream: false,
      reservedNanoUsd: 0,
      configRevision: keeper.snapshot.revision,
      clientRequestId: null,
    });
    journal.append({
      kind: 'settle',
      ...entry,
      provider: connection.providerId,
      state: 'settled',
      reason: metrics.isError === true ? 'server_error' : null,
      status: metrics.isError === true ? 502 : 200,
      isLast: true,
      usage,
      costNanoUsd,
      prices: null,
      modelReported: null,
      finishReason: null,
      latencyMs,
      firstByteMs: null,
      changed: null,
    });
  }

  /** Throws NOT_FOUND for a configuration that the caller may not use. */
  async getUsageStats(configId: string, period: NonNullable<UsageQuery['period']>): Promise<UsageMetrics> {
    return usageOf(this.#deps, this.#caller, configId, { period });
  }

  /** All configurations of a person, deleted ones too. Only an administrator asks for somebody else's: NOT_FOUND else. */
  async generateUsageReport(userId: string, period: NonNullable<UsageQuery['period']>): Promise<UsageReport> {
    const { actor } = this.#caller;
    const isKnown = userId === actor.userId || (actor.role === 'administrator' && this.#deps.keeper.snapshot.people.has(userId));
    if (!isKnown) throw new Refusal('NOT_FOUND');
    const connectionIds = await connectionIdsOfUser(this.#deps.database, userId);
    return generateUsageReport(this.#deps, actor, { period }, { connectionIds });
  }
}
