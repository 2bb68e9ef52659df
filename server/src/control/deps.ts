/** What the rooms of the control plane are handed. One plain object, built once by the app. */
import type { Probe } from '../domain/probe.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import type { Database } from '../storage/database.ts';
import type { Vault } from '../vault/vault.ts';
import type { Events } from './events.ts';

/** Keeps `snapshot` in step with the database. */
export interface SnapshotKeeper {
  readonly snapshot: Snapshot;
  /** Loads what lies above the snapshot's revision; resolves when at least `revision` is applied. */
  catchUp(revision: number): Promise<void>;
}

export interface ControlDeps {
  database: Database;
  keeper: SnapshotKeeper;
  vault: Vault;
  probe: Probe;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Whether a target URL may be saved; the connect-time guard decides again. */
  checkTargetUrl(text: string): { url: URL; origin: string };
  /** Whether the operator's allow list names this host and port; secrets may go there over plain http. Absent: nothing is listed. */
  isAllowListed?(url: URL): boolean;
  /** The `.env` pseudo-connection (C-02), or null. */
  environment: EnvironmentConnection | null;
  isDemoOffered: boolean;
  /** Tells open pages of what changed. Absent: nobody listens. */
  events?: Events;
}

export interface EnvironmentConnection {
  baseUrl: string;
  model: string | null;
  secret: Secret | null;
}
