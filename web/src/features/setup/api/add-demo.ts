/** Adds a connection to the built-in demo provider. It is never the default. */
import { useMutation } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export function useAddDemo() {
  return useMutation({
    mutationFn: async (name: string) => {
      const startedMs = performance.now();
      await client.configurations.create({ name, provider: 'demo' });
      return { tookMs: Math.round(performance.now() - startedMs) };
    },
  });
}
