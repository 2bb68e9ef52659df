/** Adds a connection to the built-in demo provider; set-up and the empty list both offer it. It is never the default by itself. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from './client.ts';

const hasDemo = async (signal?: AbortSignal): Promise<boolean> =>
  (await client.configurations.list({ provider: 'demo' }, signal)).length > 0;

/** Whether the person has one already. */
export const hasDemoQuery = queryOptions({ queryKey: ['connections', 'has-demo'], queryFn: ({ signal }) => hasDemo(signal) });

export function useAddDemo() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      const startedMs = performance.now();
      // An answer that was lost on its way has left one behind, and a second one of its name would be refused.
      if (!(await hasDemo())) {
        const demo = (await client.providers.list()).find((provider) => provider.name === 'demo');
        await client.configurations.create({ name, provider: 'demo', model: demo?.models.default });
      }
      return { tookMs: Math.round(performance.now() - startedMs) };
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['connections'] }),
  });
}
