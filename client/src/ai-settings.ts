/** What the whole installation says where nobody else does: `/api/admin/settings/ai`. */
import type { AiSettingsChange, AiSettingsView } from '@patchbay/contract/ai-settings';
import type { Transport } from './transport.ts';

export interface AiSettingsCalls {
  get(signal?: AbortSignal): Promise<AiSettingsView>;
  update(change: AiSettingsChange): Promise<AiSettingsView>;
}

export function aiSettingsCalls(transport: Transport): AiSettingsCalls {
  const path = 'api/admin/settings/ai';
  return {
    async get(signal) {
      return (await transport.call<{ data: AiSettingsView }>('GET', path, { signal })).data;
    },
    async update(change) {
      return (await transport.call<{ data: AiSettingsView }>('PATCH', path, { body: change })).data;
    },
  };
}
