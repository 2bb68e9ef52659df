/** The configuration of an installation as one document: names in the place of ids, references in the place of secrets, nothing unknown. */
import { maxTokensRange, temperatureRange } from '@patchbay/contract/ai-settings';
import { limitCountMax, limitKind, limitPeriod } from '@patchbay/contract/limits';
import { policyActionNames, policyRules, policySides, riskNames } from '@patchbay/contract/policies';
import { priceTiersMax } from '@patchbay/contract/price-limits';
import { backupsMax, balanceMax, cacheSecondsMax, explorationMax, groupTargetsMax, weightMax } from '@patchbay/contract/routing-limits';
import { routingGroupCreate, routingStrategy } from '@patchbay/contract/routing';
import { modelText, nameText, plainText } from '@patchbay/contract/text';
import { injectContext, roleName, useCaseCreate, useCaseFallbacksMax } from '@patchbay/contract/use-cases';
import { z } from 'zod';
import { capturedDaysMax } from '@patchbay/contract/requests';
import { captureDefault } from '../../domain/capture.ts';
import { everySMax, everySMin } from '../../domain/health-settings.ts';
import { forever, retentionNouns, retentionRules, type RetentionDays } from '../../domain/retention.ts';
import { groupDefaults } from '../../domain/routing-group.ts';
import { alertChannel, alertRule, mailServer } from './alert-shapes.ts';
import { connectionName, ownerText, secretReference } from './reference-shapes.ts';

/** Of each kind; an installation beyond this is not kept in one file. */
const listMax = 20_000;

const money = z.string().max(40).nullable().default(null);
const settings = z.record(z.string().max(100), z.unknown());

const workspace = z.strictObject({
  name: nameText,
  members: z
    .array(z.strictObject({ user: plainText(3, 254), role: z.enum(['READ', 'WRITE', 'ADMIN']) }))
    .max(listMax)
    .default([]),
  /** Whether it keeps the contents of its requests. */
  contents: z
    .strictObject({ isKept: z.boolean(), days: z.number().int().min(1).max(capturedDaysMax) })
    .default({ isKept: captureDefault.isOn, days: captureDefault.keptDays }),
});

const connection = z.strictObject({
  name: nameText,
  owner: ownerText.default('organization'),
  provider: z.string().min(1).max(100),
  baseUrl: z.string().max(2_000).nullable().default(null),
  model: modelText.nullable().default(null),
  secret: secretReference.nullable().default(null),
  accessKeyId: secretReference.nullable().default(null),
  headers: z.record(z.string().max(100), secretReference).default({}),
  settings: settings.default({}),
  backups: z
    .array(z.strictObject({ connection: connectionName, model: modelText.nullable().default(null) }))
    .max(backupsMax)
    .default([]),
  isActive: z.boolean().default(true),
  isDefault: z.boolean().default(false),
});

const repository = z.strictObject({ name: nameText, workspace: nameText, connections: z.array(connectionName).max(100).default([]) });

const routingGroup = z.strictObject({
  name: routingGroupCreate.shape.name,
  owner: ownerText.default('organization'),
  strategy: routingStrategy.default('ordered'),
  options: z
    .strictObject({
      stickyBy: z.enum(['session', 'prefix']).default(groupDefaults.stickyBy),
      hedgeMaxUsd: money,
      priceWeight: z.number().min(0).max(balanceMax).default(groupDefaults.priceWeight),
      latencyWeight: z.number().min(0).max(balanceMax).default(groupDefaults.latencyWeight),
      exploration: z.number().min(0).max(explorationMax).default(groupDefaults.exploration),
      cacheSeconds: z.number().int().min(0).max(cacheSecondsMax).default(groupDefaults.cacheSeconds),
    })
    .prefault({}),
  targets: z
    .array(
      z.strictObject({
        connection: connectionName,
        model: modelText.nullable().default(null),
        weight: z.number().int().min(0).max(weightMax).default(1),
        isEnabled: z.boolean().default(true),
        region: plainText(1, 40).nullable().default(null),
      }),
    )
    // A group may have lost its last one with a connection that was deleted.
    .max(groupTargetsMax),
  isActive: z.boolean().default(true),
});

const { shape: ofUseCases } = useCaseCreate;
const useCase = z.strictObject({
  slug: ofUseCases.slug.unwrap(),
  name: nameText,
  description: ofUseCases.description.unwrap().default(''),
  /** Null after its connection was deleted by force: it answers nobody until it is given another. */
  connection: connectionName.nullable(),
  model: modelText.nullable().default(null),
  systemPrompt: ofUseCases.systemPrompt,
  baseKnowledge: ofUseCases.baseKnowledge.unwrap().default(''),
  temperature: z.number().min(0).max(2).nullable().default(null),
  maxTokens: ofUseCases.maxTokens.unwrap().default(null),
  /** Null is all roles. */
  allowedRoles: z.array(roleName).min(1).nullable().default(null),
  priority: ofUseCases.priority.unwrap().default(0),
  fallbacks: z.array(connectionName).max(useCaseFallbacksMax).default([]),
  inject: injectContext.prefault({}),
  isActive: z.boolean().default(true),
});

const policy = z.strictObject({
  name: nameText,
  /** Neither is the organization. */
  workspace: nameText.nullable().default(null),
  repository: nameText.nullable().default(null),
  content: z.string().max(10_000).default(''),
  risk: z.enum(riskNames).default('MEDIUM'),
  action: z.enum(policyActionNames).default('log'),
  side: z.enum(policySides).default('both'),
  rules: policyRules.default({}),
  /** A connection that is gone is null: such a judge finds fault with everything, and a policy without one with nothing. */
  judge: z.strictObject({ connection: connectionName.nullable(), model: modelText }).nullable().default(null),
  isActive: z.boolean().default(true),
});

/** Whose use is limited: exactly one of the four. Limits on access keys stay with their keys. */
const limitSubject = z.union([
  z.strictObject({ user: plainText(3, 254) }),
  z.strictObject({ workspace: nameText }),
  z.strictObject({ connection: connectionName }),
  z.strictObject({ group: connectionName }),
]);

const limit = z.strictObject({
  of: limitSubject,
  kind: limitKind,
  period: limitPeriod,
  value: z.union([z.string().max(40), z.number()]),
  softPercent: z.number().int().min(1).max(99).nullable().default(null),
  isShadow: z.boolean().default(false),
});

const usd = z.union([z.string().max(40), z.number()]).transform(String);
const price = z.strictObject({
  provider: z.string().min(1).max(100),
  model: modelText,
  connection: connectionName.nullable().default(null),
  validFrom: z.iso.datetime(),
  /** Null has no end; left out, the end of a price that is there stays. */
  validUntil: z.iso.datetime().nullable().optional(),
  tiers: z
    .array(
      z.strictObject({
        fromTokensIn: z.number().int().min(0).default(0),
        input: usd,
        output: usd,
        cacheRead: usd.nullable().default(null),
        cacheWrite: usd.nullable().default(null),
        cacheWriteHour: usd.nullable().default(null),
        audioInput: usd.nullable().default(null),
        audioOutput: usd.nullable().default(null),
        cacheAudioRead: usd.nullable().default(null),
        perRequest: usd.nullable().default(null),
      }),
    )
    .min(1)
    .max(priceTiersMax),
  note: z.string().max(500).nullable().default(null),
});

const template = z.strictObject({
  provider: z.string().min(1).max(100),
  name: nameText,
  description: z.string().max(2_000).nullable().default(null),
  configuration: settings,
  isDefault: z.boolean().default(false),
});

const aiSettings = z.strictObject({
  maxTokens: z.number().int().min(maxTokensRange.min).max(maxTokensRange.max).nullable(),
  temperature: z.number().min(temperatureRange.min).max(temperatureRange.max).nullable(),
  isEnvironmentUsed: z.boolean(),
});

const limitSettings = z.strictObject({
  timeZone: z.string().max(100),
  outputTokensCeiling: z.number().int().min(1).max(limitCountMax).nullable(),
});

const healthSettings = z.strictObject({
  everySeconds: z.union([z.literal(0), z.number().int().min(everySMin).max(everySMax)]),
  checkBy: z.enum(['models', 'completion']),
});

/** Days of each kind of rows; what is left out is kept for as long as it is by default. */
const retention = z.strictObject(
  Object.fromEntries(
    retentionNouns.map((noun) => {
      const { daysMin, daysMax, mayBeForever } = retentionRules[noun];
      const days = z.number().int().min(daysMin).max(daysMax);
      return [noun, (mayBeForever ? z.union([z.literal(forever), days]) : days).optional()];
    }),
  ),
) as unknown as z.ZodType<RetentionDays>;

export const configurationVersion = 1;

/** A section that is left out is left alone, whatever else is asked for. */
export const configuration = z.strictObject({
  patchbay: z.literal(configurationVersion),
  workspaces: z.array(workspace).max(listMax).optional(),
  connections: z.array(connection).max(listMax).optional(),
  repositories: z.array(repository).max(listMax).optional(),
  routingGroups: z.array(routingGroup).max(listMax).optional(),
  useCases: z.array(useCase).max(listMax).optional(),
  policies: z.array(policy).max(listMax).optional(),
  limits: z.array(limit).max(listMax).optional(),
  prices: z.array(price).max(listMax).optional(),
  templates: z.array(template).max(listMax).optional(),
  /** Null is none: with --prune the one that is set goes. */
  mailServer: mailServer.nullable().optional(),
  alertChannels: z.array(alertChannel).max(listMax).optional(),
  alertRules: z.array(alertRule).max(listMax).optional(),
  aiSettings: aiSettings.optional(),
  limitSettings: limitSettings.optional(),
  healthSettings: healthSettings.optional(),
  retention: retention.optional(),
});

export type Configuration = z.output<typeof configuration>;
export type ConnectionName = z.output<typeof connectionName>;
export type WorkspaceSpec = z.output<typeof workspace>;
export type ConnectionSpec = z.output<typeof connection>;
export type RepositorySpec = z.output<typeof repository>;
export type GroupSpec = z.output<typeof routingGroup>;
export type UseCaseSpec = z.output<typeof useCase>;
export type PolicySpec = z.output<typeof policy>;
export type LimitSpec = z.output<typeof limit>;
export type PriceSpec = z.output<typeof price>;
export type TemplateSpec = z.output<typeof template>;
