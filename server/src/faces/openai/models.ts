/** GET /v1/models: what this caller may name, from memory; no provider is asked and none can delay it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { allowsModel } from '../../domain/access-key.ts';
import type { Connection } from '../../domain/connection.ts';
import { GatewayRefusal, refuse } from '../../gateway/errors.ts';
import { providerRow } from '../../providers/catalog.ts';
import { callerOfKey, callerOfSession, type DataCaller } from './caller.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { createReply } from './reply.ts';

interface ModelObject {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  /** Connections that serve it, by name, nearest first. */
  patchbay: { connections: string[] };
}

/** Models that one connection is known to serve. */
function modelIdsOf(deps: OpenAiFaceDeps, connection: Connection): Iterable<string> {
  const ids = new Set<string>(connection.model ? [connection.model] : []);
  const listed = deps.modelLists.known(connection.id) ?? providerRow(connection.providerId)?.models.suggested ?? [];
  for (const id of listed) ids.add(id);
  return ids;
}

export function modelsOfCaller(deps: OpenAiFaceDeps, caller: DataCaller): ModelObject[] {
  const models = new Map<string, ModelObject>();
  for (const owner of caller.owners)
    for (const connection of deps.keeper.snapshot.connectionsOf(owner)) {
      if (!connection.isActive) continue;
      for (const id of modelIdsOf(deps, connection)) {
        if (!allowsModel(caller.accessKey?.models ?? null, id)) continue;
        const known = models.get(id);
        if (known) known.patchbay.connections.push(connection.name);
        else
          models.set(id, {
            id,
            object: 'model',
            created: Math.floor(connection.createdAtMs / 1000),
            owned_by: connection.providerId,
            patchbay: { connections: [connection.name] },
          });
      }
    }
  addEnvironment(deps, caller, models);
  return [...models.values()];
}

/** What `.env` names can be asked for like any other model (C-02). */
function addEnvironment(deps: OpenAiFaceDeps, caller: DataCaller, models: Map<string, ModelObject>): void {
  const id = deps.environment?.model;
  if (!id || models.has(id) || !allowsModel(caller.accessKey?.models ?? null, id)) return;
  models.set(id, { id, object: 'model', created: 0, owned_by: 'environment', patchbay: { connections: ['Environment (.env)'] } });
}

export async function getModels(
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  modelId: string | null,
): Promise<void> {
  const reply = createReply(response, requestId);
  try {
    const { authorization } = request.headers;
    const caller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization);
    const models = modelsOfCaller(deps, caller);
    if (modelId === null) return reply.whole({}, JSON.stringify({ object: 'list', data: models }));
    const model = models.find(({ id }) => id === modelId);
    if (!model) throw refuse('model_not_found');
    reply.whole({}, JSON.stringify(model));
  } catch (error) {
    if (!(error instanceof GatewayRefusal)) deps.log.error({ requestId, err: error }, 'the list of models failed');
    reply.fail(error instanceof GatewayRefusal ? error.error : refuse('internal').error, {});
  }
}
