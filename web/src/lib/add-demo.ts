/** Adds a connection to the built-in demo provider; set-up and the empty list both offer it. It is never the default by itself. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from './client.ts';

export function useAddDemo() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      const startedMs = performance.now();
      const demo = (await client.providers.list()).find((provider) => provider.name === 'demo');
      await client.configurations.create({ name, provider: 'demo', model: demo?.models.default });
      return { tookMs: Math.round(performance.now() - startedMs) };
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['connections'] }),
  });
}
