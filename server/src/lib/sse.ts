/** Server-sent events (WHATWG HTML, 9.2), read from bytes however they were cut, and written. */

export interface SseEvent {
  event: string;
  data: string;
}

/** An event that grows past this is an attack or a fault, not an answer (E14). */
export const eventCharsMax = 1_048_576;

export class SseTooLarge extends Error {
  override readonly name = 'SseTooLarge';
}

export interface SseReader {
  /** Events that are complete after these bytes. Throws SseTooLarge for a line or an event past the bound. */
  push(bytes: Uint8Array): SseEvent[];
  /** What the end of the stream completes: a last event whose empty line never came. Browsers drop it, some providers send it. */
  end(): SseEvent[];
  /** TRUE while an event has begun and not ended. */
  pending(): boolean;
}

/**
 * Reads a byte stream into events: CRLF, LF and lone CR line ends, a leading BOM, comments, several data lines,
 * UTF-8 cut anywhere (invalid bytes become U+FFFD). `id` and `retry` lines are ignored: a provider must not steer clients.
 */
export function createSseReader(charsMax = eventCharsMax): SseReader {
  const decoder = new TextDecoder('utf-8');
  // Pieces of a line that is still open. They are joined once, so that tiny pieces of a long line stay linear.
  let open: string[] = [];
  let openChars = 0;
  let data: string | null = null;
  let name = '';
  let endedWithCr = false;
  const line = (text: string, into: SseEvent[]): void => {
    if (text === '') {
      if (data !== null) into.push({ event: name || 'message', data });
      data = null;
      name = '';
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? text : text.slice(0, colon);
    if (field !== 'data' && field !== 'event') return;
    const from = text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1;
    const value = colon < 0 ? '' : text.slice(from);
    if (field === 'event') name = value;
    else data = data === null ? value : `${data}\n${value}`;
    if (data !== null && data.length > charsMax) throw new SseTooLarge('one event is too large');
  };
  const closeLine = (tail: string, into: SseEvent[]): void => {
    if (openChars === 0) {
      line(tail, into);
      return;
    }
    open.push(tail);
    const whole = open.join('');
    open = [];
    openChars = 0;
    line(whole, into);
  };
  return {
    push(bytes) {
      const events: SseEvent[] = [];
      let text = decoder.decode(bytes, { stream: true });
      if (text === '') return events;
      // A CR at the end of the last piece was taken as a line end; an LF that follows belongs to it.
      if (endedWithCr && text.charCodeAt(0) === 10) text = text.slice(1);
      endedWithCr = text === '' ? false : text.charCodeAt(text.length - 1) === 13;
      let from = 0;
      for (let at = 0; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (code !== 10 && code !== 13) continue;
        closeLine(text.slice(from, at), events);
        if (code === 13 && text.charCodeAt(at + 1) === 10) at++;
        from = at + 1;
      }
      if (from < text.length) {
        open.push(from === 0 ? text : text.slice(from));
        openChars += text.length - from;
      }
      if (openChars > charsMax) throw new SseTooLarge('one line is too large');
      return events;
    },
    end() {
      const events: SseEvent[] = [];
      const tail = decoder.decode();
      endedWithCr = false;
      if (openChars > 0 || tail !== '') closeLine(tail, events);
      line('', events);
      return events;
    },
    pending: () => openChars > 0 || data !== null,
  };
}

export const writeSse = (data: string): string => `data: ${data}\n\n`;
export const doneEvent = 'data: [DONE]\n\n';
