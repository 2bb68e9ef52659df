/** Looks who is signed in now, for a page whose session was over: the same person goes on where they were. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { resumeSession } from '../../../lib/session-state.ts';
import { meQuery } from './me.ts';

interface ComeBack {
  /** Whose page it is. */
  userId: string;
  /** Somebody else is signed in, and the page is not theirs. */
  onOther: () => void;
}

export function useComeBack({ userId, onOther }: ComeBack) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => client.me.get(),
    onSuccess: (me) => {
      if (me.id !== userId) return onOther();
      queries.setQueryData(meQuery.queryKey, me);
      resumeSession();
      // Everything may be old. What was not saved is not sent again by itself: whoever pressed may have thought better of it.
      void queries.invalidateQueries();
    },
  });
}
