/** The audit log and the history of configuration objects, as both sides of the wire know them. */
import { z } from 'zod';
import { isoTime, pageOf, pageRowsMax } from './paging.ts';
import { idText, trimmedText, uuidText } from './text.ts';

export const auditOutcomes = ['success', 'refused', 'failed'] as const;

export const auditFilterFields = {
  /** Id of a person, or a part of a name. */
  actor: trimmedText(1, 255).optional(),
  /** `connection.update`, or `connection` for all that is done with connections. */
  action: z
    .string()
    .max(60)
    .regex(/^[a-z][a-z0-9_-]*(?:\.[a-z0-9_.-]+)?$/)
    .optional(),
  subjectType: z
    .string()
    .max(40)
    .regex(/^[a-z][a-z0-9_-]*$/)
    .optional(),
  subjectId: idText.optional(),
  /** A part of the object's name. */
  object: trimmedText(1, 255).optional(),
  outcome: z.enum(auditOutcomes).optional(),
  requestId: uuidText.optional(),
  from: isoTime.optional(),
  to: isoTime.optional(),
};

export const auditQuery = z.strictObject({
  ...auditFilterFields,
  cursor: z
    .string()
    .max(60)
    .regex(/^\d{1,15}\.[0-9a-f-]{36}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(pageRowsMax).default(50),
});
export const auditFormats = ['csv', 'jsonl'] as const;
export const auditExportQuery = z.strictObject({ ...auditFilterFields, format: z.enum(auditFormats).default('csv') });

/** One entry (D-27). `changes` has the fields that differ, secrets only as "changed". */
export const auditRow = z.object({
  id: z.string(),
  /** Its number in the chain; null for entries from before it. */
  seq: z.number().nullable(),
  at: isoTime,
  actor: z.object({ id: z.string(), name: z.string(), role: z.string() }).nullable(),
  via: z.string(),
  action: z.string(),
  subject: z.object({ type: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
  owner: z.object({ scope: z.enum(['user', 'workspace', 'organization']), id: z.string() }).nullable(),
  outcome: z.enum(auditOutcomes),
  errorCode: z.string().nullable(),
  changes: z.record(z.string(), z.object({ before: z.unknown().optional(), after: z.unknown().optional() })).nullable(),
  requestId: z.string().nullable(),
  address: z.string().nullable(),
  agent: z.string().nullable(),
  /** Of the configuration, at the entry. */
  revision: z.number(),
  durationMs: z.number().nullable(),
});
export const auditPage = pageOf(auditRow);

export const auditFaultKinds = ['altered', 'deleted', 'inserted', 'reordered', 'cut', 'head', 'prefix', 'anchor', 'unsealed'] as const;

export const auditVerdict = z.object({
  success: z.literal(true),
  data: z.object({
    isSound: z.boolean(),
    checkedAt: isoTime,
    /** Entries of the chain that were verified. */
    checked: z.number(),
    /** Entries from before the chain, as they were when it began. */
    prefix: z.number(),
    /** Entries up to this number are gone by retention. */
    retainedFromSeq: z.number(),
    head: z.object({ seq: z.number(), hash: z.string() }),
    lastAnchor: z.object({ at: isoTime, seq: z.number(), hash: z.string() }).nullable(),
    fault: z
      .object({
        kind: z.enum(auditFaultKinds),
        seq: z.number().nullable(),
        untilSeq: z.number().nullable(),
        entryId: z.string().nullable(),
      })
      .nullable(),
  }),
});

export const auditDaysMin = 7;
export const auditDaysMax = 3_650;
/** Days that entries are kept; null is for ever. */
export const auditSettingsBody = z.strictObject({ days: z.number().int().min(auditDaysMin).max(auditDaysMax).nullable() });
export const auditSettingsAnswer = z.object({ success: z.literal(true), data: z.object({ days: z.number().nullable() }) });

const states = z.record(z.string(), z.unknown());
export const objectRevision = z.object({
  revision: z.number(),
  at: isoTime,
  /** Null where the state was found and nobody noted who made it. */
  actor: z.object({ id: z.string(), name: z.string() }).nullable(),
  action: z.string().nullable(),
  name: z.string().nullable(),
  /** Null is a deletion. */
  state: states.nullable(),
  /** Against the one before it: fields that differ. */
  changes: z.record(z.string(), z.object({ before: z.unknown().optional(), after: z.unknown().optional() })),
  isCurrent: z.boolean(),
});
export const revisionsAnswer = z.object({ success: z.literal(true), data: z.array(objectRevision) });

const revisionAsked = z.coerce.number().int().min(0).optional();
/** Left out, the newest state and the one before it. */
export const diffQuery = z.strictObject({ from: revisionAsked, to: revisionAsked });
export const diffAnswer = z.object({
  success: z.literal(true),
  data: z.object({ changes: z.record(z.string(), z.object({ before: z.unknown().optional(), after: z.unknown().optional() })) }),
});
export const rollbackBody = z.strictObject({ revision: z.number().int().min(0) });
export const rollbackAnswer = z.object({ success: z.literal(true), data: z.object({ revision: z.number() }) });
