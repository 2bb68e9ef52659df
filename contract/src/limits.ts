/** The shapes of limits and budgets: what is limited, of whom, how much of it is used, and what holds for all of them. */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, revisionNumber } from './connections.ts';
import { isoTime, pageOf, paging } from './paging.ts';
import { uuidText } from './text.ts';

export const limitSubjectKind = z.enum(['access-key', 'user', 'workspace', 'connection', 'group']);
export const limitKind = z.enum(['requests', 'tokens', 'concurrent', 'money']);
export const limitPeriod = z.enum(['minute', 'none', 'day', 'month', 'total']);
export type LimitSubjectKind = z.output<typeof limitSubjectKind>;
export type LimitKind = z.output<typeof limitKind>;
export type LimitPeriod = z.output<typeof limitPeriod>;

/** A limit that was neared or reached, or would have been where it refuses nobody. Money is in nano-dollars. */
export const metLimit = z.object({
  limitId: z.string().nullable(),
  subjectKind: limitSubjectKind,
  subjectId: z.string(),
  kind: limitKind,
  period: limitPeriod,
  event: z.enum(['soft', 'shadow', 'refused']),
  used: z.number(),
  value: z.number(),
});

/** The most that a count may be. */
export const limitCountMax = 1_000_000_000;
/** Requests or tokens as a whole number; money in US dollars, as a decimal text or a number, kept exactly to the nano-dollar. */
const value = z.union([z.string().max(40), z.number()]);
const softPercent = z.number().int().min(1).max(99);

/** A count is a number, an amount of US dollars a decimal text. */
const amount = z.union([z.number(), z.string()]);

export const limit = z.object({
  /** Null for the limits that stand on an access key itself and are changed there. */
  id: z.string().nullable(),
  subjectKind: limitSubjectKind,
  subjectId: z.string(),
  kind: limitKind,
  period: limitPeriod,
  value: amount,
  /** From this part of it on people are told; null for never. */
  softPercent: z.number().nullable(),
  /** Counts and tells, refuses nobody. */
  isShadow: z.boolean(),
  /** Who set it; what an administrator set only an administrator changes. */
  level: z.enum(['administrator', 'owner']).nullable(),
  canManage: z.boolean(),
  /** In use now: of the last minute, at this moment, or of the running day or month with what is set aside. */
  used: amount,
  /** The end of the running day or month; null where nothing ends. */
  resetsAt: isoTime.nullable(),
  updatedAt: isoTime.nullable(),
  revision: z.number().nullable(),
});
export type LimitView = z.output<typeof limit>;

export const limitCreate = z.strictObject({
  subjectKind: limitSubjectKind,
  subjectId: uuidText,
  kind: limitKind,
  /** What the kind has where it has one alone. */
  period: limitPeriod.optional(),
  value,
  softPercent: softPercent.nullish(),
  isShadow: z.boolean().default(false),
});

export const limitChange = z
  .strictObject({
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
    value: value.optional(),
    softPercent: softPercent.nullish(),
    isShadow: z.boolean().optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);

/** Of one subject, or, for administrators, of all. */
export const limitsQuery = paging.extend({ subjectKind: limitSubjectKind.optional(), subjectId: uuidText.optional() });
export const limitsAnswer = pageOf(limit).extend({
  /** Whether the caller may set limits on the subject that was asked for. */
  canCreate: z.boolean(),
});
export const limitAnswer = z.object({ success: z.literal(true), data: limit });

export const limitEventsQuery = z.strictObject({
  subjectKind: limitSubjectKind,
  subjectId: uuidText,
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
/** A minute in which a limit was neared, would have refused, or refused. */
export const limitEvent = z.object({
  id: z.string(),
  at: isoTime,
  limitId: z.string().nullable(),
  kind: limitKind,
  period: limitPeriod,
  event: z.enum(['soft', 'shadow', 'refused']),
  times: z.number(),
  used: amount,
  value: amount,
});
export const limitEventsAnswer = z.object({ success: z.literal(true), data: z.array(limitEvent) });
export type LimitEventView = z.output<typeof limitEvent>;

const timeZone = z.string().min(1).max(64);
const ceiling = z.number().int().min(1).max(limitCountMax);
export const limitSettings = z.object({
  /** IANA name of the zone by which days and months of budgets begin. */
  timeZone: z.string(),
  /** What is set aside at most for the answer to a request that names no maximum; null for what its model can say at most. */
  outputTokensCeiling: z.number().nullable(),
  revision: z.number(),
});
export const limitSettingsChange = z
  .strictObject({ revision: revisionNumber.optional(), timeZone: timeZone.optional(), outputTokensCeiling: ceiling.nullish() })
  .refine(atLeastOneField, atLeastOneFieldFault);
export const limitSettingsAnswer = z.object({ success: z.literal(true), data: limitSettings });
export type LimitSettingsView = z.output<typeof limitSettings>;
