/** Questions that more than one feature asks: each stands here once, so that what lies under its key has one shape whoever reads it. */
import type { LimitSubject } from '@patchbay/client/limits';
import type { Task } from '@patchbay/contract/tasks';
import { queryOptions } from '@tanstack/react-query';
import { client } from './client.ts';

/** The providers with their proper names; the list changes with the server's version alone. */
export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: ({ signal }) => client.providers.list(signal),
  staleTime: Infinity,
});

/** Starting points for a connection to a provider: those made here first, then the built-in ones. */
export const templatesQuery = (provider: string) =>
  queryOptions({
    queryKey: ['templates', 'of', provider],
    queryFn: ({ signal }) => client.providers.templates(provider, signal),
    // No form waits for them.
    retry: false,
  });

export const repositoriesQuery = (workspaceId: string) =>
  queryOptions({
    queryKey: ['repositories', 'of', workspaceId],
    queryFn: ({ signal }) => client.repositories.list({ workspaceId }, signal),
  });

/** The limits of one subject, and whether the person may set more; who wants a part of it takes it by `select`. */
export const limitsQuery = (subject: LimitSubject) =>
  queryOptions({
    queryKey: ['limits', subject.subjectKind, subject.subjectId],
    queryFn: ({ signal }) => client.limits.of(subject, signal),
  });

/** One task without its log: that is also what the line of events writes here. */
export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['tasks', 'one', id],
    queryFn: ({ signal }): Promise<Task> => client.tasks.get(id, signal),
  });
