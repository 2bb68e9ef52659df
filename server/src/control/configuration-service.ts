/** S2's ConfigurationService: the operations on connections under S2's names, for one caller at a time (C-41). */
import { isoOrNull } from '../lib/iso-time.ts';
import type { Configuration, UpdateConfiguration, CreateConfiguration, UsageMetrics, UsageQuery } from '@patchbay/contract/configurations';
import type { TestResult } from '@patchbay/contract/connections';
import type { Validation } from '@patchbay/contract/providers';
import { maskOf } from '../domain/connection.ts';
import { standingOf } from '../domain/connection-rules.ts';
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import { providerRow } from '../providers/catalog.ts';
import { configurationFaults } from '../providers/schemas.ts';
import type { StoredConnection } from '../storage/connections.ts';
import type { Caller } from './change.ts';
import type { ConnectionInput, FieldWords } from './connection-input.ts';
import { fieldFault } from './connection-input.ts';
import { rotateSecret } from './connection-rotate.ts';
import { testSaved } from './connection-test.ts';
import { testView } from './connection-test-view.ts';
import { usageOf } from './connection-usage.ts';
import { changeConnection, createConnection, deleteConnection, listFor, showConnection } from './connections.ts';
import type { ControlDeps } from './deps.ts';
import { templateById } from './templates.ts';

/** How S2's face calls the fields. */
export const configurationWords: FieldWords = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'apiKey',
  accessKeyId: 'configuration.accessKeyId',
  model: 'model',
  settings: 'configuration',
  needsModel: true,
};

/** A connection as S2 writes it. There is no key in it, because there is none in a connection. */
export function configurationOf({ connection }: StoredConnection, actor: Actor): Configuration {
  return {
    id: connection.id,
    userId: connection.createdBy,
    name: connection.name,
    provider: connection.providerId,
    model: connection.model,
    apiKey: maskOf(connection),
    hasApiKey: connection.hasSecret,
    apiKeySetAt: isoOrNull(connection.secretSetAtMs),
    baseUrl: connection.baseUrl,
    configuration: { ...connection.settings },
    isActive: connection.isActive,
    isDefault: connection.isDefault,
    scope: connection.owner.scope,
    workspaceId: connection.owner.scope === 'workspace' ? connection.owner.id : null,
    canManage: standingOf(actor, connection.owner) === 'manage',
    lastTested: isoOrNull(connection.lastTestedAtMs),
    testStatus: connection.testStatus,
    createdAt: new Date(connection.createdAtMs).toISOString(),
    updatedAt: new Date(connection.updatedAtMs).toISOString(),
    revision: connection.revision,
  };
}

/** S2's fields as the house calls them; what is not mentioned stays undefined. */
export const inputOf = (body: UpdateConfiguration): ConnectionInput => ({
  name: body.name,
  providerId: body.provider,
  baseUrl: body.baseUrl,
  model: body.model,
  secret: body.apiKey,
  settings: body.configuration,
  isActive: body.isActive,
  isDefault: body.isDefault,
});

/** A template's settings under what the caller says: the caller's word wins, field by field. */
export async function withTemplate(deps: ControlDeps, input: ConnectionInput, id: string): Promise<ConnectionInput> {
  const template = await templateById(deps, id);
  if (!template || template.providerId !== input.providerId)
    throw fieldFault('templateId', 'unknown_template', 'no template of this provider');
  const { model, baseUrl, ...settings } = template.configuration;
  return {
    ...input,
    model: input.model ?? (typeof model === 'string' ? model : undefined),
    baseUrl: input.baseUrl ?? (typeof baseUrl === 'string' ? baseUrl : undefined),
    settings: { ...settings, ...input.settings },
  };
}

/** What is wrong with a configuration, by the provider's schema alone; nobody is called. Throws UNKNOWN_PROVIDER. */
export function validateConfiguration(deps: Pick<ControlDeps, 'isDemoOffered'>, provider: string, config: unknown): Validation {
  const row = providerRow(provider);
  if (!row || (row.isInternal && !deps.isDemoOffered))
    throw new Refusal('UNKNOWN_PROVIDER', { values: { provider: provider.slice(0, 100) } });
  const errors = configurationFaults(row, config);
  return { valid: errors.length === 0, errors };
}

/** Made per request with its caller; every operation sees and changes what that caller may. */
export class ConfigurationService {
  readonly #deps: ControlDeps;
  readonly #caller: Caller;

  constructor(deps: ControlDeps, caller: Caller) {
    this.#deps = deps;
    this.#caller = caller;
  }

  async listConfigurations(): Promise<Configuration[]> {
    const { items } = await listFor(this.#deps, this.#caller, { owners: [{ scope: 'user', id: this.#caller.actor.userId }] });
    return items.map((stored) => this.#view(stored));
  }

  async getConfiguration(id: string): Promise<Configuration> {
    return this.#view(await showConnection(this.#deps, this.#caller, id));
  }

  async createConfiguration(data: Omit<CreateConfiguration, 'validate'>): Promise<Configuration> {
    const { templateId, ...body } = data;
    const input = templateId === undefined ? inputOf(body) : await withTemplate(this.#deps, inputOf(body), templateId);
    const owner = { scope: 'user', id: this.#caller.actor.userId } as const;
    return this.#view(await createConnection(this.#deps, this.#caller, owner, input, configurationWords));
  }

  async updateConfiguration(id: string, data: UpdateConfiguration): Promise<Configuration> {
    return this.#view(await changeConnection(this.#deps, this.#caller, id, inputOf(data), configurationWords));
  }

  async deleteConfiguration(id: string): Promise<void> {
    await deleteConnection(this.#deps, this.#caller, id, { isForced: false });
  }

  async testConfiguration(id: string): Promise<TestResult> {
    return testView(await testSaved(this.#deps, this.#caller, id, { maxAgeS: null }), this.#caller.actor.language);
  }

  async getUsageStats(id: string, period: NonNullable<UsageQuery['period']>): Promise<UsageMetrics> {
    return usageOf(this.#deps, this.#caller, id, { period });
  }

  /** Seals the stored key under a fresh owner key. */
  async rotateApiKey(id: string): Promise<void> {
    await rotateSecret(this.#deps, this.#caller, id, { secret: null, isTestedFirst: false });
  }

  async validateProvider(provider: string, config: unknown): Promise<Validation> {
    return validateConfiguration(this.#deps, provider, config);
  }

  #view(stored: StoredConnection): Configuration {
    return configurationOf(stored, this.#caller.actor);
  }
}
