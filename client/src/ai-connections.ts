/** The connections of S4's face: `/api/ai-connections`, `/api/models`, `/api/model-preferences`, in bare arrays and objects. */
import type {
  AiConnection,
  CreateAiConnection,
  ModelPreference,
  UpdateAiConnection,
  environmentImported,
  modelOptions,
  setPreference,
} from '@patchbay/contract/ai-connections';
import { segment, type Input, type Output, type Transport } from './transport.ts';

/** Connections that the caller may use: their own and the organization's. */
export interface AiConnectionCalls {
  list(signal?: AbortSignal): Promise<AiConnection[]>;
  /** Answers the id of the new connection. */
  create(input: CreateAiConnection): Promise<string>;
  get(id: string, signal?: AbortSignal): Promise<AiConnection>;
  update(id: string, change: UpdateAiConnection): Promise<void>;
  delete(id: string, options?: { force?: boolean }): Promise<void>;
  /** Makes the organization's default connection from the server's settings, once (C-02). */
  importEnvironment(): Promise<Output<typeof environmentImported>>;
  /** The models to choose from, of one connection or of the default one. */
  models(query?: { connectionId?: string; refresh?: boolean }, signal?: AbortSignal): Promise<Output<typeof modelOptions>>;
  preferences(query?: { connectionId?: string }, signal?: AbortSignal): Promise<ModelPreference[]>;
  setPreference(preference: Input<typeof setPreference>): Promise<void>;
}

export function aiConnectionCalls(transport: Transport): AiConnectionCalls {
  const base = 'api/ai-connections';
  const at = (id: string): string => `${base}/${segment(id)}`;
  return {
    list: (signal) => transport.call('GET', base, { signal }),
    async create(input) {
      return (await transport.call<{ success: true; id: string }>('POST', base, { body: input })).id;
    },
    get: (id, signal) => transport.call('GET', at(id), { signal }),
    async update(id, change) {
      await transport.call('PATCH', at(id), { body: change });
    },
    async delete(id, options) {
      await transport.call('DELETE', at(id), { query: { force: options?.force } });
    },
    importEnvironment: () => transport.call('POST', `${base}/environment/import`, { body: {} }),
    models: (query, signal) => transport.call('GET', 'api/models', { query: { ...query }, signal }),
    preferences: (query, signal) => transport.call('GET', 'api/model-preferences', { query: { ...query }, signal }),
    async setPreference(preference) {
      await transport.call('POST', 'api/model-preferences', { body: preference });
    },
  };
}
