/** `/api/events`: one stream per browser that tells what changed, so that no page has to ask. */
import { houseEvents } from '@patchbay/contract/events';
import { z } from 'zod';
import { Refusal } from '../../domain/errors.ts';
import { authenticate } from '../kit/authenticate.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { openStream, type StreamDeps } from './stream.ts';

export type EventsFaceDeps = StreamDeps & PlaneDeps;

/** Streams at once: of the whole server, and of one person, who may use several browsers. */
export const streamsMax = 2_000;
export const streamsPerPersonMax = 12;
const retryAfterS = 10;
const idCharsMax = 80;

/** Streams of each person; found by the deps object, so that it lives exactly as long. */
const open = new WeakMap<object, Map<string, number>>();

function countOf(deps: EventsFaceDeps): Map<string, number> {
  let counts = open.get(deps.events);
  if (!counts) {
    counts = new Map<string, number>();
    open.set(deps.events, counts);
  }
  return counts;
}

export const routes: readonly Route<EventsFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/events',
    summary: 'What changes, as server-sent events; goes on after `Last-Event-ID`, or `after` where that header cannot be set',
    access: 'signed-in',
    query: z.object({ after: z.string().max(idCharsMax).optional() }),
    answers: { 200: z.union(Object.values(houseEvents)) },
    gives: ['text/event-stream'],
    statuses: [200, 400, 401, 429, 503],
    handle(deps: EventsFaceDeps, { actor, request, reply, query }) {
      const counts = countOf(deps);
      const own = counts.get(actor.userId) ?? 0;
      if (deps.events.isClosed || deps.events.listeners >= streamsMax)
        throw new Refusal('OVERLOADED', { values: { seconds: retryAfterS }, retryAfterS });
      if (own >= streamsPerPersonMax) throw new Refusal('RATE_LIMITED', { values: { seconds: retryAfterS }, retryAfterS });
      counts.set(actor.userId, own + 1);
      const header = request.headers['last-event-id'];
      const stream = openStream(deps, {
        actor,
        // A browser that comes back by itself sends the header, and the address it came with first.
        lastEventId: (typeof header === 'string' ? header.slice(0, idCharsMax) : '') || query.after || null,
        isStillIn: () => isStillIn(deps, request),
      });
      stream.once('close', () => {
        const left = (counts.get(actor.userId) ?? 1) - 1;
        if (left > 0) counts.set(actor.userId, left);
        else counts.delete(actor.userId);
      });
      // A proxy that collects answers would hold every event back.
      reply.header('x-accel-buffering', 'no').type('text/event-stream; charset=utf-8');
      return ok(stream);
    },
  }),
];

async function isStillIn(deps: EventsFaceDeps, request: Parameters<typeof authenticate>[1]): Promise<boolean> {
  try {
    return (await authenticate(deps, request)) !== null;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'UNAUTHENTICATED') return false;
    throw error;
  }
}
