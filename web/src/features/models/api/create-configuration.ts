/** Makes a connection of the caller, or of the organization; the lists learn of it. */
import type { CreateConfiguration } from '@patchbay/contract/configurations';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { noteChange } from './changes.ts';

export type Audience = 'user' | 'organization';

interface Wanted {
  input: CreateConfiguration;
  audience: Audience;
}

/** One for everybody goes through the administrators' face, which has other words for the same fields and tests afterwards. */
async function createShared({ validate, model, baseUrl, templateId: _template, ...input }: CreateConfiguration): Promise<{ name: string }> {
  const created = await client.adminModels.create({ ...input, modelVariant: model ?? '', apiUrl: baseUrl });
  if (validate) await client.adminModels.test(created.id).catch(() => null);
  return created;
}

export function useCreateConfiguration() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ input, audience }: Wanted): Promise<{ name: string }> =>
      audience === 'organization' ? createShared(input) : client.configurations.create(input),
    // A key must not lie in the memory of finished calls.
    gcTime: 0,
    onSuccess: () => noteChange(queryClient),
  });
}
