/** Ledger rows as values: made from records of the journal, fit for their columns whatever a provider or a client said. */
import {
  noTokens,
  type CacheHit,
  type EntryState,
  type Intent,
  type LedgerRecord,
  type Purpose,
  type RefusedRequest,
  type Settlement,
  type TokenUsage,
} from '../domain/ledger.ts';
import type { Countable, Dimension } from '../domain/rollup.ts';
import { isUuid } from '../lib/ids.ts';
import type { Row } from './driver.ts';
import { integer, integerOrNull, jsonOrNull, text, textOrNull, uuidOrNull } from './fit.ts';

/** One row of `usage_events`. */
export interface LedgerRow extends Countable, Dimension {
  id: string;
  requestId: string;
  attemptNo: number;
  instanceId: string;
  /** The routing group that chose the target. */
  routingGroupId: string | null;
  /** Number of the record that made the row. */
  seq: number;
  status: number | null;
  face: string;
  modelAsked: string;
  modelReported: string | null;
  isStream: boolean;
  reservedNanoUsd: number;
  /** JSON. */
  prices: string | null;
  finishReason: string | null;
  /** JSON. */
  changed: string | null;
  configRevision: number;
  clientRequestId: string | null;
  /** Its dimension in the roll-ups; null while the row is open. Set when it is written. */
  dimensionId: number | null;
}

/** Stands in a row whose intent is lost. */
const lost = 'unknown';

const tokens = (usage: TokenUsage): TokenUsage => ({
  tokensIn: integer(usage.tokensIn),
  tokensOut: integer(usage.tokensOut),
  tokensCached: integer(usage.tokensCached),
  tokensCacheWrite: integer(usage.tokensCacheWrite),
  tokensReasoning: integer(usage.tokensReasoning),
  isEstimated: usage.isEstimated,
  tokensCacheWriteHour: usage.tokensCacheWriteHour ? integer(usage.tokensCacheWriteHour) : undefined,
  serviceTier: usage.serviceTier ? text(usage.serviceTier, 40) : undefined,
  tokensAudioIn: usage.tokensAudioIn ? integer(usage.tokensAudioIn) : undefined,
  tokensAudioOut: usage.tokensAudioOut ? integer(usage.tokensAudioOut) : undefined,
  tokensAudioCached: usage.tokensAudioCached ? integer(usage.tokensAudioCached) : undefined,
});

type Repeated = 'connectionId' | 'accessKeyId' | 'userId' | 'workspaceId' | 'repositoryId' | 'useCaseId' | 'face' | 'provider' | 'modelAsked' | 'model' | 'modelReported' | 'finishReason' | 'prices' | 'changed'; // prettier-ignore

/** What the row before said, as it stands in its columns. */
const before: Pick<LedgerRow, Repeated> = {
  face: '',
  provider: '',
  modelAsked: '',
  model: '',
  modelReported: null,
  finishReason: null,
  prices: null,
  changed: null,
  connectionId: null,
  accessKeyId: null,
  userId: null,
  workspaceId: null,
  repositoryId: null,
  useCaseId: null,
};

function begunRow(instanceId: string, seq: number, begun: Omit<Intent, 'attemptNo' | 'reservedNanoUsd'>): LedgerRow {
  before.connectionId = uuidOrNull(begun.connectionId, before.connectionId);
  before.accessKeyId = uuidOrNull(begun.accessKeyId, before.accessKeyId);
  before.userId = uuidOrNull(begun.userId, before.userId);
  before.workspaceId = uuidOrNull(begun.workspaceId, before.workspaceId);
  before.repositoryId = uuidOrNull(begun.repositoryId ?? null, before.repositoryId);
  before.useCaseId = uuidOrNull(begun.useCaseId ?? null, before.useCaseId);
  before.face = text(begun.face, 40, before.face);
  before.provider = text(begun.provider, 100, before.provider);
  before.modelAsked = text(begun.modelAsked, 1000, before.modelAsked);
  before.model = text(begun.model, 255, before.model);
  return {
    atMs: integer(begun.atMs),
    id: begun.id,
    requestId: uuidOrNull(begun.requestId, null) ?? begun.id,
    attemptNo: 0,
    isLast: false,
    instanceId,
    seq,
    state: 'intent',
    reason: null,
    status: null,
    face: before.face,
    purpose: begun.purpose,
    connectionId: before.connectionId,
    provider: before.provider,
    modelAsked: before.modelAsked,
    model: before.model,
    modelReported: null,
    accessKeyId: before.accessKeyId,
    userId: before.userId,
    workspaceId: before.workspaceId,
    repositoryId: before.repositoryId,
    useCaseId: before.useCaseId,
    routingGroupId: uuidOrNull(begun.routingGroupId ?? null, null),
    isStream: begun.isStream,
    usage: noTokens,
    reservedNanoUsd: 0,
    costNanoUsd: null,
    prices: null,
    finishReason: null,
    latencyMs: null,
    firstByteMs: null,
    changed: null,
    savedNanoUsd: null,
    configRevision: integer(begun.configRevision),
    clientRequestId: textOrNull(begun.clientRequestId, 255),
    dimensionId: null,
  };
}

/* Rows are finished in place: to copy one of some forty values costs more than to make it. */

export function intentRow(instanceId: string, seq: number, intent: Intent): LedgerRow {
  const row = begunRow(instanceId, seq, intent);
  row.attemptNo = integer(intent.attemptNo);
  row.reservedNanoUsd = integer(intent.reservedNanoUsd);
  return row;
}

export function refusedRow(instanceId: string, seq: number, refused: RefusedRequest): LedgerRow {
  const row = begunRow(instanceId, seq, refused);
  row.isLast = true;
  row.state = 'refused';
  row.reason = text(refused.reason, 60);
  row.status = integer(refused.status);
  row.latencyMs = integer(refused.latencyMs);
  return row;
}

export function hitRow(instanceId: string, seq: number, hit: CacheHit): LedgerRow {
  const row = begunRow(instanceId, seq, hit);
  row.isLast = true;
  row.state = 'settled';
  row.status = 200;
  row.costNanoUsd = 0;
  row.savedNanoUsd = integer(hit.savedNanoUsd);
  row.latencyMs = integer(hit.latencyMs);
  return row;
}

/** The row itself, which is now what its attempt came to. */
export function settledRow(row: LedgerRow, settlement: Settlement): LedgerRow {
  row.state = settlement.state;
  row.reason = textOrNull(settlement.reason, 60);
  row.status = integer(settlement.status);
  row.isLast = settlement.isLast;
  row.usage = tokens(settlement.usage);
  row.costNanoUsd = integerOrNull(settlement.costNanoUsd);
  row.prices = before.prices = jsonOrNull(settlement.prices, before.prices);
  row.modelReported = before.modelReported = textOrNull(settlement.modelReported, 1000, before.modelReported);
  row.finishReason = before.finishReason = textOrNull(settlement.finishReason, 40, before.finishReason);
  row.latencyMs = integer(settlement.latencyMs);
  row.firstByteMs = integerOrNull(settlement.firstByteMs);
  row.changed = before.changed = jsonOrNull(settlement.changed, before.changed);
  return row;
}

/** A settlement whose intent was lost to damage: its tokens and money stay in the books, under nobody's name. */
export function orphanRow(instanceId: string, seq: number, settlement: Settlement): LedgerRow {
  const begun = begunRow(instanceId, seq, {
    id: settlement.id,
    atMs: settlement.atMs,
    requestId: settlement.id,
    face: lost,
    purpose: 'completion',
    connectionId: null,
    provider: lost,
    modelAsked: lost,
    model: lost,
    accessKeyId: null,
    userId: null,
    workspaceId: null,
    isStream: false,
    configRevision: 0,
    clientRequestId: null,
  });
  const row = settledRow(begun, settlement);
  row.reason ??= 'intent_lost';
  return row;
}

/** A record whose id or time could never be a row is damage, whatever its checksum says. */
export const isFit = (record: LedgerRecord): boolean => isUuid(record.id) && hasTime(record);
/** As much of it as a record has to show whose id is known to be good. */
export const hasTime = ({ atMs }: LedgerRecord): boolean => Number.isFinite(atMs);

/** All columns; line by line, `valuesOf` has their values. */
export const columns: readonly string[] = [
  'at', 'id', 'request_id', 'attempt_no', 'is_last', 'instance_id', 'seq',
  'state', 'reason', 'status', 'face', 'purpose',
  'connection_id', 'provider', 'model_asked', 'model', 'model_reported',
  'access_key_id', 'user_id', 'workspace_id', 'repository_id', 'use_case_id', 'routing_group_id',
  'is_stream', 'tokens_in', 'tokens_out', 'tokens_cached', 'tokens_cache_write', 'tokens_cache_write_hour',
  'tokens_reasoning', 'is_estimated', 'service_tier', 'reserved_nano_usd', 'cost_nano_usd',
  'prices', 'finish_reason', 'latency_ms', 'first_byte_ms', 'changed',
  'saved_nano_usd', 'config_revision', 'client_request_id', 'dimension_id',
  'tokens_audio_in', 'tokens_audio_out', 'tokens_audio_cached',
]; // prettier-ignore

/** The values of `columns`, in their order. One list, not a function for each column: that takes three times as long. */
export const valuesOf = (row: LedgerRow): unknown[] => [
  row.atMs, row.id, row.requestId, row.attemptNo, row.isLast, row.instanceId, row.seq,
  row.state, row.reason, row.status, row.face, row.purpose,
  row.connectionId, row.provider, row.modelAsked, row.model, row.modelReported,
  row.accessKeyId, row.userId, row.workspaceId, row.repositoryId, row.useCaseId, row.routingGroupId,
  row.isStream, row.usage.tokensIn, row.usage.tokensOut, row.usage.tokensCached, row.usage.tokensCacheWrite, row.usage.tokensCacheWriteHour ?? 0,
  row.usage.tokensReasoning, row.usage.isEstimated, row.usage.serviceTier ?? null, row.reservedNanoUsd, row.costNanoUsd,
  row.prices, row.finishReason, row.latencyMs, row.firstByteMs, row.changed,
  row.savedNanoUsd, row.configRevision, row.clientRequestId, row.dimensionId,
  row.usage.tokensAudioIn ?? 0, row.usage.tokensAudioOut ?? 0, row.usage.tokensAudioCached ?? 0,
]; // prettier-ignore

/** What a driver gives for a row: its columns by name, with these types on both engines. */
interface ReadRow {
  at: number;
  id: string;
  request_id: string;
  attempt_no: number;
  is_last: boolean;
  instance_id: string;
  seq: number;
  state: EntryState;
  reason: string | null;
  status: number | null;
  face: string;
  purpose: Purpose;
  connection_id: string | null;
  provider: string;
  model_asked: string;
  model: string;
  model_reported: string | null;
  access_key_id: string | null;
  user_id: string | null;
  workspace_id: string | null;
  repository_id: string | null;
  use_case_id: string | null;
  routing_group_id: string | null;
  is_stream: boolean;
  tokens_in: number;
  tokens_out: number;
  tokens_cached: number;
  tokens_cache_write: number;
  tokens_cache_write_hour: number;
  tokens_reasoning: number;
  is_estimated: boolean;
  service_tier: string | null;
  reserved_nano_usd: number;
  cost_nano_usd: number | null;
  prices: string | null;
  finish_reason: string | null;
  latency_ms: number | null;
  first_byte_ms: number | null;
  changed: string | null;
  saved_nano_usd: number | null;
  config_revision: number;
  client_request_id: string | null;
  dimension_id: number | null;
  tokens_audio_in: number;
  tokens_audio_out: number;
  tokens_audio_cached: number;
}

/** A row as it was read; every one of `columns` must be there. */
export function rowOf(row: Row): LedgerRow {
  const read = row as unknown as ReadRow;
  return {
    atMs: read.at,
    id: read.id,
    requestId: read.request_id,
    attemptNo: read.attempt_no,
    isLast: read.is_last,
    instanceId: read.instance_id,
    seq: read.seq,
    state: read.state,
    reason: read.reason,
    status: read.status,
    face: read.face,
    purpose: read.purpose,
    connectionId: read.connection_id,
    provider: read.provider,
    modelAsked: read.model_asked,
    model: read.model,
    modelReported: read.model_reported,
    accessKeyId: read.access_key_id,
    userId: read.user_id,
    workspaceId: read.workspace_id,
    repositoryId: read.repository_id,
    useCaseId: read.use_case_id,
    routingGroupId: read.routing_group_id,
    isStream: read.is_stream,
    usage: {
      tokensIn: read.tokens_in,
      tokensOut: read.tokens_out,
      tokensCached: read.tokens_cached,
      tokensCacheWrite: read.tokens_cache_write,
      tokensReasoning: read.tokens_reasoning,
      isEstimated: read.is_estimated,
      tokensCacheWriteHour: read.tokens_cache_write_hour || undefined,
      serviceTier: read.service_tier ?? undefined,
      tokensAudioIn: read.tokens_audio_in || undefined,
      tokensAudioOut: read.tokens_audio_out || undefined,
      tokensAudioCached: read.tokens_audio_cached || undefined,
    },
    reservedNanoUsd: read.reserved_nano_usd,
    costNanoUsd: read.cost_nano_usd,
    prices: read.prices,
    finishReason: read.finish_reason,
    latencyMs: read.latency_ms,
    firstByteMs: read.first_byte_ms,
    changed: read.changed,
    savedNanoUsd: read.saved_nano_usd,
    configRevision: read.config_revision,
    clientRequestId: read.client_request_id,
    dimensionId: read.dimension_id,
  };
}
