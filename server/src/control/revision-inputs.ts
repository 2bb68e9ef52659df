/** From a kept state of an object to what a person would have entered for it. The states are our own, in the words of the audit log. */
import type { UseCaseChange } from '@patchbay/contract/use-cases';
import type { AiSettings } from '../domain/ai-settings.ts';
import type { AccessKey } from '../domain/access-key.ts';
import type { HealthSettings } from '../domain/health-settings.ts';
import type { Limit } from '../domain/limit.ts';
import { decimalUsdOf } from '../domain/money.ts';
import type { Policy } from '../domain/policy.ts';
import type { Repository } from '../domain/repository.ts';
import type { RoutingGroup } from '../domain/routing-group.ts';
import type { UseCase } from '../domain/use-case.ts';
import type { LimitSettings } from '../storage/limits.ts';
import type { ObjectState } from '../storage/object-revisions.ts';
import type { AccessKeyLimits } from './access-keys.ts';
import type { ConnectionInput, FieldWords } from './connection-input.ts';
import type { LimitChange } from './limits.ts';
import type { PolicyInput } from './policies.ts';
import type { RepositoryInput } from './repositories.ts';
import type { GroupInput } from './routing-groups.ts';
import type { EnteredTemplate } from './templates.ts';

/** What a fault of a restored connection calls its fields: as the history shows them. */
export const wordsOfHistory: FieldWords = {
  provider: 'providerId',
  baseUrl: 'baseUrl',
  secret: 'secret',
  accessKeyId: 'accessKeyId',
  model: 'model',
  settings: 'settings',
  needsModel: false,
};

type KeptConnection = Required<Pick<ConnectionInput, 'name' | 'providerId' | 'model' | 'baseUrl' | 'settings' | 'isActive' | 'isDefault'>>;

/** Secrets stay as they are: no history has them. */
export function connectionInput(state: ObjectState): ConnectionInput {
  const { name, providerId, model, baseUrl, settings, isActive, isDefault } = state as unknown as KeptConnection;
  return { name, providerId, model, baseUrl, settings, isActive, isDefault };
}

export function useCaseInput(state: ObjectState): Omit<UseCaseChange, 'revision'> {
  const { name, description, connectionId, model, systemPrompt, baseKnowledge, temperature, maxTokens, ...rest } =
    state as unknown as UseCase;
  return {
    name,
    description,
    ...(connectionId !== null && { connectionId }),
    model,
    systemPrompt,
    baseKnowledge,
    temperature,
    maxTokens,
    ...(rest.allowedRoles === null ? { allRoles: true } : { allowedRoles: [...rest.allowedRoles] }),
    priority: rest.priority,
    fallbackConnectionIds: [...rest.fallbackIds],
    injectContext: rest.inject,
    isActive: rest.isActive,
  };
}

export function groupInput(state: ObjectState): GroupInput {
  const { name, strategy, options, targets, isActive } = state as unknown as RoutingGroup;
  const { hedgeMaxNanoUsd, ...others } = options;
  const hedgeMaxUsd = hedgeMaxNanoUsd === null ? null : decimalUsdOf(hedgeMaxNanoUsd);
  return { name, strategy, options: { ...others, hedgeMaxUsd }, targets: targets.map((target) => ({ ...target })), isActive };
}

export function policyInput(state: ObjectState): PolicyInput {
  const { name, content, risk, action, side, rules, judge, isActive } = state as unknown as Policy;
  return { name, content, risk, action, side, rules, judge, isActive };
}

export function repositoryInput(state: ObjectState): RepositoryInput {
  const { name, connectionIds } = state as unknown as Repository;
  return { name, connectionIds };
}

export function limitInput(state: ObjectState): LimitChange {
  const { kind, value, softPercent, isShadow } = state as unknown as Limit;
  return { value: kind === 'money' ? decimalUsdOf(value) : value, softPercent, isShadow };
}

export function accessKeyInput(state: ObjectState): AccessKeyLimits & { name: string } {
  const { name, models, rpm, tpm, budgetNanoUsd, cacheS, expiresAtMs } = state as unknown as AccessKey;
  const budgetUsd = budgetNanoUsd === null ? null : decimalUsdOf(budgetNanoUsd);
  return { name, models: models && [...models], rpm, tpm, budgetUsd, cacheSeconds: cacheS ?? null, expiresAtMs };
}

export function aiSettingsInput(state: ObjectState) {
  const { defaultConnectionId, maxTokens, temperature, isEnvironmentUsed } = state as unknown as AiSettings & {
    defaultConnectionId: string | null;
  };
  return { defaultConnectionId, maxTokens, temperature, isEnvironmentUsed };
}

export function templateInput(state: ObjectState): EnteredTemplate {
  const { name, description, configuration, isDefault } = state as unknown as EnteredTemplate;
  return { name, description, configuration, isDefault };
}

export function limitSettingsInput(state: ObjectState): Pick<LimitSettings, 'timeZone' | 'outputTokensCeiling'> {
  const { timeZone, outputTokensCeiling } = state as unknown as LimitSettings;
  return { timeZone, outputTokensCeiling };
}

export function healthSettingsInput(state: ObjectState): Pick<HealthSettings, 'everyS' | 'way'> {
  const { everyS, way } = state as unknown as HealthSettings;
  return { everyS, way };
}

/** Every connection that a state names, with the place in it. */
export function namedConnections(state: ObjectState): { path: string; id: string }[] {
  const found: { path: string; id: string }[] = [];
  const add = (path: string, id: unknown): void => {
    if (typeof id === 'string') found.push({ path, id });
  };
  const listOf = (name: string): unknown[] => (Array.isArray(state[name]) ? (state[name] as unknown[]) : []);
  add('connectionId', state['connectionId']);
  add('defaultConnectionId', state['defaultConnectionId']);
  add('judge.connectionId', (state['judge'] as { connectionId?: unknown } | null | undefined)?.connectionId);
  for (const name of ['connectionIds', 'fallbackIds']) for (const [at, id] of listOf(name).entries()) add(`${name}.${at}`, id);
  for (const [at, target] of listOf('targets').entries())
    add(`targets.${at}.connectionId`, (target as { connectionId?: unknown }).connectionId);
  return found;
}
