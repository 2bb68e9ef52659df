/** The providers with their proper names, for the pages about connections. */
import { useNamedProviders } from '../../../lib/providers.ts';

export const useProviders = () => useNamedProviders();
