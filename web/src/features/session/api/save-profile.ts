/** Keeps what people choose with the person, so that it is the same in the next browser. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { meQuery } from './me.ts';

export interface ProfileChoice {
  language?: 'en' | 'id';
  theme?: 'auto' | 'light' | 'dark';
  name?: string;
  timeZone?: string;
}

export function useSaveProfile() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (change: ProfileChoice) => client.me.update(change),
    onSuccess: (me) => queryClient.setQueryData(meQuery.queryKey, me),
  });
}
