/** What a provider said of its own rate limits, as `/api/configurations/:id/headroom` answers it. */
import { z } from 'zod';
import { isoTime } from './connections.ts';

export const headroomLevels = ['ample', 'low', 'exhausted'] as const;

export const headroom = z.object({
  /** When the provider answered, and for which model. */
  seenAt: isoTime,
  model: z.string(),
  level: z.enum(headroomLevels),
  /** Until when the provider wants to be left alone. */
  waitUntil: isoTime.nullable(),
  /** The scarcest first; empty where it only asked to wait. */
  figures: z.array(
    z.object({
      measure: z.enum(['requests', 'tokens', 'input_tokens', 'output_tokens']),
      /** Null where the provider does not say over which time it counts. */
      window: z.enum(['second', 'minute', 'hour', 'day', 'month']).nullable(),
      isOfProject: z.boolean(),
      limit: z.number().nullable(),
      remaining: z.number().nullable(),
      resetAt: isoTime.nullable(),
    }),
  ),
});
export type Headroom = z.output<typeof headroom>;

/** Null where this server has had no answer that told of limits. */
export const headroomAnswer = z.object({ success: z.literal(true), data: headroom.nullable() });
