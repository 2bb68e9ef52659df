/** How a stream of bytes is cut into events: server-sent events, a line for each, or AWS's binary messages. */
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';
import { UpstreamFailure } from '../domain/errors.ts';
import { createLineReader } from '../lib/json-lines.ts';
import { createSseReader, eventCharsMax, SseTooLarge, type SseEvent } from '../lib/sse.ts';

/** Reads one stream. A fresh reader for each answer. */
export interface EventReader {
  /** Events that are complete after these bytes. Throws SseTooLarge, and UpstreamFailure for bytes that are no such stream. */
  push(bytes: Uint8Array): SseEvent[];
  /** What the end of the stream completes. */
  end(): SseEvent[];
}

export interface Framing {
  /** Content type of a streamed answer; another one is read as a whole answer. */
  mediaType: string;
  reader(): EventReader;
}

/** `text/event-stream` (WHATWG HTML, 9.2). */
export const serverSentEvents: Framing = { mediaType: 'text/event-stream', reader: () => createSseReader() };

/** One JSON object a line. */
export const jsonLines: Framing = { mediaType: 'application/x-ndjson', reader: () => createLineReader() };

/** Length of a message's first field, which holds the length of the whole message. */
const prefixBytes = 4;
/** The smallest message: prelude and two checksums, without headers and payload. */
const messageBytesMin = 16;

/** What an event is called: its type, or that of the exception that ends the stream. */
function eventOf(headers: Readonly<Record<string, { value: unknown } | undefined>>, data: string): SseEvent {
  const kind = headers[':message-type']?.value;
  const name = headers[kind === 'exception' ? ':exception-type' : kind === 'error' ? ':error-code' : ':event-type']?.value;
  const isFailure = kind === 'exception' || kind === 'error';
  const said = typeof name === 'string' && name !== '' ? name : 'message';
  const message = headers[':error-message']?.value;
  return {
    event: isFailure ? `exception:${said}` : said,
    data: data === '' && typeof message === 'string' ? JSON.stringify({ message }) : data,
  };
}

function createMessageReader(): EventReader {
  const codec = new EventStreamCodec(toUtf8, fromUtf8);
  // Pieces of a message that is still open. They are joined once it can be whole, so that tiny pieces of a long one stay linear.
  let open: Uint8Array[] = [];
  let openBytes = 0;
  let wantedBytes = prefixBytes;
  const decode = (message: Uint8Array): SseEvent => {
    try {
      const { headers, body } = codec.decode(message);
      return eventOf(headers, toUtf8(body));
    } catch (cause) {
      throw new UpstreamFailure('invalid_response', 'a message of the stream is damaged', { cause });
    }
  };
  return {
    push(bytes) {
      open.push(Buffer.from(bytes));
      openBytes += bytes.length;
      if (openBytes < wantedBytes) return [];
      const whole = Buffer.concat(open);
      wantedBytes = prefixBytes;
      const events: SseEvent[] = [];
      let from = 0;
      while (whole.length - from >= prefixBytes) {
        const length = whole.readUInt32BE(from);
        if (length > eventCharsMax) throw new SseTooLarge('one message is too large');
        if (length < messageBytesMin) throw new UpstreamFailure('invalid_response', 'a message of the stream has an impossible length');
        if (whole.length - from < length) {
          wantedBytes = length;
          break;
        }
        events.push(decode(whole.subarray(from, from + length)));
        from += length;
      }
      const rest = whole.subarray(from);
      open = rest.length === 0 ? [] : [rest];
      openBytes = rest.length;
      return events;
    },
    // Half a message says nothing: whether the answer was whole is known from what it said.
    end: () => [],
  };
}

/** `application/vnd.amazon.eventstream`: length, headers, payload and checksums. The codec is Smithy's. */
export const awsMessages: Framing = { mediaType: 'application/vnd.amazon.eventstream', reader: createMessageReader };
