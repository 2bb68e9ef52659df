/** Live calls that people ask for: what is tested, and what came of it. The gateway makes them, because only it calls providers. */
import type { Secret } from '../lib/secret.ts';
import type { Connection } from './connection.ts';
import type { Fault } from './errors.ts';

export interface ListedModel {
  id: string;
  name?: string;
  contextWindow?: number;
  maxOutputTokens?: number;
  createdS?: number;
}

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
  /** First half of a secret of two parts (C-21); missing where the provider has none. */
  accessKeyId?: Secret | 'stored' | null;
  headers: Secret | 'stored' | null;
}

/** A saved connection as the target of a call; its secrets, of which `sealed` says whether they are there, are opened where the call is made. */
export const savedTargetOf = (
  connection: Connection,
  sealed: { secret: unknown; accessKeyId?: unknown; headers: unknown } | undefined,
): ProbeTarget => {
  const stored = (box: unknown): 'stored' | null => (box === null || box === undefined ? null : 'stored');
  return {
    connectionId: connection.id,
    providerId: connection.providerId,
    baseUrl: connection.baseUrl,
    origin: connection.origin,
    model: connection.model,
    settings: connection.settings,
    trust: connection.trust,
    secret: stored(sealed?.secret),
    accessKeyId: stored(sealed?.accessKeyId),
    headers: stored(sealed?.headers),
  };
};

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
  /** The provider is being asked in the background; only where the caller does not wait. */
  isRefreshing?: boolean;
}

export interface ModelListOptions {
  /** Asks the provider, whatever is known. */
  refresh: boolean;
  /** FALSE answers at once with what is known and asks in the background: no page waits for a provider. */
  isPatient?: boolean;
}

/** Calls to providers, which only the gateway makes; handed in so that every one of them is booked. */
export interface Probe {
  /** Runs a live test; never throws for what the provider does. */
  test(target: ProbeTarget, caller: ProbeCaller): Promise<ProbeResult>;
  /** The provider's models: cached with age, refreshed on demand; falls back to the catalogue and says so. */
  models(target: ProbeTarget, caller: ProbeCaller, options: ModelListOptions): Promise<ModelList>;
}
