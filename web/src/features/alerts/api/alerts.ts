/** What is going on, the rules and channels behind it, and what changes them. */
import type { AlertChannelChange, AlertChannelCreate, AlertRuleChange, AlertRuleCreate, MailServerPut } from '@patchbay/contract/alerts';
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const all = ['alerts'] as const;
const pageRows = 25;
/** Active alerts are few: those who have more have one problem, and not many. */
const activeMax = 200;

/** What the bell shows; the server says by an event when it is old. */
export const alertCountQuery = queryOptions({
  queryKey: [...all, 'count'],
  queryFn: ({ signal }) => client.alerts.count(signal),
});

export const activeQuery = queryOptions({
  queryKey: [...all, 'active'],
  queryFn: ({ signal }) => client.alerts.list({ state: 'active', limit: activeMax }, signal),
});

export const historyQuery = (severity: '' | 'info' | 'warning' | 'critical') =>
  infiniteQueryOptions({
    queryKey: [...all, 'history', severity],
    queryFn: ({ signal, pageParam }) =>
      client.alerts.list(
        { state: 'resolved', limit: pageRows, ...(severity !== '' && { severity }), ...(pageParam !== '' && { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });

export const sentQuery = (alertId: string, isWanted: boolean) =>
  queryOptions({
    queryKey: [...all, 'sent', alertId],
    queryFn: ({ signal }) => client.alerts.deliveries({ alertId }, signal),
    enabled: isWanted,
  });

export const rulesQuery = queryOptions({ queryKey: [...all, 'rules'], queryFn: ({ signal }) => client.alerts.rules.list(signal) });
export const channelsQuery = queryOptions({ queryKey: [...all, 'channels'], queryFn: ({ signal }) => client.alerts.channels.list(signal) });
/** A thing as it is now, by its id: a form that was filled before a state was brought back begins anew from this. */
export function useFresh() {
  const queries = useQueryClient();
  return {
    rule: (id: string) => queries.getQueryData(rulesQuery.queryKey)?.find((one) => one.id === id),
    channel: (id: string) => queries.getQueryData(channelsQuery.queryKey)?.data.find((one) => one.id === id),
  };
}
export const mailQuery = queryOptions({ queryKey: [...all, 'mail'], queryFn: ({ signal }) => client.alerts.mail.get(signal) });

/** Connections that a rule may be about alone. */
export const subjectsQuery = queryOptions({
  queryKey: ['connections', 'of-alerts'],
  queryFn: ({ signal }) => client.aiConnections.list(signal),
});

function useChanged(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: all });
}

export function useAcknowledge() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: ({ id, note }: { id: string; note: string }) => client.alerts.acknowledge(id, note), onSuccess });
}

export function useResolve() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.alerts.resolve(id), onSuccess });
}

export function useMute() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ ruleId, until }: { ruleId: string; until: string | null }) => client.alerts.rules.mute(ruleId, until),
    onSuccess,
  });
}

export function useSaveRule() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: (save: { id: null; rule: AlertRuleCreate } | { id: string; rule: AlertRuleChange }) =>
      save.id === null ? client.alerts.rules.create(save.rule) : client.alerts.rules.update(save.id, save.rule),
    onSuccess,
  });
}

export function useDeleteRule() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.alerts.rules.delete(id), onSuccess });
}

export const usePreview = () => useMutation({ mutationFn: (rule: AlertRuleCreate) => client.alerts.rules.preview(rule) });

export function useSaveChannel() {
  const onSuccess = useChanged();
  return useMutation({
    // The answer may hold a signing secret that is shown once.
    gcTime: 0,
    mutationFn: (save: { id: null; channel: AlertChannelCreate } | { id: string; channel: AlertChannelChange }) =>
      save.id === null ? client.alerts.channels.create(save.channel) : client.alerts.channels.update(save.id, save.channel),
    onSuccess,
  });
}

export function useDeleteChannel() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.alerts.channels.delete(id), onSuccess });
}

export const useTestChannel = () => useMutation({ mutationFn: (id: string) => client.alerts.channels.test(id) });

export function useSaveMail() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (input: MailServerPut) => client.alerts.mail.set(input), onSuccess });
}

export const useTestMail = () => useMutation({ mutationFn: (to: string) => client.alerts.mail.test(to) });
