/** The one store of what was loaded, and what a lost session means for it. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { HttpError } from '@patchbay/client';
import { meQuery } from '../features/session/api/me.ts';
import { isUnauthenticated } from '../lib/error-text.ts';
import { endSession } from '../lib/session-state.ts';

const retriesMax = 2;

/** An answer that says no says no the second time too; what is worth a retry is a server that was away. */
const isWorthRetry = (error: unknown): boolean => !(error instanceof HttpError) || error.status >= 500;

/** @param toDoor where a session is over and no page is open that could wait for the next one */
export function createQueries(toDoor: () => void): QueryClient {
  // Before the first page, and after signing out, nobody is known who could be asked in again.
  const isHeld = (): boolean => queries.getQueryData(meQuery.queryKey) !== undefined && endSession();
  const queries = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (!isUnauthenticated(error)) return;
        if (!isHeld()) {
          // Whether somebody is signed in at all is asked by who leads to the door.
          if (query.queryKey[0] !== 'me') toDoor();
        } else if (query.state.data !== undefined) {
          // What was read is what the page goes on showing: a failure in its place would take away what is typed beside it.
          query.setState({ status: 'success', error: null, isInvalidated: true });
        }
      },
    }),
    mutationCache: new MutationCache({
      onError: (error) => {
        if (isUnauthenticated(error) && !isHeld()) toDoor();
      },
    }),
    defaultOptions: {
      queries: { retry: (count, error) => count < retriesMax && isWorthRetry(error), refetchOnWindowFocus: true },
      // A change that is made while the network is away fails at once, instead of happening by itself an hour later.
      mutations: { retry: false, networkMode: 'always' },
    },
  });
  return queries;
}
