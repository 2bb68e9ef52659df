/** Limits in the words of `/api`: money as decimal dollars, times as ISO 8601. */
import type { LimitEventView, LimitView } from '@patchbay/contract/limits';
import type { SeenLimit } from '../../control/limits.ts';
import type { LimitKind } from '../../domain/limit.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import { isoOf, isoOrNull } from '../../lib/iso-time.ts';
import type { LimitEventRow } from '../../storage/limit-events.ts';

const amountOf = (kind: LimitKind, value: number): number | string => (kind === 'money' ? decimalUsdOf(value) : value);

export const fromLimit = ({ limit, record, use, canManage }: SeenLimit): LimitView => ({
  id: limit.id,
  subjectKind: limit.subject.kind,
  subjectId: limit.subject.id,
  kind: limit.kind,
  period: limit.period,
  value: amountOf(limit.kind, limit.value),
  softPercent: limit.softPercent,
  isShadow: limit.isShadow,
  level: record?.level ?? null,
  canManage,
  used: amountOf(limit.kind, use.used),
  resetsAt: isoOrNull(use.resetsAtMs),
  updatedAt: isoOrNull(record?.updatedAtMs ?? null),
  revision: record?.revision ?? null,
});

export const fromLimitEvent = ({ id, atMs, limitId, kind, period, event, times, used, value }: LimitEventRow): LimitEventView => ({
  id,
  at: isoOf(atMs),
  limitId,
  kind,
  period,
  event,
  times,
  used: amountOf(kind, used),
  value: amountOf(kind, value),
});
