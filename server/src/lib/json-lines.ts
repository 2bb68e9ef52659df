/** Newline-delimited JSON, read from bytes however they were cut: each line is handed on as one event. */
import { eventCharsMax, SseTooLarge, type SseEvent } from './sse.ts';

export interface LineReader {
  /** Lines that are complete after these bytes. Throws SseTooLarge for a line past the bound. */
  push(bytes: Uint8Array): SseEvent[];
  /** The last line, where its line feed never came. */
  end(): SseEvent[];
}

/** LF and CRLF ends, a leading BOM, empty lines, UTF-8 cut anywhere (invalid bytes become U+FFFD). */
export function createLineReader(charsMax = eventCharsMax): LineReader {
  const decoder = new TextDecoder('utf-8');
  // Pieces of a line that is still open. They are joined once, so that tiny pieces of a long line stay linear.
  let open: string[] = [];
  let openChars = 0;
  const take = (tail: string, into: SseEvent[]): void => {
    const line = openChars === 0 ? tail : [...open, tail].join('');
    open = [];
    openChars = 0;
    if (line.length > charsMax) throw new SseTooLarge('one line is too large');
    const data = line.trim();
    if (data !== '') into.push({ event: 'message', data });
  };
  return {
    push(bytes) {
      const events: SseEvent[] = [];
      const text = decoder.decode(bytes, { stream: true });
      let from = 0;
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
        take(text.slice(from, at), events);
        from = at + 1;
      }
      if (from < text.length) {
        open.push(from === 0 ? text : text.slice(from));
        openChars += text.length - from;
        if (openChars > charsMax) throw new SseTooLarge('one line is too large');
      }
      return events;
    },
    end() {
      const events: SseEvent[] = [];
      take(decoder.decode(), events);
      return events;
    },
  };
}
