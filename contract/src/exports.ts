/** The shapes of `/api/exports`: long exports, written by a task and kept for some days. */
import { z } from 'zod';
import { auditFilterFields } from './audit.ts';
import { isoTime } from './paging.ts';
import { exportFormats, requestFilterFields, requestRangeFields } from './requests.ts';
import { plainText, uuidText } from './text.ts';

/** One of the two: requests, or the audit log. Without a `workspaceId` the log is that of the installation. */
export const exportStart = z
  .strictObject({
    format: z.enum(exportFormats).default('csv'),
    requests: z
      .strictObject({ ...requestRangeFields, from: plainText(1, 40).optional(), to: plainText(1, 40).optional(), ...requestFilterFields })
      .optional(),
    audit: z.strictObject(auditFilterFields).optional(),
    workspaceId: uuidText.optional(),
  })
  .refine(({ requests, audit }) => (requests === undefined) !== (audit === undefined), {
    error: 'either requests or audit',
    path: ['requests'],
  })
  .refine(({ audit, workspaceId }) => workspaceId === undefined || audit !== undefined, {
    error: 'for the audit log alone',
    path: ['workspaceId'],
  });

/** What such a task keeps of its outcome. */
export const exportOutcome = z.object({
  rows: z.number(),
  /** There were more rows than one file takes; the newest are in it. */
  isCut: z.boolean(),
  /** Until when the file can be fetched; null where there is none yet, or none any more. */
  expiresAt: isoTime.nullable(),
});
