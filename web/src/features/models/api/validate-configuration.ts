/** Checks settings against the provider's schema, whose bounds depend on the model; no provider is called and no key is sent. */
import { useMutation } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export function useValidateConfiguration(provider: string) {
  return useMutation({ mutationFn: (settings: Record<string, unknown>) => client.providers.validate(provider, settings) });
}
