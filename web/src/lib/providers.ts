/** The providers under the names that people read. Vendors are called the same in every language; what is built in is not. */
import type { Provider } from '@patchbay/contract/providers';
import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useTranslations } from 'use-intl';
import { providersQuery } from './shared-queries.ts';

const builtIn = 'demo';

/** What a provider is called on the page, by its id and by the name that the server has for it. */
export function useProviderName(): (provider: string, given: string) => string {
  const t = useTranslations('providers');
  return useCallback((provider: string, given: string): string => (provider === builtIn ? t('demo') : given), [t]);
}

export function useNamedProviders() {
  const nameOf = useProviderName();
  const select = useCallback(
    (providers: Provider[]): Provider[] =>
      providers.map((provider) => ({ ...provider, displayName: nameOf(provider.name, provider.displayName) })),
    [nameOf],
  );
  return useQuery({ ...providersQuery, select });
}
