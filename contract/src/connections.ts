/** What every face of the connections shares: texts, tests of a connection, paging, and the words for states. */
import { z } from 'zod';
import { compactKeyFile, isPlain, pathId, plainFault, plainText, trimmedText } from './text.ts';

/** An address as entered; the server judges it. */
export const urlText = trimmedText(1, 500);
/** A provider's key. Longer than any key, so that the server says what is wrong with it; the blanks around it are cut there. */
export const secretText = z
  .string()
  .max(8192)
  .overwrite(compactKeyFile)
  .refine((text) => isPlain(text.trim()), plainFault);
export const providerId = plainText(1, 100);
/** A provider's slug, `openai`. Rows can be added, so it is any text; S2 calls it `AIProvider`, which here is the interface (C-40). */
export type AIProviderName = z.infer<typeof providerId>;
/** Provider-specific settings, checked against the provider's own schema. */
export const settingsMap = z.record(z.string().min(1).max(200), z.unknown());

/** ISO 8601 UTC with milliseconds. */
export const isoTime = z.string();

export const testStatus = z.enum(['success', 'failed', 'pending']);
export type TestStatus = z.infer<typeof testStatus>;

/** Why a test failed, in one word (contracts 7.3). */
export const testErrorCode = z.enum([
  'AUTH',
  'NOT_FOUND_URL',
  'MODEL_NOT_FOUND',
  'TIMEOUT',
  'RATE_LIMITED',
  'QUOTA_EXHAUSTED',
  'NETWORK',
  'TLS',
  'EGRESS_BLOCKED',
  'PROVIDER_UNAVAILABLE',
  'INVALID_RESPONSE',
  'BAD_REQUEST',
  'SECRET_UNREADABLE',
  'UNKNOWN',
]);
export type TestErrorCode = z.infer<typeof testErrorCode>;

export const testStep = z.object({
  name: z.enum(['reach', 'tls', 'authenticate', 'models', 'completion']),
  outcome: z.enum(['ok', 'failed', 'skipped']),
  latencyMs: z.number().nullable(),
});

/** What a test found out (C-09). It says nothing of the network that the caller could not know. */
export const testResult = z.object({
  success: z.boolean(),
  status: testStatus,
  latencyMs: z.number().nullable(),
  model: z.string().nullable(),
  modelsFound: z.number().nullable(),
  errorCode: testErrorCode.nullable(),
  message: z.string(),
  hint: z.string().nullable(),
  /** The provider's own words, scrubbed; only for people who may change the connection. */
  providerMessage: z.string().nullable(),
  providerStatus: z.number().nullable(),
  proposedBaseUrl: z.string().nullable(),
  /** What an operator would add to the allow list; only for administrators. */
  egressEntry: z.string().nullable(),
  steps: z.array(testStep),
  testedAt: isoTime,
  cached: z.boolean(),
});
export type TestResult = z.infer<typeof testResult>;

export const pagination = z.object({ page: z.number(), limit: z.number(), total: z.number(), totalPages: z.number() });

export const idParams = z.object({ id: pathId });
/** `?force=true`; every other text but `false` is refused. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
export const forceQuery = z.strictObject({ force: flag.optional() });
/** A test's answer may be as old as `maxAge` seconds (C-27); without it the test is live. */
export const testQuery = z.strictObject({ maxAge: z.coerce.number().int().min(0).max(86_400).optional() });

export const pageLimitMax = 100;
export const pageQuery = z.strictObject({
  page: z.coerce.number().int().min(1).max(1_000_000).optional(),
  limit: z.coerce.number().int().min(1).max(pageLimitMax).optional(),
  search: plainText(0, 255).optional(),
  provider: providerId.optional(),
  isActive: flag.optional(),
});
export type PageQuery = z.infer<typeof pageQuery>;

export const done = z.object({ success: z.literal(true), message: z.string().optional() });

/** Raised by every change of a thing. Sent back with a change it says which state the change was made from. */
export const revisionNumber = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A body that changes something must name at least one thing to change (C-20); the revision it was made from is none. */
export const atLeastOneField = (body: object): boolean =>
  Object.entries(body).some(([name, value]) => value !== undefined && name !== 'revision');
export const atLeastOneFieldFault = { message: 'name at least one field to change' };
