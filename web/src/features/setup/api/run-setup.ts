/** Makes the first administrator; the answer signs this browser in. */
import { useMutation } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { ownZone } from '../../../lib/language.ts';

export interface SetupInput {
  token: string;
  name: string;
  email: string;
  password: string;
  language: 'en' | 'id';
}

export function useRunSetup() {
  return useMutation({
    mutationFn: async (input: SetupInput) => {
      const startedMs = performance.now();
      // Reports have the days of where one is.
      await client.setup.run({ ...input, ...ownZone() });
      return { tookMs: Math.round(performance.now() - startedMs) };
    },
  });
}
