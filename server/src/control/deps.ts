/** What the rooms of the control plane are handed. One plain object, built once by the app. */
import type { Connection } from '../domain/connection.ts';
import type { Fault } from '../domain/errors.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import type { Database } from '../storage/database.ts';
import type { Vault } from '../vault/vault.ts';
import type { ListedModel } from '../providers/protocol.ts';

/** Unsaved or saved settings under a live test. A plain secret is only here while a test of unsaved input runs. */
export interface ProbeTarget {
  connectionId: string | null;
  providerId: string;
  baseUrl: string | null;
  origin: string;
  model: string | null;
  settings: Connection['settings'];
  trust: Connection['trust'];
  /** `stored` opens the sealed secret of `connectionId`; a Secret is what was typed. */
  secret: Secret | 'stored' | null;
  headers: Secret | 'stored' | null;
}

export interface ProbeStep {
  name: 'reach' | 'tls' | 'authenticate' | 'models' | 'completion';
  outcome: 'ok' | 'failed' | 'skipped';
  latencyMs: number | null;
}

export interface ProbeResult {
  isSuccess: boolean;
  fault: Fault | null;
  vendorStatus: number | null;
  /** The provider's words, scrubbed; only for people who may change the connection. */
  vendorMessage: string | null;
  latencyMs: number;
  model: string | null;
  modelsFound: number | null;
  steps: ProbeStep[];
  /** A base URL that answered where the entered one did not (C-17). */
  proposedBaseUrl: string | null;
  /** "host:port" that an operator would have to allow, where egress refused. */
  egressEntry: string | null;
}

export interface ProbeCaller {
  userId: string;
  workspaceId: string | null;
  requestId: string;
}

export interface ModelList {
  models: ListedModel[];
  source: 'live' | 'cache' | 'catalog';
  fetchedAtMs: number | null;
  fault: Fault | null;
}

/** Calls to providers, which only the gateway makes; handed in so that every one of them is booked. */
export interface Probe {
  /** Runs a live test; never throws for what the provider does. */
  test(target: ProbeTarget, caller: ProbeCaller): Promise<ProbeResult>;
  /** The provider's models: cached with age, refreshed on demand; falls back to the catalogue and says so. */
  models(target: ProbeTarget, caller: ProbeCaller, options: { refresh: boolean }): Promise<ModelList>;
}

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
  /** The `.env` pseudo-connection (C-02), or null. */
  environment: EnvironmentConnection | null;
  isDemoOffered: boolean;
}

export interface EnvironmentConnection {
  baseUrl: string;
  model: string | null;
  secret: Secret | null;
}
