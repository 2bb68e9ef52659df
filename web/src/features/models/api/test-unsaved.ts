/** Tests settings as they were typed; they are sent, used once and not kept. */
import type { TestConfiguration } from '@patchbay/contract/configurations';
import { useMutation } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export function useTestUnsaved() {
  return useMutation({ mutationFn: async (input: TestConfiguration) => (await client.configurations.testUnsaved(input)).data, gcTime: 0 });
}
