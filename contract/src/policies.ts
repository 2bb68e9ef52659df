/** The shapes of policies: `/api/policies` for the page, and S3's `/policy` with its violations and alerts (C-53, D-12, D-13). */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, flag, revisionNumber } from './connections.ts';
import { isoTime } from './paging.ts';
import { idText, modelText, nameText, pathId, plainText } from './text.ts';

export const policyContentCharsMax = 10_000;
export const keywordsMax = 200;
export const keywordCharsMax = 100;
export const patternsMax = 50;
export const patternCharsMax = 512;
export const policyNamesMax = 100;
/** Characters of a text that is tried out. */
export const checkCharsMax = 20_000;

const levels = ['organization', 'workspace', 'repository'] as const;
export const riskNames = ['LOW', 'MEDIUM', 'HIGH'] as const;
export const policyActionNames = ['log', 'alert', 'block', 'redact'] as const;
export const policySides = ['both', 'prompt', 'answer'] as const;
export const detectorNames = ['email', 'phone', 'card', 'iban', 'ip', 'nik', 'npwp', 'account', 'passport', 'secret'] as const;
export const attachmentKinds = ['image', 'audio', 'video', 'file'] as const;
export const violationRules = ['keyword', 'pattern', 'personal', 'model', 'tokens', 'attachment', 'tool', 'judge', 'unreadable'] as const;

export type PolicyActionName = (typeof policyActionNames)[number];
export type RiskName = (typeof riskNames)[number];
export type DetectorId = (typeof detectorNames)[number];

/** Over many lines, and with every character that a stored text may have. */
const linesText = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .refine((text) => !text.includes('\u0000') && text.isWellFormed(), { message: 'U+0000 and broken characters are not allowed' });
const longText = linesText(0, policyContentCharsMax);

const names = z.array(plainText(1, 200)).max(policyNamesMax);
const count = z.number().int().min(0).max(1_000_000_000);

/** What is not named is not looked at. Patterns are RE2's; which of them do not read is told when they are saved. */
export const policyRules = z.strictObject({
  keywords: z.array(plainText(2, keywordCharsMax)).max(keywordsMax).optional(),
  patterns: z.array(linesText(1, patternCharsMax)).max(patternsMax).optional(),
  personalData: z.array(z.enum(detectorNames)).max(detectorNames.length).optional(),
  /** Models that may answer; `*` stands for anything. */
  models: names.optional(),
  promptTokensMax: count.optional(),
  outputTokensMax: count.min(1).optional(),
  attachmentsMax: count.optional(),
  attachmentBytesMax: count.optional(),
  /** Kinds that may be attached; none where the list is empty. */
  attachmentKinds: z.array(z.enum(attachmentKinds)).max(attachmentKinds.length).optional(),
  /** Tools that may be offered and called; `*` stands for anything. */
  tools: names.optional(),
  toolsMax: count.optional(),
  isToolSchemaRequired: z.boolean().optional(),
});
export type PolicyRulesBody = z.output<typeof policyRules>;

/** A model that is asked whether a text breaks the policy's own words. */
export const policyJudge = z.strictObject({ connectionId: idText, model: modelText });

const person = z.object({ id: z.string(), name: z.string() });
const named = z.object({ id: z.string(), name: z.string() });

export const policy = z.object({
  id: z.string(),
  level: z.enum(levels),
  workspace: named.nullable(),
  repository: named.nullable(),
  name: z.string(),
  content: z.string(),
  risk: z.enum(riskNames),
  action: z.enum(policyActionNames),
  side: z.enum(policySides),
  rules: policyRules,
  judge: z.object({ connectionId: z.string(), model: z.string() }).nullable(),
  isActive: z.boolean(),
  /** Whether the caller may change it; what is inherited from above often stays as it is. */
  canChange: z.boolean(),
  /** Of the last seven days. */
  violations7d: z.number(),
  blocks7d: z.number(),
  createdBy: person.nullable(),
  updatedBy: person.nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type PolicyView = z.output<typeof policy>;

const fields = {
  name: nameText,
  content: longText.optional(),
  risk: z.enum(riskNames).optional(),
  action: z.enum(policyActionNames),
  side: z.enum(policySides).optional(),
  rules: policyRules.optional(),
  judge: policyJudge.nullish(),
  isActive: z.boolean().optional(),
};

/** Neither workspace nor repository is the organization's level. */
export const policyCreate = z.strictObject({ workspaceId: idText.optional(), repositoryId: idText.optional(), ...fields });
export type PolicyCreate = z.input<typeof policyCreate>;
/** The level of a policy never changes. */
export const policyChange = z
  .strictObject({ ...fields, revision: revisionNumber.optional() })
  .partial()
  .refine(atLeastOneField, atLeastOneFieldFault);
export type PolicyChange = z.input<typeof policyChange>;

export const policyParams = z.object({ id: pathId });
/** Of one workspace with what it inherits, and of one of its repositories; without both all that the caller may see. */
export const policiesQuery = z.strictObject({ workspaceId: idText.optional(), repositoryId: idText.optional() });
export const policyAnswer = z.object({ success: z.literal(true), data: policy });
export const policiesAnswer = z.object({ success: z.literal(true), data: z.array(policy) });

/** A text held against what binds there, or against rules that are not saved yet; nobody is asked and nothing is written down. */
export const policyCheck = z.strictObject({
  text: linesText(0, checkCharsMax),
  side: z.enum(['prompt', 'answer']).optional(),
  workspaceId: idText.optional(),
  repositoryId: idText.optional(),
  /** In the place of the saved policies. */
  draft: z.strictObject({ action: z.enum(policyActionNames), rules: policyRules }).optional(),
});
export type PolicyCheck = z.input<typeof policyCheck>;

export const fact = z.object({ rule: z.enum(violationRules), name: z.string(), count: z.number(), excerpt: z.string().nullable() });
export type ViolationFactView = z.output<typeof fact>;

export const policyChecked = z.object({
  success: z.literal(true),
  data: z.object({
    isBlocked: z.boolean(),
    /** The text as it would go on; null where it would not. */
    text: z.string().nullable(),
    findings: z.array(
      z.object({
        /** Null for the draft. */
        policyId: z.string().nullable(),
        policyName: z.string(),
        action: z.enum(policyActionNames),
        rule: z.enum(violationRules),
        name: z.string(),
        start: z.number(),
        end: z.number(),
      }),
    ),
    /** Policies whose judge would be asked, and was not. */
    judges: z.array(z.string()),
  }),
});
export type PolicyChecked = z.output<typeof policyChecked>['data'];

const commaList = plainText(1, 2_000).transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== '')); // prettier-ignore
export const takeDefault = 50;
export const takeMax = 100;

const found = {
  workspaceId: idText.optional(),
  repoId: idText.optional(),
  policyId: idText.optional(),
  from: isoTime.optional(),
  to: isoTime.optional(),
  llmType: commaList.optional(),
  llmModel: commaList.optional(),
  host: commaList.optional(),
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  take: z.coerce.number().int().min(1).max(takeMax).default(takeDefault),
};
const severities = plainText(1, 100)
  .transform((text) =>
    text
      .toUpperCase()
      .split(',')
      .map((part) => part.trim()),
  ) // prettier-ignore
  .pipe(z.array(z.enum(riskNames)).max(riskNames.length));

export const alertQuery = z.strictObject(found);
export const violationQuery = z.strictObject({ ...found, severity: severities.optional(), block: flag.optional() });
export type ViolationQuery = z.output<typeof violationQuery>;

/** The page's own list: the same rows in the house's words. */
export const violationsQuery = z.strictObject({
  workspaceId: idText.optional(),
  repositoryId: idText.optional(),
  policyId: idText.optional(),
  from: isoTime.optional(),
  to: isoTime.optional(),
  severity: severities.optional(),
  isBlocked: flag.optional(),
  skip: found.skip,
  take: found.take,
});

export const violation = z.object({
  id: z.string(),
  at: isoTime,
  policyId: z.string(),
  policyName: z.string(),
  action: z.enum(policyActionNames),
  isBlocked: z.boolean(),
  severity: z.enum(riskNames),
  stage: z.enum(['prompt', 'answer']),
  facts: z.array(fact),
  requestId: z.string(),
  workspace: named.nullable(),
  repository: named.nullable(),
  accessKey: named.nullable(),
  user: named.nullable(),
  connectionId: z.string().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
});
export type ViolationView = z.output<typeof violation>;
export const violationsAnswer = z.object({ success: z.literal(true), data: z.array(violation), total: z.number() });

/* S3's own words. */

const s3Person = z.object({ id: z.string(), name: z.string(), lastName: z.string(), email: z.string() });

export const s3Policy = z.object({
  id: z.string(),
  name: z.string(),
  content: z.string(),
  riskType: z.enum(riskNames),
  actionType: z.number(),
  orgId: z.string(),
  workspaceId: z.string().nullable(),
  repoId: z.string().nullable(),
  workspace: named.nullable(),
  repo: named.nullable(),
  rules: policyRules,
  createdBy: s3Person.nullable(),
  lastUpdatedBy: s3Person.nullable(),
  createdAt: isoTime,
  lastUpdatedAt: isoTime,
  revision: z.number(),
});

const s3Fields = {
  name: nameText,
  content: longText,
  riskType: z.enum(riskNames),
  /** 0 log, 1 alert, 2 block, 3 redact. */
  actionType: z.number().int().min(0).max(3),
  rules: policyRules.optional(),
};

export const createPolicy = z.strictObject({
  ...s3Fields,
  orgId: idText.optional(),
  workspaceId: idText.nullish(),
  repoId: idText.nullish(),
});
export type CreatePolicy = z.output<typeof createPolicy>;
export const updatePolicy = z
  .strictObject({ ...s3Fields, revision: revisionNumber.optional() })
  .partial()
  .refine(atLeastOneField, atLeastOneFieldFault);
export type UpdatePolicy = z.output<typeof updatePolicy>;

/** `orgId` alone is its own level, with `workspaceId` that workspace's, with `repoId` that repository's. */
export const policyScopeQuery = z.strictObject({ orgId: idText, workspaceId: idText.optional(), repoId: idText.optional() });
export const s3PolicySaved = z.object({ success: z.literal(true), policyId: z.string(), message: z.string() });
export const s3PolicyAnswer = z.object({ success: z.literal(true), policy: s3Policy });
export const s3PolicyList = z.object({ success: z.literal(true), policies: z.array(s3Policy) });
export const s3PolicyDone = z.object({ success: z.literal(true), message: z.string() });

const s3Found = {
  id: z.string(),
  policyId: z.string(),
  policyName: z.string(),
  timestamp: isoTime,
  conversationId: z.string().nullable(),
  repoId: z.string().nullable(),
  repoName: z.string().nullable(),
  userId: z.string().nullable(),
  userName: z.string().nullable(),
  repoAiApiKeyId: z.string().nullable(),
  repoAiApiKeyName: z.string().nullable(),
  llmType: z.string().nullable(),
  llmModel: z.string().nullable(),
  host: z.string().nullable(),
};
export const s3Violations = z.object({
  success: z.literal(true),
  violations: z.array(z.object({ ...s3Found, explanation: z.string(), severity: z.enum(riskNames).nullable(), block: z.boolean() })),
  total: z.number(),
  skip: z.number(),
  take: z.number(),
});
export const s3Alerts = z.object({
  success: z.literal(true),
  alerts: z.array(z.object({ ...s3Found, message: z.string() })),
  total: z.number(),
  skip: z.number(),
  take: z.number(),
});
