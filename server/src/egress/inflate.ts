/** Opens compressed responses that nobody asked for, counting what comes out: a small answer must not become a large one unseen. */
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  type BrotliDecompress,
  type Gunzip,
  type Inflate,
  type InflateRaw,
} from 'node:zlib';
import { codeOf, EgressError } from './error.ts';
import type { Exchange, OutgoingRequest, ResponseSink } from './exchange.ts';

export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'br' | 'unsupported';

type Decoder = Gunzip | Inflate | InflateRaw | BrotliDecompress;

/** The coding of a response. More than one layer is `unsupported`: nested codings serve nobody but an attacker. */
export function contentCoding(headers: Readonly<Record<string, string | string[]>>): ContentCoding {
  const value = headers['content-encoding'];
  if (value === undefined) return 'identity';
  switch (String(value).trim().toLowerCase()) {
    case '':
    case 'identity':
      return 'identity';
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
      return 'deflate';
    case 'br':
      return 'br';
    default:
      return 'unsupported';
  }
}

interface Dispatching {
  dispatch(request: OutgoingRequest, sink: ResponseSink): Exchange;
}

/**
 * `dispatch` for callers that read the body: the sink receives it inflated, with `content-encoding` and `content-length`
 * taken from the headers. Uncompressed responses pass untouched and uncounted.
 * More than `inflatedBytesMax` bytes end in `body_too_large`, damaged data in `protocol`, a cut stream in `truncated`.
 */
export function dispatchInflating(egress: Dispatching, request: OutgoingRequest, sink: ResponseSink, inflatedBytesMax: number): Exchange {
  return new InflatingExchange(egress, request, sink, inflatedBytesMax);
}

class InflatingExchange implements Exchange, ResponseSink {
  private readonly upstream: Exchange;
  private readonly sink: ResponseSink;
  private readonly bytesMax: number;
  private decoder: Decoder | null = null;
  private coding: 'identity' | 'gzip' | 'deflate' | 'br' = 'identity';
  private inflatedBytes = 0;
  private finished = false;

  constructor(egress: Dispatching, request: OutgoingRequest, sink: ResponseSink, bytesMax: number) {
    this.sink = sink;
    this.bytesMax = bytesMax;
    this.upstream = egress.dispatch(request, this);
  }

  onHeaders(status: number, headers: Record<string, string | string[]>): void {
    const coding = contentCoding(headers);
    if (coding === 'identity') {
      this.sink.onHeaders(status, headers);
      return;
    }
    if (coding === 'unsupported') {
      this.fail(new EgressError('protocol'));
      return;
    }
    const plain = { ...headers };
    delete plain['content-encoding'];
    delete plain['content-length'];
    this.coding = coding;
    this.sink.onHeaders(status, plain);
  }

  onData(chunk: Buffer): boolean | void {
    if (this.finished) return;
    if (this.coding === 'identity') return this.sink.onData(chunk);
    // Not before the first byte: an answer without a body (204, 304) may name a coding all the same.
    this.decoder ??= this.open(newDecoder(this.coding, chunk));
    return this.decoder.write(chunk);
  }

  onEnd(): void {
    if (this.decoder !== null) this.decoder.end();
    else this.finish(() => this.sink.onEnd());
  }

  onError(error: EgressError): void {
    this.finish(() => this.sink.onError(error));
  }

  abort(): void {
    // The response may have ended already while the decoder is still at work.
    this.upstream.abort();
    this.finish(() => this.sink.onError(new EgressError('aborted')));
  }

  pause(): void {
    if (this.decoder === null) this.upstream.pause();
    else this.decoder.pause();
  }

  resume(): void {
    // Both: the pause may have been asked for before there was a decoder.
    this.decoder?.resume();
    this.upstream.resume();
  }

  private open(decoder: Decoder): Decoder {
    decoder.on('data', (plain: Buffer) => this.onPlain(decoder, plain));
    decoder.on('drain', () => this.upstream.resume());
    decoder.on('end', () => this.finish(() => this.sink.onEnd()));
    decoder.on('error', (error) => this.fail(new EgressError(codeOf(error) === 'Z_BUF_ERROR' ? 'truncated' : 'protocol')));
    return decoder;
  }

  private onPlain(decoder: Decoder, plain: Buffer): void {
    this.inflatedBytes += plain.length;
    if (this.inflatedBytes > this.bytesMax) return this.fail(new EgressError('body_too_large', { bytesReceived: this.inflatedBytes }));
    try {
      if (this.sink.onData(plain) === false) decoder.pause();
    } catch (cause) {
      // As for a plain response: a sink that throws ends its exchange, and not the process that the decoder runs in.
      this.fail(new EgressError('aborted', { bytesReceived: this.inflatedBytes, cause }));
    }
  }

  private fail(error: EgressError): void {
    this.finish(() => this.sink.onError(error));
    this.upstream.abort();
  }

  private finish(report: () => void): void {
    if (this.finished) return;
    this.finished = true;
    this.decoder?.destroy();
    report();
  }
}

function newDecoder(coding: 'gzip' | 'deflate' | 'br', firstChunk: Buffer): Decoder {
  if (coding === 'gzip') return createGunzip();
  if (coding === 'br') return createBrotliDecompress();
  // "deflate" means the zlib format (RFC 9110 8.4.1.2), yet some servers send the bare stream; the first byte tells.
  const isZlib = (firstChunk.readUInt8(0) & 0x0f) === 8;
  return isZlib ? createInflate() : createInflateRaw();
}
