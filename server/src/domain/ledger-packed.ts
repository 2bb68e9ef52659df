/** A record of the books as a list of values: half as long as with names, and written and read in half the time. */
import type { Change, Intent, LedgerRecord, Purpose, Settlement, UnitPrices } from './ledger.ts';

/*
 * A place in these lists never changes its meaning, because journals of earlier releases are read back: what is new goes to the end and
 * may be missing. Each kind is written by one function and read by one other, and the type between them keeps the two equal.
 */

type PackedBegun = [
  id: string,
  atMs: number,
  requestId: string,
  face: string,
  purpose: Purpose,
  connectionId: string | null,
  provider: string,
  modelAsked: string,
  /** Null where it is what was asked. */
  model: string | null,
  accessKeyId: string | null,
  userId: string | null,
  workspaceId: string | null,
  isStream: boolean,
  configRevision: number,
  clientRequestId: string | null,
];
/** By what the request came, where it came by something; most did not, and their lines are as long as before there were these. */
type PackedBy = [repositoryId?: string | null, useCaseId?: string | null, routingGroupId?: string | null];
type PackedIntent = ['i', ...PackedBegun, attemptNo: number, reservedNanoUsd: number, ...PackedBy];
type PackedRefused = ['r', ...PackedBegun, reason: string, status: number, latencyMs: number, ...PackedBy];
type PackedHit = ['h', ...PackedBegun, savedNanoUsd: number, latencyMs: number, ...PackedBy];
type PackedSettlement = [
  's',
  id: string,
  atMs: number,
  state: Settlement['state'],
  reason: string | null,
  status: number,
  isLast: boolean,
  tokensIn: number,
  tokensOut: number,
  tokensCached: number,
  tokensCacheWrite: number,
  tokensReasoning: number,
  isEstimated: boolean,
  costNanoUsd: number | null,
  prices: UnitPrices | null,
  modelReported: string | null,
  finishReason: string | null,
  latencyMs: number,
  firstByteMs: number | null,
  changed: readonly Change[] | null,
  tokensCacheWriteHour?: number,
  /** Empty where it is the standard one and something follows. */
  serviceTier?: string,
  tokensAudioIn?: number,
  tokensAudioOut?: number,
  tokensAudioCached?: number,
];

/** A record without names. */
export type Packed = PackedIntent | PackedRefused | PackedHit | PackedSettlement;

type Begun = Omit<Intent, 'attemptNo' | 'reservedNanoUsd'>;

const modelOf = ({ model, modelAsked }: Begun): string | null => (model === modelAsked ? null : model);

/** The values of a record, in the order in which `unpacked` takes them. */
export function packed(record: LedgerRecord): Packed {
  if (record.kind === 'settle') return packedSettlement(record);
  const { id, atMs, requestId, face, purpose, connectionId, provider, modelAsked, accessKeyId, userId, workspaceId } = record;
  const { isStream, configRevision, clientRequestId } = record;
  const model = modelOf(record);
  // Written out for each kind: a list that is spread into another costs more than all the rest of this.
  const values: PackedIntent | PackedRefused | PackedHit =
    record.kind === 'intent'
      ? ['i', id, atMs, requestId, face, purpose, connectionId, provider, modelAsked, model, accessKeyId, userId, workspaceId, isStream, configRevision, clientRequestId, record.attemptNo, record.reservedNanoUsd] // prettier-ignore
      : record.kind === 'hit'
        ? ['h', id, atMs, requestId, face, purpose, connectionId, provider, modelAsked, model, accessKeyId, userId, workspaceId, isStream, configRevision, clientRequestId, record.savedNanoUsd, record.latencyMs] // prettier-ignore
        : ['r', id, atMs, requestId, face, purpose, connectionId, provider, modelAsked, model, accessKeyId, userId, workspaceId, isStream, configRevision, clientRequestId, record.reason, record.status, record.latencyMs]; // prettier-ignore
  if (record.repositoryId || record.useCaseId || record.routingGroupId) appendBy(values, record);
  return values;
}

/** In all these lists the last places are the same three, behind places that are always filled. */
function appendBy(
  values: (PackedIntent | PackedRefused | PackedHit) & unknown[],
  { repositoryId, useCaseId, routingGroupId }: Begun,
): void {
  values.push(repositoryId ?? null);
  if (useCaseId || routingGroupId) values.push(useCaseId ?? null);
  if (routingGroupId) values.push(routingGroupId);
}

function packedSettlement(settlement: Settlement): PackedSettlement {
  const { id, atMs, state, reason, status, isLast, usage, costNanoUsd, prices, modelReported, finishReason } = settlement;
  const { tokensIn, tokensOut, tokensCached, tokensCacheWrite, tokensReasoning, isEstimated } = usage;
  const values: PackedSettlement = ['s', id, atMs, state, reason, status, isLast, tokensIn, tokensOut, tokensCached, tokensCacheWrite, tokensReasoning, isEstimated, costNanoUsd, prices, modelReported, finishReason, settlement.latencyMs, settlement.firstByteMs, settlement.changed]; // prettier-ignore
  const { tokensAudioIn, tokensAudioOut } = usage;
  const hasSound = Boolean(tokensAudioIn || tokensAudioOut);
  if (usage.tokensCacheWriteHour || usage.serviceTier || hasSound) values.push(usage.tokensCacheWriteHour ?? 0);
  if (usage.serviceTier || hasSound) values.push(usage.serviceTier ?? '');
  if (hasSound) values.push(tokensAudioIn ?? 0, tokensAudioOut ?? 0);
  if (tokensAudioIn && usage.tokensAudioCached) values.push(usage.tokensAudioCached);
  return values;
}

/** The record that was packed. */
export function unpacked(values: Packed): LedgerRecord {
  if (values[0] === 's') return settlementOf(values);
  const begun: Begun = {
    id: values[1],
    atMs: values[2],
    requestId: values[3],
    face: values[4],
    purpose: values[5],
    connectionId: values[6],
    provider: values[7],
    modelAsked: values[8],
    model: values[9] ?? values[8],
    accessKeyId: values[10],
    userId: values[11],
    workspaceId: values[12],
    isStream: values[13],
    configRevision: values[14],
    clientRequestId: values[15],
  };
  const [repositoryId, useCaseId, routingGroupId] =
    values[0] === 'r' ? [values[19], values[20], values[21]] : [values[18], values[19], values[20]];
  if (repositoryId) begun.repositoryId = repositoryId;
  if (useCaseId) begun.useCaseId = useCaseId;
  if (routingGroupId) begun.routingGroupId = routingGroupId;
  if (values[0] === 'h') return { ...begun, kind: 'hit', savedNanoUsd: values[16], latencyMs: values[17] };
  return values[0] === 'i'
    ? { ...begun, kind: 'intent', attemptNo: values[16], reservedNanoUsd: values[17] }
    : { ...begun, kind: 'refused', reason: values[16], status: values[17], latencyMs: values[18] };
}

const settlementOf = (values: PackedSettlement): { kind: 'settle' } & Settlement => ({
  kind: 'settle',
  id: values[1],
  atMs: values[2],
  state: values[3],
  reason: values[4],
  status: values[5],
  isLast: values[6],
  usage: {
    tokensIn: values[7],
    tokensOut: values[8],
    tokensCached: values[9],
    tokensCacheWrite: values[10],
    tokensReasoning: values[11],
    isEstimated: values[12],
    ...(values[20] ? { tokensCacheWriteHour: values[20] } : undefined),
    ...(values[21] ? { serviceTier: values[21] } : undefined),
    ...(values[22] ? { tokensAudioIn: values[22] } : undefined),
    ...(values[23] ? { tokensAudioOut: values[23] } : undefined),
    ...(values[24] ? { tokensAudioCached: values[24] } : undefined),
  },
  costNanoUsd: values[13],
  prices: values[14],
  modelReported: values[15],
  finishReason: values[16],
  latencyMs: values[17],
  firstByteMs: values[18],
  changed: values[19],
});
