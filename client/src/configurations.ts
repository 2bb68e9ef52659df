/** The configurations and providers of S2's face: `/api/configurations`, `/api/providers`. */
import type { ConfigurationAccess, ConfigurationModels, Failure, HealthHistory } from '@patchbay/contract/configuration-details';
import type {
  Configuration,
  CreateConfiguration,
  TestConfiguration,
  UpdateConfiguration,
  UsageMetrics,
  UsedBy,
  UsageQuery,
  configurationAnswer,
  configurationList,
  dependantsAnswer,
  rotateAnswer,
  testAnswer,
} from '@patchbay/contract/configurations';
import type { Headroom } from '@patchbay/contract/headroom';
import type { TestResult } from '@patchbay/contract/connections';
import type { LocalModel } from '@patchbay/contract/local-models';
import type { Provider, Template, Validation, modelList, providerSchema } from '@patchbay/contract/providers';
import { segment, type Output, type Transport } from './transport.ts';

interface Envelope<Data> {
  success: true;
  data: Data;
}

type Page = NonNullable<Output<typeof configurationList>['pagination']>;
type Rotation = Output<typeof rotateAnswer>;
type TestAnswer = Output<typeof testAnswer>;

/** Without `page` the whole list comes. */
export interface ConfigurationFilter {
  page?: number;
  limit?: number;
  search?: string;
  provider?: string;
  isActive?: boolean;
}

/** Connections as configurations: the caller's own. */
export interface ConfigurationCalls {
  list(filter?: ConfigurationFilter, signal?: AbortSignal): Promise<Configuration[]>;
  listPage(filter: ConfigurationFilter, signal?: AbortSignal): Promise<{ data: Configuration[]; pagination?: Page }>;
  /** With `validate` the answer holds the test's result; the row is kept either way. */
  create(input: CreateConfiguration): Promise<Configuration & { test?: TestResult }>;
  get(id: string, signal?: AbortSignal): Promise<Configuration>;
  update(id: string, change: UpdateConfiguration): Promise<Configuration>;
  /** With `force` also where something uses it. */
  delete(id: string, options?: { force?: boolean }): Promise<void>;
  /** A live call to the provider. Read `success`: a provider that refuses is an answer, not an error. */
  test(id: string, options?: { maxAge?: number }): Promise<TestAnswer>;
  /** The same for settings that are not saved. With `id` and no key the stored key is used. */
  testUnsaved(input: TestConfiguration, signal?: AbortSignal): Promise<TestAnswer>;
  /** With a key it replaces the stored one; without, the stored one is sealed anew. */
  rotateKey(id: string, input?: { apiKey?: string; validate?: boolean }): Promise<Rotation>;
  usage(id: string, query?: UsageQuery, signal?: AbortSignal): Promise<UsageMetrics>;
  /** What its provider last said of the provider's own rate limits; null where it said nothing. */
  headroom(id: string, signal?: AbortSignal): Promise<Headroom | null>;
  /** What uses it, and what would fail if it were deleted. */
  dependants(id: string, signal?: AbortSignal): Promise<UsedBy[]>;
  /** Who may use it, and who may change it. */
  access(id: string, signal?: AbortSignal): Promise<ConfigurationAccess>;
  /** Its models as they are known; with `refresh` the provider is waited for. */
  models(id: string, query?: { refresh?: boolean }, signal?: AbortSignal): Promise<ConfigurationModels>;
  /** Shows or hides models in the caller's lists; all that are known where none is named. Resolves to their number. */
  switchModels(id: string, isEnabled: boolean, models?: string[]): Promise<number>;
  /** Models that are installed on its own machine (Ollama). */
  localModels(id: string, signal?: AbortSignal): Promise<LocalModel[]>;
  /** Begins to fetch a model onto it; resolves to the id of the task that tells how far it is. */
  pullModel(id: string, model: string): Promise<string>;
  deleteLocalModel(id: string, model: string): Promise<void>;
  healthHistory(id: string, range?: '24h' | '90d', signal?: AbortSignal): Promise<HealthHistory>;
  /** The last attempts that failed, among those that the caller may see. */
  failures(id: string, signal?: AbortSignal): Promise<Failure[]>;
}

export function configurationCalls(transport: Transport): ConfigurationCalls {
  const base = 'api/configurations';
  const at = (id: string, rest = ''): string => `${base}/${segment(id)}${rest}`;
  return {
    async list(filter, signal) {
      return (await transport.call<Envelope<Configuration[]>>('GET', base, { query: { ...filter }, signal })).data;
    },
    listPage: (filter, signal) => transport.call('GET', base, { query: { page: 1, ...filter }, signal }),
    async create(input) {
      const { data, test } = await transport.call<Output<typeof configurationAnswer>>('POST', base, { body: input });
      return test ? { ...data, test } : data;
    },
    async get(id, signal) {
      return (await transport.call<Envelope<Configuration>>('GET', at(id), { signal })).data;
    },
    async update(id, change) {
      return (await transport.call<Envelope<Configuration>>('PATCH', at(id), { body: change })).data;
    },
    async delete(id, options) {
      await transport.call('DELETE', at(id), { query: { force: options?.force } });
    },
    test: (id, options) => transport.call('POST', at(id, '/test'), { query: { ...options } }),
    testUnsaved: (input, signal) => transport.call('POST', `${base}/test`, { body: input, signal }),
    rotateKey: (id, input) => transport.call('POST', at(id, '/rotate-key'), { body: input ?? {} }),
    async usage(id, query, signal) {
      return (await transport.call<Envelope<UsageMetrics>>('GET', at(id, '/usage'), { query: { ...query }, signal })).data;
    },
    async headroom(id, signal) {
      return (await transport.call<Envelope<Headroom | null>>('GET', at(id, '/headroom'), { signal })).data;
    },
    async dependants(id, signal) {
      return (await transport.call<Output<typeof dependantsAnswer>>('GET', at(id, '/dependants'), { signal })).data;
    },
    async access(id, signal) {
      return (await transport.call<Envelope<ConfigurationAccess>>('GET', at(id, '/access'), { signal })).data;
    },
    async models(id, query, signal) {
      return (await transport.call<Envelope<ConfigurationModels>>('GET', at(id, '/models'), { query: { ...query }, signal })).data;
    },
    async switchModels(id, isEnabled, models) {
      const body = { isEnabled, ...(models === undefined ? {} : { models }) };
      return (await transport.call<Envelope<{ switched: number }>>('PUT', at(id, '/models'), { body })).data.switched;
    },
    async localModels(id, signal) {
      return (await transport.call<Envelope<LocalModel[]>>('GET', at(id, '/ollama/models'), { signal })).data;
    },
    async pullModel(id, model) {
      return (await transport.call<Envelope<{ taskId: string }>>('POST', at(id, '/ollama/pull'), { body: { model } })).data.taskId;
    },
    async deleteLocalModel(id, model) {
      await transport.call('DELETE', at(id, `/ollama/models/${segment(model)}`));
    },
    async healthHistory(id, range, signal) {
      return (await transport.call<Envelope<HealthHistory>>('GET', at(id, '/health-history'), { query: { range }, signal })).data;
    },
    async failures(id, signal) {
      return (await transport.call<Envelope<Failure[]>>('GET', at(id, '/failures'), { signal })).data;
    },
  };
}

export interface ProviderCalls {
  list(signal?: AbortSignal): Promise<Provider[]>;
  /** The models of a provider, with where they come from and how old the list is. */
  models(
    name: string,
    query?: { configurationId?: string; refresh?: boolean },
    signal?: AbortSignal,
  ): Promise<Output<typeof modelList>['data']>;
  /** The form of a provider; `model` narrows its bounds, `baseUrl` says where requests would go. */
  schema(name: string, query?: { model?: string; baseUrl?: string }, signal?: AbortSignal): Promise<Output<typeof providerSchema>['data']>;
  templates(name: string, signal?: AbortSignal): Promise<Template[]>;
  /** Checks settings against the provider's schema; calls nobody. */
  validate(name: string, settings: Record<string, unknown>): Promise<Validation>;
}

export function providerCalls(transport: Transport): ProviderCalls {
  const at = (name: string, rest: string): string => `api/providers/${segment(name)}${rest}`;
  return {
    async list(signal) {
      return (await transport.call<Envelope<Provider[]>>('GET', 'api/providers', { signal })).data;
    },
    async models(name, query, signal) {
      return (await transport.call<Output<typeof modelList>>('GET', at(name, '/models'), { query: { ...query }, signal })).data;
    },
    async schema(name, query, signal) {
      return (await transport.call<Output<typeof providerSchema>>('GET', at(name, '/schema'), { query: { ...query }, signal })).data;
    },
    async templates(name, signal) {
      return (await transport.call<Envelope<Template[]>>('GET', at(name, '/templates'), { signal })).data;
    },
    async validate(name, settings) {
      return (await transport.call<Envelope<Validation>>('POST', at(name, '/validate'), { body: settings })).data;
    },
  };
}
