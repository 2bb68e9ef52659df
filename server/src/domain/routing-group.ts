/** Routing groups: named sets of targets, and the rule by which one of them is asked first. */
import { backupsMax, routingStrategies } from '@patchbay/contract/routing-limits';
import type { Owner } from './owner.ts';

/** What decides who is asked first. All of them keep whoever is left as the next one to ask. */
export const strategies = routingStrategies;
export type Strategy = (typeof strategies)[number];

export interface RoutingTarget {
  connectionId: string;
  /** Null for the connection's default model, whatever it is then. */
  model: string | null;
  /** Share of the requests, where the strategy deals by shares; 0 is asked only when the others fail. */
  weight: number;
  isEnabled: boolean;
  /** Where it computes, `eu`; a request may ask for one region. */
  region: string | null;
}

export interface GroupOptions {
  /** What keeps requests together under `sticky`. */
  stickyBy: 'session' | 'prefix';
  /** The most that a second, hedging request may cost; null asks nobody twice. */
  hedgeMaxNanoUsd: number | null;
  /** How much the price and the time count under `score`, against each other. */
  priceWeight: number;
  latencyWeight: number;
  /** Share of the requests that goes to somebody else than the best, to learn how they do now. */
  exploration: number;
  /** How many seconds old an answer may be that is given again to the same question; 0 for none. */
  cacheSeconds: number;
}

export const groupDefaults: GroupOptions = {
  stickyBy: 'session',
  hedgeMaxNanoUsd: null,
  priceWeight: 1,
  latencyWeight: 1,
  exploration: 0.02,
  cacheSeconds: 0,
};

export interface RoutingGroup {
  id: string;
  owner: Owner;
  name: string;
  strategy: Strategy;
  options: GroupOptions;
  /** In their order. */
  targets: readonly RoutingTarget[];
  isActive: boolean;
  createdBy: string;
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

/** A backup as a connection's settings hold it. */
export interface Backup {
  connectionId: string;
  model: string | null;
}

/** The backups in a connection's settings, in order; what is no backup is passed over, since settings may be older than the rule. */
export function backupsOf(settings: Readonly<Record<string, unknown>>): readonly Backup[] {
  const listed = settings['backups'];
  if (!Array.isArray(listed)) return noBackups;
  return (listed as unknown[]).slice(0, backupsMax).flatMap((one) => {
    if (typeof one !== 'object' || one === null) return [];
    const { connectionId, model } = one as { connectionId?: unknown; model?: unknown };
    return typeof connectionId === 'string' ? [{ connectionId, model: typeof model === 'string' && model !== '' ? model : null }] : [];
  });
}

const noBackups: readonly Backup[] = [];

/** How names of groups are compared: as names of connections are, whatever their case or Unicode spelling (C-30). */
export const groupKeyOf = (name: string): string => name.normalize('NFKC').toLowerCase();
