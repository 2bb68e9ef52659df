/** Starting points for a connection to a provider. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { templatesQuery } from '../../../lib/shared-queries.ts';

export const providerTemplatesQuery = (provider: string) => queryOptions({ ...templatesQuery(provider), staleTime: 60_000 });

export const useProviderTemplates = (provider: string) => useQuery(providerTemplatesQuery(provider));
