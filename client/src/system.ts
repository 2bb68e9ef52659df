/** What operators want to know of the installation: for administrators. */
import type { System } from '@patchbay/contract/system';
import type { Transport } from './transport.ts';

export interface SystemCalls {
  /** Health, encryption, settings in effect, network and version. */
  get(signal?: AbortSignal): Promise<System>;
  /** Seals everything under a new master key; the id of the task. */
  reencrypt(): Promise<string>;
}

export function systemCalls(transport: Transport): SystemCalls {
  return {
    async get(signal) {
      return (await transport.call<{ data: System }>('GET', 'api/admin/system', { signal })).data;
    },
    async reencrypt() {
      return (await transport.call<{ data: { taskId: string } }>('POST', 'api/admin/system/re-encrypt', { body: {} })).data.taskId;
    },
  };
}
