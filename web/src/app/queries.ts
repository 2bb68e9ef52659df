/** The one store of what was loaded, and what a lost session means for it. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { HttpError } from '@patchbay/client';
import { isUnauthenticated } from '../lib/error-text.ts';

const retriesMax = 2;

/** An answer that says no says no the second time too; what is worth a retry is a server that was away. */
const isWorthRetry = (error: unknown): boolean => !(error instanceof HttpError) || error.status >= 500;

export function createQueries(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isUnauthenticated(error) && query.queryKey[0] !== 'me') onSignedOut();
      },
    }),
    mutationCache: new MutationCache({
      onError: (error) => {
        if (isUnauthenticated(error)) onSignedOut();
      },
    }),
    defaultOptions: {
      queries: { retry: (count, error) => count < retriesMax && isWorthRetry(error), refetchOnWindowFocus: true },
      // A change that is made while the network is away fails at once, instead of happening by itself an hour later.
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}
