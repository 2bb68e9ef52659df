/** Takes down what is asked and answered, for workspaces that keep it: a copy beside the caller's line, bounded, and no judge of anything. */
import { keptBytesMax, type CapturedSide } from '../domain/capture.ts';
import type { Intent, Settlement } from '../domain/ledger.ts';
import type { GatewayError } from './errors.ts';
import type { GatewayDeps, Order, Reply } from './order.ts';

/** What people and their applications ask; what the house asks for itself is nobody's contents. */
const kept: ReadonlySet<string> = new Set(['completion', 'chat']);
const textual = /json|^text\//;

/** Null where the request's workspace keeps nothing. Ask only where some workspace does. */
export function tapeFor(deps: Pick<GatewayDeps, 'keeper' | 'captures'>, { workspaceId, purpose }: Order, reply: Reply): Tape | null {
  if (!deps.captures || workspaceId === null || !kept.has(purpose) || !deps.keeper.snapshot.capture.has(workspaceId)) return null;
  return new Tape(reply);
}

export class Tape implements Reply {
  private readonly inner: Reply;
  readonly heartbeat: string | undefined;
  private mediaType = 'application/json';
  private pieces: (Buffer | string)[] = [];
  /** Bytes that were said, and of those the ones that are taken down. */
  private bytes = 0;
  private keptBytes = 0;
  private hasAnswer = false;
  private asked: CapturedSide | null = null;
  /** The last word was said. */
  private isSaid = false;
  private handOver: (() => void) | null = null;

  constructor(inner: Reply) {
    this.inner = inner;
    this.heartbeat = inner.heartbeat;
  }

  /** The request as its policies left it. One that was refused before is not taken down: nobody has covered anything in it. */
  request({ request }: Order): void {
    const { bytes, form } = request;
    if (form) {
      this.asked = { mediaType: 'multipart/form-data', bytes: bytes.length, isTruncated: false, text: null };
      return;
    }
    const isTruncated = bytes.length > keptBytesMax;
    const text = bytes.toString('utf8', 0, Math.min(bytes.length, keptBytesMax));
    this.asked = { mediaType: 'application/json', bytes: bytes.length, isTruncated, text };
  }

  /** The request is done with: what was taken down is handed over as soon as the last word has been said, or nobody listens any more. */
  end(sink: GatewayDeps['captures'], { requestId, atMs, workspaceId, userId }: Order): void {
    if (!sink || workspaceId === null) return;
    this.handOver = () =>
      sink.note({ requestId, atMs, workspaceId, userId, request: this.asked, answer: this.hasAnswer ? this.answer() : null });
    if (this.isSaid || this.inner.isGone()) this.finish();
    // The last word waits for the disk, and then comes by itself.
    else this.inner.onGone(() => this.finish());
  }

  private finish(): void {
    this.isSaid = true;
    const { handOver } = this;
    this.handOver = null;
    handOver?.();
  }

  private answer(): CapturedSide {
    const isText = textual.test(this.mediaType);
    const text = isText ? Buffer.concat(this.pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))) : null;
    const isTruncated = isText && this.bytes > keptBytesMax;
    return { mediaType: this.mediaType, bytes: this.bytes, isTruncated, text: text && text.toString('utf8', 0, keptBytesMax) };
  }

  private note(piece: Buffer | string): void {
    this.hasAnswer = true;
    const bytes = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
    this.bytes += bytes;
    if (this.keptBytes >= keptBytesMax || !textual.test(this.mediaType)) return;
    this.keptBytes += bytes;
    this.pieces.push(piece);
  }

  isGone(): boolean {
    return this.inner.isGone();
  }

  onGone(run: () => void): void {
    this.inner.onGone(run);
  }

  beginStream(headers: Readonly<Record<string, string>>): void {
    this.mediaType = headers['content-type'] ?? 'text/event-stream';
    this.hasAnswer = true;
    this.inner.beginStream(headers);
  }

  write(piece: Buffer | string): boolean {
    if (piece !== this.heartbeat) this.note(piece);
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
    this.finish();
  }

  whole(headers: Readonly<Record<string, string>>, body: Buffer | string): void {
    this.mediaType = headers['content-type'] ?? 'application/json';
    this.note(body);
    this.inner.whole(headers, body);
    this.finish();
  }

  fail(error: GatewayError, headers: Readonly<Record<string, string>>): void {
    // Within a stream the error is one more line of it.
    this.note(`${this.hasAnswer ? '\n' : ''}${JSON.stringify({ error: { code: error.code, message: error.message } })}`);
    this.inner.fail(error, headers);
    this.finish();
  }

  amend(cover: (body: unknown) => unknown): void {
    this.inner.amend?.(cover);
  }

  booked(intent: Intent, settlement: Settlement): void {
    this.inner.booked?.(intent, settlement);
  }
}
