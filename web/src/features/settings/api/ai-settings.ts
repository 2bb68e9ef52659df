/** The installation's AI settings. */
import type { AiSettingsChange } from '@patchbay/contract/ai-settings';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const aiSettingsQuery = queryOptions({ queryKey: ['ai-settings'], queryFn: ({ signal }) => client.aiSettings.get(signal) });

export function useSaveAiSettings() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (change: AiSettingsChange) => client.aiSettings.update(change),
    async onSuccess(saved) {
      queryClient.setQueryData(aiSettingsQuery.queryKey, saved);
      await queryClient.invalidateQueries({ queryKey: ['connections'] });
    },
  });
}
