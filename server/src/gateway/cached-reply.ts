/** The caller's side of the line while its answer is taken down for the cache, and the giving of an answer that was. */
import { createHash } from 'node:crypto';
import type { Intent, Settlement } from '../domain/ledger.ts';
import { ownerKey } from '../domain/owner.ts';
import type { Clock } from '../lib/clock.ts';
import { answerBytesMax, cacheHeader } from './answer-cache.ts';
import type { Grant } from './admit.ts';
import type { GatewayError } from './errors.ts';
import type { KeptAnswer } from './kept-answer.ts';
import { outputEndOf } from './limits-attempt.ts';
import type { GatewayDeps, Order, Reply } from './order.ts';
import type { Target } from './plan.ts';
import { policyStampOf } from './policies.ts';
import { recordHit } from './record.ts';
import type { Relay } from './relay.ts';

/** Of the headers of an answer, those that are true of it whenever it is given. */
const keptHeaders = ['x-patchbay-connection', 'x-patchbay-changed', 'content-type', 'x-content-type-options'];

/** Passes everything on as it comes, and holds a copy of what is whole and good in the end. */
class KeepingReply implements Reply {
  private readonly inner: Reply;
  private readonly clock: Clock;
  readonly heartbeat?: string;
  private pieces: Buffer[] = [];
  private bytes = 0;
  private isStream = false;
  private headers: Record<string, string> = {};
  private intent: Intent | null = null;
  private costNanoUsd: number | null = null;
  private readonly take: (answer: KeptAnswer) => void;

  /** `take` is handed the answer once it is whole; its last byte may have to wait for the disk, long after the attempt is over. */
  constructor(inner: Reply, clock: Clock, take: (answer: KeptAnswer) => void) {
    this.inner = inner;
    this.take = take;
    this.clock = clock;
    this.heartbeat = inner.heartbeat;
  }

  isGone(): boolean {
    return this.inner.isGone();
  }

  onGone(run: () => void): void {
    this.inner.onGone(run);
  }

  beginStream(headers: Readonly<Record<string, string>>): void {
    this.isStream = true;
    this.inner.beginStream(this.noted(headers));
  }

  write(piece: Buffer | string): boolean {
    // What keeps the line alive is no part of the answer.
    if (piece !== this.heartbeat && piece !== ': keep-alive\n\n') this.note(piece);
    return this.inner.write(piece);
  }

  onDrain(run: () => void): void {
    this.inner.onDrain(run);
  }

  drop(): void {
    this.inner.drop();
  }

  endStream(isComplete: boolean): void {
    this.inner.endStream(isComplete);
    if (isComplete) this.end();
  }

  whole(headers: Readonly<Record<string, string>>, body: Buffer | string): void {
    this.note(body);
    this.inner.whole(this.noted(headers), body);
    this.end();
  }

  fail(error: GatewayError, headers: Readonly<Record<string, string>>): void {
    this.inner.fail(error, headers);
  }

  amend(cover: (body: unknown) => unknown): void {
    this.inner.amend?.(cover);
  }

  booked(intent: Intent, settlement: Settlement): void {
    // Of two that ran side by side, the one whose answer is given.
    if (settlement.isLast) {
      this.intent = intent;
      this.costNanoUsd = settlement.costNanoUsd;
    }
    this.inner.booked?.(intent, settlement);
  }

  private note(piece: Buffer | string): void {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    this.bytes += bytes.length;
    if (this.bytes <= answerBytesMax) this.pieces.push(bytes);
    else this.pieces = [];
  }

  /** The books have been told of the attempt by now. */
  private end(): void {
    if (this.intent === null || this.bytes > answerBytesMax) return;
    const { provider, model, connectionId } = this.intent;
    const { isStream, headers, costNanoUsd } = this;
    const keptAtMs = this.clock.nowMs();
    this.take({ isStream, body: Buffer.concat(this.pieces), headers, provider, model, connectionId, costNanoUsd, keptAtMs });
  }

  private noted(headers: Readonly<Record<string, string>>): Record<string, string> {
    for (const name of keptHeaders) if (headers[name] !== undefined) this.headers[name] = headers[name];
    return { ...headers, [cacheHeader]: 'miss' };
  }
}

/**
 * What makes two questions the same: who owns them, the wire, where they would go now and with which settings, the policies in force,
 * where limits would end the answer, and every byte of what is asked. Rights are looked at before, so that a key that may not ask finds
 * nothing.
 */
function cacheKeyOf(deps: GatewayDeps, order: Order, route: Route, grant: Grant): string {
  const { accessKey, workspaceId, userId, face, request, useCase, hints } = order;
  const owner = ownerKey(workspaceId === null ? { scope: 'user', id: userId } : { scope: 'workspace', id: workspaceId });
  const { connection, model, group, settings } = route[0];
  // Of the headers those alone that the provider is sent too.
  const headers = request.wire?.headers ?? {};
  // Whoever of a group answered: its answer is the group's, or that of a region of it. Elsewhere the settings are the connection's with what
  // the installation adds to them.
  const from = group ? [group.id, stateOf(group), hints?.region] : [connection?.id, stateOf(connection), model, settings];
  const ends = route.map((target) => outputEndOf(deps, order, target, grant));
  // How many there are to fall back on is no part of a question whose answer nobody ends.
  const ended = ends.every((end) => end === null) ? null : ends;
  const parts = [owner, accessKey?.repositoryId, face, from, stateOf(useCase), policyStampOf(deps, order), headers, ended];
  return createHash('sha256').update(JSON.stringify(parts)).update('\0').update(request.bytes).digest('base64');
}

/** Which state of a thing answered. After a backup was restored a revision comes once more, and with another time: answers may outlive that. */
const stateOf = (thing: { revision: number; updatedAtMs: number } | null | undefined): string | undefined =>
  thing ? `${thing.revision}@${thing.updatedAtMs}` : undefined;

/** The targets that would be asked now, the first of them first. */
type Route = readonly [Target, ...Target[]];

export interface CacheWish {
  route: Route;
  maxAgeS: number;
}

/** What the request, its key, or else the group that it goes by says of older answers; null where none is wanted. */
export function cacheWishOn({ cacheS, purpose }: Order, route: readonly Target[]): CacheWish | null {
  const target = route[0];
  // Who asks for another answer in a chat wants another one.
  if (target === undefined || purpose !== 'completion') return null;
  const maxAgeS = cacheS ?? target.group?.options.cacheSeconds ?? 0;
  return maxAgeS > 0 ? { route: [target, ...route.slice(1)], maxAgeS } : null;
}

/** TRUE where an answer that was kept is given. Else the next one will be taken down on its way to the caller. */
export async function answerFromCache(
  deps: GatewayDeps,
  order: Order,
  { route, maxAgeS }: CacheWish,
  grant: Grant,
  reply: Reply,
  relay: Relay,
): Promise<boolean> {
  const key = cacheKeyOf(deps, order, route, grant);
  const answer = await deps.answers.find(key, maxAgeS);
  if (answer) giveAgain(deps, order, answer, reply);
  else relay.leadThrough(new KeepingReply(reply, deps.clock, (fresh) => deps.answers.keep(key, fresh, maxAgeS)));
  return answer !== undefined;
}

/** Gives an answer again, as a stream where it was one. The books show the hit and what it saved; no provider is asked. */
function giveAgain(deps: GatewayDeps, order: Order, answer: KeptAnswer, reply: Reply): void {
  const ageS = Math.max(0, Math.floor((deps.clock.nowMs() - answer.keptAtMs) / 1_000));
  const headers = {
    'x-patchbay-attempts': '0',
    'x-patchbay-config-rev': String(deps.keeper.snapshot.revision),
    ...answer.headers,
    [cacheHeader]: 'hit',
    age: String(ageS),
  };
  recordHit(deps, order, answer);
  if (reply.isGone()) return;
  if (!answer.isStream) return reply.whole(headers, answer.body);
  reply.beginStream(headers);
  reply.write(answer.body);
  reply.endStream(true);
}
