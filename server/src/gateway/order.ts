/** What travels through the rooms of the data plane: the order as asked, the journey as it happened, and what the rooms are handed. */
import type { AccessKey } from '../domain/access-key.ts';
import type { CaptureSink } from '../domain/capture.ts';
import type { Change, Intent, Purpose, Settlement } from '../domain/ledger.ts';
import type { Owner } from '../domain/owner.ts';
import type { ViolationSink } from '../domain/policy.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { UseCase } from '../domain/use-case.ts';
import type { Egress } from '../egress/egress.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import type { CallRequest, CallTimeouts } from '../providers/calling.ts';
import type { PriceBook } from '../providers/prices.ts';
import type { Vault } from '../vault/vault.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { GatewayError } from './errors.ts';
import type { HeadroomBook } from './headroom.ts';
import type { Health } from './health.ts';
import type { Headroom } from './limits-rates.ts';
import type { Limits } from './limits.ts';
import type { ModelLists } from './model-lists.ts';

export interface GatewayDeps {
  keeper: { readonly snapshot: Snapshot };
  vault: Vault;
  egress: Egress;
  journal: Journal;
  clock: Clock;
  ids: Ids;
  log: Log;
  prices: PriceBook;
  health: Health;
  limits: Limits;
  /** What providers say of their limits; absent where nobody asks. */
  headroom?: HeadroomBook;
  answers: AnswerCache;
  modelLists: ModelLists;
  violations: ViolationSink;
  /** Where contents go that a workspace keeps; absent where none can be kept. */
  captures?: CaptureSink;
  /** Told of the trace that a request says it belongs to; absent where nobody traces. */
  joinTrace?: (requestId: string, traceparent: string | string[] | undefined) => void;
  /** `readerMs`: how long a caller that reads nothing is waited for. */
  timeouts: CallTimeouts & { heartbeatMs: number; readerMs: number };
  /** The `.env` pseudo-connection (C-02), or null. */
  environment: { baseUrl: string; model: string | null; secret: Secret | null } | null;
  /** The built-in demo provider: its address, its key, and a way out that leads there and nowhere else; null where it is off. */
  demo: { baseUrl: string; secret: Secret; egress: Egress } | null;
}

/** Headers by which a caller has a say in a routing group's choice. */
export interface RoutingHints {
  /** Requests of one session go to one target, where the group keeps them together. */
  session: string | null;
  /** Only targets of this region. */
  region: string | null;
}

/** One completion, as asked. */
export interface Order {
  requestId: string;
  /** The face it came in by, `openai.chat`. */
  face: string;
  purpose: Purpose;
  userId: string;
  workspaceId: string | null;
  accessKey: AccessKey | null;
  /** Owners whose connections may be used, nearest first. */
  owners: readonly Owner[];
  /** What `model` named; null for nothing. */
  asked: string | null;
  pinnedId: string | null;
  /** What the caller says for routing groups; missing where it says nothing. */
  hints?: RoutingHints | undefined;
  request: CallRequest;
  /** Set once the order is known to ask for one; one that is tried before it is saved has an empty id. */
  useCase?: UseCase;
  /** Where the question comes from (`x-patchbay-page`), for use cases that tell the model. */
  page?: string;
  /** How many seconds old an answer may be that was given before (`x-patchbay-cache`), 0 for none; missing where nothing was said. */
  cacheS?: number;
  clientRequestId: string | null;
  atMs: number;
  /** Monotonic. */
  startedMs: number;
}

/** The caller's side of the line. A face provides it; bytes are already in that face's wire. */
export interface Reply {
  /** TRUE once the caller has hung up. */
  isGone(): boolean;
  onGone(run: () => void): void;
  /** Status line and headers of a stream; called once. */
  beginStream(headers: Readonly<Record<string, string>>): void;
  /** `false` when the caller reads too slowly; `onDrain` tells when to go on. */
  write(piece: Buffer | string): boolean;
  onDrain(run: () => void): void;
  /** What keeps the line alive while nothing has come yet, where this wire has its own; else a comment. */
  readonly heartbeat?: string;
  /** Cuts the line to a caller that does not read. */
  drop(): void;
  /** The stream's own last word, `data: [DONE]`, where the wire has one. */
  endStream(isComplete: boolean): void;
  whole(headers: Readonly<Record<string, string>>, body: Buffer | string): void;
  /** A refusal or a failure, in this wire's shape: before the stream as status and body, within it as an error event. */
  fail(error: GatewayError, headers: Readonly<Record<string, string>>): void;
  /** Covers what a policy covers in what this side keeps of the answer beside what it was given; called before the last word. */
  amend?(cover: (body: unknown) => unknown): void;
  /** What the books say of each attempt, before the caller hears its end; for faces that show it. */
  booked?(intent: Intent, settlement: Settlement): void;
}

/** The caller's side where nobody reads: for calls of the house's own. */
export const nobody: Reply = {
  isGone: () => false,
  onGone: () => undefined,
  beginStream: () => undefined,
  write: () => true,
  onDrain: () => undefined,
  drop: () => undefined,
  endStream: () => undefined,
  whole: () => undefined,
  fail: () => undefined,
};

/** One completion, as it happened. */
export interface Journey {
  /** Set by the plan, changed by each attempt. */
  connectionId: string | null;
  /** Slug of the use case that was asked for. */
  useCase: string | null;
  /** What is left of the caller's rates; null where none is limited. */
  rates: Headroom | null;
  attempts: number;
  /** The row that stands for the request in the books is written. */
  isBooked: boolean;
  changed: Change[];
  /** Of the answer, where it is neither JSON nor the events of a conversation. */
  mediaType: string | null;
  /** The caller has seen the head of the answer. */
  headSent: boolean;
  /** The caller has seen content: from here on there is one provider only. */
  contentSent: boolean;
}

export const newJourney = (): Journey => ({
  connectionId: null,
  useCase: null,
  rates: null,
  attempts: 0,
  isBooked: false,
  changed: [],
  mediaType: null,
  headSent: false,
  contentSent: false,
});
