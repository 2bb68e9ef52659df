/** What `/api/admin/system` tells of the installation: for administrators alone, and without any secret. */
import { z } from 'zod';
import { isoTime } from './connections.ts';

export const settingSources = ['environment', 'file', 'dotenv'] as const;

export const system = z.object({
  health: z.object({
    database: z.object({
      engine: z.enum(['sqlite', 'postgres']),
      isHealthy: z.boolean(),
      /** Null while it does not answer. */
      version: z.string().nullable(),
      bytes: z.number().nullable(),
      schema: z.number(),
    }),
    configRevision: z.number(),
    /** Records of the journal of this server that are not in the database yet, and their bytes. */
    ledgerLagRecords: z.number(),
    journalUnfedBytes: z.number(),
    /** Of the disk that holds the data directory; null where the system does not say. */
    disk: z.object({ freeBytes: z.number(), totalBytes: z.number() }).nullable(),
    instances: z.array(z.object({ id: z.string(), startedAt: isoTime, seenAt: isoTime, isThis: z.boolean() })),
  }),
  encryption: z.object({
    /** Newest first. `check` tells keys apart without showing them. */
    keys: z.array(
      z.object({
        version: z.number(),
        check: z.string(),
        status: z.enum(['pending', 'active', 'decrypt_only', 'retired']),
        createdAt: isoTime,
      }),
    ),
    /** The key lies in the data directory, so that the house can make and keep a new one by itself. */
    isKeptHere: z.boolean(),
    isUnfinished: z.boolean(),
    /** The task that seals everything anew, while it runs. */
    taskId: z.string().nullable(),
  }),
  environment: z.array(
    z.object({
      name: z.string(),
      isSecret: z.boolean(),
      /** Null where it is not set. */
      source: z.enum(settingSources).nullable(),
      /** Never that of a secret. */
      value: z.string().nullable(),
      isOverDotEnv: z.boolean(),
    }),
  ),
  network: z.object({
    /** Private targets that may be reached; null where the operator named none and the house's own rule holds. */
    allowed: z.array(z.string()).nullable(),
    trustedProxies: z.array(z.string()),
    publicUrl: z.string().nullable(),
    host: z.string(),
    port: z.number(),
  }),
  about: z.object({ version: z.string(), node: z.string(), platform: z.string(), startedAt: isoTime }),
});
export type System = z.output<typeof system>;
export const systemAnswer = z.object({ success: z.literal(true), data: system });
