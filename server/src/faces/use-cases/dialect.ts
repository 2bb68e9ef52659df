/** Use cases in the words of their page and of the chat: roles as a list or as "all", who would answer, ISO times. */
import type { AvailableUseCase, UseCaseView } from '@patchbay/contract/use-cases';
import { bindingFor } from '../../control/use-cases.ts';
import type { ControlDeps } from '../../control/deps.ts';
import { useCasePrefix, type UseCase } from '../../domain/use-case.ts';
import { isoOf } from '../../lib/iso-time.ts';

type Deps = Pick<ControlDeps, 'keeper'>;

export function fromUseCase(deps: Deps, useCase: UseCase, requests7d: number): UseCaseView {
  const binding = bindingFor(deps, useCase);
  const connection = useCase.connectionId === null ? undefined : deps.keeper.snapshot.connections.get(useCase.connectionId);
  return {
    id: useCase.id,
    slug: useCase.slug,
    modelName: `${useCasePrefix}${useCase.slug}`,
    name: useCase.name,
    description: useCase.description,
    connectionId: connection === undefined ? null : useCase.connectionId,
    connectionName: connection?.name ?? null,
    model: useCase.model,
    effectiveModel: binding.kind === 'bound' ? binding.candidates[0]!.model : null,
    modelState: binding.kind === 'bound' ? 'active' : binding.why,
    systemPrompt: useCase.systemPrompt,
    baseKnowledge: useCase.baseKnowledge,
    temperature: useCase.temperature,
    maxTokens: useCase.maxTokens,
    allRoles: useCase.allowedRoles === null,
    allowedRoles: [...(useCase.allowedRoles ?? [])],
    priority: useCase.priority,
    // One that was deleted since answers nobody, and could not be saved again.
    fallbackConnectionIds: useCase.fallbackIds.filter((id) => deps.keeper.snapshot.connections.has(id)),
    injectContext: useCase.inject,
    isActive: useCase.isActive,
    requests7d,
    createdAt: isoOf(useCase.createdAtMs),
    updatedAt: isoOf(useCase.updatedAtMs),
    revision: useCase.revision,
  };
}

export const toAvailable = (deps: Deps, useCase: UseCase, isStandard: boolean): AvailableUseCase => ({
  id: useCase.id,
  slug: useCase.slug,
  modelName: `${useCasePrefix}${useCase.slug}`,
  name: useCase.name,
  description: useCase.description,
  isUsable: bindingFor(deps, useCase).kind === 'bound',
  isStandard,
});
