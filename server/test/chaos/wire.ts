/** The words of the fault matrix, and the few ways in which a broken provider writes to its socket. */
import type { Socket } from 'node:net';
import { setTimeout as waitMs } from 'node:timers/promises';

/** What the client of the gateway must see, and what the books must say, when this is the only provider. */
export type Outcome =
  | { client: 'success'; isEstimated?: boolean; content?: string; tries?: number; fallback?: boolean }
  /** A status and a code of ours. `tries` counts calls at this provider, `fallback` says whether another one may be asked. */
  | { client: 'refused'; status: number; code: string; reason: string; tries: number; fallback: boolean; retryAfterS?: number }
  /** A stream that had begun ends with an error event and without `[DONE]`; nobody else is asked. */
  | { client: 'cut'; code: string; reason: string };

export type Mode = 'whole' | 'stream';

/** Where the fault lives: behind a path of the plain port, or on a port of its own. */
export type Place = 'path' | 'closed' | 'resetting' | 'self-signed' | 'plain-for-tls';

export interface Fault {
  /** Path segment that selects it, and name in test reports. */
  id: string;
  /** Row of the fault matrix, `C1`. */
  row: string;
  modes: readonly Mode[];
  place?: Place;
  provider?: 'openai' | 'anthropic';
  /** What the gateway waits by the clock before it goes on, where its limits are not what ends it. */
  waitsMs?: number;
  wire(line: Line): void | Promise<void>;
  expect: Outcome;
}

/** One request at the provider, and the socket to misbehave on. */
export interface Line {
  socket: Socket;
  /** Value of the Authorization or x-api-key header. */
  secret: string;
  isStream: boolean;
  /** How often this very path was asked before. */
  askedBefore: number;
  /** How many requests this socket carried before. */
  carriedBefore: number;
  /** Resolves once the client of the gateway has heard what was written before. */
  heard: Promise<void>;
}

export const isOpen = (line: Line): boolean => !line.socket.destroyed && line.socket.writable;

type HeaderValues = Readonly<Record<string, string | number | readonly string[]>>;

export function head(status: number, headers: HeaderValues): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one: string) => `${name}: ${one}`) : [`${name}: ${String(value)}`],
  );
  return `HTTP/1.1 ${status} Chaos\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

/** A whole response with its length. */
export function sendWhole({ socket }: Line, status: number, body: string | Buffer, headers: HeaderValues = {}): void {
  const bytes = Buffer.from(body);
  socket.write(
    Buffer.concat([Buffer.from(head(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers })), bytes]),
  );
}

export const eventStream: HeaderValues = { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' };

/** One chunk of a chunked body. */
export function sendChunk({ socket }: Line, data: string | Buffer): boolean {
  const bytes = Buffer.from(data);
  return socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
}

/** Begins an event stream with these events. */
export function beginStream(line: Line, text: string | Buffer, headers: HeaderValues = {}): void {
  line.socket.write(head(200, { ...eventStream, ...headers }));
  if (text.length > 0) sendChunk(line, text);
}

/** The end of a chunked body, as it should be. */
export function endStream({ socket }: Line): void {
  socket.write('0\r\n\r\n');
}

/** Writes the same block until the caller has had enough, at the caller's pace. */
export function pour(line: Line, block: string | Buffer): void {
  const bytes = Buffer.from(block);
  const more = (): void => {
    while (isOpen(line)) if (!sendChunk(line, bytes)) return;
  };
  line.socket.on('drain', more);
  more();
}

/** Calls `send` again and again with pauses; bounded, in case nobody ever hangs up. */
export async function repeat(line: Line, pauseMs: number, send: (round: number) => void, roundsMax = 2_000): Promise<void> {
  for (let round = 0; round < roundsMax && isOpen(line); round++) {
    send(round);
    await waitMs(pauseMs);
  }
}
