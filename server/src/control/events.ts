/** Word of what changes, for the pages that are open: a bounded memory of recent events, and who may hear each of them. */
import type { HouseEventName } from '@patchbay/contract/event-names';
import type { HouseEvents } from '@patchbay/contract/events';
import { standingOf } from '../domain/connection-rules.ts';
import { isAdministrator, type Actor, type Owner } from '../domain/owner.ts';
import type { Ids } from '../lib/ids.ts';

/** Events kept for those who come back; whoever was away for longer reloads everything. */
export const eventsKeptMax = 1000;

/** Whoever fits one of these hears it; nobody else learns that the object exists. */
export interface Audience {
  userIds?: readonly string[];
  /** People who may use the things of one of these owners. */
  owners?: readonly Owner[];
  /** Workspaces whose administrators hear it. */
  workspaceIds?: readonly string[];
  administrators?: boolean;
}

export interface HouseEvent<Name extends HouseEventName = HouseEventName> {
  name: Name;
  data: HouseEvents[Name];
  audience: Audience;
}

export interface KeptEvent extends HouseEvent {
  id: string;
}

/** Whether this person may hear of it, by what they may see now. */
export function mayHear(actor: Actor, { userIds, owners, workspaceIds, administrators }: Audience): boolean {
  if (administrators === true && isAdministrator(actor)) return true;
  if (userIds?.includes(actor.userId)) return true;
  if (workspaceIds?.some((id) => actor.workspaces.get(id) === 'ADMIN')) return true;
  return owners?.some((owner) => ['use', 'manage'].includes(standingOf(actor, owner))) ?? false;
}

export interface Events {
  publish<Name extends HouseEventName>(event: HouseEvent<Name>): void;
  /** Hears everything from now on; sorting by audience is the listener's business. */
  subscribe(listener: (event: KeptEvent) => void, onClose: () => void): () => void;
  /** What followed the event with this id; null where that is not known any more. */
  since(id: string): readonly KeptEvent[] | null;
  /** The id of the newest event. */
  readonly lastId: string;
  readonly listeners: number;
  readonly isClosed: boolean;
  /** Ends every stream, so that a server that drains does not wait for pages. */
  close(): void;
}

export function createEvents(ids: Ids, keptMax = eventsKeptMax): Events {
  // Numbers begin anew with every run of the server, so its name is part of the id.
  const run = ids.uuid();
  const kept: KeptEvent[] = [];
  const listeners = new Map<(event: KeptEvent) => void, () => void>();
  let number = 0;
  let isClosed = false;
  const numberOf = (id: string): number | null => {
    const [name, text] = id.split('.');
    return name === run && /^\d{1,15}$/.test(text ?? '') ? Number(text) : null;
  };
  return {
    publish(event) {
      if (isClosed) return;
      const one: KeptEvent = { ...event, id: `${run}.${++number}` };
      kept.push(one);
      if (kept.length > keptMax) kept.shift();
      for (const listener of listeners.keys()) listener(one);
    },
    subscribe(listener, onClose) {
      listeners.set(listener, onClose);
      return () => void listeners.delete(listener);
    },
    since(id) {
      const last = numberOf(id);
      if (last === null || last > number || number - last > kept.length) return null;
      return kept.slice(kept.length - (number - last));
    },
    get lastId() {
      return `${run}.${number}`;
    },
    get listeners() {
      return listeners.size;
    },
    get isClosed() {
      return isClosed;
    },
    close() {
      isClosed = true;
      for (const onClose of listeners.values()) onClose();
      listeners.clear();
    },
  };
}
