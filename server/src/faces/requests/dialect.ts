/** Requests in the words of the API: decimal dollars, ISO times, and rows of a table for programs that calculate. */
import type { findingRow, metLimitRow } from '@patchbay/contract/requests';
import type { attemptRow, requestRow } from '@patchbay/contract/usage';
import type { z } from 'zod';
import type { NamedAttempt, NamedRequest } from '../../control/requests.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import type { Violation } from '../../domain/policy.ts';
import type { TrailStep } from '../../domain/request-trail.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { LimitEventRow } from '../../storage/limit-events.ts';

export function fromRequest({
  last,
  attempts,
  tokensIn,
  tokensOut,
  costNanoUsd,
  startedAtMs,
  connectionName,
  accessKeyName,
  userName,
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
    accessKeyName,
    userId: last.userId,
    userName,
    workspaceId: last.workspaceId,
    repositoryId: last.repositoryId,
    useCaseId: last.useCaseId,
    routingGroupId: last.routingGroupId,
    purpose: last.purpose,
    status: last.status,
    state: last.state,
    reason: last.reason,
    isStream: last.isStream,
    isChanged: last.changed !== null,
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

export function fromAttempt(row: NamedAttempt & TrailStep): z.input<typeof attemptRow> {
  return {
    id: row.id,
    attemptNo: row.attemptNo,
    at: isoOf(row.atMs),
    offsetMs: row.offsetMs,
    cause: row.cause,
    causeReason: row.causeReason,
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
    tokensAudioIn: row.usage.tokensAudioIn ?? 0,
    tokensAudioOut: row.usage.tokensAudioOut ?? 0,
    tokensAudioCached: row.usage.tokensAudioCached ?? 0,
    isEstimated: row.usage.isEstimated,
    costUsd: row.costNanoUsd === null ? null : decimalUsdOf(row.costNanoUsd),
    prices: row.prices === null ? null : (JSON.parse(row.prices) as Record<string, number>),
    finishReason: row.finishReason,
    latencyMs: row.latencyMs,
    firstByteMs: row.firstByteMs,
    changed: row.changed === null ? null : (JSON.parse(row.changed) as { parameter: string; what: string; to?: string }[]),
  };
}

export const fromFinding = (found: Violation): z.input<typeof findingRow> => ({
  policyId: found.policyId,
  policyName: found.policyName,
  action: found.action,
  isBlocked: found.isBlocked,
  severity: found.severity,
  stage: found.stage,
  facts: found.facts.map(({ rule, name, count, excerpt }) => ({ rule, name, count, excerpt })),
});

export const fromMetLimit = (row: LimitEventRow): z.input<typeof metLimitRow> => ({
  at: isoOf(row.atMs),
  limitId: row.limitId,
  subjectKind: row.subject.kind,
  subjectId: row.subject.id,
  kind: row.kind,
  period: row.period,
  event: row.event,
  used: row.used,
  value: row.value,
});
