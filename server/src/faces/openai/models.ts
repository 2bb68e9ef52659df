/** GET /v1/models: what this caller may name, from memory; no provider is asked and none can delay it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { allowsModel } from '../../domain/access-key.ts';
import { olderFirst } from '../../domain/connection-index.ts';
import type { Connection } from '../../domain/connection.ts';
import type { ListedModel } from '../../domain/probe.ts';
import { allowsRole, bindingOf, useCasePrefix } from '../../domain/use-case.ts';
import { GatewayRefusal, refuse } from '../../gateway/errors.ts';
import { attachedFor } from '../../gateway/plan.ts';
import { providerRow } from '../../providers/catalog.ts';
import { modelAbilitiesOf, type ModelAbilities } from '../../providers/model-abilities.ts';
import { modelLimitOf } from '../../providers/model-limits.ts';
import { authorizationOf } from '../anthropic/messages.ts';
import { messagesVoice } from '../anthropic/voice.ts';
import { modelInfoOf, modelPageOf } from '../anthropic/models.ts';
import { callerOfKey, callerOfSession, type DataCaller } from './caller.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { createReply } from './reply.ts';
import { chatVoice } from './wire.ts';

export interface ModelObject {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  /** As its provider calls it; missing where no list has said. */
  name?: string;
  /** Tokens of prompt and answer together; null where nobody says. */
  context_window: number | null;
  max_output_tokens: number | null;
  /** Null where nothing is known of the model. */
  capabilities: {
    input_modalities: ModelAbilities['input'];
    output_modalities: ModelAbilities['output'];
    tools: boolean;
    reasoning: boolean;
    structured_output: boolean;
  } | null;
  /** Connections that serve it, by name, nearest first. */
  patchbay: { connections: string[] };
}

/** Models that one connection is known to serve, with what its provider's list said of them. */
function modelsOf(deps: OpenAiFaceDeps, connection: Connection): Map<string, ListedModel | null> {
  const models = new Map<string, ListedModel | null>(connection.model ? [[connection.model, null]] : []);
  const kept = deps.modelLists.kept(connection)?.models;
  if (kept) for (const model of kept) models.set(model.id, model);
  const others = kept ? [] : (deps.modelLists.known(connection.id) ?? providerRow(connection.providerId)?.models.suggested ?? []);
  for (const id of others) if (!models.has(id)) models.set(id, null);
  return models;
}

function modelObject(id: string, listed: ListedModel | null, base: Pick<ModelObject, 'created' | 'owned_by' | 'patchbay'>): ModelObject {
  const limit = modelLimitOf(id);
  const abilities = modelAbilitiesOf(id);
  return {
    id,
    object: 'model',
    created: base.created,
    owned_by: base.owned_by,
    ...(listed?.name !== undefined && { name: listed.name }),
    context_window: listed?.contextWindow ?? limit.contextWindow,
    max_output_tokens: listed?.maxOutputTokens ?? limit.maxOutputTokens,
    capabilities: abilities && {
      input_modalities: abilities.input,
      output_modalities: abilities.output,
      tools: abilities.tools,
      reasoning: abilities.reasoning,
      structured_output: abilities.structuredOutput,
    },
    patchbay: base.patchbay,
  };
}

/**
 * Connections that the caller may use, nearest first and in the order of choice: those attached to the key's repository, else those of every
 * owner (D-17). Whoever reads the list in pages may be answered by another instance for each, so its order must not be this one's own.
 */
function* connectionsOf({ keeper: { snapshot } }: OpenAiFaceDeps, { accessKey, owners }: DataCaller): Generator<Connection> {
  const repositoryId = accessKey?.repositoryId ?? null;
  if (repositoryId !== null) return yield* snapshot.attachedTo(repositoryId);
  for (const owner of owners)
    for (const id of snapshot.indexOf(owner).places.keys()) {
      const connection = snapshot.connections.get(id);
      if (connection) yield connection;
    }
}

export function modelsOfCaller(deps: OpenAiFaceDeps, caller: DataCaller): ModelObject[] {
  const models = new Map<string, ModelObject>();
  for (const connection of connectionsOf(deps, caller)) {
    if (!connection.isActive) continue;
    for (const [id, listed] of modelsOf(deps, connection)) {
      if (!allowsModel(caller.accessKey?.models ?? null, id)) continue;
      const known = models.get(id);
      if (known) known.patchbay.connections.push(connection.name);
      else
        models.set(
          id,
          modelObject(id, listed, {
            created: Math.floor(connection.createdAtMs / 1000),
            owned_by: connection.providerId,
            patchbay: { connections: [connection.name] },
          }),
        );
    }
  }
  addEnvironment(deps, caller, models);
  addUseCases(deps, caller, models);
  addRoutingGroups(deps, caller, models);
  return [...models.values()];
}

/** What `.env` names can be asked for like any other model (C-02). */
function addEnvironment(deps: OpenAiFaceDeps, caller: DataCaller, models: Map<string, ModelObject>): void {
  const id = deps.environment?.model;
  if (!id || caller.accessKey?.repositoryId || models.has(id) || !allowsModel(caller.accessKey?.models ?? null, id)) return;
  models.set(id, modelObject(id, null, { created: 0, owned_by: 'environment', patchbay: { connections: ['Environment (.env)'] } }));
}

/** Routing groups that the caller may name, the nearest owner's of a name; what they can do is that of their first target. */
function addRoutingGroups(deps: OpenAiFaceDeps, caller: DataCaller, models: Map<string, ModelObject>): void {
  const { snapshot } = deps.keeper;
  if (snapshot.routing.size === 0) return;
  const attached = attachedFor(snapshot, caller);
  for (const owner of caller.owners)
    for (const group of [...snapshot.routing.of(owner)].toSorted(olderFirst)) {
      if (!group.isActive || models.has(group.name) || !allowsModel(caller.accessKey?.models ?? null, group.name)) continue;
      const members = group.targets.flatMap(({ connectionId, model, isEnabled }) => {
        const connection = isEnabled ? snapshot.connections.get(connectionId) : undefined;
        const mayUse = connection?.isActive && (attached === null || attached.places.has(connectionId));
        const named = model ?? connection?.model ?? null;
        return connection && mayUse && named !== null ? [{ connection, model: named }] : [];
      });
      const first = members[0];
      if (!first) continue;
      const connections = [...new Set(members.map(({ connection }) => connection.name))];
      const base = { created: Math.floor(group.createdAtMs / 1000), owned_by: 'routing-group', patchbay: { connections } };
      models.set(group.name, { ...modelObject(first.model, null, base), id: group.name });
    }
}

/** Use cases that this person may name, where somebody would answer; their models' limits and abilities are theirs. */
function addUseCases(deps: OpenAiFaceDeps, caller: DataCaller, models: Map<string, ModelObject>): void {
  const { snapshot } = deps.keeper;
  if (snapshot.useCases.byId.size === 0) return;
  const role = snapshot.people.get(caller.userId)?.role;
  const attached = attachedFor(snapshot, caller);
  for (const useCase of [...snapshot.useCases.byId.values()].toSorted(olderFirst)) {
    const id = `${useCasePrefix}${useCase.slug}`;
    if (!useCase.isActive || role === undefined || !allowsRole(useCase, role)) continue;
    if (!allowsModel(caller.accessKey?.models ?? null, id)) continue;
    const binding = bindingOf(useCase, (connectionId) => snapshot.connections.get(connectionId));
    if (binding.kind === 'unbound') continue;
    const usable = binding.candidates.filter(({ connection }) => attached === null || attached.places.has(connection.id));
    const [first] = usable;
    if (first === undefined) continue;
    const base = {
      created: Math.floor(useCase.createdAtMs / 1000),
      owned_by: 'use-case',
      patchbay: { connections: usable.map(({ connection }) => connection.name) },
    };
    models.set(id, { ...modelObject(first.model, null, base), id, name: useCase.name });
  }
}

/** A caller that names its version reads the other wire's list, and hears its refusals. */
const speaksMessages = (request: IncomingMessage): boolean => request.headers['anthropic-version'] !== undefined;

export async function getModels(
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  modelId: string | null,
): Promise<void> {
  const isMessages = speaksMessages(request);
  const reply = createReply(response, requestId, isMessages ? messagesVoice : chatVoice);
  try {
    const authorization = authorizationOf(request);
    const caller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization);
    const models = modelsOfCaller(deps, caller);
    if (modelId === null) {
      const list = isMessages
        ? modelPageOf(models, new URL(request.url ?? '', 'http://localhost').searchParams)
        : { object: 'list', data: models };
      return reply.whole({}, JSON.stringify(list));
    }
    const model = models.find(({ id }) => id === modelId);
    if (!model) throw refuse('model_not_found');
    reply.whole({}, JSON.stringify(isMessages ? modelInfoOf(model) : model));
  } catch (error) {
    if (!(error instanceof GatewayRefusal)) deps.log.error({ requestId, err: error }, 'the list of models failed');
    reply.fail(error instanceof GatewayRefusal ? error.error : refuse('internal').error, {});
  }
}
