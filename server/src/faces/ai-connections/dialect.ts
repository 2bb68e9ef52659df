/** This face says "AI connection" with a base URL, a key and a default model; the provider follows from the address. */
import { isoOrNull } from '../../lib/iso-time.ts';
import type { AiConnection, CreateAiConnection, UpdateAiConnection } from '@patchbay/contract/ai-connections';
import { translate } from '@patchbay/contract/translate';
import type { ConnectionInput, FieldWords } from '../../control/connection-input.ts';
import { keptTest } from '../../control/connection-test.ts';
import { environmentId } from '../../control/connection-models.ts';
import type { EnvironmentConnection } from '../../control/deps.ts';
import { maskOf } from '../../domain/connection.ts';
import { secretTailOf, standingOf } from '../../domain/connection-rules.ts';
import type { Actor, Language } from '../../domain/owner.ts';
import { inferProvider, providerRow } from '../../providers/catalog.ts';
import type { StoredConnection } from '../../storage/connections.ts';

export const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'apiKey',
  accessKeyId: 'configuration.accessKeyId',
  model: 'defaultModel',
  settings: 'configuration',
  needsModel: false,
};

export const fromConnection = ({ connection, testResult }: StoredConnection, actor: Actor): AiConnection => ({
  id: connection.id,
  name: connection.name,
  baseUrl: connection.baseUrl ?? providerRow(connection.providerId)?.baseUrl ?? '',
  apiKey: maskOf(connection) ?? '',
  defaultModel: connection.model,
  isDefault: connection.isDefault,
  isActive: connection.isActive,
  provider: connection.providerId,
  scope: connection.owner.scope,
  isReadOnly: standingOf(actor, connection.owner) !== 'manage',
  configuration: { ...connection.settings },
  testStatus: connection.testStatus,
  latencyMs: keptTest({ testResult })?.latencyMs ?? null,
  apiKeySetAt: isoOrNull(connection.secretSetAtMs),
  lastTested: connection.lastTestedAtMs === null ? null : new Date(connection.lastTestedAtMs).toISOString(),
  createdAt: new Date(connection.createdAtMs).toISOString(),
  updatedAt: new Date(connection.updatedAtMs).toISOString(),
  revision: connection.revision,
});

/** The `.env` settings as a connection that can be looked at and used, and not changed (C-02). */
export function fromEnvironment(environment: EnvironmentConnection, language: Language): AiConnection {
  const key = environment.secret?.reveal() ?? null;
  return {
    id: environmentId,
    name: translate(language, 'connections.environmentName'),
    baseUrl: environment.baseUrl,
    apiKey: key === null ? '' : `***${secretTailOf(key) ?? ''}`,
    defaultModel: environment.model,
    isDefault: false,
    isActive: true,
    provider: inferProvider(environment.baseUrl),
    scope: 'environment',
    isReadOnly: true,
    configuration: {},
    testStatus: null,
    lastTested: null,
    latencyMs: null,
    apiKeySetAt: null,
    // It has no history: it is what the server was started with.
    createdAt: new Date(0).toISOString(),
    updatedAt: new Date(0).toISOString(),
    revision: 0,
  };
}

export const toInput = (body: Omit<CreateAiConnection, 'scope'> | UpdateAiConnection): ConnectionInput => ({
  name: body.name,
  providerId: body.provider,
  infersProvider: true,
  baseUrl: body.baseUrl,
  model: body.defaultModel,
  secret: body.apiKey,
  settings: body.configuration,
  isActive: body.isActive,
  isDefault: body.isDefault,
});
