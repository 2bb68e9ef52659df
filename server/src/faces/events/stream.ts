/** One open stream of events: bounded in what it holds, silent about what its listener may not see, and ended with the session. */
import { Readable } from 'node:stream';
import { beatName } from '@patchbay/contract/event-names';
import { mayHear, type Events, type KeptEvent } from '../../control/events.ts';
import type { Actor } from '../../domain/owner.ts';
import type { Clock } from '../../lib/clock.ts';

/** So that proxies and pages see life. */
export const heartbeatMs = 15_000;
/** A listener that reads slower than this is let go; it comes back and is told what it missed. */
export const unreadBytesMax = 262_144;
/** What somebody who comes back is told at once; the rest of the bound is for what happens meanwhile. */
const missedCharsMax = unreadBytesMax / 2;
/** How soon a browser comes back after a stream has ended. */
const retryMs = 1_500;

export interface StreamDeps {
  events: Events;
  clock: Clock;
  keeper: { readonly snapshot: { readonly revision: number; actorOf(userId: string, via: Actor['via']): Actor | undefined } };
}

export interface Listener {
  actor: Actor;
  lastEventId: string | null;
  /** Whether the session or token still opens the door; rejects where that cannot be found out. */
  isStillIn: () => Promise<boolean>;
}

const frame = (name: string, data: unknown, id: string): string => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** What is told to somebody who comes back; null where they had better reload: more at once than a stream holds would end it, each time anew. */
function missedBy(actor: Actor, events: readonly KeptEvent[] | null): KeptEvent[] | null {
  const own = (events ?? []).filter(({ audience }) => mayHear(actor, audience));
  let chars = 0;
  for (const { name, data, id } of own) chars += frame(name, data, id).length;
  return events === null || chars > missedCharsMax ? null : own;
}

export function openStream({ events, clock, keeper }: StreamDeps, listener: Listener): Readable {
  const { actor, lastEventId, isStillIn } = listener;
  const stream = new Readable({ read: () => undefined, highWaterMark: unreadBytesMax, encoding: 'utf8' });
  let isEnded = false;
  const send = (text: string): void => {
    if (stream.destroyed || isEnded) return;
    if (stream.readableLength + text.length > unreadBytesMax) stream.destroy();
    else stream.push(text);
  };
  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    stream.push(null);
  };
  const signOut = (): void => {
    send(frame('signed-out', {}, events.lastId));
    end();
  };
  const tell = ({ name, data, id, audience }: KeptEvent): void => {
    // Rights may have changed since the stream was opened, so the person is looked at anew each time.
    const now = keeper.snapshot.actorOf(actor.userId, actor.via);
    if (!now) signOut();
    else if (mayHear(now, audience)) send(frame(name, data, id));
  };
  const { revision } = keeper.snapshot;
  stream.push(`retry: ${retryMs}\n\n`);
  const missed = lastEventId === null ? [] : missedBy(actor, events.since(lastEventId));
  send(frame(missed === null ? 'resync' : 'hello', { revision }, events.lastId));
  for (const event of missed ?? []) tell(event);
  const unsubscribe = events.subscribe(tell, end);
  const beat = clock.every(heartbeatMs, () => {
    send(`event: ${beatName}\ndata: {}\n\n`);
    // What cannot be found out is asked again with the next beat.
    isStillIn().then(
      (isIn) => (isIn ? undefined : signOut()),
      () => undefined,
    );
  });
  stream.once('close', () => {
    unsubscribe();
    beat.cancel();
  });
  return stream;
}
