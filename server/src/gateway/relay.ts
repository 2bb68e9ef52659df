/** Hands the answer to the caller as it arrives: not before it is in the books, and never faster than the caller reads. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { Intent, Settlement } from '../domain/ledger.ts';
import type { Exchange } from '../egress/egress.ts';
import type { Timer } from '../lib/clock.ts';
import { addRates } from './admit.ts';
import type { GatewayError } from './errors.ts';
import type { GatewayDeps, Journey, Order, Reply } from './order.ts';
import type { AnswerGuard } from './policy-answer.ts';

const heartbeat = ': keep-alive\n\n';
/** What may be held while an intent is on its way to the disk; more pauses the provider. */
const heldBytesMax = 262_144;

export class Relay {
  private readonly deps: GatewayDeps;
  private readonly journey: Journey;
  private reply: Reply;
  private heartbeats: Timer | null = null;
  private unread: Timer | null = null;
  private exchange: Exchange | null = null;
  private held: (Buffer | string)[] = [];
  private heldBytes = 0;
  private isOpen = false;
  /** Counts attempts, so that word of an earlier one's intent opens nothing for a later one. */
  private turn = 0;
  private isWaiting = false;
  private isPaused = false;
  private afterHeld: (() => void) | null = null;
  private goneListener: (() => void) | null = null;
  /** Set where policies read the answer: a fresh look for each attempt, and the one under way. */
  private newGuard: (() => AnswerGuard | null) | null = null;
  private guard: AnswerGuard | null = null;
  private unjudged: UpstreamFailure | null = null;
  /** The last attempt that was booked. */
  lastIntent: Intent | null = null;

  constructor(deps: GatewayDeps, order: Order, journey: Journey, reply: Reply) {
    this.deps = deps;
    this.journey = journey;
    this.reply = reply;
    // What an operation streams may turn out to be sound or one object, so nothing may be written before it.
    const { isStream, operation } = order.request;
    if (isStream && (operation?.isSaidByChat ?? true)) this.heartbeats = deps.clock.every(deps.timeouts.heartbeatMs, () => this.beat());
    reply.onGone(() => this.goneListener?.());
  }

  /** From here on everything goes through this reply, which leads to the same caller. */
  leadThrough(reply: Reply): void {
    this.reply = reply;
  }

  isGone(): boolean {
    return this.reply.isGone();
  }

  booked(intent: Intent, settlement: Settlement): void {
    this.lastIntent = intent;
    this.reply.booked?.(intent, settlement);
  }

  /** Binds the relay to the exchange of the attempt under way; `gone` runs when the caller hangs up. */
  attach(exchange: Exchange, gone: () => void): void {
    this.exchange = exchange;
    this.isPaused = false;
    this.goneListener = gone;
    if (this.reply.isGone()) gone();
    else if (this.blocked() !== null) exchange.abort();
  }

  /** A new attempt has to reach the disk before its first byte reaches the caller. */
  newAttempt(): void {
    this.turn++;
    this.isOpen = false;
    this.isWaiting = false;
    this.held = [];
    this.heldBytes = 0;
    this.afterHeld = null;
    this.goneListener = null;
    if (this.newGuard === null) return;
    this.guard = this.newGuard();
    this.unjudged = null;
  }

  /** Waits between two attempts, and no longer than somebody is there to be answered: who left keeps no places in limits. */
  wait(waitMs: number): Promise<void> {
    if (this.reply.isGone()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.deps.clock.after(waitMs, resolve);
      timer.hold?.();
      this.goneListener = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** From here on answers are held against policies. */
  judgeBy(newGuard: () => AnswerGuard | null): void {
    this.newGuard = newGuard;
  }

  /** Why the answer under way must not go on; null while it may. */
  blocked(): UpstreamFailure | null {
    return this.unjudged ?? this.guard?.blocked() ?? null;
  }

  /** Hands on a whole answer as the policies leave it, or why it must not be said: at once, unless a judge is asked. */
  judgeWhole(body: Buffer | string, then: (blocked: UpstreamFailure | null, said: Buffer | string) => void): void {
    const guard = this.guard;
    const mediaType = this.journey.mediaType ?? '';
    // Sound and pictures are nothing to read.
    if (guard === null || !/^$|json|^text\//.test(mediaType)) return then(null, body);
    let said = body;
    this.judging(() => void (said = guard.whole(body, mediaType.startsWith('text/'))));
    if (guard.isQuick()) return then(this.blocked(), said);
    this.askJudges(guard.askJudges(), () => then(this.blocked(), said));
  }

  /** The same for what a stream still owes, which is handed on. */
  judgeEnd(seq: number, then: (blocked: UpstreamFailure | null) => void): void {
    const guard = this.guard;
    if (guard === null || !this.isEvents()) return then(null);
    const owe = (said: string): void => {
      if (said !== '') this.hand(said, seq);
      then(this.blocked());
    };
    let said = '';
    if (!guard.isQuick())
      return this.askJudges(
        guard.end().then((owed) => void (said = owed)),
        () => owe(said),
      );
    this.judging(() => void (said = guard.endNow()));
    owe(said);
  }

  /** What cannot be judged does not go out. */
  private judging(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this.unjudged = new UpstreamFailure('policy_blocked', 'the answer could not be judged', { cause });
      this.deps.log.error({ err: cause }, 'an answer could not be held against its policies');
    }
  }

  private askJudges(asking: Promise<void>, then: () => void): void {
    const failed = (cause: unknown): void =>
      this.judging(() => {
        throw cause;
      });
    void asking.catch(failed).then(then);
  }

  private isEvents(): boolean {
    const { mediaType } = this.journey;
    return mediaType === null || mediaType.startsWith('text/event-stream');
  }

  /** Passes one piece on; `false` asks the provider's side to pause. */
  piece(piece: Buffer | string, seq: number): boolean {
    const { guard } = this;
    if (guard === null || !this.isEvents()) return this.hand(piece, seq);
    let said = '';
    this.judging(() => void (said = this.unjudged === null ? guard.push(piece) : ''));
    if (this.blocked() !== null) {
      this.exchange?.abort();
      return true;
    }
    return said === '' ? !this.isPaused : this.hand(said, seq);
  }

  private hand(piece: Buffer | string, seq: number): boolean {
    if (this.isOpen) return this.send(piece);
    this.held.push(piece);
    this.heldBytes += piece.length;
    this.waitFor(seq);
    // The wait may have been none at all.
    if (this.isOpen || this.heldBytes < heldBytesMax) return true;
    this.isPaused = true;
    return false;
  }

  endStream(isComplete: boolean, seq: number): void {
    this.whenOpen(seq, () => {
      this.beginStream();
      this.amend();
      this.reply.endStream(isComplete);
    });
  }

  whole(body: Buffer | string, seq: number): void {
    this.journey.contentSent = true;
    this.whenOpen(seq, () => {
      this.journey.headSent = true;
      this.amend();
      this.reply.whole(this.headers(), body);
    });
  }

  /** What is covered for the caller is covered in what is kept. */
  private amend(): void {
    const { guard } = this;
    if (guard?.covers() === true) this.reply.amend?.((body) => guard.coverKept(body));
  }

  fail(error: GatewayError): void {
    // Pieces that still wait for the disk were seen by nobody: a plain error says more than half an answer.
    this.turn++;
    this.held = [];
    this.afterHeld = null;
    if (!this.reply.isGone()) this.reply.fail(error, this.headers());
  }

  close(): void {
    this.heartbeats?.cancel();
    this.unread?.cancel();
    this.goneListener = null;
  }

  private whenOpen(seq: number, run: () => void): void {
    if (this.isOpen) return run();
    this.afterHeld = run;
    this.waitFor(seq);
  }

  private waitFor(seq: number): void {
    if (this.isWaiting || this.isOpen) return;
    this.isWaiting = true;
    // A disk that fails must not hold back an answer: it is in memory and in the provider's bill, and the log says so.
    const { turn } = this;
    this.deps.journal.whenDurable(seq, () => {
      if (turn === this.turn) this.open();
    });
  }

  private open(): void {
    this.isOpen = true;
    this.isWaiting = false;
    const held = this.held;
    this.held = [];
    this.heldBytes = 0;
    let mayGoOn = true;
    for (const piece of held) mayGoOn = this.send(piece);
    const after = this.afterHeld;
    this.afterHeld = null;
    after?.();
    if (this.isPaused && mayGoOn) this.goOn();
  }

  private send(piece: Buffer | string): boolean {
    if (this.reply.isGone()) return true;
    this.beginStream();
    this.journey.contentSent = true;
    if (this.reply.write(piece)) return true;
    this.isPaused = true;
    // One wait for the reader, however many pieces are written meanwhile.
    if (this.unread) return false;
    this.unread = this.deps.clock.after(this.deps.timeouts.readerMs, () => this.reply.drop());
    this.reply.onDrain(() => {
      this.unread?.cancel();
      this.unread = null;
      this.goOn();
    });
    return false;
  }

  private goOn(): void {
    this.isPaused = false;
    this.exchange?.resume();
  }

  private beginStream(): void {
    if (this.journey.headSent) return;
    this.journey.headSent = true;
    this.reply.beginStream(this.headers());
  }

  /** Keeps the line alive while nothing has come yet; the headers then say what was known at that time. */
  private beat(): void {
    if (this.journey.contentSent || this.reply.isGone()) return;
    this.beginStream();
    this.reply.write(this.reply.heartbeat ?? heartbeat);
  }

  private headers(): Record<string, string> {
    const { connectionId, useCase, rates, attempts, changed, mediaType } = this.journey;
    const headers: Record<string, string> = {
      'x-patchbay-attempts': String(attempts),
      'x-patchbay-config-rev': String(this.deps.keeper.snapshot.revision),
    };
    if (connectionId) headers['x-patchbay-connection'] = connectionId;
    if (useCase) headers['x-patchbay-use-case'] = useCase;
    if (rates !== null) addRates(headers, rates);
    if (mediaType !== null) {
      headers['content-type'] = mediaType;
      headers['x-content-type-options'] = 'nosniff';
    }
    if (changed.length > 0) headers['x-patchbay-changed'] = changedHeader(this.journey);
    return headers;
  }
}

/** At most this much of the list fits into a header; the ledger has the whole of it. */
const changedCharsMax = 1_000;

function changedHeader({ changed }: Journey): string {
  const text = changed
    .map(({ parameter, what, to }) => (to === undefined ? `${parameter};${what}` : `${parameter};${what};${to}`))
    .join(', ');
  // Names of parameters come from the client: what cannot stand in a header is replaced.
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, changedCharsMax);
}
