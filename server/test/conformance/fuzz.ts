/** Mutated answers and requests, seeded: what a broken or hostile other side may send, and the laws that hold all the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { EgressError } from '../../src/egress/egress.ts';
import { GatewayRefusal } from '../../src/gateway/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { AnswerReader } from '../../src/providers/answer.ts';
import { bodyOf } from '../../src/providers/call.ts';
import type { Call, CallSink } from '../../src/providers/calling.ts';
import { targetWires, type SourceWire } from '../../src/providers/parameters.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { destination, moment } from '../providers/kit.ts';
import type { Draw } from '../providers/parameter-draw.ts';
import { asked, askedBytes, destinations, plainBody, sourceWires } from '../providers/parameter-kit.ts';
import { bodies } from './fuzz-bodies.ts';
import { mutatedBytes, mutatedLines, pick, whole } from './mutate.ts';

const folder = join(import.meta.dirname, 'fixtures');
const codec = new EventStreamCodec(toUtf8, fromUtf8);

interface Seed {
  name: string;
  to: Destination;
  isStream: boolean;
  /** A whole answer is one line. */
  lines: readonly string[];
}

const providers: readonly [string, Destination][] = [
  ['openai', destination('openai', 'gpt-4o', { wire: 'chat' })],
  ['anthropic', destination('anthropic', 'claude-sonnet-4-5')],
  ['gemini', destination('gemini', 'gemini-3-pro-preview')],
  ['ollama', destination('ollama', 'qwen3')],
  ['bedrock', destination('bedrock', 'anthropic.claude-sonnet-4-5-v1:0')],
  ['responses', destination('openai', 'gpt-5', { wire: 'responses' })],
];

const seeds: readonly Seed[] = providers.flatMap(([name, to]) =>
  readdirSync(join(folder, name)).map((file) => {
    const isStream = file.endsWith('.chunks.txt');
    const source = readFileSync(join(folder, name, file), 'utf8');
    return { name: `${name}/${file}`, to, isStream, lines: isStream ? source.split('\n').filter((line) => line.trim() !== '') : [source] };
  }),
);

const typeOf = (line: string): string => /"type"\s*:\s*"([^"]{1,80})"/.exec(line)?.[1] ?? 'message';

function awsMessage(line: string): Uint8Array {
  const name = /^\{"([A-Za-z]{1,60})"/.exec(line)?.[1] ?? 'contentBlockDelta';
  const payload = line.startsWith(`{"${name}":`) ? line.slice(name.length + 4, -1) : line;
  const headers = { ':message-type': 'event', ':event-type': name, ':content-type': 'application/json' };
  return codec.encode({
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, { type: 'string', value }])),
    body: fromUtf8(payload),
  });
}

/** Lines as the vendor frames them. */
function framed({ to, isStream }: Seed, lines: readonly string[]): Buffer {
  if (!isStream) return Buffer.from(lines.join('\n'));
  switch (to.row.protocol) {
    case 'bedrock':
      return Buffer.concat(lines.map(awsMessage));
    case 'ollama':
      return Buffer.from(lines.map((line) => `${line}\n`).join(''));
    case 'openai':
      return Buffer.from([...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join(''));
    case 'gemini':
      return Buffer.from(lines.map((line) => `data: ${line}\r\n\r\n`).join(''));
    case 'anthropic':
    case 'responses':
      return Buffer.from(lines.map((line) => `event: ${typeOf(line)}\ndata: ${line}\n\n`).join(''));
  }
}

interface Waiting {
  atMs: number;
  run(): void;
}

/** A clock that stands still until a case moves it. */
class HandClock implements Clock {
  private ms = 0;
  private readonly waiting = new Set<Waiting>();
  nowMs(): number {
    return 1_700_000_000_000 + this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
  after(delayMs: number, run: () => void): { cancel(): void } {
    const one = { atMs: this.ms + Math.max(0, delayMs), run };
    this.waiting.add(one);
    return { cancel: () => void this.waiting.delete(one) };
  }
  every(periodMs: number, run: () => void): { cancel(): void } {
    return this.after(periodMs, run);
  }
  left(): number {
    return this.waiting.size;
  }
  move(byMs: number): void {
    const untilMs = this.ms + byMs;
    for (let step = 0; step < stepsMax; step++) {
      const next = [...this.waiting].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.waiting.delete(next);
      this.ms = Math.max(this.ms, next.atMs);
      next.run();
    }
    this.ms = untilMs;
  }
}
const stepsMax = 1_000;

const timeouts = { headersMs: 1_000, firstEventMs: 1_000, idleMs: 1_000, totalMs: 20_000 };

/** What one case came to; `faults` are broken laws, in words. */
export interface Outcome {
  kind: string;
  end: string;
  faults: string[];
}

const ownFaults = [TypeError, RangeError, ReferenceError];
const isOwnFault = (error: unknown): boolean => ownFaults.some((kind) => error instanceof kind);

class Listener implements CallSink {
  ends: string[] = [];
  afterEnd = 0;
  pieces = 0;
  faults: string[] = [];
  private readonly draw: Draw;
  isPaused = false;
  constructor(draw: Draw) {
    this.draw = draw;
  }
  private end(name: string): void {
    this.ends.push(name);
  }
  onWhole(body: Buffer | string): void {
    this.end('whole');
    try {
      JSON.parse(body.toString());
    } catch {
      this.faults.push('a whole answer that is no JSON was handed on');
    }
  }
  onPiece(): boolean {
    this.pieces++;
    if (this.ends.length > 0) this.afterEnd++;
    this.isPaused = this.draw() < 0.05;
    return !this.isPaused;
  }
  onStreamEnd(): void {
    this.end('stream');
  }
  onFailure(failure: UpstreamFailure): void {
    this.end(`failure ${failure.fault}`);
    if (!(failure instanceof UpstreamFailure)) this.faults.push('a failure that is no UpstreamFailure');
    if (isOwnFault(failure.cause))
      this.faults.push(`our reader broke: ${(failure.cause as Error).stack?.split('\n').slice(0, 3).join(' ') ?? ''}`);
  }
}

function bytesOf(seed: Seed, draw: Draw): Buffer {
  const way = draw();
  const lines = way < 0.75 ? mutatedLines(draw, seed.lines, pick(draw, seeds).lines) : seed.lines;
  const bytes = framed(seed, lines);
  return way < 0.6 ? bytes : mutatedBytes(draw, bytes);
}

const mediaTypes = ['text/event-stream', 'application/json', 'application/x-ndjson', 'application/vnd.amazon.eventstream', 'text/html', ''];

function requestOf(seed: Seed, wire: SourceWire): Call['request'] {
  const request = asked(wire, { ...plainBody[wire], ...(seed.isStream && { stream: true }) });
  return request;
}

/** One answer of one provider, broken in some way, read for one caller. */
export function answerCase(draw: Draw): Outcome {
  const seed = pick(draw, seeds);
  const wire = pick(draw, sourceWires);
  const clock = new HandClock();
  const heard = new Listener(draw);
  const request = requestOf(seed, wire);
  const call: Call = {
    to: seed.to,
    origin: new URL(seed.to.baseUrl).origin,
    trust: 'administrator',
    secret: 'sk-secret-of-this-call',
    customHeaders: {},
    request,
    timeouts,
    moment,
  };
  const kind = `${seed.name} for ${wire}`;
  const faults: string[] = [];
  let step = 'start';
  try {
    const protocol = protocolOf(seed.to.row);
    const reader = new AnswerReader(clock, call, protocol, [], heard);
    reader.started({ abort: () => undefined, pause: () => undefined, resume: () => undefined });
    step = 'headers';
    const status = draw() < 0.85 ? 200 : pick(draw, [201, 204, 302, 400, 401, 404, 408, 413, 429, 500, 503, 529]);
    const own = seed.isStream ? (protocol.framing?.mediaType ?? 'text/event-stream') : 'application/json';
    reader.onHeaders(status, {
      'content-type': draw() < 0.93 ? own : pick(draw, mediaTypes),
      ...(draw() < 0.1 && { 'retry-after': pick(draw, ['5', '-1', 'x', '9e99', 'Wed, 21 Oct 2015 07:28:00 GMT']) }),
    });
    step = 'data';
    feed(reader, bytesOf(seed, draw), heard, clock, draw);
    step = 'end';
    ending(reader, draw);
    step = 'clock';
    clock.move(timeouts.totalMs + 60_000);
    const before = heard.ends.length + heard.pieces;
    step = 'after the end';
    reader.onData(Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"late"}}]}\n\n'));
    reader.onEnd();
    reader.abort();
    clock.move(120_000);
    if (heard.ends.length + heard.pieces !== before) faults.push('something was heard after the end');
  } catch (error) {
    faults.push(`thrown at ${step}: ${(error as Error).stack?.split('\n').slice(0, 4).join(' ') ?? String(error)}`);
  }
  if (heard.ends.length !== 1) faults.push(`${heard.ends.length} ends: ${heard.ends.join(', ')}`);
  if (heard.afterEnd > 0) faults.push('a piece after the end');
  if (clock.left() > 0) faults.push('a timer was left behind');
  return { kind, end: heard.ends[0] ?? 'none', faults: [...faults, ...heard.faults] };
}

function feed(reader: AnswerReader, bytes: Buffer, heard: Listener, clock: HandClock, draw: Draw): void {
  const largest = draw() < 0.3 ? 3 : draw() < 0.5 ? 200 : bytes.length + 1;
  // A slow case costs no more than a quick one: the tail of a long answer that comes in crumbs comes in one piece.
  let at = 0;
  for (let chunks = 0; at < bytes.length; chunks++) {
    const size = chunks > 300 ? bytes.length - at : 1 + Math.floor(draw() * largest);
    reader.onData(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
    if (heard.isPaused) {
      heard.isPaused = false;
      reader.resume();
    }
    if (draw() < 0.01) clock.move(whole(draw, 1, 1_500));
    if (draw() < 0.002) reader.abort();
  }
}

function ending(reader: AnswerReader, draw: Draw): void {
  const way = draw();
  if (way < 0.75) reader.onEnd();
  else if (way < 0.85) reader.onError(new EgressError(pick(draw, ['reset', 'truncated', 'protocol', 'headers_overflow'] as const)));
  else if (way < 0.9) reader.abort();
  // And else it simply stays silent.
}

/** One body of one wire, broken in some way, read and said to one provider: refused in words, or sent; nothing else. */
export function requestCase(draw: Draw): Outcome {
  const wire = pick(draw, sourceWires);
  const to = pick(draw, destinations[pick(draw, targetWires)]);
  const kind = `${wire} body to ${to.row.protocol}`;
  const lines = mutatedLines(draw, bodies[wire], bodies[pick(draw, sourceWires)]);
  const text = Buffer.from(lines.join(''));
  const bytes = draw() < 0.2 ? mutatedBytes(draw, text) : text;
  try {
    bodyOf({ to, request: askedBytes(wire, bytes) });
    return { kind, end: 'sent', faults: [] };
  } catch (error) {
    if (error instanceof GatewayRefusal) return { kind, end: `refused ${error.error.code}`, faults: [] };
    if (error instanceof UpstreamFailure && !isOwnFault(error.cause)) return { kind, end: `failure ${error.fault}`, faults: [] };
    return { kind, end: 'thrown', faults: [(error as Error).stack?.split('\n').slice(0, 4).join(' ') ?? String(error)] };
  }
}
