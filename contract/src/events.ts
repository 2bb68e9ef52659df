/** What `/api/events` tells, event by event: names and data as both sides of the wire know them. */
import { z } from 'zod';
import { isoTime, testStatus } from './connections.ts';
import type { HouseEventName } from './event-names.ts';
import { metLimit } from './limits.ts';
import { task } from './tasks.ts';

/** What of the configuration changed; `me` is the listener's own account, roles and workspaces. */
export const changedTopic = z.enum([
  'me',
  'people',
  'workspaces',
  'access-keys',
  'repositories',
  'routing-groups',
  'policies',
  'tokens',
  'use-cases',
  'ai-settings',
  'limits',
  'prices',
  'templates',
  'alerts',
  'health',
  'retention',
]);
export type ChangedTopic = z.output<typeof changedTopic>;

/** The data of each event by its name. Every event but `hello` may be followed by a full reload without harm. */
export const houseEvents = {
  /** The stream is open; nothing was missed since the id that was asked for. */
  hello: z.object({ revision: z.number() }),
  /** More was missed than is kept: everything that is shown may be old. */
  resync: z.object({ revision: z.number() }),
  'connection.changed': z.object({ id: z.string(), revision: z.number(), isDeleted: z.boolean() }),
  'connection.status': z.object({ id: z.string(), status: testStatus, latencyMs: z.number().nullable(), testedAt: isoTime }),
  /**
   * Real traffic fails, and the connection goes to the end of the line for a while; or it answers again. With `state` it is the state that
   * people see that has turned, by checks or by traffic; `model` names the one model that it is about.
   */
  'connection.health': z.object({
    id: z.string(),
    isResting: z.boolean(),
    state: z.enum(['healthy', 'slow', 'failing', 'quota', 'auth', 'unknown']).optional(),
    since: isoTime.optional(),
    reason: z.string().nullable().optional(),
    model: z.string().optional(),
  }),
  'task.changed': task,
  /** A limit was neared, reached, or would have been; told once a minute at the most for each limit. */
  'limit.met': metLimit,
  /** An alert began, somebody looks after it, or it is over. */
  'alert.changed': z.object({ id: z.string() }),
  'config.changed': z.object({ topic: changedTopic }),
  /** The session or the token has ended; the stream ends with it. */
  'signed-out': z.object({}),
} as const satisfies Record<HouseEventName, z.ZodType>;

export type HouseEvents = { [Name in keyof typeof houseEvents]: z.output<(typeof houseEvents)[Name]> };
