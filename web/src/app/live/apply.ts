/** What an event means for what this page has loaded: which of it is old. */
import type { HouseEventName } from '@patchbay/contract/event-names';
import type { HouseEvents } from '@patchbay/contract/events';
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { tasksKey } from '../../features/tasks/api/tasks.ts';
import { taskQuery } from '../../lib/shared-queries.ts';

/** Many events within this are one reload. */
const gatherMs = 120;

/** The beginnings of query keys that hang on a topic of the configuration. */
const keysOfTopic: Record<HouseEvents['config.changed']['topic'], readonly QueryKey[]> = {
  me: [['me'], ['sessions']],
  people: [['people'], ['users'], ['members']],
  workspaces: [['workspaces'], ['members'], ['me']],
  'access-keys': [['access-keys'], ['repositories']],
  repositories: [['repositories']],
  'routing-groups': [['routing-groups']],
  policies: [['policies']],
  tokens: [['tokens']],
  'use-cases': [['use-cases'], ['ai-models']],
  'ai-settings': [['ai-settings'], ['connections']],
  limits: [['limits']],
  health: [['status']],
  retention: [['retention'], ['system']],
  alerts: [['alerts']],
  prices: [['prices'], ['templates']],
  templates: [
    ['templates', 'of'],
    ['templates', 'kept'],
  ],
};

/** An open history has one state more. */
const histories: QueryKey = ['audit', 'history'];

function keysOf(name: HouseEventName, data: unknown): readonly QueryKey[] {
  if (name.startsWith('connection.')) return [['connections'], ['overview'], ['status'], histories];
  if (name === 'limit.met') return [['limits']];
  if (name === 'alert.changed') return [['alerts']];
  if (name === 'config.changed') return [...keysOfTopic[(data as HouseEvents['config.changed']).topic], histories];
  return [];
}

/** Takes events one by one and has the pages reload what they show, a little later and once. */
export function createApply(queries: QueryClient): (name: HouseEventName, data: unknown) => void {
  const old = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    for (const queryKey of old.values()) void queries.invalidateQueries({ queryKey });
    old.clear();
  };
  return (name, data) => {
    if (name === 'task.changed') {
      const task = data as HouseEvents['task.changed'];
      queries.setQueryData(taskQuery(task.id).queryKey, task);
      old.set('tasks', [...tasksKey, 'list']);
    }
    for (const key of keysOf(name, data)) old.set(JSON.stringify(key), key);
    if (old.size > 0) timer ??= setTimeout(flush, gatherMs);
  };
}
