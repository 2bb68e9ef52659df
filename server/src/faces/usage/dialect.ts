/** The books in the words of the API: decimal dollars, ISO times, rates. */
import { isoOf } from '../../lib/iso-time.ts';
import type { attemptRow, requestRow, usageRow } from '@patchbay/contract/usage';
import type { z } from 'zod';
import type { NamedAttempt, NamedRequest, NamedUsage } from '../../control/usage.ts';
import { decimalUsdOf } from '../../domain/money.ts';

const average = (sum: number, count: number): number | null => (count === 0 ? null : Math.round(sum / count));

export function fromUsage(sum: NamedUsage): z.input<typeof usageRow> {
  const { costNanoUsd, savedNanoUsd, latencyMsSum, firstByteMsSum, firstByteCount, lastUsedAtMs, ...counts } = sum;
  return {
    ...counts,
    costUsd: decimalUsdOf(costNanoUsd),
    savedUsd: decimalUsdOf(savedNanoUsd),
    averageLatencyMs: average(latencyMsSum, sum.attempts),
    averageFirstByteMs: average(firstByteMsSum, firstByteCount),
    errorRate: sum.attempts === 0 ? 0 : sum.failures / sum.attempts,
    lastUsedAt: lastUsedAtMs === 0 ? null : isoOf(lastUsedAtMs),
  };
}

export function fromRequest({
  last,
  attempts,
  tokensIn,
  tokensOut,
  costNanoUsd,
  startedAtMs,
  connectionName,
}: NamedRequest): z.input<typeof requestRow> {
  return {
    requestId: last.requestId,
    at: isoOf(startedAtMs),
    connectionId: last.connectionId,
    connectionName,
    provider: last.provider,
    model: last.model,
    modelAsked: last.modelAsked,
    accessKeyId: last.accessKeyId,
    userId: last.userId,
    workspaceId: last.workspaceId,
    status: last.status,
    state: last.state,
    reason: last.reason,
    isStream: last.isStream,
    isEstimated: last.usage.isEstimated,
    tokensIn,
    tokensOut,
    tokensCached: last.usage.tokensCached,
    tokensReasoning: last.usage.tokensReasoning,
    costUsd: costNanoUsd === null ? null : decimalUsdOf(costNanoUsd),
    savedUsd: last.savedNanoUsd === null ? null : decimalUsdOf(last.savedNanoUsd),
    latencyMs: last.latencyMs,
    firstByteMs: last.firstByteMs,
    attempts,
    finishReason: last.finishReason,
    clientRequestId: last.clientRequestId,
    configRevision: last.configRevision,
  };
}

export function fromAttempt(row: NamedAttempt): z.input<typeof attemptRow> {
  return {
    id: row.id,
    attemptNo: row.attemptNo,
    at: isoOf(row.atMs),
    connectionId: row.connectionId,
    connectionName: row.connectionName,
    provider: row.provider,
    model: row.model,
    modelReported: row.modelReported,
    purpose: row.purpose,
    state: row.state,
    reason: row.reason,
    status: row.status,
    tokensIn: row.usage.tokensIn,
    tokensOut: row.usage.tokensOut,
    tokensCached: row.usage.tokensCached,
    tokensCacheWrite: row.usage.tokensCacheWrite,
    tokensCacheWriteHour: row.usage.tokensCacheWriteHour ?? 0,
    serviceTier: row.usage.serviceTier ?? null,
    tokensReasoning: row.usage.tokensReasoning,
    isEstimated: row.usage.isEstimated,
    costUsd: row.costNanoUsd === null ? null : decimalUsdOf(row.costNanoUsd),
    prices: row.prices === null ? null : (JSON.parse(row.prices) as Record<string, number>),
    finishReason: row.finishReason,
    latencyMs: row.latencyMs,
    firstByteMs: row.firstByteMs,
    changed: row.changed === null ? null : (JSON.parse(row.changed) as { parameter: string; what: string; to?: string }[]),
  };
}
