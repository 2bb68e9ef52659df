/** The providers with their proper names, for the pages about connections. */
import { useQuery } from '@tanstack/react-query';
import { providersQuery } from '../../../lib/shared-queries.ts';

export const useProviders = () => useQuery(providersQuery);
