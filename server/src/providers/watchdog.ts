/** The clock over one attempt: how long until headers, until the first event, between events, in all. One timer, moved lazily. */
import type { Fault } from '../domain/errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { CallTimeouts } from './calling.ts';

export class Watchdog {
  private readonly clock: Clock;
  private readonly timeouts: CallTimeouts;
  private readonly expire: (fault: Fault) => void;
  private endMs: number;
  private deadlineMs: number;
  private isPaused = false;
  private fault: Fault = 'headers_timeout';
  private timer: Timer | null = null;

  constructor(clock: Clock, timeouts: CallTimeouts, expire: (fault: Fault) => void) {
    this.clock = clock;
    this.timeouts = timeouts;
    this.expire = expire;
    const nowMs = clock.monotonicMs();
    this.endMs = nowMs + timeouts.totalMs;
    this.deadlineMs = nowMs + timeouts.headersMs;
    this.arm(nowMs);
  }

  headersSeen(): void {
    this.fault = 'stalled';
    this.deadlineMs = this.clock.monotonicMs() + this.timeouts.firstEventMs;
  }

  /** Something that means something arrived. Comments and pings do not come here: a provider must not live on them (E9). */
  eventSeen(): void {
    this.isPaused = false;
    this.deadlineMs = this.clock.monotonicMs() + this.timeouts.idleMs;
    this.rearmIfSooner();
  }

  /** The caller reads slowly and the provider was asked to wait: its silence is not its fault. The total goes on. */
  pause(): void {
    this.isPaused = true;
  }

  /** Waits at most this long from now on, for a stream that has said its last word but stays open (E19); said again, it changes nothing. */
  graceFor(graceMs: number): void {
    this.endMs = Math.min(this.endMs, this.clock.monotonicMs() + graceMs);
    this.rearmIfSooner();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private armedUntilMs = 0;

  private rearmIfSooner(): void {
    if (this.timer && Math.min(this.deadlineMs, this.endMs) < this.armedUntilMs) {
      this.timer.cancel();
      this.arm(this.clock.monotonicMs());
    }
  }

  private arm(nowMs: number): void {
    // While paused only the end counts; a look at it now and then costs nothing.
    this.armedUntilMs = Math.min(this.isPaused ? nowMs + this.timeouts.idleMs : this.deadlineMs, this.endMs);
    this.timer = this.clock.after(Math.max(1, Math.ceil(this.armedUntilMs - nowMs)), () => this.look());
  }

  private look(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs >= this.endMs) return this.expire('total_timeout');
    if (nowMs >= this.deadlineMs && !this.isPaused) return this.expire(this.fault);
    this.arm(nowMs);
  }
}
