/** Reads a part of what was loaded, as one value that changes only where the part does: the query cache is the one store of this page. */
import { replaceEqualDeep, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useRef, useSyncExternalStore } from 'react';

export function useCached<Part>(select: (cache: QueryClient) => Part): Part {
  const queryClient = useQueryClient();
  const last = useRef<{ part: Part } | null>(null);
  const read = (): Part => {
    const part = select(queryClient);
    last.current = { part: last.current ? replaceEqualDeep(last.current.part, part) : part };
    return last.current.part;
  };
  return useSyncExternalStore((listener) => queryClient.getQueryCache().subscribe(listener), read);
}

/** The data of every query whose key begins so, by the part of the key at `place`. */
export function cachedBy<Data>(cache: QueryClient, beginning: readonly unknown[], place: number): Record<string, Data> {
  const found = cache.getQueriesData<Data>({ queryKey: beginning });
  return Object.fromEntries(found.flatMap(([key, data]) => (data === undefined ? [] : [[String(key[place]), data]])));
}
