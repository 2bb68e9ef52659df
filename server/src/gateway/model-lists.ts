/** What each connection's provider lists, kept with its age: nobody waits for a provider twice, and the same question is asked once. */
import { LRUCache } from 'lru-cache';
import type { Connection } from '../domain/connection.ts';
import type { Fault } from '../domain/errors.ts';
import type { ListedModel } from '../domain/probe.ts';
import type { Clock } from '../lib/clock.ts';

/** A list older than this is fetched anew in the background of the next question. */
export const modelListFreshMs = 600_000;
/** A provider that failed is not asked behind anybody's back for this long. */
const faultFreshMs = 60_000;
const connectionsMax = 10_000;

interface Kept {
  models: ListedModel[];
  ids: ReadonlySet<string>;
  fetchedAtMs: number;
  /** Settings that the list was fetched with; a changed connection starts anew. */
  stamp: string;
}

export interface FetchedList {
  models: ListedModel[] | null;
  fault: Fault | null;
}

export interface ModelLists {
  /** Ids that are known to be served, or undefined where no list was ever fetched. */
  known(connectionId: string): ReadonlySet<string> | undefined;
  /** Connections whose provider lists this model. */
  listing(model: string): Iterable<string>;
  keep(connection: Pick<Connection, 'id' | 'origin' | 'baseUrl' | 'secretSetAtMs'>, models: ListedModel[]): void;
  kept(
    connection: Pick<Connection, 'id' | 'origin' | 'baseUrl' | 'secretSetAtMs'>,
  ): { models: ListedModel[]; fetchedAtMs: number; isFresh: boolean } | undefined;
  /** Remembers for a moment that the list could not be had. */
  noteFault(connectionId: string, fault: Fault): void;
  /** Why the list could not be had just now; null where it could, or where that is a while ago. */
  faultOf(connectionId: string): Fault | null;
  /** Runs `fetchList` unless the same one is under way already; then both wait for one answer (C-29). */
  once(connectionId: string, fetchList: () => Promise<FetchedList>): Promise<FetchedList>;
}

const none: ReadonlySet<string> = new Set();

const stampOf = (connection: Pick<Connection, 'origin' | 'baseUrl' | 'secretSetAtMs'>): string =>
  `${connection.origin} ${connection.baseUrl ?? ''} ${connection.secretSetAtMs ?? ''}`;

export function createModelLists(clock: Clock): ModelLists {
  const listing = new Map<string, Set<string>>();
  const lists = new LRUCache<string, Kept>({
    max: connectionsMax,
    dispose: ({ ids }, connectionId) => {
      for (const id of ids) {
        const connections = listing.get(id);
        connections?.delete(connectionId);
        if (connections?.size === 0) listing.delete(id);
      }
    },
  });
  const faults = new LRUCache<string, { fault: Fault; atMs: number }>({ max: connectionsMax });
  const underWay = new Map<string, Promise<FetchedList>>();
  return {
    listing: (model) => listing.get(model) ?? none,
    known: (connectionId) => lists.get(connectionId)?.ids,
    keep(connection, models) {
      const ids = new Set(models.map((model) => model.id));
      faults.delete(connection.id);
      lists.set(connection.id, { models, ids, fetchedAtMs: clock.nowMs(), stamp: stampOf(connection) });
      for (const id of ids) {
        const connections = listing.get(id);
        if (connections) connections.add(connection.id);
        else listing.set(id, new Set([connection.id]));
      }
    },
    kept(connection) {
      const list = lists.get(connection.id);
      if (!list || list.stamp !== stampOf(connection)) return undefined;
      return { models: list.models, fetchedAtMs: list.fetchedAtMs, isFresh: clock.nowMs() - list.fetchedAtMs < modelListFreshMs };
    },
    noteFault(connectionId, fault) {
      faults.set(connectionId, { fault, atMs: clock.nowMs() });
    },
    faultOf(connectionId) {
      const noted = faults.get(connectionId);
      return noted && clock.nowMs() - noted.atMs < faultFreshMs ? noted.fault : null;
    },
    once(connectionId, fetchList) {
      const running = underWay.get(connectionId);
      if (running) return running;
      const started = fetchList().finally(() => underWay.delete(connectionId));
      underWay.set(connectionId, started);
      return started;
    },
  };
}
