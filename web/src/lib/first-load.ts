/** What a page waits for before it is shown: the first answer to a question, and never a later one. */
import type { UseQueryResult } from '@tanstack/react-query';

/** A question that was refused is open again while it is asked anew; whoever waited for that would take away a form that is being filled. */
export const isFirstLoad = ({ isLoading, isFetched }: Pick<UseQueryResult, 'isLoading' | 'isFetched'>): boolean => isLoading && !isFetched;
