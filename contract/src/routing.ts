/** The shapes of `/api/routing-groups`: named sets of targets that `/v1` takes for a model, and how one of them is chosen. */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, revisionNumber } from './connections.ts';
import { isoTime } from './paging.ts';
import { balanceMax, cacheSecondsMax, explorationMax, groupTargetsMax, routingStrategies, weightMax } from './routing-limits.ts';
import { modelText, nameText, pathId, trimmedText, uuidText } from './text.ts';

export const routingStrategy = z.enum(routingStrategies);
export type RoutingStrategy = z.output<typeof routingStrategy>;

/** `model` names it, so it is told from `connection/model` and from a pattern, and from a use case. */
const groupName = nameText.refine((name) => !/[/*]/.test(name), { message: 'no slash and no asterisk' });

const regionText = trimmedText(1, 40);
/** US dollars, as a decimal text or a number; kept exactly, to the nano-dollar. */
const money = z.union([z.string().max(40), z.number()]);

export const targetInput = z.strictObject({
  connectionId: uuidText,
  /** Null is the connection's default model. */
  model: modelText.nullish(),
  weight: z.number().int().min(0).max(weightMax).default(1),
  isEnabled: z.boolean().default(true),
  region: regionText.nullish(),
});
export type RoutingTargetInput = z.input<typeof targetInput>;

const options = z.strictObject({
  stickyBy: z.enum(['session', 'prefix']).optional(),
  /** The most that a hedging request may cost; null never asks a second target while the first is asked. */
  hedgeMaxUsd: money.nullish(),
  priceWeight: z.number().min(0).max(balanceMax).optional(),
  latencyWeight: z.number().min(0).max(balanceMax).optional(),
  exploration: z.number().min(0).max(explorationMax).optional(),
  /** How many seconds old an answer may be that is given again; 0 for none, a week at most. */
  cacheSeconds: z.number().int().min(0).max(cacheSecondsMax).optional(),
});

export const routingGroupCreate = z.strictObject({
  name: groupName,
  /** Whose it is: the caller's own where nothing is said. */
  scope: z.enum(['user', 'workspace', 'organization']).default('user'),
  workspaceId: uuidText.nullish(),
  strategy: routingStrategy.default('ordered'),
  options: options.optional(),
  targets: z.array(targetInput).min(1).max(groupTargetsMax),
  isActive: z.boolean().default(true),
});

/** A field that is left out stays; targets are replaced as a whole. The owner never changes. */
export const routingGroupChange = z
  .strictObject({
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
    name: groupName.optional(),
    strategy: routingStrategy.optional(),
    options: options.optional(),
    targets: z.array(targetInput).min(1).max(groupTargetsMax).optional(),
    isActive: z.boolean().optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);

export const routingTarget = z.object({
  connectionId: z.string(),
  /** Null for a connection that was deleted, or that the caller may not use. */
  connectionName: z.string().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  /** What is asked there: the target's model, else the connection's own. */
  effectiveModel: z.string().nullable(),
  weight: z.number(),
  isEnabled: z.boolean(),
  region: z.string().nullable(),
  /** `resting` failed lately and goes behind the others; `inactive`, `gone` and `no_model` are not asked. */
  state: z.enum(['ready', 'resting', 'inactive', 'gone', 'no_model']),
});

export const routingGroup = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.enum(['user', 'workspace', 'organization']),
  ownerId: z.string(),
  strategy: routingStrategy,
  options: z.object({
    stickyBy: z.enum(['session', 'prefix']),
    /** Decimal text. */
    hedgeMaxUsd: z.string().nullable(),
    priceWeight: z.number(),
    latencyWeight: z.number(),
    exploration: z.number(),
    cacheSeconds: z.number(),
  }),
  targets: z.array(routingTarget),
  isActive: z.boolean(),
  canManage: z.boolean(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type RoutingGroupView = z.output<typeof routingGroup>;

export const routingGroupParams = z.object({ id: pathId });
export const routingGroupAnswer = z.object({ success: z.literal(true), data: routingGroup });
export const routingGroupsAnswer = z.object({ success: z.literal(true), data: z.array(routingGroup) });
