/** The administrators' page says "model" with a variant and an API URL where the house says connection, model and base URL. */
import { isoOrNull } from '../../lib/iso-time.ts';
import type { AdminModel, CreateAdminModel, UpdateAdminModel } from '@patchbay/contract/admin-models';
import type { ConnectionInput, FieldWords } from '../../control/connection-input.ts';
import { keptTest } from '../../control/connection-test.ts';
import { maskOf } from '../../domain/connection.ts';
import { defaultProviderId, providerRow } from '../../providers/catalog.ts';
import type { StoredConnection } from '../../storage/connections.ts';

export const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'apiUrl',
  secret: 'apiKey',
  accessKeyId: 'configuration.accessKeyId',
  model: 'modelVariant',
  settings: 'configuration',
  needsModel: true,
};

export const fromConnection = ({ connection, testResult }: StoredConnection): AdminModel => ({
  id: connection.id,
  name: connection.name,
  modelVariant: connection.model,
  apiUrl: connection.baseUrl ?? providerRow(connection.providerId)?.baseUrl ?? null,
  apiKey: maskOf(connection),
  hasApiKey: connection.hasSecret,
  apiKeySetAt: isoOrNull(connection.secretSetAtMs),
  isActive: connection.isActive,
  isDefault: connection.isDefault,
  provider: connection.providerId,
  configuration: { ...connection.settings },
  lastTested: isoOrNull(connection.lastTestedAtMs),
  testStatus: connection.testStatus,
  latencyMs: keptTest({ testResult })?.latencyMs ?? null,
  createdAt: new Date(connection.createdAtMs).toISOString(),
  updatedAt: new Date(connection.updatedAtMs).toISOString(),
  revision: connection.revision,
});

const toInput = (body: CreateAdminModel | UpdateAdminModel): ConnectionInput => ({
  name: body.name,
  providerId: body.provider,
  infersProvider: true,
  baseUrl: body.apiUrl,
  model: body.modelVariant,
  secret: body.apiKey,
  settings: body.configuration,
  isActive: body.isActive,
  isDefault: body.isDefault,
});

export const toChange = (body: UpdateAdminModel): ConnectionInput => toInput(body);

/** Without an address and a provider the form's default is meant. */
export const toNew = (body: CreateAdminModel): ConnectionInput => {
  const input = toInput(body);
  return body.provider === undefined && !body.apiUrl ? { ...input, providerId: defaultProviderId } : input;
};
